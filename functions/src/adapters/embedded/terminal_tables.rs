//! The tables of terminals, and how events change them.
//!
//! | table | key | value |
//! |---|---|---|
//! | `terminal_heads` | terminal | number and time of its last event |
//! | `terminal_records` | terminal, kind, id | [`Record`] in JSON |
//! | `terminal_stacks` | terminal, stack | the place, and the numbers of its containers from the ground up, in JSON |
//! | `terminal_destinations` | terminal, destination, container | nothing |
//! | `terminal_history` | terminal, number | [`Event`] in JSON |
//! | `terminal_history_of` | terminal, kind, id, number | nothing |
//! | `terminal_keys` | terminal, idempotency key | [`Used`] in JSON |
//! | `terminal_key_ages` | time, terminal, idempotency key | nothing |
//! | `terminal_beats` | terminal, equipment | when it was last heard of |
//! | `terminal_log` | nothing | number of the last group of the log that is in these tables |
//!
//! A terminal is named `tenant/terminal`; neither has a slash in it.

use std::sync::Arc;

use jiff::Timestamp;
use redb::{ReadableTable, Table, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::terminal_log::{self, Group};
use super::{Fault, unreadable};
use crate::ports::StoreError;
use crate::terminal::container::Container;
use crate::terminal::decide::{Draft, View};
use crate::terminal::event::{Body, Entity, Event, Receipt, Record, Stamp};
use crate::terminal::layout::{Spec, StackAt};

pub(super) type Key = (&'static str, u8, &'static str);

pub(super) const HEADS: TableDefinition<&str, (u64, i64)> = TableDefinition::new("terminal_heads");
pub(super) const RECORDS: TableDefinition<Key, &[u8]> = TableDefinition::new("terminal_records");
pub(super) const STACKS: TableDefinition<(&str, &str), &[u8]> = TableDefinition::new("terminal_stacks");
pub(super) const DESTINATIONS: TableDefinition<(&str, &str, &str), ()> = TableDefinition::new("terminal_destinations");
pub(super) const HISTORY: TableDefinition<(&str, u64), &[u8]> = TableDefinition::new("terminal_history");
pub(super) const HISTORY_OF: TableDefinition<(&str, u8, &str, u64), ()> = TableDefinition::new("terminal_history_of");
const KEYS: TableDefinition<(&str, &str), &[u8]> = TableDefinition::new("terminal_keys");
const KEY_AGES: TableDefinition<(i64, &str, &str), ()> = TableDefinition::new("terminal_key_ages");
const LOG: TableDefinition<(), u64> = TableDefinition::new("terminal_log");
pub(super) const BEATS: TableDefinition<(&str, &str), i64> = TableDefinition::new("terminal_beats");

/// Keys forgotten with each batch of writes at most: more than are made, so that they never pile up.
const FORGET_AT_ONCE: usize = 2048;

/// An idempotency key that was used.
#[derive(Serialize, Deserialize)]
pub(super) struct Used {
    pub(super) digest: String,
    pub(super) receipt: Receipt,
}

/// A stack that holds something.
#[derive(Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) at: StackAt,
    pub(super) numbers: Vec<String>,
}

/// The tables, open for writing.
pub(super) struct Tables<'t> {
    heads: Table<'t, &'static str, (u64, i64)>,
    records: Table<'t, Key, &'static [u8]>,
    stacks: Table<'t, (&'static str, &'static str), &'static [u8]>,
    destinations: Table<'t, (&'static str, &'static str, &'static str), ()>,
    history: Table<'t, (&'static str, u64), &'static [u8]>,
    history_of: Table<'t, (&'static str, u8, &'static str, u64), ()>,
    keys: Table<'t, (&'static str, &'static str), &'static [u8]>,
    key_ages: Table<'t, (i64, &'static str, &'static str), ()>,
    beats: Table<'t, (&'static str, &'static str), i64>,
    log: Table<'t, (), u64>,
}

/// Makes the tables where they are missing, so that readers find them.
pub(super) fn prepare(transaction: &WriteTransaction) -> Result<(), Fault> {
    Tables::open(transaction)?;
    Ok(())
}

pub(super) fn read<'a, T: Deserialize<'a>>(what: &str, bytes: &'a [u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|source| unreadable(what.to_owned(), source))
}

impl<'t> Tables<'t> {
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, Fault> {
        Ok(Self {
            heads: transaction.open_table(HEADS)?,
            records: transaction.open_table(RECORDS)?,
            stacks: transaction.open_table(STACKS)?,
            destinations: transaction.open_table(DESTINATIONS)?,
            history: transaction.open_table(HISTORY)?,
            history_of: transaction.open_table(HISTORY_OF)?,
            keys: transaction.open_table(KEYS)?,
            key_ages: transaction.open_table(KEY_AGES)?,
            beats: transaction.open_table(BEATS)?,
            log: transaction.open_table(LOG)?,
        })
    }

