//! A solve and what follows from it. Each plan that is worked on has one task that does all of its writes, in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use portolan::problem::{Snapshot, Violation};
use portolan::{AnyAnswer, Request, Stop};
use tokio::sync::oneshot;

use super::live::{Live, Why, touch};
use super::pool::{Class, Full, Job};
use super::race::{self, Watch};
use super::record::{Best, Failure, PlanId, Record};
use super::settings::Deferral;
use super::state::{Event, Status};
use super::{Plans, quality};
use crate::guard::backoff::Backoff;
use crate::guard::forecast::Kind;
use crate::ports::{Parts, StoreError, Write};

/// Pauses between tries to write the end of a plan.
const FIRST_PAUSE: Duration = Duration::from_millis(40);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What a solver thread sends back. A channel that closes instead means that the solve panicked, or was never begun.
pub(super) type Finished = Result<AnyAnswer, Vec<Violation>>;

/// How a solve is queued and limited.
#[derive(Clone, Copy, Debug)]
pub(super) struct Solve {
    pub(super) class: Class,
    /// What it is likely to take as long as.
    pub(super) kind: Kind,
    /// The time it is granted.
    pub(super) limit: Duration,
    /// When its caller expects the answer at the latest.
    pub(super) until: Option<Instant>,
    /// What it is granted even after that.
    pub(super) least: Duration,
    /// The plan's epoch in which it runs.
    pub(super) epoch: u32,
}

/// What follows where a solve ends at its time limit and could be better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Nothing: the answer stands.
    Nothing,
    /// It is given, and improved in the background.
    Improve,
    /// Another worker uses the rest of the granted time.
    Requeue {
        /// What is used of it by then.
        spent_ms: u64,
    },
}

/// What a solve that has ended means for its plan.
enum End {
    /// Nothing happens to the plan anymore.
    Final(Event, Option<Failure>),
    /// It is improved further.
    Improve,
    /// Another worker goes on; so much of the granted time is used.
    Requeue(u64),
    /// It goes on after the next start, or when the next worker takes it.
    Later,
    /// It is somebody else's now.
    Lost,
}

impl Plans {
    /// Queues a solve.
    pub(super) fn queue(
        &self,
        live: &Arc<Live>,
        request: &Arc<dyn Request>,
        solve: &Solve,
        acknowledged: bool,
    ) -> Result<oneshot::Receiver<Finished>, Full> {
        let (send, finished) = oneshot::channel();
        let due = solve.until.unwrap_or_else(|| Instant::now() + solve.limit);
        let work = {
            let (live, request, solve) = (Arc::clone(live), Arc::clone(request), *solve);
            let (clock, forecast) = (Arc::clone(&self.stores.clock), Arc::clone(&self.forecast));
            let threads = if matches!(solve.class, Class::Deferred(_)) { self.settings.threads_a_plan } else { 1 };
            move || {
                if live.happen(Event::Start, solve.epoch, clock.now()).is_err() {
                    return;
                }
                let mut pace = Pace::new();
                let watch = &mut |snapshot: &Snapshot<'_>| pace.keep(|| live.progress(snapshot, clock.now()));
                let begun = Instant::now();
                let found = work(&live, request.as_ref(), &solve, threads, watch);
                if live.stopped().is_none() {
                    forecast.took(solve.kind, begun.elapsed());
                }
                // Nobody listens where the process shuts down.
                let _ = send.send(found);
            }
        };
        let cost = self.forecast.of(solve.kind, solve.limit);
        let job = Job { class: solve.class, tenant: live.tenant.clone(), due, cost };
        let ticket = self.pool.submit(job, acknowledged, Box::new(work))?;
        live.queued(ticket);
        Ok(finished)
    }

