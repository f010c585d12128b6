//! Whether a solve is begun, or promised: what cannot be kept is refused at once.

use std::time::Duration;

use super::Plans;
use super::pool::{Class, Job};
use super::record::Urgency;
use super::submit::{Ask, Mode, Rejected, Wanted};
use crate::guard::quota::What;

impl Plans {
    /// Why a solve is not begun: the tenant has had its share, or it could not end in time.
    pub(super) async fn refusal(&self, ask: &Ask, wanted: &Wanted) -> Option<Rejected> {
        let granted = wanted.granted;
        if wanted.mode != Mode::Deferred {
            let cost = self.forecast.of(wanted.kind, granted);
            let class = Class::Awaited(ask.urgency);
            let wait = self.pool.wait(&Job { class, tenant: ask.tenant.clone(), due: ask.arrived + granted, cost });
            // A solve that begins late has less time. With half of what it was granted it is still worth it; to a tenant that has
            // no other here, with a quarter: a crowd of another's is no reason to turn it away.
            let least = granted / if self.pool.holds(&ask.tenant) { 2 } else { 4 };
            if wait + cost.min(least) > granted {
                return Some(Rejected::Busy { retry_after: wait });
            }
        }
        if wanted.mode == Mode::Deferred
            && let Some(retry_after) = self.backlog(ask.urgency).await
        {
            return Some(Rejected::Busy { retry_after });
        }
        let standing = self.count(&ask.tenant, What::Solve).await?;
        (!standing.allowed).then_some(Rejected::Quota(standing))
    }

    /// How long the queues wait, where that is too long for another promise.
    async fn backlog(&self, urgency: Urgency) -> Option<Duration> {
        let waits = self.stores.backlog.as_ref()?.waits().await.unwrap_or_else(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "how long the queues wait is not known");
            [None; 3]
        });
        let at = urgency as usize;
        let wait = waits[..=at].iter().flatten().max()?;
        (*wait > self.settings.backlog[at]).then_some(*wait)
    }

    /// Notes how long a deferred solve has waited that is begun now.
    pub async fn begun(&self, urgency: Urgency, waited: Duration) {
        let Some(backlog) = &self.stores.backlog else { return };
        if let Err(error) = backlog.begun(urgency, waited).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "how long a queue waits is not told");
        }
    }
}
