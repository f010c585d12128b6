//! A first plan in microseconds: place after place, from the ground up and from the highest rank down.
//!
//! Some containers are settled for good: a prefix of each stack. The next one to settle is one of the highest rank that is
//! left, in whichever stack and place this takes the fewest relocations. What stands in the way goes where it stands well,
//! if it can. The order is that of the lowest-priority-first heuristic of Expósito-Izquierdo, Melián-Batista &
//! Moreno-Vega 2012 (doi:10.1016/j.eswa.2011.12.054).

use super::bay::{Bay, Site, relocation};
use crate::yard::layout::Relocation;
use crate::yard::rules::Placement;

/// Settles all containers, or gives up where one does not fit in. `None` says nothing about other plans.
pub(super) fn settle<P: Placement>(site: &Site, placement: &P, bay: &mut Bay) -> Option<Vec<Relocation>> {
    let mut run = Run { site, placement, bay, plan: Vec::new(), settled: vec![0; site.stacks] };
    while run.bay.bad > 0 {
        if !run.step() {
            return None;
        }
    }
    Some(run.plan)
}

struct Run<'a, P> {
    site: &'a Site,
    placement: &'a P,
    bay: &'a mut Bay,
    plan: Vec<Relocation>,
    /// `[stack]`: containers from the ground up that do not move again.
    settled: Vec<usize>,
}

impl<P: Placement> Run<'_, P> {
    /// Settles one more container.
    fn step(&mut self) -> bool {
        let (site, bay) = (self.site, &*self.bay);
        let Some(rank) = (0..site.stacks)
            .flat_map(|stack| (self.settled[stack]..bay.height(stack)).map(move |tier| bay.rank_at(site, stack, tier)))
            .max()
        else {
            return false;
        };
        // All that stand on settled ground in the right order are settled where they are.
        let mut stays = false;
        for stack in 0..site.stacks {
            let tier = self.settled[stack];
            if tier < bay.good(stack) && bay.rank_at(site, stack, tier) == rank {
                self.settled[stack] += 1;
                stays = true;
            }
        }
        if stays {
            return true;
        }
        let mut choices: Vec<(usize, usize, usize, usize)> = Vec::new();
        for from in 0..site.stacks {
            for tier in self.settled[from]..bay.height(from) {
                if bay.rank_at(site, from, tier) != rank {
                    continue;
                }
                for to in 0..site.stacks {
                    if self.settled[to] >= usize::from(site.limits[to]) {
                        continue;
                    }
                    let over = bay.height(from) - tier - 1;
                    let cost = over + if from == to { 3 } else { bay.height(to) - self.settled[to] };
                    choices.push((cost, to, from, tier));
                }
            }
        }
        choices.sort_unstable();
        choices.iter().any(|&(_, to, from, tier)| self.settle_one(to, from, tier))
    }

    /// Brings one container to the settled ground of a stack; leaves all as it was where that is not possible.
    fn settle_one(&mut self, to: usize, from: usize, tier: usize) -> bool {
        let mark = self.plan.len();
        let done = self.bring(to, from, tier);
        if !done {
            while self.plan.len() > mark {
                if let Some(last) = self.plan.pop() {
                    self.bay.shift(self.site, usize::from(last.to), usize::from(last.from));
                }
            }
        }
        done
    }

    fn bring(&mut self, to: usize, from: usize, tier: usize) -> bool {
        let ground = self.settled[to];
        while self.bay.height(from) > tier + 1 {
            if !self.clear_top(from, &[to]) && (from == to || !self.clear_top(from, &[])) {
                return false;
            }
        }
        if from == to {
            // Wait elsewhere while the ground is cleared.
            let Some(aside) = self.place_for(from, &[]) else { return false };
            self.shift(from, aside);
            while self.bay.height(to) > ground {
                if !self.clear_top(to, &[aside]) {
                    return false;
                }
            }
            return self.land(aside, to);
        }
        while self.bay.height(to) > ground {
            if !self.clear_top(to, &[from]) {
                return false;
            }
        }
        self.land(from, to)
    }

    fn land(&mut self, from: usize, to: usize) -> bool {
        let fits = self.bay.can(self.site, self.placement, from, to);
        if fits {
            self.shift(from, to);
            self.settled[to] += 1;
        }
        fits
    }

    fn shift(&mut self, from: usize, to: usize) {
        self.bay.shift(self.site, from, to);
        self.plan.push(relocation(from, to));
    }

    fn clear_top(&mut self, from: usize, not: &[usize]) -> bool {
        let place = self.place_for(from, not);
        if let Some(to) = place {
            self.shift(from, to);
        }
        place.is_some()
    }

    /// Where the top of a stack goes: where it stands well and wastes the fewest ranks, or else on the dirty stack whose
    /// well placed containers matter least.
    fn place_for(&self, from: usize, not: &[usize]) -> Option<usize> {
        let (site, bay) = (self.site, &*self.bay);
        let rank = site.rank[usize::from(bay.top(site, from)?)];
        (0..site.stacks).filter(|&to| !not.contains(&to) && bay.can(site, self.placement, from, to)).min_by_key(|&to| {
            let accepts = bay.accepts(site, to);
            if bay.is_good_on(site, rank, to) {
                (0, accepts - rank)
            } else if bay.is_clean(to) {
                (2, accepts)
            } else {
                (1, accepts)
            }
        })
    }
}
