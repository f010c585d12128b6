//! Container relocation and pre-marshalling.

pub mod heuristic;
pub mod layout;
pub mod rules;
