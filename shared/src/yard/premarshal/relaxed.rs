//! A stronger bound than [`super::bound`], for the bays where one relocation more decides.
//!
//! It follows a plan in a relaxed bay, where a container vanishes once some other clean stack accepts its rank, however full
//! that stack is. What the plan settles is guessed in two stages:
//!
//! * **Which well placed containers are dug out.** All ranks must find their places at once, so digging is a cover of all
//!   ranks together, and not the dearest rank's alone.
//! * **In which order stacks come clean.** Dug containers are relocated as badly placed ones are: they vanish, or are parked
//!   at the price of one relocation.
//!
//! A bound is raised as long as no guess fits into it. Every real plan is such a guess at a price that is no higher: its dug
//! containers cover the ranks, and a container whose first relocation leaves it badly placed is relocated again.

use super::bay::{Bay, Site};

/// Guesses at the root after which the search for one gives up and says that there is one.
pub(super) const THOROUGH: u32 = 30_000;
/// The same for one bay of many.
pub(super) const QUICK: u32 = 100;

/// The bound's scratch space.
#[derive(Clone, Debug, Default)]
pub(super) struct Relaxed {
    need: Vec<i32>,
    /// `[stack]`: containers that stay when the digging that was chosen is done.
    kept: Vec<usize>,
    /// `[stack]`: not to be dug so deep that this rank is accepted.
    banned: Vec<u16>,
    /// `[stack]`: containers that are left of the well placed ones in the relaxed bay.
    left: Vec<usize>,
    /// `[stack]`: clean in the relaxed bay.
    open: Vec<bool>,
    /// `[stack]`: containers of it that were parked.
    parked: Vec<i32>,
    /// `[stack * ranks + rank]`: containers of this rank or higher that have left the stack, or will when it is cleaned.
    moved: Vec<i32>,
    /// `[stack * ranks + rank]`: places for this rank or higher that the stack gives beyond what its own containers take.
    given: Vec<i32>,
    /// `[rank]`: the same of all stacks.
    room: Vec<i32>,
    effort: u32,
}

impl Relaxed {
    /// Whether so many relocations may be enough. A no is proven.
    pub(super) fn may_do(&mut self, site: &Site, bay: &Bay, relocations: u32, effort: u32) -> bool {
        if bay.bad > relocations {
            return false;
        }
        self.need.clone_from(&bay.need);
        self.kept.clear();
        self.kept.extend((0..site.stacks).map(|stack| bay.good(stack)));
        self.banned.clear();
        self.banned.resize(site.stacks, u16::MAX);
        self.effort = effort;
        self.dig(site, bay, site.ranks - 1, (relocations - bay.bad) as i32)
    }

    /// The bound, from one that is known, seen exactly up to `enough`.
    pub(super) fn of(&mut self, site: &Site, bay: &Bay, from: u32) -> u32 {
        let containers: usize = (0..site.stacks).map(|stack| bay.height(stack)).sum();
        // Each container out and back in again is enough in the relaxed bay.
        (from..from + 2 * containers as u32).find(|&most| self.may_do(site, bay, most, THOROUGH)).unwrap_or(from)
    }

    /// Chooses what is dug, for the highest rank first, and then looks for an order.
    fn dig(&mut self, site: &Site, bay: &Bay, highest: usize, spare: i32) -> bool {
        if self.effort == 0 {
            return true;
        }
        self.effort -= 1;
        let Some(rank) = (1..=highest).rev().find(|&rank| self.need[rank] > 0) else {
            return self.finish_from_the_start(site, bay, spare);
        };
        let mut choices: Vec<(i32, usize, usize)> = Vec::new();
        for stack in 0..site.stacks {
            let mut kept = self.kept[stack];
            while kept > 0 && usize::from(bay.rank_at(site, stack, kept - 1)) < rank {
                kept -= 1;
            }
            let cost = (self.kept[stack] - kept) as i32;
            if cost > 0 && cost <= spare && usize::from(self.banned[stack]) > rank {
                choices.push((cost, stack, kept));
            }
        }
        if most_places(site, bay, rank, &choices, spare) < self.need[rank] {
            return false;
        }
        choices.sort_unstable();
        let mut found = false;
        let bans = self.banned.clone();
        for (cost, stack, kept) in choices {
            let before = self.kept[stack];
            self.move_ground(site, bay, stack, (before, kept), -1);
            self.kept[stack] = kept;
            found = self.dig(site, bay, rank, spare - cost);
            self.kept[stack] = before;
            self.move_ground(site, bay, stack, (before, kept), 1);
            if found {
                break;
            }
            self.banned[stack] = rank as u16;
        }
        self.banned = bans;
        found
    }

