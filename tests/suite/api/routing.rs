//! Routing plans over HTTP, by the real solver.

use portolan_tests::repository;
use portolan_tests::server_at::Server;
use reqwest::Method;
use serde_json::{Value, json};

fn sample() -> Value {
    read("routing-week.json")
}

fn read(name: &str) -> Value {
    let text = std::fs::read_to_string(repository().join("shared/samples").join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_planned_in_the_words_of_its_timetable() {
    let server = Server::real().await;
    let mut answer = server.post("/v1/routing/plans", &read("routing-month.json")).await.body;
    assert_eq!(answer["status"], json!("done"), "{:#}", answer["status"]);
    let lots = answer["plan"]["lots"].as_array().unwrap();
    let vaccines = lots.iter().find(|lot| lot["lot"] == "vaccines").unwrap();
    let first = &vaccines["routes"][0]["legs"][0];
    assert_eq!((&first["by"], &first["id"]), (&json!("sailing"), &json!("Guinea 2026-03-02")), "{vaccines:#}");
    assert_eq!(first["departs"], json!("2026-03-03T00:00:00Z"));
    assert_eq!(vaccines["routes"][0]["containers"].as_array().unwrap().len(), 3);
    assert!(!answer["plan"]["utilisation"].as_array().unwrap().is_empty());
    let id = answer["id"].as_str().unwrap().to_owned();
    let question = json!({"scenarios": [
        {"id": "late", "changes": [{"change": "delay", "sailing": "Cape Verga, extra loader", "delay_s": 86400}]},
        {"changes": [{"change": "slots", "sailing": "Guinea 2026-03-02", "slots_teu": 300}]}
    ]});
    let path = format!("/v1/routing/plans/{id}/what-if");
    let reply = server.post(&path, &question).await;
    assert_eq!(reply.status.as_u16(), 200, "{:#}", reply.body);
    assert_eq!(reply.body["objective"], answer["objective"]);
    for told in reply.body["scenarios"].as_array().unwrap() {
        assert!(told["lower_bound"].as_i64() <= told["objective"].as_i64(), "{told:#}");
    }
    let wrong = json!({"scenarios": [{"changes": [{"change": "cancel", "sailing": "Flying Dutchman"}]}]});
    let reply = server.post(&path, &wrong).await;
    reply.is_problem(422, "invalid");
    assert!(reply.body.to_string().contains("/scenarios/0/changes/0/sailing"), "{:#}", reply.body);
    server
        .post("/v1/routing/plans/0197e5a0-0000-7000-8000-000000000000/what-if", &question)
        .await
        .is_problem(404, "not_found");
    answer["instance"] = read("routing-month.json");
    let verified = server.post("/v1/routing/verify", &answer).await;
    assert_eq!((verified.status.as_u16(), &verified.body["lower_bound"]), (200, &answer["lower_bound"]));
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_is_routed_with_its_proof_and_confirmed() {
    let server = Server::real().await;
    let counted = server.post("/v1/routing/validate", &sample()).await;
    assert_eq!((&counted.body["valid"], &counted.body["problem"]), (&json!(true), &json!("routing")));
    let mut answer = server.post("/v1/routing/plans", &sample()).await.body;
    assert_eq!(answer["status"], json!("done"), "{:#}", answer["status"]);
    assert!(answer["gap"].as_f64().unwrap() < 0.001, "{}", answer["gap"]);
    let unserved = answer["plan"]["unserved"].as_array().unwrap();
    assert!(unserved.iter().any(|one| one["cause"]["code"] == "no_room"), "{unserved:#?}");
    assert!(!answer["plan"]["most_valuable"].as_array().unwrap().is_empty());
    let id = answer["id"].as_str().unwrap().to_owned();
    for (accept, begins) in [("text/plain", "objective "), ("image/svg+xml", "<svg ")] {
        let request = server.request(Method::GET, &format!("/v1/plans/{id}")).header("accept", accept);
        let shown = server.send(request).await;
        assert!(shown.body.as_str().is_some_and(|text| text.starts_with(begins)), "{accept}: {}", shown.body);
    }
    answer["instance"] = sample();
    let verified = server.post("/v1/routing/verify", &answer).await;
    assert_eq!((verified.status.as_u16(), &verified.body["lower_bound"]), (200, &answer["lower_bound"]));
    answer["certificate"]["prices"] = json!([]);
    server.post("/v1/routing/verify", &answer).await.is_problem(422, "not_confirmed");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_networks_say_all_that_is_wrong() {
    let server = Server::real().await;
    let mut bad = sample();
    bad["arcs"][0]["to"] = json!("Atlantis");
    bad["resources"][0]["capacity"] = json!(-1);
    bad["lots"][0]["quantity"] = json!(0);
    bad["lots"][1]["id"] = bad["lots"][0]["id"].clone();
    let reply = server.post("/v1/routing/plans", &bad).await;
    reply.is_problem(422, "invalid");
    let text = reply.body.to_string();
    for path in ["/arcs/0/to", "/resources/0/capacity", "/lots/0/quantity", "/lots/1/id"] {
        assert!(text.contains(path), "{path} is missing: {:#}", reply.body);
    }
    for (what, change) in [("capcity", json!(3)), ("arcs", json!("none")), ("lots", json!({}))] {
        let mut bad = sample();
        bad[what] = change;
        let reply = server.post("/v1/routing/plans", &bad).await;
        assert!(reply.status.is_client_error(), "{what}: {}", reply.status);
    }
    server.close().await;
}
