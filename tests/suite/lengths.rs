//! Files that grow too long hold two ideas. (Functions are watched by clippy's `too_many_lines`.)

use std::path::{Path, PathBuf};

use portolan_tests::repository;

const MOST_LINES: usize = 520;

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let name = entry.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if entry.is_dir() && name != "target" && name != "node_modules" && !name.starts_with('.') {
            rust_files(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
}

#[test]
fn no_source_file_is_too_long() {
    let mut files = Vec::new();
    for folder in ["shared", "functions", "tests"] {
        rust_files(&repository().join(folder), &mut files);
    }
    assert!(files.len() > 20, "the walk found nothing");
    let lines = |path: &PathBuf| std::fs::read_to_string(path).expect("UTF-8").lines().count();
    let long: Vec<String> = files
        .iter()
        .filter(|path| lines(path) > MOST_LINES)
        .map(|path| format!("{}: {} lines", path.display(), lines(path)))
        .collect();
    assert!(long.is_empty(), "split these:\n{}", long.join("\n"));
}
