//! What a change writes, item by item. Made purely from what was read and decided; so it can be put aside, as the plan of a large
//! change, and be carried out by whoever comes next.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};
use jiff::{SignedDuration, Timestamp};
use portolan_functions::ports::StoreError;
use portolan_functions::terminal::decide::{Draft, View};
use portolan_functions::terminal::event::{Body, Entity, Event, Receipt, Record, Stamp};
use portolan_functions::terminal::keys::Item as Kept;
use portolan_functions::terminal::layout::StackAt;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::{Item, n, s, seconds, text, unreadable};
use super::{Place, Terminals, ephemeral_key, item_key, micros, name_key};
use crate::bodies::{compress, decompress};

/// For how long an idempotency key is kept.
pub(super) const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// JSON that is longer is compressed.
const LONG: usize = 4 << 10;

/// One item that is written, or goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Row {
    /// A record as it is now.
    Record(Record),
    /// A record that is gone.
    Gone(Entity, String),
    /// Something that happened.
    Event(Box<Event>),
    /// A stack as it is now; without numbers, it is empty.
    Stack(Held),
    /// A container has a destination, or has it no more.
    Destination(String, String, bool),
    /// Nothing was ever heard of this piece of equipment.
    Silent(String),
    /// An idempotency key was used.
    Used(String, Used),
}

/// A stack that holds something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) at: StackAt,
    pub(super) numbers: Vec<String>,
}

/// What an idempotency key was used for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Used {
    pub(super) digest: String,
    pub(super) receipt: Receipt,
}

/// What drafts become, where the last event has this number. Each item comes once.
pub(super) fn rows(
    view: &dyn View,
    version: u64,
    drafts: Vec<Draft>,
    by: &str,
    at: Timestamp,
) -> Result<Vec<Row>, StoreError> {
    let mut records: BTreeMap<(Entity, String), Row> = BTreeMap::new();
    let mut stacks: BTreeMap<StackAt, Vec<String>> = BTreeMap::new();
    let mut destinations = BTreeMap::new();
    let mut rows = Vec::new();
    for (number, draft) in (version + 1..).zip(drafts) {
        let stamp = Stamp { version: number, at, by: by.to_owned() };
        let Draft { kind, before, after, equipment } = draft;
        let body = after.as_ref().or(before.as_ref().map(|before| &before.body));
        let Some((entity, id)) = body.map(Body::name) else { continue };
        let (was, is) =
            (before.as_ref().and_then(|before| before.body.container()), after.as_ref().and_then(Body::container));
        let slot = |it: Option<&portolan_functions::terminal::container::Container>| it.and_then(|it| it.slot.clone());
        let (from, to) = (slot(was), slot(is));
        if from != to {
            for (slot, taken) in [(from, true), (to, false)] {
                let Some(slot) = slot else { continue };
                if !stacks.contains_key(&slot.stack) {
                    stacks.insert(slot.stack.clone(), view.stack(&slot.stack)?);
                }
                let numbers = stacks.entry(slot.stack).or_default();
                if taken {
                    let top = numbers.pop();
                    assert_eq!(top.as_ref(), Some(&id), "only the top of a stack is taken");
                } else {
                    numbers.push(id.clone());
                    assert_eq!(numbers.len(), usize::from(slot.tier), "a container is put on top of its stack");
                }
            }
        }
        let goes = |it: Option<&portolan_functions::terminal::container::Container>| {
            it.and_then(|it| it.details.destination.as_ref()).map(ToString::to_string)
        };
        let (went, goes) = (goes(was), goes(is));
        if went != goes {
            destinations.extend(went.map(|went| ((went, id.clone()), false)));
            destinations.extend(goes.map(|goes| ((goes, id.clone()), true)));
        }
        if entity == Entity::Equipment && after.is_none() {
            rows.push(Row::Silent(id.clone()));
        }
        let now = match &after {
            Some(body) => Row::Record(Record { body: body.clone(), stamp: stamp.clone() }),
            None => Row::Gone(entity, id.clone()),
        };
        records.insert((entity, id.clone()), now);
        rows.push(Row::Event(Box::new(Event { stamp, kind, entity, id, equipment, before, after })));
    }
    rows.extend(records.into_values());
    rows.extend(stacks.into_iter().map(|(at, numbers)| Row::Stack(Held { at, numbers })));
    rows.extend(destinations.into_iter().map(|((to, number), is)| Row::Destination(to, number, is)));
    Ok(rows)
}

impl Row {
    /// Whether it is the record of this name, or that it is gone.
    pub(super) fn is_of(&self, about: &(Entity, String)) -> bool {
        match self {
            Self::Record(record) => record.body.name() == *about,
            Self::Gone(entity, id) => (*entity, id) == (about.0, &about.1),
            _ => false,
        }
    }
}

