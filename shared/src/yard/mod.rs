//! Container relocation and pre-marshalling.

pub mod layout;
