//! What is listed lies in several partitions, each sorted by itself: pages are merged from them.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::{AttributeValue, Select};
use futures_util::future::try_join_all;
use jiff::Timestamp;
use portolan_functions::plans::record::Tenant;
use portolan_functions::ports::StoreError;
use portolan_functions::terminal::event::{Entity, Event, Record};
use portolan_functions::terminal::keys::{Item as Kept, Listed, numbered, partitions};
use portolan_functions::terminal::port::{All, Part, Past, Query};

use super::super::{Item, failed, s, text, unreadable};
use super::rows::{self, Held};
use super::{Place, Terminals, name_key};

/// Events that are read at once on the way back.
const WINDOW: u64 = 2000;
/// Partitions that are read at the same time.
const AT_ONCE: usize = 16;

/// Which sort keys.
#[derive(Clone, Debug)]
enum Range {
    All,
    After(String),
    Between(String, String),
}

/// A partition that is being read.
struct Shard {
    partition: String,
    items: Vec<Item>,
    /// Where the next page begins; `None` before the first and after the last.
    next: Option<Item>,
    begun: bool,
}

impl Shard {
    fn new(partition: String) -> Self {
        Self { partition, items: Vec::new(), next: None, begun: false }
    }

    fn is_done(&self) -> bool {
        self.begun && self.next.is_none()
    }

    /// Up to where it is known.
    fn edge(&self) -> Option<&str> {
        text(self.next.as_ref()?, "sort")
    }
}

impl Terminals {
    /// A page of a partition.
    async fn read_page(&self, shard: &mut Shard, range: &Range, most: Option<i32>) -> Result<(), StoreError> {
        let mut query = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .set_limit(most)
            .set_exclusive_start_key(shard.next.take())
            .expression_attribute_names("#partition", "partition")
            .expression_attribute_values(":partition", s(&shard.partition));
        let condition = match range {
            Range::All => "#partition = :partition",
            Range::After(_) => "#partition = :partition AND #sort > :after",
            Range::Between(..) => "#partition = :partition AND #sort BETWEEN :first AND :last",
        };
        let values: Vec<(&str, AttributeValue)> = match range {
            Range::All => Vec::new(),
            Range::After(after) => vec![(":after", s(after))],
            Range::Between(first, last) => vec![(":first", s(first)), (":last", s(last))],
        };
        if !values.is_empty() {
            query = query.expression_attribute_names("#sort", "sort");
        }
        for (name, value) in values {
            query = query.expression_attribute_values(name, value);
        }
        let found = query.key_condition_expression(condition).send().await.map_err(failed)?;
        shard.items.extend(found.items.unwrap_or_default());
        shard.next = found.last_evaluated_key.filter(|key| !key.is_empty());
        shard.begun = true;
        Ok(())
    }

    /// The first items of a range, in the order of their sort keys, and whether there are more.
    async fn merged(
        &self,
        partitions: Vec<String>,
        range: Range,
        limit: usize,
    ) -> Result<(Vec<Item>, bool), StoreError> {
        // A little more than an even share, so that mostly one round is enough.
        let share = i32::try_from(limit / partitions.len() * 5 / 4 + 8).unwrap_or(i32::MAX);
        let mut shards: Vec<Shard> = partitions.into_iter().map(Shard::new).collect();
        let edge = loop {
            let edge: Option<String> = shards.iter().filter_map(Shard::edge).min().map(str::to_owned);
            let known =
                |item: &&Item| edge.as_deref().is_none_or(|edge| text(item, "sort").is_some_and(|it| it <= edge));
            let begun = shards.iter().all(|shard| shard.begun);
            let ready = shards.iter().flat_map(|shard| &shard.items).filter(known).count();
            if begun && (edge.is_none() || ready > limit) {
                break edge;
            }
            let behind = |shard: &&mut Shard| !shard.begun || (!shard.is_done() && shard.edge() == edge.as_deref());
            try_join_all(shards.iter_mut().filter(behind).map(|shard| self.read_page(shard, &range, Some(share))))
                .await?;
        };
        let mut items: Vec<Item> = shards.into_iter().flat_map(|shard| shard.items).collect();
        if let Some(edge) = edge {
            items.retain(|item| text(item, "sort").is_some_and(|it| *it <= *edge));
        }
        items.sort_by(|a, b| text(a, "sort").cmp(&text(b, "sort")));
        let more = items.len() > limit;
        items.truncate(limit);
        Ok((items, more))
    }

