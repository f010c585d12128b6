//! The queues of deferred solves, one for each urgency. A message names a plan and the epoch it was queued in, never what is to be
//! solved: a message that comes twice or late is then harmless.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use futures_util::TryFutureExt as _;
use portolan_functions::guard::breaker::{Breaker, Policy};
use portolan_functions::plans::record::{PlanId, Quality, Tenant, Urgency};
use portolan_functions::plans::state::Status;
use portolan_functions::ports::StoreError;
use serde::{Deserialize, Serialize};

use crate::bodies::{chain, unavailable};

/// A plan that waits for a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Whose.
    pub tenant: Tenant,
    /// Which.
    pub plan: PlanId,
    /// When it was queued, counted in queueings.
    pub epoch: u32,
}

/// A plan that has ended, for whoever wants to know without asking again and again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// Whose.
    pub tenant: Tenant,
    /// Which.
    pub plan: PlanId,
    /// Of which problem.
    pub problem: String,
    /// How it ended.
    pub status: Status,
    /// How good it is, where there is a plan.
    pub quality: Option<Quality>,
    /// Its entity tag, without quotes: a message may come twice.
    pub version: String,
}

/// The queues.
#[derive(Clone, Debug)]
pub struct Queues {
    sqs: Client,
    urls: [Option<String>; 3],
    ended: Option<String>,
    breaker: Arc<Breaker>,
}

impl Queues {
    /// With URLs by urgency.
    pub fn new(sqs: Client, urls: [Option<String>; 3]) -> Self {
        Self { sqs, urls, ended: None, breaker: Arc::new(Breaker::new("queues", Policy::default())) }
    }

    /// With a queue for what has ended.
    #[must_use]
    pub fn telling(mut self, ended: Option<String>) -> Self {
        self.ended = ended;
        self
    }

    /// Tells that a plan has ended, where somebody wants to know.
    pub async fn tell(&self, ended: &Ended) -> Result<(), StoreError> {
        let Some(url) = &self.ended else { return Ok(()) };
        self.send_json(url, &ended.tenant, ended).await
    }

    /// Sends a message. The tenant is its group: where one tenant has a long queue, SQS lets the others pass.
    pub async fn send(&self, urgency: Urgency, message: &Message) -> Result<(), StoreError> {
        let url = Urgency::ALL.iter().zip(&self.urls).find(|(known, _)| **known == urgency);
        let url = url.and_then(|(_, url)| url.as_deref());
        let url = url.ok_or_else(|| unavailable(format!("no queue is configured for {} plans", urgency.name())))?;
        self.send_json(url, &message.tenant, message).await
    }

    async fn send_json(&self, url: &str, tenant: &Tenant, message: &impl Serialize) -> Result<(), StoreError> {
        let body = serde_json::to_string(message).map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        let message = self.sqs.send_message().queue_url(url).message_body(body).message_group_id(group(tenant));
        let send = Box::pin(message.send()).map_ok(drop).map_err(|error| unavailable(chain(&error)));
        self.breaker.around(send).await
    }

    /// Keeps a message that is worked on from other workers, for so long from now.
    pub async fn hide(&self, url: &str, receipt: &str, span: Duration) -> Result<(), StoreError> {
        let seconds = i32::try_from(span.as_secs()).unwrap_or(i32::MAX);
        let change = self.sqs.change_message_visibility().queue_url(url).receipt_handle(receipt);
        let changed = change.visibility_timeout(seconds).send().await;
        changed.map(drop).map_err(|error| unavailable(chain(&error)))
    }

    /// The URL of the queue with this ARN, which is one of ours, and what is in it.
    pub fn queue(&self, arn: &str) -> Option<(&str, Urgency)> {
        let name = arn.rsplit(':').next()?;
        let mut queues =
            self.urls.iter().zip(Urgency::ALL).filter_map(|(url, urgency)| Some((url.as_deref()?, urgency)));
        queues.find(|(url, _)| url.rsplit('/').next() == Some(name))
    }
}

/// A tenant's name as a group: SQS takes letters, digits and punctuation, which is what a name is made of.
fn group(tenant: &Tenant) -> &str {
    tenant.name()
}
