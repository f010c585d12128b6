//! A solve and what follows from it. Each plan that is worked on has one task that does all of its writes, in order.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use portolan::problem::{Snapshot, Violation};
use portolan::{AnyAnswer, Request, Stop};
use tokio::sync::oneshot;

use super::live::{Live, Why, touch};
use super::pool::{Class, Full};
use super::record::{Best, Failure, Record};
use super::state::{Event, Status};
use super::{Plans, quality};
use crate::ports::{StoreError, Write};

/// What a solver thread sends back. A channel that closes instead means that the solve panicked, or was never begun.
pub(super) type Finished = Result<AnyAnswer, Vec<Violation>>;

/// How a solve is queued and limited.
#[derive(Clone, Copy, Debug)]
pub(super) struct Solve {
    pub(super) class: Class,
    /// The time it is granted.
    pub(super) limit: Duration,
    /// When its caller expects the answer at the latest.
    pub(super) until: Option<Instant>,
    /// What it is granted even after that.
    pub(super) least: Duration,
    /// The plan's epoch in which it runs.
    pub(super) epoch: u32,
}

/// What a solve that has ended means for its plan.
enum End {
    /// Nothing happens to the plan anymore.
    Final(Event, Option<Failure>),
    /// It is improved further.
    Improve,
    /// It goes on after the next start.
    Later,
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
            let clock = Arc::clone(&self.stores.clock);
            move || {
                if live.happen(Event::Start, solve.epoch, clock.now()).is_err() {
                    return;
                }
                let mut pace = Pace::new();
                let watch = &mut |snapshot: &Snapshot<'_>| pace.keep(|| live.progress(snapshot, clock.now()));
                let found = work(&live, request.as_ref(), &solve, watch);
                // Nobody listens where the process shuts down.
                let _ = send.send(found);
            }
        };
        let ticket = self.pool.submit(solve.class, due, acknowledged, Box::new(work))?;
        live.queued(ticket);
        Ok(finished)
    }

    /// Follows a plan from its queued solve to its end.
    pub(super) async fn follow(
        self: Arc<Self>,
        live: Arc<Live>,
        request: Arc<dyn Request>,
        mut finished: oneshot::Receiver<Finished>,
        mut improve: bool,
        mut stored: Option<u64>,
    ) {
        if stored.is_none()
            && let Err(error) = self.first_write(&live, &mut stored).await
        {
            live.stop(Why::Closing);
            live.view.send_modify(|view| view.broken = Some(Arc::new(error)));
            self.table.leave(&live);
            return;
        }
        live.view.send_modify(|view| view.stored = true);
        let mut earlier = live.record().answer().cloned();
        loop {
            let found = self.watch(&live, &mut finished, &mut stored).await;
            let mut record = live.record();
            match self.conclude(&live, found, &mut record, &mut earlier, improve) {
                End::Later => {
                    touch(&mut record, self.stores.clock.now());
                    let _ = self.write(&live, &record, &mut stored, true).await;
                    break;
                }
                End::Final(event, failure) => {
                    self.finish(&live, record, event, failure, &mut stored).await;
                    break;
                }
                End::Improve => {
                    improve = false;
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
        self.stores.plans.put(&live.tenant, write).await?;
        *stored = Some(record.head.version);
        Ok(())
    }

    /// Waits for the solve and keeps the incumbent of a deferred one on the way.
    async fn watch(
        &self,
        live: &Live,
        finished: &mut oneshot::Receiver<Finished>,
        stored: &mut Option<u64>,
    ) -> Option<Finished> {
        let mut beat = tokio::time::interval(self.settings.checkpoint_every);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                found = &mut *finished => return found.ok(),
                _ = beat.tick() => {
                    let record = live.record();
                    if record.head.deferred && *stored != Some(record.head.version) {
                        // The next checkpoint, or the end, writes again.
                        let _ = self.write(live, &record, stored, true).await;
                    }
                }
            }
        }
    }

    /// What the end of a solve means. Puts the better answer into `record`.
    fn conclude(
        &self,
        live: &Live,
        found: Option<Finished>,
        record: &mut Record,
        earlier: &mut Option<AnyAnswer>,
        improve: bool,
    ) -> End {
        let why = live.stopped();
        let later = why == Some(Why::Closing) && record.head.deferred;
        let failure = match found {
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
                    () if improve && improvable => End::Improve,
                    () => End::Final(Event::Finish, None),
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
        record.head.expires_at = Some(now.saturating_add(self.settings.keep).unwrap_or(now));
        touch(&mut record, now);
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
        let epoch = head.state.epoch;
        touch(&mut record, now);
        let kept = self.write(live, &record, stored, true).await.is_ok();
        live.view.send_modify(|view| {
            view.record = record.clone();
            view.stored = kept;
        });
        let limit = self.settings.deferred_time;
        let solve = Solve { class: Class::Deferred, limit, until: None, least: limit, epoch };
        match self.queue(live, request, &solve, true) {
            Ok(finished) => Some(finished),
            // The pool is closed: the plan goes on after the next start.
            Err(_) => None,
        }
    }

    /// Writes what has changed. An error is logged here, once.
    async fn write(
        &self,
        live: &Live,
        record: &Record,
        stored: &mut Option<u64>,
        durable: bool,
    ) -> Result<(), StoreError> {
        let write =
            Write { head: record.head.clone(), replaces: *stored, request: None, best: best_bytes(record), durable };
        let result = self.stores.plans.put(&live.tenant, write).await;
        match &result {
            Ok(()) => *stored = Some(record.head.version),
            Err(error) => {
                tracing::error!(plan = %live.id, error = error as &dyn std::error::Error, "a plan was not stored");
            }
        }
        result
    }
}

/// Solves, on a solver thread.
fn work(live: &Live, request: &dyn Request, solve: &Solve, watch: &mut dyn FnMut(&Snapshot<'_>)) -> Finished {
    let begun = Instant::now();
    let clock = move || begun.elapsed();
    let left = solve.until.map_or(solve.limit, |until| until.saturating_duration_since(begun));
    let limit = left.min(solve.limit).max(solve.least);
    let mut budget = request.options().budget(&clock).time_limit(limit).cancelled_by(&live.cancel);
    debug_assert!(!live.cancel.load(Ordering::Relaxed) || live.stopped().is_some());
    request.solve(&mut budget, watch)
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
        self.spent += self.begun.elapsed() - before;
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
