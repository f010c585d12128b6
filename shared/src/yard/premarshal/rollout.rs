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

/// A relocation that fills: waste, from, to.
pub(super) type Fill = (i32, usize, usize);

/// Continues plans; keeps its scratch space between them.
pub(super) struct Roller<'a, P> {
    site: &'a Site,
    placement: &'a P,
    rng: Rng,
    pub(super) taste: Taste,
    /// The plan so far.
    pub(super) plan: Vec<Relocation>,
    /// The plan stays shorter.
    pub(super) limit: usize,
    /// Clean stacks with room, and what they accept.
    clean: Vec<(u16, u16)>,
    /// `[rank]`: badly placed containers that could leave their stacks if this rank were accepted, and now cannot.
    reach: Vec<i32>,
    own: Vec<i32>,
}

impl<'a, P: Placement> Roller<'a, P> {
    pub(super) fn new(site: &'a Site, placement: &'a P, rng: Rng, taste: Taste) -> Self {
        let reach = vec![0; site.ranks];
        let own = vec![0; site.ranks];
        let (plan, clean) = (Vec::new(), Vec::new());
        Self { site, placement, rng, taste, plan, limit: usize::MAX, clean, reach, own }
    }

    /// Until nothing is badly placed. The bay is left sorted, or where the rollout gave up; whether it is sorted is returned.
    pub(super) fn finish(&mut self, bay: &mut Bay) -> bool {
        while bay.bad > 0 {
            if self.plan.len() + bay.bad as usize >= self.limit {
                return false;
            }
            if !self.fill(bay) && !self.clear(bay) {
                return false;
            }
        }
        true
    }

    pub(super) fn shift(&mut self, bay: &mut Bay, from: usize, to: usize) {
        bay.shift(self.site, from, to);
        self.plan.push(relocation(from, to));
    }

    fn noise(&mut self) -> i32 {
        if self.taste.noise == 0 { 0 } else { self.rng.below(self.taste.noise as usize) as i32 }
    }

    /// Lists the clean stacks with room.
    fn list_clean(&mut self, bay: &Bay) {
        self.clean.clear();
        for stack in 0..self.site.stacks {
            if bay.is_clean(stack) && !bay.is_full(self.site, stack) {
                self.clean.push((stack as u16, bay.accepts(self.site, stack)));
            }
        }
    }

    /// One badly placed container comes to stand well.
    fn fill(&mut self, bay: &mut Bay) -> bool {
        self.list_clean(bay);
        let mut best: Option<Fill> = None;
        for from in 0..self.site.stacks {
            if bay.is_clean(from) {
                continue;
            }
            if let Some((waste, to)) = self.well(bay, from) {
                let key = waste * 4 + self.noise();
                if best.is_none_or(|(least, ..)| key < least) {
                    best = Some((key, from, to));
                }
            }
        }
        if let Some((_, from, to)) = best {
            self.shift(bay, from, to);
        }
        best.is_some()
    }

    /// For each badly placed top the place where it stands well, least waste first.
    pub(super) fn fills(&mut self, bay: &Bay) -> Vec<Fill> {
        self.list_clean(bay);
        let mut fills: Vec<Fill> = (0..self.site.stacks)
            .filter(|&from| !bay.is_clean(from))
            .filter_map(|from| self.well(bay, from).map(|(waste, to)| (waste, from, to)))
            .collect();
        fills.sort_unstable();
        fills
    }

    /// The place among the listed ones where the top of a stack stands well at the least waste.
    fn well(&self, bay: &Bay, from: usize) -> Option<(i32, usize)> {
        let kind = bay.top(self.site, from)?;
        let rank = self.site.rank[usize::from(kind)];
        let mut best: Option<(i32, usize)> = None;
        for &(to, accepts) in &self.clean {
            let to = usize::from(to);
            let waste = i32::from(accepts) - i32::from(rank);
            if waste < 0 || to == from || best.is_some_and(|(least, _)| waste >= least) {
                continue;
            }
            if P::FREE || self.placement.allows(kind, to, bay.top(self.site, to)) {
                best = Some((waste, to));
            }
        }
        best
    }

