//! Pauses between tries that double, each somewhere between nothing and its full length: whoever failed at the same time does not try
//! again at the same time ("full jitter", Brooker 2015, Exponential Backoff and Jitter).

use std::time::Duration;

/// The pauses.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    /// From `first` on, up to `longest`.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { next: first, longest }
    }

    /// The next pause; `chance` is uniform in 0..1.
    pub fn pause(&mut self, chance: f64) -> Duration {
        let full = self.next;
        self.next = (self.next * 2).min(self.longest);
        full.mul_f64(chance.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_chance_shortens_them() {
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_millis(150));
        let pauses: Vec<_> = (0..4).map(|_| backoff.pause(1.0).as_millis()).collect();
        assert_eq!(pauses, [50, 100, 150, 150]);
        assert_eq!((backoff.pause(0.0), backoff.pause(0.5)), (Duration::ZERO, Duration::from_millis(75)));
    }
}
