//! Pre-marshalling: the fewest relocations after which no container stands above one of a lower group.
//!
//! Nothing leaves; containers of one group may stand on each other in any order, and containers that stay count as the
//! highest group.
//!
//! | module | what |
//! |---|---|
//! | `bay` | where the containers stand, and what each relocation changes |
//! | `bound` | how many relocations are left at least, in less than a microsecond |
//! | `relaxed` | the same, tighter and slower |
//! | `rollout`, `greedy` | first plans, in microseconds |
//! | `clearing` | good plans of full bays: a beam over which stack is cleared next |
//! | `beam` | the last relocations off a good plan; proves the best one where the beam is as wide as the search |
//! | `horizon` | as good as possible within a number of relocations |
//! | `flood` | bays so full that they cannot be sorted |
//!
//! # How it came to be
//!
//! On 64 bays of Bortfeldt & Forster 2012 (doi:10.1016/j.ejor.2011.10.005; 16 and 20 stacks, 48 to 128 containers), one second each:
//! a beam ranked by the bound alone came within 21 % of the bound (17 of 32 proven), with rollouts within 6.3 % (20 of 32).
//! The full bays (80 % of eight tiers) made up nearly all of it: there, clearings as single steps save another 5 %.
//!
//! What did not help: to fill the bay at once after a clearing (3 % longer plans than one container at a time), several
//! fills to choose from (the beam's width is better spent), noise in a wide beam (up to 2 % longer), a cost for ranks that
//! lose a stack which they need (none), and in the relaxed bay a count of the places that clean stacks have
//! left (the bound rose in none of twelve hard bays; it stays, since it costs little).

mod bay;
mod beam;
mod bound;
mod clearing;
mod flood;
mod greedy;
mod horizon;
mod relaxed;
mod rollout;
#[cfg(test)]
mod tests;

use crate::budget::Budget;
use crate::rng::Rng;
use crate::yard::layout::{Layout, Relocation};
use crate::yard::rules::Placement;
pub(super) use horizon::solve_within;

use bay::{Bay, Site};
use beam::{Beam, Shape};
use bound::Bound;
use flood::Flood;
use rollout::{Roller, Taste};

/// Sees each better plan and bound, and the work so far.
pub(super) type Found<'f> = &'f mut dyn FnMut(&[Relocation], u32, &Budget<'_>);

/// What pre-marshalling came to. The plan is proven where it has `lower_bound` relocations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Premarshalled {
    /// The best plan found: after it, no container stands above one of a lower group.
    pub(super) plan: Option<Vec<Relocation>>,
    /// No plan has fewer relocations. Says nothing where no plan exists.
    pub lower_bound: u32,
    /// No plan exists: too few places are free.
    pub infeasible: bool,
}

/// Sorts a bay. `found` sees each better plan and each better bound as they come.
pub(super) fn solve<P: Placement>(
    layout: &Layout,
    placement: &P,
    budget: &mut Budget<'_>,
    found: Found<'_>,
) -> Premarshalled {
    let site = Site::new(layout, placement);
    let start = Bay::new(&site, layout, placement);
    let lower = Bound::default().of(&site, &start, u32::MAX);
    if start.bad > 0 && flood::is_hopeless(&site, &start) {
        return Premarshalled { plan: None, lower_bound: lower, infeasible: true };
    }
    let rng = Rng::new(budget.seed_value());
    let mut search = Search { site: &site, placement, start: &start, best: None, lower, found };
    let infeasible = search.run(&rng, budget);
    Premarshalled { plan: search.best, lower_bound: search.lower, infeasible }
}

/// Rollouts before the first beam, each with other choices.
const FIRST_ROLLOUTS: usize = 200;
/// What the beams' rollouts weigh, round after round: worth of an opened place, noise.
const TASTES: [(i32, u32); 5] = [(8, 0), (6, 1), (12, 2), (4, 1), (16, 3)];
/// Width of the widest beam with rollouts; that over single relocations is sixteen times as wide.
const WIDEST: usize = 1 << 12;
/// Width of the widest beam over clearings.
const WIDEST_CLEARING: usize = 1 << 11;
/// Gaps above this are not for beams over single relocations: clearings gain more in the same time.
const CLOSE: u32 = 3;

struct Search<'a, P> {
    site: &'a Site,
    placement: &'a P,
    start: &'a Bay,
    best: Option<Vec<Relocation>>,
    lower: u32,
    found: Found<'a>,
}

