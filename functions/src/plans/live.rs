//! A plan while it is worked on: what readers see, who waits for it, and how it is stopped.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use portolan::problem::Snapshot;
use tokio::sync::watch;

use super::pool::Ticket;
use super::record::{Best, Incumbent, PlanId, Quality, Record, Tenant};
use super::state::{Event, Refused};
use crate::ports::StoreError;

/// Why a solve is stopped from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The caller cancelled it.
    Asked,
    /// Nobody waits for it anymore.
    Abandoned,
    /// The process shuts down.
    Closing,
    /// Somebody else has written the plan: it was cancelled, or another worker has taken it over.
    Lost,
}

/// What readers and waiters see.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// The plan.
    pub(super) record: Record,
    /// Whether the store has it.
    pub(super) stored: bool,
    /// Why the store does not have it.
    pub(super) broken: Option<Arc<StoreError>>,
}

/// A plan that is worked on.
pub(super) struct Live {
    pub(super) tenant: Tenant,
    pub(super) id: PlanId,
    pub(super) seed: u64,
    pub(super) view: watch::Sender<View>,
    /// Raised to stop the solver.
    pub(super) cancel: AtomicBool,
    /// Raised before that where nobody wants what it has found.
    pub(super) abandoned: AtomicBool,
    flight: Option<String>,
    why: Mutex<Option<Why>>,
    ticket: Mutex<Option<Ticket>>,
    waiting: AtomicUsize,
}

impl Live {
    pub(super) fn new(tenant: Tenant, record: Record, seed: u64, flight: Option<String>) -> Arc<Self> {
        let id = record.head.id;
        Arc::new(Self {
            tenant,
            id,
            seed,
            view: watch::Sender::new(View { record, stored: false, broken: None }),
            cancel: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
            flight,
            why: Mutex::new(None),
            ticket: Mutex::new(None),
            waiting: AtomicUsize::new(0),
        })
    }

    /// The plan at this moment.
    pub(super) fn record(&self) -> Record {
        self.view.borrow().record.clone()
    }

    /// Stops the solve, or takes it out of the queue. The first reason stays.
    pub(super) fn stop(&self, why: Why) {
        let why = *lock(&self.why).get_or_insert(why);
        self.abandoned.store(why == Why::Abandoned, Ordering::Relaxed);
        self.cancel.store(true, Ordering::Relaxed);
        if let Some(ticket) = lock(&self.ticket).as_ref() {
            ticket.withdraw();
        }
    }

    /// Why it was stopped, where it was.
    pub(super) fn stopped(&self) -> Option<Why> {
        *lock(&self.why)
    }

    /// Whether somebody else has written the plan.
    pub(super) fn is_lost(&self) -> bool {
        self.stopped() == Some(Why::Lost)
    }

    /// Keeps the place in the queue. A solve that was stopped in between gives it up again.
    pub(super) fn queued(&self, ticket: Ticket) {
        let mut slot = lock(&self.ticket);
        if self.cancel.load(Ordering::Relaxed) {
            ticket.withdraw();
        }
        *slot = Some(ticket);
    }

    /// Moves the plan on.
    pub(super) fn happen(&self, event: Event, epoch: u32, now: Timestamp) -> Result<(), Refused> {
        let mut result = Ok(());
        self.view.send_modify(|view| {
            let head = &mut view.record.head;
            match head.state.after(event, epoch) {
                Ok(state) => {
                    head.state = state;
                    touch(&mut view.record, now);
                }
                Err(refused) => result = Err(refused),
            }
        });
        result
    }

    /// Shows a better plan, or a better bound on the plan that is shown.
    ///
    /// invariant: what is shown never gets worse, also not across a restart or from one solve to the next.
    pub(super) fn progress(&self, snapshot: &Snapshot<'_>, now: Timestamp) {
        let &Snapshot { objective, lower_bound, gap, ticks, .. } = snapshot;
        let quality = Quality { objective, lower_bound, gap, ticks };
        let shown = self.view.borrow().record.head.quality;
        if shown.is_none_or(|shown| objective < shown.objective) {
            let plan = (snapshot.plan)();
            let best = Best::Incumbent(Incumbent { quality, seed: self.seed, plan });
            self.view.send_modify(|view| {
                view.record.improve(best);
                touch(&mut view.record, now);
            });
        } else if shown.is_some_and(|shown| shown.objective == objective && shown.lower_bound < lower_bound) {
            self.view.send_if_modified(|view| {
                // The numbers of an answer are those of its certificate.
                let bare = view.record.answer().is_none();
                if bare {
                    view.record.head.quality = Some(quality);
                    touch(&mut view.record, now);
                }
                bare
            });
        }
    }
}

