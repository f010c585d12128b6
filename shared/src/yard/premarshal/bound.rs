//! A lower bound on the relocations that are left.
//!
//! Every badly placed container is relocated at least once. Two things cost more, and neither counts a relocation that the
//! other does:
//!
//! * **Digging.** Count the badly placed containers of a rank or higher, and the places where they could stand well. What is
//!   lacking must come from well placed containers of a lower rank that make room; which ones is a small covering
//!   knapsack for each rank (Bortfeldt & Forster 2012, doi:10.1016/j.ejor.2011.10.005, take the cheapest stacks and assume
//!   that each gives a whole stack; the knapsack counts what each one gives).
//! * **Parking.** Let all badly placed tops vanish that some clean stack accepts by rank alone, until nothing moves. Where
//!   containers are left, one must be parked: put badly, to be relocated again. Which ones is searched through, since to
//!   clean one stack may free many others. Bortfeldt & Forster's term for bays without a clean stack is the special case in
//!   which only the first stack to be cleaned is paid for.

use super::bay::{Bay, Site};

/// The bound and its scratch space.
#[derive(Clone, Debug, Default)]
pub(super) struct Bound {
    /// (relocations, places gained) of stacks that can be dug.
    digs: Vec<(u32, i32)>,
    /// `[stack]`: containers from the ground up that may stay at the rank looked at.
    kept: Vec<u16>,
    /// `[relocations]`: most places that they gain.
    cover: Vec<i32>,
    /// Stacks that are not clean: their index and the highest rank that is badly placed there.
    dirty: Vec<(usize, u16)>,
    done: Vec<bool>,
}

/// Stacks that cost as much or more are left out of the quick test.
const CHEAP: usize = 8;

/// What a bay knows about the bounds of the bays that follow it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parent {
    dug: u32,
    /// Above all ranks that lack places.
    above_need: usize,
}

impl Bound {
    /// What the bays after one relocation need not compute again.
    pub(super) fn parent(&mut self, site: &Site, bay: &Bay) -> Parent {
        let above_need = bay.need.iter().rposition(|&need| need > 0).map_or(0, |rank| rank + 1);
        Parent { dug: if above_need == 0 { 0 } else { self.digging(site, bay) }, above_need }
    }

    /// The digging that is needed after a relocation, where it is obviously the same as before.
    pub(super) fn same_digging(parent: Parent, site: &Site, bay: &Bay, from: usize, to: usize) -> Option<u32> {
        if bay.is_clean(from) {
            return None;
        }
        let rank = bay.rank_at(site, from, bay.height(from) - 1);
        if bay.is_good_on(site, rank, to) {
            // Higher ranks lose the stack, which hurts only those that need it, and those that would come to.
            let room = i32::from(site.limits[to]) - bay.height(to) as i32;
            let (rank, accepts) = (usize::from(rank), usize::from(bay.accepts(site, to)));
            if rank + 1 < parent.above_need || bay.need[rank + 1..=accepts].iter().any(|&need| need + room > 0) {
                return None;
            }
        }
        Some(parent.dug)
    }

    /// Relocations that are needed from here on at least, seen exactly up to `enough`.
    pub(super) fn of(&mut self, site: &Site, bay: &Bay, enough: u32) -> u32 {
        self.given(site, bay, None, enough)
    }

    /// The same, where the digging may be known.
    pub(super) fn given(&mut self, site: &Site, bay: &Bay, dug: Option<u32>, enough: u32) -> u32 {
        if bay.bad == 0 || bay.bad >= enough {
            return bay.bad;
        }
        let dug = dug.unwrap_or_else(|| self.digging(site, bay));
        if bay.bad + dug >= enough {
            return bay.bad + dug;
        }
        bay.bad + self.with_parking(site, bay, dug, enough - bay.bad)
    }

    /// Well placed containers that must be relocated.
    fn digging(&mut self, site: &Site, bay: &Bay) -> u32 {
        let mut most = 0;
        self.kept.clear();
        self.kept.resize(site.stacks, 0);
        for rank in (1..site.ranks).rev() {
            let need = bay.need[rank];
            if need > 0 && !self.is_cheap(site, bay, rank as u16, need, most) {
                while self.places_for(most) < need {
                    most += 1;
                }
            }
        }
        most
    }

