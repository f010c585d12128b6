//! What a store of terminals keeps.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::container::Destination;
use super::event::{Ask, Entity, Event, Outcome, Record};
use super::layout::StackAt;
use crate::plans::record::Tenant;
use crate::ports::{Later, StoreError};

/// Which records to list, in the order of their ids.
#[derive(Clone, Debug)]
pub struct Query {
    /// Of this kind. Containers of a stack come from the ground up.
    pub entity: Entity,
    /// Containers with this destination only.
    pub destination: Option<Destination>,
    /// Containers in this stack only.
    pub stack: Option<StackAt>,
    /// After this id.
    pub after: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// Which events to list, oldest first.
#[derive(Clone, Debug)]
pub struct Past {
    /// About this record only.
    pub about: Option<(Entity, String)>,
    /// After the event of this number.
    pub after: u64,
    /// Not before this time.
    pub from: Option<Timestamp>,
    /// Not after this time.
    pub to: Option<Timestamp>,
    /// At most so many.
    pub limit: usize,
}

/// A part of a longer list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part<T> {
    /// What is in it.
    pub items: Vec<T>,
    /// Whether there is more.
    pub more: bool,
}

/// All records of a terminal at one version.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct All {
    /// The number of the last event.
    pub version: u64,
    /// In the order of kind and id.
    pub records: Vec<Record>,
}

/// Keeps terminals. What it has confirmed is there after a crash.
pub trait TerminalStore: Send + Sync {
    /// Decides on a change and makes it, with its idempotency record, in one transaction.
    fn change<'a>(&'a self, tenant: &'a Tenant, terminal: &'a str, ask: Ask) -> Later<'a, Result<Outcome, StoreError>>;
    /// Containers that one change takes over at most. A longer list can be taken over in parts.
    fn largest_load(&self) -> usize {
        usize::MAX
    }
    /// A record.
    fn record<'a>(
        &'a self,
        tenant: &'a Tenant,
        terminal: &'a str,
        entity: Entity,
        id: &'a str,
    ) -> Later<'a, Result<Option<Record>, StoreError>>;
    /// A page of records.
    fn list<'a>(
        &'a self,
        tenant: &'a Tenant,
        terminal: &'a str,
        query: Query,
    ) -> Later<'a, Result<Part<Record>, StoreError>>;
    /// Names of terminals after this one.
    fn terminals<'a>(
        &'a self,
        tenant: &'a Tenant,
        after: &'a str,
        limit: usize,
    ) -> Later<'a, Result<Part<(String, Record)>, StoreError>>;
    /// A page of events.
    fn history<'a>(
        &'a self,
        tenant: &'a Tenant,
        terminal: &'a str,
        past: Past,
    ) -> Later<'a, Result<Part<Event>, StoreError>>;
    /// All records, now or as they were at a time.
    fn snapshot<'a>(
        &'a self,
        tenant: &'a Tenant,
        terminal: &'a str,
        at: Option<Timestamp>,
    ) -> Later<'a, Result<All, StoreError>>;
    /// The number of the last event; 0 where there never was a terminal of this name.
    fn version<'a>(&'a self, tenant: &'a Tenant, terminal: &'a str) -> Later<'a, Result<u64, StoreError>>;
    /// Signs of life at a time. Returns the ids that are not registered. A crash may lose those of the last ten seconds or so.
    fn beat<'a>(
        &'a self,
        tenant: &'a Tenant,
        terminal: &'a str,
        ids: Vec<String>,
        at: Timestamp,
    ) -> Later<'a, Result<Vec<String>, StoreError>>;
    /// When equipment was last heard of; that of one piece, or all.
    fn beats<'a>(
        &'a self,
        tenant: &'a Tenant,
        terminal: &'a str,
        of: Option<&'a str>,
    ) -> Later<'a, Result<BTreeMap<String, Timestamp>, StoreError>>;
}
