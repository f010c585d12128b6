//! Plans from what is stored, and carrying them out.

use std::sync::Arc;

use portolan_functions::adapters::SystemClock;
use portolan_functions::adapters::embedded::{Bounds, Embedded};
use portolan_functions::http::Offered;
use portolan_tests::server_at::{Reply, Server, Setup};
use reqwest::Method;
use serde_json::{Value, json};

use super::api::{call, post, put, with_terminal};
use super::{number, spec_json};

pub(super) async fn with_a_yard() -> Server {
    let server = with_terminal().await;
    fill(&server).await;
    server
}

/// Six containers in two stacks of B; 1 and 2, at the bottom, go with call X, 3 with it later.
async fn fill(server: &Server) {
    call(server, Method::PUT, "/v1/terminals/T1", |request| request.json(&spec_json())).await;
    let mut lines = String::new();
    for (at, slot) in ["B/1/1/1", "B/1/2/1", "B/1/1/2", "B/1/2/2", "B/1/1/3", "A/1/1/1"].iter().enumerate() {
        let mut line = json!({"number": number(at + 1), "slot": slot, "size_type": "42G1"});
        if at < 3 {
            line["destination"] = json!("call:X");
            line["priority"] = json!(at / 2);
        }
        lines += &format!("{line}\n");
    }
    let loaded = super::api::load(server, "", "application/x-ndjson", lines).await;
    assert_eq!(loaded.body["loaded"], 6, "{:#}", loaded.body);
}

pub(super) async fn version(server: &Server) -> u64 {
    server.get("/v1/terminals/T1/snapshot").await.body["version"].as_u64().unwrap()
}

async fn plan_of(server: &Server, id: &str) -> Reply {
    server.get(&format!("/v1/plans/{id}")).await
}