impl Terminals {
    /// A row as actions of a transaction.
    pub(super) fn actions(&self, place: Place<'_>, row: &Row) -> Result<Vec<TransactWriteItem>, StoreError> {
        let bare = |key| put(&self.table, item_key(key));
        Ok(match row {
            Row::Record(record) => {
                let (entity, id) = record.body.name();
                let mut item = item_key(place.record(entity, &id));
                item.extend([packed(record)?]);
                let mut actions = vec![put(&self.table, item)];
                if entity == Entity::Terminal {
                    actions.push(bare(name_key(place.tenant, place.terminal)));
                }
                actions
            }
            Row::Gone(entity, id) => {
                let mut actions = vec![delete(&self.table, item_key(place.record(*entity, id)))];
                if *entity == Entity::Terminal {
                    actions.push(delete(&self.table, item_key(name_key(place.tenant, place.terminal))));
                }
                actions
            }
            Row::Event(event) => {
                let mut item = item_key(place.key(Kept::Event(event.stamp.version)));
                item.extend([packed(event)?]);
                let index = Kept::EventOf(event.entity, &event.id, event.stamp.version);
                vec![put(&self.table, item), bare(place.key(index))]
            }
            Row::Stack(held) => {
                let mut item = item_key(place.key(Kept::Stack(&held.at)));
                if held.numbers.is_empty() {
                    vec![delete(&self.table, item)]
                } else {
                    item.extend([packed(held)?]);
                    vec![put(&self.table, item)]
                }
            }
            Row::Destination(destination, number, is) => {
                let destination = destination.parse().map_err(|source| unreadable("a destination", source))?;
                let key = place.key(Kept::Destination(&destination, number));
                vec![if *is { bare(key) } else { delete(&self.table, item_key(key)) }]
            }
            Row::Silent(id) => vec![delete(&self.ephemeral, ephemeral_key(&place.key(Kept::Beat(id))))],
            Row::Used(key, used) => {
                let mut item = ephemeral_key(&place.key(Kept::Used(key)));
                let ends = used.receipt.at.saturating_add(KEPT).unwrap_or(Timestamp::MAX);
                item.extend([
                    packed(used)?,
                    ("expires_at".to_owned(), seconds(ends)),
                    ("at_us".to_owned(), micros(ends)),
                ]);
                vec![put(&self.ephemeral, item)]
            }
        })
    }
}

fn put(table: &str, item: Item) -> TransactWriteItem {
    let put = Put::builder().table_name(table).set_item(Some(item)).build();
    TransactWriteItem::builder().set_put(put.ok()).build()
}

fn delete(table: &str, key: Item) -> TransactWriteItem {
    let delete = Delete::builder().table_name(table).set_key(Some(key)).build();
    TransactWriteItem::builder().set_delete(delete.ok()).build()
}

/// An attribute that holds a value.
fn packed(value: &impl Serialize) -> Result<(String, AttributeValue), StoreError> {
    let json = serde_json::to_string(value).map_err(|source| unreadable("what is to be stored", source))?;
    Ok(if json.len() <= LONG {
        ("json".to_owned(), s(json))
    } else {
        ("zstd".to_owned(), AttributeValue::B(Blob::new(compress(json.as_bytes())?)))
    })
}

/// The value that an item holds.
pub(super) fn body<T: DeserializeOwned>(what: &str, found: &Item) -> Result<T, StoreError> {
    if let Some(json) = text(found, "json") {
        return serde_json::from_str(json).map_err(|source| unreadable(what, source));
    }
    let Some(AttributeValue::B(bytes)) = found.get("zstd") else { return Err(unreadable(what, "it is missing")) };
    serde_json::from_slice(&decompress(bytes.as_ref())?).map_err(|source| unreadable(what, source))
}

/// Bytes that an item takes, about.
pub(super) fn weight(action: &TransactWriteItem) -> usize {
    let attributes = action.put().map(Put::item).into_iter().flatten();
    attributes
        .map(|(name, value)| {
            name.len()
                + match value {
                    AttributeValue::S(text) => text.len(),
                    AttributeValue::B(bytes) => bytes.as_ref().len(),
                    _ => 16,
                }
        })
        .sum::<usize>()
        + 100
}

/// The head after a change.
pub(super) fn laid_out(before: u64, rows: &[Row]) -> u64 {
    let changes = |row: &Row| match row {
        Row::Record(record) if matches!(record.body, Body::Terminal(_)) => Some(record.stamp.version),
        Row::Gone(Entity::Terminal, _) => Some(0),
        _ => None,
    };
    rows.iter().rev().find_map(changes).unwrap_or(before)
}

/// The number as an attribute.
pub(super) fn whole(number: u64) -> AttributeValue {
    n(number)
}
