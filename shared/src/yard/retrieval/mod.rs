//! Proven optima for retrieval: the fewest relocations with which everything leaves.

mod bay;
mod blockers;
#[allow(clippy::similar_names, reason = "a state that is stuck, and how")]
mod crowded;
mod relaxed;
mod search;
mod table;
#[cfg(test)]
mod tests;

pub(super) use search::{Prover, root_bound};
