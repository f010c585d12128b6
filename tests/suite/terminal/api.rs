//! `/v1/terminals` over a real connection.

use portolan_tests::server_at::{Reply, Server};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{number, spec_json};

/// A request, as `change` makes it.
pub(super) async fn call(
    server: &Server,
    method: Method,
    path: &str,
    change: impl FnOnce(RequestBuilder) -> RequestBuilder,
) -> Reply {
    server.send(change(server.request(method, path))).await
}

pub(super) async fn with_terminal() -> Server {
    let server = Server::real().await;
    let made = call(&server, Method::PUT, "/v1/terminals/T1", |request| request.json(&spec_json())).await;
    assert_eq!(made.status, 201, "{:#}", made.body);
    assert_eq!((made.header("location"), made.header("etag")), ("/v1/terminals/T1", "\"1\""));
    server
}

pub(super) async fn post(server: &Server, path: &str, body: Value) -> Reply {
    call(server, Method::POST, &format!("/v1/terminals/T1/{path}"), |request| request.json(&body)).await
}

pub(super) async fn put(server: &Server, path: &str, body: Value) -> Reply {
    call(server, Method::PUT, &format!("/v1/terminals/T1/{path}"), |request| request.json(&body)).await
}

pub(super) async fn load(server: &Server, query: &str, kind: &str, text: String) -> Reply {
    let path = format!("/v1/terminals/T1/containers{query}");
    call(server, Method::POST, &path, |request| request.header("content-type", kind).body(text)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clients_and_one_container() {
    let server = with_terminal().await;
    let of = |n: usize| format!("containers/{}", number(n));
    let made = put(&server, &of(1), json!({"size_type": "22G1", "destination": "call:X"})).await;
    assert_eq!((made.status.as_u16(), made.text("status")), (201, "announced".to_owned()));
    assert_eq!(post(&server, "moves", json!({"container": number(1), "from": "out", "to": "B/1/1"})).await.status, 200);
    let to = |to: &'static str| {
        let body = json!({"container": number(1), "from": "B/1/1/1", "to": to});
        let server = &server;
        async move {
            call(server, Method::POST, "/v1/terminals/T1/moves", |request| request.header("x-actor", to).json(&body))
                .await
        }
    };
    let (a, b) = tokio::join!(to("B/2/1"), to("B/3/1"));
    let (won, lost, winner) = if a.status == 200 { (a, b, "B/2/1") } else { (b, a, "B/3/1") };
    lost.is_problem(409, "container_elsewhere");
    assert_eq!(lost.body["won"]["by"], winner);
    assert_eq!(lost.body["won"]["version"].to_string(), won.header("etag").trim_matches('"'));
    assert!(lost.text("detail").contains(winner), "{:#}", lost.body);
    // By version as well as by place.
    let tag = made.header("etag").to_owned();
    let stale = call(&server, Method::PUT, &format!("/v1/terminals/T1/{}", of(1)), |request| {
        request.header("if-match", tag).json(&json!({"size_type": "42G1"}))
    })
    .await;
    assert_eq!(stale.is_problem(412, "precondition_failed").body["won"]["by"], winner);
    let seen = server.get(&format!("/v1/terminals/T1/{}", of(1))).await;
    assert_eq!(seen.header("etag"), won.header("etag"));
    let path = format!("/v1/terminals/T1/{}", of(1));
    let same = call(&server, Method::GET, &path, |request| request.header("if-none-match", won.header("etag"))).await;
    assert_eq!(same.status, 304);
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_one_effect() {
    let server = with_terminal().await;
    put(&server, &format!("containers/{}", number(1)), json!({"size_type": "22G1"})).await;
    let body = json!({"container": number(1), "from": "out", "to": "B/1/1"});
    let keyed = async |body: Value| {
        call(&server, Method::POST, "/v1/terminals/T1/moves", |request| {
            request.header("idempotency-key", "k").json(&body)
        })
        .await
    };
    let first = keyed(body.clone()).await;
    let again = keyed(body).await;
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), ("", "true"));
    keyed(json!({"container": number(1), "from": "B/1/1/1", "to": "out"}))
        .await
        .is_problem(422, "idempotency_mismatch");
    let history = server.get(&format!("/v1/terminals/T1/containers/{}/history", number(1))).await;
    assert_eq!(history.body["items"].as_array().unwrap().len(), 2, "{:#}", history.body);
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_and_go_out() {
    let server = with_terminal().await;
    let mut table = "number,slot,size_type,weight_kg,destination\n".to_owned();
    for at in 0..200 {
        let slot = format!("B/{}/{}/{}", at / 24 + 1, at / 4 % 6 + 1, 4 - at % 4);
        table += &format!("{},{slot},42G1,20000,call:C{}\n", number(at), at % 5);
    }
    let loaded = load(&server, "", "text/csv", table.clone()).await;
    assert_eq!((loaded.status.as_u16(), &loaded.body["loaded"]), (200, &json!(200)), "{:#}", loaded.body);
    let twice = load(&server, "", "text/csv", table).await;
    twice.is_problem(422, "invalid");
    assert_eq!(
        twice.body["issues"].as_array().unwrap().len(),
        400,
        "every line is there already, and its slot is taken"
    );
    let page = server.get("/v1/terminals/T1/containers?destination=call:C3&limit=30").await;
    assert_eq!(page.body["items"].as_array().unwrap().len(), 30);
    let rest = server.get(page.body["next"].as_str().unwrap()).await;
    assert_eq!((rest.body["items"].as_array().unwrap().len(), &rest.body["next"]), (10, &Value::Null));
    let slot = server.get("/v1/terminals/T1/containers?slot=B/1/1/4").await;
    assert_eq!(slot.body["items"][0]["number"], number(0));

    let export = |kind: &'static str| {
        call(&server, Method::GET, "/v1/terminals/T1/containers", move |request| request.header("accept", kind))
    };
    let (csv, lines) = (export("text/csv").await, export("application/x-ndjson").await);
    let (csv, lines) = (csv.body.as_str().unwrap().to_owned(), lines.body.as_str().unwrap().to_owned());
    assert_eq!((csv.lines().count(), lines.lines().count()), (201, 200));
    for (at, (kind, text)) in [("text/csv", csv), ("application/x-ndjson", lines)].into_iter().enumerate() {
        let copy = format!("/v1/terminals/COPY{at}");
        call(&server, Method::PUT, &copy, |request| request.json(&spec_json())).await;
        let path = format!("{copy}/containers");
        let taken = call(&server, Method::POST, &path, |request| request.header("content-type", kind).body(text)).await;
        assert_eq!(taken.body["loaded"], 200, "{:#}", taken.body);
    }
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_lines_are_all_reported_and_good_ones_kept_where_asked() {
    let server = with_terminal().await;
    let table = format!(
        "number,slot,size_type\n{},B/1/1/1,22G1\nnonsense,B/1/2/1,22G1\n{},B/1/2/2,22G1\n{},B/9,22G1\n{},,42G1\n",
        number(1),
        number(2),
        number(3),
        number(4),
    );
    let all_or_none = load(&server, "", "text/csv", table.clone()).await;
    all_or_none.is_problem(422, "invalid");
    let paths = |reply: &Reply| -> Vec<String> {
        reply.body["issues"]
            .as_array()
            .unwrap()
            .iter()
            .map(|issue| issue["path"].as_str().unwrap().to_owned())
            .collect()
    };
    let bad = ["/lines/3/number", "/lines/4/slot", "/lines/5/slot"];
    assert_eq!(paths(&all_or_none), bad, "also where a line cannot be read");
    assert_eq!(server.get("/v1/terminals/T1/containers").await.body["items"], json!([]));
    let mixed = format!(
        "number,slot,size_type,weight_kg\n{0},B/1/1/1,22G1,heavy\n{1},B/1/1/1,22G1,1\n{1},B/1/3/1,22G1,1\n{2},A/2/3/1,22G1,1\n\
        PTLU0000001,,22G1,1\n{3},B/1/4/1,99G1,1\n{4},B/1/4/3,22G1,1\n{5},Z/1/1/1,22G1,1\n{6},B/2/1/1,22G1,1\n",
        number(1),
        number(2),
        number(3),
        number(4),
        number(5),
        number(6),
        number(7),
    );
    let told = load(&server, "", "text/csv", mixed).await;
    let all = [
        "/lines/2/weight_kg",
        "/lines/4/number",
        "/lines/5/slot",
        "/lines/6/number",
        "/lines/7/size_type",
        "/lines/8/slot",
        "/lines/9/slot",
    ];
    assert_eq!(paths(&told), all, "every bad line at once: {:#}", told.body);
    assert_eq!(server.get("/v1/terminals/T1/containers").await.body["items"], json!([]));
    let kept = load(&server, "?keep=good", "text/csv", table).await;
    assert_eq!(kept.body["loaded"], 2, "{:#}", kept.body);
    assert_eq!(paths(&kept), bad, "what stood on a bad one is bad as well");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn equipment_is_online_while_it_is_heard() {
    let server = with_terminal().await;
    for id in ["RTG-1", "RTG-2"] {
        let made = put(&server, &format!("equipment/{id}"), json!({"kind": "yard_crane", "at": "B"})).await;
        assert_eq!(made.status, 201, "{:#}", made.body);
    }
    let online = async |query: &str| {
        server.get(&format!("/v1/terminals/T1/equipment{query}")).await.body["items"].as_array().unwrap().len()
    };
    assert_eq!((online("").await, online("?online=true").await), (2, 0));
    let beat = call(&server, Method::POST, "/v1/terminals/T1/equipment/RTG-1/heartbeat", |request| request).await;
    assert_eq!(beat.status, 204);
    assert_eq!((online("?online=true").await, online("?online=false").await), (1, 1));
    let batch = post(&server, "heartbeats", json!({"equipment": ["RTG-1", "RTG-2", "ghost"]})).await;
    assert_eq!(batch.body, json!({"heard": 2, "unknown": ["ghost"]}));
    assert_eq!(online("?online=true").await, 2);
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_is_read_back() {
    let server = with_terminal().await;
    put(&server, "calls/X", json!({"eta": "2026-03-03T00:00:00Z", "moves": 100})).await;
    put(&server, &format!("containers/{}", number(1)), json!({"size_type": "22G1"})).await;
    let before = server.get("/v1/terminals/T1/snapshot").await;
    let at = before.body["records"][1]["stamp"]["at"].as_str().unwrap().to_owned();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    post(&server, "calls/X/estimates", json!({"eta": "2026-03-03T03:00:00Z"})).await;
    post(&server, "moves", json!({"container": number(1), "from": "out", "to": "A/1/1"})).await;
    let seen = server.get("/v1/terminals/T1/calls/X").await;
    assert_eq!(seen.body["estimates"].as_array().unwrap().len(), 2, "{:#}", seen.body);
    let told = server.get("/v1/terminals/T1/calls/X/history").await;
    let kinds: Vec<&Value> = told.body["items"].as_array().unwrap().iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds, ["put", "estimated"]);
    let then = server.get(&format!("/v1/terminals/T1/snapshot?at={at}")).await;
    assert_eq!(
        (&then.body["fingerprint"], &then.body["records"]),
        (&before.body["fingerprint"], &before.body["records"])
    );
    assert_eq!((&then.body["version"], &then.body["current_version"]), (&json!(3), &json!(5)));
    let lines = call(&server, Method::GET, "/v1/terminals/T1/history?limit=2", |request| {
        request.header("accept", "application/x-ndjson")
    })
    .await;
    assert_eq!(lines.body.as_str().unwrap().lines().count(), 2);
    assert!(lines.header("link").contains("cursor=2"), "{lines:?}");
    let removed = call(&server, Method::DELETE, "/v1/terminals/T1", |request| request).await;
    removed.is_problem(409, "in_use");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_a_hundred_thousand_lines_is_loaded_and_exported() {
    const LINES: usize = 100_000;
    let server = with_terminal().await;
    let bad = |at: usize| at % 9_973 == 5;
    let mut table = "number,size_type,weight_kg\n".to_owned();
    for at in 0..LINES {
        let weight = if bad(at) { "heavy" } else { "20000" };
        table.push_str(&format!("{},22G1,{weight}\n", number(at)));
    }
    let bad_lines: Vec<String> = (0..LINES).filter(|at| bad(*at)).map(|at| format!("/lines/{}", at + 2)).collect();
    let refused = load(&server, "", "text/csv", table.clone()).await;
    refused.is_problem(422, "invalid");
    let told = refused.body["issues"].as_array().unwrap();
    assert_eq!(told.len(), bad_lines.len());
    assert!(told.iter().zip(&bad_lines).all(|(issue, line)| issue["path"].as_str().unwrap().starts_with(line)));
    let loaded = load(&server, "?keep=good", "text/csv", table).await;
    assert_eq!((loaded.status.as_u16(), &loaded.body["loaded"]), (200, &json!(LINES - bad_lines.len())));
    assert_eq!(loaded.body["issues"].as_array().unwrap().len(), bad_lines.len());
    let path = "/v1/terminals/T1/containers";
    let lines = server.request(Method::GET, path).header("accept", "application/x-ndjson").send().await.unwrap();
    let lines = lines.text().await.unwrap();
    assert_eq!(lines.lines().count(), LINES - bad_lines.len());
    assert!(lines.lines().last().unwrap().contains(&number(LINES - 1)));
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_one_version_and_loads_as_the_same_again() {
    const ALL: usize = 5_000;
    let server = with_terminal().await;
    let mut table = "number,slot,size_type,destination,status\n".to_owned();
    for at in 0..ALL {
        let (slot, status) = match at {
            0..200 => (format!("B/{}/{}/{}", at / 24 + 1, at / 4 % 6 + 1, at % 4 + 1), "stored"),
            200..300 => (String::new(), "left"),
            _ => (String::new(), ""),
        };
        table += &format!("{},{slot},42G1,call:C{},{status}\n", number(at), at % 5);
    }
    assert_eq!(load(&server, "", "text/csv", table).await.body["loaded"], ALL);
    let path = "/v1/terminals/T1/containers";
    let get =
        |query: &str, kind: &'static str| server.request(Method::GET, &format!("{path}{query}")).header("accept", kind);
    let then = jiff::Timestamp::now();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let mut reply = get("", "text/csv").send().await.unwrap();
    let mut text = reply.chunk().await.unwrap().unwrap().to_vec();
    // While it is sent, somebody moves what would come last, and what came first.
    for (container, from, to) in [(ALL - 1, "out", "A/1/1"), (3, "B/1/1/4", "A/1/2")] {
        let body = json!({"container": number(container), "from": from, "to": to});
        assert_eq!(post(&server, "moves", body).await.status, 200);
    }
    let version = reply.headers()["etag"].to_str().unwrap().to_owned();
    while let Some(more) = reply.chunk().await.unwrap() {
        text.extend_from_slice(&more);
    }
    let text = String::from_utf8(text).unwrap();
    let past = get(&format!("?at={then}"), "text/csv").send().await.unwrap();
    assert_eq!(past.headers()["etag"].to_str().unwrap(), version);
    assert!(past.text().await.unwrap() == text, "it is the state of one version");
    let snapshot = server.get(&format!("/v1/terminals/T1/snapshot?at={then}")).await;
    assert_eq!(format!("\"{}\"", snapshot.body["version"]), version);

    // What comes out goes in, and is the same.
    for (at, kind) in ["text/csv", "application/x-ndjson"].into_iter().enumerate() {
        let whole = get("", kind).send().await.unwrap().text().await.unwrap();
        let copy = format!("/v1/terminals/COPY{at}");
        call(&server, Method::PUT, &copy, |request| request.json(&spec_json())).await;
        let copy = format!("{copy}/containers");
        let taken =
            call(&server, Method::POST, &copy, |request| request.header("content-type", kind).body(whole.clone()));
        assert_eq!(taken.await.body["loaded"], ALL);
        let again = server.request(Method::GET, &copy).header("accept", kind).send().await.unwrap();
        assert!(again.text().await.unwrap() == whole, "{kind}");
    }

    let lines = async |query: &str| get(query, "application/x-ndjson").send().await.unwrap().text().await.unwrap();
    assert_eq!(lines("?destination=call:C3").await.lines().count(), ALL / 5);
    let stack = lines("?stack=B/1/2").await;
    let slots = stack.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["slot"].clone());
    assert!(slots.eq((1..=4).map(|tier| json!(format!("B/1/2/{tier}")))), "from the ground up: {stack}");
    assert_eq!(lines("?slot=A/1/2/1").await.lines().count(), 1);
    let page = get("?limit=30&destination=call:C3", "text/csv").send().await.unwrap();
    assert!(page.headers()["link"].to_str().unwrap().contains("destination=call:C3"));
    assert_eq!(page.text().await.unwrap().lines().count(), 31);
    let now = get("", "text/csv").send().await.unwrap().headers()["etag"].clone();
    assert_eq!(get("", "text/csv").header("if-none-match", now).send().await.unwrap().status(), 304);
    let old = server.send(get("?at=2000-01-01T00:00:00Z", "text/csv")).await;
    old.is_problem(404, "not_found");
    server.send(get("?at=2000-01-01T00:00:00Z&limit=3", "text/csv")).await.is_problem(400, "bad_request");
    let wrong =
        format!("number,slot,size_type,status\n{},B/10/1/1,42G1,left\n{},,42G1,stored\n", number(ALL), number(ALL + 1));
    let wrong = load(&server, "", "text/csv", wrong).await;
    let codes: Vec<_> = wrong.body["issues"].as_array().unwrap().iter().map(|issue| &issue["code"]).collect();
    assert_eq!(codes, ["slot_and_status", "slot_and_status"], "{:#}", wrong.body);
    server.close().await;
}
