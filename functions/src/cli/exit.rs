//! How a command may end, and the exit code of each way.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use portolan::{Issue, Violation};

use crate::ports::StoreError;
use crate::serve::ServeError;

pub(super) const OK: u8 = 0;
pub(super) const BUG: u8 = 1;
pub(super) const USAGE: u8 = 2;
pub(super) const INVALID: u8 = 3;
pub(super) const LEFT_OUT: u8 = 4;
pub(super) const REFUTED: u8 = 5;
pub(super) const REFUSED: u8 = 6;
/// What a shell reports for a program that Ctrl-C ended.
pub(super) const INTERRUPTED: u8 = 130;

pub(super) const HELP: &str = "\
Exit codes:
  0    done: a plan was found (whatever its gap), an answer was confirmed
  1    a bug in Portolan: it panicked, or its own check refused its plan
  2    wrong usage, a file that cannot be read or written, or an address or data folder that is taken
  3    the document is no valid problem or answer; every issue is on standard error
  4    a plan was found, but it leaves calls out (only with --require-all)
  5    `verify` found that the answer claims what is not true
  6    the terminal does not allow it: the container is elsewhere, the stack is full, a rule forbids it
  130  Ctrl-C, twice; after the first one `solve` prints the best plan so far and ends with 0";

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Something went wrong that must not.
    #[error("{0}; this is a bug in Portolan, please report it with the input")]
    Bug(String),
    /// The arguments do not make sense.
    #[error("{0}")]
    Usage(String),
    /// A file cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}", .path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The document is not valid.
    #[error("{} is not valid: {} issue{}", .name, .issues.len(), if .issues.len() == 1 { "" } else { "s" })]
    Invalid {
        /// Which document.
        name: String,
        /// All that is wrong with it.
        issues: Vec<Issue>,
    },
    /// The plan was printed, and it leaves calls or containers out.
    #[error("the plan leaves {0} out")]
    LeftOut(u64),
    /// The answer claims what is not true.
    #[error("not confirmed: {} of the claims {} wrong", .0.len(), if .0.len() == 1 { "is" } else { "are" })]
    Refuted(Vec<Violation>),
    /// The terminal does not allow it.
    #[error("{0}")]
    Refused(String),
    /// The data folder fails.
    #[error("{0}")]
    Store(#[source] StoreError),
    /// The server cannot start, or had to stop.
    #[error("{0}")]
    NotServing(#[source] Box<ServeError>),
    /// Nobody reads the output any more.
    #[error("the output was closed")]
    Closed,
}

impl Failure {
    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Self::Bug(_) => BUG,
            Self::Usage(_)
            | Self::NotServing(_)
            | Self::Store(_)
            | Self::Unreadable { .. }
            | Self::Unwritable { .. } => USAGE,
            Self::Invalid { .. } => INVALID,
            Self::LeftOut(_) => LEFT_OUT,
            Self::Refuted(_) => REFUTED,
            Self::Refused(_) => REFUSED,
            Self::Closed => OK,
        }
    }

    /// Says on standard error what happened, and ends with the exit code.
    pub(super) fn report(&self) -> ExitCode {
        let mut lines = Vec::new();
        if !matches!(self, Self::Closed) {
            lines.push(format!("portolan: {self}"));
        }
        match self {
            Self::Invalid { issues, .. } => lines.extend(issues.iter().map(printable)),
            Self::Refuted(violations) => lines.extend(violations.iter().map(printable)),
            _ => {}
        }
        let mut stderr = std::io::stderr().lock();
        for line in lines {
            // There is nowhere left to report that standard error is closed.
            let _ = writeln!(stderr, "{line}");
        }
        ExitCode::from(self.code())
    }
}

/// On one line, without characters that would steer the terminal: causes quote what callers wrote.
fn printable(what: impl std::fmt::Display) -> String {
    what.to_string().chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}
