//! Proven optima for retrieval: the fewest relocations with which everything leaves.

mod bay;
mod blockers;
mod crowded;
mod relaxed;
mod room;
mod search;
mod table;
#[cfg(test)]
mod tests;

pub use search::{End, Proof, prove, root_bound};
