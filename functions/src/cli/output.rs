//! Writes answers to standard output or to a file.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use super::exit::Failure;

/// Where an answer goes.
pub(super) enum Output {
    Standard,
    File(PathBuf),
}

impl Output {
    /// Makes sure, before any work is done, that the file can be written; what is in it stays until there is an
    /// answer.
    pub(super) fn open(path: Option<PathBuf>) -> Result<Self, Failure> {
        let Some(path) = path.filter(|path| path.as_os_str() != "-") else { return Ok(Self::Standard) };
        match OpenOptions::new().write(true).create(true).truncate(false).open(&path) {
            Ok(_) => Ok(Self::File(path)),
            Err(source) => Err(Failure::Unwritable { path, source }),
        }
    }

    /// Writes the whole text.
    pub(super) fn write(&self, text: &str) -> Result<(), Failure> {
        match self {
            Self::Standard => print(text),
            Self::File(path) => File::create(path)
                .and_then(|mut file| file.write_all(text.as_bytes()))
                .map_err(|source| Failure::Unwritable { path: path.clone(), source }),
        }
    }
}

/// Writes to standard output; a reader that has gone away is told as [`Failure::Closed`].
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(|source| match source.kind() {
        ErrorKind::BrokenPipe => Failure::Closed,
        _ => Failure::Unwritable { path: PathBuf::from("standard output"), source },
    })
}

/// JSON on one line.
pub(super) fn json<T: serde::Serialize>(value: &T) -> Result<String, Failure> {
    match serde_json::to_string(value) {
        Ok(text) => Ok(text + "\n"),
        Err(error) => Err(Failure::Bug(format!("an answer could not be written as JSON: {error}"))),
    }
}
