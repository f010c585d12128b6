//! The same containers elsewhere: a plan becomes quicker when relocations go to other stacks, at other times, or are left out.
//!
//! A plan is seen as which container goes where next. One entry is changed, dropped or added, the rest stays, and the plan is carried
//! out again from there: later entries take their container from wherever it is by then. Threshold accepting (Dueck, Scheuer 1990,
//! doi:10.1016/0021-9991(90)90201-B) decides about what is slower.

use super::walk::{Site, Walk};
use crate::budget::Budget;
use crate::rng::Rng;
use crate::yard::instance::Instance;
use crate::yard::layout::{Move, Relocation};
use crate::yard::rules::Placement;

/// Changes of one round, in which the threshold falls to nothing, for each relocation.
const ROUND: u64 = 400;
/// Changes of a round at most, so that large yards see some of a low threshold as well.
const LONGEST_ROUND: u64 = 40_000;
/// What is accepted at first: slower by this part of what one move takes.
const THRESHOLD: f64 = 0.6;
/// Rounds in a row that found nothing, after which it ends.
const IDLE: u32 = 20;
/// Entries between two states of the current plan that are kept.
const STRIDE: usize = 12;

/// Which container goes where.
type Entry = (u32, u16);

/// A search for quicker plans that can be taken up again where it was left.
pub(in crate::yard) struct Hastener<'a, P> {
    site: Site<'a>,
    placement: &'a P,
    rng: Rng,
    walk: Walk,
    /// `[entries done / STRIDE]`: states on the way of the current plan.
    kept: Vec<Walk>,
    current: Vec<Entry>,
    changed: Vec<Entry>,
    cost: i64,
    best: Vec<Entry>,
    least: i64,
    /// Changes of this round so far, and of all of it.
    change: u64,
    changes: u64,
    idle: u32,
}

impl<'a, P: Placement> Hastener<'a, P> {
    pub(in crate::yard) fn new(instance: &'a Instance, placement: &'a P, seed: u64) -> Self {
        let site = Site::new(instance);
        let mut start = Walk::new(&site);
        start.settle(&site, &mut |_| ());
        Self {
            walk: start.clone(),
            kept: vec![start],
            site,
            placement,
            rng: Rng::new(seed).fork("yard crane"),
            current: Vec::new(),
            changed: Vec::new(),
            cost: i64::MAX,
            best: Vec::new(),
            least: i64::MAX,
            change: 0,
            changes: 0,
            idle: 0,
        }
    }

    /// Takes a plan up, if it is better than what there is. Returns its moves then.
    pub(in crate::yard) fn offer(&mut self, plan: &[Relocation]) -> Option<Vec<Move>> {
        self.changed.clear();
        self.walk.copy_from(&self.kept[0]);
        for step in plan {
            let container = self.walk.top(usize::from(step.from))?;
            self.changed.push((container, step.to));
            self.walk.relocate(&self.site, usize::from(step.from), usize::from(step.to), &mut |_| ());
        }
        let cost = self.carry_out(0, i64::MAX)?;
        if cost >= self.least {
            return None;
        }
        self.least = cost;
        self.best.clone_from(&self.changed);
        (self.change, self.changes, self.idle) = (0, 0, 0);
        Some(self.moves())
    }

    /// The cost of the best plan.
    #[cfg(test)]
    pub(super) fn least(&self) -> i64 {
        self.least
    }

    /// Whether it has tried for long without a better plan.
    pub(in crate::yard) fn is_exhausted(&self) -> bool {
        self.idle >= IDLE || self.best.is_empty() || self.site.stacks() < 2
    }

