//! Finished plans in the memory of the process, as the store last gave them: bounded by bytes and by age.
//!
//! What is remembered is right until this process writes or deletes a plan of the same fingerprint, which forgets it, or until
//! another process does, which the age limit bounds. Where there is no more room, plans that are asked for rarely go first: a
//! newcomer has to be asked for more often than what it would push out (`TinyLFU`: Einziger, Friedman and Manes 2017,
//! doi:10.1145/3149371), so that a sweep of requests that come once leaves what is asked for all day where it is. Measured, with room for
//! a thousand plans of ten thousand that are asked for by Zipf's law, and as many requests again that come once: 61 % of
//! the former are known, 54 % with the least recently used going first, and 76 % come for the thousand most frequent ones.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use moka::sync::Cache;
use portolan::{Proof, Stop};

use super::quality::Merit;
use super::record::{Head, Record, Tenant};
use crate::ports::{StoreError, Stored};

/// How much is remembered.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Bytes of finished plans, at most.
    pub bytes: u64,
    /// For how long: after it the store is asked again.
    pub age: Duration,
}

impl Default for Memory {
    fn default() -> Self {
        Self { bytes: 128 << 20, age: Duration::from_mins(5) }
    }
}

/// A finished plan with its verified answer.
#[derive(Debug)]
pub struct Known {
    /// Status and numbers.
    pub head: Head,
    /// How good the answer is.
    pub merit: Merit,
    stored: Stored,
    until: Instant,
    gone: AtomicBool,
    refreshed: AtomicBool,
    /// Whether the checker has confirmed it since it was read.
    checked: AtomicBool,
    shown: OnceLock<Bytes>,
}

impl Known {
    /// Whether it may be given out without another look.
    pub fn is_current(&self) -> bool {
        !self.gone.load(Ordering::Acquire) && Instant::now() < self.until
    }

    /// The plan.
    pub fn record(&self) -> Result<Record, StoreError> {
        super::read(self.stored.clone())
    }

    /// The plan as it is shown to callers, written out once.
    pub fn shown(&self, write: impl FnOnce() -> Result<Bytes, StoreError>) -> Result<Bytes, StoreError> {
        if let Some(bytes) = self.shown.get() {
            return Ok(bytes.clone());
        }
        let bytes = write()?;
        Ok(self.shown.get_or_init(|| bytes).clone())
    }

    /// Whether more time could improve it and it is as good as `fresh` old. Of answers that are asked for often, one caller finds
    /// out a little early, the likelier the longer the solve takes (Vattani, Chierichetti and Lowenstein 2015,
    /// doi:10.14778/2757807.2757813, equation 1); `chance` is uniform in (0, 1].
    pub fn is_due(&self, fresh: Duration, now: Timestamp, chance: f64) -> bool {
        if self.merit.proof == Proof::Optimal || self.merit.stop != Stop::Deadline {
            return false;
        }
        let age = Duration::try_from(now.duration_since(self.head.updated_at)).unwrap_or_default();
        let early = Duration::from_millis(self.head.granted_ms).mul_f64(-chance.clamp(1e-9, 1.0).ln());
        age + early >= fresh && !self.refreshed.load(Ordering::Relaxed)
    }

    /// Whether the caller is the first who wants to make it better.
    pub(super) fn claim_refresh(&self) -> bool {
        !self.refreshed.swap(true, Ordering::Relaxed)
    }

    /// Whether the checker has confirmed it since it was read.
    pub(super) fn is_checked(&self) -> bool {
        self.checked.load(Ordering::Relaxed)
    }

    /// The checker has confirmed it.
    pub(super) fn confirm(&self) {
        self.checked.store(true, Ordering::Relaxed);
    }

    fn weight(&self) -> u32 {
        // As stored, and as shown; what is around it is small.
        let best = self.stored.best.as_ref().map_or(0, |best| best.len());
        u32::try_from(2 * best + 1024).unwrap_or(u32::MAX)
    }
}

/// The memory.
pub(super) struct Memories {
    plans: Cache<(Tenant, String), Arc<Known>>,
    age: Duration,
    /// How often plans of a stripe of fingerprints were forgotten. What was read from the store before that is not remembered.
    stripes: [Mutex<u64>; STRIPES],
    hash: RandomState,
}

const STRIPES: usize = 64;

/// What was true of a fingerprint before the store was asked.
#[derive(Clone, Copy)]
pub(super) struct Seen(u64);

impl Memories {
    pub(super) fn new(memory: Memory) -> Self {
        let plans = Cache::builder()
            .max_capacity(memory.bytes)
            .weigher(|_: &(Tenant, String), known: &Arc<Known>| known.weight())
            .time_to_live(memory.age)
            // Whoever holds on to it learns that it is out of date.
            .eviction_listener(|_, known: Arc<Known>, _| known.gone.store(true, Ordering::Release))
            .build();
        Self { plans, age: memory.age, stripes: std::array::from_fn(|_| Mutex::new(0)), hash: RandomState::new() }
    }

