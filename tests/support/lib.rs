//! What the tests share: a problem whose solver does as it is told, and a server on a free port.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)] // a broken test helper is a failed test

pub mod fake;
pub mod server_at;
