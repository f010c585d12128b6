//! Lists by page: how many are asked for, and where the next ones are.

use axum::http::{HeaderName, HeaderValue, header};

use super::problem::{Code, Trouble};

/// Reads the parameter `limit`.
pub(super) fn limit(value: &str, most: usize) -> Result<usize, Trouble> {
    let limit = value.parse().ok().filter(|limit| (1..=most).contains(limit));
    limit.ok_or_else(|| bad(format!("limit is a number from 1 to {most}")))
}

/// The address of the next page, as a header field.
pub(super) fn link(next: Option<&String>) -> Option<(HeaderName, HeaderValue)> {
    let link = HeaderValue::from_str(&format!("<{}>; rel=\"next\"", next?)).ok()?;
    Some((header::LINK, link))
}

/// A query that is not understood.
pub(super) fn bad(detail: impl Into<String>) -> Trouble {
    Trouble::new(Code::BadRequest, detail)
}
