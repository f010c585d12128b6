//! How long a solve is likely to take: what solves of the same problem and about the same size took lately.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What is expected of the first solve of its kind.
const FIRST: Duration = Duration::from_millis(100);
/// Weight of the latest solve, out of this many.
const LATEST: u32 = 4;

/// Remembers what solves took.
#[derive(Debug, Default)]
pub struct Forecast(Mutex<HashMap<Kind, Duration>>);

/// Solves that are likely to take as long: of one problem, and of a size that is the same up to a factor of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    problem: &'static str,
    doublings: u32,
}

impl Kind {
    /// The kind of a request of so many bytes.
    pub fn new(problem: &'static str, bytes: usize) -> Self {
        Self { problem, doublings: bytes.max(1).ilog2() }
    }
}

impl Forecast {
    /// How long a solve will take that is granted this time.
    pub fn of(&self, kind: Kind, granted: Duration) -> Duration {
        self.lock().get(&kind).copied().unwrap_or(FIRST).min(granted)
    }

    /// A solve took this long.
    pub fn took(&self, kind: Kind, time: Duration) {
        let mut kinds = self.lock();
        let known = kinds.entry(kind).or_insert(time);
        *known = (*known * (LATEST - 1) + time) / LATEST;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Kind, Duration>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_what_solves_of_the_kind_take_and_never_exceeds_what_is_granted() {
        let (forecast, small, large) = (Forecast::default(), Kind::new("berth", 900), Kind::new("berth", 90_000));
        let minute = Duration::from_mins(1);
        assert_eq!(forecast.of(small, minute), FIRST);
        forecast.took(small, Duration::from_secs(4));
        assert_eq!(forecast.of(small, minute), Duration::from_secs(4));
        assert_eq!(forecast.of(large, minute), FIRST);
        for _ in 0..30 {
            forecast.took(small, Duration::from_secs(1));
        }
        assert!(forecast.of(small, minute) < Duration::from_millis(1_010));
        assert_eq!(forecast.of(small, Duration::from_millis(300)), Duration::from_millis(300));
    }
}
