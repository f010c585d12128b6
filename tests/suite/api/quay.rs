//! Quay plans over HTTP: the berth problem's other model, at the same address, by the real solver.

use portolan_tests::repository;
use portolan_tests::server_at::Server;
use reqwest::Method;
use serde_json::{Value, json};

fn sample() -> Value {
    let text = std::fs::read_to_string(repository().join("shared/samples/quay-days.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quay_is_planned_at_the_address_of_berths_with_its_bound() {
    let server = Server::real().await;
    let counted = server.post("/v1/berth/validate", &sample()).await;
    assert_eq!((&counted.body["valid"], &counted.body["counts"]), (&json!(true), &json!({"calls": 14})));
    let mut answer = server.post("/v1/berth/plans", &sample()).await.body;
    assert_eq!((&answer["status"], &answer["problem"]), (&json!("done"), &json!("berth")));
    let reached = (&answer["stop"], &answer["objective"], &answer["lower_bound"]);
    assert_eq!(reached, (&json!("exhausted"), &json!(1_499_400), &json!(1_420_200)));
    let visits = answer["plan"]["assignments"].as_array().unwrap();
    assert_eq!(visits.len(), 14);
    assert!(visits.iter().any(|visit| visit["delay"]["blocked_by"][0]["kind"] == "call"), "{visits:#?}");
    let frozen = visits.iter().find(|visit| visit["call"] == "Q01").unwrap();
    assert_eq!((&frozen["position_m"], &frozen["frozen"]), (&json!(0.0), &json!(true)));
    let id = answer["id"].as_str().unwrap().to_owned();
    for (accept, begins) in [("text/plain", "objective "), ("image/svg+xml", "<svg ")] {
        let request = server.request(Method::GET, &format!("/v1/plans/{id}")).header("accept", accept);
        let shown = server.send(request).await;
        assert!(shown.body.as_str().is_some_and(|text| text.starts_with(begins)), "{accept}: {}", shown.body);
    }
    answer["instance"] = sample();
    let verified = server.post("/v1/berth/verify", &answer).await;
    assert_eq!((verified.status.as_u16(), &verified.body["lower_bound"]), (200, &answer["lower_bound"]));
    answer["plan"]["assignments"][3]["position_m"] = json!(880);
    server.post("/v1/berth/verify", &answer).await.is_problem(422, "not_confirmed");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_quay_says_all_that_is_wrong() {
    let server = Server::real().await;
    let mut bad = sample();
    bad["quay"]["tide"]["period_s"] = json!(900);
    bad["calls"][1]["length_m"] = json!(1000);
    bad["calls"][2]["section"] = json!({"from_m": 850, "to_m": 900});
    let reply = server.post("/v1/berth/plans", &bad).await;
    reply.is_problem(422, "invalid");
    let text = reply.body.to_string();
    for path in ["/calls/1/length_m", "/calls/2/section", "/quay/tide/period_s"] {
        assert!(text.contains(path), "{path} is missing: {text}");
    }
    for (what, change) in [("berths", json!([])), ("quay", json!(900)), ("calls", json!({}))] {
        let mut bad = sample();
        bad[what] = change;
        let reply = server.post("/v1/berth/plans", &bad).await;
        assert!(reply.status.is_client_error(), "{what}: {}", reply.status);
    }
    server.close().await;
}
