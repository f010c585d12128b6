//! Seeded schedules of faults under load: the store and the cache fail, are slow, or say something wrong. What was acknowledged is
//! there afterwards, no wrong plan is given out, and once the faults end the service is whole again.
//!
//! `PORTOLAN_CHAOS_SEEDS=200` runs as many schedules; a failure names its seed.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use portolan_functions::adapters::SystemClock;
use portolan_functions::adapters::cached::Cached;
use portolan_functions::adapters::embedded::{Bounds, Embedded};
use portolan_functions::adapters::guarded::Guarded;
use portolan_functions::guard::breaker::Policy;
use portolan_functions::plans::Settings;
use portolan_functions::plans::known;
use portolan_functions::plans::record::{PlanId, Tenant};
use portolan_functions::ports::{
    Dependency, Later, Page, Parts, PlanCache, PlanStore, Query, ReplayStore, StoreError, Stored, Stores, Upkeep,
    WallClock, Write,
};
use portolan_tests::memory::Memory;
use portolan_tests::server_at::{Reply, Server, Setup};
use reqwest::Method;
use serde_json::json;

/// Decides what goes wrong next, from a seed.
struct Faults {
    state: AtomicU64,
    on: AtomicBool,
}

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    Down,
    Slow,
    Wrong,
}

impl Faults {
    fn next(&self) -> u64 {
        // SplitMix64 (Steele, Lea and Flood 2014).
        let mut z = self.state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn draw(&self) -> Fault {
        if !self.on.load(Ordering::Relaxed) {
            return Fault::None;
        }
        match self.next() % 10 {
            0 | 1 => Fault::Down,
            2 => Fault::Slow,
            3 => Fault::Wrong,
            _ => Fault::None,
        }
    }

    /// Slow or down, where that is drawn.
    async fn meddle(&self) -> Result<Fault, StoreError> {
        let fault = self.draw();
        match fault {
            Fault::Down => Err(StoreError::Unavailable("on purpose".into())),
            Fault::Slow => {
                tokio::time::sleep(Duration::from_millis(self.next() % 30)).await;
                Ok(fault)
            }
            _ => Ok(fault),
        }
    }
}

/// A store that fails now and then: throttled, slow, its disk full.
struct Shaky {
    store: Stores,
    faults: Arc<Faults>,
}

impl PlanStore for Shaky {
    fn get<'a>(
        &'a self,
        tenant: &'a Tenant,
        id: PlanId,
        parts: Parts,
    ) -> Later<'a, Result<Option<Stored>, StoreError>> {
        Box::pin(async move {
            self.faults.meddle().await?;
            self.store.plans.get(tenant, id, parts).await
        })
    }

    fn put<'a>(&'a self, tenant: &'a Tenant, write: Write) -> Later<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.faults.meddle().await?;
            self.store.plans.put(tenant, write).await
        })
    }

    fn delete<'a>(&'a self, tenant: &'a Tenant, id: PlanId, version: u64) -> Later<'a, Result<(), StoreError>> {
        self.store.plans.delete(tenant, id, version)
    }

    fn list<'a>(&'a self, tenant: &'a Tenant, query: Query) -> Later<'a, Result<Page, StoreError>> {
        self.store.plans.list(tenant, query)
    }

    fn finished<'a>(
        &'a self,
        tenant: &'a Tenant,
        fingerprint: &'a str,
    ) -> Later<'a, Result<Option<Stored>, StoreError>> {
        Box::pin(async move {
            self.faults.meddle().await?;
            self.store.plans.finished(tenant, fingerprint).await
        })
    }
}

impl Upkeep for Shaky {
    fn unfinished(&self) -> Later<'_, Result<Vec<(Tenant, PlanId)>, StoreError>> {
        self.store.upkeep.unfinished()
    }

    fn prune(&self) -> Later<'_, Result<usize, StoreError>> {
        self.store.upkeep.prune()
    }

    fn check(&self) -> Later<'_, Vec<Dependency>> {
        self.store.upkeep.check()
    }
}

impl ReplayStore for Shaky {
    fn claim<'a>(
        &'a self,
        tenant: &'a Tenant,
        key: &'a str,
        claim: portolan_functions::ports::Claim,
    ) -> Later<'a, Result<portolan_functions::ports::Claimed, StoreError>> {
        self.store.replays.claim(tenant, key, claim)
    }

    fn settle<'a>(
        &'a self,
        tenant: &'a Tenant,
        key: &'a str,
        response: portolan_functions::ports::Kept,
    ) -> Later<'a, Result<(), StoreError>> {
        self.store.replays.settle(tenant, key, response)
    }

    fn release<'a>(&'a self, tenant: &'a Tenant, key: &'a str) -> Later<'a, Result<(), StoreError>> {
        self.store.replays.release(tenant, key)
    }
}

/// A cache that fails, is slow, gives another plan, or one with a byte that has turned.
struct Lying {
    memory: Memory,
    last: Mutex<Option<Arc<[u8]>>>,
    faults: Arc<Faults>,
}

