//! A bound for restricted retrieval: the blockers of each target, placed as well as they can be.
//!
//! When a target's turn comes, the containers above it are relocated in a fixed order, from the top. One that goes where it is in the way
//! will be relocated once more: an **extra**. Blockers that are placed well in one stack lie on each other in falling order, so the
//! fewest extras of a target leave the most blockers in chains below the other stacks' levels. The blockers of earlier targets count as
//! gone (Tanaka and Takii 2016, doi:10.1109/TASE.2015.2434417: their fourth bound).

use super::bay::Bay;
use crate::yard::layout::STAYS;

/// Tries for one target, after which what is proven so far has to do. Never met on published instances.
const TRIES: u32 = 4000;

/// Scratch of the bound.
#[derive(Debug, Default)]
pub(super) struct Blockers {
    tops: Vec<u32>,
    /// Groups of the blockers of one target, in the order in which they are relocated.
    blockers: Vec<u16>,
    /// Levels of the other stacks, rising.
    levels: Vec<u16>,
    tries: u32,
}

impl Blockers {
    /// The fewest extra relocations, or `limit + 1` where more than `limit` are needed.
    pub(super) fn extras(&mut self, bay: &Bay, limit: u32) -> u32 {
        self.tops.clear();
        self.tops.extend_from_slice(&bay.tops);
        let mut left = bay.bad;
        let mut extras = 0;
        while left > 0 && extras <= limit {
            let turn = self.tops.iter().map(|&top| bay.cells[top as usize].low).min().unwrap_or(STAYS);
            if turn == STAYS {
                break;
            }
            for stack in 0..bay.stacks() {
                if bay.cells[self.tops[stack] as usize].low == turn {
                    extras += self.target(bay, stack, turn, limit - extras.min(limit));
                    left -= self.blockers.len() as u32;
                }
            }
            for top in &mut self.tops {
                while bay.cells[*top as usize].low == turn {
                    *top -= 1;
                }
            }
        }
        extras.min(limit + 1)
    }

    /// Extras of the blockers above the group in this stack; no other stack of the group has been touched.
    fn target(&mut self, bay: &Bay, stack: usize, turn: u16, limit: u32) -> u32 {
        self.blockers.clear();
        let mut top = self.tops[stack] as usize;
        let mut least = STAYS;
        while bay.cells[top].low == turn {
            let group = bay.cells[top].group;
            if group > turn {
                self.blockers.push(group);
                least = least.min(group);
            }
            top -= 1;
        }
        if self.blockers.is_empty() {
            return 0;
        }
        self.levels.clear();
        for other in (0..bay.stacks()).filter(|&other| other != stack) {
            let mut top = self.tops[other];
            let mut room = top < bay.limits[other];
            // The other stacks of the group may go first.
            while bay.cells[top as usize].low == turn {
                top -= 1;
                room = true;
            }
            let level = bay.cells[top as usize].low;
            if room && level >= least {
                self.levels.push(level);
            }
        }
        self.levels.sort_unstable();
        let spare = self.levels.len().saturating_sub(self.blockers.len());
        self.levels.drain(..spare);
        self.tries = TRIES;
        (0..=limit).find(|&extras| self.fits(0, extras)).unwrap_or(limit + 1)
    }

    /// Whether the blockers from this one on can be placed with so many of them in the way.
    fn fits(&mut self, from: usize, extras: u32) -> bool {
        let Some(&group) = self.blockers.get(from) else { return true };
        if self.tries == 0 {
            return true;
        }
        self.tries -= 1;
        // The lowest level that is high enough: any other leaves less for those that follow.
        let slot = self.levels.partition_point(|&level| level < group);
        if slot < self.levels.len() {
            let level = self.levels[slot];
            let place = self.levels[..slot].partition_point(|&level| level < group);
            self.levels.copy_within(place..slot, place + 1);
            self.levels[place] = group;
            let fits = self.fits(from + 1, extras);
            self.levels.copy_within(place + 1..=slot, place);
            self.levels[slot] = level;
            if fits {
                return true;
            }
        }
        extras > 0 && self.fits(from + 1, extras - 1)
    }
}
