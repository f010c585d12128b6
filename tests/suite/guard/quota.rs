//! What a tenant may ask for.

use std::sync::Arc;
use std::time::Duration;

use portolan_functions::guard::quota::{Quota, Standing, What};
use portolan_functions::plans::Settings;
use portolan_functions::plans::record::Tenant;
use portolan_functions::ports::{Later, Quotas, StoreError, Stores};
use portolan_tests::fake;
use portolan_tests::server_at::{Server, Setup};

use super::script;

/// A shared count that is away.
struct Away;

impl Quotas for Away {
    fn take<'a>(&'a self, _: &'a Tenant, _: What, _: u32, _: Duration) -> Later<'a, Result<Standing, StoreError>> {
        Box::pin(async { Err(StoreError::Unavailable("away".into())) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_shared_count_is_away_each_process_counts_for_itself() {
    let quota = Quota { solves_per_minute: Some(2), ..Quota::default() };
    let setup = Setup::default();
    let stores = Stores { quotas: Some(Arc::new(Away)), ..setup.stores };
    let settings = Settings { quota, ..setup.settings };
    let server = Server::start(Setup { stores, settings, ..Setup::default() }).await;
    let mut given = Vec::new();
    for n in 0..4 {
        given.push(server.post("/v1/fake/plans", &script(&format!("away {n}"), "quick", 1000)).await.status.as_u16());
    }
    assert_eq!(given, [200, 200, 429, 429]);
    server.close().await;
}

async fn server(quota: Quota) -> Server {
    Server::start(Setup { settings: Settings { workers: 2, quota, ..Settings::default() }, ..Setup::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_too_many_is_refused_and_told_when_to_come_again() {
    let server = server(Quota { requests_per_second: Some(3), ..Quota::default() }).await;
    let replies = futures_util::future::join_all((0..60).map(|_| server.get("/v1/plans"))).await;
    let (given, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    assert!(given.len() >= 3 && refused.len() >= 20, "{} given", given.len());
    for reply in &given {
        assert_eq!(reply.header("ratelimit-policy"), "\"requests\";q=3;w=1");
        assert!(reply.header("ratelimit").starts_with("\"requests\";r="), "{}", reply.header("ratelimit"));
    }
    assert!(given.iter().any(|reply| reply.header("ratelimit") == "\"requests\";r=2;t=0"));
    for reply in &refused {
        reply.is_problem(429, "quota_exceeded");
        assert_eq!((reply.header("retry-after"), reply.header("ratelimit")), ("1", "\"requests\";r=0;t=1"));
    }
    // Health is not counted.
    for _ in 0..9 {
        assert_eq!(server.get("/livez").await.status, 200);
    }
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(server.get("/v1/plans").await.status, 200);
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_solves_are_counted_and_known_answers_are_not() {
    let server = server(Quota { solves_per_minute: Some(2), ..Quota::default() }).await;
    let ask = |name: &'static str| {
        let body = script(name, "quick", 1000);
        let server = &server;
        async move { server.post("/v1/fake/plans", &body).await }
    };
    for _ in 0..5 {
        assert_eq!(ask("first of two").await.status, 200);
    }
    assert_eq!(ask("second of two").await.status, 200);
    let refused = ask("third of two").await;
    refused.is_problem(429, "quota_exceeded");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((50..=60).contains(&wait), "{wait}");
    assert_eq!(fake::solves("third of two"), 0);
    assert_eq!(ask("second of two").await.body["tier"], "cached");
    server.close().await;
}