impl PlanCache for Lying {
    fn get<'a>(&'a self, tenant: &'a Tenant, fingerprint: &'a str) -> Later<'a, Result<Option<Arc<[u8]>>, StoreError>> {
        Box::pin(async move {
            let fault = self.faults.meddle().await?;
            let found = self.memory.get(tenant, fingerprint).await?;
            if fault != Fault::Wrong {
                return Ok(found);
            }
            let at = self.faults.next() as usize;
            let turned = found.filter(|_| at.is_multiple_of(2)).map(|bytes| {
                let mut bytes = bytes.to_vec();
                let at = at % bytes.len();
                bytes[at] ^= 4;
                bytes.into()
            });
            Ok(turned.or_else(|| self.last.lock().unwrap().clone()))
        })
    }

    fn set<'a>(
        &'a self,
        tenant: &'a Tenant,
        fingerprint: &'a str,
        value: Arc<[u8]>,
        keep: Duration,
    ) -> Later<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.faults.meddle().await?;
            *self.last.lock().unwrap() = Some(Arc::clone(&value));
            self.memory.set(tenant, fingerprint, value, keep).await
        })
    }

    fn forget<'a>(&'a self, tenant: &'a Tenant, fingerprint: &'a str) -> Later<'a, Result<(), StoreError>> {
        self.memory.forget(tenant, fingerprint)
    }

    fn check(&self) -> Later<'_, Result<(), StoreError>> {
        self.memory.check()
    }
}

/// The machine's clock, which jumps: an hour back, an hour ahead.
struct Jumping(Arc<Faults>);

impl WallClock for Jumping {
    fn now(&self) -> Timestamp {
        let jump = if self.0.on.load(Ordering::Relaxed) { (self.0.next() % 3) as i64 - 1 } else { 0 };
        SystemClock.now() + SignedDuration::from_hours(jump)
    }
}

/// Small berth problems, so that each answer can be checked by the checker itself.
pub(super) fn problem(number: u64) -> serde_json::Value {
    let hours = |n: u64| (number * 7 + n) % 5 + 1;
    let calls: Vec<_> = (0..4)
        .map(|call| {
            json!({"id": format!("C{call}"), "arrival": call * 1800,
                   "handling_s": {"north": hours(call) * 3600, "south": hours(call + 2) * 3600}})
        })
        .collect();
    json!({"berths": [{"id": "north"}, {"id": "south"}], "calls": calls, "options": {"seed": number + 1}})
}

async fn run(seed: u64) {
    let faults = Arc::new(Faults { state: AtomicU64::new(seed), on: AtomicBool::new(false) });
    let clock = Arc::new(Jumping(Arc::clone(&faults)));
    let inner = Embedded::in_memory(clock.clone(), Bounds::default()).unwrap().stores();
    let shaky = Arc::new(Shaky { store: inner.clone(), faults: Arc::clone(&faults) });
    let policy = Policy { pause: Duration::from_millis(20), trial: Duration::from_millis(100), ..Policy::default() };
    let guarded = Arc::new(Guarded::new("store", shaky, policy));
    let lying: Arc<dyn PlanCache> =
        Arc::new(Lying { memory: Memory::default(), last: Mutex::default(), faults: Arc::clone(&faults) });
    let plans = Arc::new(Cached::new(guarded.clone(), guarded.clone(), vec![("cache", lying)], clock.clone()));
    let stores = Stores { plans: plans.clone(), upkeep: plans, replays: guarded, clock, ..inner.clone() };
    // Nothing is remembered in the process: every look goes to what is shaky.
    let memory = known::Memory { bytes: 0, ..known::Memory::default() };
    let settings = Settings { workers: 2, memory, ..Settings::default() };
    let problems = portolan::problem::registry();
    let server = Server::start(Setup { problems, settings, stores, ..Setup::default() }).await;

    faults.on.store(true, Ordering::Relaxed);
    let mut acknowledged: Vec<(PlanId, u64)> = Vec::new();
    for round in 0..10 {
        let asked = (0..8).map(|n| {
            let number = (seed + n * 3 + round) % 9;
            let mut request = server.request(Method::POST, "/v1/berth/plans").json(&problem(number));
            if n % 3 == 0 {
                request = request.header("prefer", "respond-async");
            }
            async move { (number, Reply::of(request.send().await.unwrap()).await) }
        });
        for (number, reply) in futures_util::future::join_all(asked).await {
            match reply.status.as_u16() {
                200 => confirm(&reply.body, number, seed),
                202 => {}
                503 => {
                    assert!(!reply.header("retry-after").is_empty(), "seed {seed}: {:#}", reply.body);
                    continue;
                }
                other => panic!("seed {seed}: {other}: {:#}", reply.body),
            }
            let kept = reply.status == 202 || reply.header("cache-status").contains("stored");
            if kept {
                acknowledged.push((reply.text("id").parse().unwrap(), number));
            }
        }
    }
    faults.on.store(false, Ordering::Relaxed);
    assert!(!acknowledged.is_empty(), "seed {seed}");

    // Whole again: what was acknowledged is there, ends, and is right; new requests are served.
    for (id, number) in acknowledged {
        let path = format!("/v1/plans/{id}");
        let ended = portolan_tests::aws::until("an acknowledged plan ends", async || {
            let reply = server.get(&path).await;
            assert_ne!(reply.status, 404, "seed {seed}: plan {id} is lost");
            (reply.status == 200 && reply.body["status"] == "done").then_some(reply)
        });
        confirm(&ended.await.body, number, seed);
    }
    let reply = server.post("/v1/berth/plans", &problem(77)).await;
    assert_eq!(reply.status, 200, "seed {seed}: {:#}", reply.body);
    server.close().await;
}

/// The independent checker confirms an answer to this problem.
pub(super) fn confirm(body: &serde_json::Value, number: u64, seed: u64) {
    let mut document = body.clone();
    document["instance"] = problem(number);
    let checked = portolan::problem::find("berth").unwrap().verify(document.to_string().as_bytes());
    assert!(checked.is_ok(), "seed {seed}: {checked:?} for {body:#}");
}

/// How many schedules are run.
pub(super) fn seeds() -> u64 {
    std::env::var("PORTOLAN_CHAOS_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(3)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_and_nothing_wrong_is_given_out() {
    for seed in 1..=seeds() {
        run(seed).await;
    }
}