    /// Follows a plan from its queued solve to its end.
    pub(super) async fn follow(
        self: Arc<Self>,
        live: Arc<Live>,
        request: Arc<dyn Request>,
        mut finished: oneshot::Receiver<Finished>,
        mut then: Then,
        mut stored: Option<u64>,
    ) {
        if stored.is_none()
            && !self.is_written_at_its_end(&live.record())
            && let Err(error) = self.first_write(&live, &mut stored).await
        {
            live.stop(Why::Closing);
            live.view.send_modify(|view| view.broken = Some(Arc::new(error)));
            self.table.leave(&live);
            return;
        }
        live.view.send_modify(|view| view.stored = stored.is_some());
        let mut earlier = live.record().answer().cloned();
        loop {
            let found = self.watch(&live, &mut finished, &mut stored).await;
            let mut record = live.record();
            match Self::conclude(&live, found, &mut record, &mut earlier, then) {
                End::Lost => break,
                End::Later if record.head.leased_until.is_some() => {
                    let spent_ms = record.head.spent_ms;
                    self.requeue(&live, record, spent_ms, &mut stored).await;
                    break;
                }
                End::Later => {
                    touch(&mut record, self.stores.clock.now());
                    let _ = self.write(&live, &record, &mut stored, true).await;
                    break;
                }
                End::Final(event, failure) => {
                    self.finish(&live, record, event, failure, &mut stored).await;
                    break;
                }
                End::Requeue(spent_ms) => {
                    self.requeue(&live, record, spent_ms, &mut stored).await;
                    break;
                }
                End::Improve => {
                    then = Then::Nothing;
                    match self.improve(&live, record, &request, &mut stored).await {
                        Some(next) => finished = next,
                        None => break,
                    }
                }
            }
        }
        self.table.leave(&live);
    }

    /// Writes a new plan. Nobody was promised an inline answer yet, so only a deferred plan waits for the disk.
    async fn first_write(&self, live: &Live, stored: &mut Option<u64>) -> Result<(), StoreError> {
        let record = live.record();
        let durable = record.head.deferred;
        let write = Write {
            head: record.head.clone(),
            replaces: None,
            request: record.request.clone(),
            best: best_bytes(&record),
            durable,
        };
        self.put(&live.tenant, write).await?;
        *stored = Some(record.head.version);
        Ok(())
    }

    /// Whether nobody needs to see the plan before it ends.
    fn is_written_at_its_end(&self, record: &Record) -> bool {
        self.settings.deferral == Deferral::Elsewhere && !record.head.deferred
    }

    /// Waits for the solve. On the way, keeps the incumbent of a deferred one, and notes that an inline one runs: lists are
    /// read from the store.
    async fn watch(
        &self,
        live: &Live,
        finished: &mut oneshot::Receiver<Finished>,
        stored: &mut Option<u64>,
    ) -> Option<Finished> {
        let mut beat = tokio::time::interval(self.settings.checkpoint_every);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut noted = false;
        loop {
            tokio::select! {
                found = &mut *finished => return found.ok(),
                _ = beat.tick() => {
                    let record = live.record();
                    let deferred = record.head.deferred;
                    let runs = record.head.state.status == Status::Running;
                    let record = if deferred { self.renew(live, record) } else { record };
                    if *stored != Some(record.head.version) && (deferred || (runs && !noted && stored.is_some())) {
                        // Where it fails, the next checkpoint, or the end, writes again.
                        noted = self.write(live, &record, stored, deferred).await.is_ok();
                    } else if record.head.leased_until.is_some() {
                        self.look_whether_lost(live, *stored).await;
                    }
                }
            }
        }
    }

    /// Prolongs the lease of a worker, where half of it is over.
    fn renew(&self, live: &Live, record: Record) -> Record {
        let now = self.stores.clock.now();
        let Some(until) = record.head.leased_until else { return record };
        if until.duration_since(now).unsigned_abs() > self.settings.lease / 2 && until > now {
            return record;
        }
        live.view.send_modify(|view| {
            view.record.head.leased_until = now.checked_add(self.settings.lease).ok();
            touch(&mut view.record, now);
        });
        live.record()
    }

