//! Plans, terminals and idempotency records in DynamoDB.
//!
//! Terminals have a table of their own: see [`Terminals`].
//!
//! Table of plans, partition key `tenant`, sort key `key`:
//!
//! | `key` | attributes |
//! |---|---|
//! | `plan#ID` | `head` (JSON), `version`, `status`, `epoch`, `deferred`, `urgency`, `fingerprint`, `expires_at`, `written_by` (a name for its last write); `request_here` and `best_here`, or `request_at` and `best_at` in the bucket |
//! | `print#FINGERPRINT` | `plan`, the finished plan with the smallest gap, `gap`, `expires_at` |
//!
//! Its index `listed` (partition key `listed`, which plans alone have and which is the tenant) holds heads without the large
//! parts, so that lists are cheap; it follows within a second. Everything else is read consistently.
//!
//! Ephemeral table, partition key `key`: `replay#TENANT#KEY` holds an idempotency record.
//!
//! `expires_at` is in seconds, because DynamoDB deletes by it, up to two days late. So what has expired is left out when it is
//! read. Every write is conditional; nothing is written in two steps that must not come apart.

mod plans;
mod replays;
mod terminal;

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use portolan_functions::plans::record::{PlanId, Tenant};
use portolan_functions::ports::{Dependency, Later, StoreError, Upkeep, WallClock};

use crate::bodies::{Bodies, chain, unavailable};
use crate::config::Tables;
pub use terminal::Terminals;

type Item = HashMap<String, AttributeValue>;

/// The tables. Cheap to clone.
#[derive(Clone)]
pub struct DynamoDb {
    client: Client,
    plans: String,
    ephemeral: String,
    bodies: Bodies,
    clock: Arc<dyn WallClock>,
}

impl DynamoDb {
    /// On these tables, which must exist.
    pub fn new(client: Client, tables: &Tables, bodies: Bodies, clock: Arc<dyn WallClock>) -> Self {
        Self { client, plans: tables.plans.clone(), ephemeral: tables.ephemeral.clone(), bodies, clock }
    }
}

impl Upkeep for DynamoDb {
    /// None: the queues bring them.
    fn unfinished(&self) -> Later<'_, Result<Vec<(Tenant, PlanId)>, StoreError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Nothing to do: DynamoDB deletes by itself.
    fn prune(&self) -> Later<'_, Result<usize, StoreError>> {
        Box::pin(async { Ok(0) })
    }

    fn check(&self) -> Later<'_, Vec<Dependency>> {
        Box::pin(async {
            let look = Box::pin(async {
                let key = [("tenant", s("#")), ("key", s("#"))];
                let read = self.client.get_item().table_name(&self.plans).set_key(Some(item(key)));
                read.send().await.map(drop).map_err(failed)
            });
            // Idempotency records are written and never read alone: no role may, so that nothing can be asked of their table.
            vec![Dependency::found("store", true, look).await]
        })
    }
}

fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn n(number: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn item<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Item {
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

fn number<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// Seconds, rounded up: DynamoDB must not be earlier than we.
fn seconds(at: Timestamp) -> AttributeValue {
    n(at.as_second() + 1)
}

fn unreadable(what: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Unreadable { what: what.to_owned(), source: source.into() }
}

fn failed<E>(error: SdkError<E>) -> StoreError
where
    SdkError<E>: std::error::Error + 'static,
{
    unavailable(chain(&error))
}
