//! What every adapter of a port has to keep. Each contract is a function of the port alone; a new adapter is a new caller.

pub(crate) mod plan_cache;
pub(crate) mod plan_store;
pub(crate) mod replay_store;

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use portolan_functions::adapters::cached::Cached;
use portolan_functions::adapters::embedded::{Bounds, Embedded};
use portolan_functions::ports::{PlanCache, Stores, WallClock};
use portolan_tests::memory::Memory;

/// A clock that stands until it is moved.
pub(crate) struct SetClock(Mutex<Timestamp>);

impl SetClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new("2026-03-01T00:00:00Z".parse().unwrap())))
    }

    pub(crate) fn pass(&self, hours: i64) {
        let mut now = self.0.lock().unwrap();
        *now += SignedDuration::from_hours(hours);
    }
}

impl WallClock for SetClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

fn in_memory(bounds: Bounds) -> (Stores, Arc<SetClock>) {
    let clock = SetClock::new();
    (Embedded::in_memory(clock.clone(), bounds).unwrap().stores(), clock)
}

/// The same store with a cache in front.
fn behind_a_cache(stores: Stores) -> Stores {
    let memory: Arc<dyn PlanCache> = Arc::new(Memory::default());
    let caches = vec![("memory", memory)];
    let plans = Arc::new(Cached::new(stores.plans, stores.upkeep, caches, Arc::clone(&stores.clock)));
    Stores { plans: plans.clone(), upkeep: plans, ..stores }
}

/// Runs a contract on a store in a file, closing and opening the store between its acts.
struct OnFile {
    folder: std::path::PathBuf,
    clock: Arc<SetClock>,
}

impl OnFile {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("portolan-contract-{name}-{}", std::process::id()));
        // Left from an earlier run, or not there.
        let _ = std::fs::remove_dir_all(&folder);
        Self { folder, clock: SetClock::new() }
    }

    fn open(&self) -> Stores {
        Embedded::open(&self.folder, self.clock.clone(), Bounds::default()).unwrap().stores()
    }
}

impl Drop for OnFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