    /// Lists what the stacks can give. Returns whether the cheapest ones obviously cover the need for no more than `most`
    /// relocations. Ranks must come in descending order.
    fn is_cheap(&mut self, site: &Site, bay: &Bay, rank: u16, need: i32, most: u32) -> bool {
        self.digs.clear();
        let mut count = [0; CHEAP];
        let mut gains = [0; CHEAP];
        for (stack, kept) in self.kept.iter_mut().enumerate() {
            let good = bay.good(stack);
            while usize::from(*kept) < good && bay.rank_at(site, stack, usize::from(*kept)) >= rank {
                *kept += 1;
            }
            let cost = good - usize::from(*kept);
            if cost > 0 {
                let gain = i32::from(site.limits[stack]) - i32::from(*kept);
                self.digs.push((cost as u32, gain));
                if cost < CHEAP {
                    count[cost] += 1;
                    gains[cost] += gain;
                }
            }
        }
        let mut spare = most as i32;
        let mut covered = 0;
        for cost in 1..CHEAP {
            if count[cost] == 0 {
                continue;
            }
            let taken = count[cost].min(spare / cost as i32);
            // The best of them give at least the average.
            covered += taken * gains[cost] / count[cost];
            spare -= taken * cost as i32;
        }
        covered >= need
    }

    /// The most places that so many relocations of well placed containers give.
    fn places_for(&mut self, relocations: u32) -> i32 {
        let most = relocations as usize;
        self.cover.clear();
        self.cover.resize(most + 1, 0);
        for &(cost, gained) in &self.digs {
            let cost = cost as usize;
            for sum in (cost..=most).rev() {
                self.cover[sum] = self.cover[sum].max(self.cover[sum - cost] + gained);
            }
        }
        self.cover[most]
    }

    /// Digging and parking together, seen exactly up to `enough`.
    fn with_parking(&mut self, site: &Site, bay: &Bay, dug: u32, enough: u32) -> u32 {
        let mut open = -1;
        self.dirty.clear();
        for stack in 0..site.stacks {
            if bay.is_clean(stack) {
                open = open.max(i32::from(bay.accepts(site, stack)));
            } else {
                let worst = (bay.good(stack)..bay.height(stack)).map(|tier| bay.rank_at(site, stack, tier)).max();
                self.dirty.push((stack, worst.unwrap_or(0)));
            }
        }
        self.done.clear();
        self.done.resize(site.stacks, false);
        let mut extra = dug;
        while extra < enough && !self.can_finish(site, bay, open, (dug, extra), (0, 0)) {
            extra += 1;
        }
        extra
    }

    /// Whether so many extra relocations are enough, when tops of up to rank `open` find a place, and `parked` and `deep`
    /// have been spent on parking and digging.
    fn can_finish(
        &mut self,
        site: &Site,
        bay: &Bay,
        mut open: i32,
        (dug, extra): (u32, u32),
        (parked, deep): (u32, u32),
    ) -> bool {
        loop {
            let before = open;
            for &(stack, worst) in &self.dirty {
                if !self.done[stack] && i32::from(worst) <= open {
                    open = open.max(i32::from(bay.accepts(site, stack)));
                }
            }
            if open == before {
                break;
            }
        }
        let left = extra - dug.max(deep) - parked;
        let mut all = 0;
        for &(stack, worst) in &self.dirty {
            if !self.done[stack] && i32::from(worst) > open {
                all += above(site, bay, stack, open);
            }
        }
        if all <= left {
            return true;
        }
        if left == 0 && deep >= dug {
            return false;
        }
        for stack in 0..site.stacks {
            if self.done[stack] {
                continue;
            }
            let park = if bay.is_clean(stack) { 0 } else { above(site, bay, stack, open) };
            if park > left {
                continue;
            }
            let good = bay.good(stack);
            for kept in (0..=good).rev() {
                let deeper = deep + (good - kept) as u32;
                if parked + park + dug.max(deeper) > extra {
                    break;
                }
                let opens = i32::from(bay.accepts_on(site, stack, kept));
                if opens <= open {
                    continue;
                }
                self.done[stack] = true;
                let enough = self.can_finish(site, bay, opens, (dug, extra), (parked + park, deeper));
                self.done[stack] = false;
                if enough {
                    return true;
                }
            }
        }
        false
    }
}

/// Badly placed containers of a stack that have a rank above this one.
#[inline]
fn above(site: &Site, bay: &Bay, stack: usize, open: i32) -> u32 {
    (bay.good(stack)..bay.height(stack)).filter(|&tier| i32::from(bay.rank_at(site, stack, tier)) > open).count() as u32
}
