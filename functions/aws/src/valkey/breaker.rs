//! A circuit breaker: after some failures in a row, nothing is tried for a while; then one command may try.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row that open it.
const FAILURES: u32 = 3;
/// How long it stays open.
const PAUSE: Duration = Duration::from_secs(1);

/// Closed at first.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    closed_again_at: Option<Instant>,
}

impl Breaker {
    /// Whether a command may be tried now. Of those that ask after a pause, one may.
    pub(super) fn lets_pass(&self) -> bool {
        self.lets_pass_at(Instant::now())
    }

    pub(super) fn worked(&self) {
        *self.state() = State::default();
    }

    pub(super) fn failed(&self) {
        self.failed_at(Instant::now());
    }

    fn lets_pass_at(&self, now: Instant) -> bool {
        let mut state = self.state();
        match state.closed_again_at {
            None => true,
            Some(at) if now < at => false,
            Some(_) => {
                state.closed_again_at = Some(now + PAUSE);
                true
            }
        }
    }

    fn failed_at(&self, now: Instant) {
        let mut state = self.state();
        state.failures += 1;
        if state.failures >= FAILURES {
            state.closed_again_at = Some(now + PAUSE);
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_tries_one_command_after_a_pause() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        breaker.failed_at(now);
        breaker.failed_at(now);
        breaker.worked();
        breaker.failed_at(now);
        breaker.failed_at(now);
        assert!(breaker.lets_pass_at(now), "not in a row");
        breaker.failed_at(now);
        assert!(!breaker.lets_pass_at(now));
        let later = now + PAUSE;
        assert!(breaker.lets_pass_at(later), "one may try");
        assert!(!breaker.lets_pass_at(later), "the others wait for it");
        breaker.worked();
        assert!(breaker.lets_pass_at(later));
    }
}
