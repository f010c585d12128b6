//! A quick plan from any bay on: fill clean stacks; where nothing fits, clear a stack.
//!
//! **Fill**: among badly placed tops and the clean stacks that accept them, the pair that wastes the fewest ranks.
//! **Clear**: a stack down to its well placed containers or deeper, whichever opens the most for the fewest relocations that
//! settle nothing. Fill and clear alternate as in the greedy of Araya & Toledo 2023; the choices here are our own.

use super::bay::{Bay, Site, relocation};
use crate::rng::Rng;
use crate::yard::layout::Relocation;
use crate::yard::rules::Placement;

/// What a rollout weighs against what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taste {
    /// Worth of one badly placed container that a cleared stack accepts, in 1/16 relocations.
    pub(super) opened: i32,
    /// Random share of every choice, zero for none.
    pub(super) noise: u32,
}

/// Continues until nothing is badly placed, adding to `plan`, which stays shorter than `limit`. The bay is left sorted,
/// or where the rollout gave up; whether it is sorted is returned.
pub(super) fn roll<P: Placement>(
    site: &Site,
    placement: &P,
    bay: &mut Bay,
    plan: &mut Vec<Relocation>,
    limit: usize,
    taste: Taste,
    rng: &mut Rng,
) -> bool {
    let mut run = Roll { site, placement, bay, plan, limit, taste, rng };
    while run.bay.bad > 0 {
        if run.plan.len() + run.bay.bad as usize >= run.limit {
            return false;
        }
        if !run.fill() && !run.clear() {
            return false;
        }
    }
    true
}

struct Roll<'a, P> {
    site: &'a Site,
    placement: &'a P,
    bay: &'a mut Bay,
    plan: &'a mut Vec<Relocation>,
    limit: usize,
    taste: Taste,
    rng: &'a mut Rng,
}

impl<P: Placement> Roll<'_, P> {
    fn shift(&mut self, from: usize, to: usize) {
        self.bay.shift(self.site, from, to);
        self.plan.push(relocation(from, to));
    }

    fn noise(&mut self) -> i32 {
        if self.taste.noise == 0 { 0 } else { self.rng.below(self.taste.noise as usize) as i32 }
    }

    /// One badly placed container comes to stand well.
    fn fill(&mut self) -> bool {
        let site = self.site;
        let mut best: Option<(i32, usize, usize)> = None;
        for from in 0..site.stacks {
            if self.bay.is_clean(from) {
                continue;
            }
            if let Some((waste, to)) = self.well(from, from) {
                let key = waste * 4 + self.noise();
                if best.is_none_or(|(least, ..)| key < least) {
                    best = Some((key, from, to));
                }
            }
        }
        if let Some((_, from, to)) = best {
            self.shift(from, to);
        }
        best.is_some()
    }

    /// The place where the top of a stack stands well at the least waste.
    fn well(&self, from: usize, not: usize) -> Option<(i32, usize)> {
        let (site, bay) = (self.site, &*self.bay);
        let rank = site.rank[usize::from(bay.top(site, from)?)];
        let mut best: Option<(i32, usize)> = None;
        for to in 0..site.stacks {
            if to == from || to == not || !bay.is_clean(to) || bay.is_full(site, to) {
                continue;
            }
            let accepts = bay.accepts(site, to);
            if accepts < rank || !bay.can(site, self.placement, from, to) {
                continue;
            }
            let room = i32::from(site.limits[to]) - bay.height(to) as i32;
            // Ranks in between that still need this stack.
            let hurt =
                bay.need[usize::from(rank) + 1..=usize::from(accepts)].iter().filter(|&&need| need + room > 0).count();
            let waste = i32::from(accepts - rank) + 4 * hurt as i32;
            if best.is_none_or(|(least, _)| waste < least) {
                best = Some((waste, to));
            }
        }
        best
    }

    /// Clears the stack, and to the depth, that looks best.
    fn clear(&mut self) -> bool {
        let site = self.site;
        let mut open = -1;
        for stack in 0..site.stacks {
            if self.bay.is_clean(stack) && !self.bay.is_full(site, stack) {
                open = open.max(i32::from(self.bay.accepts(site, stack)));
            }
        }
        let mut best: Option<(i32, usize, usize)> = None;
        for stack in 0..site.stacks {
            let bay = &*self.bay;
            let (good, height) = (bay.good(stack), bay.height(stack));
            if height == 0 {
                continue;
            }
            let parked = (good..height).filter(|&tier| i32::from(bay.rank_at(site, stack, tier)) > open).count();
            for kept in (0..=good.min(height - 1)).rev() {
                let accepts = self.bay.accepts_on(site, stack, kept);
                let room = usize::from(site.limits[stack]) - kept;
                let opened = self.tops_up_to(accepts, stack).min(room);
                if opened == 0 && kept > 0 {
                    continue;
                }
                let cost = 16 * (parked + good - kept) as i32 - self.taste.opened * opened as i32 + self.noise();
                if best.is_none_or(|(least, ..)| cost < least) {
                    best = Some((cost, stack, kept));
                }
            }
        }
        let Some((_, stack, kept)) = best else { return false };
        while self.bay.height(stack) > kept {
            if self.plan.len() >= self.limit {
                return false;
            }
            let place = self.well(stack, stack).map(|(_, to)| to).or_else(|| self.park(stack));
            let Some(to) = place else { return false };
            self.shift(stack, to);
        }
        true
    }

    /// Badly placed tops of other stacks that would be accepted.
    fn tops_up_to(&self, accepts: u16, not: usize) -> usize {
        let (site, bay) = (self.site, &*self.bay);
        (0..site.stacks)
            .filter(|&stack| stack != not && !bay.is_clean(stack))
            .filter(|&stack| bay.rank_at(site, stack, bay.height(stack) - 1) <= accepts)
            .count()
    }

    /// Where the top of a stack does the least harm, badly placed.
    fn park(&mut self, from: usize) -> Option<usize> {
        let site = self.site;
        let rank = i32::from(site.rank[usize::from(self.bay.top(site, from)?)]);
        let mut best: Option<(i32, usize)> = None;
        for to in 0..site.stacks {
            if !self.bay.can(site, self.placement, from, to) {
                continue;
            }
            let bay = &*self.bay;
            let accepts = i32::from(bay.accepts(site, to));
            let hidden = (bay.good(to)..bay.height(to)).map(|tier| i32::from(bay.rank_at(site, to, tier))).max();
            let harm = match hidden {
                Some(highest) if highest <= rank => rank - highest,
                Some(highest) => site.ranks as i32 + highest - rank,
                None => site.ranks as i32 + accepts,
            };
            let key = harm * 4 + self.noise();
            if best.is_none_or(|(least, _)| key < least) {
                best = Some((key, to));
            }
        }
        best.map(|(_, to)| to)
    }
}
