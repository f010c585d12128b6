//! Equal requests at the same time cost one solve, in one process and across several.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portolan_functions::adapters::SystemClock;
use portolan_functions::adapters::embedded::{Bounds, Embedded};
use portolan_functions::ports::{Flights, Later, StoreError, Stores};
use portolan_tests::fake;
use portolan_tests::server_at::{Server, Setup};

use super::script;

/// Leases in memory, which several servers share.
#[derive(Default)]
struct Board(Mutex<HashMap<String, String>>);

impl Flights for Board {
    fn take_off<'a>(&'a self, flight: &'a str, holder: &'a str, _: Duration) -> Later<'a, Result<bool, StoreError>> {
        let mut held = self.0.lock().unwrap();
        let first = held.entry(flight.to_owned()).or_insert_with(|| holder.to_owned());
        let own = first == holder;
        Box::pin(async move { Ok(own) })
    }

    fn land<'a>(&'a self, flight: &'a str, holder: &'a str) -> Later<'a, Result<(), StoreError>> {
        let mut held = self.0.lock().unwrap();
        if held.get(flight).is_some_and(|known| known == holder) {
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
