//! More solves than threads: what cannot end in time is refused at once, or gets an older answer; urgent ones and other tenants
//! are given all the same.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portolan_functions::plans::record::Urgency;
use portolan_functions::plans::{Deferral, Settings};
use portolan_functions::ports::{Backlog, Later, StoreError, Stores};
use portolan_tests::fake;
use portolan_tests::server_at::{Reply, Server, Setup, keys};
use reqwest::Method;
use serde_json::json;

use super::script;

/// What a test waits for at most; nothing is measured by it.
const FAR: Duration = Duration::from_mins(1);

async fn server() -> Server {
    Server::start(Setup { settings: Settings { workers: 2, ..Settings::default() }, ..Setup::default() }).await
}

/// Teaches the server that such requests take as long as they may.
async fn taught(server: &Server, name: &str, time_limit_ms: u64) {
    for n in 0..4 {
        let reply = server.post("/v1/fake/plans", &script(&format!("{name} {n}"), "slow", time_limit_ms)).await;
        assert_eq!(reply.status, 200, "{:#}", reply.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_cannot_end_in_time_is_refused_before_it_waits() {
    let server = server().await;
    taught(&server, "taught refusal", 400).await;
    let asked: Vec<_> = (0..24)
        .map(|n| {
            let body = script(&format!("refusal crowd {n}"), "slow", 400);
            let request = server.request(Method::POST, "/v1/fake/plans").json(&body);
            async move {
                let begun = Instant::now();
                (Reply::of(request.send().await.unwrap()).await, begun.elapsed())
            }
        })
        .collect();
    let replies = tokio::time::timeout(FAR, futures_util::future::join_all(asked)).await.unwrap();
    let given = replies.iter().filter(|(reply, _)| reply.status == 200).count();
    let refused: Vec<_> = replies.iter().filter(|(reply, _)| reply.status == 503).collect();
    assert_eq!(given + refused.len(), 24);
    assert!(given >= 2 && refused.len() >= 12, "{given} given");
    for (reply, _) in &refused {
        reply.is_problem(503, "overloaded");
        let wait: u64 = reply.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&wait));
    }
    // A refusal comes before any solve of its crowd can have ended.
    let first_served = replies.iter().filter(|(reply, _)| reply.status == 200).map(|(_, took)| *took).min().unwrap();
    let soon = refused.iter().filter(|(_, took)| *took < first_served).count();
    assert!(soon * 10 >= refused.len() * 9, "{soon} of {} refusals came at once", refused.len());
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_urgent_request_does_not_wait_behind_the_others() {
    let server = server().await;
    taught(&server, "taught urgent", 500).await;
    let ask = |name: String, priority: &'static str| {
        let request = server.request(Method::POST, "/v1/fake/plans").header("priority", priority);
        request.json(&script(&name, "slow", 500)).send()
    };
    let crowd: Vec<_> = (0..6).map(|n| tokio::spawn(ask(format!("held {n}"), "u=5"))).collect();
    portolan_tests::aws::until("the threads are held", async || (server.plans.load().1 >= 2).then_some(())).await;
    let urgent = tokio::spawn(ask("hurry".to_owned(), "u=0"));
    portolan_tests::aws::until("it is solved beside them", async || (server.plans.load().1 >= 3).then_some(())).await;
    let urgent = Reply::of(urgent.await.unwrap().unwrap()).await;
    assert_eq!(urgent.status, 200, "{:#}", urgent.body);
    for asked in crowd {
        let reply = Reply::of(asked.await.unwrap().unwrap()).await;
        assert!([200, 503].contains(&reply.status.as_u16()), "{:#}", reply.body);
    }
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_tenant_is_served_beside_one_that_asks_without_pause() {
    let (ring, [noisy, quiet]) = keys(["noisy", "quiet"]);
    let settings = Settings { workers: 2, ..Settings::default() };
    let server = Server::start(Setup { settings, keys: Some(ring), ..Setup::default() }).await;
    let ask = |secret: &str, name: String| {
        let request = server.request(Method::POST, "/v1/fake/plans").bearer_auth(secret);
        let request = request.json(&script(&name, "slow", 300)).send();
        async move { Reply::of(request.await.unwrap()).await.status.as_u16() }
    };
    let crowd = async {
        // Sixteen that ask again as soon as they are served or refused.
        let one = async |of: usize| {
            let (mut given, mut refused) = (0, 0);
            loop {
                match ask(&noisy, format!("noisy {of} {given} {refused}")).await {
                    200 => given += 1,
                    _ => refused += 1,
                }
                if given + refused >= 400 {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        };
        futures_util::future::join_all((0..16).map(one)).await
    };
    let guest = async {
        // Until the noisy one holds every thread, and what such solves take is known.
        portolan_tests::aws::until("the threads are held", async || (server.plans.load().1 >= 2).then_some(())).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut given = 0;
        for n in 0..20 {
            given += usize::from(ask(&quiet, format!("quiet {n}")).await == 200);
            tokio::time::sleep(Duration::from_millis(37 * (n % 5))).await;
        }
        given
    };
    let given = tokio::select! {
        _ = crowd => unreachable!("it goes on"),
        given = guest => given,
    };
    assert!(given >= 18, "{given} of 20");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_solve_can_be_had_an_older_answer_is_checked_and_given_out() {
    let server =
        Server::start(Setup { settings: Settings { workers: 2, ..Settings::default() }, ..Setup::default() }).await;
    taught(&server, "taught older", 300).await;
    let older = server.post("/v1/fake/plans", &script("older", "slow", 100)).await;
    assert_eq!(older.status, 200);
    let busy = |n: usize| {
        let body = script(&format!("busy {n}"), "slow", 20_000);
        tokio::spawn(server.request(Method::POST, "/v1/fake/plans").json(&body).send())
    };
    let crowd: Vec<_> = (0..2).map(busy).collect();
    portolan_tests::aws::until("the threads are held", async || (server.plans.load().1 >= 2).then_some(())).await;
    // By then they have taken longer than such requests did before, and are expected to take as long again.
    tokio::time::sleep(Duration::from_millis(400)).await;
    // The same request with more time: its own answer, weaker than what was asked for, and it says so.
    let same = server.post("/v1/fake/plans", &script("older", "slow", 200)).await;
    assert_eq!((same.status.as_u16(), &same.body["tier"]), (200, &json!("cached")), "{:#}", same.body);
    // Other options: the answer to the same instance, checked.
    let other = json!({"name": "older", "behaviour": "slow", "options": {"time_limit_ms": 200, "seed": 9}});
    let stale = server.post("/v1/fake/plans", &other).await;
    assert_eq!((stale.status.as_u16(), &stale.body["tier"]), (200, &json!("stale")), "{:#}", stale.body);
    assert_eq!(stale.header("cache-status"), "portolan; hit; detail=stale");
    assert_eq!(stale.body["id"], older.body["id"]);
    server.post("/v1/fake/plans", &script("never seen", "slow", 200)).await.is_problem(503, "overloaded");
    assert_eq!(fake::solves("older"), 1);
    crowd.iter().for_each(tokio::task::JoinHandle::abort);
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_would_look_for_a_better_answer_later_is_promised_one_where_there_is_none_now() {
    let server = server().await;
    taught(&server, "taught improve", 300).await;
    let busy = |n: usize| {
        let body = script(&format!("busy improve {n}"), "slow", 20_000);
        tokio::spawn(server.request(Method::POST, "/v1/fake/plans").json(&body).send())
    };
    let crowd: Vec<_> = (0..2).map(busy).collect();
    portolan_tests::aws::until("the threads are held", async || (server.plans.load().1 >= 2).then_some(())).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    let body = |improve| json!({"name": format!("better later {improve}"), "behaviour": "slow", "options": {"time_limit_ms": 300, "improve": improve}});
    server.post("/v1/fake/plans", &body(false)).await.is_problem(503, "overloaded");
    let promised = server.post("/v1/fake/plans", &body(true)).await;
    assert_eq!((promised.status.as_u16(), &promised.body["tier"]), (202, &json!("deferred")), "{:#}", promised.body);
    assert_eq!(promised.header("preference-applied"), "", "it was no preference");
    crowd.iter().for_each(tokio::task::JoinHandle::abort);
    server.until(&promised.text("id"), |plan| plan["status"] == "done").await;
    server.close().await;
}

/// Queues that wait as long as a test says.
#[derive(Default)]
struct Waits(Mutex<[Option<Duration>; 3]>);

impl Backlog for Waits {
    fn begun(&self, urgency: Urgency, waited: Duration) -> Later<'_, Result<(), StoreError>> {
        self.0.lock().unwrap()[urgency as usize] = Some(waited);
        Box::pin(async { Ok(()) })
    }

    fn waits(&self) -> Later<'_, Result<[Option<Duration>; 3], StoreError>> {
        let waits = *self.0.lock().unwrap();
        Box::pin(async move { Ok(waits) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_promised_than_the_queues_can_keep_and_bulk_is_refused_first() {
    let waits = Arc::new(Waits::default());
    let setup = Setup::default();
    let stores = Stores { backlog: Some(waits.clone()), ..setup.stores };
    let settings = Settings { deferral: Deferral::Elsewhere, ..setup.settings };
    let server = Server::start(Setup { stores, settings, ..Setup::default() }).await;
    let mut asked = 0;
    let mut promised = async || {
        let mut given = Vec::new();
        for priority in ["u=0", "u=3", "u=7"] {
            asked += 1;
            let request = server.request(Method::POST, "/v1/fake/plans").header("priority", priority);
            let body = script(&format!("promise {asked}"), "quick", 1000);
            let reply = server.send(request.header("prefer", "respond-async").json(&body)).await;
            if reply.status != 202 {
                reply.is_problem(503, "overloaded");
                assert_eq!(reply.header("retry-after"), "60");
            }
            given.push(reply.status == 202);
        }
        given
    };
    assert_eq!(promised().await, [true, true, true], "nothing is known");
    for (urgency, minutes, expected) in [
        (Urgency::Standard, 6, [true, true, false]),
        (Urgency::Standard, 11, [true, false, false]),
        (Urgency::Urgent, 16, [false, false, false]),
        (Urgency::Urgent, 1, [true, false, false]),
        (Urgency::Standard, 1, [true, true, true]),
        (Urgency::Bulk, 6, [true, true, false]),
    ] {
        server.plans.begun(urgency, Duration::from_mins(minutes)).await;
        assert_eq!(promised().await, expected, "{urgency:?} waits {minutes} minutes");
    }
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_stops_its_solve() {
    let server = server().await;
    let asked = server.request(Method::POST, "/v1/fake/plans").json(&script("gone", "slow", 20_000)).send();
    let asked = tokio::spawn(asked);
    portolan_tests::aws::until("it is solved", async || (server.plans.load().1 == 1).then_some(())).await;
    asked.abort();
    portolan_tests::aws::until("the thread is free", async || (server.plans.load().1 == 0).then_some(())).await;
    server.close().await;
}
