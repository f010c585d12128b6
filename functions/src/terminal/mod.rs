//! The state of terminals: what stands where, what happened, who calls, which equipment is awake.
//!
//! ```text
//! change ──> decide (pure: what is stored + what is asked = events, or a refusal) ──> store (one transaction)
//! ```
//!
//! A terminal is a row of **events**, numbered from 1 without a gap. Each names one record (the terminal itself, a container, a call, a
//! piece of equipment, how far a plan is carried out) and holds it before and after. Records are what the events add up to, and are written with
//! them in one transaction; so a snapshot of the past is today's records with the later events taken back, and replaying all
//! events gives the records again. The number of the last event is the terminal's **version**.
//!
//! Reading order: [`layout`], [`container`], [`call`], [`equipment`] are the data; [`event`] is what can be asked and what comes of it;
//! [`decide`] holds every rule, [`execution`] those of a plan's steps; [`port`] is what a store keeps, and [`keys`] where, in a table that is
//! split by keys; [`service`] puts them together. [`planning`] makes problems from what is stored,
//! [`picture`] draws it.

pub mod call;
pub mod container;
pub mod decide;
pub mod equipment;
pub mod event;
pub mod execution;
pub mod keys;
pub mod layout;
pub mod load;
pub mod picture;
pub mod planning;
pub mod port;
pub mod service;

use portolan::Issue;
use portolan::issue::Issues;

pub use service::Terminals;

/// Characters of a name at most.
pub const MAX_ID: usize = 64;

/// Checks a name that stands in addresses and keys: letters, digits, `-`, `_` and `.`.
pub fn check_id(issues: &mut Issues, path: &str, id: &str) {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if id.is_empty() || id.len() > MAX_ID || !id.chars().all(fits) {
        let action = format!("give 1 to {MAX_ID} letters, digits, '-', '_' or '.'");
        issues.push(Issue::new("bad_id", path, format!("{:?} is no id", shortened(id)), action));
    }
}

/// Checks a text for people: not empty, not long, nothing that steers a terminal.
pub(crate) fn check_text(issues: &mut Issues, path: &str, text: &str) {
    if text.trim().is_empty() || text.chars().count() > 128 || text.chars().any(char::is_control) {
        issues.push(Issue::new(
            "bad_text",
            path,
            "the text is empty, too long or not printable",
            "give 1 to 128 printable characters",
        ));
    }
}

/// Checks a number.
pub(crate) fn check_range(issues: &mut Issues, path: &str, value: f64, least: f64, most: f64) {
    if !(least..=most).contains(&value) {
        let (cause, action) = (format!("the number is {value}"), format!("give a number from {least} to {most}"));
        issues.push(Issue::new("number_out_of_range", path, cause, action));
    }
}

/// The beginning of what a caller wrote, to be quoted.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(MAX_ID).collect()
}
