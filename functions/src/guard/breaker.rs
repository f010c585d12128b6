//! A circuit breaker (Nygard, Release It!, 2007): after some failures in a row nothing is tried for a while; then one call may try, and
//! its end says whether the others may again.
//!
//! ```text
//!            failures in a row                 pause over
//!   closed ────────────────────> open ────────────────────> half open ──┐
//!      ^                           ^                          │  one call │
//!      └────────── it works ───────┼──────────────────────────┘  tries    │
//!                                  └──────────────── it fails ────────────┘
//! ```

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::ports::StoreError;

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Failures in a row that open it.
    pub failures: u32,
    /// How long nothing is tried.
    pub pause: Duration,
    /// How long a call that tries may take before another may: it may never come back to say how it ended.
    pub trial: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self { failures: 3, pause: Duration::from_secs(1), trial: Duration::from_secs(1) }
    }
}

/// Closed at first.
#[derive(Debug)]
pub struct Breaker {
    /// What is behind it.
    name: &'static str,
    policy: Policy,
    state: Mutex<State>,
}

/// Why a call was not made.
#[derive(Debug, thiserror::Error)]
#[error("{0} is left alone after failures in a row")]
struct LeftAlone(&'static str);

/// What a breaker lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Everything; so many calls in a row have failed.
    Closed(u32),
    /// Nothing until then.
    Open(Instant),
    /// One call tries; nothing else until it ends, or until then.
    HalfOpen(Instant),
}

impl Default for State {
    fn default() -> Self {
        Self::Closed(0)
    }
}

impl Breaker {
    /// A breaker before what has this name.
    pub fn new(name: &'static str, policy: Policy) -> Self {
        Self { name, policy, state: Mutex::default() }
    }

    /// What is behind it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Makes a call, where one may be made. Only what is not available counts as a failure: a conflict is an answer.
    pub async fn around<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        if !self.lets_pass(Instant::now()) {
            return Err(StoreError::Unavailable(Box::new(LeftAlone(self.name))));
        }
        let result = call.await;
        match &result {
            Err(StoreError::Unavailable(_)) => self.failed(Instant::now()),
            _ => self.worked(),
        }
        result
    }

    /// Whether a call may be made now. Whoever was let through has to say how it ended.
    pub fn lets_pass(&self, now: Instant) -> bool {
        let mut state = self.lock();
        match *state {
            State::Closed(_) => true,
            State::Open(until) | State::HalfOpen(until) if now < until => false,
            State::Open(_) | State::HalfOpen(_) => {
                *state = State::HalfOpen(now + self.policy.trial);
                true
            }
        }
    }

    /// A call has worked.
    pub fn worked(&self) {
        let before = std::mem::take(&mut *self.lock());
        if !matches!(before, State::Closed(_)) {
            tracing::info!(name = self.name, "is back");
        }
    }

    /// A call has failed.
    pub fn failed(&self, now: Instant) {
        let mut state = self.lock();
        let open = State::Open(now + self.policy.pause);
        *state = match *state {
            State::Closed(failures) if failures + 1 < self.policy.failures => State::Closed(failures + 1),
            State::Closed(_) => {
                tracing::warn!(name = self.name, "is left alone for a while after failures in a row");
                open
            }
            State::HalfOpen(_) => open,
            // A call that began before it opened: the pause is not prolonged.
            State::Open(until) => State::Open(until),
        };
    }

    /// What it lets through.
    pub fn state(&self) -> State {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_one_call_tries_after_a_pause() {
        let (breaker, now) = (Breaker::new("it", Policy::default()), Instant::now());
        breaker.failed(now);
        breaker.failed(now);
        breaker.worked();
        breaker.failed(now);
        breaker.failed(now);
        assert!(breaker.lets_pass(now), "not in a row");
        breaker.failed(now);
        assert!(!breaker.lets_pass(now));
        let later = now + Policy::default().pause;
        assert!(breaker.lets_pass(later), "one may try");
        assert!(!breaker.lets_pass(later), "the others wait for it");
        breaker.failed(later);
        assert!(!breaker.lets_pass(later), "open again");
        let later = later + Policy::default().pause;
        assert!(breaker.lets_pass(later));
        breaker.worked();
        assert!(breaker.lets_pass(later) && breaker.lets_pass(later));
    }

    #[test]
    fn a_trial_that_never_ends_holds_the_others_up_for_a_while_only() {
        let (breaker, now) = (Breaker::new("it", Policy { failures: 1, ..Policy::default() }), Instant::now());
        breaker.failed(now);
        let later = now + Policy::default().pause;
        assert!(breaker.lets_pass(later));
        assert!(breaker.lets_pass(later + Policy::default().trial));
    }

    proptest! {
        /// While all calls fail, there are at most as many as open it, and then one a pause.
        #[test]
        fn what_is_away_is_asked_rarely(gaps_ms in prop::collection::vec(0u64..400, 1..300)) {
            let (breaker, begun) = (Breaker::new("it", Policy::default()), Instant::now());
            let (mut now, mut made) = (begun, 0u64);
            for gap in gaps_ms {
                now += Duration::from_millis(gap);
                if breaker.lets_pass(now) {
                    made += 1;
                    breaker.failed(now);
                }
            }
            let pauses = (now - begun).as_millis() as u64 / 1000;
            prop_assert!(made <= 3 + pauses, "{made} calls in {pauses} pauses");
        }
    }
}
