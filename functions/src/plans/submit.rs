//! Asking for a plan: known already, joined, answered in time, or deferred.

use std::sync::Arc;
use std::time::{Duration, Instant};

use portolan::{AnyProblem, Options, Request};

use super::live::{Live, View};
use super::record::{Head, PlanId, Record, Tenant, Urgency};
use super::run::{Solve, Then};
use super::settings::Deferral;
use super::state::{State, Status};
use super::{Plans, fingerprint, pool, quality};
use crate::ports::{Parts, StoreError, Write};
use crate::terminal::planning::Origin;

/// What writing an answer out may take after the longest wait: a gateway gives up soon after that.
const GRACE: Duration = Duration::from_millis(800);
/// An overrun that is borne on top of a second helping of the granted time. Late, on a machine that is overloaded, is better
/// than not at all.
const OVERRUN: Duration = Duration::from_secs(5);
/// Pauses between two looks for a plan that another process makes: they double.
const FIRST_LOOK: Duration = Duration::from_millis(50);
const LAST_LOOK: Duration = Duration::from_millis(500);
/// The least time that a solve is granted, however late it begins. Enough for a first plan.
const LEAST: Duration = Duration::from_millis(20);

/// A request for a plan.
pub struct Ask {
    /// Whose.
    pub tenant: Tenant,
    /// What the plan will be called, if it is made.
    pub id: PlanId,
    /// Which problem.
    pub problem: &'static dyn AnyProblem,
    /// The validated request.
    pub request: Box<dyn Request>,
    /// How long the caller wants to wait at most.
    pub wait: Option<Duration>,
    /// Whether the caller would rather look for the plan later.
    pub respond_async: bool,
    /// How soon a deferred solve is wanted.
    pub urgency: Urgency,
    /// When the request came in.
    pub arrived: Instant,
    /// What the platform leaves for it.
    pub time_left: Option<Duration>,
    /// The terminal that the request was made from.
    pub origin: Option<Origin>,
}

/// What is given to the caller.
#[derive(Debug)]
pub enum Given {
    /// An earlier answer to the same request.
    Known(Record),
    /// The answer, or a plan that ended without one.
    Answered {
        /// The plan.
        record: Record,
        /// Whether another request had started it.
        joined: bool,
        /// Whether the store has it.
        stored: bool,
    },
    /// The promise of an answer.
    Promised {
        /// The plan so far.
        record: Record,
        /// Whether another request had started it.
        joined: bool,
    },
}

/// Why a request is turned away.
#[derive(Debug, thiserror::Error)]
pub enum Rejected {
    /// Too much to do.
    #[error("no solver is free for this request in time")]
    Busy {
        /// When to come again.
        retry_after: Duration,
    },
    /// The process shuts down.
    #[error("the service is shutting down")]
    Closing,
    /// It cannot be kept.
    #[error("the plan cannot be stored")]
    Store(#[source] Arc<StoreError>),
}

/// How the caller gets the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// On the line.
    Inline,
    /// On the line; a better one can be looked up later.
    Improve,
    /// It can be looked up later.
    Deferred,
}

impl Plans {
    /// Gives the caller a plan, or the promise of one.
    pub async fn submit(self: &Arc<Self>, ask: Ask) -> Result<Given, Rejected> {
        if self.is_closing() {
            return Err(Rejected::Closing);
        }
        let options = ask.request.options().clone();
        let mode = match () {
            () if self.settings.deferral == Deferral::Never => Mode::Inline,
            () if ask.respond_async => Mode::Deferred,
            () if options.improve => Mode::Improve,
            () => Mode::Inline,
        };
        let granted = self.granted(&ask, &options, mode);
        let canonical = ask.request.canonical();
        let mut print = fingerprint::of(ask.problem.name(), ask.problem.version(), &canonical, &options);
        if let Some(origin) = &ask.origin {
            // Such a plan says which version it was made for: it is no answer for another one.
            print = fingerprint::from_terminal(&print, origin);
        }
        if let Some(record) = self.known(&ask.tenant, &print, &options, granted).await {
            return Ok(Given::Known(record));
        }
        let patience = match mode {
            Mode::Deferred => ask.wait.unwrap_or_default().min(self.settings.max_wait),
            Mode::Inline | Mode::Improve => {
                let most = ask.time_left.unwrap_or(self.settings.max_wait).min(self.settings.max_wait);
                (2 * granted + OVERRUN).min(most) + GRACE
            }
        };
        let (arrived, deadline) = (ask.arrived, ask.arrived + patience);
        if mode == Mode::Deferred && self.settings.deferral == Deferral::Elsewhere {
            return self.promise(ask, &print, granted, deadline).await;
        }
        let (waiter, joined) = self.start(ask, &print, &options, mode, granted)?;
        let mut view = waiter.live.view.subscribe();
        let answered = |view: &View| {
            view.broken.is_some()
                || view.record.head.state.status.is_final()
                || (mode == Mode::Improve && view.stored && view.record.answer().is_some())
        };
        let late = tokio::time::timeout_at(deadline.into(), view.wait_for(answered)).await.is_err();
        if late && mode == Mode::Deferred {
            // Not promised before it is stored.
            let _ = view.wait_for(|view| view.stored || view.broken.is_some()).await.is_ok();
        }
        let over = arrived.elapsed().saturating_sub(granted);
        if mode != Mode::Deferred && over > GRACE {
            tracing::warn!(plan = %waiter.live.id, over_ms = over.as_millis() as u64, "a solve overran its time");
        }
        let View { record, stored, broken } = waiter.live.view.borrow().clone();
        match broken {
            Some(error) => Err(Rejected::Store(error)),
            None if !late => Ok(Given::Answered { record, joined, stored }),
            None if mode == Mode::Deferred => Ok(Given::Promised { record, joined }),
            None => Err(Rejected::Busy { retry_after: self.retry_after(0) }),
        }
    }

