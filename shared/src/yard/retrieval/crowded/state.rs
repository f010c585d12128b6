//! The blockers that were moved in the relaxed bay, and a matching of them to what they stand on.

use super::{FREED, HOLDERS, STACKS};

pub(super) const NONE: u8 = u8::MAX;

/// What a blocker can stand on: a stack, or a blocker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holder {
    /// Holders that it can stand on itself.
    pub(super) choices: u64,
    pub(super) group: u16,
    /// Stack that it comes from.
    pub(super) origin: u8,
    /// What it stands on.
    pub(super) on: u8,
    /// What stands on it.
    pub(super) holds: u8,
}

#[derive(Clone, Debug)]
pub(super) struct State {
    /// `[stack]`: index of the top cell.
    pub(super) tops: [u32; STACKS],
    /// Badly placed containers in their place.
    pub(super) left: u32,
    /// Holders so far: the stacks, then the blockers.
    pub(super) count: usize,
    /// Blockers that need something to stand on.
    pub(super) standing: u64,
    /// Holders that have not left.
    pub(super) present: u64,
    /// Holders that hold something.
    pub(super) taken: u64,
    pub(super) freed: [u32; FREED],
    pub(super) freed_count: usize,
    pub(super) holders: [Holder; HOLDERS],
}

impl State {
    /// Of no bay.
    pub(super) fn new() -> Self {
        let holder = Holder { choices: 0, group: 0, origin: 0, on: NONE, holds: NONE };
        Self {
            tops: [0; STACKS],
            left: 0,
            count: 0,
            standing: 0,
            present: 0,
            taken: 0,
            freed: [0; FREED],
            freed_count: 0,
            holders: [holder; HOLDERS],
        }
    }

    /// Takes over what the other one holds.
    pub(super) fn copy_from(&mut self, other: &Self, stacks: usize) {
        self.tops[..stacks].copy_from_slice(&other.tops[..stacks]);
        self.holders[stacks..other.count].copy_from_slice(&other.holders[stacks..other.count]);
        self.left = other.left;
        self.count = other.count;
        self.standing = other.standing;
        self.present = other.present;
        self.taken = other.taken;
        self.freed = other.freed;
        self.freed_count = other.freed_count;
        for stack in 0..stacks {
            self.holders[stack].holds = other.holders[stack].holds;
        }
    }

    /// Looks for something for the blocker to stand on, if others may change theirs. `seen` are holders that are of no use.
    pub(super) fn seat(&mut self, blocker: usize, seen: &mut u64) -> bool {
        let choices = self.holders[blocker].choices & self.present;
        let free = choices & !self.taken;
        if free != 0 {
            self.sit(blocker, free.trailing_zeros() as usize);
            return true;
        }
        loop {
            let left = choices & !*seen;
            if left == 0 {
                return false;
            }
            let holder = left.trailing_zeros() as usize;
            *seen |= 1 << holder;
            if self.seat(usize::from(self.holders[holder].holds), seen) {
                self.sit(blocker, holder);
                return true;
            }
        }
    }

    fn sit(&mut self, blocker: usize, holder: usize) {
        self.holders[blocker].on = holder as u8;
        self.holders[holder].holds = blocker as u8;
        self.taken |= 1 << holder;
    }

    /// The blocker stands on nothing any more.
    fn rise(&mut self, blocker: usize) {
        self.standing &= !(1 << blocker);
        let on = self.holders[blocker].on;
        if on != NONE {
            self.taken &= !(1 << on);
        }
    }

    /// The blocker is not considered any more. What stands on it must find something else.
    pub(super) fn free(&mut self, blocker: usize) {
        self.rise(blocker);
        self.present &= !(1 << blocker);
        if self.taken >> blocker & 1 == 1 {
            let above = usize::from(self.holders[blocker].holds);
            self.holders[above].on = NONE;
        }
    }

    /// All of these groups have left.
    pub(super) fn leave(&mut self, turn: u16) {
        let mut rest = self.standing;
        while rest != 0 {
            let blocker = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            if self.holders[blocker].group <= turn {
                self.rise(blocker);
                self.present &= !(1 << blocker);
            }
        }
    }

    /// Another container that has been moved, from this stack, and must stand on one of these stacks or on others that were moved. Gives
    /// its number as a holder, or nothing where there are too many to care for.
    pub(super) fn stand(&mut self, group: u16, origin: usize, stacks: usize, mut choices: u64) -> Option<usize> {
        if self.count == HOLDERS {
            return None;
        }
        let holder = self.count;
        let moved = self.present >> stacks << stacks;
        let mut rest = moved;
        while rest != 0 {
            let number = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            choices |= u64::from(self.holders[number].group >= group) << number;
        }
        let mut rest = moved;
        while rest != 0 {
            let other = &mut self.holders[rest.trailing_zeros() as usize];
            rest &= rest - 1;
            // One that was moved before stands on this one if this one was moved early: not where it came from above it, and only on
            // what could hold it as well without this one in between.
            if other.group <= group && usize::from(other.origin) != origin && other.choices & choices != 0 {
                other.choices |= 1 << holder;
            }
        }
        self.holders[holder] = Holder { choices, group, origin: origin as u8, on: NONE, holds: NONE };
        self.count += 1;
        self.present |= 1 << holder;
        self.standing |= 1 << holder;
        Some(holder)
    }
}
