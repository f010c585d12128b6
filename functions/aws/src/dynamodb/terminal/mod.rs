//! Terminals in DynamoDB.
//!
//! One table, whose keys [`portolan_functions::terminal::keys`] spreads over partitions:
//!
//! | item | attributes |
//! |---|---|
//! | head | `version`, `at_us` (time of the last event), `laid_out` (event that last changed the layout), and while a large change is carried out `job`, `job_version`, `job_at_us` |
//! | record, event | itself, as `json`, or as `zstd` where that is long |
//! | stack | place and numbers, as `json` |
//! | destination, history of a record, name of a terminal | nothing more |
//!
//! Idempotency records (`used`) and signs of life (`at_us`) are in the ephemeral table, each with `expires_at`.
//!
//! **A change** reads the head, then what it is about, decides, and writes everything in one transaction, on condition that the head is
//! still the one that was read. A change in between moves the head; so a mix of before and after is never decided upon, and
//! nothing else needs a condition. **A large change** does not fit a transaction: see `job`. **A snapshot** reads the head, all records in
//! any order, and the head again; the events in between say what to take back, so that it is exact however long it takes.

mod beats;
mod change;
mod job;
mod lists;
mod rows;
mod seen;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use portolan_functions::plans::record::Tenant;
use portolan_functions::ports::{Later, StoreError, TerminalStore, WallClock};
use portolan_functions::terminal::event::{Ask, Entity, Event, Outcome, Record};
use portolan_functions::terminal::keys::{self, Key};
use portolan_functions::terminal::layout::Spec;
use portolan_functions::terminal::port::{All, Part, Past, Query};

use super::{Item, failed, item, number, s, text};
use crate::config::Tables;

/// Keys in one read of many.
const READ_AT_ONCE: usize = 100;
/// Layouts that a process remembers.
const LAYOUTS: usize = 64;

/// The tables. Cheap to clone.
#[derive(Clone)]
pub struct Terminals {
    client: Client,
    s3: aws_sdk_s3::Client,
    table: String,
    ephemeral: String,
    bucket: String,
    clock: Arc<dyn WallClock>,
    patience: Duration,
    largest_load: usize,
    layouts: Arc<Mutex<Layouts>>,
}

/// Layouts by terminal, each with the number of the event that made it.
type Layouts = HashMap<String, (u64, Arc<Spec>)>;

/// A terminal, for what is done to it.
#[derive(Clone, Copy)]
struct Place<'a> {
    tenant: &'a Tenant,
    terminal: &'a str,
}

/// What orders a terminal's changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Head {
    /// Number of the last event.
    version: u64,
    /// Its time.
    at_us: i64,
    /// The event that last changed the layout; 0 where there is none.
    laid_out: u64,
    /// A large change that is decided, and is being carried out.
    job: Option<job::Job>,
}

impl Place<'_> {
    fn key(&self, item: keys::Item<'_>) -> Key {
        keys::key(self.tenant, self.terminal, item)
    }

    fn record(&self, entity: Entity, id: &str) -> Key {
        self.key(keys::Item::Record(entity, id))
    }

    /// A text of its own, for maps.
    fn name(&self) -> String {
        format!("{}#{}", self.tenant, self.terminal)
    }
}

impl Terminals {
    /// In these tables, which must exist.
    pub fn new(client: Client, s3: aws_sdk_s3::Client, tables: &Tables, clock: Arc<dyn WallClock>) -> Self {
        Self {
            client,
            s3,
            table: tables.terminals.clone(),
            ephemeral: tables.ephemeral.clone(),
            bucket: tables.bucket.clone(),
            clock,
            patience: job::PATIENCE,
            largest_load: change::MAX_LOAD,
            layouts: Arc::default(),
        }
    }

