//! Yards that cannot be emptied: how many turns can be brought out, and how many containers have to stay.
//!
//! Nothing leaves before its turn. So when it is shown that the containers up to some turn cannot all be brought out, at least one of them
//! stays, and all of later turns with it. The fewer turns that is shown of, the more containers are known to stay; the search looks for the
//! first such turn, and for a plan up to the one before.

use super::heuristic::{self, Stuck};
use super::layout::{Layout, Moves, Relocation, STAYS};
use super::rules::Placement;
use crate::budget::Budget;

/// How far a yard can be emptied.
pub(super) struct Furthest {
    /// Brings out every turn before the one that cannot be, as far as was found.
    pub(super) plan: Option<Vec<Relocation>>,
    /// Containers that no plan brings out; 0 where nothing is shown.
    pub(super) left_out: u32,
}

/// Looks for the last turn that can be brought out, where the whole yard is `stuck`.
pub(super) fn furthest<P: Placement>(
    layout: &Layout,
    placement: &P,
    moves: Moves,
    stuck: Stuck,
    budget: &mut Budget<'_>,
) -> Furthest {
    budget.spend(stuck.ticks);
    let turns = turns(layout);
    let position = |stuck: Stuck| turns.partition_point(|&turn| turn < layout.groups[usize::from(stuck.kind)]);
    let mut attempt = |last: usize| {
        let result = heuristic::first(&up_to(layout, turns[last]), placement, moves);
        let is_over = budget.spend(match &result {
            Ok(plan) => plan.len() as u64,
            Err(stuck) => stuck.ticks,
        });
        (result, is_over)
    };
    // All turns up to `failed` were not brought out together, and it is shown that those up to `shown` cannot be.
    let mut failed = turns.len().saturating_sub(1);
    let mut shown = stuck.proven.then_some(failed);
    let mut plan = None;
    let mut next = position(stuck).min(failed);
    let mut is_over = false;
    // Some plan there must be, also where the time is up: each attempt ends at an earlier turn, and mostly the first one succeeds.
    while plan.is_none() && next > 0 {
        let (result, stopped) = attempt(next - 1);
        is_over = stopped;
        match result {
            Ok(found) => plan = Some(found),
            Err(stuck) => {
                failed = next - 1;
                shown = if stuck.proven { Some(failed) } else { shown };
                next = position(stuck).min(failed);
            }
        }
    }
    while next < failed && !is_over {
        let (result, stopped) = attempt(next);
        is_over = stopped;
        match result {
            Ok(found) => (plan, next) = (Some(found), next + 1),
            Err(stuck) => {
                failed = next;
                shown = if stuck.proven { Some(failed) } else { shown };
            }
        }
    }
    Furthest { plan, left_out: shown.map_or(0, |last| 1 + later(layout, turns[last])) }
}

/// The turns of what leaves, first to last.
fn turns(layout: &Layout) -> Vec<u16> {
    let mut turns: Vec<u16> = layout.stacks.iter().flatten().map(|&kind| layout.groups[usize::from(kind)]).collect();
    turns.sort_unstable();
    turns.dedup();
    turns.retain(|&turn| turn != STAYS);
    turns
}

/// The same yard where everything stays that leaves after this turn.
fn up_to(layout: &Layout, last: u16) -> Layout {
    let groups = layout.groups.iter().map(|&group| if group <= last { group } else { STAYS }).collect();
    Layout { groups, ..layout.clone() }
}

/// Containers that leave after this turn.
fn later(layout: &Layout, turn: u16) -> u32 {
    let groups = layout.stacks.iter().flatten().map(|&kind| layout.groups[usize::from(kind)]);
    groups.filter(|&group| group > turn && group != STAYS).count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yard::rules::Anywhere;
    use std::time::Duration;

    fn furthest_of(stacks: &[&[u16]], height: u16) -> Furthest {
        let layout = Layout {
            stacks: stacks.iter().map(|stack| stack.to_vec()).collect(),
            heights: vec![height; stacks.len()],
            groups: (0..16).collect(),
        };
        let stuck = heuristic::first(&layout, &Anywhere, Moves::Unrestricted).expect_err("too full");
        let no_clock = || Duration::ZERO;
        furthest(&layout, &Anywhere, Moves::Unrestricted, stuck, &mut Budget::new(&no_clock))
    }

    #[test]
    fn a_full_yard_leaves_all_of_them() {
        let far = furthest_of(&[&[0, 3], &[1, 2]], 2);
        assert_eq!((far.plan, far.left_out), (None, 4));
    }

    #[test]
    fn what_leaves_before_does_leave() {
        let far = furthest_of(&[&[1, 4, 3], &[2, 6, 5], &[7, 8, 0]], 3);
        assert_eq!((far.plan, far.left_out), (Some(Vec::new()), 8));
    }
}
