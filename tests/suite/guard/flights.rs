//! Equal requests at the same time cost one solve, in one process and across several.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portolan_functions::adapters::SystemClock;
use portolan_functions::adapters::embedded::{Bounds, Embedded};
use portolan_functions::plans::{Deferral, Settings};
use portolan_functions::ports::{Flights, Later, StoreError, Stores};
use portolan_tests::fake;
use portolan_tests::server_at::{Server, Setup};
use serde_json::json;

use super::script;

/// Leases in memory, which several servers share.
#[derive(Default)]
struct Board(Mutex<HashMap<String, (String, Instant)>>);

impl Flights for Board {
    fn take_off<'a>(
        &'a self,
        flight: &'a str,
        holder: &'a str,
        lease: Duration,
    ) -> Later<'a, Result<bool, StoreError>> {
        let (mut held, now) = (self.0.lock().unwrap(), Instant::now());
        let free = held.get(flight).is_none_or(|(by, until)| by == holder || *until <= now);
        if free {
            held.insert(flight.to_owned(), (holder.to_owned(), now + lease));
        }
        Box::pin(async move { Ok(free) })
    }

    fn land<'a>(&'a self, flight: &'a str, holder: &'a str) -> Later<'a, Result<(), StoreError>> {
        let mut held = self.0.lock().unwrap();
        if held.get(flight).is_some_and(|(by, _)| by == holder) {
            held.remove(flight);
        }
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_equal_requests_cost_one_solve() {
    let server = Server::start(Setup::default()).await;
    let body = script("a thousand", "slow", 300);
    let replies = futures_util::future::join_all((0..1000).map(|_| server.post("/v1/fake/plans", &body))).await;
    let first = replies[0].text("id");
    assert!(replies.iter().all(|reply| reply.status == 200 && reply.text("id") == first));
    assert_eq!(fake::solves("a thousand"), 1);
    server.close().await;
}

/// Both ways a plan is looked at by others: as soon as it begins, and only when it has ended.
#[tokio::test(flavor = "multi_thread")]
async fn equal_requests_at_several_processes_cost_one_solve() {
    for (deferral, name, ms) in [
        (Deferral::Elsewhere, "several processes", 100),
        (Deferral::Here, "several processes, embedded", 100),
        // Longer than a lease, which is renewed.
        (Deferral::Elsewhere, "several processes, for long", 1800),
    ] {
        let stores = Embedded::in_memory(Arc::new(SystemClock), Bounds::default()).unwrap().stores();
        let stores = Stores { flights: Some(Arc::new(Board::default())), ..stores };
        let settings = || Settings { workers: 2, deferral, ..Settings::default() };
        let start = || Server::start(Setup { settings: settings(), stores: stores.clone(), ..Setup::default() });
        let (one, other) = (start().await, start().await);
        let body = script(name, "slow", ms);
        let ask = async |server: &Server| {
            let asked = (0..20).map(|_| server.post("/v1/fake/plans", &body));
            futures_util::future::join_all(asked.collect::<Vec<_>>()).await
        };
        let (mine, theirs) = tokio::join!(ask(&one), ask(&other));
        let first = mine[0].text("id");
        for reply in mine.iter().chain(&theirs) {
            assert_eq!((reply.status.as_u16(), reply.text("id")), (200, first.clone()), "{name}: {:#}", reply.body);
        }
        assert_eq!(fake::solves(name), 1, "{name}");
        let later = other.post("/v1/fake/plans", &body).await;
        assert_eq!(later.body["tier"], json!("cached"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_processes_one_has_an_answer_made_better() {
    let stores = Embedded::in_memory(Arc::new(SystemClock), Bounds::default()).unwrap().stores();
    let stores = Stores { flights: Some(Arc::new(Board::default())), ..stores };
    let settings =
        || Settings { workers: 2, deferral: Deferral::Elsewhere, fresh: Duration::ZERO, ..Settings::default() };
    let start = || Server::start(Setup { settings: settings(), stores: stores.clone(), ..Setup::default() });
    let (one, other) = (start().await, start().await);
    let body = script("better elsewhere", "slow", 40);
    let first = one.post("/v1/fake/plans", &body).await;
    assert_eq!(first.status, 200, "{:#}", first.body);
    for server in [&one, &other, &one, &other] {
        let reply = server.post("/v1/fake/plans", &body).await;
        assert_eq!((&reply.body["tier"], &reply.body["id"]), (&json!("cached"), &first.body["id"]));
    }
    let queued = one.get("/v1/plans?status=queued").await;
    assert_eq!(queued.body["plans"].as_array().map(Vec::len), Some(1), "{:#}", queued.body);
    assert_eq!(fake::solves("better elsewhere"), 1, "neither of them solves it");
    one.close().await;
    other.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_is_never_given_back_delays_a_solve_and_prevents_none() {
    let board = Arc::new(Board::default());
    let stores = Embedded::in_memory(Arc::new(SystemClock), Bounds::default()).unwrap().stores();
    let stores = Stores { flights: Some(Arc::new(Dead(board))), ..stores };
    let server = Server::start(Setup { stores, ..Setup::default() }).await;
    let reply = server.post("/v1/fake/plans", &script("dead holder", "slow", 300)).await;
    assert_eq!((reply.status.as_u16(), fake::solves("dead holder")), (200, 1), "{:#}", reply.body);
    server.close().await;
}

/// Somebody else holds every flight, and never lands.
struct Dead(Arc<Board>);

impl Flights for Dead {
    fn take_off<'a>(&'a self, flight: &'a str, _: &'a str, lease: Duration) -> Later<'a, Result<bool, StoreError>> {
        drop(self.0.take_off(flight, "dead", lease));
        Box::pin(async { Ok(false) })
    }

    fn land<'a>(&'a self, _: &'a str, _: &'a str) -> Later<'a, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }
}
