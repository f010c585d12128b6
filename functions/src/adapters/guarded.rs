//! A store that is left alone while it does not answer: after some failures in a row calls fail at once, and one call at a time finds out
//! whether it is back ([`crate::guard::breaker`]). What does not depend on the store goes on meanwhile at full speed.
//!
//! Only an unavailable store counts. A conflict is an answer. A look for what is known already may be left out, so it has a short time of
//! its own, and is not waited for longer: slow is as good as away then. Nothing is asked twice at the same time to be sooner
//! (hedged): what is read often is in a cache before the store, and what is written must not be written twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::guard::breaker::{Breaker, Policy, State};
use crate::plans::record::{PlanId, Tenant};
use crate::ports::{
    Claim, Claimed, Dependency, Kept, Later, Page, Parts, PlanStore, Query, ReplayStore, StoreError, Stored,
    TerminalStore, Upkeep, Write,
};
use crate::terminal::event::{Ask, Entity, Event, Outcome, Record};
use crate::terminal::port::{self, All, Part, Past};

/// What a look for a known answer may take.
const LOOK: Duration = Duration::from_millis(250);

/// A store behind a breaker. All of its ports share one: they fail together.
pub struct Guarded<S> {
    store: Arc<S>,
    breaker: Breaker,
}

impl<S> Guarded<S> {
    /// Guards a store of this name.
    pub fn new(name: &'static str, store: Arc<S>, policy: Policy) -> Self {
        Self { store, breaker: Breaker::new(name, policy) }
    }
}

impl<S: PlanStore> PlanStore for Guarded<S> {
    fn get<'a>(
        &'a self,
        tenant: &'a Tenant,
        id: PlanId,
        parts: Parts,
    ) -> Later<'a, Result<Option<Stored>, StoreError>> {
        Box::pin(self.breaker.around(self.store.get(tenant, id, parts)))
    }

    fn put<'a>(&'a self, tenant: &'a Tenant, write: Write) -> Later<'a, Result<(), StoreError>> {
        Box::pin(self.breaker.around(self.store.put(tenant, write)))
    }

    fn delete<'a>(&'a self, tenant: &'a Tenant, id: PlanId, version: u64) -> Later<'a, Result<(), StoreError>> {
        Box::pin(self.breaker.around(self.store.delete(tenant, id, version)))
    }

    fn list<'a>(&'a self, tenant: &'a Tenant, query: Query) -> Later<'a, Result<Page, StoreError>> {
        Box::pin(self.breaker.around(self.store.list(tenant, query)))
    }

    fn finished<'a>(
        &'a self,
        tenant: &'a Tenant,
        fingerprint: &'a str,
    ) -> Later<'a, Result<Option<Stored>, StoreError>> {
        Box::pin(self.breaker.around(StoreError::unless_late(LOOK, self.store.finished(tenant, fingerprint))))
    }
}

impl<S: ReplayStore> ReplayStore for Guarded<S> {
    fn claim<'a>(&'a self, tenant: &'a Tenant, key: &'a str, claim: Claim) -> Later<'a, Result<Claimed, StoreError>> {
        Box::pin(self.breaker.around(self.store.claim(tenant, key, claim)))
    }

    fn settle<'a>(&'a self, tenant: &'a Tenant, key: &'a str, response: Kept) -> Later<'a, Result<(), StoreError>> {
        Box::pin(self.breaker.around(self.store.settle(tenant, key, response)))
    }

    fn release<'a>(&'a self, tenant: &'a Tenant, key: &'a str) -> Later<'a, Result<(), StoreError>> {
        Box::pin(self.breaker.around(self.store.release(tenant, key)))
    }
}

impl<S: Upkeep> Upkeep for Guarded<S> {
    fn unfinished(&self) -> Later<'_, Result<Vec<(Tenant, PlanId)>, StoreError>> {
        Box::pin(self.breaker.around(self.store.unfinished()))
    }

    fn prune(&self) -> Later<'_, Result<usize, StoreError>> {
        Box::pin(self.breaker.around(self.store.prune()))
    }

    /// Health is asked of the store itself: it is how an operator finds out that it is back.
    fn check(&self) -> Later<'_, Vec<Dependency>> {
        self.store.check()
    }

    fn breakers(&self) -> Vec<(&'static str, State)> {
        vec![(self.breaker.name(), self.breaker.state())]
    }
}

impl<S: TerminalStore> TerminalStore for Guarded<S> {
    fn change<'a>(&'a self, tenant: &'a Tenant, terminal: &'a str, ask: Ask) -> Later<'a, Result<Outcome, StoreError>> {
        Box::pin(self.breaker.around(self.store.change(tenant, terminal, ask)))
    }

    fn largest_load(&self) -> usize {
        self.store.largest_load()
    }

    fn record<'a>(
        &'a self,
        tenant: &'a Tenant,
        terminal: &'a str,
        entity: Entity,
        id: &'a str,
    ) -> Later<'a, Result<Option<Record>, StoreError>> {
        Box::pin(self.breaker.around(self.store.record(tenant, terminal, entity, id)))
    }

    fn list<'a>(
        &'a self,
        tenant: &'a Tenant,
        terminal: &'a str,
        query: port::Query,
    ) -> Later<'a, Result<Part<Record>, StoreError>> {
        Box::pin(self.breaker.around(self.store.list(tenant, terminal, query)))
    }

    fn terminals<'a>(
        &'a self,
        tenant: &'a Tenant,
        after: &'a str,
        limit: usize,
    ) -> Later<'a, Result<Part<(String, Record)>, StoreError>> {
        Box::pin(self.breaker.around(self.store.terminals(tenant, after, limit)))
    }

    fn history<'a>(
        &'a self,
        tenant: &'a Tenant,
        terminal: &'a str,
        past: Past,
    ) -> Later<'a, Result<Part<Event>, StoreError>> {
        Box::pin(self.breaker.around(self.store.history(tenant, terminal, past)))
    }

    fn snapshot<'a>(
        &'a self,
        tenant: &'a Tenant,
        terminal: &'a str,
        at: Option<Timestamp>,
    ) -> Later<'a, Result<All, StoreError>> {
        Box::pin(self.breaker.around(self.store.snapshot(tenant, terminal, at)))
    }

    fn version<'a>(&'a self, tenant: &'a Tenant, terminal: &'a str) -> Later<'a, Result<u64, StoreError>> {
        Box::pin(self.breaker.around(self.store.version(tenant, terminal)))
    }

    fn beat<'a>(
        &'a self,
        tenant: &'a Tenant,
        terminal: &'a str,
        ids: Vec<String>,
        at: Timestamp,
    ) -> Later<'a, Result<Vec<String>, StoreError>> {
        Box::pin(self.breaker.around(self.store.beat(tenant, terminal, ids, at)))
    }

    fn beats<'a>(
        &'a self,
        tenant: &'a Tenant,
        terminal: &'a str,
        of: Option<&'a str>,
    ) -> Later<'a, Result<BTreeMap<String, Timestamp>, StoreError>> {
        Box::pin(self.breaker.around(self.store.beats(tenant, terminal, of)))
    }
}
