//! The life of a plan, as a client sees it.

use std::time::Duration;

use portolan_tests::fake::solves;
use portolan_tests::server_at::{Server, Setup};
use reqwest::Method;
use serde_json::{Value, json};

fn script(name: &str, behaviour: &str) -> Value {
    json!({"name": name, "behaviour": behaviour})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_answered_and_can_be_read_again() {
    let server = Server::start(Setup::default()).await;
    let reply = server.post("/v1/fake/plans", &script("once", "quick")).await;
    assert_eq!(reply.status, 200, "{:#}", reply.body);
    assert_eq!(reply.header("cache-status"), "portolan; fwd=miss; stored");
    let again = server.get(reply.header("location")).await;
    assert_eq!(again.body, reply.body);
    server.close().await;
}
