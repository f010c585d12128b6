//! API keys. A file holds the SHA-256 of each key beside its tenant, never the key itself; keys carry 256 random bits,
//! so that a fast hash is enough.
//!
//! One JSON object a line; empty lines and lines that begin with `#` are left out:
//! ```text
//! {"tenant":"acme","sha256":"9f86d0…","name":"nightly planner"}
//! ```

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::plans::fingerprint::hex;
use crate::plans::record::Tenant;

/// What keys begin with, so that scanners for leaked secrets can know them.
pub const PREFIX: &str = "ptl_";
const TENANT_CHARS: usize = 64;

/// Why a key file is not used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It cannot be read.
    #[error("the key file {} cannot be read: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line of it is no key.
    #[error("{}:{line}: {cause}", .path.display())]
    BadLine {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong.
        cause: String,
    },
    /// It holds no key.
    #[error("{} holds no key; make one with `portolan key new TENANT`", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The system gives no random bytes.
    #[error("no random bytes: {0}")]
    NoRandom(String),
    /// Not a name for a tenant.
    #[error("{0:?} is no name for a tenant: give 1 to 64 letters, digits, '-', '_' or '.'")]
    BadTenant(String),
}

/// A line of the key file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Whose key it is.
    pub tenant: String,
    /// SHA-256 of the key, 64 hexadecimal digits.
    pub sha256: String,
    /// What the key is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A key and the line that admits it.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The key: shown once, kept nowhere.
    pub secret: String,
    /// The line for the key file.
    pub entry: Entry,
}

/// Makes a key for a tenant.
pub fn generate(tenant: &str, name: Option<String>) -> Result<NewKey, KeyError> {
    check_tenant(tenant)?;
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| KeyError::NoRandom(error.to_string()))?;
    let secret = format!("{PREFIX}{}", hex(&bytes));
    let entry = Entry { tenant: tenant.to_owned(), sha256: hex(&hash(&secret)), name };
    Ok(NewKey { secret, entry })
}

/// SHA-256 of a key.
pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// The keys that are admitted.
#[derive(Clone)]
pub struct KeyRing {
    keys: Vec<(Tenant, [u8; 32])>,
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyRing of {}", self.keys.len())
    }
}

impl KeyRing {
    /// Reads a key file.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| KeyError::Unreadable { path: path.to_owned(), source })?;
        let mut keys = Vec::new();
        for (number, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key = parse(line);
            keys.push(key.map_err(|cause| KeyError::BadLine { path: path.to_owned(), line: number + 1, cause })?);
        }
        if keys.is_empty() {
            return Err(KeyError::Empty { path: path.to_owned() });
        }
        Ok(Self { keys })
    }

    /// Whose key this is. Takes the same time whichever key it is, and when it is none.
    pub fn tenant(&self, secret: &str) -> Option<&Tenant> {
        let hash = hash(secret);
        let mut found = None;
        for (tenant, known) in &self.keys {
            let same: Choice = known.ct_eq(&hash);
            if bool::from(same) {
                found = Some(tenant);
            }
        }
        found
    }
}

fn parse(line: &str) -> Result<(Tenant, [u8; 32]), String> {
    let entry: Entry = serde_json::from_str(line).map_err(|error| error.to_string())?;
    check_tenant(&entry.tenant).map_err(|error| error.to_string())?;
    let digits = entry.sha256.as_bytes();
    let mut hash = [0; 32];
    let wrong = || "sha256 is not 64 hexadecimal digits".to_owned();
    if digits.len() != 64 {
        return Err(wrong());
    }
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16).ok_or_else(wrong);
        *byte = (digit(0)? * 16 + digit(1)?) as u8;
    }
    Ok((Tenant::new(&entry.tenant), hash))
}

fn check_tenant(name: &str) -> Result<(), KeyError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.len() > TENANT_CHARS || !name.chars().all(fits) {
        return Err(KeyError::BadTenant(name.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(text: &str) -> Result<KeyRing, KeyError> {
        let name = format!("portolan-keys-{}-{}", std::process::id(), hex(&hash(text)));
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).expect("a file can be written");
        let ring = KeyRing::read(&path);
        std::fs::remove_file(&path).expect("the file is ours");
        ring
    }

    #[test]
    fn a_new_key_opens_for_its_tenant_only() {
        let key = generate("acme", Some("nightly".to_owned())).expect("random bytes");
        let other = generate("acme", None).expect("random bytes");
        assert_ne!(key.secret, other.secret);
        let line = serde_json::to_string(&key.entry).expect("an entry is JSON");
        assert!(!line.contains(&key.secret));
        let ring = ring(&format!("# keys\n\n{line}\n")).expect("that is a key file");
        assert_eq!(ring.tenant(&key.secret).map(Tenant::name), Some("acme"));
        assert_eq!(ring.tenant(&other.secret), None);
        assert_eq!(ring.tenant(""), None);
    }

    #[test]
    fn what_is_wrong_with_a_key_file_is_said_by_line() {
        let said = |text: &str| ring(text).expect_err("that is no key file").to_string();
        assert!(said("# nothing\n").contains("holds no key"));
        assert!(said("\n{\"tenant\":\"a\",\"sha256\":\"12\"}").contains(":2: sha256"));
        assert!(said("{\"tenant\":\"a b\",\"sha256\":\"12\"}").contains(":1: \"a b\""));
    }
}
