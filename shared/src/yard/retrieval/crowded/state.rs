//! The blockers that were moved in the relaxed bay, and a matching of them to what they stand on.

use super::super::bay::{RANKS, Ranks};
use super::STACKS;

/// No holder. Blockers are holders by their rank, stacks come after them.
pub(super) const NONE: u8 = u8::MAX;

/// Holders: blockers, by rank, and stacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Holders {
    pub(super) blockers: Ranks,
    pub(super) stacks: u32,
}

/// Ranks in a set, rising.
pub(super) fn each(mut ranks: Ranks) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let rank = (ranks != 0).then(|| ranks.trailing_zeros() as usize)?;
        ranks &= ranks - 1;
        Some(rank)
    })
}

#[derive(Clone, Debug)]
pub(super) struct State {
    /// `[stack]`: index of the top cell, where nothing is left of the turns so far if the stack had something in the way of them.
    pub(super) tops: [u32; STACKS],
    /// `[stack]`: levels from the ground up.
    pub(super) levels: [Ranks; STACKS],
    /// `[stack]`: turns before which it must be dug.
    pub(super) digs: [Ranks; STACKS],
    /// Turns to come before which some stack must be dug.
    pub(super) turns: Ranks,
    /// Stacks that have no room before their top leaves.
    pub(super) full: u32,
    /// Blockers that were moved and have not left: each needs something to stand on, and can hold another one.
    pub(super) moved: Ranks,
    /// Those of them that stand on nothing yet.
    pub(super) rising: Ranks,
    /// Holders that hold something.
    pub(super) taken: Holders,
    /// Blockers whose relocation is counted as extra.
    pub(super) freed: Ranks,
    /// Those of them that have been put where they are in the way again, until they are due.
    pub(super) late: Ranks,
    /// `[blocker]`: the turn before which it must be dug again.
    pub(super) due: [u8; RANKS],
    /// `[blocker]`: what it can stand on.
    pub(super) choices: [Holders; RANKS],
    /// `[blocker]`: the stack that it comes from.
    pub(super) origin: [u8; RANKS],
    /// `[blocker]`: the turn before which it was moved.
    pub(super) moved_by: [u8; RANKS],
    /// `[blocker]`: the turn after which it may have been moved.
    pub(super) since: [u8; RANKS],
    /// `[blocker]`: what it stands on.
    on: [u8; RANKS],
    /// `[holder]`: what stands on it.
    pub(super) holds: [u8; RANKS + STACKS],
    /// Blockers that have no slot yet.
    pub(super) unplaced: Ranks,
    /// `[blocker]`: the stack in which it has a slot.
    pub(super) slot: [u8; RANKS],
    /// `[stack]`: blockers that have a slot in it.
    pub(super) placed: [Ranks; STACKS],
}

impl State {
    /// Of no bay.
    pub(super) fn new() -> Self {
        Self {
            tops: [0; STACKS],
            levels: [0; STACKS],
            digs: [0; STACKS],
            turns: 0,
            full: 0,
            moved: 0,
            rising: 0,
            taken: Holders::default(),
            freed: 0,
            late: 0,
            due: [0; RANKS],
            choices: [Holders::default(); RANKS],
            origin: [0; RANKS],
            moved_by: [0; RANKS],
            since: [0; RANKS],
            on: [NONE; RANKS],
            holds: [NONE; RANKS + STACKS],
            unplaced: 0,
            slot: [0; RANKS],
            placed: [0; STACKS],
        }
    }

    /// Nothing was moved yet.
    pub(super) fn clear(&mut self) {
        self.moved = 0;
        self.rising = 0;
        self.taken = Holders::default();
        self.freed = 0;
        self.late = 0;
        self.unplaced = 0;
        self.placed = [0; STACKS];
    }

    /// Takes over what the other one holds.
    pub(super) fn copy_from(&mut self, other: &Self, stacks: usize) {
        self.tops[..stacks].copy_from_slice(&other.tops[..stacks]);
        self.levels[..stacks].copy_from_slice(&other.levels[..stacks]);
        self.digs[..stacks].copy_from_slice(&other.digs[..stacks]);
        self.holds[RANKS..].copy_from_slice(&other.holds[RANKS..]);
        self.turns = other.turns;
        self.full = other.full;
        self.moved = other.moved;
        self.rising = other.rising;
        self.taken = other.taken;
        self.freed = other.freed;
        self.late = other.late;
        for blocker in each(other.late) {
            self.origin[blocker] = other.origin[blocker];
            self.due[blocker] = other.due[blocker];
        }
        self.unplaced = other.unplaced;
        self.placed[..stacks].copy_from_slice(&other.placed[..stacks]);
        for blocker in each(other.moved) {
            self.choices[blocker] = other.choices[blocker];
            self.origin[blocker] = other.origin[blocker];
            self.on[blocker] = other.on[blocker];
            self.moved_by[blocker] = other.moved_by[blocker];
            self.since[blocker] = other.since[blocker];
            self.holds[blocker] = other.holds[blocker];
            self.slot[blocker] = other.slot[blocker];
        }
    }

    /// All that rise stand on something, if others may change theirs. Else gives one that cannot, and holders that are of no use to it.
    pub(super) fn seat_all(&mut self) -> Option<(usize, Holders)> {
        while self.rising != 0 {
            let blocker = self.rising.trailing_zeros() as usize;
            let mut seen = Holders::default();
            if !self.seat(blocker, &mut seen) {
                return Some((blocker, seen));
            }
            self.rising &= self.rising - 1;
        }
        None
    }

