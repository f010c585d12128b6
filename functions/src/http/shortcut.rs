//! Which bodies were answered with which remembered plan.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use moka::sync::Cache;
use portolan::{Options, Tier};
use sha2::{Digest, Sha256};

use super::edge::AboutPlan;
use super::negotiate::Prefer;
use super::{etag, resource};
use crate::plans::record::{PlanId, Tenant};
use crate::plans::{Known, Plans, Remembered};
use crate::ports::StoreError;

/// Bodies that are known. Each is a digest and some header fields; the answers are remembered elsewhere.
const BODIES: u64 = 100_000;

/// The digests.
pub(super) struct Shortcuts(Cache<[u8; 32], Arc<Shortcut>>);

struct Shortcut {
    known: Remembered,
    options: Options,
    head: HeaderMap,
}

/// A remembered plan as it is given out.
pub(super) struct Shown {
    id: PlanId,
    tier: Tier,
    head: HeaderMap,
    body: Bytes,
}

impl Default for Shortcuts {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(BODIES).build())
    }
}

impl Shortcuts {
    /// The plan that serves this body again.
    pub(super) fn find(
        &self,
        plans: &Plans,
        tenant: &Tenant,
        problem: &str,
        body: &[u8],
        prefer: Prefer,
    ) -> Option<Shown> {
        let shortcut = self.0.get(&digest(tenant, problem, body))?;
        let known = shortcut.known.upgrade()?;
        if !plans.still_serves(&known, &shortcut.options, prefer.wait, chance()) {
            return None;
        }
        let body = known.shown(|| written(&known, Tier::Cached)).ok()?;
        Some(Shown { id: known.head.id, tier: Tier::Cached, head: shortcut.head.clone(), body })
    }

    /// Remembers what a body was answered with.
    pub(super) fn remember(&self, tenant: &Tenant, problem: &str, body: &[u8], known: &Arc<Known>, options: Options) {
        if options.improve {
            return; // Such a request may start another solve.
        }
        let shortcut = Shortcut { known: Arc::downgrade(known), options, head: head(known, Tier::Cached) };
        self.0.insert(digest(tenant, problem, body), Arc::new(shortcut));
    }
}

impl Shown {
    /// A known plan under this tier.
    pub(super) fn new(known: &Arc<Known>, tier: Tier) -> Result<Self, StoreError> {
        let body = match tier {
            Tier::Cached => known.shown(|| written(known, tier))?,
            _ => written(known, tier)?,
        };
        Ok(Self { id: known.head.id, tier, head: head(known, tier), body })
    }

    pub(super) fn response(self) -> Response {
        let (mut response, about) = self.parts();
        response.extensions_mut().insert(about);
        response
    }

    /// The response, and what the log says about it.
    pub(super) fn parts(self) -> (Response, AboutPlan) {
        let mut response = Response::new(Body::from(self.body));
        *response.headers_mut() = self.head;
        (response, AboutPlan(self.id, Some(self.tier)))
    }
}

fn written(known: &Known, tier: Tier) -> Result<Bytes, StoreError> {
    let record = known.record()?;
    let mut shown = resource::full(&record, false);
    shown.tier = Some(tier);
    // Maps in it have string keys, so that it always serialises.
    Ok(serde_json::to_vec(&shown).unwrap_or_default().into())
}

fn head(known: &Known, tier: Tier) -> HeaderMap {
    let mut head = HeaderMap::with_capacity(12);
    let (status, view) = match tier {
        Tier::Stale => ("portolan; hit; detail=stale", "stale"),
        _ => ("portolan; hit", "cached"),
    };
    head.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    head.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    head.insert(HeaderName::from_static("cache-status"), HeaderValue::from_static(status));
    let texts =
        [(header::ETAG, etag::tag(&known.head, view)), (header::LOCATION, format!("/v1/plans/{}", known.head.id))];
    head.extend(texts.into_iter().filter_map(|(name, text)| Some((name, HeaderValue::try_from(text).ok()?))));
    head
}

/// The same for the same body from the same tenant for the same problem.
fn digest(tenant: &Tenant, problem: &str, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    // Lengths in front, so that no two different requests run together to the same bytes.
    for part in [tenant.name().as_bytes(), problem.as_bytes()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(body);
    hash.finalize().into()
}

/// Uniform in (0, 1], well enough for a lottery (Weyl's sequence).
fn chance() -> f64 {
    static DRAWN: AtomicU64 = AtomicU64::new(0);
    let drawn = DRAWN.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
    1.0 - (drawn >> 11) as f64 / (1u64 << 53) as f64
}