    /// Stops a worker whose plan somebody else has written.
    async fn look_whether_lost(&self, live: &Live, stored: Option<u64>) {
        match self.stores.plans.get(&live.tenant, live.id, Parts::default()).await {
            Ok(found) if found.as_ref().map(|found| found.head.version) != stored => live.stop(Why::Lost),
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(plan = %live.id, error = &error as &dyn std::error::Error, "a plan was not looked at");
            }
        }
    }

    /// What the end of a solve means. Puts the better answer into `record`.
    fn conclude(
        live: &Live,
        found: Option<Finished>,
        record: &mut Record,
        earlier: &mut Option<AnyAnswer>,
        then: Then,
    ) -> End {
        let why = live.stopped();
        if why == Some(Why::Lost) {
            return End::Lost;
        }
        let later = why == Some(Why::Closing) && record.head.deferred;
        let failure = match found {
            // Not checked, and wanted by nobody; what it showed on the way stays.
            Some(Ok(answer)) if why == Some(Why::Abandoned) && answer.stop == Stop::Cancelled => {
                return End::Final(Event::Cancel, None);
            }
            Some(Ok(answer)) => {
                let cut_short = answer.stop == Stop::Cancelled && why.is_some();
                let improvable = quality::can_improve(&answer, target_gap(record));
                let best = match earlier.take() {
                    Some(earlier) if quality::at_least_as_good(&earlier, &answer) => earlier,
                    _ => answer,
                };
                *earlier = Some(best.clone());
                record.improve(Best::Answer(Box::new(best)));
                return match () {
                    () if cut_short && later => End::Later,
                    () if cut_short => End::Final(Event::Cancel, None),
                    () if !improvable => End::Final(Event::Finish, None),
                    () => match then {
                        Then::Nothing => End::Final(Event::Finish, None),
                        Then::Improve => End::Improve,
                        Then::Requeue { spent_ms } => End::Requeue(spent_ms),
                    },
                };
            }
            None if record.head.state.status == Status::Queued && later => return End::Later,
            None if record.head.state.status == Status::Queued && why.is_some() => {
                return End::Final(Event::Cancel, None);
            }
            None => {
                tracing::error!(alarm = true, plan = %live.id, tenant = %live.tenant, "a solver panicked");
                Failure::SolverPanicked
            }
            Some(Err(violations)) => {
                let what: Vec<String> = violations.iter().map(ToString::to_string).collect();
                tracing::error!(alarm = true, plan = %live.id, tenant = %live.tenant, violations = ?what, "a plan was refuted and withheld");
                Failure::PlanWithheld
            }
        };
        // What a broken solver showed on the way is not to be trusted; what was verified before stands.
        record.best = earlier.take().map(|answer| Arc::new(Best::Answer(Box::new(answer))));
        record.head.quality = record.best.as_ref().map(|best| best.quality());
        End::Final(Event::Fail, Some(failure))
    }

    /// Stores the end of a plan, then shows it.
    async fn finish(
        &self,
        live: &Live,
        mut record: Record,
        event: Event,
        failure: Option<Failure>,
        stored: &mut Option<u64>,
    ) {
        let now = self.stores.clock.now();
        match record.head.state.after(event, record.head.state.epoch) {
            Ok(state) => record.head.state = state,
            Err(refused) => tracing::error!(plan = %live.id, %refused, "a plan ended against the rules"),
        }
        record.head.failure = failure;
        record.head.leased_until = None;
        record.head.expires_at = Some(now.saturating_add(self.settings.keep).unwrap_or(now));
        touch(&mut record, now);
        let mut kept = self.write(live, &record, stored, true).await.is_ok();
        if !kept && record.head.deferred {
            // The answer was promised: it is shown once it is kept.
            kept = self.write_again(live, &record, stored).await;
        }
        live.view.send_modify(|view| {
            view.record = record.clone();
            view.stored = kept;
        });
        if !kept && stored.is_some() {
            // Whoever waits has the answer by now; the store still takes the plan to be under way.
            self.write_again(live, &record, stored).await;
        }
    }

    /// Tries to write the end of a plan again, until it is kept, somebody else has written the plan, or the process ends: the next one
    /// takes care of it then.
    async fn write_again(&self, live: &Live, record: &Record, stored: &mut Option<u64>) -> bool {
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        while !live.is_lost() && !self.is_closing() {
            let chance = f64::from(PlanId::fresh().number() as u32) / f64::from(u32::MAX);
            tokio::time::sleep(FIRST_PAUSE / 2 + backoff.pause(chance)).await;
            if self.write(live, record, stored, true).await.is_ok() {
                return true;
            }
        }
        false
    }

    /// Puts a plan back, with its best, for another worker.
    async fn requeue(&self, live: &Live, mut record: Record, spent_ms: u64, stored: &mut Option<u64>) {
        let head = &mut record.head;
        if let Ok(state) = head.state.after(Event::Requeue, head.state.epoch) {
            head.state = state;
        }
        head.spent_ms = spent_ms;
        head.leased_until = None;
        touch(&mut record, self.stores.clock.now());
        let kept = self.write(live, &record, stored, true).await.is_ok();
        live.view.send_modify(|view| {
            view.record = record;
            view.stored = kept;
        });
    }

    /// Shows the first answer, and queues the solve that improves it.
    async fn improve(
        &self,
        live: &Arc<Live>,
        mut record: Record,
        request: &Arc<dyn Request>,
        stored: &mut Option<u64>,
    ) -> Option<oneshot::Receiver<Finished>> {
        let now = self.stores.clock.now();
        let head = &mut record.head;
        if let Ok(state) = head.state.after(Event::Requeue, head.state.epoch) {
            head.state = state;
        }
        head.deferred = true;
        let (epoch, urgency) = (head.state.epoch, head.urgency);
        touch(&mut record, now);
        let kept = self.write(live, &record, stored, true).await.is_ok();
        let elsewhere = self.settings.deferral == Deferral::Elsewhere;
        live.view.send_modify(|view| {
            view.record = record.clone();
            view.stored = kept;
            if elsewhere && !kept {
                // Nobody will improve it, and the answer is there all the same.
                view.record.head.state.status = Status::Done;
            }
        });
        if elsewhere {
            return None;
        }
        let limit = self.settings.deferred_time;
        let kind = Kind::new(request.problem(), request.canonical().len());
        let solve = Solve { class: Class::Deferred(urgency), kind, limit, until: None, least: limit, epoch };
        // Where the pool is closed, the plan goes on after the next start.
        self.queue(live, request, &solve, true).ok()
    }

    /// Writes what has changed. An error is logged here, once.
    async fn write(
        &self,
        live: &Live,
        record: &Record,
        stored: &mut Option<u64>,
        durable: bool,
    ) -> Result<(), StoreError> {
        let request = if stored.is_none() { record.request.clone() } else { None };
        let write = Write { head: record.head.clone(), replaces: *stored, request, best: best_bytes(record), durable };
        let result = self.put(&live.tenant, write).await;
        match &result {
            Ok(()) => *stored = Some(record.head.version),
            Err(StoreError::Conflict) if stored.is_some() => {
                tracing::info!(plan = %live.id, "somebody else has written this plan");
                live.stop(Why::Lost);
            }
            Err(error) => {
                tracing::error!(plan = %live.id, error = error as &dyn std::error::Error, "a plan was not stored");
            }
        }
        result
    }
}

