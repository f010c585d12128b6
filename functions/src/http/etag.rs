//! Entity tags: a plan's epoch and version, and which view of it they tag. `"2.17"`, `"2.17-svg"`.

use axum::http::{HeaderMap, header};

use super::negotiate::values;
use super::problem::{Code, Trouble};
use crate::plans::record::Head;

/// The tag of a view of a plan.
pub(super) fn tag(head: &Head, view: &str) -> String {
    let dash = if view.is_empty() { "" } else { "-" };
    format!("\"{}.{}{dash}{view}\"", head.state.epoch, head.version)
}

/// Whether the caller has this view already.
pub(super) fn none_match(headers: &HeaderMap, tag: &str) -> bool {
    tags(headers, &header::IF_NONE_MATCH).any(|have| have == "*" || have.trim_start_matches("W/") == tag)
}

/// The versions that the caller allows, from `If-Match`.
pub(super) struct Expected(Option<Vec<String>>);

impl Expected {
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let tags: Vec<String> = tags(headers, &header::IF_MATCH).map(str::to_owned).collect();
        Self((headers.contains_key(header::IF_MATCH)).then_some(tags))
    }

    /// Whether a plan is one of them, in any view.
    pub(super) fn allows(&self, head: &Head) -> bool {
        let is = |tag: &str| {
            let bare = tag.trim_matches('"');
            let version = bare.split('-').next().unwrap_or_default();
            tag == "*" || version == self::tag(head, "").trim_matches('"')
        };
        self.0.as_ref().is_none_or(|tags| tags.iter().any(|tag| is(tag)))
    }

    /// What to say where it is none of them.
    pub(super) fn failed() -> Trouble {
        Trouble::new(Code::PreconditionFailed, "the plan is no longer the one that If-Match names; read it again")
    }
}

fn tags<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> impl Iterator<Item = &'a str> {
    values(headers, name).flat_map(|field| field.split(',')).map(str::trim)
}
