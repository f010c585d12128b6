//! Asking for a plan: known already, joined, answered in time, or deferred.

use std::sync::Arc;
use std::time::{Duration, Instant};

use portolan::{AnyProblem, Options, Request};

use super::known::Known;
use super::live::{Live, View};
use super::pool::Class;
use super::record::{Head, PlanId, Record, Tenant, Urgency};
use super::run::{Solve, Then};
use super::settings::Deferral;
use super::{Plans, fingerprint, quality, stale};
use crate::guard::forecast::Kind;
use crate::guard::quota::Standing;
use crate::ports::StoreError;
use crate::terminal::planning::Origin;

/// What writing an answer out may take after the longest wait: a gateway gives up soon after that.
pub(super) const GRACE: Duration = Duration::from_millis(800);
/// An overrun that is borne on top of a second helping of the granted time. Late, on a machine that is overloaded, is better
/// than not at all.
const OVERRUN: Duration = Duration::from_secs(5);
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

/// What is wanted, once that is worked out of what is asked.
#[derive(Clone)]
pub(super) struct Wanted {
    pub(super) kind: Kind,
    pub(super) print: String,
    /// Shared with all requests with the same instance.
    pub(super) kin: String,
    pub(super) options: Options,
    pub(super) mode: Mode,
    /// The time that the request is granted.
    pub(super) granted: Duration,
}

impl Wanted {
    /// Requests of the same flight get the same answer in the same way.
    pub(super) fn flight(&self, tenant: &Tenant) -> String {
        let gap = self.options.gap.unwrap_or(0.0).to_bits();
        format!("{tenant}/{}/{:?}/{gap:x}/{}", self.print, self.mode, self.granted.as_millis())
    }
}

