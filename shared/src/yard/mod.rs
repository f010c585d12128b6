//! Container relocation and pre-marshalling.

pub mod layout;
pub mod retrieval;
pub mod rules;
