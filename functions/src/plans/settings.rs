//! How the life of a plan is limited.

use std::time::Duration;

use portolan::limits;

use super::known::Memory;
use crate::guard::quota::Quota;

/// Where solves go that outlive their requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deferral {
    /// There are none: a process that is frozen after each answer, with a store that is gone with it.
    Never,
    /// This process does them.
    Here,
    /// The stored plan finds its way to another process, which calls [`Plans::work_on`](super::Plans::work_on). Plans that are
    /// answered on the line are written once, at their end.
    Elsewhere,
}

/// Limits of a service. [`Settings::default`] fits a laptop.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Solver threads.
    pub workers: usize,
    /// Threads that one deferred solve may have, each with a seed of its own. More than one is for a process that makes one plan at a time.
    pub threads_a_plan: usize,
    /// Solves that may wait for a thread.
    pub queue: usize,
    /// What an inline solve is granted where the caller says nothing.
    pub inline_time: Duration,
    /// The longest a request may wait for its answer.
    pub max_wait: Duration,
    /// What a deferred solve is granted where the caller says nothing.
    pub deferred_time: Duration,
    /// Where solves go that outlive their requests.
    pub deferral: Deferral,
    /// For how long a worker that takes a deferred solve from a queue is known to live; renewed while it works.
    pub lease: Duration,
    /// Time between two checkpoints of an incumbent.
    pub checkpoint_every: Duration,
    /// How long a finished plan is kept.
    pub keep: Duration,
    /// How old an answer may be that more time could improve, before it is improved in the background when somebody asks for it.
    pub fresh: Duration,
    /// How much is remembered of finished plans.
    pub memory: Memory,
    /// What each tenant may ask for.
    pub quota: Quota,
    /// How long deferred solves of each urgency may wait in the queues before no more are promised. What is more urgent counts as well:
    /// where it waits, the others wait longer.
    pub backlog: [Duration; 3],
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            threads_a_plan: 1,
            queue: 64,
            inline_time: Duration::from_secs(10),
            max_wait: Duration::from_secs(limits::MAX_WAIT_S),
            deferred_time: Duration::from_mins(5),
            deferral: Deferral::Here,
            lease: Duration::from_secs(30),
            checkpoint_every: Duration::from_millis(250),
            keep: Duration::from_hours(30 * 24),
            fresh: Duration::from_mins(5),
            memory: Memory::default(),
            quota: Quota::default(),
            backlog: [Duration::from_mins(15), Duration::from_mins(10), Duration::from_mins(5)],
        }
    }
}