    /// Takes places that digging from one depth to another gives off the need, or back.
    fn move_ground(&mut self, site: &Site, bay: &Bay, stack: usize, (from, to): (usize, usize), sign: i32) {
        let room = |kept: usize| i32::from(site.limits[stack]) - kept as i32;
        let low = usize::from(bay.accepts_on(site, stack, from));
        let high = usize::from(bay.accepts_on(site, stack, to));
        let mut kept = from;
        for rank in low + 1..=high {
            while kept > to && usize::from(bay.rank_at(site, stack, kept - 1)) < rank {
                kept -= 1;
            }
            self.need[rank] += sign * room(kept);
        }
    }

    fn finish_from_the_start(&mut self, site: &Site, bay: &Bay, spare: i32) -> bool {
        let ranks = site.ranks;
        self.left.clear();
        self.left.extend((0..site.stacks).map(|stack| bay.good(stack)));
        self.open.clear();
        self.open.extend((0..site.stacks).map(|stack| bay.is_clean(stack)));
        self.parked.clear();
        self.parked.resize(site.stacks, 0);
        self.moved.clear();
        self.moved.resize(site.stacks * ranks, 0);
        self.given.clear();
        self.given.resize(site.stacks * ranks, 0);
        self.room.clear();
        self.room.resize(ranks, 0);
        for stack in 0..site.stacks {
            for tier in bay.good(stack)..bay.height(stack) {
                let rank = usize::from(bay.rank_at(site, stack, tier));
                for moved in &mut self.moved[stack * ranks..=stack * ranks + rank] {
                    *moved += 1;
                }
            }
            if self.open[stack] {
                self.give(site, bay, stack);
            }
        }
        self.finish(site, bay, spare)
    }

    /// Recomputes what a clean stack adds to the room of all.
    fn give(&mut self, site: &Site, bay: &Bay, stack: usize) {
        let ranks = site.ranks;
        let accepts = usize::from(bay.accepts_on(site, stack, self.left[stack]));
        let room = i32::from(site.limits[stack]) - self.left[stack] as i32;
        for rank in 0..=accepts {
            let given = room - (self.moved[stack * ranks + rank] - self.parked[stack]).max(0);
            self.room[rank] += given - self.given[stack * ranks + rank];
            self.given[stack * ranks + rank] = given;
        }
    }

    /// Containers of a stack that must be parked, when it is cleared as deep as `moved` says.
    fn price(&self, ranks: usize, stack: usize) -> i32 {
        let own = stack * ranks..(stack + 1) * ranks;
        let most = self.moved[own.clone()]
            .iter()
            .zip(&self.given[own])
            .zip(&self.room)
            .map(|((&moved, &given), &room)| if moved > 0 { moved - (room - given) } else { 0 })
            .max();
        (most.unwrap_or(0) - self.parked[stack]).max(0)
    }

    /// One more container of a clean stack is moved; or back.
    fn deepen(&mut self, site: &Site, bay: &Bay, stack: usize, sign: i32) {
        if sign > 0 {
            self.left[stack] -= 1;
        }
        let rank = usize::from(bay.rank_at(site, stack, self.left[stack]));
        for moved in &mut self.moved[stack * site.ranks..=stack * site.ranks + rank] {
            *moved += sign;
        }
        if sign < 0 {
            self.left[stack] += 1;
        }
    }