    /// The last group of the log that is in these tables.
    pub(super) fn last_group(&self) -> Result<u64, Fault> {
        Ok(self.log.get(())?.map_or(0, |number| number.value()))
    }

    /// Notes that they have a group of the log.
    pub(super) fn has_group(&mut self, number: u64) -> Result<(), Fault> {
        self.log.insert((), number)?;
        Ok(())
    }

    /// Number and time of the last event.
    pub(super) fn head(&self, scope: &str) -> Result<(u64, Timestamp), Fault> {
        let (version, micros) = self.heads.get(scope)?.map_or((0, 0), |head| head.value());
        Ok((version, Timestamp::from_microsecond(micros)?))
    }

    /// What an idempotency key was used for.
    pub(super) fn used(&self, scope: &str, key: &str) -> Result<Option<Used>, Fault> {
        let used = self.keys.get((scope, key))?;
        Ok(used.map(|used| read("an idempotency record", used.value())).transpose()?)
    }

    /// Remembers what a key was used for.
    pub(super) fn use_key(&mut self, scope: &str, key: &str, used: &Used, group: &mut Group) -> Result<(), Fault> {
        let json = serde_json::to_vec(used)?;
        group.field(b'K', key.as_bytes());
        group.field(b'U', &json);
        self.keys.insert((scope, key), json.as_slice())?;
        self.key_ages.insert((used.receipt.at.as_microsecond(), scope, key), ())?;
        Ok(())
    }

    /// Forgets keys that were used before this time.
    pub(super) fn forget_keys(&mut self, before: Timestamp) -> Result<(), Fault> {
        let mut old = Vec::new();
        for entry in self.key_ages.range(..(before.as_microsecond(), "", ""))?.take(FORGET_AT_ONCE) {
            let (at, scope, key) = {
                let (key, _) = entry?;
                let (at, scope, name) = key.value();
                (at, scope.to_owned(), name.to_owned())
            };
            old.push((at, scope, key));
        }
        for (at, scope, key) in old {
            self.key_ages.remove((at, scope.as_str(), key.as_str()))?;
            self.keys.remove((scope.as_str(), key.as_str()))?;
        }
        Ok(())
    }

    /// Writes what a group of the log says.
    pub(super) fn write_again(&mut self, body: &[u8]) -> Result<(), Fault> {
        let (mut scope, mut key) = (String::new(), String::new());
        // What is written again is in the log already.
        let mut ignored = Group::new();
        for (tag, content) in terminal_log::fields(body)? {
            match tag {
                b'S' => std::str::from_utf8(content)?.clone_into(&mut scope),
                b'K' => std::str::from_utf8(content)?.clone_into(&mut key),
                b'U' => self.use_key(&scope, &key, &read("an idempotency record", content)?, &mut ignored)?,
                b'E' => {
                    let Event { stamp, kind, equipment, before, after, .. } = read("an event", content)?;
                    let draft = Draft { kind, before, after, equipment };
                    let version = self.write(&scope, vec![draft], &stamp.by, stamp.at, &mut ignored)?;
                    if version != stamp.version {
                        let cause =
                            format!("the log goes on with event {} of {scope}, not with {version}", stamp.version);
                        return Err(cause.into());
                    }
                }
                _ => return Err("a field of the log is not known".into()),
            }
        }
        Ok(())
    }

    /// Writes events. Returns the number of the last.
    pub(super) fn write(
        &mut self,
        scope: &str,
        drafts: Vec<Draft>,
        by: &str,
        at: Timestamp,
        group: &mut Group,
    ) -> Result<u64, Fault> {
        let (mut version, _) = self.head(scope)?;
        for draft in drafts {
            version += 1;
            let stamp = Stamp { version, at, by: by.to_owned() };
            let Draft { kind, before, after, equipment } = draft;
            let body = after.as_ref().or(before.as_ref().map(|before| &before.body));
            let Some((entity, id)) = body.map(Body::name) else { continue };
            self.move_about(scope, before.as_ref(), after.as_ref())?;
            let key = (scope, entity as u8, id.as_str());
            if let Some(body) = &after {
                let record = Record { body: body.clone(), stamp: stamp.clone() };
                self.records.insert(key, serde_json::to_vec(&record)?.as_slice())?;
            } else {
                self.records.remove(key)?;
                if entity == Entity::Equipment {
                    // Of another piece by this name nothing was heard yet.
                    self.beats.remove((scope, id.as_str()))?;
                }
            }
            self.history_of.insert((scope, entity as u8, id.as_str(), version), ())?;
            let event = Event { stamp, kind, entity, id, equipment, before, after };
            let json = serde_json::to_vec(&event)?;
            group.field(b'E', &json);
            self.history.insert((scope, version), json.as_slice())?;
        }
        self.heads.insert(scope, (version, at.as_microsecond()))?;
        Ok(version)
    }

