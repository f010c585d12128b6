//! Terminals, and all that is done with them. One for a process.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::equipment::{Awake, MAX_EQUIPMENT};
use super::event::{Ask, Body, Entity, Event, Outcome, Record};
use super::port::{All, Part, Past, Query};
use crate::plans::fingerprint::digest;
use crate::plans::record::Tenant;
use crate::ports::{StoreError, TerminalStore, WallClock};

/// The state of terminals.
pub struct Terminals {
    store: Arc<dyn TerminalStore>,
    clock: Arc<dyn WallClock>,
}

impl Terminals {
    /// On this store.
    pub fn new(store: Arc<dyn TerminalStore>, clock: Arc<dyn WallClock>) -> Self {
        Self { store, clock }
    }

    /// Whether they can be read.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.store.version(&Tenant::local(), "#").await.map(drop)
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Makes a change, or says why not.
    pub async fn change(&self, tenant: &Tenant, terminal: &str, ask: Ask) -> Result<Outcome, StoreError> {
        self.store.change(tenant, terminal, ask).await
    }

    /// Containers that one change takes over at most.
    pub fn largest_load(&self) -> usize {
        self.store.largest_load()
    }

    /// A record.
    pub async fn record(
        &self,
        tenant: &Tenant,
        terminal: &str,
        entity: Entity,
        id: &str,
    ) -> Result<Option<Record>, StoreError> {
        self.store.record(tenant, terminal, entity, id).await
    }

    /// A page of records.
    pub async fn list(&self, tenant: &Tenant, terminal: &str, query: Query) -> Result<Part<Record>, StoreError> {
        self.store.list(tenant, terminal, query).await
    }

    /// A page of terminals.
    pub async fn terminals(
        &self,
        tenant: &Tenant,
        after: &str,
        limit: usize,
    ) -> Result<Part<(String, Record)>, StoreError> {
        self.store.terminals(tenant, after, limit).await
    }

    /// A page of events.
    pub async fn history(&self, tenant: &Tenant, terminal: &str, past: Past) -> Result<Part<Event>, StoreError> {
        self.store.history(tenant, terminal, past).await
    }

    /// All records at one version, now or at a past time.
    pub async fn snapshot(&self, tenant: &Tenant, terminal: &str, at: Option<Timestamp>) -> Result<All, StoreError> {
        self.store.snapshot(tenant, terminal, at).await
    }

    /// The number of a terminal's last event.
    pub async fn version(&self, tenant: &Tenant, terminal: &str) -> Result<u64, StoreError> {
        self.store.version(tenant, terminal).await
    }

    /// Signs of life, now. Returns the ids that are not registered.
    pub async fn beat(&self, tenant: &Tenant, terminal: &str, ids: Vec<String>) -> Result<Vec<String>, StoreError> {
        self.store.beat(tenant, terminal, ids, self.now()).await
    }

    /// All equipment, each with its last sign of life.
    pub async fn equipment(&self, tenant: &Tenant, terminal: &str) -> Result<Vec<(Awake, Record)>, StoreError> {
        let (entity, limit) = (Entity::Equipment, MAX_EQUIPMENT);
        let query = Query { entity, destination: None, stack: None, after: None, limit };
        let (records, beats) =
            (self.list(tenant, terminal, query).await?, self.store.beats(tenant, terminal, None).await?);
        let now = self.now();
        Ok(records.items.into_iter().filter_map(|record| awake(record, &beats, now)).collect())
    }

    /// One piece of it.
    pub async fn piece(
        &self,
        tenant: &Tenant,
        terminal: &str,
        id: &str,
    ) -> Result<Option<(Awake, Record)>, StoreError> {
        let Some(record) = self.record(tenant, terminal, Entity::Equipment, id).await? else { return Ok(None) };
        let beats = self.store.beats(tenant, terminal, Some(id)).await?;
        Ok(awake(record, &beats, self.now()))
    }
}

fn awake(record: Record, beats: &BTreeMap<String, Timestamp>, now: Timestamp) -> Option<(Awake, Record)> {
    let Body::Equipment(equipment) = &record.body else { return None };
    let seen = beats.get(&equipment.id).copied();
    Some((Awake::new(equipment.clone(), seen, now), record))
}

impl All {
    /// A digest of what it holds: equal states have equal fingerprints, whenever they were.
    pub fn fingerprint(&self) -> String {
        let bodies: Vec<Vec<u8>> = self
            .records
            .iter()
            .filter(|record| !matches!(record.body, Body::Progress(_)))
            // Plain data always serialises.
            .map(|record| serde_json::to_vec(&record.body).unwrap_or_default())
            .collect();
        digest(&bodies.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    /// The terminal's layout.
    pub fn spec(&self) -> Option<&super::layout::Spec> {
        self.records
            .iter()
            .find_map(|record| if let Body::Terminal(spec) = &record.body { Some(&**spec) } else { None })
    }

    /// Its containers.
    pub fn containers(&self) -> impl Iterator<Item = &super::container::Container> {
        self.records.iter().filter_map(|record| record.body.container())
    }

    /// Its calls.
    pub fn calls(&self) -> impl Iterator<Item = &super::call::Call> {
        self.records.iter().filter_map(|record| if let Body::Call(call) = &record.body { Some(call) } else { None })
    }
}
