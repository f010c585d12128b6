//! Container relocation and pre-marshalling.

pub mod layout;
pub mod premarshal;
pub mod rules;