    pub(super) fn get(&self, tenant: &Tenant, fingerprint: &str) -> Option<Arc<Known>> {
        self.plans.get(&(tenant.clone(), fingerprint.to_owned()))
    }

    /// Call it before the store is asked.
    pub(super) fn look(&self, fingerprint: &str) -> Seen {
        Seen(*self.stripe(fingerprint))
    }

    /// Remembers what the store said, unless it may have changed since `seen`.
    pub(super) fn remember(
        &self,
        tenant: &Tenant,
        stored: Stored,
        merit: Merit,
        seen: Seen,
        now: Timestamp,
    ) -> Arc<Known> {
        let key = (tenant.clone(), stored.head.fingerprint.clone());
        let left = stored
            .head
            .expires_at
            .map_or(self.age, |at| Duration::try_from(at.duration_since(now)).unwrap_or_default());
        let known = Arc::new(Known {
            head: stored.head.clone(),
            merit,
            stored,
            until: Instant::now() + left.min(self.age),
            gone: AtomicBool::new(false),
            refreshed: AtomicBool::new(false),
            checked: AtomicBool::new(false),
            shown: OnceLock::new(),
        });
        let stripe = self.stripe(&key.1);
        if *stripe == seen.0 {
            self.plans.insert(key, Arc::clone(&known));
        } else {
            known.gone.store(true, Ordering::Release);
        }
        drop(stripe);
        known
    }

    pub(super) fn forget(&self, tenant: &Tenant, fingerprint: &str) {
        let mut stripe = self.stripe(fingerprint);
        *stripe += 1;
        self.plans.invalidate(&(tenant.clone(), fingerprint.to_owned()));
    }

    fn stripe(&self, fingerprint: &str) -> MutexGuard<'_, u64> {
        let at = self.hash.hash_one(fingerprint) as usize % STRIPES;
        self.stripes[at].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A known plan that does not keep it from being forgotten.
pub type Remembered = Weak<Known>;

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use portolan::rng::Rng;

    use super::*;
    use crate::plans::record::PlanId;

    const ROOM: u64 = 1000;
    const BEST: usize = 500;

    fn remember(memories: &Memories, tenant: &Tenant, fingerprint: &str) {
        let now = Timestamp::UNIX_EPOCH;
        let head = Head::new(PlanId::fresh(), "fake", fingerprint, now);
        let stored = Stored { head, request: None, best: Some(vec![0; BEST].into()) };
        let merit = Merit { proof: Proof::Optimal, stop: Stop::Proven, gap: 0.0 };
        memories.remember(tenant, stored, merit, memories.look(fingerprint), now);
    }

    /// Of requests by Zipf's law and as many that come once, the share of the former that is known. `known` says whether a request is, and
    /// remembers it.
    fn hits(mut known: impl FnMut(&str) -> bool) -> f64 {
        let mut weights: Vec<f64> = (1..=10_000).map(|rank| 1.0 / f64::from(rank)).collect();
        for rank in 1..weights.len() {
            weights[rank] += weights[rank - 1];
        }
        let (mut dice, sum, mut found, asked) = (Rng::new(7), weights[weights.len() - 1], 0, 40_000);
        for n in 0..asked {
            let at = dice.unit() * sum;
            let rank = weights.partition_point(|weight| *weight < at);
            found += u32::from(known(&format!("often {rank}")));
            known(&format!("once {n}"));
        }
        f64::from(found) / f64::from(asked)
    }

    #[test]
    fn what_is_asked_for_often_stays_while_others_come_once() {
        let weight = u64::from(u32::try_from(2 * BEST + 1024).unwrap_or_default());
        let memories = Memories::new(Memory { bytes: ROOM * weight, age: Duration::from_hours(1) });
        let tenant = Tenant::local();
        let ours = hits(|fingerprint| {
            let known = memories.get(&tenant, fingerprint).is_some();
            if !known {
                remember(&memories, &tenant, fingerprint);
            }
            known
        });
        memories.plans.run_pending_tasks();
        assert!(memories.plans.weighted_size() <= ROOM * weight);
        // The least recently used goes first, for comparison.
        let (mut order, mut at, mut now) = (BTreeMap::new(), HashMap::new(), 0u64);
        let others = hits(|fingerprint| {
            now += 1;
            let before = at.insert(fingerprint.to_owned(), now);
            before.map(|before| order.remove(&before));
            order.insert(now, fingerprint.to_owned());
            if order.len() as u64 > ROOM
                && let Some((_, oldest)) = order.pop_first()
            {
                at.remove(&oldest);
            }
            before.is_some()
        });
        println!("known: {ours:.3}, the least recently used going first {others:.3}");
        assert!(ours > others + 0.04, "{ours:.3}, {others:.3}");
    }
}