    /// Clears the stack, and to the depth, that looks best.
    fn clear(&mut self, bay: &mut Bay) -> bool {
        let site = self.site;
        let open = self.clean.iter().map(|&(_, accepts)| i32::from(accepts)).max().unwrap_or(-1);
        self.measure_reach(bay, open);
        let mut best: Option<(i32, usize, usize)> = None;
        for stack in 0..site.stacks {
            let (good, height) = (bay.good(stack), bay.height(stack));
            if height == 0 {
                continue;
            }
            let parked = (good..height).filter(|&tier| i32::from(bay.rank_at(site, stack, tier)) > open).count();
            self.own.fill(0);
            if good < height {
                tally(&mut self.own, site, bay, stack, open);
            }
            for kept in (0..=good.min(height - 1)).rev() {
                let accepts = bay.accepts_on(site, stack, kept);
                let room = i32::from(site.limits[stack]) - kept as i32;
                let own: i32 = if good < height { self.own[..=usize::from(accepts)].iter().sum() } else { 0 };
                let opened = room.min(self.reach[usize::from(accepts)] - own);
                if opened == 0 && kept > 0 {
                    continue;
                }
                let cost = 16 * (parked + good - kept) as i32 - self.taste.opened * opened + self.noise();
                if best.is_none_or(|(least, ..)| cost < least) {
                    best = Some((cost, stack, kept));
                }
            }
        }
        best.is_some_and(|(_, stack, kept)| self.clear_to(bay, stack, kept))
    }

    fn measure_reach(&mut self, bay: &Bay, open: i32) {
        self.reach.fill(0);
        for stack in 0..self.site.stacks {
            if !bay.is_clean(stack) {
                tally(&mut self.reach, self.site, bay, stack, open);
            }
        }
        let mut sum = 0;
        for reach in &mut self.reach {
            sum += *reach;
            *reach = sum;
        }
    }

    /// Clears one stack down to its lowest `kept` containers.
    pub(super) fn clear_to(&mut self, bay: &mut Bay, stack: usize, kept: usize) -> bool {
        self.list_clean(bay);
        while bay.height(stack) > kept {
            if self.plan.len() >= self.limit {
                return false;
            }
            let well = self.well(bay, stack).map(|(_, to)| to);
            let Some(to) = well.or_else(|| self.park(bay, stack)) else { return false };
            self.shift(bay, stack, to);
            self.clean.retain(|&(clean, _)| usize::from(clean) != to && usize::from(clean) != stack);
            if bay.is_clean(to) && !bay.is_full(self.site, to) {
                self.clean.push((to as u16, bay.accepts(self.site, to)));
            }
        }
        true
    }

    /// Where the top of a stack does the least harm, badly placed: on lower ranks, or else where few high ones are buried.
    fn park(&mut self, bay: &Bay, from: usize) -> Option<usize> {
        let site = self.site;
        let ranks = site.ranks as i32;
        let rank = i32::from(site.rank[usize::from(bay.top(site, from)?)]);
        let mut best: Option<(i32, usize)> = None;
        for to in 0..site.stacks {
            if !bay.can(site, self.placement, from, to) {
                continue;
            }
            let harm = if bay.is_clean(to) {
                ranks + i32::from(bay.accepts(site, to))
            } else {
                let top = i32::from(bay.rank_at(site, to, bay.height(to) - 1));
                if top <= rank { rank - top } else { ranks + top - rank }
            };
            let key = harm * 4 + self.noise();
            if best.is_none_or(|(least, _)| key < least) {
                best = Some((key, to));
            }
        }
        best.map(|(_, to)| to)
    }
}

/// Counts the badly placed containers of a stack above rank `open` by the highest rank that must be accepted to get at them.
#[inline]
fn tally(counts: &mut [i32], site: &Site, bay: &Bay, stack: usize, open: i32) {
    let mut highest = 0;
    for tier in (bay.good(stack)..bay.height(stack)).rev() {
        let rank = bay.rank_at(site, stack, tier);
        highest = highest.max(rank);
        counts[usize::from(highest)] += i32::from(i32::from(rank) > open);
    }
}