/// Notes a change.
pub(super) fn touch(record: &mut Record, now: Timestamp) {
    record.head.version += 1;
    record.head.updated_at = now;
}

/// The plans that are worked on.
#[derive(Default)]
pub(super) struct Table {
    entries: Mutex<Entries>,
    emptied: tokio::sync::Notify,
}

#[derive(Default)]
pub(super) struct Entries {
    plans: HashMap<(Tenant, PlanId), Arc<Live>>,
    flights: HashMap<String, Arc<Live>>,
}

impl Table {
    /// The plan of this name.
    pub(super) fn find(&self, tenant: &Tenant, id: PlanId) -> Option<Arc<Live>> {
        self.lock().plans.get(&(tenant.clone(), id)).cloned()
    }

    /// Joins the solve of an equal request, or enters the one that `start` makes.
    pub(super) fn join_or_enter<E>(
        self: &Table,
        flight: &str,
        start: impl FnOnce() -> Result<Arc<Live>, E>,
    ) -> Result<(Waiter<'_>, bool), E> {
        let mut entries = self.lock();
        let (live, joined) = match entries.flights.get(flight) {
            Some(live) => (Arc::clone(live), true),
            None => (start()?, false),
        };
        if !joined {
            entries.enter(&live);
        }
        live.waiting.fetch_add(1, Ordering::Relaxed);
        Ok((Waiter { table: self, live }, joined))
    }

    /// Whether a solve of this flight is under way.
    pub(super) fn flies(&self, flight: &str) -> bool {
        self.lock().flights.contains_key(flight)
    }

    /// Enters a plan that nobody waits for.
    pub(super) fn enter(&self, live: &Arc<Live>) {
        self.lock().enter(live);
    }

    /// Forgets a plan that is worked on no longer.
    pub(super) fn leave(&self, live: &Arc<Live>) {
        let mut entries = self.lock();
        entries.land(live);
        entries.plans.remove(&(live.tenant.clone(), live.id));
        if entries.plans.is_empty() {
            self.emptied.notify_waiters();
        }
    }

    /// Every plan that is worked on.
    pub(super) fn all(&self) -> Vec<Arc<Live>> {
        self.lock().plans.values().cloned().collect()
    }

    /// Waits until none is left.
    pub(super) async fn empty(&self) {
        loop {
            let emptied = self.emptied.notified();
            tokio::pin!(emptied);
            emptied.as_mut().enable();
            if self.lock().plans.is_empty() {
                return;
            }
            emptied.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        lock(&self.entries)
    }
}

impl Entries {
    fn enter(&mut self, live: &Arc<Live>) {
        if let Some(flight) = &live.flight {
            self.flights.insert(flight.clone(), Arc::clone(live));
        }
        self.plans.insert((live.tenant.clone(), live.id), Arc::clone(live));
    }

    /// No request joins it from now on.
    fn land(&mut self, live: &Arc<Live>) {
        if let Some(flight) = &live.flight
            && self.flights.get(flight).is_some_and(|other| Arc::ptr_eq(other, live))
        {
            self.flights.remove(flight);
        }
    }
}

/// Somebody who waits for a plan. When the last one goes, a solve that was not deferred is stopped.
pub(super) struct Waiter<'a> {
    table: &'a Table,
    pub(super) live: Arc<Live>,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut entries = self.table.lock();
        if self.live.waiting.fetch_sub(1, Ordering::Relaxed) > 1 {
            return;
        }
        let head = self.live.record().head;
        if !head.deferred && !head.state.status.is_final() {
            entries.land(&self.live);
            drop(entries);
            self.live.stop(Why::Abandoned);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
