//! Quotas as the IETF draft on `RateLimit` header fields writes them (draft-ietf-httpapi-ratelimit-headers).

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::problem::{Code, Trouble};
use crate::guard::quota::{Quota, Standing, What};

const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub(super) const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Says how much is left: `"requests";r=99;t=1`, where `t` is the time in seconds until there is more.
pub(super) fn mark(headers: &mut HeaderMap, standing: &Standing) {
    let (name, left, next) = (standing.what.name(), standing.remaining, seconds(standing.next));
    if let Ok(value) = HeaderValue::try_from(format!("\"{name}\";r={left};t={next}")) {
        headers.insert(LIMIT, value);
    }
}

/// The refusal of a request that is one too many.
pub(super) fn exceeded(quota: &Quota, standing: &Standing) -> Trouble {
    let (what, wait) = (standing.what.name(), seconds(standing.next).max(1));
    let allowed = quota.of(standing.what).map_or(0, |(allowed, _)| allowed);
    let span = if standing.what == What::Solve { "in any minute" } else { "a second" };
    let mut fields = HeaderMap::new();
    mark(&mut fields, standing);
    let trouble = Trouble::new(Code::QuotaExceeded, format!("this tenant may have {allowed} {what} {span}"))
        .with(header::RETRY_AFTER, wait);
    fields.remove(LIMIT).into_iter().fold(trouble, |trouble, value| trouble.with(LIMIT, value))
}

/// What is allowed: `"requests";q=100;w=1, "solves";q=100;w=60`.
pub(super) fn policy(quota: &Quota) -> Option<HeaderValue> {
    let one = |what: What| {
        quota.of(what).map(|(allowed, span)| format!("\"{}\";q={allowed};w={}", what.name(), span.as_secs()))
    };
    let all: Vec<String> = [What::Request, What::Solve].into_iter().filter_map(one).collect();
    (!all.is_empty()).then(|| HeaderValue::try_from(all.join(", ")).ok()).flatten()
}

fn seconds(time: Duration) -> u64 {
    time.as_millis().div_ceil(1000) as u64
}