    /// With another patience for large changes that somebody else has begun.
    #[must_use]
    pub fn patient(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// With another bound to what one change takes over.
    #[must_use]
    pub fn at_most(self, largest_load: usize) -> Self {
        Self { largest_load, ..self }
    }

    async fn get(&self, key: Key) -> Result<Option<Item>, StoreError> {
        if !is_possible(&key) {
            return Ok(None);
        }
        let read = self.client.get_item().table_name(&self.table).set_key(Some(item_key(key))).consistent_read(true);
        Ok(read.send().await.map_err(failed)?.item)
    }

    async fn read_head(&self, place: Place<'_>) -> Result<Head, StoreError> {
        let Some(found) = self.get(place.key(keys::Item::Head)).await? else { return Ok(Head::default()) };
        let job = text(&found, "job").map(|id| job::Job {
            id: id.to_owned(),
            version: number(&found, "job_version").unwrap_or_default(),
            at_us: number(&found, "job_at_us").unwrap_or_default(),
            laid_out: number(&found, "job_laid_out").unwrap_or_default(),
        });
        let of = |name: &str| number(&found, name).unwrap_or_default();
        Ok(Head {
            version: number(&found, "version").unwrap_or_default(),
            at_us: number(&found, "at_us").unwrap_or_default(),
            laid_out: of("laid_out"),
            job,
        })
    }

    /// Items of many keys, in no order; those that are not there are left out.
    async fn get_all(&self, keys: Vec<Key>) -> Result<Vec<Item>, StoreError> {
        let keys: Vec<Item> = keys.into_iter().filter(is_possible).map(item_key).collect();
        self.get_all_of(&self.table, keys).await
    }

    async fn get_all_of(&self, table: &str, keys: Vec<Item>) -> Result<Vec<Item>, StoreError> {
        let chunks: Vec<Vec<Item>> = keys.chunks(READ_AT_ONCE).map(<[Item]>::to_vec).collect();
        let mut found = Vec::new();
        // Some at a time, so that a long list does not open a hundred connections.
        for some in chunks.chunks(8) {
            let read = try_join_all(some.iter().map(|chunk| self.get_chunk(table, chunk.clone()))).await?;
            found.extend(read.into_iter().flatten());
        }
        Ok(found)
    }

    async fn get_chunk(&self, table: &str, mut keys: Vec<Item>) -> Result<Vec<Item>, StoreError> {
        let mut found = Vec::new();
        let mut tries = 0;
        while !keys.is_empty() {
            if tries > 0 {
                // What is left over was throttled. The SDK sees a success in that, and does not wait.
                change::pause(tries).await?;
            }
            tries += 1;
            let wanted = aws_sdk_dynamodb::types::KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .consistent_read(true)
                .build()
                .map_err(|error| StoreError::Unavailable(Box::new(error)))?;
            let read = self.client.batch_get_item().request_items(table, wanted).send().await.map_err(failed)?;
            found.extend(read.responses.unwrap_or_default().into_values().flatten());
            keys = read.unprocessed_keys.unwrap_or_default().into_values().flat_map(|left| left.keys).collect();
        }
        Ok(found)
    }

    /// The layout that the event of this number made.
    async fn layout(&self, place: Place<'_>, laid_out: u64) -> Result<Option<Arc<Spec>>, StoreError> {
        use portolan_functions::terminal::event::Body;
        if laid_out == 0 {
            return Ok(None);
        }
        let lock = || self.layouts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, spec)) = lock().get(&place.name()).filter(|(made, _)| *made == laid_out) {
            return Ok(Some(Arc::clone(spec)));
        }
        let Some(found) = self.get(place.record(Entity::Terminal, "")).await? else { return Ok(None) };
        let record: Record = rows::body("a terminal", &found)?;
        let Body::Terminal(spec) = record.body else { return Ok(None) };
        let spec = Arc::new(*spec);
        let mut layouts = lock();
        if layouts.len() >= LAYOUTS {
            layouts.clear();
        }
        // Under its own number: it may be later than the head that asked for it, and then nothing will be written.
        layouts.insert(place.name(), (record.stamp.version, Arc::clone(&spec)));
        Ok(Some(spec))
    }
}

/// The key of an item that says of which tenant and name a terminal is.
fn name_key(tenant: &Tenant, terminal: &str) -> Key {
    Key { partition: format!("{tenant}#"), sort: terminal.to_owned() }
}

/// Whether an item can have the key: what a caller calls a container may be longer than any key.
fn is_possible(key: &Key) -> bool {
    key.partition.len() <= 2048 && (1..=1024).contains(&key.sort.len())
}

fn item_key(key: Key) -> Item {
    item([("partition", s(key.partition)), ("sort", s(key.sort))])
}

fn ephemeral_key(key: &Key) -> Item {
    item([("key", s(format!("{}#{}", key.partition, key.sort)))])
}

impl TerminalStore for Terminals {
    fn change<'a>(&'a self, tenant: &'a Tenant, terminal: &'a str, ask: Ask) -> Later<'a, Result<Outcome, StoreError>> {
        Box::pin(async move { self.make(Place { tenant, terminal }, &ask).await })
    }

    fn largest_load(&self) -> usize {
        self.largest_load
    }

    fn record<'a>(
        &'a self,
        tenant: &'a Tenant,
        terminal: &'a str,
        entity: Entity,
        id: &'a str,
    ) -> Later<'a, Result<Option<Record>, StoreError>> {
        Box::pin(async move {
            let found = self.get(Place { tenant, terminal }.record(entity, id)).await?;
            found.map(|found| rows::body("a record", &found)).transpose()
        })
    }

    fn list<'a>(
        &'a self,
        tenant: &'a Tenant,
        terminal: &'a str,
        query: Query,
    ) -> Later<'a, Result<Part<Record>, StoreError>> {
        Box::pin(async move { self.page(Place { tenant, terminal }, &query).await })
    }

    fn terminals<'a>(
        &'a self,
        tenant: &'a Tenant,
        after: &'a str,
        limit: usize,
    ) -> Later<'a, Result<Part<(String, Record)>, StoreError>> {
        Box::pin(self.names(tenant, after, limit))
    }

    fn history<'a>(
        &'a self,
        tenant: &'a Tenant,
        terminal: &'a str,
        past: Past,
    ) -> Later<'a, Result<Part<Event>, StoreError>> {
        Box::pin(async move { self.past(Place { tenant, terminal }, &past).await })
    }

    fn snapshot<'a>(
        &'a self,
        tenant: &'a Tenant,
        terminal: &'a str,
        at: Option<Timestamp>,
    ) -> Later<'a, Result<All, StoreError>> {
        Box::pin(async move { self.all(Place { tenant, terminal }, at).await })
    }

    fn version<'a>(&'a self, tenant: &'a Tenant, terminal: &'a str) -> Later<'a, Result<u64, StoreError>> {
        Box::pin(async move { Ok(self.read_head(Place { tenant, terminal }).await?.version) })
    }

    fn beat<'a>(
        &'a self,
        tenant: &'a Tenant,
        terminal: &'a str,
        ids: Vec<String>,
        at: Timestamp,
    ) -> Later<'a, Result<Vec<String>, StoreError>> {
        Box::pin(async move { self.hear(Place { tenant, terminal }, ids, at).await })
    }

    fn beats<'a>(
        &'a self,
        tenant: &'a Tenant,
        terminal: &'a str,
        of: Option<&'a str>,
    ) -> Later<'a, Result<BTreeMap<String, Timestamp>, StoreError>> {
        Box::pin(async move { self.heard(Place { tenant, terminal }, of).await })
    }
}

/// A time as it is kept.
fn micros(at: Timestamp) -> AttributeValue {
    super::n(at.as_microsecond())
}
