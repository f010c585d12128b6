//! Yard plans over HTTP, by the real solver.

use portolan_tests::repository;
use portolan_tests::server_at::Server;
use reqwest::Method;
use serde_json::{Value, json};

fn sample() -> Value {
    let text = std::fs::read_to_string(repository().join("shared/samples/yard-bay.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn bay() -> Value {
    json!({
        "stacks": [
            {"id": "A", "max_tiers": 3, "containers": ["1", "3"]},
            {"id": "B", "max_tiers": 3, "containers": ["2"]},
            {"id": "C", "max_tiers": 3}
        ],
        "departures": ["1", "2", "3"]
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bay_is_planned_with_its_proof() {
    let server = Server::real().await;
    let reply = server.post("/v1/yard/plans", &bay()).await;
    assert_eq!(reply.status, 200, "{:#}", reply.body);
    assert_eq!((&reply.body["objective"], &reply.body["lower_bound"]), (&json!(1), &json!(1)));
    let moves = reply.body["plan"]["moves"].as_array().unwrap();
    assert_eq!(moves.len(), 4, "{moves:#?}");
    let why = json!({"code": "blocks", "container": "1", "turn": 1});
    assert_eq!((&moves[0]["container"], &moves[0]["why"]), (&json!("3"), &why));
    let id = reply.text("id");
    for (accept, begins) in [("text/plain", "objective 1 "), ("image/svg+xml", "<svg ")] {
        let request = server.request(Method::GET, &format!("/v1/plans/{id}")).header("accept", accept);
        let shown = server.send(request).await;
        assert!(shown.body.as_str().is_some_and(|text| text.starts_with(begins)), "{accept}: {}", shown.body);
    }
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_is_counted_planned_and_confirmed() {
    let server = Server::real().await;
    let counted = server.post("/v1/yard/validate", &sample()).await;
    assert_eq!(counted.body["counts"], json!({"stacks": 8, "departures": 10}));
    let mut answer = server.post("/v1/yard/plans", &sample()).await.body;
    assert_eq!((&answer["proof"], &answer["objective"]), (&json!("optimal"), &json!(16)));
    answer["instance"] = sample();
    let verified = server.post("/v1/yard/verify", &answer).await;
    assert_eq!((verified.status.as_u16(), &verified.body["objective"]), (200, &json!(16)), "{:#}", verified.body);
    answer["plan"]["moves"][0]["to"]["tier"] = json!(2);
    let refuted = server.post("/v1/yard/verify", &answer).await;
    refuted.is_problem(422, "not_confirmed");
    assert!(refuted.body.to_string().contains("tier 2 is not the next one there"), "{:#}", refuted.body);
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn benchmark_files_and_tables_are_planned_as_they_are() {
    let server = Server::real().await;
    let table = "container,stack,tier,turn\n1,A,1,1\n3,A,2,3\n2,B,1,2\n,C,,\n";
    for (kind, body) in [("text/plain", "3 3 3\n2 1 3\n1 2\n0\n"), ("text/csv", table)] {
        let request = server.request(Method::POST, "/v1/yard/plans").header("content-type", kind);
        let reply = server.send(request.body(body)).await;
        assert_eq!((reply.status.as_u16(), &reply.body["objective"]), (200, &json!(1)), "{:#}", reply.body);
    }
    let request = server.request(Method::POST, "/v1/yard/plans").header("content-type", "application/edifact");
    let reply = server.send(request.body("UNH+1+BAPLIE:D:95B:UN'LOC+147+0070182'EQD+CN+X1+45")).await;
    reply.is_problem(422, "invalid");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yard_that_is_too_full_is_planned_as_far_as_it_goes_and_says_what_is_missing() {
    let server = Server::real().await;
    let full = json!({
        "stacks": [
            {"id": "A", "max_tiers": 3, "containers": ["x", "2", "3"]},
            {"id": "B", "max_tiers": 3, "containers": ["1", "y"]}
        ],
        "departures": ["x", "1"]
    });
    let reply = server.post("/v1/yard/plans", &full).await;
    assert_eq!(reply.status, 200, "{:#}", reply.body);
    let left_out = &reply.body["plan"]["left_out"];
    assert_eq!((&left_out[0]["container"], &left_out[0]["missing_slots"]), (&json!("x"), &json!(1)), "{left_out:#}");
    assert_eq!(left_out[0]["remedy"], json!({"change": "free_slots", "slots": 1}));
    assert_eq!(reply.body["plan"]["kpis"]["left_out"], 2);
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_with_pointers() {
    let server = Server::real().await;
    for (pointer, value, code) in [
        ("/stacks/0/max_tiers", json!(1), "stack_too_high"),
        ("/stacks/2/containers", json!(["1"]), "duplicate_container"),
        ("/stacks/2/containers", json!(["CSQU3054384"]), "check_digit"),
        ("/departures/0", json!("7"), "unknown_container"),
        ("/departures/0", json!({"id": "7"}), "wrong_shape"),
        ("/moves", json!("sideways"), "wrong_shape"),
    ] {
        let mut document = bay();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        match document.pointer_mut(parent).unwrap() {
            Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
            other => other[name] = value,
        }
        let reply = server.post("/v1/yard/plans", &document).await;
        reply.is_problem(422, "invalid");
        let issue = &reply.body["issues"][0];
        assert_eq!(issue["code"], code, "{:#}", reply.body);
        assert!(issue["path"].as_str().unwrap().starts_with(pointer.rsplit_once('/').unwrap().0), "{issue:#}");
    }
    server.close().await;
}
