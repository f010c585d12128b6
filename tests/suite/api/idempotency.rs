//! `Idempotency-Key`: one effect, one response.

use portolan_tests::fake::solves;
use portolan_tests::server_at::{Reply, Server, Setup};
use reqwest::Method;
use serde_json::{Value, json};

use super::script;

async fn post(server: &Server, key: &str, body: &Value) -> Reply {
    let request = server.request(Method::POST, "/v1/fake/plans").header("idempotency-key", key);
    server.send(request.json(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_response_is_given_again() {
    let server = Server::start(Setup::default()).await;
    let first = post(&server, "\"k1\"", &script("again", "quick")).await;
    assert_eq!(first.status, 200, "{:#}", first.body);
    let again = post(&server, "k1", &script("again", "quick")).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.header("idempotent-replayed"), "true");
    for name in ["location", "etag", "cache-status", "content-type"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    assert_eq!(solves("again"), 1);
    post(&server, "k1", &script("other", "quick")).await.is_problem(422, "idempotency_mismatch");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promise_is_given_again_and_makes_no_second_plan() {
    let server = Server::start(Setup::default()).await;
    let send = || {
        let request = server.request(Method::POST, "/v1/fake/plans").header("idempotency-key", "k2");
        server.send(request.header("prefer", "respond-async").json(&script("promise", "slow")))
    };
    let first = send().await;
    let again = send().await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (202, 202));
    assert_eq!(again.body, first.body);
    assert_eq!(server.get("/v1/plans").await.body["plans"].as_array().unwrap().len(), 1);
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_of_two_at_the_same_time_is_a_409() {
    let server = Server::start(Setup::default()).await;
    let body = json!({"name": "both", "behaviour": "slow", "options": {"time_limit_ms": 20_000}});
    let first = async {
        let reply = post(&server, "k3", &body).await;
        (reply.status.as_u16(), reply.text("status"))
    };
    let second = async {
        let listed = loop {
            let listed = server.get("/v1/plans?status=running").await;
            if listed.body["plans"][0]["id"].is_string() {
                break listed;
            }
        };
        post(&server, "k3", &body).await.is_problem(409, "idempotency_in_flight");
        let id = listed.body["plans"][0]["id"].as_str().unwrap().to_owned();
        server.delete(&format!("/v1/plans/{id}")).await.status.as_u16()
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!((first, second), ((200, "cancelled".to_owned()), 200));
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_leaves_the_key_for_another_try() {
    let server = Server::start(Setup::default()).await;
    post(&server, "k4", &script("panics with a key", "panic")).await.is_problem(500, "solver_panicked");
    // The key is given up just after the response.
    let retried = async {
        loop {
            let reply = post(&server, "k4", &script("retry", "quick")).await;
            if reply.status == 200 {
                return;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), retried).await.expect("the key stays taken");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_key_is_refused() {
    let server = Server::start(Setup::default()).await;
    for key in ["", "\"\"", &"x".repeat(256)] {
        post(&server, key, &script("bad key", "quick")).await.is_problem(400, "bad_request");
    }
    server.close().await;
}
