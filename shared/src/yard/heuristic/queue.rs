//! The states after one number of relocations that wait to be continued, in two orders.

use std::collections::BTreeMap;

/// States by rank and age, and the same by another rank. What one order has taken is gone from the other.
#[derive(Debug)]
pub(super) struct Queue<T> {
    waiting: BTreeMap<(u32, u32), (u32, T)>,
    other: BTreeMap<(u32, u32), u32>,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        Self { waiting: BTreeMap::new(), other: BTreeMap::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The rank of the last state in the first order.
    pub(super) fn worst(&self) -> Option<u32> {
        self.waiting.last_key_value().map(|(&(rank, _), _)| rank)
    }

    pub(super) fn push(&mut self, ranks: [u32; 2], age: u32, state: T) {
        self.waiting.insert((ranks[0], age), (ranks[1], state));
        self.other.insert((ranks[1], age), ranks[0]);
    }

    /// Takes the best state in one of the orders.
    pub(super) fn pop(&mut self, order: usize) -> Option<T> {
        if order == 0 {
            let ((_, age), (other, state)) = self.waiting.pop_first()?;
            self.other.remove(&(other, age));
            return Some(state);
        }
        let ((_, age), rank) = self.other.pop_first()?;
        self.waiting.remove(&(rank, age)).map(|(_, state)| state)
    }

    /// Drops the last state in the first order.
    pub(super) fn drop_worst(&mut self) -> Option<T> {
        let ((_, age), (other, state)) = self.waiting.pop_last()?;
        self.other.remove(&(other, age));
        Some(state)
    }
}
