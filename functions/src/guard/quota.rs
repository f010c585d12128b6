//! What a tenant may ask for: so many requests a second, with a burst, and so many solves in any minute.
//!
//! Requests are counted by a **token bucket** in the form of the generic cell rate algorithm (ITU-T I.371: one number, the theoretical
//! arrival time of the next request), solves by an exact **sliding window**: the times of the last ones, at most as many as are
//! allowed. Both are functions of a small state and a time, so that the local count here and the shared one elsewhere are the same
//! arithmetic.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::plans::record::Tenant;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A request of any kind.
    Request,
    /// A solve that has to be begun for a request.
    Solve,
}

impl What {
    /// As `RateLimit` names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Request => "requests",
            Self::Solve => "solves",
        }
    }
}

/// How much is allowed. Without a number there is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Requests a second; a second's worth may come at once.
    pub requests_per_second: Option<u32>,
    /// Solves in any minute.
    pub solves_per_minute: Option<u32>,
}

impl Quota {
    /// The span over which solves are counted.
    pub const WINDOW: Duration = Duration::from_mins(1);

    /// The number that is allowed, and the span in which.
    pub fn of(&self, what: What) -> Option<(u32, Duration)> {
        match what {
            What::Request => self.requests_per_second.map(|quota| (quota, Duration::from_secs(1))),
            What::Solve => self.solves_per_minute.map(|quota| (quota, Self::WINDOW)),
        }
    }
}

/// Where a tenant stands after it asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What was counted.
    pub what: What,
    /// Whether it was allowed.
    pub allowed: bool,
    /// How many more are, right now.
    pub remaining: u32,
    /// When one more is: at once, where some remain.
    pub next: Duration,
}

/// One tenant's counts. Times are microseconds since some fixed instant.
#[derive(Debug, Default)]
pub struct Counts {
    next_request: u64,
    solves: VecDeque<u64>,
}

impl Counts {
    /// Counts a request or a solve, where it is allowed.
    pub fn take(&mut self, what: What, quota: u32, span: Duration, now: u64) -> Standing {
        let span = span.as_micros() as u64;
        match what {
            What::Request => self.request(u64::from(quota.max(1)), span, now),
            What::Solve => self.solve(quota as usize, span, now),
        }
    }

    fn request(&mut self, quota: u64, span: u64, now: u64) -> Standing {
        let step = (span / quota).max(1);
        let at = self.next_request.max(now);
        // A bucket of `quota` tokens: the arrival may be ahead of its time by all but one of them.
        let slack = step * (quota - 1);
        let allowed = at <= now + slack;
        if allowed {
            self.next_request = at + step;
        }
        let ahead = self.next_request.saturating_sub(now);
        let remaining = (step * quota).saturating_sub(ahead) / step;
        let next = ahead.saturating_sub(slack);
        Standing { what: What::Request, allowed, remaining: remaining as u32, next: Duration::from_micros(next) }
    }

    fn solve(&mut self, quota: usize, span: u64, now: u64) -> Standing {
        while self.solves.front().is_some_and(|at| at + span <= now) {
            self.solves.pop_front();
        }
        let allowed = self.solves.len() < quota;
        if allowed {
            self.solves.push_back(now);
        }
        let remaining = quota - self.solves.len().min(quota);
        let oldest = self.solves.front().filter(|_| remaining == 0).map_or(0, |at| at + span - now);
        Standing { what: What::Solve, allowed, remaining: remaining as u32, next: Duration::from_micros(oldest) }
    }

    fn is_idle(&self, now: u64) -> bool {
        self.next_request <= now && self.solves.back().is_none_or(|at| at + Quota::WINDOW.as_micros() as u64 <= now)
    }
}

/// The counts of all tenants, in the memory of this process.
pub struct Local {
    begun: Instant,
    hash: RandomState,
    shards: [Mutex<HashMap<Tenant, Counts>>; SHARDS],
}

