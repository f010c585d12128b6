//! Pre-marshalling: the fewest relocations after which no container stands above one of a lower group.
//!
//! | module | what |
//! |---|---|
//! | `bay` | where the containers stand, and what each relocation changes |
//! | `bound` | how many relocations are left at least |
//! | `rollout`, `greedy` | first plans, in microseconds |
//! | `beam` | better plans; proves the best one where the beam is as wide as the search |
//! | `flood` | bays so full that they cannot be sorted |

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
pub use horizon::{Within, solve_within};

use bay::{Bay, Site};
use bound::Bound;
use flood::Flood;

/// What pre-marshalling came to. The plan is proven where it has `lower_bound` relocations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Premarshalled {
    /// The best plan found: after it, no container stands above one of a lower group.
    pub plan: Option<Vec<Relocation>>,
    /// No plan has fewer relocations. Says nothing where no plan exists.
    pub lower_bound: u32,
    /// No plan exists: too few places are free.
    pub infeasible: bool,
}

/// Sorts a bay. `found` sees each better plan and each better bound as they come.
pub fn solve<P: Placement>(
    layout: &Layout,
    placement: &P,
    budget: &mut Budget<'_>,
    found: &mut dyn FnMut(&[Relocation], u32),
) -> Premarshalled {
    let site = Site::new(layout, placement);
    let start = Bay::new(&site, layout, placement);
    let lower = Bound::default().of(&site, &start, u32::MAX);
    if start.bad > 0 && flood::is_hopeless(&site, &start) {
        return Premarshalled { plan: None, lower_bound: lower, infeasible: true };
    }
    let lower = relaxed::Relaxed::default().of(&site, &start, lower);
    let rng = Rng::new(budget.seed_value());
    let mut search = Search { site: &site, placement, start: &start, best: None, lower, found };
    let infeasible = search.run(&rng, budget);
    Premarshalled { plan: search.best, lower_bound: search.lower, infeasible }
}

/// Rollouts for the first plan, each with other choices.
const FIRST_ROLLOUTS: usize = 200;
/// Bays that the widest beam keeps of one layer.
const WIDEST: usize = 1 << 18;

struct Search<'a, P> {
    site: &'a Site,
    placement: &'a P,
    start: &'a Bay,
    best: Option<Vec<Relocation>>,
    lower: u32,
    found: &'a mut dyn FnMut(&[Relocation], u32),
}

impl<P: Placement> Search<'_, P> {
    fn is_proven(&self) -> bool {
        self.best.as_ref().is_some_and(|best| best.len() as u32 <= self.lower)
    }

    /// Takes note of a plan, if it is better, and of a bound.
    fn note(&mut self, plan: Option<Vec<Relocation>>, lower: u32) {
        let better = plan.filter(|plan| self.best.as_ref().is_none_or(|best| plan.len() < best.len()));
        let news = better.is_some() || lower > self.lower;
        self.lower = self.lower.max(lower);
        if better.is_some() {
            self.best = better;
        }
        if let Some(best) = self.best.as_ref().filter(|_| news) {
            (self.found)(best, self.lower);
        }
    }

    /// Returns whether no plan exists.
    fn run(&mut self, rng: &Rng, budget: &mut Budget<'_>) -> bool {
        self.first_plans(rng.fork("rollouts"), budget);
        if self.best.is_none() {
            match flood::flood(self.site, self.placement, self.start, budget) {
                Flood::Plan(plan) => {
                    let length = plan.len() as u32;
                    self.note(Some(plan), length);
                }
                Flood::Infeasible => return true,
                Flood::Unknown(lower) => self.note(None, lower),
            }
        }
        let mut rng = rng.fork("beams");
        let tastes = [(8, 0), (6, 1), (12, 2), (4, 1), (16, 3)];
        for round in 0.. {
            let width = 2 << (round / 2);
            if width > WIDEST || budget.stopped().is_some() || self.is_proven() {
                break;
            }
            let (opened, noise) = tastes[round % tastes.len()];
            let taste = rollout::Taste { opened, noise };
            self.clearings(width * 2, taste, &rng, budget);
            self.sweep((width, 8), taste, &mut rng, budget);
            self.sweep((width * 16, 0), taste, &mut rng, budget);
        }
        false
    }

    /// Rollouts, and where they find nothing, the greedy that fits into fuller bays.
    fn first_plans(&mut self, rng: Rng, budget: &mut Budget<'_>) {
        let mut bay = self.start.clone();
        let taste = rollout::Taste { opened: 0, noise: 0 };
        let mut roller = rollout::Roller::new(self.site, self.placement, rng, taste);
        let most = 8 * self.site.limits.iter().map(|&limit| usize::from(limit)).sum::<usize>();
        for round in 0..FIRST_ROLLOUTS {
            if self.is_proven() || budget.stopped().is_some() {
                return;
            }
            let opened = [8, 4, 16, 0, 32][round % 5];
            roller.taste = rollout::Taste { opened, noise: if round < 5 { 0 } else { 8 } };
            roller.limit = self.best.as_ref().map_or(most, Vec::len);
            roller.plan.clear();
            bay.clone_from(self.start);
            let sorted = roller.finish(&mut bay);
            budget.spend(roller.plan.len() as u64);
            if sorted {
                self.note(Some(roller.plan.clone()), 0);
            }
        }
        if self.best.is_none() {
            let plan = greedy::settle(self.site, self.placement, &mut self.start.clone());
            self.note(plan, 0);
        }
    }

    fn clearings(&mut self, width: usize, taste: rollout::Taste, rng: &Rng, budget: &mut Budget<'_>) {
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
        self.note(plan, 0);
    }

    fn sweep(
        &mut self,
        (width, pilots): (usize, usize),
        taste: rollout::Taste,
        rng: &mut Rng,
        budget: &mut Budget<'_>,
    ) {
        if self.is_proven() {
            return;
        }
        let places: u32 = self.site.limits.iter().map(|&limit| u32::from(limit)).sum();
        let upper = self.best.as_ref().map_or(8 * places, |best| best.len() as u32);
        let shape = (width, pilots, upper);
        let swept = beam::sweep(self.site, self.placement, self.start, shape, taste, rng, budget);
        let proven = match &swept.plan {
            Some(plan) if swept.complete => plan.len() as u32,
            None if swept.complete => upper,
            _ => 0,
        };
        self.note(swept.plan, proven);
    }
}
