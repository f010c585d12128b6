//! Asking for a plan: known already, joined, answered in time, or deferred.

use std::sync::Arc;
use std::time::{Duration, Instant};

use portolan::{AnyProblem, Options, Request};

use super::known::Known;
use super::live::{Live, View};
use super::pool::{Class, Job};
use super::record::{Head, PlanId, Record, Tenant, Urgency};
use super::run::{Solve, Then};
use super::settings::Deferral;
use super::state::State;
use super::{Plans, fingerprint, quality, stale};
use crate::guard::forecast::Kind;
use crate::guard::quota::{Standing, What};
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
/// How long a solve keeps others from the same one after the last sign of life.
const LEASE: Duration = Duration::from_secs(1);
/// How long processes leave an answer alone, at least, that one of them has made anew.
const REFRESH: Duration = Duration::from_mins(1);
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
    Known(Arc<Known>),
    /// An earlier answer to the same instance, asked for with other options; checked again just now.
    Stale(Arc<Known>),
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
    /// The tenant has had its share of solves.
    #[error("the tenant has had its share of solves")]
    Quota(Standing),
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
        let mut mode = match () {
            () if self.settings.deferral == Deferral::Never => Mode::Inline,
            () if ask.respond_async => Mode::Deferred,
            () if options.improve => Mode::Improve,
            () => Mode::Inline,
        };
        let mut granted = self.granted(&ask, &options, mode);
        let canonical = ask.request.canonical();
        let mut print = fingerprint::of(ask.problem.name(), ask.problem.version(), &canonical, &options);
        if let Some(origin) = &ask.origin {
            // Such a plan says which version it was made for: it is no answer for another one.
            print = fingerprint::from_terminal(&print, origin);
        }
        let kin = stale::kin(ask.problem, &canonical);
        if let Some(known) = self.known(&ask.tenant, &print, &options, granted).await {
            self.kins.note(&ask.tenant, &kin, &print);
            self.refresh(&known, ask, &print, &options).await;
            return Ok(Given::Known(known));
        }
        let kind = Kind::new(ask.problem.name(), canonical.len());
        let flies = |mode, granted| self.table.flies(&flight(&ask.tenant, &print, &options, mode, granted));
        if mode != Mode::Deferred && !flies(mode, granted) {
            if let Some(refusal) = self.refusal(&ask, kind, granted, mode).await {
                if let Some(older) = self.older(&ask, &print, &canonical).await {
                    return Ok(older);
                }
                if mode == Mode::Inline || !matches!(refusal, Rejected::Busy { .. }) {
                    return Err(refusal);
                }
                // Who would have looked for a better answer later looks for the first one later.
                mode = Mode::Deferred;
                granted = self.granted(&ask, &options, mode);
            } else {
                let flight = flight(&ask.tenant, &print, &options, mode, granted);
                if let Some(known) = self.elsewhere(&ask, &flight, &print, &options, granted).await {
                    return Ok(Given::Known(known));
                }
            }
        }
        let patience = match mode {
            Mode::Deferred => ask.wait.unwrap_or_default().min(self.settings.max_wait),
            Mode::Inline | Mode::Improve => {
                let most = ask.time_left.unwrap_or(self.settings.max_wait).min(self.settings.max_wait);
                (2 * granted + OVERRUN).min(most) + GRACE
            }
        };
        let (arrived, deadline) = (ask.arrived, ask.arrived + patience);
        let elsewhere = self.settings.deferral == Deferral::Elsewhere;
        if mode == Mode::Deferred && (elsewhere || !flies(mode, granted)) {
            if let Some(refusal) = self.refusal(&ask, kind, granted, mode).await {
                return self.older(&ask, &print, &canonical).await.ok_or(refusal);
            }
            if elsewhere {
                return self.promise(ask, &print, granted, deadline).await;
            }
        }
        let tenant = ask.tenant.clone();
        let (waiter, joined) = self.start(ask, kind, &print, &options, mode, granted)?;
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
            None if !late => {
                self.kins.note(&tenant, &kin, &print);
                Ok(Given::Answered { record, joined, stored })
            }
            None if mode == Mode::Deferred => Ok(Given::Promised { record, joined }),
            None => Err(Rejected::Busy { retry_after: self.retry_after(0) }),
        }
    }

    /// The time that the request is granted.
    fn granted(&self, ask: &Ask, options: &Options, mode: Mode) -> Duration {
        self.granted_within(options, mode, ask.wait, ask.time_left)
    }

    fn granted_within(
        &self,
        options: &Options,
        mode: Mode,
        wait: Option<Duration>,
        time_left: Option<Duration>,
    ) -> Duration {
        let asked = options.time_limit_ms.map(Duration::from_millis);
        if mode == Mode::Deferred {
            return asked.unwrap_or(self.settings.deferred_time);
        }
        let least = [Some(self.settings.max_wait), wait.filter(|wait| !wait.is_zero()), time_left];
        least.into_iter().flatten().fold(asked.unwrap_or(self.settings.inline_time), Duration::min)
    }

    /// An earlier answer that serves the request. A store that cannot say costs speed, not the answer.
    async fn known(&self, tenant: &Tenant, print: &str, options: &Options, granted: Duration) -> Option<Arc<Known>> {
        let known = self.finished(tenant, print).await.unwrap_or_else(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "no look at earlier answers");
            None
        })?;
        serves(&known, options, granted).then_some(known)
    }

    /// Whether a remembered answer serves a request with these options and this patience. It does not where it is due to be improved:
    /// then the request is to take the longer way once.
    pub fn still_serves(&self, known: &Known, options: &Options, wait: Option<Duration>, chance: f64) -> bool {
        known.is_current()
            && !self.is_closing()
            && serves(known, options, self.granted_within(options, Mode::Inline, wait, None))
            && !known.is_due(self.settings.fresh, self.stores.clock.now(), chance)
    }

    /// Has an answer improved in the background, where it is due and somebody does such things: once, whoever finds it due.
    async fn refresh(self: &Arc<Self>, known: &Known, ask: Ask, print: &str, options: &Options) {
        let chance = (f64::from(ask.id.number() as u32) + 1.0) / (f64::from(u32::MAX) + 1.0);
        let due = known.is_due(self.settings.fresh, self.stores.clock.now(), chance);
        if !due || self.settings.deferral == Deferral::Never || !known.claim_refresh() {
            return;
        }
        if let Some(flights) = &self.stores.flights {
            let (flight, lease) = (format!("{}/{print}/refresh", ask.tenant), self.settings.fresh.max(REFRESH));
            if !flights.take_off(&flight, &self.holder, lease).await.unwrap_or_default() {
                return;
            }
        }
        let granted = Duration::from_millis(2 * known.head.granted_ms).min(self.settings.deferred_time);
        let kind = Kind::new(ask.problem.name(), ask.request.canonical().len());
        let (plan, ask) = (known.head.id, Ask { urgency: Urgency::Bulk, ..ask });
        let begun = match self.settings.deferral {
            Deferral::Elsewhere => self.promise(ask, print, granted, Instant::now()).await.map(drop),
            _ => self.start(ask, kind, print, options, Mode::Deferred, granted).map(drop),
        };
        match begun {
            Ok(()) => tracing::debug!(%plan, "an answer is made anew"),
            Err(error) => tracing::debug!(%plan, %error, "an answer is not made anew"),
        }
    }

    /// Why a solve is not begun: the tenant has had its share, or it could not end in time.
    async fn refusal(&self, ask: &Ask, kind: Kind, granted: Duration, mode: Mode) -> Option<Rejected> {
        if mode != Mode::Deferred {
            let cost = self.forecast.of(kind, granted);
            let class = Class::Awaited(ask.urgency);
            let wait = self.pool.wait(&Job { class, tenant: ask.tenant.clone(), due: ask.arrived + granted, cost });
            // A solve that begins late has less time. With half of what it was granted it is still worth it; to a tenant that has
            // no other here, with a quarter: a crowd of another's is no reason to turn it away.
            let least = granted / if self.pool.holds(&ask.tenant) { 2 } else { 4 };
            if wait + cost.min(least) > granted {
                return Some(Rejected::Busy { retry_after: wait });
            }
        }
        if mode == Mode::Deferred
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

    /// Whether another process is at the same solve: then its answer, once it is there.
    async fn elsewhere(
        &self,
        ask: &Ask,
        flight: &str,
        print: &str,
        options: &Options,
        granted: Duration,
    ) -> Option<Arc<Known>> {
        let flights = self.stores.flights.as_ref()?;
        // Whoever was first began no later than this, and lands before its lease ends, or is dead.
        let until = ask.arrived + granted + GRACE;
        let mut pause = FIRST_LOOK;
        loop {
            let turn = match flights.take_off(flight, &self.holder, LEASE).await {
                Ok(turn) => turn,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "equal requests elsewhere are not seen");
                    return None;
                }
            };
            // In this order: what landed before is in the store by now.
            if let Some(known) = self.known(&ask.tenant, print, options, granted).await {
                if turn {
                    self.land(flight).await;
                }
                return Some(known);
            }
            if turn || Instant::now() + pause > until {
                return None;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LAST_LOOK);
        }
    }

    /// Follows a solve, and keeps other processes from an equal one meanwhile.
    async fn fly(&self, flight: &str, solve: impl Future<Output = ()>) {
        let Some(flights) = &self.stores.flights else { return solve.await };
        let signs_of_life = async {
            loop {
                tokio::time::sleep(LEASE / 3).await;
                if let Err(error) = flights.take_off(flight, &self.holder, LEASE).await {
                    tracing::debug!(error = &error as &dyn std::error::Error, "others may begin the same solve");
                }
            }
        };
        tokio::select! {
            () = solve => {}
            () = signs_of_life => {}
        }
        self.land(flight).await;
    }

    async fn land(&self, flight: &str) {
        if let Some(flights) = &self.stores.flights
            && let Err(error) = flights.land(flight, &self.holder).await
        {
            tracing::debug!(error = &error as &dyn std::error::Error, "a lease runs out by itself");
        }
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
        let stored = self.put(&tenant, write).await;
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
        kind: Kind,
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
            let class = if deferred { Class::Deferred(ask.urgency) } else { Class::Awaited(ask.urgency) };
            let solve = Solve { class, kind, limit: granted, until, least: LEAST, epoch: 1 };
            let request: Arc<dyn Request> = Arc::from(ask.request);
            let finished = self
                .queue(&live, &request, &solve, false)
                .map_err(|full| Rejected::Busy { retry_after: self.retry_after(full.waiting) })?;
            let then = if mode == Mode::Improve { Then::Improve } else { Then::Nothing };
            let followed = Arc::clone(self).follow(Arc::clone(&live), request, finished, then, None);
            let (plans, flight) = (Arc::clone(self), flight.clone());
            tokio::spawn(async move { plans.fly(&flight, followed).await });
            Ok(live)
        };
        self.table.join_or_enter(&flight, begin)
    }

    fn retry_after(&self, waiting: usize) -> Duration {
        Duration::from_secs((waiting / self.settings.workers.max(1)).clamp(1, 30) as u64)
    }
}

fn serves(known: &Known, options: &Options, granted: Duration) -> bool {
    quality::serves(known.merit, Duration::from_millis(known.head.granted_ms), options, granted)
}

/// Requests of the same flight get the same answer in the same way.
fn flight(tenant: &Tenant, print: &str, options: &Options, mode: Mode, granted: Duration) -> String {
    let gap = options.gap.unwrap_or(0.0).to_bits();
    format!("{tenant}/{print}/{mode:?}/{gap:x}/{}", granted.as_millis())
}
