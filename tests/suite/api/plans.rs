//! The life of a plan, as a client sees it.

use std::time::Duration;

use portolan_functions::plans::{Deferral, Settings};
use portolan_tests::fake::solves;
use portolan_tests::server_at::{Reply, Server, Setup};
use reqwest::Method;
use serde_json::{Value, json};

use super::{json_shape, script};

async fn defer(server: &Server, body: &Value) -> Reply {
    server.send(server.request(Method::POST, "/v1/fake/plans").header("prefer", "respond-async").json(body)).await
}

fn limited(name: &str, behaviour: &str, ms: u64) -> Value {
    json!({"name": name, "behaviour": behaviour, "options": {"time_limit_ms": ms}})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_answered_and_can_be_read_again() {
    let server = Server::start(Setup::default()).await;
    let reply = server.post("/v1/fake/plans", &script("once", "quick")).await;
    assert_eq!(reply.status, 200, "{:#}", reply.body);
    assert_eq!(reply.header("cache-status"), "portolan; fwd=miss; stored");
    assert_eq!(reply.header("cache-control"), "no-store");
    assert!(!reply.header("x-request-id").is_empty());
    insta::assert_snapshot!(json_shape(&reply.body), @r#"{"certificate":{},"created_at":"[time]","expires_at":"[time]","fingerprint":"[digest]","gap":0.0,"id":"[id]","levels":[],"lower_bound":10,"objective":10,"plan":{"cost":10},"problem":"fake","proof":"optimal","reproducible":true,"seed":1,"stats":{"columns":0,"improvements":0,"nodes":0},"status":"done","stop":"proven","ticks":0,"tier":"proven","updated_at":"[time]","version":1}"#);
    let again = server.get(reply.header("location")).await;
    assert_eq!(again.body, reply.body);
    assert_eq!(again.header("etag"), reply.header("etag"));
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_limit_stops_a_solve_with_its_best() {
    let server = Server::start(Setup::default()).await;
    let reply = server.post("/v1/fake/plans", &limited("limited", "slow", 60)).await;
    assert_eq!(reply.status, 200, "{:#}", reply.body);
    assert_eq!([reply.text("status"), reply.text("stop"), reply.text("proof")], ["done", "deadline", "bound"]);
    assert_eq!(reply.body["reproducible"], false);
    // The same request is granted the same time: the known answer is as good as the next.
    let known = server.post("/v1/fake/plans", &limited("limited", "slow", 60)).await;
    assert_eq!([known.text("id"), known.text("tier")], [reply.text("id"), "cached".to_owned()]);
    assert_eq!(known.header("cache-status"), "portolan; hit");
    assert_eq!(solves("limited"), 1);
    // More time is another wish.
    let longer = server.post("/v1/fake/plans", &limited("limited", "slow", 90)).await;
    assert_ne!(longer.text("id"), reply.text("id"));
    assert_eq!(solves("limited"), 2);
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_is_shorter_where_the_caller_prefers_that() {
    let server = Server::start(Setup::default()).await;
    let request = server.request(Method::POST, "/v1/fake/plans").header("prefer", "wait=1");
    let reply = server.send(request.json(&limited("wait", "slow", 60_000))).await;
    assert_eq!(reply.status, 200, "{:#}", reply.body);
    assert_eq!(reply.text("stop"), "deadline");
    assert_eq!(reply.header("preference-applied"), "wait=1");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deferred_plan_shows_its_progress_and_can_be_cancelled() {
    let server = Server::start(Setup::default()).await;
    let reply = defer(&server, &script("deferred", "slow")).await;
    assert_eq!(reply.status, 202, "{:#}", reply.body);
    assert_eq!(reply.header("preference-applied"), "respond-async");
    assert_eq!(reply.header("retry-after"), "1");
    let id = reply.text("id");
    assert_eq!(reply.header("location"), format!("/v1/plans/{id}"));

    let first = server.until(&id, |plan| plan["plan"].is_object()).await;
    assert_eq!(first["status"], "running");
    assert_eq!(first["objective"], first["plan"]["cost"]);
    assert!(first["lower_bound"].is_i64() && first["gap"].is_f64() && first["ticks"].is_u64());
    assert!(first["certificate"].is_null() && first["stop"].is_null());
    let before = first["objective"].as_i64().unwrap();
    let better = server.until(&id, |plan| plan["objective"].as_i64() < Some(before)).await;
    assert_eq!(better["objective"], better["plan"]["cost"]);

    let cancelled = server.delete(&format!("/v1/plans/{id}")).await;
    assert_eq!(cancelled.status, 200, "{:#}", cancelled.body);
    assert_eq!([cancelled.text("status"), cancelled.text("stop")], ["cancelled", "cancelled"]);
    assert!(cancelled.body["objective"].as_i64() < Some(before), "the best plan so far stands");
    assert!(cancelled.body["certificate"].is_object());
    let kept = server.get(&format!("/v1/plans/{id}")).await;
    assert_eq!(kept.body, cancelled.body);

    let gone = server.delete(&format!("/v1/plans/{id}")).await;
    assert_eq!((gone.status.as_u16(), gone.body), (204, json!("")));
    server.get(&format!("/v1/plans/{id}")).await.is_problem(404, "not_found");
    server.delete(&format!("/v1/plans/{id}")).await.is_problem(404, "not_found");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deferred_plan_ends_by_itself() {
    let server = Server::start(Setup::default()).await;
    let reply = defer(&server, &limited("ends", "slow", 50)).await;
    assert_eq!(reply.status, 202, "{:#}", reply.body);
    let done = server.until(&reply.text("id"), |plan| plan["status"] == "done").await;
    assert_eq!(done["stop"], "deadline");
    // Whoever would take a promise takes an answer.
    let known = defer(&server, &limited("ends", "slow", 50)).await;
    assert_eq!((known.status.as_u16(), known.text("tier")), (200, "cached".to_owned()));
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promise_may_be_preceded_by_a_wait() {
    let server = Server::start(Setup::default()).await;
    let request = server.request(Method::POST, "/v1/fake/plans").header("prefer", "respond-async, wait=20");
    let reply = server.send(request.json(&script("waited for", "quick"))).await;
    assert_eq!((reply.status.as_u16(), reply.text("status")), (200, "done".to_owned()));
    assert_eq!(reply.header("preference-applied"), "wait=20");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn improve_answers_in_time_and_goes_on() {
    let server = Server::start(Setup::default()).await;
    let body = json!({"name": "improve", "behaviour": "slow", "options": {"time_limit_ms": 50, "improve": true}});
    let reply = server.post("/v1/fake/plans", &body).await;
    assert_eq!(reply.status, 200, "{:#}", reply.body);
    assert!(["queued", "running"].contains(&reply.text("status").as_str()));
    assert!(reply.body["certificate"].is_object(), "the first answer is verified");
    let first = reply.body["objective"].as_i64().unwrap();
    let id = reply.text("id");
    let better = server.until(&id, |plan| plan["objective"].as_i64() < Some(first)).await;
    assert_eq!(better["status"], "running");
    let kept = server.delete(&format!("/v1/plans/{id}")).await;
    assert_eq!(kept.text("status"), "cancelled");
    assert!(kept.body["objective"].as_i64() < Some(first));
    assert_eq!(solves("improve"), 2);
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_can_be_deferred_the_answer_is_inline_and_says_so() {
    let settings = Settings { deferral: Deferral::Never, ..Settings::default() };
    let server = Server::start(Setup { settings, ..Setup::default() }).await;
    let reply = defer(&server, &limited("inline", "slow", 50)).await;
    assert_eq!((reply.status.as_u16(), reply.text("status")), (200, "done".to_owned()));
    assert_eq!(reply.header("preference-applied"), "");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_requests_at_the_same_time_are_one_solve() {
    let server = Server::start(Setup::default()).await;
    let body = limited("flight", "slow", 400);
    let posts = (0..8).map(|_| server.post("/v1/fake/plans", &body));
    let replies = join_all(posts.collect()).await;
    assert_eq!(solves("flight"), 1);
    let ids: std::collections::BTreeSet<String> = replies.iter().map(|reply| reply.text("id")).collect();
    assert_eq!(ids.len(), 1);
    let how: Vec<&str> = replies.iter().map(|reply| reply.header("cache-status")).collect();
    assert_eq!(how.iter().filter(|how| **how == "portolan; fwd=miss; stored").count(), 1, "{how:?}");
    server.close().await;
}

async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, slot) in futures.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let std::task::Poll::Ready(output) = future.as_mut().poll(context)
            {
                *slot = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_solve_that_nobody_waits_for_is_stopped() {
    let server = Server::start(Setup::default()).await;
    let request = server.request(Method::POST, "/v1/fake/plans").timeout(Duration::from_millis(300));
    let gone = request.json(&script("gone", "slow")).send().await;
    assert!(gone.is_err_and(|error| error.is_timeout()));
    let listed = server.get("/v1/plans").await;
    let id = listed.body["plans"][0]["id"].as_str().unwrap().to_owned();
    let plan = server.until(&id, |plan| plan["status"] == "cancelled").await;
    // What it showed on the way stays; there is no answer, because nobody would have read it.
    assert!(plan["objective"].is_i64() && plan["stop"].is_null(), "{plan:#}");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_solver_costs_its_plan_only() {
    let server = Server::start(Setup::default()).await;
    for (name, behaviour, code) in [("panics", "panic", "solver_panicked"), ("lies", "lie", "plan_withheld")] {
        let reply = server.post("/v1/fake/plans", &script(name, behaviour)).await;
        reply.is_problem(500, code);
        assert!(!reply.body.to_string().contains("on purpose"), "{:#}", reply.body);
        let failed = server.get("/v1/plans?limit=1").await;
        assert_eq!(failed.body["plans"][0]["status"], "failed");
        assert_eq!(failed.body["plans"][0]["failure"]["code"], code);
        assert!(failed.body["plans"][0]["objective"].is_null());
        // A failure is no known answer.
        server.post("/v1/fake/plans", &script(name, behaviour)).await.is_problem(500, code);
        assert_eq!(solves(name), 2);
    }
    let fine = server.post("/v1/fake/plans", &script("c", "quick")).await;
    assert_eq!(fine.status, 200);
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_panics_answers_without_a_leak() {
    let server = Server::start(Setup::default()).await;
    let reply = server.post("/v1/fake/plans", &script("panic while reading", "quick")).await;
    reply.is_problem(500, "internal");
    assert!(!reply.body.to_string().contains("on purpose"), "{:#}", reply.body);
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_solver_that_overruns_sends_its_caller_away() {
    let settings = Settings { max_wait: Duration::from_millis(100), ..Settings::default() };
    let server = Server::start(Setup { settings, ..Setup::default() }).await;
    let reply = server.post("/v1/fake/plans", &limited("overrun", "overrun", 50)).await;
    reply.is_problem(503, "overloaded");
    assert!(!reply.header("retry-after").is_empty());
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_answer_is_better_than_none() {
    let server = Server::start(Setup::default()).await;
    let reply = server.post("/v1/fake/plans", &limited("late", "overrun", 50)).await;
    assert_eq!((reply.status.as_u16(), reply.text("stop")), (200, "deadline".to_owned()));
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_sends_callers_away_with_a_time() {
    let settings = Settings { workers: 1, queue: 1, ..Settings::default() };
    let server = Server::start(Setup { settings, ..Setup::default() }).await;
    let mut statuses = Vec::new();
    let mut promised = Vec::new();
    for n in 0..5 {
        let reply = defer(&server, &script(&format!("full {n}"), "slow")).await;
        statuses.push(reply.status.as_u16());
        if reply.status == 202 {
            promised.push(reply.text("id"));
            // The first must be off the queue before the next comes.
            server.until(&promised[0], |plan| plan["status"] == "running").await;
        } else {
            reply.is_problem(503, "overloaded");
            assert!(reply.header("retry-after").parse::<u64>().unwrap() > 0);
        }
    }
    assert_eq!(statuses, [202, 202, 503, 503, 503]);
    // Deferred work leaves a thread for whoever waits.
    let inline = server.post("/v1/fake/plans", &script("inline beside", "quick")).await;
    assert_eq!(inline.status, 200, "{:#}", inline.body);
    for id in promised {
        assert_eq!(server.delete(&format!("/v1/plans/{id}")).await.text("status"), "cancelled");
    }
    let inline = server.post("/v1/fake/plans", &script("afterwards", "quick")).await;
    assert_eq!(inline.status, 200);
    server.close().await;
}
