//! A worker's side of deferred plans: what a process does with a plan that a queue between processes brought.
//!
//! A queue may bring a plan twice, late, or in another order than it was put in. What makes that harmless is in the stored
//! plan: a **lease**, which tells whether another worker is alive at it; the **epoch**, which goes up whenever the plan is
//! queued again, so that an earlier message is out of date; and the version, on which every write is conditional, so that of
//! two workers who believe they hold a plan only one can write. The other finds out at its next write, or when it looks, and
//! stops.

use std::sync::Arc;
use std::time::{Duration, Instant};

use portolan::Request;

use super::Plans;
use super::live::{Live, touch};
use super::pool::Class;
use super::record::{Failure, PlanId, Record, Tenant};
use super::run::{Solve, Then};
use super::state::{Event, Status};
use crate::guard::forecast::Kind;
use crate::ports::{Parts, StoreError, Write};

/// A rest of granted time that is not worth another start from scratch.
const WORTH: Duration = Duration::from_secs(10);

/// What became of a plan that a queue brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worked {
    /// It has ended: now, or before.
    Ended,
    /// It is queued again, for a later worker: this one's time was up, or its process ends.
    Requeued,
    /// There is nothing to do: it is gone, or this message is out of date.
    Nothing,
    /// Another worker is alive at it. Should that one die, the message is needed again.
    Held,
    /// Another process has taken it over, or cancelled it, on the way.
    Lost,
}

impl Plans {
    /// Works on a plan that was queued in this epoch, until `ends_at` at the latest.
    pub async fn work_on(
        self: &Arc<Self>,
        tenant: &Tenant,
        id: PlanId,
        epoch: u32,
        ends_at: Instant,
    ) -> Result<Worked, StoreError> {
        let parts = Parts { request: true, best: true };
        let Some(mut record) = self.stored(tenant, id, parts).await? else { return Ok(Worked::Nothing) };
        let now = self.stores.clock.now();
        if record.head.state.status.is_final() {
            return Ok(Worked::Ended);
        }
        if record.head.leased_until.is_some_and(|until| until > now) {
            return Ok(Worked::Held);
        }
        if record.head.state.epoch != epoch && record.head.state.status == Status::Queued {
            return Ok(Worked::Nothing);
        }
        let Some(request) = self.read_back(&record) else {
            tracing::error!(alarm = true, plan = %id, %tenant, "a stored request cannot be read by this version");
            self.close_record(tenant, record, Event::Fail, Some(Failure::RequestUnreadable)).await?;
            return Ok(Worked::Ended);
        };
        match self.take(tenant, &mut record).await {
            Ok(()) => self.work(tenant, record, Arc::from(request), ends_at).await,
            Err(StoreError::Conflict) => Ok(Worked::Held),
            Err(error) => Err(error),
        }
    }

    /// Leases a plan, and fences off a dead worker that had begun it.
    async fn take(&self, tenant: &Tenant, record: &mut Record) -> Result<(), StoreError> {
        let (replaces, now) = (record.head.version, self.stores.clock.now());
        let head = &mut record.head;
        if head.state.status == Status::Running
            && let Ok(state) = head.state.after(Event::Requeue, head.state.epoch)
        {
            head.state = state;
        }
        head.leased_until = now.checked_add(self.settings.lease).ok();
        touch(record, now);
        let write =
            Write { head: record.head.clone(), replaces: Some(replaces), request: None, best: None, durable: true };
        self.put(tenant, write).await
    }

    async fn work(
        self: &Arc<Self>,
        tenant: &Tenant,
        record: Record,
        request: Arc<dyn Request>,
        ends_at: Instant,
    ) -> Result<Worked, StoreError> {
        let head = &record.head;
        let (version, epoch, urgency) = (head.version, head.state.epoch, head.urgency);
        // An improvement was granted more than the first answer that it improves.
        let granted = match record.answer() {
            Some(_) if head.spent_ms == 0 => self.settings.deferred_time,
            _ => Duration::from_millis(head.granted_ms),
        };
        let granted = granted.saturating_sub(Duration::from_millis(head.spent_ms));
        let limit = granted.min(ends_at.saturating_duration_since(Instant::now()));
        let then = if granted.saturating_sub(limit) > WORTH {
            Then::Requeue { spent_ms: head.spent_ms + limit.as_millis() as u64 }
        } else {
            Then::Nothing
        };
        // A second start from scratch takes another way, where the caller leaves that open.
        let seed = request.options().seed.unwrap_or(if head.spent_ms == 0 { 1 } else { u64::from(epoch) });
        let live = Live::new(tenant.clone(), record, seed, None);
        let kind = Kind::new(request.problem(), request.canonical().len());
        let solve = Solve { class: Class::Deferred(urgency), kind, limit, until: None, least: limit, epoch };
        self.table.enter(&live);
        let Ok(finished) = self.queue(&live, &request, &solve, true) else {
            // The process ends; the lease runs out, and the message comes back.
            self.table.leave(&live);
            return Ok(Worked::Held);
        };
        Arc::clone(self).follow(Arc::clone(&live), request, finished, then, Some(version)).await;
        let view = live.view.borrow();
        Ok(match view.record.head.state.status {
            _ if live.is_lost() => Worked::Lost,
            status if status.is_final() && view.stored => Worked::Ended,
            Status::Queued if view.stored => Worked::Requeued,
            // What was found could not be stored: another worker finds it again.
            _ => Worked::Held,
        })
    }
}
