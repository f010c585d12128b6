//! Whether a plan exists at all.
//!
//! With as much free room as the highest stack has tiers, less one, every target can be dug out, whatever the others do: what is above it
//! finds a place elsewhere. Fuller bays, and bays with rules, are looked through state by state.

use super::bay::{Bay, Key};
use crate::budget::Budget;
use crate::yard::layout::{Moves, Relocation};
use crate::yard::rules::Placement;
use std::collections::BTreeSet;

/// States that are looked at, at most.
const STATES: usize = 200_000;

#[derive(Debug)]
pub(super) enum First {
    /// There is no plan.
    None,
    /// There is one, and nobody looked for it; or nobody knows.
    Unknown,
    /// A plan, far from the best.
    Plan(Vec<Relocation>),
}

/// Looks for any plan where it is not clear that one exists.
pub(super) fn first_plan<P: Placement>(bay: &mut Bay, placement: &P, moves: Moves, budget: &mut Budget<'_>) -> First {
    let room: u32 = bay.limits.iter().zip(&bay.tops).map(|(limit, top)| limit.saturating_sub(*top)).sum();
    let highest = bay.limits.iter().zip(&bay.grounds).map(|(limit, ground)| limit - ground).max().unwrap_or(0);
    if P::FREE && room + 1 >= highest {
        return First::Unknown;
    }
    let mut walk = Walk { placement, moves, seen: BTreeSet::new(), cut: false };
    let depth = bay.depth();
    let done = walk.go(bay, budget);
    let plan = bay.plan();
    while bay.depth() > depth {
        bay.undo();
    }
    match (done, walk.cut) {
        (true, _) => First::Plan(plan),
        (false, true) => First::Unknown,
        (false, false) => First::None,
    }
}

struct Walk<'p, P> {
    placement: &'p P,
    moves: Moves,
    seen: BTreeSet<(u64, u64)>,
    cut: bool,
}

impl<P: Placement> Walk<'_, P> {
    /// Depth first, with the stack of choices on the heap: a walk can be long.
    fn go(&mut self, bay: &mut Bay, budget: &mut Budget<'_>) -> bool {
        let stacks = bay.stacks();
        let mut next = vec![0];
        self.first_time(bay.key);
        while let Some(choice) = next.last_mut() {
            if bay.leaving == 0 {
                return true;
            }
            let (from, to) = (*choice / stacks, *choice % stacks);
            *choice += 1;
            if from == stacks {
                next.pop();
                bay.undo();
                continue;
            }
            let digs = bay.level(from) == bay.turn();
            if from == to
                || bay.is_empty(from)
                || self.moves == Moves::Restricted && !digs
                || !bay.takes(self.placement, bay.top(from).kind, to)
            {
                continue;
            }
            if self.seen.len() >= STATES || bay.depth() >= 60_000 || budget.spend(1) {
                self.cut = true;
                return false;
            }
            bay.relocate(from, to);
            if self.first_time(bay.key) {
                next.push(0);
            } else {
                bay.undo();
            }
        }
        false
    }

    fn first_time(&mut self, key: Key) -> bool {
        self.seen.insert((key.low, key.high))
    }
}
