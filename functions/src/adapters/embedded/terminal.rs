//! [`TerminalStore`] in the embedded store: reads here, writes by `terminal_writer`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use redb::{ReadOnlyTable, ReadTransaction};

use super::terminal_tables::{DESTINATIONS, HEADS, HISTORY, HISTORY_OF, Held, RECORDS, STACKS, read};
use super::terminal_writer::{Writer, record};
use super::{Embedded, Fault};
use crate::plans::record::Tenant;
use crate::ports::{Later, StoreError, TerminalStore};
use crate::terminal::event::{Ask, Entity, Event, Outcome, Record};
use crate::terminal::port::{All, Part, Past, Query};

/// Terminals in the store's file.
pub(super) struct Terminals {
    // Before the store: the thread lets go of the file before the file is closed.
    writer: Writer,
    store: Embedded,
}

impl Terminals {
    pub(super) fn new(store: Embedded) -> Result<Self, StoreError> {
        Ok(Self { writer: Writer::start(&store)?, store })
    }

    fn reading<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ReadTransaction) -> Result<T, Fault> + Send + 'static,
    ) -> Later<'static, Result<T, StoreError>> {
        self.store.reading(|_, transaction| work(transaction))
    }
}

fn scope(tenant: &Tenant, terminal: &str) -> String {
    format!("{}/{terminal}", tenant.name())
}

impl TerminalStore for Terminals {
    fn change<'a>(&'a self, tenant: &'a Tenant, terminal: &'a str, ask: Ask) -> Later<'a, Result<Outcome, StoreError>> {
        Box::pin(self.writer.change(scope(tenant, terminal), ask))
    }

    fn record<'a>(
        &'a self,
        tenant: &'a Tenant,
        terminal: &'a str,
        entity: Entity,
        id: &'a str,
    ) -> Later<'a, Result<Option<Record>, StoreError>> {
        // A look-up by key touches a few pages that are nearly always in memory: a thread of its own would cost more.
        let found = self.store.disk.read(|open| {
            use redb::ReadableDatabase;
            let transaction = open.db.begin_read()?;
            let found = transaction.open_table(RECORDS)?.get((scope(tenant, terminal).as_str(), entity as u8, id))?;
            Ok(found.map(|found| record(found.value())).transpose()?)
        });
        let found = found.map_err(StoreError::from);
        Box::pin(std::future::ready(found))
    }

    fn list<'a>(
        &'a self,
        tenant: &'a Tenant,
        terminal: &'a str,
        query: Query,
    ) -> Later<'a, Result<Part<Record>, StoreError>> {
        let scope = scope(tenant, terminal);
        self.reading(move |transaction| {
            let records = transaction.open_table(RECORDS)?;
            let after = query.after.as_deref();
            if let Some(stack) = &query.stack {
                let held = transaction.open_table(STACKS)?.get((scope.as_str(), stack.key().as_str()))?;
                let held = held.map(|held| read::<Held>("a stack", held.value())).transpose()?;
                let numbers = held.map(|held| held.numbers).unwrap_or_default();
                return named(&records, &scope, numbers, &query);
            }
            if let Some(destination) = &query.destination {
                let table = transaction.open_table(DESTINATIONS)?;
                let name = destination.to_string();
                let beyond = format!("{name}\0");
                let from = (scope.as_str(), name.as_str(), after.unwrap_or_default());
                let mut numbers = Vec::new();
                for entry in table.range(from..(scope.as_str(), beyond.as_str(), ""))? {
                    let number = entry?.0.value().2.to_owned();
                    if after != Some(number.as_str()) {
                        numbers.push(number);
                    }
                    if numbers.len() > query.limit {
                        break;
                    }
                }
                return named(&records, &scope, numbers, &query);
            }
            let kind = query.entity as u8;
            let mut part = Part { items: Vec::new(), more: false };
            let from = (scope.as_str(), kind, after.unwrap_or_default());
            for entry in records.range(from..(scope.as_str(), kind + 1, ""))? {
                let (key, value) = entry?;
                if after == Some(key.value().2) {
                    continue;
                }
                if part.items.len() == query.limit {
                    part.more = true;
                    break;
                }
                part.items.push(record(value.value())?);
            }
            Ok(part)
        })
    }

    fn terminals<'a>(
        &'a self,
        tenant: &'a Tenant,
        after: &'a str,
        limit: usize,
    ) -> Later<'a, Result<Part<(String, Record)>, StoreError>> {
        let (prefix, after) = (format!("{}/", tenant.name()), scope(tenant, after));
        self.reading(move |transaction| {
            let (heads, records) = (transaction.open_table(HEADS)?, transaction.open_table(RECORDS)?);
            let mut part = Part { items: Vec::new(), more: false };
            for head in heads.range(after.as_str()..)? {
                let name = head?.0.value().to_owned();
                let Some(terminal) = name.strip_prefix(&prefix) else { break };
                let Some(found) = records.get((name.as_str(), Entity::Terminal as u8, ""))? else { continue };
                if name == after {
                    continue;
                }
                if part.items.len() == limit {
                    part.more = true;
                    break;
                }
                part.items.push((terminal.to_owned(), record(found.value())?));
            }
            Ok(part)
        })
    }

    fn history<'a>(
        &'a self,
        tenant: &'a Tenant,
        terminal: &'a str,
        past: Past,
    ) -> Later<'a, Result<Part<Event>, StoreError>> {
        let scope = scope(tenant, terminal);
        self.reading(move |transaction| {
            let events = transaction.open_table(HISTORY)?;
            let head = head(transaction, &scope)?;
            let first = match past.from {
                // Events of the very instant belong to it.
                Some(from) => last_until(&events, &scope, head, &|at| at < from)?,
                None => 0,
            };
            let last = past.to.map_or(Ok(head), |to| last_until(&events, &scope, head, &|at| at <= to))?;
            let (first, mut found) = (first.max(past.after), Part { items: Vec::new(), more: false });
            let mut push = |event: Event| {
                found.more = found.items.len() == past.limit;
                if !found.more {
                    found.items.push(event);
                }
                !found.more
            };
            if first >= last {
                return Ok(found);
            }
            if let Some((entity, id)) = &past.about {
                let index = transaction.open_table(HISTORY_OF)?;
                let from = (scope.as_str(), *entity as u8, id.as_str(), first + 1);
                for entry in index.range(from..=(scope.as_str(), *entity as u8, id.as_str(), last))? {
                    let number = entry?.0.value().3;
                    if !push(event(&events, &scope, number)?) {
                        break;
                    }
                }
            } else {
                for entry in events.range((scope.as_str(), first + 1)..=(scope.as_str(), last))? {
                    if !push(read("an event", entry?.1.value())?) {
                        break;
                    }
                }
            }
            Ok(found)
        })
    }

    fn snapshot<'a>(
        &'a self,
        tenant: &'a Tenant,
        terminal: &'a str,
        at: Option<Timestamp>,
    ) -> Later<'a, Result<All, StoreError>> {
        let scope = scope(tenant, terminal);
        self.reading(move |transaction| {
            let mut version = head(transaction, &scope)?;
            let mut records = BTreeMap::new();
            for entry in
                transaction.open_table(RECORDS)?.range((scope.as_str(), 0, "")..(scope.as_str(), u8::MAX, ""))?
            {
                let (key, value) = entry?;
                let (_, kind, id) = key.value();
                records.insert((kind, id.to_owned()), record(value.value())?);
            }
            if let Some(at) = at {
                // Take back what came later.
                for entry in
                    transaction.open_table(HISTORY)?.range((scope.as_str(), 0)..=(scope.as_str(), version))?.rev()
                {
                    let event: Event = read("an event", entry?.1.value())?;
                    if event.stamp.at <= at {
                        break;
                    }
                    version = event.stamp.version - 1;
                    let key = (event.entity as u8, event.id);
                    match event.before {
                        Some(before) => records.insert(key, before),
                        None => records.remove(&key),
                    };
                }
            }
            Ok(All { version, records: records.into_values().collect() })
        })
    }

    fn version<'a>(&'a self, tenant: &'a Tenant, terminal: &'a str) -> Later<'a, Result<u64, StoreError>> {
        let scope = scope(tenant, terminal);
        self.reading(move |transaction| head(transaction, &scope))
    }

    fn beat<'a>(
        &'a self,
        tenant: &'a Tenant,
        terminal: &'a str,
        ids: Vec<String>,
        at: Timestamp,
    ) -> Later<'a, Result<Vec<String>, StoreError>> {
        let scope = scope(tenant, terminal);
        let mut registry = self.writer.registry();
        let registry = &mut *registry;
        let mut unknown = Vec::new();
        let mut known = registry.seen.get_mut(&scope);
        for id in ids {
            match known.as_mut().and_then(|known| known.get_mut(&id)) {
                Some(seen) => {
                    // A sign that comes late does not undo a later one.
                    *seen = (*seen).max(Some(at));
                    registry.fresh.insert((scope.clone(), id), at);
                }
                None => unknown.push(id),
            }
        }
        Box::pin(std::future::ready(Ok(unknown)))
    }

    fn beats<'a>(
        &'a self,
        tenant: &'a Tenant,
        terminal: &'a str,
        of: Option<&'a str>,
    ) -> Later<'a, Result<BTreeMap<String, Timestamp>, StoreError>> {
        let registry = self.writer.registry();
        let all = registry.seen.get(&scope(tenant, terminal));
        let seen = match of {
            Some(id) => all.and_then(|all| all.get_key_value(id)).into_iter().collect::<Vec<_>>(),
            None => all.into_iter().flatten().collect(),
        };
        let seen = seen.into_iter().filter_map(|(id, at)| Some((id.clone(), (*at)?))).collect();
        Box::pin(std::future::ready(Ok(seen)))
    }
}