    /// Goes on until the budget stops it, or long after the last better plan. `found` sees the moves of each.
    pub(in crate::yard) fn run(&mut self, budget: &mut Budget<'_>, found: &mut dyn FnMut(Vec<Move>, &Budget<'_>)) {
        while !self.is_exhausted() {
            if self.change == self.changes {
                self.idle += 1;
                self.current.clone_from(&self.best);
                self.cost = self.least;
                self.keep_from(0);
                self.change = 0;
                self.changes = (ROUND * self.best.len() as u64).min(LONGEST_ROUND);
            }
            let first = self.alter();
            let rest = self.changed.len() + STRIDE - first.min(self.changed.len());
            if budget.spend(1 + (rest + self.site.containers() / 16 + self.site.stacks()) as u64 / 2) {
                return;
            }
            self.change += 1;
            let progress = self.change as f64 / self.changes as f64;
            let one = self.walk.time.max(1) as f64 / (self.current.len() + self.site.containers()).max(1) as f64;
            let threshold = THRESHOLD * one * (1.0 - progress) * self.rng.unit() * self.rng.unit();
            let Some(cost) = self.carry_out(first, self.cost.saturating_add(threshold as i64)) else { continue };
            std::mem::swap(&mut self.current, &mut self.changed);
            self.cost = cost;
            self.keep_from(first);
            if cost < self.least {
                self.least = cost;
                self.best.clone_from(&self.current);
                self.idle = 0;
                self.changed.clone_from(&self.current);
                let moves = self.moves();
                found(moves, budget);
            }
        }
    }

    /// The state after the last entries before this one that is kept, in `walk`. Returns how many entries are done.
    fn go_back(&mut self, first: usize) -> usize {
        let kept = (first / STRIDE).min(self.kept.len() - 1);
        self.walk.copy_from(&self.kept[kept]);
        kept * STRIDE
    }

    /// Keeps states of the current plan anew from this entry on.
    fn keep_from(&mut self, first: usize) {
        let mut at = self.go_back(first);
        self.kept.truncate(at / STRIDE + 1);
        while at < self.current.len() {
            let (container, to) = self.current[at];
            let from = self.walk.place(container);
            self.walk.relocate(&self.site, from, usize::from(to), &mut |_| ());
            at += 1;
            if at.is_multiple_of(STRIDE) {
                self.kept.push(self.walk.clone());
            }
        }
    }

    /// Carries the changed plan out from this entry on. Its cost, if every entry can be done, all is done in the end, and it costs no
    /// more than `most`.
    fn carry_out(&mut self, first: usize, most: i64) -> Option<i64> {
        let instance = self.site.instance;
        let prices = instance.prices;
        if instance.max_relocations.is_some_and(|most| self.changed.len() > most as usize) {
            return None;
        }
        let fixed = prices.relocation * self.changed.len() as i64;
        let done = if first == 0 {
            self.walk.copy_from(&self.kept[0]);
            0
        } else {
            self.go_back(first)
        };
        for &(container, to) in &self.changed[done..] {
            let (from, to) = (self.walk.place(container), usize::from(to));
            if from == to
                || self.walk.top(from) != Some(container)
                || !self.walk.has_room(&self.site, to)
                || fixed + prices.crane_ms * self.walk.time > most
            {
                return None;
            }
            let below = self.walk.top(to).map(|below| self.site.kind(below));
            if !P::FREE && !self.placement.allows(self.site.kind(container), to, below)
                || !self.walk.may_dig(&self.site, from)
            {
                return None;
            }
            self.walk.relocate(&self.site, from, to, &mut |_| ());
        }
        let cost = fixed + prices.crane_ms * self.walk.time;
        (cost <= most && self.walk.is_done(&self.site)).then_some(cost)
    }

    /// The moves of the changed plan, which can be carried out.
    fn moves(&self) -> Vec<Move> {
        let mut walk = Walk::new(&self.site);
        let mut moves = Vec::with_capacity(self.changed.len() + self.site.containers());
        walk.settle(&self.site, &mut |step| moves.push(step));
        for &(container, to) in &self.changed {
            walk.relocate(&self.site, walk.place(container), usize::from(to), &mut |step| moves.push(step));
        }
        moves
    }

    /// Another stack for one entry or for two, one entry less or more, or two in the other order. Returns the first entry changed.
    fn alter(&mut self) -> usize {
        let Self { site, rng, current, changed, .. } = self;
        changed.clone_from(current);
        if changed.is_empty() {
            return 0;
        }
        let at = rng.below(changed.len());
        match rng.below(16) {
            0 | 1 => {
                changed.remove(at);
                at
            }
            2 => {
                let entry = (rng.below(site.containers()) as u32, rng.below(site.stacks()) as u16);
                changed.insert(at, entry);
                at
            }
            3 | 4 if at + 1 < changed.len() => {
                changed.swap(at, at + 1);
                at
            }
            5 | 6 => {
                let with = rng.below(changed.len());
                let to = changed[at].1;
                changed[at].1 = changed[with].1;
                changed[with].1 = to;
                at.min(with)
            }
            7 | 8 => {
                let entry = changed.remove(at);
                let to = at.saturating_sub(1 + rng.below(6));
                changed.insert(to, entry);
                to
            }
            _ => {
                changed[at].1 = rng.below(site.stacks()) as u16;
                at
            }
        }
    }
}
