//! Iterative deepening over relocations.
//!
//! Each round asks whether so many relocations are enough, and proves that they are not by looking at every plan that a bound does not
//! exclude; the number rises by one a round (Korf 1985, doi:10.1016/0004-3702(85)90084-0). A table keeps what was proven about bays met
//! before, whatever the order of their stacks.
//!
//! Two rules take away plans that are as good as others. A container that is relocated twice, where once would have done, makes the plan
//! longer than need be. And of two relocations next to each other that could change places, the one of the lower group goes first. Other
//! rules of equal length (which of two stacks a container waits in) contradict the table: what it proves about a bay would depend on the
//! way that led there.

use super::bay::Bay;
use super::blockers::Blockers;
use super::crowded::{Crowded, FirstStuck, STACKS};
use super::relaxed::Relaxed;
use super::table::Table;
use crate::budget::Budget;
use crate::yard::layout::{Layout, Moves, Relocation};
use crate::yard::rules::Placement;

/// Bytes that the table takes at most.
const TABLE: usize = 128 << 20;

/// Stacks that a bound looks at in one tick.
const STACKS_A_TICK: u64 = 32;

/// Extras that a top is tried for before its places are.
const MOST_FILTERED: u32 = 2;

/// Extras that the bound for unrestricted retrieval counts at most: all choices of tops are tried.
const ROOT_EXTRAS: u32 = 3;

/// A bound on the relocations of every plan, in about the time that it takes to read the layout once for each target.
pub(in crate::yard) fn root_bound<P: Placement>(layout: &Layout, placement: &P, moves: Moves) -> u32 {
    let bay = Bay::new(layout, placement);
    let extras = match moves {
        Moves::Restricted => {
            let mut blockers = Blockers::default();
            let extras = blockers.extras(&bay, bay.bad);
            (extras..extras + ROOT_EXTRAS)
                .find(|&extras| blockers.are_enough(&bay, extras))
                .unwrap_or(extras + ROOT_EXTRAS)
        }
        Moves::Unrestricted if bay.stacks() <= STACKS => Crowded::default().extras(&bay, ROOT_EXTRAS),
        Moves::Unrestricted => Relaxed::default().extras(&bay, ROOT_EXTRAS),
    };
    bay.bad + extras
}

/// A proof that can be taken up again where it was left: what it has learnt stays in its table.
pub(in crate::yard) struct Prover<'p, P> {
    search: Search<'p, P>,
    lower_bound: u32,
}

impl<'p, P: Placement> Prover<'p, P> {
    /// A proof that has not begun.
    pub(in crate::yard) fn new(layout: &Layout, placement: &'p P, moves: Moves) -> Self {
        let lower_bound = root_bound(layout, placement, moves);
        Self { search: Search::new(Bay::new(layout, placement), placement, moves), lower_bound }
    }

    /// No plan has fewer relocations.
    pub(in crate::yard) fn lower_bound(&self) -> u32 {
        self.lower_bound
    }

    /// Goes on until the bound is at `best`, a plan with fewer relocations is found, which is then a best one, or the budget stops it. Tells of each
    /// better bound.
    pub(in crate::yard) fn run(
        &mut self,
        best: usize,
        budget: &mut Budget<'_>,
        found: &mut dyn FnMut(u32),
    ) -> Option<Vec<Relocation>> {
        if self.search.bay.leaving == 0 {
            return (best > 0).then(Vec::new);
        }
        while best > self.lower_bound as usize {
            match self.search.visit(self.lower_bound, budget) {
                Verdict::Found => return Some(std::mem::take(&mut self.search.plan)),
                Verdict::Stopped => return None,
                Verdict::Failed => {
                    self.lower_bound += 1;
                    found(self.lower_bound);
                }
            }
        }
        None
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Found,
    Failed,
    Stopped,
}

/// A relocation that may be part of a plan that is short enough.
#[derive(Clone, Copy)]
struct Child {
    /// Extra relocations that it stands for, then how far the level of its new place is from it: least first.
    rank: (u16, u16, u16),
    from: u32,
    to: u32,
}

struct Search<'p, P> {
    bay: Bay,
    placement: &'p P,
    moves: Moves,
    relaxed: Relaxed,
    crowded: Crowded,
    blockers: Blockers,
    table: Table,
    children: Vec<Child>,
    plan: Vec<Relocation>,
}

