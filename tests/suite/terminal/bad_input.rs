//! What a terminal does not take, and what it says.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::api::{call, load, post, put, with_terminal};
use super::number;

/// What is asked for, at which path; what is wrong with it, and where.
type Wrong = (&'static str, Value, &'static str, &'static str);

fn layouts() -> Vec<Wrong> {
    let block = |change: Value| {
        let mut block = json!({"id": "A", "bays": 2, "rows": 2, "max_tiers": 4});
        block.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        json!({"blocks": [block]})
    };
    let leg = |to: &str, seconds: u32, rate: u32| {
        let leg = json!({"from": "B", "to": to, "seconds": seconds, "containers_per_hour": rate});
        json!({"transfers": [leg], "gates": [{"id": "A", "lanes": 1}, {"id": "B", "lanes": 1}]})
    };
    vec![
        (".", block(json!({"bays": 0})), "number_out_of_range", "/blocks/0/bays"),
        (".", block(json!({"max_tiers": 13})), "number_out_of_range", "/blocks/0/max_tiers"),
        (".", block(json!({"max_teirs": 4})), "wrong_shape", "/blocks/0/max_teirs"),
        (".", block(json!({"exceptions": [{"bay": 3}]})), "outside_of_block", "/blocks/0/exceptions/0"),
        (".", block(json!({"id": "A/B"})), "bad_id", "/blocks/0/id"),
        (
            ".",
            json!({"berths": [{"id": "A"}], "blocks": [], "gates": [{"id": "A", "lanes": 1}]}),
            "duplicate_id",
            "/berths/0/id",
        ),
        (".", json!({"berths": [{"id": "A", "closures": [{"from": 0, "to": 1}]}]}), "relative_time", "/berths"),
        (".", json!({"berths": [{"id": "A", "length_m": -1}]}), "length_out_of_range", "/berths/0/length_m"),
        (
            ".",
            json!({"transfers": [{"from": "X", "to": "A", "seconds": 1, "containers_per_hour": 1}], "gates": [{"id": "A", "lanes": 1}]}),
            "unknown_place",
            "/transfers/0/from",
        ),
        (".", block(json!({"length_ft": 41})), "no_such_length", "/blocks/0/length_ft"),
        (".", block(json!({"hazards": ["1.4", "bad class"]})), "bad_id", "/blocks/0/hazards/1"),
        (
            ".",
            block(json!({"exceptions": [{"bay": 1, "length_ft": 0}]})),
            "no_such_length",
            "/blocks/0/exceptions/0/length_ft",
        ),
        (
            ".",
            block(json!({"exceptions": [{"bay": 1, "hazards": [""]}]})),
            "bad_id",
            "/blocks/0/exceptions/0/hazards/0",
        ),
        (".", leg("A", 0, 1), "number_out_of_range", "/transfers/0/seconds"),
        (".", leg("A", 1, 0), "number_out_of_range", "/transfers/0/containers_per_hour"),
        (".", leg("B", 1, 1), "same_place", "/transfers/0/to"),
        (".", json!({"gates": vec![json!({"id": "A", "lanes": 1}); 501]}), "too_many", "/gates"),
        (".", json!({"transfers": vec![leg("A", 1, 1)["transfers"][0].clone(); 10_001]}), "too_many", "/transfers"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_input_is_told_by_code_and_place() {
    let server = with_terminal().await;
    let mut wrong = layouts();
    wrong.extend([
        ("containers/PTLU0000001", json!({"size_type": "22G1"}), "bad_check_digit", "/number"),
        ("containers/crate", json!({"size_type": "22G1"}), "bad_number", "/number"),
        ("containers/CSQU3054383", json!({"size_type": "banana"}), "bad_size_type", "/size_type"),
        ("containers/CSQU3054383", json!({"size_type": "22G1", "destination": "home"}), "wrong_shape", "/destination"),
        ("containers/CSQU3054383", json!({"size_type": "22G1", "reefer": true}), "not_a_reefer", "/reefer"),
        ("calls/X", json!({"eta": "tomorrow", "moves": 1}), "wrong_shape", "/eta"),
        (
            "calls/X",
            json!({"eta": "2026-03-03T00:00:00Z", "moves": 1, "status": "alongside"}),
            "berth_and_status",
            "/status",
        ),
        (
            "calls/X",
            json!({"eta": "2026-03-03T00:00:00Z", "moves": 1, "status": "alongside", "berth": "west", "since": "2026-03-03T00:00:00Z"}),
            "unknown_place",
            "/berth",
        ),
        ("equipment/R", json!({"kind": "yard_crane", "at": "moon"}), "unknown_place", "/at"),
    ]);
    for (path, body, code, place) in wrong {
        let reply = match path {
            "." => call(&server, Method::PUT, "/v1/terminals/T1", |request| request.json(&body)).await,
            _ => put(&server, path, body.clone()).await,
        };
        assert_eq!(reply.status, 422, "{path} {body} {:#}", reply.body);
        let found = reply.body["issues"]
            .as_array()
            .unwrap()
            .iter()
            .any(|issue| issue["code"] == code && issue["path"] == place);
        assert!(found, "{path} {body}: {code} at {place} is not in {:#}", reply.body);
    }
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_make_no_sense() {
    let server = with_terminal().await;
    put(&server, "containers/CSQU3054383", json!({"size_type": "22G1"})).await;
    post(&server, "moves", json!({"container": "CSQU3054383", "from": "out", "to": "B/0/1"}))
        .await
        .is_problem(422, "invalid");
    post(&server, "moves", json!({"container": "CSQU3054383", "from": "out", "to": "out"}))
        .await
        .is_problem(409, "container_elsewhere");
    let ghost = json!({"container": "CSQU3054383", "from": "out", "to": "B/1/1", "equipment": "ghost"});
    post(&server, "moves", ghost).await.is_problem(422, "invalid");
    load(&server, "", "text/html", String::new()).await.is_problem(415, "unsupported_media_type");
    load(&server, "?keep=all", "text/csv", String::new()).await.is_problem(400, "bad_request");
    load(&server, "", "text/csv", String::new()).await.is_problem(422, "invalid");
    load(&server, "", "text/csv", "x".repeat(20_000)).await.is_problem(422, "invalid");
    load(&server, "", "application/x-ndjson", "[".repeat(9000)).await.is_problem(422, "invalid");
    for path in
        ["containers?slot=B/1", "containers?limit=0", "containers?color=red", "snapshot?at=noon", "equipment?online=1"]
    {
        server.get(&format!("/v1/terminals/T1/{path}")).await.is_problem(400, "bad_request");
    }
    for path in [
        "/v1/terminals/none",
        "/v1/terminals/none/containers",
        "/v1/terminals/none/history",
        "/v1/terminals/T1/calls/none",
    ] {
        server.get(path).await.is_problem(404, "not_found");
    }
    server.get(&format!("/v1/terminals/T1/containers/{}", number(1))).await.is_problem(404, "not_found");
    let both = |request: reqwest::RequestBuilder| {
        request.header("if-match", "\"1\"").header("if-none-match", "*").json(&json!({"size_type": "22G1"}))
    };
    call(&server, Method::PUT, "/v1/terminals/T1/containers/CSQU3054383", both).await.is_problem(400, "bad_request");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_keeps_the_rules_of_bodies() {
    let server = with_terminal().await;
    let table = format!("number,size_type\n{},22G1\n", number(1));
    let with = async |name: &'static str, value: &'static str| {
        call(&server, Method::POST, "/v1/terminals/T1/containers", |request| {
            request.header("content-type", "text/csv").header(name, value).body(table.clone())
        })
        .await
    };
    with("content-encoding", "gzip").await.is_problem(415, "unsupported_media_type");
    with("if-match", "\"1\"").await.is_problem(400, "bad_request");
    with("if-none-match", "*").await.is_problem(400, "bad_request");
    load(&server, "", "application/json", table.clone()).await.is_problem(415, "unsupported_media_type");
    // Who still sends when nothing more is read gets the answer nevertheless.
    let long = load(&server, "", "text/csv", format!("number,size_type\n{}", "x".repeat(40 << 20))).await;
    long.is_problem(422, "invalid");
    assert_eq!(long.body["issues"][0]["code"], "line_too_long", "{:#}", long.body);
    // As long a list would fill the memory; it is refused before any of it is sent.
    let mut raw = tokio::net::TcpStream::connect(server.base.strip_prefix("http://").unwrap()).await.unwrap();
    let head = "POST /v1/terminals/T1/containers HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/csv\r\ncontent-length: 268435457\r\n\r\n";
    raw.write_all(head.as_bytes()).await.unwrap();
    let mut said = [0; 12];
    raw.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"HTTP/1.1 413");
    assert_eq!(server.get("/v1/terminals/T1/containers").await.body["items"], json!([]));
    server.close().await;
}
