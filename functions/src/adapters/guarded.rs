//! A store that is left alone while it does not answer: after some failures in a row calls fail at once, and one call at a time finds out
//! whether it is back ([`crate::guard::breaker`]). What does not depend on the store goes on meanwhile at full speed.
//!
//! Only an unavailable store counts. A conflict is an answer.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use crate::guard::breaker::{Breaker, Policy};
use crate::plans::record::{PlanId, Tenant};
use crate::ports::{
    Claim, Claimed, Dependency, Kept, Later, Page, Parts, PlanStore, Query, ReplayStore, StoreError, Stored, Upkeep,
    Write,
};

/// A store behind a breaker. All of its ports share one: they fail together.
pub struct Guarded<S> {
    store: Arc<S>,
    breaker: Breaker,
}

/// Why a call was not made.
#[derive(Debug, thiserror::Error)]
#[error("the store is left alone after failures in a row")]
struct LeftAlone;

impl<S> Guarded<S> {
    /// Guards a store.
    pub fn new(store: Arc<S>, policy: Policy) -> Self {
        Self { store, breaker: Breaker::new(policy) }
    }

    async fn call<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        if !self.breaker.lets_pass(Instant::now()) {
            return Err(StoreError::Unavailable(Box::new(LeftAlone)));
        }
        let result = call.await;
        match &result {
            Err(StoreError::Unavailable(_)) => self.breaker.failed(Instant::now()),
            _ => self.breaker.worked(),
        }
        result
    }
}

impl<S: PlanStore> PlanStore for Guarded<S> {
    fn get<'a>(
        &'a self,
        tenant: &'a Tenant,
        id: PlanId,
        parts: Parts,
    ) -> Later<'a, Result<Option<Stored>, StoreError>> {
        Box::pin(self.call(self.store.get(tenant, id, parts)))
    }

    fn put<'a>(&'a self, tenant: &'a Tenant, write: Write) -> Later<'a, Result<(), StoreError>> {
        Box::pin(self.call(self.store.put(tenant, write)))
    }

    fn delete<'a>(&'a self, tenant: &'a Tenant, id: PlanId, version: u64) -> Later<'a, Result<(), StoreError>> {
        Box::pin(self.call(self.store.delete(tenant, id, version)))
    }

    fn list<'a>(&'a self, tenant: &'a Tenant, query: Query) -> Later<'a, Result<Page, StoreError>> {
        Box::pin(self.call(self.store.list(tenant, query)))
    }

    fn finished<'a>(
        &'a self,
        tenant: &'a Tenant,
        fingerprint: &'a str,
    ) -> Later<'a, Result<Option<Stored>, StoreError>> {
        Box::pin(self.call(self.store.finished(tenant, fingerprint)))
    }
}

impl<S: ReplayStore> ReplayStore for Guarded<S> {
    fn claim<'a>(&'a self, tenant: &'a Tenant, key: &'a str, claim: Claim) -> Later<'a, Result<Claimed, StoreError>> {
        Box::pin(self.call(self.store.claim(tenant, key, claim)))
    }

    fn settle<'a>(&'a self, tenant: &'a Tenant, key: &'a str, response: Kept) -> Later<'a, Result<(), StoreError>> {
        Box::pin(self.call(self.store.settle(tenant, key, response)))
    }

    fn release<'a>(&'a self, tenant: &'a Tenant, key: &'a str) -> Later<'a, Result<(), StoreError>> {
        Box::pin(self.call(self.store.release(tenant, key)))
    }
}

impl<S: Upkeep> Upkeep for Guarded<S> {
    fn unfinished(&self) -> Later<'_, Result<Vec<(Tenant, PlanId)>, StoreError>> {
        Box::pin(self.call(self.store.unfinished()))
    }

    fn prune(&self) -> Later<'_, Result<usize, StoreError>> {
        Box::pin(self.call(self.store.prune()))
    }

    /// Health is asked of the store itself: it is how an operator finds out that it is back.
    fn check(&self) -> Later<'_, Vec<Dependency>> {
        self.store.check()
    }
}