    /// Does for free what can be done for free.
    fn settle(&mut self, site: &Site, bay: &Bay) {
        loop {
            let mut moved = false;
            for stack in 0..site.stacks {
                if !self.open[stack] {
                    if self.price(site.ranks, stack) > 0 {
                        continue;
                    }
                    self.open[stack] = true;
                    self.give(site, bay, stack);
                    moved = true;
                }
                while self.left[stack] > self.kept[stack] {
                    self.deepen(site, bay, stack, 1);
                    if self.price(site.ranks, stack) > 0 {
                        self.deepen(site, bay, stack, -1);
                        break;
                    }
                    self.give(site, bay, stack);
                    moved = true;
                }
            }
            if !moved {
                return;
            }
        }
    }

    /// Whether all containers can go with so many relocations to spare.
    fn finish(&mut self, site: &Site, bay: &Bay, spare: i32) -> bool {
        self.settle(site, bay);
        if self.effort == 0 {
            return true;
        }
        self.effort -= 1;
        let ranks = site.ranks;
        // What it costs to finish now, and which ranks somebody lacks room for.
        let mut all = 0;
        let mut lacking = vec![false; ranks];
        for stack in 0..site.stacks {
            let left = self.left[stack];
            while self.left[stack] > self.kept[stack] {
                self.deepen(site, bay, stack, 1);
            }
            if !self.open[stack] || self.left[stack] < left {
                all += self.price(ranks, stack);
                for (rank, lacking) in lacking.iter_mut().enumerate() {
                    let index = stack * ranks + rank;
                    *lacking |= self.moved[index] > self.room[rank] - self.given[index];
                }
            }
            while self.left[stack] < left {
                self.deepen(site, bay, stack, -1);
            }
        }
        if all <= spare {
            return true;
        }
        if spare == 0 {
            return false;
        }
        let now = self.clone_state();
        for stack in 0..site.stacks {
            let mut paid = 0;
            loop {
                let first = !self.open[stack];
                if !first {
                    if self.left[stack] == 0 {
                        break;
                    }
                    self.deepen(site, bay, stack, 1);
                    paid += i32::from(self.left[stack] < self.kept[stack]);
                }
                let price = self.price(ranks, stack);
                if paid + price > spare {
                    break;
                }
                paid += price;
                self.parked[stack] += price;
                self.open[stack] = true;
                self.give(site, bay, stack);
                if (0..ranks)
                    .any(|rank| lacking[rank] && self.given[stack * ranks + rank] > now.given[stack * ranks + rank])
                {
                    let here = self.clone_state();
                    if self.finish(site, bay, spare - paid) {
                        return true;
                    }
                    self.set_state(&here);
                }
            }
            self.set_state(&now);
        }
        false
    }

    fn clone_state(&self) -> State {
        State {
            left: self.left.clone(),
            open: self.open.clone(),
            parked: self.parked.clone(),
            moved: self.moved.clone(),
            given: self.given.clone(),
            room: self.room.clone(),
        }
    }

    fn set_state(&mut self, state: &State) {
        self.left.clone_from(&state.left);
        self.open.clone_from(&state.open);
        self.parked.clone_from(&state.parked);
        self.moved.clone_from(&state.moved);
        self.given.clone_from(&state.given);
        self.room.clone_from(&state.room);
    }
}

struct State {
    left: Vec<usize>,
    open: Vec<bool>,
    parked: Vec<i32>,
    moved: Vec<i32>,
    given: Vec<i32>,
    room: Vec<i32>,
}

/// The most places for a rank that so many relocations can dig out.
fn most_places(site: &Site, bay: &Bay, rank: usize, choices: &[(i32, usize, usize)], spare: i32) -> i32 {
    let spare = spare as usize;
    let mut places = vec![0; spare + 1];
    for &(cost, stack, kept) in choices {
        debug_assert!(usize::from(bay.accepts_on(site, stack, kept)) >= rank);
        let gained = i32::from(site.limits[stack]) - kept as i32;
        for sum in (cost as usize..=spare).rev() {
            places[sum] = places[sum].max(places[sum - cost as usize] + gained);
        }
    }
    places[spare]
}
