//! Reads documents, never more of one than may be read.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use portolan::Issue;
use portolan::limits::MAX_DOCUMENT_BYTES;

use super::exit::Failure;

/// Reads a file, or standard input for `-`.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let unreadable = |source| Failure::Unreadable { path: path.to_owned(), source };
    let mut document = Vec::new();
    let limit = MAX_DOCUMENT_BYTES as u64 + 1;
    if is_standard_input(path) {
        std::io::stdin().lock().take(limit).read_to_end(&mut document).map_err(unreadable)?;
    } else {
        let file = File::open(path).map_err(unreadable)?;
        if file.metadata().map_err(unreadable)?.is_dir() {
            let source = std::io::Error::new(std::io::ErrorKind::IsADirectory, "it is a folder");
            return Err(unreadable(source));
        }
        file.take(limit).read_to_end(&mut document).map_err(unreadable)?;
    }
    let issue = if document.len() > MAX_DOCUMENT_BYTES {
        Issue::new(
            "document_too_large",
            "",
            format!("the document has more than {MAX_DOCUMENT_BYTES} bytes"),
            "split the horizon, or leave out what is not needed",
        )
    } else if document.iter().all(u8::is_ascii_whitespace) {
        Issue::new("document_empty", "", "the document is empty", "give a problem as JSON or in a benchmark's form")
    } else {
        return Ok(document);
    };
    Err(Failure::Invalid { name: name(path), issues: vec![issue] })
}

fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

/// What a document is called in messages.
pub(super) fn name(path: &Path) -> String {
    if is_standard_input(path) { "standard input".to_owned() } else { path.display().to_string() }
}

/// The files a path stands for: itself, or the problems in a folder, by name.
pub(super) fn files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = |source| Failure::Unreadable { path: path.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let is_problem = file.extension().is_some_and(|extension| {
            ["txt", "csv", "bay", "crb", "crt", "json"].iter().any(|known| extension == *known)
        });
        // Best known values lie beside the problems.
        let is_problem = is_problem && file.file_name().is_none_or(|name| name != "best_known.csv");
        if is_problem && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Failure::Usage(format!("{} holds no .txt, .csv, .bay, .crb, .crt or .json file", path.display())));
    }
    Ok(files)
}

/// The name of a file without folder and extension.
pub(super) fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| name(path), |stem| stem.to_string_lossy().into_owned())
}
