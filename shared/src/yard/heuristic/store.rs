//! States that wait, in memory that is given back at once: the search must end in time, and freeing them one by one takes tens of
//! milliseconds.

use crate::yard::heuristic::bay::{Bay, Shape};
use crate::yard::rules::Placement;

/// States of one block of memory.
const BLOCK: usize = 256;

/// Places of one size: a state is its stacks' heights, then the kinds from the ground up.
#[derive(Debug)]
pub(super) struct Store {
    size: usize,
    blocks: Vec<Vec<u16>>,
    free: Vec<u32>,
}

impl Store {
    /// A store for states of so many stacks with no more than so many containers.
    pub(super) fn new(stacks: usize, containers: usize) -> Self {
        Self { size: stacks + containers, blocks: Vec::new(), free: Vec::new() }
    }

    /// Keeps a state.
    pub(super) fn put<P>(&mut self, shape: &Shape<'_, P>, bay: &Bay) -> u32 {
        if self.free.is_empty() {
            let first = (self.blocks.len() * BLOCK) as u32;
            self.free.extend((first..first + BLOCK as u32).rev());
            self.blocks.push(vec![0; self.size * BLOCK]);
        }
        let place = self.free.pop().unwrap_or(0);
        let first = place as usize % BLOCK * self.size;
        bay.pack(shape, &mut self.blocks[place as usize / BLOCK][first..first + self.size]);
        place
    }

    /// Writes a state into the bay. Its place is free then.
    pub(super) fn take<P: Placement>(&mut self, shape: &Shape<'_, P>, place: u32, bay: &mut Bay) {
        let first = place as usize % BLOCK * self.size;
        bay.unpack(shape, &self.blocks[place as usize / BLOCK][first..first + self.size]);
        self.free.push(place);
    }

    /// Frees the place of a state.
    pub(super) fn drop(&mut self, place: u32) {
        self.free.push(place);
    }
}