/// The records of these containers.
fn named(
    records: &ReadOnlyTable<super::terminal_tables::Key, &'static [u8]>,
    scope: &str,
    numbers: Vec<String>,
    query: &Query,
) -> Result<Part<Record>, Fault> {
    let more = numbers.len() > query.limit;
    let mut items = Vec::new();
    for number in numbers.into_iter().take(query.limit) {
        if let Some(found) = records.get((scope, Entity::Container as u8, number.as_str()))? {
            items.push(record(found.value())?);
        }
    }
    Ok(Part { items, more })
}

fn head(transaction: &ReadTransaction, scope: &str) -> Result<u64, Fault> {
    Ok(transaction.open_table(HEADS)?.get(scope)?.map_or(0, |head| head.value().0))
}

type Events = ReadOnlyTable<(&'static str, u64), &'static [u8]>;

fn event(events: &Events, scope: &str, number: u64) -> Result<Event, Fault> {
    let found = events.get((scope, number))?.ok_or("an event is missing from the history")?;
    Ok(read("an event", found.value())?)
}

/// The last event whose time is as wanted: times never go back, so that a search by halves finds it.
fn last_until(events: &Events, scope: &str, head: u64, wanted: &dyn Fn(Timestamp) -> bool) -> Result<u64, Fault> {
    let (mut low, mut high) = (0, head);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if wanted(event(events, scope, middle)?.stamp.at) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    Ok(low)
}
