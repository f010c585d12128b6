//! The relaxed bay, where a container that is moved is gone.
//!
//! Every badly placed container is relocated at least once. In the relaxed bay that is free where some other stack takes it without it
//! being in the way there, and a move that is not of this kind costs one **extra** relocation: of a badly placed container that stays
//! badly placed, or of a well placed one; two where a well placed one has no good place to go. The relaxed bay only ever gets emptier and
//! its stacks' levels rise, so free moves never do harm, and when no free move leads on the bay is *stuck*: the next extra relocation, in
//! every plan, takes one of its tops. The fewest extras over all choices of tops bound the extras of the bay from below.
//!
//! Jin and Tanaka (2023, doi:10.1016/j.ejor.2022.04.006) count one extra each time the bay is stuck and then take all tops away at once;
//! to branch on the top is stronger.

use super::bay::{Bay, Cell};
use crate::yard::layout::STAYS;

/// Scratch of the relaxed bay: one set of tops for each extra that is tried.
#[derive(Debug, Default)]
pub(super) struct Relaxed {
    /// `[extras used][stack]`: index of the top cell.
    tops: Vec<u32>,
    stacks: usize,
    /// Tops that may still be tried.
    tries: u32,
    /// Stacks looked at so far.
    pub(super) work: u64,
    /// Stacks looked at when it is time to give up.
    work_limit: u64,
}

/// Tops that are tried for one bay. Where that is not enough the bay is let pass: it takes many extras for that to happen, and then the bound
/// tells little.
const TRIES: u32 = 2_000;

/// Stacks looked at for one bay, after which it is let pass as well: about a millisecond.
const WORK: u64 = 1 << 19;

/// The two highest levels of stacks that take another container.
#[derive(Clone, Copy)]
struct Levels {
    /// Stack with the lowest level: the one with the next to leave on its ground side.
    turn: usize,
    lowest: u16,
    best: usize,
    highest: u16,
    second: u16,
}

impl Levels {
    fn beside(&self, stack: usize) -> u16 {
        if stack == self.best { self.second } else { self.highest }
    }
}

impl Relaxed {
    /// The fewest extra relocations that the relaxed bay needs, or `limit + 1` where it needs more than `limit`.
    pub(super) fn extras(&mut self, bay: &Bay, limit: u32) -> u32 {
        self.start(bay, limit);
        (0..=limit).find(|&allowed| self.enough(bay, 0, allowed)).unwrap_or(limit + 1)
    }

    /// Whether so many extra relocations are enough for the relaxed bay, once the top of `without` is gone.
    pub(super) fn are_enough(&mut self, bay: &Bay, extras: u32, without: Option<usize>) -> bool {
        self.start(bay, extras);
        if let Some(stack) = without {
            self.tops[stack] -= 1;
        }
        self.enough(bay, 0, extras)
    }

    fn start(&mut self, bay: &Bay, limit: u32) {
        self.stacks = bay.stacks();
        self.tries = TRIES;
        self.work_limit = self.work + WORK;
        let size = self.stacks * (limit as usize + 1);
        if self.tops.len() < size {
            self.tops.resize(size, 0);
        }
        self.tops[..self.stacks].copy_from_slice(&bay.tops);
    }

    fn levels(&self, bay: &Bay, row: usize) -> Levels {
        let tops = &self.tops[row * self.stacks..][..self.stacks];
        let mut levels = Levels { turn: 0, lowest: STAYS, best: usize::MAX, highest: 0, second: 0 };
        for (stack, &top) in tops.iter().enumerate() {
            let cell = bay.cells[top as usize];
            if cell.low < levels.lowest {
                levels.lowest = cell.low;
                levels.turn = stack;
            }
            // A full stack takes something as soon as a badly placed container has left it.
            if top < bay.limits[stack] || cell.is_bad() {
                if cell.low > levels.highest || levels.best == usize::MAX {
                    levels.second = if levels.best == usize::MAX { 0 } else { levels.highest };
                    levels.highest = cell.low;
                    levels.best = stack;
                } else {
                    levels.second = levels.second.max(cell.low);
                }
            }
        }
        levels
    }

    /// Works on the tops in this row; rows after it are for tries.
    fn enough(&mut self, bay: &Bay, row: usize, extras: u32) -> bool {
        let first = row * self.stacks;
        loop {
            let levels = self.levels(bay, row);
            self.work += self.stacks as u64;
            if levels.lowest == STAYS || levels.highest == STAYS {
                return true;
            }
            // Of stacks that hold the group whose turn it is, any may go first.
            let mut blocker = STAYS;
            let mut left = false;
            for stack in levels.turn..self.stacks {
                if bay.cells[self.tops[first + stack] as usize].low == levels.lowest {
                    match self.dig(bay, first, stack, &levels) {
                        None => {
                            left = true;
                            break;
                        }
                        Some(cell) => blocker = blocker.min(cell.group),
                    }
                }
            }
            if !left {
                return extras > 0 && self.try_tops(bay, row, extras, &levels, blocker);
            }
        }
    }

    /// Takes containers off the stack until all of the group whose turn it is have left it: nothing is given. Or until one is in the
    /// way that no other stack takes: this is given.
    fn dig(&mut self, bay: &Bay, first: usize, stack: usize, levels: &Levels) -> Option<Cell> {
        let beside = levels.beside(stack);
        let mut top = self.tops[first + stack] as usize;
        while bay.cells[top].low == levels.lowest {
            let cell = bay.cells[top];
            if cell.group > levels.lowest && cell.group > beside {
                self.tops[first + stack] = top as u32;
                return Some(cell);
            }
            top -= 1;
        }
        self.tops[first + stack] = top as u32;
        None
    }

    /// Whether it is enough to take away some top, which is an extra relocation.
    fn try_tops(&mut self, bay: &Bay, row: usize, extras: u32, levels: &Levels, blocker: u16) -> bool {
        let (first, next) = (row * self.stacks, (row + 1) * self.stacks);
        for stack in 0..self.stacks {
            let beside = levels.beside(stack);
            let mut top = self.tops[first + stack] as usize;
            while bay.cells[top].is_bad() && bay.cells[top].group <= beside {
                top -= 1;
            }
            let cell = bay.cells[top];
            if top == bay.grounds[stack] as usize {
                continue;
            }
            let cost = if cell.is_bad() || cell.group <= beside { 1 } else { 2 };
            if cost > extras {
                continue;
            }
            if self.tries == 0 || self.work > self.work_limit {
                return true;
            }
            self.tries -= 1;
            if extras == cost && cell.low > levels.lowest {
                // The last try must free the way for what is stuck.
                if bay.cells[top - 1].low < blocker {
                    continue;
                }
            }
            self.tops.copy_within(first..next, next);
            self.tops[next + stack] = top as u32 - 1;
            if self.enough(bay, row + 1, extras - cost) {
                return true;
            }
        }
        false
    }
}
