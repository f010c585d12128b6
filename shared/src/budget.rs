//! How much a solve may do, and when it must stop.
//!
//! Effort is counted in **ticks**: elementary steps of the search (a re-timed position, a relaxed
//! cell of a dynamic program), the same number on every machine. A work limit in ticks therefore
//! stops every run at the same point and gives the same bytes. The deadline is the backstop for
//! people who wait: it reads a [`Clock`] that the caller lends, and an answer that it cut short is
//! marked as not reproducible.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::outcome::Stop;

/// Time since some fixed instant, lent to the solver, which has no clock of its own.
///
/// Any closure that returns a [`Duration`] is one:
/// ```
/// let started = std::time::Instant::now();
/// let clock = || started.elapsed();
/// let budget = portolan::Budget::new(&clock);
/// # let _ = budget;
/// ```
pub trait Clock {
    /// Time since the clock's origin; never runs backwards.
    fn now(&self) -> Duration;
}

impl<F: Fn() -> Duration> Clock for F {
    fn now(&self) -> Duration {
        self()
    }
}

/// Ticks between two looks at the clock and the cancellation flag: about a millisecond of the heaviest ticks, those of a yard's
/// searches, and enough of the lightest to make the look itself cost nothing.
const POLL_TICKS: u64 = 4_096;

/// What one solve may use. Made by the caller, drawn down by the solver.
pub struct Budget<'a> {
    clock: &'a dyn Clock,
    began: Duration,
    deadline: Option<Duration>,
    /// Ticks' worth of time before the deadline that belong to whoever checks the answer.
    reserve: u64,
    work_limit: u64,
    cancelled: Option<&'a AtomicBool>,
    abandoned: Option<&'a AtomicBool>,
    target_gap: f64,
    seed: u64,
    threads: usize,
    ticks: u64,
    next_poll: u64,
    stopped: Option<Stop>,
}

impl<'a> Budget<'a> {
    /// No deadline, no work limit, target gap zero, seed 1, one thread.
    pub fn new(clock: &'a dyn Clock) -> Self {
        Self {
            clock,
            began: clock.now(),
            deadline: None,
            reserve: 0,
            work_limit: u64::MAX,
            cancelled: None,
            abandoned: None,
            target_gap: 0.0,
            seed: 1,
            threads: 1,
            ticks: 0,
            next_poll: POLL_TICKS,
            stopped: None,
        }
    }

