//! `solve`: takes deferred plans from the queues. One message an invocation, one worker a plan, all cores for it: a race of seeds.
//!
//! While a worker lives, its message stays hidden for a lease at a time. When it dies, the message comes back as soon as the lease
//! is over, long before the function's own time would be; another worker then takes the plan over in a new epoch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use lambda_runtime::{Context, LambdaEvent};
use portolan_functions::plans::{Plans, Worked};
use portolan_functions::telemetry::{self, LogFormat};

use crate::api::{self, StartError};
use crate::clients;
use crate::config::Config;
use crate::queue::{Message, Queues};

/// The function.
#[derive(Clone)]
pub struct Solver {
    plans: Arc<Plans>,
    queues: Queues,
    margin: Duration,
    lease: Duration,
}

/// Serves invocations until the platform ends the process; as many at a time as the platform says.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    telemetry::start(LogFormat::Json, false);
    let solver = Solver::start(Config::from_env()?).await?;
    let serve = move |event: LambdaEvent<SqsEvent>| {
        let solver = solver.clone();
        async move { Ok::<_, lambda_runtime::Error>(solver.handle(event.payload, &event.context).await) }
    };
    lambda_runtime::run_concurrent(lambda_runtime::service_fn(serve)).await
}

impl Solver {
    /// Builds the function.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let shared = clients::shared().await;
        let queues = Queues::new(aws_sdk_sqs::Client::new(&shared), config.queues.clone());
        let (margin, lease) = (config.margin, config.settings.lease);
        let plans = api::plans(&config, &shared)?;
        Ok(Self { plans, queues, margin, lease })
    }

    async fn handle(&self, event: SqsEvent, context: &Context) -> SqsBatchResponse {
        let ends_at = api::until(context.deadline(), std::time::SystemTime::now(), self.margin);
        let mut response = SqsBatchResponse::default();
        for message in &event.records {
            if !self.work(message, ends_at).await {
                // A new value of a type that may grow.
                let mut failure = BatchItemFailure::default();
                failure.item_identifier = message.message_id.clone().unwrap_or_default();
                response.batch_item_failures.push(failure);
            }
        }
        response
    }

    /// Whether the message has done its work.
    async fn work(&self, record: &SqsMessage, ends_at: Instant) -> bool {
        let body = record.body.as_deref().unwrap_or_default();
        let message: Message = match serde_json::from_str(body) {
            Ok(message) => message,
            Err(error) => {
                // It ends in the dead-letter queue, where somebody can look at it.
                tracing::error!(alarm = true, %error, id = record.message_id, "a message that is none of ours");
                self.again_in(record, Duration::from_secs(1)).await;
                return false;
            }
        };
        self.tell_wait(record).await;
        let Message { tenant, plan, epoch } = &message;
        let begun = Instant::now();
        let worked = tokio::select! {
            worked = self.plans.work_on(tenant, *plan, *epoch, ends_at) => worked,
            () = self.keep_hidden(record) => return false,
        };
        let took_ms = begun.elapsed().as_millis() as u64;
        match worked {
            Ok(worked) => {
                tracing::info!(%tenant, %plan, epoch, ?worked, took_ms, "worked");
                if worked == Worked::Held {
                    self.again_in(record, self.span()).await;
                }
                worked != Worked::Held
            }
            Err(error) => {
                tracing::error!(%tenant, %plan, error = &error as &dyn std::error::Error, "a plan was not worked on");
                self.again_in(record, self.span()).await;
                false
            }
        }
    }

    /// A little longer than the lease: whoever gets the message then finds the lease over.
    fn span(&self) -> Duration {
        self.lease + Duration::from_secs(2)
    }

    /// Where the message came from, and how to speak of it there.
    fn place<'a>(&'a self, record: &'a SqsMessage) -> Option<(&'a str, &'a str)> {
        let (url, _) = record.event_source_arn.as_deref().and_then(|arn| self.queues.queue(arn))?;
        Some((url, record.receipt_handle.as_deref()?))
    }

    /// Tells how long the message has waited, so that no more is promised than can be kept.
    async fn tell_wait(&self, record: &SqsMessage) {
        let queue = record.event_source_arn.as_deref().and_then(|arn| self.queues.queue(arn));
        if let Some(((_, urgency), waited)) = queue.zip(waited(record)) {
            self.plans.begun(urgency, waited).await;
        }
    }

    /// Has the message come again soon, not after the queue's own long time.
    async fn again_in(&self, record: &SqsMessage, span: Duration) {
        if let Some((url, receipt)) = self.place(record)
            && let Err(error) = self.queues.hide(url, receipt, span).await
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "a message comes again later than it should");
        }
    }

    /// Hides the message, again and again.
    async fn keep_hidden(&self, record: &SqsMessage) {
        let Some((url, receipt)) = self.place(record) else { return std::future::pending().await };
        loop {
            if let Err(error) = self.queues.hide(url, receipt, self.span()).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "a message may come a second time");
            }
            tokio::time::sleep(self.lease / 2).await;
        }
    }
}

/// How long a message was in its queue before it was first taken; a message that has come before says nothing about the queue.
fn waited(record: &SqsMessage) -> Option<Duration> {
    let number = |name: &str| record.attributes.get(name)?.parse::<u64>().ok();
    let waited = number("ApproximateFirstReceiveTimestamp")?.saturating_sub(number("SentTimestamp")?);
    (number("ApproximateReceiveCount")? == 1).then_some(Duration::from_millis(waited))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_how_long_it_waited_when_it_comes_for_the_first_time() {
        let message = |received: &str| {
            let mut message = SqsMessage::default();
            let attributes = [
                ("SentTimestamp", "1000"),
                ("ApproximateFirstReceiveTimestamp", "4500"),
                ("ApproximateReceiveCount", received),
            ];
            message.attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            message
        };
        assert_eq!(waited(&message("1")), Some(Duration::from_millis(3500)));
        assert_eq!(waited(&message("2")), None);
        assert_eq!(waited(&SqsMessage::default()), None);
    }
}
