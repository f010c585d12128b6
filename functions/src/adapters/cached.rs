//! A store with caches in front: finished plans, looked up by what was asked. Everything else goes to the store.
//!
//! The store is right, always. A cache that fails, or is slow, costs speed: it is passed over, and the log says so; so is one that says something wrong. A plan that
//! replaces another in the store, or goes, is forgotten by every cache that this process reaches; a cache in the memory of another
//! process has its age limit for that.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::guard::breaker::State;
use crate::plans::record::{Head, PlanId, Tenant};
use crate::plans::state::Status;
use crate::ports::{
    Dependency, Later, Page, Parts, PlanCache, PlanStore, Query, StoreError, Stored, Upkeep, WallClock, Write,
};

/// The longest that a plan is remembered.
const KEEP: Duration = Duration::from_hours(24);

/// The store and its caches, the nearest first.
pub struct Cached {
    store: Arc<dyn PlanStore>,
    upkeep: Arc<dyn Upkeep>,
    caches: Vec<(&'static str, Arc<dyn PlanCache>)>,
    clock: Arc<dyn WallClock>,
}

impl Cached {
    /// A store with these caches, by name.
    pub fn new(
        store: Arc<dyn PlanStore>,
        upkeep: Arc<dyn Upkeep>,
        caches: Vec<(&'static str, Arc<dyn PlanCache>)>,
        clock: Arc<dyn WallClock>,
    ) -> Self {
        Self { store, upkeep, caches, clock }
    }

    async fn known(&self, tenant: &Tenant, fingerprint: &str) -> Result<Option<Stored>, StoreError> {
        for (at, (name, cache)) in self.caches.iter().enumerate() {
            let found = cache
                .get(tenant, fingerprint)
                .await
                .and_then(|bytes| bytes.map(|it| unpack(&it, fingerprint).map(|s| (it, s))).transpose());
            match found {
                Ok(Some((bytes, stored))) if !self.is_expired(&stored.head) => {
                    self.remember(&self.caches[..at], tenant, &stored.head, &bytes).await;
                    return Ok(Some(stored));
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(cache = name, error = &error as &dyn std::error::Error, "a cache is passed over");
                }
            }
        }
        let found = self.store.finished(tenant, fingerprint).await?;
        if let Some(stored) = &found
            && let Some(bytes) = pack(stored)
        {
            self.remember(&self.caches, tenant, &stored.head, &bytes).await;
        }
        Ok(found)
    }

    async fn remember(
        &self,
        caches: &[(&'static str, Arc<dyn PlanCache>)],
        tenant: &Tenant,
        head: &Head,
        bytes: &Arc<[u8]>,
    ) {
        let left = head.expires_at.map(|at| at.duration_since(self.clock.now()).unsigned_abs());
        let keep = left.map_or(KEEP, |left| left.min(KEEP));
        for (name, cache) in caches {
            if let Err(error) = cache.set(tenant, &head.fingerprint, Arc::clone(bytes), keep).await {
                tracing::warn!(cache = name, error = &error as &dyn std::error::Error, "a cache does not remember");
            }
        }
    }

    async fn forget(&self, tenant: &Tenant, fingerprint: &str) {
        for (name, cache) in &self.caches {
            if let Err(error) = cache.forget(tenant, fingerprint).await {
                tracing::warn!(cache = name, error = &error as &dyn std::error::Error, "a cache does not forget yet");
            }
        }
    }

    fn is_expired(&self, head: &Head) -> bool {
        head.expires_at.is_some_and(|at| at <= self.clock.now())
    }
}

impl PlanStore for Cached {
    fn get<'a>(
        &'a self,
        tenant: &'a Tenant,
        id: PlanId,
        parts: Parts,
    ) -> Later<'a, Result<Option<Stored>, StoreError>> {
        self.store.get(tenant, id, parts)
    }

    fn put<'a>(&'a self, tenant: &'a Tenant, write: Write) -> Later<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let done = (write.head.state.status == Status::Done).then(|| write.head.fingerprint.clone());
            self.store.put(tenant, write).await?;
            if let Some(fingerprint) = done {
                self.forget(tenant, &fingerprint).await;
            }
            Ok(())
        })
    }

    fn delete<'a>(&'a self, tenant: &'a Tenant, id: PlanId, version: u64) -> Later<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let known = self.store.get(tenant, id, Parts::default()).await?;
            self.store.delete(tenant, id, version).await?;
            if let Some(stored) = known {
                self.forget(tenant, &stored.head.fingerprint).await;
            }
            Ok(())
        })
    }

    fn list<'a>(&'a self, tenant: &'a Tenant, query: Query) -> Later<'a, Result<Page, StoreError>> {
        self.store.list(tenant, query)
    }

    fn finished<'a>(
        &'a self,
        tenant: &'a Tenant,
        fingerprint: &'a str,
    ) -> Later<'a, Result<Option<Stored>, StoreError>> {
        Box::pin(self.known(tenant, fingerprint))
    }
}

impl Upkeep for Cached {
    fn unfinished(&self) -> Later<'_, Result<Vec<(Tenant, PlanId)>, StoreError>> {
        self.upkeep.unfinished()
    }

    fn prune(&self) -> Later<'_, Result<usize, StoreError>> {
        self.upkeep.prune()
    }

    fn check(&self) -> Later<'_, Vec<Dependency>> {
        Box::pin(async {
            let caches = self.caches.iter().map(async |(name, cache)| {
                let found = Dependency::found(name, false, cache.check()).await;
                Dependency { place: cache.place(), ..found }
            });
            let (mut all, caches) = tokio::join!(self.upkeep.check(), futures_util::future::join_all(caches));
            all.extend(caches);
            all
        })
    }

    fn breakers(&self) -> Vec<(&'static str, State)> {
        let caches = self.caches.iter().filter_map(|(name, cache)| Some((*name, cache.breaker()?)));
        self.upkeep.breakers().into_iter().chain(caches).collect()
    }
}

/// Head and best plan in one: a digest of what follows, the length of the head in four bytes, the head, the plan.
fn pack(stored: &Stored) -> Option<Arc<[u8]>> {
    let head = serde_json::to_vec(&stored.head).ok()?;
    let best = stored.best.as_ref()?;
    let length = u32::try_from(head.len()).ok()?.to_be_bytes();
    let rest = [&length[..], &head, best].concat();
    let digest: [u8; 32] = Sha256::digest(&rest).into();
    Some([&digest[..], &rest].concat().into())
}

/// What was packed, if it is that, byte for byte, and answers what was asked.
fn unpack(bytes: &[u8], fingerprint: &str) -> Result<Stored, StoreError> {
    let bad = |source: Box<dyn std::error::Error + Send + Sync>| StoreError::Unreadable {
        what: "a remembered plan".to_owned(),
        source,
    };
    let short = || bad("it is cut off".into());
    let (digest, rest) = bytes.split_first_chunk::<32>().ok_or_else(short)?;
    if Sha256::digest(rest)[..] != digest[..] {
        return Err(bad("it is not what was remembered".into()));
    }
    let (length, rest) = rest.split_first_chunk().ok_or_else(short)?;
    let (head, best) = rest.split_at_checked(u32::from_be_bytes(*length) as usize).ok_or_else(short)?;
    let head: Head = serde_json::from_slice(head).map_err(|error| bad(error.into()))?;
    if head.fingerprint != fingerprint {
        return Err(bad("it answers another request".into()));
    }
    Ok(Stored { head, request: None, best: Some(best.into()) })
}