    /// Stop within about a millisecond after `limit` from now.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.deadline = Some(self.clock.now().saturating_add(limit));
        self
    }

    /// Stop after this many ticks, at the same point on every machine.
    #[must_use]
    pub fn work_limit(mut self, ticks: u64) -> Self {
        self.work_limit = ticks;
        self
    }

    /// Stop as soon as the gap is proven to be no larger than this share (0.001 is 0.1 %).
    #[must_use]
    pub fn target_gap(mut self, share: f64) -> Self {
        self.target_gap = share.max(0.0);
        self
    }

    /// Seed of every random choice.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Threads the solve may use.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// Stop soon after somebody sets this flag.
    #[must_use]
    pub fn cancelled_by(mut self, flag: &'a AtomicBool) -> Self {
        self.cancelled = Some(flag);
        self
    }

    /// Where somebody has set this flag when the solve is cancelled, nobody wants the answer: it is not checked, so that the core is free at
    /// once, and must not be given out.
    #[must_use]
    pub fn abandoned_by(mut self, flag: &'a AtomicBool) -> Self {
        self.abandoned = Some(flag);
        self
    }

    /// Whether the solve was cancelled and nobody wants what it has found.
    pub fn is_abandoned(&self) -> bool {
        self.stopped == Some(Stop::Cancelled) && self.abandoned.is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    /// Notes work that was done. Returns whether the solve must stop now.
    #[inline]
    pub fn spend(&mut self, ticks: u64) -> bool {
        self.ticks += ticks;
        if self.ticks >= self.next_poll || self.ticks >= self.work_limit {
            self.poll();
        }
        self.stopped.is_some()
    }

    /// Keeps time free before the deadline for what comes after the solve, given as the ticks that it is worth. The pace
    /// so far says how long that is; no other limit changes.
    pub fn reserve(&mut self, ticks: u64) {
        self.reserve = ticks;
        self.poll();
    }

    /// Lets a part of a search do this much work at most. The whole goes on afterwards, where nothing else stopped it.
    pub(crate) fn for_ticks<T>(&mut self, ticks: u64, part: impl FnOnce(&mut Self) -> T) -> T {
        let whole = self.work_limit;
        self.work_limit = whole.min(self.ticks.saturating_add(ticks));
        let result = part(self);
        self.work_limit = whole;
        if self.stopped == Some(Stop::WorkLimit) && self.ticks < whole {
            self.stopped = None;
        }
        result
    }

    /// Why the solve must stop, where it must.
    #[inline]
    pub fn stopped(&self) -> Option<Stop> {
        self.stopped
    }

    /// Whether an answer with this proven gap is good enough for the caller. Remembers it as the reason to stop.
    pub fn is_good_enough(&mut self, gap: f64) -> bool {
        if gap <= 0.0 {
            return true;
        }
        let reached = gap <= self.target_gap;
        if reached && self.stopped.is_none() {
            self.stopped = Some(Stop::TargetGap);
        }
        reached
    }

    /// Work done so far.
    pub fn ticks(&self) -> u64 {
        self.ticks
    }

    /// Ticks left until the work limit.
    pub fn ticks_left(&self) -> u64 {
        self.work_limit.saturating_sub(self.ticks)
    }

    /// The caller's seed.
    pub fn seed_value(&self) -> u64 {
        self.seed
    }

    /// Threads the solve may use.
    pub fn thread_count(&self) -> usize {
        self.threads
    }

    fn is_past(&self, deadline: Duration) -> bool {
        let now = self.clock.now();
        let reserved = now.saturating_sub(self.began).mul_f64(self.reserve as f64 / self.ticks.max(1) as f64);
        now.saturating_add(reserved.min(deadline)) >= deadline
    }

    fn poll(&mut self) {
        self.next_poll = self.ticks + POLL_TICKS;
        if self.stopped.is_some() {
            return;
        }
        self.stopped = if self.ticks >= self.work_limit {
            Some(Stop::WorkLimit)
        } else if self.cancelled.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
            Some(Stop::Cancelled)
        } else if self.deadline.is_some_and(|deadline| self.is_past(deadline)) {
            Some(Stop::Deadline)
        } else {
            None
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn the_work_limit_stops_at_the_tick() {
        let clock = || Duration::ZERO;
        let mut budget = Budget::new(&clock).work_limit(10);
        assert!(!budget.spend(9));
        assert!(budget.spend(1));
        assert_eq!(budget.stopped(), Some(Stop::WorkLimit));
    }

    #[test]
    fn a_part_stops_at_its_own_limit_and_the_whole_goes_on() {
        let clock = || Duration::ZERO;
        let mut budget = Budget::new(&clock).work_limit(100);
        assert!(budget.for_ticks(10, |budget| budget.spend(10)));
        assert_eq!(budget.stopped(), None);
        assert!(budget.for_ticks(1_000, |budget| budget.spend(90)));
        assert_eq!(budget.stopped(), Some(Stop::WorkLimit));
    }

    #[test]
    fn the_deadline_is_seen_at_the_next_poll_and_the_first_reason_stays() {
        let now = Cell::new(0);
        let clock = || Duration::from_millis(now.get());
        let flag = AtomicBool::new(false);
        let mut budget = Budget::new(&clock).time_limit(Duration::from_millis(5)).cancelled_by(&flag);
        assert!(!budget.spend(POLL_TICKS));
        now.set(5);
        assert!(!budget.spend(1), "no look at the clock between two polls");
        assert!(budget.spend(POLL_TICKS));
        flag.store(true, Ordering::Relaxed);
        assert!(budget.spend(POLL_TICKS));
        assert_eq!(budget.stopped(), Some(Stop::Deadline));
    }

    #[test]
    fn time_reserved_for_the_check_comes_off_the_deadline() {
        let now = Cell::new(0);
        let clock = || Duration::from_millis(now.get());
        let mut budget = Budget::new(&clock).time_limit(Duration::from_millis(100));
        now.set(50);
        budget.spend(10 * POLL_TICKS);
        budget.reserve(5 * POLL_TICKS);
        assert_eq!(budget.stopped(), None, "a quarter of the time is kept free, and half is left");
        now.set(76);
        budget.spend(POLL_TICKS);
        assert_eq!(budget.stopped(), Some(Stop::Deadline));
    }

    #[test]
    fn a_target_gap_is_a_reason_to_stop_and_a_closed_gap_needs_none() {
        let clock = || Duration::ZERO;
        let mut budget = Budget::new(&clock).target_gap(0.01);
        assert!(!budget.is_good_enough(0.02));
        assert!(budget.is_good_enough(0.0));
        assert_eq!(budget.stopped(), None);
        assert!(budget.is_good_enough(0.01));
        assert_eq!(budget.stopped(), Some(Stop::TargetGap));
    }
}