const SHARDS: usize = 16;
/// Tenants of a shard that are kept before the idle ones are forgotten.
const TENANTS: usize = 4096;

impl Default for Local {
    fn default() -> Self {
        let shards = std::array::from_fn(|_| Mutex::default());
        Self { begun: Instant::now(), hash: RandomState::new(), shards }
    }
}

impl Local {
    /// Counts for a tenant, where there is a limit.
    pub fn take(&self, tenant: &Tenant, what: What, quota: &Quota) -> Option<Standing> {
        let (quota, span) = quota.of(what)?;
        let now = self.begun.elapsed().as_micros() as u64;
        let mut shard = self.shard(tenant);
        if let Some(counts) = shard.get_mut(tenant) {
            return Some(counts.take(what, quota, span, now));
        }
        if shard.len() >= TENANTS {
            shard.retain(|_, counts| !counts.is_idle(now));
        }
        Some(shard.entry(tenant.clone()).or_default().take(what, quota, span, now))
    }

    fn shard(&self, tenant: &Tenant) -> MutexGuard<'_, HashMap<Tenant, Counts>> {
        let at = self.hash.hash_one(tenant) as usize % SHARDS;
        self.shards[at].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000;

    proptest! {
        #[test]
        fn in_no_minute_are_there_more_solves_than_allowed(
            gaps in prop::collection::vec(0u64..3 * SECOND, 1..400),
            quota in 1u32..30,
        ) {
            let mut counts = Counts::default();
            let (mut now, mut taken) = (0, Vec::new());
            for gap in gaps {
                now += gap;
                let standing = counts.take(What::Solve, quota, Quota::WINDOW, now);
                if standing.allowed {
                    taken.push(now);
                } else {
                    prop_assert!(standing.remaining == 0 && !standing.next.is_zero());
                    // As soon as it says, one more is allowed.
                    now += standing.next.as_micros() as u64;
                    prop_assert!(counts.take(What::Solve, quota, Quota::WINDOW, now).allowed);
                    taken.push(now);
                }
            }
            for (first, at) in taken.iter().enumerate() {
                let within = taken[first..].iter().filter(|other| **other < at + 60 * SECOND).count();
                prop_assert!(within <= quota as usize, "{within} in a minute");
            }
        }

        #[test]
        fn requests_keep_to_their_rate_after_a_second_s_burst(
            gaps in prop::collection::vec(0u64..SECOND / 4, 1..400),
            quota in 1u32..50,
        ) {
            let mut counts = Counts::default();
            let (mut now, mut taken) = (7 * SECOND, Vec::new());
            for gap in gaps {
                now += gap;
                let standing = counts.take(What::Request, quota, Duration::from_secs(1), now);
                if standing.allowed {
                    taken.push(now);
                } else {
                    prop_assert_eq!(standing.remaining, 0);
                    prop_assert!(standing.next > Duration::ZERO && standing.next <= Duration::from_secs(1));
                }
            }
            for (first, at) in taken.iter().enumerate() {
                for (more, later) in taken[first..].iter().enumerate() {
                    let allowed = u64::from(quota) * (later - at) / SECOND + u64::from(quota) + 1;
                    prop_assert!(more as u64 <= allowed, "{more} in {} us", later - at);
                }
            }
        }
    }

    #[test]
    fn tenants_are_counted_apart_and_without_a_limit_nobody_is() {
        let (local, a, b) = (Local::default(), Tenant::new("a"), Tenant::new("b"));
        let quota = Quota { solves_per_minute: Some(1), ..Quota::default() };
        let allowed = |tenant: &Tenant| local.take(tenant, What::Solve, &quota).map(|standing| standing.allowed);
        assert_eq!([allowed(&a), allowed(&a), allowed(&b)], [Some(true), Some(false), Some(true)]);
        assert_eq!(local.take(&a, What::Request, &quota), None);
    }
}
