//! What makes two requests the same.

use std::fmt::Write as _;

use portolan::Options;
use sha2::{Digest, Sha256};

use crate::terminal::planning::Origin;

/// SHA-256, as hexadecimal digits, of everything that decides the answer: the problem, the version of its solver, the
/// canonical request and the options that steer the search. Time limit and target gap are left out: they say how good an
/// answer must be, and [`super::quality`] compares that with what is known.
pub fn of(problem: &str, version: u32, canonical: &[u8], options: &Options) -> String {
    let mut hash = Sha256::new();
    // Lengths in front, so that no two different requests run together to the same bytes.
    hash.update((problem.len() as u64).to_be_bytes());
    hash.update(problem);
    hash.update(version.to_be_bytes());
    hash.update(options.seed.unwrap_or(1).to_be_bytes());
    hash.update(options.work_limit.unwrap_or(0).to_be_bytes());
    hash.update((options.threads.unwrap_or(1) as u64).to_be_bytes());
    hash.update(canonical);
    hex(&hash.finalize())
}

/// The same for a request that was made from a terminal.
pub fn from_terminal(print: &str, origin: &Origin) -> String {
    // Plain data always serialises.
    digest(&[print.as_bytes(), &serde_json::to_vec(origin).unwrap_or_default()])
}

/// SHA-256 of some parts, as hexadecimal digits.
pub fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex(&hash.finalize())
}

/// Two digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_decides_the_answer_changes_it_and_nothing_else_does() {
        let plain = Options::default();
        let base = of("berth", 1, b"{}", &plain);
        assert_eq!(base.len(), 64);
        let spelled_out =
            Options { seed: Some(1), threads: Some(1), time_limit_ms: Some(5), gap: Some(0.5), ..plain.clone() };
        assert_eq!(base, of("berth", 1, b"{}", &spelled_out));
        for other in [
            of("yard", 1, b"{}", &plain),
            of("berth", 2, b"{}", &plain),
            of("berth", 1, b"{ }", &plain),
            of("berth", 1, b"{}", &Options { seed: Some(2), ..plain.clone() }),
            of("berth", 1, b"{}", &Options { work_limit: Some(9), ..plain.clone() }),
        ] {
            assert_ne!(base, other);
        }
    }
}
