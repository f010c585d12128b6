//! Whatever is sent, the answer is a clear problem, in bounded time and memory.

use std::time::Duration;

use portolan::limits::MAX_DOCUMENT_BYTES;
use portolan_tests::server_at::{Reply, Server, Setup};
use reqwest::{Body, Method};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn post_text(server: &Server, path: &str, body: impl Into<Body>) -> Reply {
    let request = server.request(Method::POST, path).header("content-type", "application/json");
    server.send(request.body(body)).await
}

fn week() -> Value {
    json!({
        "berths": [{"id": "north", "length_m": 300.0}, {"id": "south", "closures": [{"from": 0, "to": 3600}]}],
        "calls": [
            {"id": "A", "arrival": 0, "length_m": 200.0, "handling_s": {"north": 7200, "south": 3600}},
            {"id": "B", "arrival": 600, "handling_s": {"north": 7200}}
        ]
    })
}

/// The codes and places of the issues.
fn issues(reply: &Reply) -> Vec<(String, String)> {
    let all = reply.body["issues"].as_array().unwrap_or_else(|| panic!("no issues in {:#}", reply.body));
    assert!(all.iter().all(|issue| issue["cause"].is_string() && issue["action"].is_string()));
    let text = |issue: &Value, name: &str| issue[name].as_str().unwrap().to_owned();
    all.iter().map(|issue| (text(issue, "path"), text(issue, "code"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_no_json_is_a_400() {
    let server = Server::real().await;
    let deep = format!("{{\"berths\":{}", "[".repeat(1_000_000));
    let nan = r#"{"berths":[{"id":"n","length_m":NaN}],"calls":[]}"#;
    let infinite = r#"{"berths":[{"id":"n","length_m":1e999}],"calls":[]}"#;
    for body in ["", "{", "{\"berths\": [}", "{} {}", nan, infinite, deep.as_str(), "{\"berths\": \"\u{0}\"}"] {
        for action in ["plans", "validate", "verify"] {
            let reply = post_text(&server, &format!("/v1/berth/{action}"), body.to_owned()).await;
            let start: String = body.chars().take(40).collect();
            let status = reply.status.as_u16();
            assert!(status == 400 || status == 422, "{start}: {:#}", reply.body);
            reply.is_problem(status, if status == 400 { "not_json" } else { "invalid" });
            assert_eq!(issues(&reply).len(), 1, "{start}");
        }
    }
    let reply = post_text(&server, "/v1/berth/plans", vec![0xff, 0xfe, 0x00]).await;
    assert!(reply.status.is_client_error());
    post_text(&server, "/v1/berth/plans", "{\"berths\": [}").await.is_problem(400, "not_json");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_all_at_once_with_pointers() {
    let server = Server::real().await;
    let change = |pointer: &str, value: Value| {
        let mut week = week();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        week.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(name.to_owned(), value);
        week
    };
    let cases = [
        (change("/berths", json!(7)), "/berths"),
        (change("/calls/0/arrival", json!([])), "/calls/0/arrival"),
        (change("/calls/1/lenght_m", json!(7)), "/calls/1"),
        (change("/berths/1/id", json!("north")), "/berths/1/id"),
        (change("/calls/1/id", json!("A")), "/calls/1/id"),
        (change("/calls/0/handling_s", json!({"east": 60})), "/calls/0/handling_s/east"),
        (change("/calls/0/handling_s", json!({"north": -60})), "/calls/0/handling_s/north"),
        (change("/calls/0/arrival", json!(-5)), "/calls/0/arrival"),
        (change("/calls/0/arrival", json!(i64::MAX)), "/calls/0/arrival"),
        (change("/calls/1/length_m", json!(400.0)), "/calls/1"),
        (change("/berths/1/closures/0/to", json!(-7)), "/berths/1/closures/0"),
    ];
    for (document, place) in cases {
        for action in ["plans", "validate"] {
            let reply = server.post(&format!("/v1/berth/{action}"), &document).await;
            reply.is_problem(422, "invalid");
            let found = issues(&reply);
            assert!(found.iter().any(|(path, _)| path.starts_with(place)), "{place}: {found:?}");
        }
    }
    let mut several = change("/calls/1/id", json!("A"));
    several["berths"][1]["id"] = json!("north");
    several["calls"][0]["arrival"] = json!(-1);
    let found = issues(&server.post("/v1/berth/validate", &several).await);
    assert!(found.len() >= 3, "{found:?}");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_valid_document_is_counted() {
    let server = Server::real().await;
    let reply = server.post("/v1/berth/validate", &week()).await;
    assert_eq!(reply.status, 200, "{:#}", reply.body);
    insta::assert_snapshot!(
        super::json_shape(&reply.body),
        @r#"{"counts":{"berths":2,"calls":2},"problem":"berth","valid":true}"#
    );
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_is_a_413_that_names_the_limit() {
    let server = Server::real().await;
    let hundred_megabytes = || vec![b' '; 100 * 1024 * 1024];
    let announced = post_text(&server, "/v1/berth/plans", hundred_megabytes()).await;
    let chunks = (0..100).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1 << 20]));
    let chunked = Body::wrap_stream(futures_stream(chunks));
    let chunked = post_text(&server, "/v1/berth/plans", chunked).await;
    for reply in [announced, chunked] {
        reply.is_problem(413, "document_too_large");
        assert!(reply.text("detail").contains(&MAX_DOCUMENT_BYTES.to_string()), "{:#}", reply.body);
    }
    assert_eq!(server.get("/livez").await.status, 200);
    server.close().await;
}

fn futures_stream<I, T>(items: I) -> impl futures_util::Stream<Item = T> + Send + 'static
where
    I: Iterator<Item = T> + Send + 'static,
{
    futures_util::stream::iter(items)
}

/// A document with so many calls.
fn calls(count: usize) -> String {
    let calls: Vec<String> = (0..count).map(|n| format!(r#"{{"id":"{n}","arrival":0}}"#)).collect();
    format!(r#"{{"berths":[{{"id":"n"}}],"calls":[{}]}}"#, calls.join(","))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_million_vessels_are_refused() {
    let server = Server::real().await;
    let body = calls(1_000_000);
    post_text(&server, "/v1/berth/plans", body).await.is_problem(413, "document_too_large");
    let body = calls(250_000);
    let reply = post_text(&server, "/v1/berth/plans", body).await;
    reply.is_problem(422, "invalid");
    assert!(issues(&reply).iter().any(|(path, _)| path == "/calls"), "{:#}", reply.body);
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_body_is_a_408() {
    let setup = Setup { body_time: Duration::from_millis(100), ..Setup::default() };
    let server = Server::start(setup).await;
    let mut stream = TcpStream::connect(server.base.trim_start_matches("http://")).await.unwrap();
    let head =
        "POST /v1/fake/plans HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains(r#""code":"request_timeout""#), "{answer}");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_offered_is_said_so() {
    let server = Server::start(Setup::default()).await;
    server.get("/nothing").await.is_problem(404, "not_found");
    let other = server.post("/v1/yards/plans", &json!({})).await;
    assert!(other.is_problem(404, "not_found").text("detail").contains("there is fake"));
    server.get("/v1/plans/no-id").await.is_problem(404, "not_found");
    let wrong = server.get("/v1/fake/plans").await;
    wrong.is_problem(405, "method_not_allowed");
    assert_eq!(wrong.header("allow"), "POST");
    let picky = server.request(Method::GET, "/v1/plans").header("accept", "text/html");
    server.send(picky).await.is_problem(406, "not_acceptable");
    let form =
        server.request(Method::POST, "/v1/fake/plans").header("content-type", "application/x-www-form-urlencoded");
    let form = server.send(form.body("a=b")).await;
    assert!(form.is_problem(415, "unsupported_media_type").text("detail").contains("--json"));
    for query in ["limit=0", "limit=101", "limit=x", "cursor=x", "status=lost", "sort=up"] {
        server.get(&format!("/v1/plans?{query}")).await.is_problem(400, "bad_request");
    }
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_is_taken_over_where_it_is_harmless() {
    let server = Server::start(Setup::default()).await;
    let with = |id: &str| server.request(Method::GET, "/nothing").header("x-request-id", id.to_owned());
    let reply = server.send(with("abc-123")).await;
    assert_eq!(reply.is_problem(404, "not_found").header("x-request-id"), "abc-123");
    let reply = server.send(with(&"x".repeat(500))).await;
    assert!(reply.is_problem(404, "not_found").header("x-request-id").len() < 100);
    server.close().await;
}