/// Solves: on this solver thread, or on as many as the plan may have.
fn work(live: &Live, request: &dyn Request, solve: &Solve, threads: usize, watch: &mut Watch<'_>) -> Finished {
    let begun = Instant::now();
    let left = solve.until.map_or(solve.limit, |until| until.saturating_duration_since(begun));
    let limit = left.min(solve.limit).max(solve.least);
    let with = |seed: u64, stop: &AtomicBool, watch: &mut dyn FnMut(&Snapshot<'_>)| {
        let clock = move || begun.elapsed();
        let mut budget = request
            .options()
            .budget(&clock)
            .seed(seed)
            .time_limit(limit)
            .cancelled_by(stop)
            .abandoned_by(&live.abandoned);
        request.solve(&mut budget, watch)
    };
    debug_assert!(!live.cancel.load(Ordering::Relaxed) || live.stopped().is_some());
    match race::lanes(request, threads) as u64 {
        1 => with(live.seed, &live.cancel, watch),
        // No two starts of a plan share a seed.
        lanes => {
            let first = live.seed.saturating_sub(1) * lanes + 1;
            race::race(&(first..first + lanes).collect::<Vec<_>>(), &live.cancel, watch, with)
        }
    }
}

/// Keeps the time that is spent on showing progress below a share of the solve's.
struct Pace {
    begun: Instant,
    spent: Duration,
}

impl Pace {
    fn new() -> Self {
        Self { begun: Instant::now(), spent: Duration::ZERO }
    }

    fn keep(&mut self, show: impl FnOnce()) {
        let before = self.begun.elapsed();
        if self.spent * 8 > before {
            return;
        }
        show();
        self.spent += self.begun.elapsed().saturating_sub(before);
    }
}

fn best_bytes(record: &Record) -> Option<Arc<[u8]>> {
    // Maps in it have string keys, so that it always serialises.
    record.best.as_ref().and_then(|best| serde_json::to_vec(best.as_ref()).ok()).map(Into::into)
}

fn target_gap(record: &Record) -> f64 {
    #[derive(serde::Deserialize)]
    struct Asked {
        options: Option<portolan::Options>,
    }
    let asked = record.request.as_ref().and_then(|request| serde_json::from_slice::<Asked>(request).ok());
    asked.and_then(|asked| asked.options).and_then(|options| options.gap).unwrap_or(0.0)
}
