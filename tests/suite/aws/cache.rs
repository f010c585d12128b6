//! The cache on a real server, also one that dies, freezes and comes back.

use std::time::{Duration, Instant};

use portolan_aws::config::Cache;
use portolan_aws::valkey::Valkey;
use portolan_functions::guard::quota::{Counts, What};
use portolan_functions::plans::record::Tenant;
use portolan_functions::ports::{Flights, PlanCache, Quotas};
use portolan_tests::aws;
use portolan_tests::redis::Redis;

use crate::contracts::plan_cache;

const KEEP: Duration = Duration::from_mins(1);

async fn valkey(redis: &Redis) -> Valkey {
    let cache = Cache::at(&redis.url(), false);
    Valkey::new(&cache, &aws::at("http://127.0.0.1:9").await)
}

#[tokio::test]
async fn plans_in_redis() {
    let Some(redis) = Redis::start().await else { return };
    plan_cache::the_contract(&valkey(&redis).await).await;
}

#[tokio::test]
async fn what_it_keeps_has_an_age_limit() {
    let Some(redis) = Redis::start().await else { return };
    let cache = valkey(&redis).await;
    cache.set(&Tenant::local(), "f", b"plan".as_slice().into(), Duration::from_secs(100)).await.unwrap();
    let mut raw = ::redis::Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let keys: Vec<String> = ::redis::cmd("KEYS").arg("portolan:*").query_async(&mut raw).await.unwrap();
    let left: i64 = ::redis::cmd("TTL").arg(&keys).query_async(&mut raw).await.unwrap();
    assert!(keys.len() == 1 && (90..=100).contains(&left), "{keys:?}: {left} s");
}

#[tokio::test]
async fn a_server_that_dies_costs_little_and_is_used_again_when_it_is_back() {
    let Some(mut redis) = Redis::start().await else { return };
    let (cache, tenant) = (valkey(&redis).await, Tenant::local());
    cache.set(&tenant, "f", b"plan".as_slice().into(), KEEP).await.unwrap();
    redis.kill();
    for _ in 0..3 {
        assert!(cache.get(&tenant, "f").await.is_err());
    }
    let asked = Instant::now();
    for _ in 0..1000 {
        assert!(cache.get(&tenant, "f").await.is_err());
    }
    assert!(asked.elapsed() < Duration::from_secs(1), "a cache that is away is left alone");
    redis.up().await;
    aws::until("the cache is used again", async || cache.get(&tenant, "f").await.ok()).await;
    plan_cache::the_contract(&cache).await;
}

#[tokio::test]
async fn a_connection_that_broke_is_made_anew_within_the_same_read() {
    let Some(mut redis) = Redis::start().await else { return };
    let (cache, tenant) = (valkey(&redis).await, Tenant::local());
    assert_eq!(cache.get(&tenant, "f").await.unwrap(), None);
    redis.kill();
    redis.up().await;
    assert_eq!(cache.get(&tenant, "f").await.unwrap(), None, "the read is tried once more");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up_soon() {
    let Some(redis) = Redis::start().await else { return };
    let (cache, tenant) = (valkey(&redis).await, Tenant::local());
    assert_eq!(cache.get(&tenant, "f").await.unwrap(), None);
    redis.freeze(true);
    let asked = Instant::now();
    assert!(cache.get(&tenant, "f").await.is_err());
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    redis.freeze(false);
    aws::until("the cache is used again", async || cache.get(&tenant, "f").await.ok()).await;
}

#[tokio::test]
async fn without_a_server_there_is_an_error_and_no_wait() {
    let cache = Cache::at("redis://127.0.0.1:9", false);
    let cache = Valkey::new(&cache, &aws::at("http://127.0.0.1:9").await);
    assert!(cache.check().await.is_err());
}

#[tokio::test]
async fn tenants_are_counted_as_a_process_counts_them() {
    let Some(redis) = Redis::start().await else { return };
    let (one, other) = (valkey(&redis).await, valkey(&redis).await);
    let (tenant, span) = (Tenant::new("a"), Duration::from_mins(1));
    let mut counts = Counts::default();
    for n in 0..12u64 {
        let cache = if n % 2 == 0 { &one } else { &other };
        let shared = cache.take(&tenant, What::Solve, 5, span).await.unwrap();
        let own = counts.take(What::Solve, 5, span, n);
        assert_eq!((shared.allowed, shared.remaining), (own.allowed, own.remaining), "solve {n}");
        assert!(shared.next <= span && shared.next.is_zero() == own.next.is_zero(), "{shared:?} {own:?}");
    }
    // A bucket of three that fills up within an hour: no more comes while the test runs.
    let mut counts = Counts::default();
    for n in 0..6u64 {
        let hour = Duration::from_hours(1);
        let shared = one.take(&tenant, What::Request, 3, hour).await.unwrap();
        let own = counts.take(What::Request, 3, hour, n);
        assert_eq!((shared.allowed, shared.remaining), (own.allowed, own.remaining), "request {n}");
        assert!(shared.next.abs_diff(own.next) < Duration::from_mins(1), "{shared:?} {own:?}");
    }
    assert!(one.take(&Tenant::new("b"), What::Solve, 5, span).await.unwrap().allowed);
}

#[tokio::test]
async fn a_flight_has_one_holder_until_it_lands_or_its_lease_is_over() {
    let Some(redis) = Redis::start().await else { return };
    let cache = valkey(&redis).await;
    let lease = Duration::from_mins(1);
    assert!(cache.take_off("f", "one", lease).await.unwrap());
    assert!(!cache.take_off("f", "other", lease).await.unwrap());
    assert!(cache.take_off("f", "one", lease).await.unwrap(), "its own");
    cache.land("f", "other").await.unwrap();
    assert!(!cache.take_off("f", "other", lease).await.unwrap(), "only the holder lands it");
    cache.land("f", "one").await.unwrap();
    assert!(cache.take_off("f", "other", Duration::from_millis(50)).await.unwrap());
    aws::until("the lease is over", async || cache.take_off("f", "one", lease).await.unwrap().then_some(())).await;
}
