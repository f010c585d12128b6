//! Container relocation and pre-marshalling.

pub mod layout;
pub mod rules;
pub mod retrieval;
