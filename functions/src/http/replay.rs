//! `Idempotency-Key`: a request that is sent twice has one effect and gets the same response.
//!
//! A key is claimed before the solve and settled with the response before that leaves. A claim whose holder died, by a
//! crash or because its client went away, is taken over; the plan that it had promised, where there is one, is what the second
//! request gets.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use http_body_util::{BodyExt, Collected};
use jiff::{SignedDuration, Timestamp};

use super::problem::{Code, Trouble};
use crate::plans::Plans;
use crate::plans::record::{PlanId, Tenant};
use crate::ports::{Claim, Claimed, Kept, ReplayStore};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const KEY_CHARS: usize = 255;
/// How long a key is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// Longer than any request takes.
const LEASE: Duration = Duration::from_mins(1);
/// Header fields that are given again.
const HEADERS: [&str; 6] = ["content-type", "location", "etag", "retry-after", "preference-applied", "cache-status"];

/// What a key leads to.
pub(super) enum Replay {
    /// The request goes ahead, with a claim to settle; the earlier claim's plan may exist already.
    Ahead(Held, Option<PlanId>),
    /// The response was given before.
    Again(Response),
}

/// A claim on a key. Given up where it is dropped.
pub(super) struct Held {
    replays: Arc<dyn ReplayStore>,
    tenant: Tenant,
    key: String,
    settled: bool,
}

/// Whether the request has a key.
pub(super) fn has_key(headers: &HeaderMap) -> bool {
    headers.contains_key(KEY)
}

/// The request's key.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<String>, Trouble> {
    let mut given = headers.get_all(KEY).iter();
    let Some(value) = given.next() else { return Ok(None) };
    let bad = || {
        let detail = format!("Idempotency-Key is one text of 1 to {KEY_CHARS} visible characters");
        Trouble::new(Code::BadRequest, detail)
    };
    let text = value.to_str().map_err(|_| bad())?.trim();
    // A structured-field string, as the draft asks, or the same text without quotes.
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let fits =
        (1..=KEY_CHARS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if given.next().is_some() || !fits {
        return Err(bad());
    }
    Ok(Some(text.to_owned()))
}

/// Claims a key for a request of this digest that is to make this plan.
pub(super) async fn claim(
    plans: &Plans,
    tenant: &Tenant,
    key: String,
    digest: String,
    plan: PlanId,
) -> Result<Replay, Trouble> {
    let now = plans.stores().clock.now();
    let after = |span: SignedDuration| now.checked_add(span).unwrap_or(Timestamp::MAX);
    let lease = SignedDuration::try_from(LEASE).unwrap_or(SignedDuration::MAX);
    let claim =
        Claim { digest: digest.clone(), plan, leased_until: after(lease), expires_at: after(KEPT), response: None };
    let replays = Arc::clone(&plans.stores().replays);
    let other = || Trouble::new(Code::IdempotencyMismatch, "use a new key for a new request");
    match replays.claim(tenant, &key, claim).await? {
        Claimed::Taken(known) if known.digest != digest => Err(other()),
        Claimed::Taken(Claim { response: Some(kept), .. }) => Ok(Replay::Again(again(kept))),
        Claimed::Taken(_) => {
            let detail = "wait for the first request, or ask again later";
            Err(Trouble::new(Code::IdempotencyInFlight, detail).with(axum::http::header::RETRY_AFTER, "1"))
        }
        Claimed::Fresh(earlier) => {
            let held = Held { replays, tenant: tenant.clone(), key, settled: false };
            match earlier {
                // The drop of `held` gives the key up again, which is fine: its holder is dead.
                Some(earlier) if earlier.digest != digest => Err(other()),
                earlier => Ok(Replay::Ahead(held, earlier.map(|earlier| earlier.plan))),
            }
        }
    }
}

impl Held {
    /// Keeps a success; gives the key up for another try where it is none.
    pub(super) async fn settle(mut self, response: Response) -> Result<Response, Trouble> {
        if !response.status().is_success() {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        // A response of ours is complete in memory.
        let body = body.collect().await.map_or_else(|_| Bytes::new(), Collected::to_bytes);
        let text = |name: &&str| Some(((*name).to_owned(), parts.headers.get(*name)?.to_str().ok()?.to_owned()));
        let kept = Kept {
            status: parts.status.as_u16(),
            headers: HEADERS.iter().filter_map(text).collect(),
            body: String::from_utf8_lossy(&body).into_owned(),
        };
        self.replays.settle(&self.tenant, &self.key, kept).await?;
        self.settled = true;
        Ok(Response::from_parts(parts, Body::from(body)))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        let (replays, tenant, key) = (Arc::clone(&self.replays), self.tenant.clone(), std::mem::take(&mut self.key));
        tokio::spawn(async move {
            if let Err(error) = replays.release(&tenant, &key).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "an idempotency key stays claimed for a while"
                );
            }
        });
    }
}

fn again(kept: Kept) -> Response {
    let mut response = Response::new(Body::from(kept.body));
    *response.status_mut() = StatusCode::from_u16(kept.status).unwrap_or_default();
    for (name, value) in kept.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    response
}
