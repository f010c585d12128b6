//! Answers that were given out before: the same bytes, for the same tenant, until something changes.

use portolan_functions::plans::Settings;
use portolan_tests::fake;
use portolan_tests::server_at::{Reply, Server, Setup, keys};
use reqwest::Method;
use serde_json::json;

use super::script;

fn without_request(reply: &Reply) -> (u16, Vec<(String, String)>, serde_json::Value) {
    let own = ["x-request-id", "date"];
    let fields = reply.headers.iter().filter(|(name, _)| !own.contains(&name.as_str()));
    let mut fields: Vec<_> =
        fields.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    fields.sort();
    (reply.status.as_u16(), fields, reply.body.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_short_way_says_what_the_long_way_says() {
    let server = Server::start(Setup::default()).await;
    let body = script("short way", "quick", 1000);
    assert_eq!(server.post("/v1/fake/plans", &body).await.body["tier"], "proven");
    let long = server.post("/v1/fake/plans", &body).await;
    let short = server.post("/v1/fake/plans", &body).await;
    assert_eq!(long.body["tier"], "cached");
    assert_eq!(without_request(&long), without_request(&short));
    assert_ne!(long.header("x-request-id"), short.header("x-request-id"));
    // Spelled differently, it is the same request.
    let spelled = server.request(Method::POST, "/v1/fake/plans").body(format!("{body:#}"));
    assert_eq!(without_request(&server.send(spelled).await).2, long.body);
    assert_eq!(fake::solves("short way"), 1);
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_the_long_way_is_refused_the_short_way() {
    let server = Server::start(Setup::default()).await;
    let body = script("refused", "quick", 1000).to_string();
    let ask = || server.request(Method::POST, "/v1/fake/plans").body(body.clone());
    for _ in 0..3 {
        assert_eq!(server.send(ask()).await.status, 200);
    }
    server.send(ask().header("accept", "text/html")).await.is_problem(406, "not_acceptable");
    server.send(ask().header("content-type", "image/png")).await.is_problem(415, "unsupported_media_type");
    server.send(ask().header("content-encoding", "gzip")).await.is_problem(415, "unsupported_media_type");
    let own = server.send(ask().header("x-request-id", "mine")).await;
    assert_eq!((own.status.as_u16(), own.header("x-request-id")), (200, "mine"));
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_plan_is_not_given_out_again() {
    let server = Server::start(Setup::default()).await;
    let body = script("deleted", "quick", 1000);
    let mut place = String::new();
    for _ in 0..3 {
        place = server.post("/v1/fake/plans", &body).await.header("location").to_owned();
    }
    assert_eq!(server.delete(&place).await.status, 204);
    let again = server.post("/v1/fake/plans", &body).await;
    assert_eq!(again.body["tier"], "proven", "{:#}", again.body);
    assert_ne!(again.header("location"), place);
    assert_eq!(fake::solves("deleted"), 2);
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenant_s_answer_is_never_on_the_short_way() {
    let (ring, secrets) = keys(["acme", "globex"]);
    let server = Server::start(Setup { keys: Some(ring), ..Setup::default() }).await;
    let body = script("tenants' own", "quick", 1000);
    let ask = |key: &str| server.send(server.request(Method::POST, "/v1/fake/plans").bearer_auth(key).json(&body));
    let mut ids = Vec::new();
    for secret in &secrets {
        let first = ask(secret).await;
        assert_eq!(first.body["tier"], "proven", "{:#}", first.body);
        for _ in 0..3 {
            assert_eq!(ask(secret).await.text("id"), first.text("id"));
        }
        ids.push(first.text("id"));
    }
    assert_ne!(ids[0], ids[1]);
    ask("ptl_wrong").await.is_problem(401, "unauthorized");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_patience_than_the_known_answer_had_is_a_new_solve() {
    let server = Server::start(Setup::default()).await;
    for _ in 0..3 {
        let reply = server.post("/v1/fake/plans", &script("patience", "slow", 40)).await;
        assert_eq!(reply.status, 200, "{:#}", reply.body);
    }
    assert_eq!(fake::solves("patience"), 1);
    let longer = server.post("/v1/fake/plans", &script("patience", "slow", 80)).await;
    assert_eq!(longer.body["tier"], "heuristic", "{:#}", longer.body);
    assert_eq!(fake::solves("patience"), 2);
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_no_longer_fresh_is_given_out_and_made_better_once() {
    let settings = Settings { workers: 2, fresh: std::time::Duration::ZERO, ..Settings::default() };
    let server = Server::start(Setup { settings, ..Setup::default() }).await;
    let body = script("fresh", "slow", 40);
    let first = server.post("/v1/fake/plans", &body).await;
    for _ in 0..5 {
        let reply = server.post("/v1/fake/plans", &body).await;
        assert_eq!((&reply.body["tier"], &reply.body["id"]), (&json!("cached"), &first.body["id"]));
    }
    assert!(fake::solves("fresh") <= 2, "made better once");
    let better = portolan_tests::aws::until("the better one is given out", async || {
        let reply = server.post("/v1/fake/plans", &body).await;
        (reply.body["id"] != first.body["id"]).then_some(reply.body)
    });
    let better = better.await;
    assert!(better["objective"].as_i64() < first.body["objective"].as_i64(), "{better:#}");
    server.close().await;
}

/// That a call cannot be served is an answer like another: nobody solves it again to find that out.
#[tokio::test(flavor = "multi_thread")]
async fn that_nothing_can_be_done_is_remembered_as_well() {
    let server = Server::real().await;
    let body = json!({
        "berths": [{"id": "north"}],
        "calls": [
            {"id": "A", "arrival": 0, "handling_s": {"north": 3600}, "latest_departure": 3600},
            {"id": "B", "arrival": 0, "handling_s": {"north": 3600}, "latest_departure": 3600},
        ],
    });
    let first = server.post("/v1/berth/plans", &body).await;
    assert_eq!((first.status.as_u16(), &first.body["tier"]), (200, &json!("proven")), "{:#}", first.body);
    let left_out = first.body["plan"]["left_out"].as_array().map_or(0, Vec::len);
    assert_eq!(left_out, 1, "{:#}", first.body["plan"]);
    for _ in 0..2 {
        let again = server.post("/v1/berth/plans", &body).await;
        assert_eq!((&again.body["tier"], &again.body["plan"]), (&json!("cached"), &first.body["plan"]));
    }
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_say_what_was_given_out() {
    let server = Server::start(Setup::default()).await;
    let body = script("numbers", "quick", 1000);
    for _ in 0..4 {
        assert_eq!(server.post("/v1/fake/plans", &body).await.status, 200);
    }
    server.post("/v1/fake/plans", &json!({"no": "script"})).await.is_problem(422, "invalid");
    let numbers = server.get("/metrics").await;
    assert_eq!(numbers.header("content-type"), "text/plain; version=0.0.4");
    let text = numbers.body.as_str().unwrap();
    for line in [
        "portolan_answers_total{tier=\"cached\"} 3",
        "portolan_answers_total{tier=\"proven\"} 1",
        "portolan_requests_total{route=\"/v1/{problem}/plans\",status=\"200\"} 4",
        "portolan_requests_total{route=\"/v1/{problem}/plans\",status=\"422\"} 1",
        "portolan_solves_waiting{class=\"awaited_standard\"} 0",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    server.close().await;
}