impl<'p, P: Placement> Search<'p, P> {
    fn new(bay: Bay, placement: &'p P, moves: Moves) -> Self {
        Self {
            bay,
            placement,
            moves,
            relaxed: Relaxed::default(),
            crowded: Crowded::default(),
            blockers: Blockers::default(),
            table: Table::new(TABLE),
            children: Vec::new(),
            plan: Vec::new(),
        }
    }

    /// Looks for a plan that empties the bay in so many relocations. The bound allows it.
    fn visit(&mut self, allowed: u32, budget: &mut Budget<'_>) -> Verdict {
        let first = self.children.len();
        if self.expand(allowed, budget) {
            self.plan = self.bay.plan();
            return Verdict::Found;
        }
        if budget.stopped().is_some() {
            self.children.truncate(first);
            return Verdict::Stopped;
        }
        self.children[first..].sort_unstable_by_key(|child| child.rank);
        let last = self.children.len();
        for index in first..last {
            let Child { from, to, .. } = self.children[index];
            self.bay.relocate(from as usize, to as usize);
            if self.table.needs(self.bay.key) >= allowed {
                self.bay.undo();
                continue;
            }
            // True as soon as this visit has failed; until then it keeps the search from coming back here on a longer way.
            self.table.note(self.bay.key, allowed);
            match self.visit(allowed - 1, budget) {
                Verdict::Found => return Verdict::Found,
                Verdict::Stopped => {
                    self.table.forget(self.bay.key);
                    self.bay.undo();
                    self.children.truncate(first);
                    return Verdict::Stopped;
                }
                Verdict::Failed => self.bay.undo(),
            }
        }
        self.children.truncate(first);
        Verdict::Failed
    }

    /// Collects the relocations that may lead on. Returns whether one of them empties the bay: it has been made then.
    fn expand(&mut self, allowed: u32, budget: &mut Budget<'_>) -> bool {
        let turn = self.bay.turn();
        let slack = allowed - self.bay.bad;
        let is_looked_into = self.moves == Moves::Unrestricted && self.bay.stacks() <= STACKS && slack == 1;
        let stuck = if is_looked_into { self.crowded.first_stuck(&self.bay) } else { None };
        for from in 0..self.bay.stacks() {
            if self.bay.is_empty(from) || self.moves == Moves::Restricted && self.bay.level(from) != turn {
                continue;
            }
            let cell = self.bay.top(from);
            let most = self.most_extras(from, slack, stuck);
            let mut tried_empty = false;
            for to in (0..self.bay.stacks()).filter(|&to| to != from) {
                let level = self.bay.level(to);
                let extras = u32::from(!cell.is_bad()) + u32::from(cell.group > level);
                if most.is_none_or(|most| extras > most) || !self.bay.takes(self.placement, cell.kind, to) {
                    continue;
                }
                if P::FREE && self.bay.is_empty(to) {
                    // Empty stacks of one class are all the same.
                    let class = self.bay.classes[to];
                    let alone = self.bay.tops[from] == self.bay.grounds[from] + 1 && self.bay.classes[from] == class;
                    let known = (0..to)
                        .any(|other| other != from && self.bay.is_empty(other) && self.bay.classes[other] == class);
                    if alone || tried_empty && known {
                        continue;
                    }
                    tried_empty = true;
                }
                if self.moves == Moves::Unrestricted && self.is_redundant(from, to, turn) {
                    continue;
                }
                if budget.spend(self.effort()) {
                    return false;
                }
                self.bay.relocate(from, to);
                if self.bay.leaving == 0 {
                    return true;
                }
                if self.may_lead_on(allowed - 1) {
                    let rank = (extras as u16, level.wrapping_sub(cell.group), cell.group);
                    self.children.push(Child { rank, from: from as u32, to: to as u32 });
                }
                self.bay.undo();
            }
        }
        false
    }

