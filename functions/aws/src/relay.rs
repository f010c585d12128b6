//! `relay`: the outbox. The stream of the plans' table says what was written; a plan that was queued becomes a message, a plan that has
//! ended is told of, and a plan that is finished no longer is forgotten by the cache.
//!
//! A record that cannot be relayed is reported by its sequence number: the stream comes again from there, so that nothing is left
//! out. A message may be sent twice; its receiver does not mind.

use std::sync::Arc;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use lambda_runtime::LambdaEvent;
use portolan_functions::plans::record::{Head, Tenant};
use portolan_functions::plans::state::Status;
use portolan_functions::ports::{PlanCache, StoreError};
use portolan_functions::telemetry::{self, LogFormat};

use crate::clients;
use crate::config::Config;
use crate::queue::{Ended, Message, Queues};
use crate::valkey::Valkey;

/// The function.
#[derive(Clone)]
pub struct Relay {
    queues: Queues,
    cache: Option<Arc<dyn PlanCache>>,
}

/// What a record of the stream says.
#[derive(Clone, Debug, PartialEq)]
enum Change {
    /// A plan waits for a worker.
    Queued(Message, portolan_functions::plans::record::Urgency),
    /// A plan has ended.
    Ended(Ended),
    /// A finished plan is gone, or is another now.
    Gone(Tenant, String),
    /// Nothing that anybody needs to know.
    Nothing,
}

/// Serves invocations until the platform ends the process; as many at a time as the platform says.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    telemetry::start(LogFormat::Json, false);
    let config = Config::from_env()?;
    let shared = clients::shared().await;
    let cache = config.cache.as_ref().map(|cache| Arc::new(Valkey::new(cache, &shared)) as Arc<dyn PlanCache>);
    let queues = Queues::new(aws_sdk_sqs::Client::new(&shared), config.queues).telling(config.ended);
    let relay = Relay::new(queues, cache);
    let serve = move |event: LambdaEvent<Event>| {
        let relay = relay.clone();
        async move { Ok::<_, lambda_runtime::Error>(relay.handle(event.payload).await) }
    };
    lambda_runtime::run_concurrent(lambda_runtime::service_fn(serve)).await
}

impl Relay {
    /// To these queues; with a cache that is told of what is gone.
    pub fn new(queues: Queues, cache: Option<Arc<dyn PlanCache>>) -> Self {
        Self { queues, cache }
    }

    /// Relays what is in a batch of the stream, and says from where on it could not be.
    pub async fn handle(&self, event: Event) -> DynamoDbEventResponse {
        let mut response = DynamoDbEventResponse::default();
        for record in &event.records {
            let relayed = match change(record) {
                Ok(change) => self.relay(change).await,
                Err(error) => {
                    // It would be unreadable the next time too; the plan stays, and is listed as queued.
                    tracing::error!(alarm = true, error = &error as &dyn std::error::Error, "an unreadable change");
                    Ok(())
                }
            };
            if let Err(error) = relayed {
                tracing::error!(error = &error as &dyn std::error::Error, "a change was not relayed; it comes again");
                // A new value of a type that may grow.
                let mut failure = DynamoDbBatchItemFailure::default();
                failure.item_identifier.clone_from(&record.change.sequence_number);
                response.batch_item_failures.push(failure);
                break;
            }
        }
        response
    }

    async fn relay(&self, change: Change) -> Result<(), StoreError> {
        match change {
            Change::Nothing => Ok(()),
            Change::Queued(message, urgency) => {
                self.queues.send(urgency, &message).await?;
                let Message { tenant, plan, epoch } = message;
                tracing::info!(%tenant, %plan, epoch, urgency = urgency.name(), "queued");
                Ok(())
            }
            Change::Ended(ended) => self.queues.tell(&ended).await,
            Change::Gone(tenant, fingerprint) => {
                if let Some(cache) = &self.cache
                    && let Err(error) = cache.forget(&tenant, &fingerprint).await
                {
                    // What is remembered has its age limit.
                    tracing::warn!(error = &error as &dyn std::error::Error, "the cache does not forget a plan yet");
                }
                Ok(())
            }
        }
    }
}

fn change(record: &EventRecord) -> Result<Change, StoreError> {
    let key: Option<String> = field(&record.change.keys, "key");
    let Some(tenant) = field::<String>(&record.change.keys, "tenant").map(|name| Tenant::new(&name)) else {
        return Ok(Change::Nothing);
    };
    if !key.is_some_and(|key| key.starts_with("plan#")) {
        return Ok(Change::Nothing);
    }
    let (old, new) = (head(&record.change.old_image)?, head(&record.change.new_image)?);
    let queued = |head: &Head| (head.deferred && head.state.status == Status::Queued).then_some(head.state.epoch);
    Ok(match (old, new) {
        (old, Some(new)) if queued(&new).is_some() && old.as_ref().and_then(queued) != queued(&new) => {
            let message = Message { tenant, plan: new.id, epoch: new.state.epoch };
            Change::Queued(message, new.urgency)
        }
        (old, Some(new))
            if new.state.status.is_final() && old.as_ref().is_none_or(|old| !old.state.status.is_final()) =>
        {
            let version = format!("{}.{}", new.state.epoch, new.version);
            let (status, quality) = (new.state.status, new.quality);
            Change::Ended(Ended { tenant, plan: new.id, problem: new.problem, status, quality, version })
        }
        (Some(old), new) if old.state.status == Status::Done && new.as_ref() != Some(&old) => {
            Change::Gone(tenant, old.fingerprint)
        }
        _ => Change::Nothing,
    })
}