fn moves(plan: &Reply) -> Vec<Value> {
    plan.body["plan"]["moves"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yard_plan_is_made_from_the_stacks_and_carried_out() {
    let server = with_a_yard().await;
    let made = post(&server, "yard/plans", json!({"destination": "call:X"})).await;
    assert_eq!(made.status, 200, "{:#}", made.body);
    assert_eq!((&made.body["proof"], &made.body["objective"]), (&json!("optimal"), &json!(3)), "{:#}", made.body);
    let at = version(&server).await;
    assert_eq!(made.body["terminal"]["id"], "T1");
    assert_eq!(made.body["terminal"]["version"], at);
    let snapshot = server.get("/v1/terminals/T1/snapshot").await;
    assert_eq!(made.body["terminal"]["fingerprint"], snapshot.body["fingerprint"]);
    // Nothing has happened, so the same request is the same plan.
    let again = post(&server, "yard/plans", json!({"destination": "call:X"})).await;
    assert_eq!((&again.body["id"], &again.body["tier"]), (&made.body["id"], &json!("cached")));

    let id = made.text("id");
    let steps = moves(&made);
    let place = format!("plans/{id}");
    let begun = server.get(&format!("/v1/terminals/T1/{place}")).await;
    assert_eq!((&begun.body["done"], &begun.body["of"]), (&json!(0), &json!(steps.len())));
    post(&server, &format!("{place}/steps"), json!({"step": 2})).await.is_problem(409, "out_of_step");
    post(&server, &format!("{place}/steps"), json!({"step": 0})).await.is_problem(422, "invalid");
    for (at, step) in steps.iter().enumerate() {
        let body = json!({"step": at + 1});
        let key = format!("step {at}");
        let path = format!("/v1/terminals/T1/{place}/steps");
        let send = || call(&server, Method::POST, &path, |request| request.header("idempotency-key", &key).json(&body));
        let (first, twice) = (send().await, send().await);
        assert_eq!(first.status, 200, "{:#}", first.body);
        assert_eq!(first.body, twice.body, "a step is done once");
        assert_eq!(first.body["done"], at + 1);
        let moved = server.get(&format!("/v1/terminals/T1/containers/{}", step["container"].as_str().unwrap())).await;
        match &step["to"] {
            Value::Null => assert_eq!(moved.body["status"], "left"),
            to => assert_eq!(moved.text("slot"), format!("{}/{}", to["stack"].as_str().unwrap(), to["tier"])),
        }
        let read = plan_of(&server, &id).await;
        assert_eq!(read.body["terminal"]["has_moved_on"], false, "its own steps are no news: {:#}", read.body);
        assert_eq!(read.body["terminal"]["done"], at + 1);
    }
    let over = json!({"step": steps.len()});
    post(&server, &format!("{place}/steps"), over).await.is_problem(409, "out_of_step");
    let gone = post(&server, "yard/plans", json!({"destination": "call:X"})).await;
    gone.is_problem(422, "invalid");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_tells_that_its_terminal_has_moved_on_and_a_deviation_makes_it_stale() {
    let server = with_a_yard().await;
    let made = post(&server, "yard/plans", json!({"containers": [[number(1), number(2)]]})).await;
    assert_eq!(made.status, 200, "{:#}", made.body);
    let id = made.text("id");
    let before = plan_of(&server, &id).await;
    assert_eq!(
        (&before.body["terminal"]["has_moved_on"], &before.body["terminal"]["is_stale"]),
        (&json!(false), &json!(false))
    );
    // Somebody takes the container that the first step would move.
    let first = moves(&made)[0].clone();
    let from = format!("{}/{}", first["from"]["stack"].as_str().unwrap(), first["from"]["tier"]);
    let aside = json!({"container": first["container"], "from": from, "to": "B/9/6"});
    assert_eq!(post(&server, "moves", aside).await.status, 200);
    let after = plan_of(&server, &id).await;
    assert_eq!(after.body["terminal"]["has_moved_on"], true);
    assert_ne!(before.header("etag"), after.header("etag"), "what becomes of the terminal is part of the plan");
    let step = post(&server, &format!("plans/{id}/steps"), json!({"step": 1})).await;
    step.is_problem(409, "plan_stale");
    assert!(step.text("detail").contains("B/9/6"), "{:#}", step.body);
    assert_eq!(step.body["won"]["by"], "api");
    // Putting it back does not make the rest good again.
    let back = json!({"container": first["container"], "from": "B/9/6/1", "to": first["from"]["stack"]});
    assert_eq!(post(&server, "moves", back).await.status, 200);
    post(&server, &format!("plans/{id}/steps"), json!({"step": 1})).await.is_problem(409, "plan_stale");
    assert_eq!(plan_of(&server, &id).await.body["terminal"]["is_stale"], true);
    let other = post(&server, "yard/plans", json!({"containers": [[number(1), number(2)]]})).await;
    assert_ne!(other.body["id"], made.body["id"], "another version is another plan");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_yard_plan_cannot_use_is_told() {
    let server = with_a_yard().await;
    put(&server, &format!("containers/{}", number(7)), json!({"size_type": "42G1", "destination": "call:X"})).await;
    let hold = json!({"size_type": "42G1", "destination": "call:X", "hold": true});
    put(&server, &format!("containers/{}", number(3)), hold).await;
    for id in ["RTG-1", "RTG-2"] {
        put(&server, &format!("equipment/{id}"), json!({"kind": "yard_crane", "at": "B"})).await;
    }
    let asked = json!({"destination": "call:X"});
    let none = post(&server, "yard/plans", asked.clone()).await;
    none.is_problem(409, "no_equipment");
    assert!(none.text("detail").contains("RTG-1, RTG-2"), "{:#}", none.body);
    post(&server, "heartbeats", json!({"equipment": ["RTG-1"]})).await;
    let made = post(&server, "yard/plans", asked).await;
    assert_eq!(made.status, 200, "{:#}", made.body);
    assert_eq!(made.body["terminal"]["offline"], json!(["RTG-2"]));
    let left: Vec<&str> =
        made.body["terminal"]["left_out"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(left, [number(3), number(7)], "one is on hold, one is not here");
    let all = post(&server, "yard/plans", json!({"destination": "call:X", "include_offline": true})).await;
    assert_eq!(all.body["terminal"]["offline"], Value::Null);
    // What works anywhere works here as well; trucks are in no plan.
    put(&server, "equipment/SC-1", json!({"kind": "straddle_carrier"})).await;
    put(&server, "equipment/TR-1", json!({"kind": "truck"})).await;
    let offline = async || {
        let made = post(&server, "yard/plans", json!({"destination": "call:X"})).await;
        assert_eq!(made.status, 200, "{:#}", made.body);
        made.body["terminal"]["offline"].clone()
    };
    assert_eq!(offline().await, json!(["RTG-2", "SC-1"]));
    call(&server, Method::DELETE, "/v1/terminals/T1/equipment/RTG-1", |request| request).await;
    post(&server, "yard/plans", json!({"destination": "call:X"})).await.is_problem(409, "no_equipment");
    post(&server, "heartbeats", json!({"equipment": ["SC-1"]})).await;
    assert_eq!(offline().await, json!(["RTG-2"]));

    let wrong = [
        (json!({}), "what_leaves", ""),
        (json!({"containers": ["NOPE"]}), "unknown_container", "/containers/0"),
        (json!({"containers": [number(1), [number(7), number(1)]]}), "not_here", "/containers/1/0"),
        (json!({"containers": [number(1), [number(7), number(1)]]}), "duplicate_number", "/containers/1/1"),
        (json!({"containers": [number(3)]}), "on_hold", "/containers/0"),
        (json!({"containers": [number(1), number(6)]}), "several_blocks", "/block"),
        (json!({"containers": [number(1)], "block": "Z"}), "unknown_place", "/block"),
        (json!({"containers": [number(1)], "block": "A"}), "nothing_leaves", ""),
        (json!({"destination": "call:none"}), "nothing_leaves", "/destination"),
        (json!({"destination": "home"}), "wrong_shape", "/destination"),
        (json!({"containers": [number(1)], "colour": "red"}), "wrong_shape", "/colour"),
        (json!({"containers": [number(1)], "options": {"gap": 7}}), "option_out_of_range", "/options/gap"),
    ];
    for (body, code, path) in wrong {
        let reply = post(&server, "yard/plans", body.clone()).await;
        reply.is_problem(422, "invalid");
        let issues = reply.body["issues"].as_array().unwrap();
        assert!(issues.iter().any(|it| it["code"] == code && it["path"] == path), "{body}: {:#}", reply.body);
    }
    call(&server, Method::POST, "/v1/terminals/none/yard/plans", |request| {
        request.json(&json!({"destination": "call:X"}))
    })
    .await
    .is_problem(404, "not_found");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_berth_plan_is_made_from_the_calls() {
    let server = with_terminal().await;
    let ahead = |hours: i64| (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours)).to_string();
    put(&server, "calls/LATE", json!({"eta": ahead(-2), "moves": 120})).await;
    put(&server, "calls/NEXT", json!({"eta": ahead(3), "moves": 600, "class": 1, "length_m": 350})).await;
    put(&server, "calls/HUGE", json!({"eta": ahead(3), "moves": 600, "length_m": 401})).await;
    put(&server, "calls/GONE", json!({"eta": ahead(-30), "moves": 600, "status": "departed"})).await;
    let here = json!({"eta": ahead(-5), "moves": 60, "status": "alongside", "berth": "north", "since": ahead(-4)});
    put(&server, "calls/HERE", here).await;
    let made = call(&server, Method::POST, "/v1/terminals/T1/berth/plans", |request| request).await;
    assert_eq!(made.status, 200, "{:#}", made.body);
    let visit = |reply: &Reply, call: &str| {
        let visits = reply.body["plan"]["assignments"].as_array().unwrap();
        visits.iter().find(|visit| visit["call"] == call).cloned()
    };
    let here = visit(&made, "HERE").unwrap();
    assert_eq!((&here["berth"], &here["frozen"]), (&json!("north"), &json!(true)));
    let time = |visit: &Value, name: &str| visit[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let now = jiff::Timestamp::now();
    assert!(time(&here, "departure") >= now, "it has not left yet: {here}");
    let late = visit(&made, "LATE").unwrap();
    assert!(time(&late, "start") >= now - jiff::SignedDuration::from_secs(60), "nobody starts in the past: {late}");
    assert_eq!(visit(&made, "NEXT").unwrap()["berth"], "north", "it is too long for the other");
    assert!(visit(&made, "GONE").is_none());
    let left = &made.body["terminal"]["left_out"];
    assert_eq!((&left[0]["id"], left.as_array().unwrap().len()), (&json!("HUGE"), 1), "{left:#}");

    // Two cranes at the quay, one of them silent: half the rate.
    let handling = |reply: &Reply| visit(reply, "NEXT").unwrap()["handling_s"].as_i64().unwrap();
    assert_eq!(handling(&made), 36_000);
    for id in ["QC-1", "QC-2"] {
        put(&server, &format!("equipment/{id}"), json!({"kind": "quay_crane", "at": "north"})).await;
    }
    post(&server, "heartbeats", json!({"equipment": ["QC-1"]})).await;
    let half = post(&server, "berth/plans", json!({"calls": ["NEXT", "HERE"]})).await;
    assert_eq!(handling(&half), 72_000, "{:#}", half.body);
    assert_eq!(half.body["terminal"]["offline"], json!(["QC-2"]));
    let picture =
        call(&server, Method::GET, half.header("location"), |request| request.header("accept", "image/svg+xml")).await;
    assert!(picture.body.as_str().unwrap().contains("NEXT"));

    // South takes twice as long, and is all that it may go to.
    let bound = json!({"eta": ahead(3), "moves": 60, "berths": ["south"], "due": ahead(4), "tardiness_weight": 9});
    assert_eq!(put(&server, "calls/BOUND", bound).await.status, 201);
    let made = post(&server, "berth/plans", json!({"calls": ["BOUND"]})).await;
    let visit = visit(&made, "BOUND").unwrap();
    assert_eq!((&visit["berth"], &visit["handling_s"]), (&json!("south"), &json!(7200)), "{:#}", made.body);
    let unknown = json!({"eta": ahead(3), "moves": 60, "berths": ["south", "west"]});
    let unknown = put(&server, "calls/BOUND", unknown).await;
    assert_eq!(unknown.body["issues"][0]["path"], "/berths/1", "{:#}", unknown.body);
    let weighed = put(&server, "calls/BOUND", json!({"eta": ahead(3), "moves": 60, "tardiness_weight": 9})).await;
    assert_eq!(weighed.body["issues"][0]["code"], "tardiness_without_due", "{:#}", weighed.body);

    post(&server, "berth/plans", json!({"calls": ["GONE"]})).await.is_problem(422, "invalid");
    post(&server, "berth/plans", json!({"calls": ["NONE", "NEXT", "NEXT"]})).await.is_problem(422, "invalid");
    // A key gives the same answer, though time has gone on and the terminal with it.
    let keyed = || {
        call(&server, Method::POST, "/v1/terminals/T1/berth/plans", |request| {
            request.header("idempotency-key", "plan").json(&json!({"calls": ["NEXT"]}))
        })
    };
    let first = keyed().await;
    put(&server, "calls/NEXT", json!({"eta": ahead(9), "moves": 60})).await;
    let again = keyed().await;
    assert_eq!((again.header("idempotent-replayed"), &again.body["id"]), ("true", &first.body["id"]));
    let deferred = call(&server, Method::POST, "/v1/terminals/T1/berth/plans", |request| {
        request.header("prefer", "respond-async").json(&json!({}))
    })
    .await;
    assert!([200, 202].contains(&deferred.status.as_u16()), "{:#}", deferred.body);
    assert_eq!(deferred.body["terminal"]["id"], "T1");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_serves_plans_alone_tells_that_a_terminal_has_moved_on_and_serves_no_terminal() {
    let store = Embedded::in_memory(Arc::new(SystemClock), Bounds::default()).unwrap();
    let terminals = store.terminals().unwrap();
    let serve = async |offered: Offered| {
        let (stores, terminals) = (store.stores(), Arc::clone(&terminals));
        let problems = portolan::problem::registry();
        Server::start(Setup { problems, stores, terminals, offered, ..Setup::default() }).await
    };
    let (server, reader) = (serve(Offered::Everything).await, serve(Offered::Reading).await);
    fill(&server).await;
    let made = post(&server, "yard/plans", json!({"containers": [number(1)]})).await;
    let plan = format!("/v1/plans/{}", made.text("id"));
    assert_eq!(reader.get(&plan).await.body["terminal"]["has_moved_on"], false);
    post(&server, "moves", json!({"container": number(6), "from": "A/1/1/1", "to": "A/1/2"})).await;
    assert_eq!(reader.get(&plan).await.body["terminal"]["has_moved_on"], true);
    for path in ["/v1/terminals", "/v1/terminals/T1", "/v1/terminals/T1/snapshot"] {
        reader.get(path).await.is_problem(404, "not_found");
    }
    reader.close().await;
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_truck_window_or_a_train_takes_is_dug_out() {
    let server = with_a_yard().await;
    for (container, destination) in
        [(2, "gate:2026-03-02T10"), (5, "gate:2026-03-02T10"), (1, "rail:R7"), (6, "rail:R7")]
    {
        let details = json!({"size_type": "42G1", "destination": destination});
        assert_eq!(put(&server, &format!("containers/{}", number(container)), details).await.status, 200);
    }
    // 4 stands on 2; 5 is on top already.
    let gate = post(&server, "yard/plans", json!({"destination": "gate:2026-03-02T10"})).await;
    assert_eq!((gate.status.as_u16(), &gate.body["objective"]), (200, &json!(1)), "{:#}", gate.body);
    let out = |plan: &Reply| -> Vec<Value> {
        let mut out: Vec<Value> =
            moves(plan).iter().filter(|step| step["to"].is_null()).map(|step| step["container"].clone()).collect();
        out.sort_by_key(ToString::to_string);
        out
    };
    assert_eq!(out(&gate), [number(2), number(5)]);
    // A train takes from two blocks: each is planned by itself, and the plan says what is elsewhere.
    let both = post(&server, "yard/plans", json!({"destination": "rail:R7"})).await;
    assert_eq!(both.body["issues"][0]["code"], "several_blocks", "{:#}", both.body);
    for (block, here, elsewhere) in [("A", 6, 1), ("B", 1, 6)] {
        let plan = post(&server, "yard/plans", json!({"destination": "rail:R7", "block": block})).await;
        assert_eq!(plan.status, 200, "{:#}", plan.body);
        assert_eq!(out(&plan), [number(here)]);
        assert_eq!(plan.body["terminal"]["left_out"][0]["id"], number(elsewhere));
    }
    server.close().await;
}