    /// All items of some partitions, in no order.
    pub(super) async fn all_of(&self, partitions: Vec<String>) -> Result<Vec<Item>, StoreError> {
        let mut all = Vec::new();
        for some in partitions.chunks(AT_ONCE) {
            let read = try_join_all(some.iter().map(async |partition: &String| {
                let mut shard = Shard::new(partition.clone());
                while !shard.is_done() {
                    self.read_page(&mut shard, &Range::All, None).await?;
                }
                Ok::<_, StoreError>(shard.items)
            }));
            all.extend(read.await?.into_iter().flatten());
        }
        Ok(all)
    }

    /// How many items there are in some partitions.
    pub(super) async fn count_of(&self, partitions: Vec<String>) -> Result<usize, StoreError> {
        let counts = try_join_all(partitions.iter().map(async |partition: &String| {
            let (mut count, mut next) = (0, None);
            loop {
                let query = self
                    .client
                    .query()
                    .table_name(&self.table)
                    .consistent_read(true)
                    .select(Select::Count)
                    .set_exclusive_start_key(next.take())
                    .key_condition_expression("#partition = :partition")
                    .expression_attribute_names("#partition", "partition")
                    .expression_attribute_values(":partition", s(partition));
                let found = query.send().await.map_err(failed)?;
                count += usize::try_from(found.count).unwrap_or_default();
                next = found.last_evaluated_key.filter(|key| !key.is_empty());
                if next.is_none() {
                    return Ok::<_, StoreError>(count);
                }
            }
        }));
        Ok(counts.await?.into_iter().sum())
    }

    pub(super) async fn all_records(&self, place: Place<'_>) -> Result<Vec<Record>, StoreError> {
        let all = Entity::ALL.map(|kind| partitions(place.tenant, place.terminal, Listed::Records(kind))).concat();
        self.all_of(all).await?.iter().map(|found| rows::body("a record", found)).collect()
    }

    /// A page of records.
    pub(super) async fn page(&self, place: Place<'_>, query: &Query) -> Result<Part<Record>, StoreError> {
        let after = match &query.after {
            // No id is as long as that; but a caller's place in a list may be anything.
            Some(after) if !after.is_empty() => Range::After(after.chars().take(200).collect()),
            _ => Range::All,
        };
        let (numbers, more) = if let Some(stack) = &query.stack {
            let held = self.get(place.key(Kept::Stack(stack))).await?;
            let held: Option<Held> = held.map(|held| rows::body("a stack", &held)).transpose()?;
            let mut numbers = held.map(|held| held.numbers).unwrap_or_default();
            let more = numbers.len() > query.limit;
            numbers.truncate(query.limit);
            (numbers, more)
        } else if let Some(destination) = &query.destination {
            let all = partitions(place.tenant, place.terminal, Listed::Destination(destination));
            let (found, more) = self.merged(all, after, query.limit).await?;
            (found.iter().filter_map(|found| text(found, "sort").map(str::to_owned)).collect(), more)
        } else {
            let all = partitions(place.tenant, place.terminal, Listed::Records(query.entity));
            let (found, more) = self.merged(all, after, query.limit).await?;
            let items = found.iter().map(|found| rows::body("a record", found)).collect::<Result<_, _>>()?;
            return Ok(Part { items, more });
        };
        let keys = numbers.iter().map(|number| place.record(Entity::Container, number)).collect();
        let found = self.get_all(keys).await?;
        let mut by_number: HashMap<&str, &Item> = found.iter().filter_map(|it| Some((text(it, "sort")?, it))).collect();
        let records = numbers.iter().filter_map(|number| by_number.remove(number.as_str()));
        Ok(Part { items: records.map(|found| rows::body("a record", found)).collect::<Result<_, _>>()?, more })
    }

