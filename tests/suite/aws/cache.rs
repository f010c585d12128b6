//! The cache on a real server, also one that dies, freezes and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use portolan_aws::config::{Cache, Place};
use portolan_aws::valkey::Valkey;
use portolan_functions::adapters::SystemClock;
use portolan_functions::adapters::embedded::{Bounds, Embedded};
use portolan_functions::guard::quota::{Counts, What};
use portolan_functions::plans::record::{Tenant, Urgency};
use portolan_functions::ports::{Backlog, Flights, PlanCache, Quotas, Stores};
use portolan_tests::redis::{Certificates, Cluster, Redis};
use portolan_tests::server_at::{Server, Setup};
use portolan_tests::{aws, fake};
use serde_json::json;

use crate::contracts::plan_cache;

const KEEP: Duration = Duration::from_mins(1);

/// With patience for a machine that has other tests to run.
fn at(url: &str, cluster: bool) -> Cache {
    Cache { timeout: Duration::from_secs(1), ..Cache::at(url, cluster) }
}

async fn valkey(redis: &Redis) -> Valkey {
    let cache = at(&redis.url(), false);
    Valkey::new(&cache, &aws::at("http://127.0.0.1:9").await)
}

#[tokio::test]
async fn plans_in_redis() {
    let Some(redis) = Redis::start().await else { return };
    plan_cache::the_contract(&valkey(&redis).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_equal_requests_at_two_processes_cost_one_solve() {
    let Some(redis) = Redis::start().await else { return };
    let stores = Embedded::in_memory(Arc::new(SystemClock), Bounds::default()).unwrap().stores();
    let mut servers = Vec::new();
    for _ in 0..2 {
        let flights: Arc<dyn Flights> = Arc::new(valkey(&redis).await);
        let stores = Stores { flights: Some(flights), ..stores.clone() };
        servers.push(Server::start(Setup { stores, ..Setup::default() }).await);
    }
    let body = json!({"name": "through the cache", "behaviour": "slow", "options": {"time_limit_ms": 400}});
    let asked = (0..1000).map(|n| servers[n % 2].post("/v1/fake/plans", &body));
    let replies = futures_util::future::join_all(asked).await;
    let first = replies[0].text("id");
    assert!(replies.iter().all(|reply| reply.status == 200 && reply.text("id") == first));
    assert_eq!(fake::solves("through the cache"), 1);
}

#[tokio::test]
async fn how_long_the_queues_wait_is_known_to_all_for_a_while() {
    let Some(redis) = Redis::start().await else { return };
    let (one, other) = (valkey(&redis).await, valkey(&redis).await);
    assert_eq!(other.waits().await.unwrap(), [None; 3]);
    one.begun(Urgency::Bulk, Duration::from_millis(90_500)).await.unwrap();
    one.begun(Urgency::Urgent, Duration::ZERO).await.unwrap();
    let expected = [Some(Duration::ZERO), None, Some(Duration::from_millis(90_500))];
    assert_eq!(other.waits().await.unwrap(), expected);
    let mut raw = ::redis::Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let left: i64 = ::redis::cmd("PTTL").arg("portolan:{backlog}:1:bulk").query_async(&mut raw).await.unwrap();
    assert!((100_000..=120_000).contains(&left), "{left} ms");
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
    let cache = Valkey::new(&Cache::at(&redis.url(), false), &aws::at("http://127.0.0.1:9").await);
    let tenant = Tenant::local();
    aws::until("the cache answers", async || cache.get(&tenant, "f").await.ok()).await;
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
async fn a_server_behind_tls_is_trusted_by_its_authority_alone() {
    let Some(certificates) = Certificates::make("tls") else { return };
    let Some(redis) = Redis::start_tls(&certificates).await else { return };
    let stranger = valkey(&redis).await;
    assert!(stranger.check().await.is_err(), "nobody knows who signed that");
    let cache = Cache { authority: Some(certificates.authority()), ..at(&redis.url(), false) };
    let cache = Valkey::new(&cache, &aws::at("http://127.0.0.1:9").await);
    plan_cache::the_contract(&cache).await;
}

#[tokio::test]
async fn a_cluster_behind_tls_keeps_the_contract_and_survives_its_nodes() {
    let Some(certificates) = Certificates::make("cluster") else { return };
    let Some(mut cluster) = Cluster::start(&certificates).await else { return };
    let cache = Cache { authority: Some(certificates.authority()), ..at(&cluster.url(), true) };
    let cache = Valkey::new(&cache, &aws::at("http://127.0.0.1:9").await);
    aws::until("the cluster is ready", async || cache.check().await.ok()).await;
    plan_cache::the_contract(&cache).await;
    let tenant = Tenant::local();
    // Keys of all three nodes.
    for at in 0..12 {
        cache.set(&tenant, &format!("f{at}"), b"plan".as_slice().into(), KEEP).await.unwrap();
    }
    for at in 0..12 {
        assert!(cache.get(&tenant, &format!("f{at}")).await.unwrap().is_some(), "f{at}");
    }
    for node in cluster.nodes() {
        node.kill();
    }
    assert!(cache.get(&tenant, "f0").await.is_err());
    for node in cluster.nodes() {
        node.up().await;
    }
    aws::until("the cluster is used again", async || cache.get(&tenant, "f0").await.ok()).await;
}

/// Answers as ElastiCache does to whoever asks where a cache is. Counts how often.
async fn elasticache(action: &'static str, answer: String) -> (String, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let describe = move |body: String| async move {
        counted.fetch_add(1, Ordering::Relaxed);
        let space = "xmlns=\"http://elasticache.amazonaws.com/doc/2015-02-02/\"";
        if body.contains(&format!("Action={action}&")) {
            let result =
                format!("<{action}Response {space}><{action}Result>{answer}</{action}Result></{action}Response>");
            return (StatusCode::OK, result);
        }
        let error =
            "<Error><Type>Sender</Type><Code>ServerlessCacheNotFoundFault</Code><Message>none</Message></Error>";
        (StatusCode::NOT_FOUND, format!("<ErrorResponse {space}>{error}</ErrorResponse>"))
    };
    let router = Router::new().route("/", axum::routing::post(describe));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, asked)
}

fn named() -> Cache {
    Cache { place: Place::Named("plans".to_owned()), ..at("", false) }
}

#[tokio::test]
async fn a_replication_group_is_found_by_its_name_once_in_the_life_of_a_process() {
    let Some(mut redis) = Redis::start().await else { return };
    let node = format!("<PrimaryEndpoint><Address>127.0.0.1</Address><Port>{}</Port></PrimaryEndpoint>", redis.port());
    let group = format!("<NodeGroups><NodeGroup>{node}</NodeGroup></NodeGroups>");
    let answer = format!(
        "<ReplicationGroups><ReplicationGroup><TransitEncryptionEnabled>false</TransitEncryptionEnabled>{group}\
         </ReplicationGroup></ReplicationGroups>"
    );
    let (url, asked) = elasticache("DescribeReplicationGroups", answer).await;
    let cache = Valkey::new(&named(), &aws::at(&url).await);
    assert_eq!(cache.place(), None, "nobody has looked yet");
    plan_cache::the_contract(&cache).await;
    redis.kill();
    redis.up().await;
    assert_eq!(cache.get(&Tenant::local(), "f").await.unwrap(), None, "another connection to the same place");
    assert_eq!(asked.load(Ordering::Relaxed), 2, "first whether there is a serverless cache, then the group");
    assert_eq!(cache.place(), Some(format!("127.0.0.1:{}, single node, no TLS", redis.port())));
}

#[tokio::test]
async fn nobody_waits_long_for_an_elasticache_that_does_not_answer() {
    // It takes connections, and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let cache = Valkey::new(&named(), &aws::at(&url).await);
    let (tenant, asked) = (Tenant::local(), Instant::now());
    let get = || cache.get(&tenant, "f");
    let (a, b, c, d) = tokio::join!(get(), get(), get(), get());
    assert!([a, b, c, d].iter().all(Result::is_err));
    assert!(asked.elapsed() < Duration::from_secs(3), "two tries each, at the same time: {:?}", asked.elapsed());
    assert_eq!(cache.place(), None);
}

#[tokio::test]
async fn a_place_is_told_without_what_logs_in_to_it() {
    let place =
        async |url, cluster| Valkey::new(&Cache::at(url, cluster), &aws::at("http://127.0.0.1:9").await).place();
    assert_eq!(
        place("redis://me:secret@cache.example:7000/1", false).await.as_deref(),
        Some("cache.example:7000, single node, no TLS")
    );
    assert_eq!(place("rediss://cache.example", true).await.as_deref(), Some("cache.example:6379, cluster, TLS"));
}

#[tokio::test]
async fn a_serverless_cache_is_a_cluster_behind_tls() {
    let Some(certificates) = Certificates::make("serverless") else { return };
    let Some(cluster) = Cluster::start(&certificates).await else { return };
    let port = cluster.url().rsplit(':').next().unwrap().to_owned();
    let endpoint = format!("<Endpoint><Address>127.0.0.1</Address><Port>{port}</Port></Endpoint>");
    let answer = format!("<ServerlessCaches><member>{endpoint}</member></ServerlessCaches>");
    let (url, asked) = elasticache("DescribeServerlessCaches", answer).await;
    let cache = Cache { authority: Some(certificates.authority()), ..named() };
    let cache = Valkey::new(&cache, &aws::at(&url).await);
    aws::until("the cluster is ready", async || cache.check().await.ok()).await;
    plan_cache::the_contract(&cache).await;
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    assert_eq!(cache.place(), Some(format!("127.0.0.1:{port}, cluster, TLS")));
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
