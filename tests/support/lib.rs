//! What the tests share: a problem whose solver does as it is told, and a server on a free port.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)] // a broken test helper is a failed test

pub mod aws;
pub mod fake;
pub mod memory;
pub mod proxy;
pub mod redis;
pub mod server_at;
pub mod yard;

/// The root of the repository.
pub fn repository() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