/// How the caller gets the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
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
        let canonical = ask.request.canonical();
        let mut wanted = self.wanted(&ask, &canonical);
        if let Some(known) = self.known(&ask.tenant, &wanted).await {
            self.kins.note(&ask.tenant, &wanted.kin, &wanted.print);
            self.refresh(&known, ask, &wanted).await;
            return Ok(Given::Known(known));
        }
        if wanted.mode != Mode::Deferred && !self.flies(&ask, &wanted) {
            if let Some(refusal) = self.refusal(&ask, &wanted).await {
                if let Some(older) = self.older(&ask, &wanted, &canonical).await {
                    return Ok(older);
                }
                if wanted.mode == Mode::Inline || !matches!(refusal, Rejected::Busy { .. }) {
                    return Err(refusal);
                }
                // Who would have looked for a better answer later looks for the first one later.
                wanted.mode = Mode::Deferred;
                wanted.granted = self.granted(&ask, &wanted.options, wanted.mode);
            } else if let Some(known) = self.elsewhere(&ask, &wanted).await {
                return Ok(Given::Known(known));
            }
        }
        let deadline = ask.arrived + self.patience(&ask, &wanted);
        let elsewhere = self.settings.deferral == Deferral::Elsewhere;
        if wanted.mode == Mode::Deferred && (elsewhere || !self.flies(&ask, &wanted)) {
            if let Some(refusal) = self.refusal(&ask, &wanted).await {
                return self.older(&ask, &wanted, &canonical).await.ok_or(refusal);
            }
            if elsewhere {
                return self.promise(ask, &wanted, deadline).await;
            }
        }
        self.solved(ask, wanted, deadline).await
    }

    /// What is wanted.
    fn wanted(&self, ask: &Ask, canonical: &[u8]) -> Wanted {
        let options = ask.request.options().clone();
        let mode = match () {
            () if self.settings.deferral == Deferral::Never => Mode::Inline,
            () if ask.respond_async => Mode::Deferred,
            () if options.improve => Mode::Improve,
            () => Mode::Inline,
        };
        let granted = self.granted(ask, &options, mode);
        let mut print = fingerprint::of(ask.problem.name(), ask.problem.version(), canonical, &options);
        if let Some(origin) = &ask.origin {
            // Such a plan says which version it was made for: it is no answer for another one.
            print = fingerprint::from_terminal(&print, origin);
        }
        let kin = stale::kin(ask.problem, canonical);
        Wanted { kind: Kind::new(ask.problem.name(), canonical.len()), print, kin, options, mode, granted }
    }

    /// How long the caller is kept waiting at most.
    fn patience(&self, ask: &Ask, wanted: &Wanted) -> Duration {
        let longest = self.settings.max_wait;
        match wanted.mode {
            Mode::Deferred => ask.wait.unwrap_or_default().min(longest),
            Mode::Inline | Mode::Improve => {
                (2 * wanted.granted + OVERRUN).min(ask.time_left.unwrap_or(longest).min(longest)) + GRACE
            }
        }
    }

    /// Whether an equal solve is under way here.
    fn flies(&self, ask: &Ask, wanted: &Wanted) -> bool {
        self.table.flies(&wanted.flight(&ask.tenant))
    }

    /// Joins an equal solve or begins one, and waits for what comes of it.
    async fn solved(self: &Arc<Self>, ask: Ask, wanted: Wanted, deadline: Instant) -> Result<Given, Rejected> {
        let (tenant, arrived, mode) = (ask.tenant.clone(), ask.arrived, wanted.mode);
        let (waiter, joined) = self.start(ask, &wanted)?;
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
        let over = arrived.elapsed().saturating_sub(wanted.granted);
        if mode != Mode::Deferred && over > GRACE {
            tracing::warn!(plan = %waiter.live.id, over_ms = over.as_millis() as u64, "a solve overran its time");
        }
        let View { record, stored, broken } = waiter.live.view.borrow().clone();
        match broken {
            Some(error) => Err(Rejected::Store(error)),
            None if !late => {
                self.kins.note(&tenant, &wanted.kin, &wanted.print);
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
    pub(super) async fn known(&self, tenant: &Tenant, wanted: &Wanted) -> Option<Arc<Known>> {
        let known = self.finished(tenant, &wanted.print).await.unwrap_or_else(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "no look at earlier answers");
            None
        })?;
        serves(&known, &wanted.options, wanted.granted).then_some(known)
    }

    /// Whether a remembered answer serves a request with these options and this patience. It does not where it is due to be improved:
    /// then the request is to take the longer way once.
    pub fn still_serves(&self, known: &Known, options: &Options, wait: Option<Duration>, chance: f64) -> bool {
        known.is_current()
            && !self.is_closing()
            && serves(known, options, self.granted_within(options, Mode::Inline, wait, None))
            && !known.is_due(self.settings.fresh, self.stores.clock.now(), chance)
    }

    /// A plan that nobody has begun.
    pub(super) fn record(&self, ask: &Ask, wanted: &Wanted) -> Record {
        let head = Head {
            deferred: wanted.mode == Mode::Deferred,
            urgency: ask.urgency,
            granted_ms: wanted.granted.as_millis() as u64,
            terminal: ask.origin.clone(),
            ..Head::new(ask.id, ask.problem.name(), &wanted.print, self.stores.clock.now())
        };
        let body = ask.request.to_json().to_string();
        Record { head, best: None, request: Some(body.into_bytes().into()) }
    }

    /// Joins an equal solve, or queues a new one.
    pub(super) fn start(
        self: &Arc<Self>,
        ask: Ask,
        wanted: &Wanted,
    ) -> Result<(super::live::Waiter<'_>, bool), Rejected> {
        let flight = wanted.flight(&ask.tenant);
        let deferred = wanted.mode == Mode::Deferred;
        let begin = || {
            let record = self.record(&ask, wanted);
            let seed = wanted.options.seed.unwrap_or(1);
            let live = Live::new(ask.tenant.clone(), record, seed, Some(flight.clone()));
            let until = (!deferred).then(|| ask.arrived + wanted.granted);
            let class = if deferred { Class::Deferred(ask.urgency) } else { Class::Awaited(ask.urgency) };
            let solve = Solve { class, kind: wanted.kind, limit: wanted.granted, until, least: LEAST, epoch: 1 };
            let request: Arc<dyn Request> = Arc::from(ask.request);
            let finished = self
                .queue(&live, &request, &solve, false)
                .map_err(|full| Rejected::Busy { retry_after: self.retry_after(full.waiting) })?;
            let then = if wanted.mode == Mode::Improve { Then::Improve } else { Then::Nothing };
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