    /// Keeps stacks and destinations in step with a container.
    fn move_about(&mut self, scope: &str, before: Option<&Record>, after: Option<&Body>) -> Result<(), Fault> {
        let (was, is) = (before.and_then(|before| before.body.container()), after.and_then(Body::container));
        if was.is_none() && is.is_none() {
            return Ok(());
        }
        let slot = |it: Option<&Container>| it.and_then(|it| it.slot.clone());
        let (from, to) = (slot(was), slot(is));
        if from != to {
            let number = was.or(is).map(|it| it.number.clone()).unwrap_or_default();
            if let Some(from) = from {
                let mut numbers = self.stack(scope, &from.stack)?;
                let top = numbers.pop();
                assert_eq!(top.as_deref(), Some(number.as_str()), "only the top of a stack is taken");
                self.set_stack(scope, &from.stack, numbers)?;
            }
            if let Some(to) = to {
                let mut numbers = self.stack(scope, &to.stack)?;
                numbers.push(number);
                assert_eq!(numbers.len(), usize::from(to.tier), "a container is put on top of its stack");
                self.set_stack(scope, &to.stack, numbers)?;
            }
        }
        let goes = |it: Option<&Container>| Some((it?.details.destination.as_ref()?.to_string(), it?.number.clone()));
        let (went, goes) = (goes(was), goes(is));
        if went != goes {
            if let Some((destination, number)) = went {
                self.destinations.remove((scope, destination.as_str(), number.as_str()))?;
            }
            if let Some((destination, number)) = goes {
                self.destinations.insert((scope, destination.as_str(), number.as_str()), ())?;
            }
        }
        Ok(())
    }

    fn stack(&self, scope: &str, at: &StackAt) -> Result<Vec<String>, Fault> {
        let held = self.stacks.get((scope, at.key().as_str()))?;
        let held = held.map(|held| read::<Held>("a stack", held.value())).transpose()?;
        Ok(held.map(|held| held.numbers).unwrap_or_default())
    }

    fn set_stack(&mut self, scope: &str, at: &StackAt, numbers: Vec<String>) -> Result<(), Fault> {
        let key = at.key();
        if numbers.is_empty() {
            self.stacks.remove((scope, key.as_str()))?;
        } else {
            let held = serde_json::to_vec(&Held { at: at.clone(), numbers })?;
            self.stacks.insert((scope, key.as_str()), held.as_slice())?;
        }
        Ok(())
    }

    fn get(&self, scope: &str, entity: Entity, id: &str) -> Result<Option<Record>, Fault> {
        let record = self.records.get((scope, entity as u8, id))?;
        Ok(record.map(|record| read("a record", record.value())).transpose()?)
    }

    fn all(&self, scope: &str, entity: Entity) -> Result<Vec<Record>, Fault> {
        let (mut all, kind) = (Vec::new(), entity as u8);
        for entry in self.records.range((scope, kind, "")..(scope, kind + 1, ""))? {
            all.push(read("a record", entry?.1.value())?);
        }
        Ok(all)
    }

    fn occupied(&self, scope: &str) -> Result<Vec<(StackAt, Vec<String>)>, Fault> {
        let mut all = Vec::new();
        for entry in self.stacks.range((scope, "")..(scope, "\u{10ffff}"))? {
            let held: Held = read("a stack", entry?.1.value())?;
            all.push((held.at, held.numbers));
        }
        Ok(all)
    }
}

/// What [`crate::terminal::decide`] sees of a terminal.
pub(super) struct Seen<'a, 't> {
    pub(super) tables: &'a Tables<'t>,
    pub(super) scope: &'a str,
    pub(super) spec: Option<Arc<Spec>>,
    /// Pieces of equipment, at most.
    pub(super) equipment: usize,
}

impl View for Seen<'_, '_> {
    fn spec(&self) -> Result<Option<Arc<Spec>>, StoreError> {
        Ok(self.spec.clone())
    }

    fn record(&self, entity: Entity, id: &str) -> Result<Option<Record>, StoreError> {
        Ok(self.tables.get(self.scope, entity, id)?)
    }

    fn all(&self, entity: Entity) -> Result<Vec<Record>, StoreError> {
        Ok(self.tables.all(self.scope, entity)?)
    }

    fn equipment(&self) -> Result<usize, StoreError> {
        Ok(self.equipment)
    }

    fn stack(&self, at: &StackAt) -> Result<Vec<String>, StoreError> {
        Ok(self.tables.stack(self.scope, at)?)
    }

    fn occupied(&self) -> Result<Vec<(StackAt, Vec<String>)>, StoreError> {
        Ok(self.tables.occupied(self.scope)?)
    }
}
