//! How the life of a plan is limited.

use std::time::Duration;

use portolan::limits;

/// Limits of a service. [`Settings::default`] fits a laptop.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Solver threads.
    pub workers: usize,
    /// Solves that may wait for a thread.
    pub queue: usize,
    /// What an inline solve is granted where the caller says nothing.
    pub inline_time: Duration,
    /// The longest a request may wait for its answer.
    pub max_wait: Duration,
    /// What a deferred solve is granted where the caller says nothing.
    pub deferred_time: Duration,
    /// Whether solves can outlive their requests. A function that is frozen after each answer cannot offer that.
    pub deferral: bool,
    /// Time between two checkpoints of an incumbent.
    pub checkpoint_every: Duration,
    /// How long a finished plan is kept.
    pub keep: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            queue: 64,
            inline_time: Duration::from_secs(10),
            max_wait: Duration::from_secs(limits::MAX_WAIT_S),
            deferred_time: Duration::from_secs(300),
            deferral: true,
            checkpoint_every: Duration::from_millis(250),
            keep: Duration::from_secs(30 * 86_400),
        }
    }
}