fn head(image: &serde_dynamo::Item) -> Result<Option<Head>, StoreError> {
    let Some(json) = field::<String>(image, "head") else { return Ok(None) };
    let read = serde_json::from_str(&json);
    read.map(Some)
        .map_err(|source| StoreError::Unreadable { what: "a head in a stream".to_owned(), source: Box::new(source) })
}

fn field<T: for<'a> serde::Deserialize<'a>>(item: &serde_dynamo::Item, name: &str) -> Option<T> {
    serde_dynamo::from_attribute_value(item.get(name)?.clone()).ok()
}

#[cfg(test)]
mod tests {
    use portolan_functions::plans::record::Urgency;
    use serde_json::{Value, json};

    use super::*;

    fn head_at(status: &str, epoch: u32, deferred: bool) -> Value {
        let head = json!({
            "id": "0197e5a0-0000-7000-8000-000000000000", "problem": "berth", "state": {"status": status, "epoch": epoch},
            "version": 1, "fingerprint": "f", "deferred": deferred, "urgency": "bulk", "granted_ms": 1000,
            "created_at": "2026-03-01T00:00:00Z", "updated_at": "2026-03-01T00:00:00Z",
        });
        json!({"head": {"S": head.to_string()}})
    }

    fn record(old: Option<Value>, new: Option<Value>) -> EventRecord {
        let mut change = json!({
            "Keys": {"tenant": {"S": "acme"}, "key": {"S": "plan#0197e5a0-0000-7000-8000-000000000000"}},
            "SequenceNumber": "1", "SizeBytes": 1, "StreamViewType": "NEW_AND_OLD_IMAGES", "ApproximateCreationDateTime": 1,
        });
        for (name, image) in [("OldImage", old), ("NewImage", new)] {
            if let Some(image) = image {
                change[name] = image;
            }
        }
        serde_json::from_value(
            json!({"awsRegion": "eu-central-1", "eventID": "e", "eventName": "MODIFY", "dynamodb": change}),
        )
        .expect("a record")
    }

    fn said(old: Option<Value>, new: Option<Value>) -> Change {
        change(&record(old, new)).expect("readable")
    }

    #[test]
    fn each_queueing_of_a_deferred_plan_becomes_one_message() {
        let queued = |epoch| Some(head_at("queued", epoch, true));
        let Change::Queued(message, urgency) = said(None, queued(1)) else { panic!("a new plan is queued") };
        assert_eq!((message.tenant.name(), message.epoch, urgency), ("acme", 1, Urgency::Bulk));
        assert_eq!(said(queued(1), queued(1)), Change::Nothing, "a lease is no queueing");
        assert!(matches!(said(Some(head_at("running", 1, true)), queued(2)), Change::Queued(..)), "put back");
        assert_eq!(said(queued(1), Some(head_at("running", 1, true))), Change::Nothing);
        assert_eq!(said(None, Some(head_at("queued", 1, false))), Change::Nothing, "somebody waits for it on the line");
    }

    #[test]
    fn each_end_of_a_plan_is_told_once() {
        for status in ["done", "failed", "cancelled", "interrupted"] {
            let Change::Ended(ended) = said(Some(head_at("running", 2, true)), Some(head_at(status, 2, true))) else {
                panic!("{status} is an end")
            };
            assert_eq!((ended.status.name(), ended.version.as_str()), (status, "2.1"));
            assert!(!matches!(said(Some(head_at(status, 2, true)), Some(head_at(status, 2, true))), Change::Ended(..)));
        }
    }

    #[test]
    fn a_finished_plan_that_goes_is_forgotten() {
        let done = || Some(head_at("done", 1, false));
        assert_eq!(said(done(), None), Change::Gone(Tenant::new("acme"), "f".to_owned()));
        assert!(matches!(said(None, done()), Change::Ended(..)), "and one that comes is told of");
    }

    #[tokio::test]
    async fn what_cannot_be_sent_is_reported_and_what_follows_waits() {
        let shared =
            aws_config::SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::v2026_01_12()).build();
        let queues = Queues::new(aws_sdk_sqs::Client::new(&shared), [None, None, None]);
        let relay = Relay::new(queues, None);
        let mut event = Event::default();
        event.records =
            vec![record(None, Some(head_at("queued", 1, true))), record(None, Some(head_at("queued", 1, true)))];
        let response = relay.handle(event).await;
        let failed: Vec<_> =
            response.batch_item_failures.iter().map(|failure| failure.item_identifier.as_deref()).collect();
        assert_eq!(failed, [Some("1")]);
    }
}
