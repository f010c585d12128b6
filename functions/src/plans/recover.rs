//! Start, end and housekeeping: what a process finds when it comes up, and leaves when it goes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use portolan::Request;

use super::Plans;
use super::live::{Live, Why};
use super::pool::Class;
use super::record::{Failure, Record, Tenant};
use super::run::{Solve, Then};
use super::state::Event;
use crate::guard::forecast::Kind;
use crate::ports::{Parts, StoreError, Write};

/// What a start found unfinished.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Deferred plans that go on.
    pub resumed: usize,
    /// Plans that a connection waited for, which died with the process.
    pub interrupted: usize,
    /// Plans whose request cannot be read anymore.
    pub failed: usize,
}

impl Plans {
    /// Takes care of what an earlier process left unfinished.
    pub async fn recover(self: &Arc<Self>) -> Result<Recovered, StoreError> {
        let mut recovered = Recovered::default();
        for (tenant, id) in self.stores.upkeep.unfinished().await? {
            let Some(record) = self.stored(&tenant, id, Parts { request: true, best: true }).await? else {
                continue;
            };
            if !record.head.deferred {
                self.close_record(&tenant, record, Event::Interrupt, None).await?;
                recovered.interrupted += 1;
            } else if let Some(request) = self.read_back(&record) {
                self.resume(&tenant, record, request).await?;
                recovered.resumed += 1;
            } else {
                tracing::error!(plan = %id, %tenant, "a stored request cannot be read by this version");
                self.close_record(&tenant, record, Event::Fail, Some(Failure::RequestUnreadable)).await?;
                recovered.failed += 1;
            }
        }
        Ok(recovered)
    }

    /// Stops everything in an orderly way: inline solves answer with their best, deferred ones go on after the next start.
    pub async fn close(&self, patience: Duration) {
        self.closing.store(true, Ordering::Relaxed);
        for live in self.table.all() {
            live.stop(Why::Closing);
        }
        if tokio::time::timeout(patience, self.table.empty()).await.is_err() {
            tracing::warn!("some solves did not stop in time; the next start takes care of them");
        }
        self.pool.close();
    }

    /// Forgets expired plans, again and again.
    pub async fn keep_house(self: Arc<Self>, every: Duration) {
        let mut beat = tokio::time::interval(every);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            beat.tick().await;
            match self.stores.upkeep.prune().await {
                Ok(0) => {}
                Ok(count) => tracing::info!(count, "forgot old plans"),
                Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "old plans stay"),
            }
        }
    }

    pub(super) fn read_back(&self, record: &Record) -> Option<Box<dyn Request>> {
        self.problem(&record.head.problem)?.read(record.request.as_ref()?).ok()
    }

    async fn resume(
        self: &Arc<Self>,
        tenant: &Tenant,
        mut record: Record,
        request: Box<dyn Request>,
    ) -> Result<(), StoreError> {
        let replaces = record.head.version;
        let head = &mut record.head;
        if let Ok(state) = head.state.after(Event::Requeue, head.state.epoch) {
            head.state = state;
        }
        super::live::touch(&mut record, self.stores.clock.now());
        let head = record.head.clone();
        let write = Write { head, replaces: Some(replaces), request: None, best: None, durable: true };
        self.put(tenant, write).await?;

        let (version, epoch) = (record.head.version, record.head.state.epoch);
        // An improvement was granted more than the first answer that it improves.
        let limit = match record.answer() {
            Some(_) => self.settings.deferred_time,
            None => Duration::from_millis(record.head.granted_ms),
        };
        let request: Arc<dyn Request> = Arc::from(request);
        let live = Live::new(tenant.clone(), record, request.options().seed.unwrap_or(1), None);
        let class = Class::Deferred(live.record().head.urgency);
        let kind = Kind::new(request.problem(), request.canonical().len());
        let solve = Solve { class, kind, limit, until: None, least: limit, epoch };
        self.table.enter(&live);
        let Ok(finished) = self.queue(&live, &request, &solve, true) else {
            self.table.leave(&live);
            return Ok(());
        };
        tokio::spawn(Arc::clone(self).follow(live, request, finished, Then::Nothing, Some(version)));
        Ok(())
    }

    pub(super) async fn close_record(
        &self,
        tenant: &Tenant,
        record: Record,
        event: Event,
        failure: Option<Failure>,
    ) -> Result<(), StoreError> {
        let (id, mut head) = (record.head.id, record.head);
        let (replaces, now) = (head.version, self.stores.clock.now());
        match head.state.after(event, head.state.epoch) {
            Ok(state) => head.state = state,
            Err(refused) => tracing::error!(plan = %id, %refused, "a plan ended against the rules"),
        }
        head.failure = failure;
        head.leased_until = None;
        head.version += 1;
        head.updated_at = now;
        head.expires_at = now.saturating_add(self.settings.keep).ok();
        let write = Write { head, replaces: Some(replaces), request: None, best: None, durable: true };
        self.put(tenant, write).await
    }
}

/// Names what a caller of [`Plans::recover`] may want to log.
impl std::fmt::Display for Recovered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { resumed, interrupted, failed } = self;
        write!(f, "{resumed} resumed, {interrupted} interrupted, {failed} unreadable")
    }
}