    /// A page of a tenant's terminals.
    pub(super) async fn names(
        &self,
        tenant: &Tenant,
        after: &str,
        limit: usize,
    ) -> Result<Part<(String, Record)>, StoreError> {
        let range = if after.is_empty() { Range::All } else { Range::After(after.chars().take(200).collect()) };
        let (found, more) = self.merged(vec![name_key(tenant, "").partition], range, limit).await?;
        let names: Vec<&str> = found.iter().filter_map(|found| text(found, "sort")).collect();
        let key = |terminal: &str| Place { tenant, terminal }.record(Entity::Terminal, "");
        let records = self.get_all(names.iter().map(|name| key(name)).collect()).await?;
        let by_place: HashMap<&str, &Item> =
            records.iter().filter_map(|it| Some((text(it, "partition")?, it))).collect();
        let mut items = Vec::new();
        for name in names {
            // One that was removed just now is not there.
            if let Some(found) = by_place.get(key(name).partition.as_str()) {
                items.push((name.to_owned(), rows::body("a terminal", found)?));
            }
        }
        Ok(Part { items, more })
    }

    /// A page of events.
    pub(super) async fn past(&self, place: Place<'_>, past: &Past) -> Result<Part<Event>, StoreError> {
        let head = self.settled(place).await?.version;
        let first = match past.from {
            // Events of the very instant belong to it.
            Some(from) => self.last_until(place, head, &|at| at < from).await?,
            None => 0,
        };
        let last = match past.to {
            Some(to) => self.last_until(place, head, &|at| at <= to).await?,
            None => head,
        };
        let first = first.max(past.after);
        if first >= last {
            return Ok(Part { items: Vec::new(), more: false });
        }
        if past.about.as_ref().is_some_and(|(_, id)| id.len() > 1024) {
            return Ok(Part { items: Vec::new(), more: false });
        }
        let range = Range::Between(numbered(first + 1), numbered(last));
        let listed = match &past.about {
            Some((entity, id)) => Listed::EventsOf(*entity, id),
            None => Listed::Events,
        };
        let (mut found, more) =
            self.merged(partitions(place.tenant, place.terminal, listed), range, past.limit).await?;
        if past.about.is_some() {
            let numbers = found.iter().filter_map(|found| text(found, "sort")?.parse().ok());
            found = self.get_all(numbers.map(|number| place.key(Kept::Event(number))).collect()).await?;
        }
        let mut items: Vec<Event> =
            found.iter().map(|found| rows::body("an event", found)).collect::<Result<_, _>>()?;
        items.sort_by_key(|event| event.stamp.version);
        Ok(Part { items, more })
    }

    /// The last event whose time is as wanted: times never go back, so that a search by halves finds it.
    async fn last_until(
        &self,
        place: Place<'_>,
        head: u64,
        wanted: &(dyn Fn(Timestamp) -> bool + Sync),
    ) -> Result<u64, StoreError> {
        let (mut low, mut high) = (0, head);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            let found = self.get(place.key(Kept::Event(middle))).await?;
            let found = found.ok_or_else(|| unreadable("the history", format!("event {middle} is missing")))?;
            let event: Event = rows::body("an event", &found)?;
            if wanted(event.stamp.at) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        Ok(low)
    }

    /// All records at one version: those of now, without what came since the version, or since the time, that is asked for.
    pub(super) async fn all(&self, place: Place<'_>, at: Option<Timestamp>) -> Result<All, StoreError> {
        let begun = self.settled(place).await?.version;
        let now = self.all_records(place).await?;
        let mut records: BTreeMap<(Entity, String), Record> =
            now.into_iter().map(|record| (record.body.name(), record)).collect();
        let ended = self.settled(place).await?.version;
        let (mut version, mut high) = (ended, ended);
        'back: while high > 0 && (high > begun || at.is_some()) {
            let low = high.saturating_sub(WINDOW);
            let range = Range::Between(numbered(low + 1), numbered(high));
            let events = partitions(place.tenant, place.terminal, Listed::Events);
            let (found, _) = self.merged(events, range, WINDOW as usize).await?;
            for found in found.iter().rev() {
                let event: Event = rows::body("an event", found)?;
                if event.stamp.version <= begun && at.is_none_or(|at| event.stamp.at <= at) {
                    break 'back;
                }
                version = event.stamp.version - 1;
                let key = (event.entity, event.id);
                match event.before {
                    Some(before) => drop(records.insert(key, before)),
                    None => drop(records.remove(&key)),
                }
            }
            high = low;
        }
        Ok(All { version, records: records.into_values().collect() })
    }
}
