//! What every resource of a terminal keeps: entity tags, conditions, idempotency keys, pages.

use portolan_tests::server_at::{Reply, Server};
use reqwest::Method;
use serde_json::{Value, json};

use super::api::{call, put, with_terminal};
use super::{number, spec_json};

/// Each resource, with two contents of it.
fn resources() -> Vec<(String, Value, Value)> {
    let mut other = spec_json();
    other["name"] = json!("another");
    vec![
        ("/v1/terminals/T2".to_owned(), spec_json(), other),
        (
            format!("/v1/terminals/T1/containers/{}", number(1)),
            json!({"size_type": "22G1"}),
            json!({"size_type": "42G1", "weight_kg": 9000}),
        ),
        (
            "/v1/terminals/T1/calls/X".to_owned(),
            json!({"eta": "2026-03-03T00:00:00Z", "moves": 100}),
            json!({"eta": "2026-03-03T00:00:00Z", "moves": 200, "class": 1}),
        ),
        (
            "/v1/terminals/T1/equipment/RTG-1".to_owned(),
            json!({"kind": "yard_crane"}),
            json!({"kind": "yard_crane", "at": "B", "moves_per_hour": 25}),
        ),
    ]
}

async fn with(server: &Server, method: Method, path: &str, fields: &[(&str, &str)], body: Option<&Value>) -> Reply {
    call(server, method, path, |mut request| {
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        match body {
            Some(body) => request.json(body),
            None => request,
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_has_a_tag_and_keeps_its_conditions() {
    let server = with_terminal().await;
    for (path, one, other) in resources() {
        let put = |fields: &'static [(&'static str, &'static str)], body: &Value| {
            let (server, path, body) = (&server, path.clone(), body.clone());
            async move { with(server, Method::PUT, &path, fields, Some(&body)).await }
        };
        let made = put(&[("if-none-match", "*"), ("x-actor", "first")], &one).await;
        assert_eq!(made.status, 201, "{path}: {:#}", made.body);
        assert_eq!(made.header("location"), path);
        let tag = made.header("etag").to_owned();
        let again = put(&[("if-none-match", "*")], &one).await;
        assert_eq!(again.is_problem(412, "precondition_failed").body["won"]["by"], "first", "{path}");
        assert_eq!(server.get(&path).await.header("etag"), tag, "{path}");
        let same = with(&server, Method::GET, &path, &[("if-none-match", &tag)], None).await;
        // Equipment comes and goes without a new version.
        assert_eq!(same.status.as_u16(), if path.contains("equipment") { 200 } else { 304 }, "{path}");

        let changed =
            with(&server, Method::PUT, &path, &[("if-match", &tag), ("x-actor", "second")], Some(&other)).await;
        assert_eq!(changed.status, 200, "{path}: {:#}", changed.body);
        assert_ne!(changed.header("etag"), tag);
        let late = with(&server, Method::PUT, &path, &[("if-match", &tag)], Some(&one)).await;
        assert_eq!(late.is_problem(412, "precondition_failed").body["won"]["by"], "second", "{path}");
        with(&server, Method::DELETE, &path, &[("if-match", &tag)], None).await.is_problem(412, "precondition_failed");
        let nobody = with(&server, Method::PUT, &path, &[("if-match", "\"nonsense\"")], Some(&one)).await;
        nobody.is_problem(412, "precondition_failed");

        let key = format!("put {path}");
        let keyed =
            async |body: &Value| with(&server, Method::PUT, &path, &[("idempotency-key", &key)], Some(body)).await;
        let first = keyed(&one).await;
        put(&[], &other).await;
        let replayed = keyed(&one).await;
        assert_eq!((replayed.header("etag"), &replayed.body), (first.header("etag"), &first.body), "{path}");
        assert_eq!(replayed.header("idempotent-replayed"), "true");
        assert_ne!(server.get(&path).await.header("etag"), first.header("etag"), "{path}: it has one effect");
        keyed(&other).await.is_problem(422, "idempotency_mismatch");

        let tag = server.get(&path).await.header("etag").to_owned();
        let gone = [("if-match", tag.as_str()), ("idempotency-key", "gone")];
        assert_eq!(with(&server, Method::DELETE, &path, &gone[..1], None).await.status, 204, "{path}");
        server.get(&path).await.is_problem(404, "not_found");
        with(&server, Method::DELETE, &path, &[], None).await.is_problem(404, "not_found");
        with(&server, Method::PUT, &path, &[("if-match", "*")], Some(&one))
            .await
            .is_problem(412, "precondition_failed");
    }
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_load_and_estimates_have_one_effect_for_a_key() {
    let server = with_terminal().await;
    put(&server, "calls/X", json!({"eta": "2026-03-03T00:00:00Z", "moves": 100})).await;
    let table = format!("number,slot,size_type\n{},B/1/1/1,22G1\n", number(1));
    let load = || {
        call(&server, Method::POST, "/v1/terminals/T1/containers", |request| {
            let request = request.header("content-type", "text/csv").header("idempotency-key", "list");
            request.body(table.clone())
        })
    };
    let estimate = || {
        call(&server, Method::POST, "/v1/terminals/T1/calls/X/estimates", |request| {
            request.header("idempotency-key", "eta").json(&json!({"eta": "2026-03-03T05:00:00Z"}))
        })
    };
    for _ in 0..3 {
        let loaded = load().await;
        assert_eq!((&loaded.body["loaded"], &loaded.body["version"]), (&json!(1), &json!(3)), "{:#}", loaded.body);
        assert_eq!(estimate().await.body["estimates"].as_array().unwrap().len(), 2);
    }
    let history = server.get("/v1/terminals/T1/history").await;
    assert_eq!(history.body["items"].as_array().unwrap().len(), 4);
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_list_is_paged() {
    let server = with_terminal().await;
    for at in 0..5 {
        put(&server, &format!("calls/C{at}"), json!({"eta": "2026-03-03T00:00:00Z", "moves": 100})).await;
        put(&server, &format!("equipment/E{at}"), json!({"kind": "truck"})).await;
        put(&server, &format!("containers/{}", number(at)), json!({"size_type": "22G1", "destination": "rail:R"}))
            .await;
        let more = format!("/v1/terminals/U{at}");
        with(&server, Method::PUT, &more, &[], Some(&spec_json())).await;
    }
    let lists = [
        ("/v1/terminals?limit=2", 6),
        ("/v1/terminals/T1/calls?limit=2", 5),
        ("/v1/terminals/T1/equipment?limit=2", 5),
        ("/v1/terminals/T1/equipment?online=false&limit=2", 5),
        ("/v1/terminals/T1/containers?limit=2", 5),
        ("/v1/terminals/T1/containers?destination=rail:R&limit=2", 5),
        ("/v1/terminals/T1/history?limit=2", 16),
        ("/v1/terminals/T1/history?limit=2&from=2000-01-01T00:00:00Z&to=2100-01-01T00:00:00%2B00:00", 16),
    ];
    for (list, all) in lists {
        let (mut page, mut found) = (server.get(list).await, Vec::new());
        loop {
            let items = page.body["items"].as_array().unwrap_or_else(|| panic!("{list}: {:#}", page.body));
            assert!(items.len() <= 2, "{list}");
            found.extend(items.iter().map(ToString::to_string));
            let Some(next) = page.body["next"].as_str() else { break };
            assert_eq!(page.header("link"), format!("<{next}>; rel=\"next\""), "{list}");
            page = server.get(next).await;
        }
        assert_eq!(found.len(), all, "{list}");
        found.sort();
        found.dedup();
        assert_eq!(found.len(), all, "{list}: something comes twice");
    }
    server.close().await;
}