impl<P: Placement> Search<'_, P> {
    fn is_proven(&self) -> bool {
        self.best.as_ref().is_some_and(|best| best.len() as u32 <= self.lower)
    }

    /// Takes note of a plan, if it is better, and of a bound.
    fn note(&mut self, plan: Option<Vec<Relocation>>, lower: u32, budget: &Budget<'_>) {
        let better = plan.filter(|plan| self.best.as_ref().is_none_or(|best| plan.len() < best.len()));
        let news = better.is_some() || lower > self.lower;
        self.lower = self.lower.max(lower);
        if better.is_some() {
            self.best = better;
        }
        if let Some(best) = self.best.as_ref().filter(|_| news) {
            (self.found)(best, self.lower, budget);
        }
    }

    /// Returns whether no plan exists.
    fn run(&mut self, rng: &Rng, budget: &mut Budget<'_>) -> bool {
        self.first_plan(rng.fork("first"), budget);
        if !self.is_proven() {
            let lower = relaxed::Relaxed::default().of(self.site, self.start, self.lower);
            self.note(None, lower, budget);
        }
        self.rollouts(rng.fork("rollouts"), budget);
        if self.best.is_none() {
            match flood::flood(self.site, self.placement, self.start, budget) {
                Flood::Plan(plan) => {
                    let length = plan.len() as u32;
                    self.note(Some(plan), length, budget);
                }
                Flood::Infeasible => return true,
                Flood::Unknown(lower) => self.note(None, lower, budget),
            }
        }
        let mut rng = rng.fork("beams");
        // Gaps that clearings could not close are for beams over single relocations after all: those end with a proof.
        for patient in [true, false] {
            self.widen(patient, &mut rng, budget);
        }
        false
    }

    /// Beams, wider and wider. A patient search leaves single relocations alone while the gap is large.
    fn widen(&mut self, patient: bool, rng: &mut Rng, budget: &mut Budget<'_>) {
        for round in 0.. {
            let width = 2 << (round / 2);
            if width > WIDEST || budget.stopped().is_some() || self.is_proven() {
                return;
            }
            let (opened, noise) = TASTES[round % TASTES.len()];
            let taste = Taste { opened, noise };
            if patient {
                self.clearings((4 * width).min(WIDEST_CLEARING), taste, rng, budget);
            }
            if !patient || self.best.as_ref().is_none_or(|best| best.len() as u32 <= self.lower + CLOSE) {
                self.sweep(Shape { width, pilots: 8 }, taste, rng, budget);
                self.sweep(Shape { width: 16 * width, pilots: 0 }, taste, rng, budget);
            }
        }
    }

    /// One rollout or, where it gets stuck, the greedy that fits into fuller bays.
    fn first_plan(&mut self, rng: Rng, budget: &mut Budget<'_>) {
        let mut bay = self.start.clone();
        let taste = Taste { opened: 8, noise: 0 };
        let mut roller = Roller::new(self.site, self.placement, rng, taste);
        roller.limit = self.longest();
        let plan = if roller.finish(&mut bay) {
            Some(roller.plan)
        } else {
            greedy::settle(self.site, self.placement, &mut self.start.clone())
        };
        budget.spend(plan.as_ref().map_or(1, |plan| plan.len() as u64));
        self.note(plan, 0, budget);
    }

    /// Relocations of a plan that is worth telling of.
    fn longest(&self) -> usize {
        8 * self.site.limits.iter().map(|&limit| usize::from(limit)).sum::<usize>()
    }

    /// Rollouts, each with other choices.
    fn rollouts(&mut self, rng: Rng, budget: &mut Budget<'_>) {
        let mut bay = self.start.clone();
        let taste = Taste { opened: 0, noise: 0 };
        let mut roller = Roller::new(self.site, self.placement, rng, taste);
        let most = self.longest();
        for round in 0..FIRST_ROLLOUTS {
            if self.is_proven() || budget.stopped().is_some() {
                return;
            }
            let opened = [8, 4, 16, 0, 32][round % 5];
            roller.taste = Taste { opened, noise: if round < 5 { 0 } else { 8 } };
            roller.limit = self.best.as_ref().map_or(most, Vec::len);
            roller.plan.clear();
            bay.clone_from(self.start);
            let sorted = roller.finish(&mut bay);
            budget.spend(roller.plan.len() as u64);
            if sorted {
                self.note(Some(roller.plan.clone()), 0, budget);
            }
        }
    }

    fn clearings(&mut self, width: usize, taste: Taste, rng: &Rng, budget: &mut Budget<'_>) {
        if self.is_proven() {
            return;
        }
        let upper = self.best.as_ref().map_or(usize::MAX / 2, Vec::len);
        let plan = clearing::sweep(
            self.site,
            self.placement,
            self.start,
            (width, upper, taste),
            rng.fork("clearings"),
            budget,
        );
        self.note(plan, 0, budget);
    }

    fn sweep(&mut self, shape: Shape, taste: Taste, rng: &mut Rng, budget: &mut Budget<'_>) {
        if self.is_proven() {
            return;
        }
        let places: u32 = self.site.limits.iter().map(|&limit| u32::from(limit)).sum();
        let upper = self.best.as_ref().map_or(8 * places, |best| best.len() as u32);
        let mut roller = Roller::new(self.site, self.placement, rng.fork("rollouts"), taste);
        let bays = (self.site, self.placement, self.start);
        let swept = Beam::new(bays, shape, upper, &mut roller, rng).sweep(budget);
        let proven = match &swept.plan {
            Some(plan) if swept.complete => plan.len() as u32,
            None if swept.complete => upper,
            _ => 0,
        };
        self.note(swept.plan, proven, budget);
    }
}