    /// The time that the request is granted.
    fn granted(&self, ask: &Ask, options: &Options, mode: Mode) -> Duration {
        let asked = options.time_limit_ms.map(Duration::from_millis);
        if mode == Mode::Deferred {
            return asked.unwrap_or(self.settings.deferred_time);
        }
        let least = [Some(self.settings.max_wait), ask.wait.filter(|wait| !wait.is_zero()), ask.time_left];
        least.into_iter().flatten().fold(asked.unwrap_or(self.settings.inline_time), Duration::min)
    }

    /// An earlier answer that serves the request. A store that cannot say costs speed, not the answer.
    async fn known(&self, tenant: &Tenant, print: &str, options: &Options, granted: Duration) -> Option<Record> {
        let found = self.stores.plans.finished(tenant, print).await;
        let record = found.and_then(|found| found.map(super::read).transpose()).unwrap_or_else(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "no look at earlier answers");
            None
        })?;
        let before = Duration::from_millis(record.head.granted_ms);
        let serves = quality::serves(record.answer()?, before, options, granted);
        (serves && record.head.state.status == Status::Done).then_some(record)
    }

    /// Stores a plan for another process to make, and looks for it until the caller's patience ends.
    async fn promise(&self, ask: Ask, print: &str, granted: Duration, deadline: Instant) -> Result<Given, Rejected> {
        let mut record = self.record(&ask, print, granted, true);
        let (tenant, id) = (ask.tenant, ask.id);
        let write = Write {
            head: record.head.clone(),
            replaces: None,
            request: record.request.clone(),
            best: None,
            durable: true,
        };
        let stored = self.stores.plans.put(&tenant, write).await;
        stored.map_err(|error| Rejected::Store(Arc::new(error)))?;
        let mut pause = FIRST_LOOK;
        while Instant::now() + pause < deadline {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LAST_LOOK);
            match self.stored(&tenant, id, Parts { request: false, best: true }).await {
                Ok(Some(found)) if found.head.state.status.is_final() => {
                    return Ok(Given::Answered { record: found, joined: false, stored: true });
                }
                Ok(Some(found)) => record = found,
                Ok(None) => break,
                // The promise stands.
                Err(error) => {
                    tracing::warn!(plan = %id, error = &error as &dyn std::error::Error, "no look at a promised plan");
                }
            }
        }
        Ok(Given::Promised { record, joined: false })
    }

    /// A plan that nobody has begun.
    fn record(&self, ask: &Ask, print: &str, granted: Duration, deferred: bool) -> Record {
        let now = self.stores.clock.now();
        let head = Head {
            id: ask.id,
            problem: ask.problem.name().to_owned(),
            state: State::new(),
            version: 1,
            fingerprint: print.to_owned(),
            deferred,
            urgency: ask.urgency,
            granted_ms: granted.as_millis() as u64,
            spent_ms: 0,
            leased_until: None,
            created_at: now,
            updated_at: now,
            expires_at: None,
            quality: None,
            failure: None,
            terminal: ask.origin.clone(),
        };
        let body = ask.request.to_json().to_string();
        Record { head, best: None, request: Some(body.into_bytes().into()) }
    }

    /// Joins an equal solve, or queues a new one.
    fn start(
        self: &Arc<Self>,
        ask: Ask,
        print: &str,
        options: &Options,
        mode: Mode,
        granted: Duration,
    ) -> Result<(super::live::Waiter<'_>, bool), Rejected> {
        let flight = flight(&ask.tenant, print, options, mode, granted);
        let deferred = mode == Mode::Deferred;
        let begin = || {
            let record = self.record(&ask, print, granted, deferred);
            let seed = options.seed.unwrap_or(1);
            let live = Live::new(ask.tenant.clone(), record, seed, Some(flight.clone()));
            let until = (!deferred).then(|| ask.arrived + granted);
            let class = if deferred { pool::Class::Deferred(ask.urgency) } else { pool::Class::Awaited };
            let solve = Solve { class, limit: granted, until, least: LEAST, epoch: 1 };
            let request: Arc<dyn Request> = Arc::from(ask.request);
            let finished = self
                .queue(&live, &request, &solve, false)
                .map_err(|full| Rejected::Busy { retry_after: self.retry_after(full.waiting) })?;
            let then = if mode == Mode::Improve { Then::Improve } else { Then::Nothing };
            tokio::spawn(Arc::clone(self).follow(Arc::clone(&live), request, finished, then, None));
            Ok(live)
        };
        self.table.join_or_enter(&flight, begin)
    }

    fn retry_after(&self, waiting: usize) -> Duration {
        Duration::from_secs((waiting / self.settings.workers.max(1)).clamp(1, 30) as u64)
    }
}

/// Requests of the same flight get the same answer in the same way.
fn flight(tenant: &Tenant, print: &str, options: &Options, mode: Mode, granted: Duration) -> String {
    let gap = options.gap.unwrap_or(0.0).to_bits();
    format!("{tenant}/{print}/{mode:?}/{gap:x}/{}", granted.as_millis())
}
