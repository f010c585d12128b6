//! Taking a plan back: what runs is stopped and keeps its best, what has ended is deleted.

use std::time::Duration;

use super::Plans;
use super::live::Why;
use super::record::{Head, PlanId, Record, Tenant};
use super::state::{Event, Status};
use crate::ports::{Parts, StoreError, Write};

/// How long the caller waits for the solver to stop.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a plan is read again that somebody else writes to at the same time.
const TRIES: usize = 5;

/// What became of the plan.
#[derive(Debug)]
pub enum Removed {
    /// It was stopped; the best plan so far stands.
    Cancelled(Record),
    /// It will stop soon.
    Stopping(Record),
    /// It is gone.
    Deleted,
    /// It is not what the caller took it to be.
    Changed,
    /// There is none.
    Missing,
}

impl Plans {
    /// Stops a plan that is worked on, deletes one that has ended. `expected` decides whether the plan is still what the
    /// caller takes it to be.
    pub async fn remove(
        &self,
        tenant: &Tenant,
        id: PlanId,
        expected: impl Fn(&Head) -> bool,
    ) -> Result<Removed, StoreError> {
        if let Some(live) = self.table.find(tenant, id) {
            if !expected(&live.record().head) {
                return Ok(Removed::Changed);
            }
            let mut view = live.view.subscribe();
            let was_final = view.borrow().record.head.state.status.is_final();
            if !was_final {
                live.stop(Why::Asked);
                let ended = view.wait_for(|view| view.record.head.state.status.is_final() || view.broken.is_some());
                let ended = tokio::time::timeout(PATIENCE, ended).await.is_ok();
                let record = live.record();
                return Ok(if ended { Removed::Cancelled(record) } else { Removed::Stopping(record) });
            }
        }
        for _ in 0..TRIES {
            match self.remove_stored(tenant, id, &expected).await {
                // A worker elsewhere writes now and then; its writes change nothing that a caller knows.
                Err(StoreError::Conflict) => {}
                result => return result,
            }
        }
        Ok(Removed::Changed)
    }

    async fn remove_stored(
        &self,
        tenant: &Tenant,
        id: PlanId,
        expected: &impl Fn(&Head) -> bool,
    ) -> Result<Removed, StoreError> {
        let Some(stored) = self.stores.plans.get(tenant, id, Parts::default()).await? else {
            return Ok(Removed::Missing);
        };
        let head = stored.head;
        if !expected(&head) {
            return Ok(Removed::Changed);
        }
        if !head.state.status.is_final() {
            return self.cancel_stored(tenant, head).await;
        }
        self.stores.plans.delete(tenant, id, head.version).await?;
        self.memories.forget(tenant, &head.fingerprint);
        Ok(Removed::Deleted)
    }

    /// Cancels a plan that no worker of this process is at.
    async fn cancel_stored(&self, tenant: &Tenant, mut head: Head) -> Result<Removed, StoreError> {
        let (id, replaces, now) = (head.id, head.version, self.stores.clock.now());
        if let Ok(state) = head.state.after(Event::Cancel, head.state.epoch) {
            head.state = state;
        }
        debug_assert_eq!(head.state.status, Status::Cancelled);
        head.leased_until = None;
        head.version += 1;
        head.updated_at = now;
        head.expires_at = now.saturating_add(self.settings.keep).ok();
        let write = Write { head, replaces: Some(replaces), request: None, best: None, durable: true };
        self.put(tenant, write).await?;
        Ok(match self.stored(tenant, id, Parts { request: false, best: true }).await? {
            Some(record) => Removed::Cancelled(record),
            None => Removed::Missing,
        })
    }
}