    fn seat(&mut self, blocker: usize, seen: &mut Holders) -> bool {
        let Holders { blockers, stacks } = self.choices[blocker];
        let free = stacks & !self.taken.stacks;
        if free != 0 {
            let stack = free.trailing_zeros() as usize;
            self.taken.stacks |= 1 << stack;
            self.sit(blocker, RANKS + stack);
            return true;
        }
        let blockers = blockers & self.moved;
        let free = blockers & !self.taken.blockers;
        if free != 0 {
            let holder = free.trailing_zeros() as usize;
            self.taken.blockers |= 1 << holder;
            self.sit(blocker, holder);
            return true;
        }
        loop {
            let left = stacks & !seen.stacks;
            let holder = if left != 0 {
                seen.stacks |= left & left.wrapping_neg();
                RANKS + left.trailing_zeros() as usize
            } else {
                let left = blockers & !seen.blockers;
                if left == 0 {
                    return false;
                }
                seen.blockers |= left & left.wrapping_neg();
                left.trailing_zeros() as usize
            };
            if self.seat(usize::from(self.holds[holder]), seen) {
                self.sit(blocker, holder);
                return true;
            }
        }
    }

    fn sit(&mut self, blocker: usize, holder: usize) {
        self.on[blocker] = holder as u8;
        self.holds[holder] = blocker as u8;
    }

    /// What the blocker stands on holds nothing any more.
    fn rise(&mut self, blocker: usize) {
        let on = usize::from(self.on[blocker]);
        if on < RANKS {
            self.taken.blockers &= !(1 << on);
        } else if on < RANKS + STACKS {
            self.taken.stacks &= !(1 << (on - RANKS));
        }
    }

    /// All of these have left. What stands on them has as well.
    pub(super) fn leave(&mut self, ranks: Ranks) {
        let left = self.moved & ranks;
        self.forget(left);
        self.taken.blockers &= !left;
    }

    /// These blockers stand on nothing, and in no stack.
    fn forget(&mut self, ranks: Ranks) {
        for blocker in each(ranks) {
            self.rise(blocker);
            self.placed[usize::from(self.slot[blocker])] &= !(1 << blocker);
        }
        self.moved &= !ranks;
        self.unplaced &= !ranks;
        self.rising &= !ranks;
    }

    /// These blockers are not considered any more. What stands on them must find something else.
    pub(super) fn free(&mut self, ranks: Ranks) {
        self.forget(ranks);
        for blocker in each(ranks & self.taken.blockers) {
            let above = usize::from(self.holds[blocker]);
            if self.moved >> above & 1 == 1 {
                self.on[above] = NONE;
                self.rising |= 1 << above;
            }
        }
        self.taken.blockers &= !ranks;
        for blocker in each(self.moved) {
            self.choices[blocker].blockers &= !ranks;
        }
    }

    /// The turn after which what was last above the group of this level in the stack had left: what is on this container may have been moved from then on.
    pub(super) fn free_since(&self, stack: usize, level: usize) -> u8 {
        let above = self.levels[stack] & ((1 << level) - 1);
        (RANKS as u32 - 1).saturating_sub(above.leading_zeros()) as u8
    }

    /// Another container that has been moved, from this stack, and must stand on one of these stacks or on others that were moved, of which
    /// those `before` leave no later than it.
    pub(super) fn stand(
        &mut self,
        rank: usize,
        origin: usize,
        stacks: u32,
        first: u8,
        before: Ranks,
        (since, by): (u8, u8),
    ) {
        let choices = Holders { blockers: self.moved >> first << first, stacks };
        for other in each(self.moved & before) {
            // One that was moved before stands on this one if this one was moved early: not where it came from above it, and only on
            // what could hold it as well without this one in between.
            let held = &mut self.choices[other];
            if (usize::from(self.origin[other]) != origin || origin == usize::from(NONE))
                && since <= self.moved_by[other]
                && (held.stacks & choices.stacks != 0 || held.blockers & self.moved & choices.blockers != 0)
            {
                held.blockers |= 1 << rank;
            }
        }
        self.choices[rank] = choices;
        self.origin[rank] = origin as u8;
        self.moved_by[rank] = by;
        self.since[rank] = since;
        self.on[rank] = NONE;
        self.moved |= 1 << rank;
        self.rising |= 1 << rank;
        self.unplaced |= 1 << rank;
    }

    /// All blockers have a slot in a stack that takes them, if others may change theirs: there are so many in each stack. Else gives one
    /// that has none, and the stacks that are full of what must be there.
    pub(super) fn place_all(&mut self, rooms: &[u32; STACKS]) -> Option<(usize, u32)> {
        while self.unplaced != 0 {
            let blocker = self.unplaced.trailing_zeros() as usize;
            let mut seen = 0;
            if !self.place(blocker, rooms, &mut seen) {
                return Some((blocker, seen));
            }
            self.unplaced &= self.unplaced - 1;
        }
        None
    }

    fn place(&mut self, blocker: usize, rooms: &[u32; STACKS], seen: &mut u32) -> bool {
        let choices = self.choices[blocker].stacks;
        let mut rest = choices & !*seen;
        while rest != 0 {
            let stack = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            if self.placed[stack].count_ones() < rooms[stack] {
                self.placed[stack] |= 1 << blocker;
                self.slot[blocker] = stack as u8;
                return true;
            }
        }
        loop {
            let left = choices & !*seen;
            if left == 0 {
                return false;
            }
            let stack = left.trailing_zeros() as usize;
            *seen |= 1 << stack;
            for other in each(self.placed[stack]) {
                if self.choices[other].stacks & !*seen != 0 && self.place(other, rooms, seen) {
                    self.placed[stack] ^= 1 << other | 1 << blocker;
                    self.slot[blocker] = stack as u8;
                    return true;
                }
            }
        }
    }
}