    /// Most extra relocations that moving this top may stand for; nothing where it may not move. `stuck` is where the bay is stuck without
    /// any, where that is known and a single one is left.
    fn most_extras(&mut self, from: usize, slack: u32, stuck: Option<FirstStuck>) -> Option<u32> {
        let bad = self.bay.top(from).is_bad();
        if self.moves == Moves::Restricted {
            return Some(slack);
        }
        let most = slack.min(if bad { 1 } else { 2 });
        // Whatever takes the top away for an extra relocation, the rest of the relaxed bay needs its own.
        let least = u32::from(!bad);
        if stuck.is_some_and(|stuck| !stuck.may_be_freed_by(&self.bay, from)) {
            return bad.then_some(0);
        }
        (least..=most).rev().find(|&extras| extras == 0 || self.are_enough(slack - extras, Some(from)))
    }

    /// Whether the relocation is one too many, or comes after one that it could as well have come before.
    ///
    /// Each time another plan moves the top earlier or less often, which uncovers what it stands on. Without rules it is only good when
    /// that can leave at once; with rules something may need it to stand on.
    fn is_redundant(&self, from: usize, to: usize, turn: u16) -> bool {
        if !P::FREE && self.bay.under(from).group <= turn {
            return false;
        }
        let cell = self.bay.top(from);
        let changed = self.bay.changed[from].max(self.bay.changed[to]);
        let number = u32::from(cell.moved);
        // With rules, something may have stood on it in between that could not have stood on what is below.
        if number > 0 && (P::FREE || self.bay.changed[from] == 2 * number) {
            let origin = self.bay.steps[number as usize - 1].from as usize;
            // It could have waited where it was, or could have come here at once.
            if self.bay.changed[origin] == 2 * number || self.bay.changed[to] < 2 * number {
                return true;
            }
        }
        self.bay.steps[(changed / 2) as usize..].iter().any(|step| step.group > cell.group)
    }

    /// Ticks of what was done since the last time.
    fn effort(&mut self) -> u64 {
        let work = self.relaxed.work + self.crowded.work + self.blockers.work + self.bay.stacks() as u64;
        (self.relaxed.work, self.crowded.work, self.blockers.work) = (0, 0, 0);
        1 + work / STACKS_A_TICK
    }

    fn are_enough(&mut self, extras: u32, without: Option<usize>) -> bool {
        if self.bay.stacks() > STACKS {
            return self.relaxed.are_enough(&self.bay, extras, without);
        }
        // More extras take longer to look at, and rule less out.
        without.is_some() && extras > MOST_FILTERED || self.crowded.are_enough(&self.bay, extras, without)
    }

    /// Whether the bay after a relocation can be emptied in so many more, as far as can be told at once.
    fn may_lead_on(&mut self, allowed: u32) -> bool {
        if self.bay.bad > allowed {
            return false;
        }
        let slack = allowed - self.bay.bad;
        match self.moves {
            Moves::Restricted => {
                if self.table.needs(self.bay.key) > allowed {
                    return false;
                }
                let extras = self.blockers.extras(&self.bay, slack);
                if extras > slack || slack > 0 && slack < 4 && !self.blockers.are_enough(&self.bay, slack) {
                    self.table.note(self.bay.key, allowed + 1);
                    return false;
                }
            }
            Moves::Unrestricted => {
                if self.moved_in_vain() || self.table.needs(self.bay.key) > allowed {
                    return false;
                }
                if !self.are_enough(slack, None) {
                    self.table.note(self.bay.key, allowed + 1);
                    return false;
                }
            }
        }
        true
    }

    /// Whether a container left just now that was well placed in a stack that nothing has touched since it left there.
    fn moved_in_vain(&self) -> bool {
        // With rules, something may have needed it to stand on in between.
        P::FREE
            && self.bay.left().any(|(moved, group)| {
                moved > 0 && {
                    let origin = self.bay.steps[usize::from(moved) - 1].from as usize;
                    self.bay.changed[origin] == 2 * u32::from(moved) && self.bay.level(origin) >= group
                }
            })
    }
}
