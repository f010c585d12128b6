//! Plans that are kept: paging, views, entity tags, health.

use portolan_tests::server_at::{Server, Setup};
use reqwest::Method;
use serde_json::json;

use super::{json_shape, script};

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_paged_newest_first() {
    let server = Server::start(Setup::default()).await;
    let mut made = Vec::new();
    for n in 0..5 {
        made.insert(0, server.post("/v1/fake/plans", &script(&format!("page {n}"), "quick")).await.text("id"));
    }
    let mut seen = Vec::new();
    let mut next = Some("/v1/plans?limit=2&status=done".to_owned());
    let mut sizes = Vec::new();
    while let Some(path) = next {
        let page = server.get(&path).await;
        assert_eq!(page.status, 200, "{:#}", page.body);
        let plans = page.body["plans"].as_array().unwrap().clone();
        sizes.push(plans.len());
        seen.extend(plans.iter().map(|plan| plan["id"].as_str().unwrap().to_owned()));
        assert!(plans.iter().all(|plan| plan["plan"].is_null() && plan["objective"] == 10));
        next = page.body["next"].as_str().map(str::to_owned);
        let link = next.as_ref().map(|next| format!("<{next}>; rel=\"next\"")).unwrap_or_default();
        assert_eq!(page.header("link"), link);
    }
    assert_eq!((seen, sizes), (made, vec![2, 2, 1]));
    assert_eq!(server.get("/v1/plans?status=failed").await.body, json!({"plans": []}));
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entity_tags_save_transfers_and_guard_deletes() {
    let server = Server::start(Setup::default()).await;
    let reply = server.post("/v1/fake/plans", &script("tags", "quick")).await;
    let place = reply.header("location").to_owned();
    let tag = reply.header("etag").to_owned();
    let get = |tag: &str| server.request(Method::GET, &place).header("if-none-match", tag.to_owned());
    let same = server.send(get(&tag)).await;
    assert_eq!((same.status.as_u16(), same.header("etag")), (304, tag.as_str()));
    assert_eq!(same.body, "");
    assert_eq!(server.send(get("\"other\"")).await.status, 200);
    let whole = server.get(&format!("{place}?include=instance")).await;
    assert_eq!(whole.body["instance"], script("tags", "quick"));
    assert_ne!(whole.header("etag"), tag, "another view has another tag");

    let delete = |tag: &str| server.request(Method::DELETE, &place).header("if-match", tag.to_owned());
    server.send(delete("\"9.9\"")).await.is_problem(412, "precondition_failed");
    assert_eq!(server.send(delete(&tag)).await.status, 204);
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_can_be_drawn_and_verified() {
    let server = Server::start(Setup::default()).await;
    let reply = server.post("/v1/fake/plans", &script("drawn", "quick")).await;
    let place = reply.header("location").to_owned();
    let get = |kind: &str| server.request(Method::GET, &place).header("accept", kind.to_owned());
    let svg = server.send(get("image/svg+xml")).await;
    assert_eq!(svg.header("content-type"), "image/svg+xml");
    assert!(svg.body.as_str().unwrap().starts_with("<svg"));
    let text = server.send(get("text/plain")).await;
    assert_eq!((text.header("content-type"), &text.body), ("text/plain; charset=utf-8", &json!("cost 10\n")));

    let document = server.get(&format!("{place}?include=instance")).await.body;
    let verified = server.post("/v1/fake/verify", &document).await;
    insta::assert_snapshot!(
        json_shape(&verified.body),
        @r#"{"claimed_lower_bound":10,"gap":0.0,"lower_bound":10,"objective":10,"problem":"fake"}"#
    );
    let refuted = server.post("/v1/fake/verify", &json!({"objective": 1})).await;
    refuted.is_problem(422, "not_confirmed");
    assert_eq!(refuted.body["violations"][0]["code"], "too_good");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_nothing_to_draw_before_the_answer() {
    let server = Server::start(Setup::default()).await;
    let request = server.request(Method::POST, "/v1/fake/plans").header("prefer", "respond-async");
    let reply = server.send(request.json(&script("undrawn", "slow"))).await;
    let get = server.request(Method::GET, reply.header("location")).header("accept", "image/svg+xml");
    server.send(get).await.is_problem(409, "no_answer_yet");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_plan_is_a_document_that_verifies() {
    let server = Server::real().await;
    let problem = json!({
        "berths": [{"id": "north"}, {"id": "south"}],
        "calls": [
            {"id": "A", "arrival": 0, "handling_s": {"north": 7200, "south": 3600}},
            {"id": "B", "arrival": 0, "handling_s": {"north": 7200, "south": 3600}}
        ]
    });
    let reply = server.post("/v1/berth/plans", &problem).await;
    assert_eq!(reply.status, 200, "{:#}", reply.body);
    for key in [
        "objective",
        "lower_bound",
        "gap",
        "proof",
        "stop",
        "tier",
        "seed",
        "ticks",
        "reproducible",
        "levels",
        "stats",
        "plan",
        "certificate",
    ] {
        assert!(!reply.body[key].is_null(), "{key}");
    }
    let document = server.get(&format!("{}?include=instance", reply.header("location"))).await.body;
    let verified = server.post("/v1/berth/verify", &document).await;
    assert_eq!(verified.status, 200, "{:#}", verified.body);
    assert_eq!(verified.body["objective"], reply.body["objective"]);
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_described_is_served() {
    let server = Server::real().await;
    let description = server.get("/openapi.json").await.body;
    let mut count = 0;
    for (path, item) in description["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().filter(|name| *name != "parameters") {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let reply = server.send(server.request(method.clone(), &path.replace("{id}", "none"))).await;
            let status = reply.status.as_u16().to_string();
            let responses = &item[method.as_str().to_lowercase()]["responses"];
            assert!(responses[&status].is_object(), "{method} {path} answers {status}, which is not described");
            assert_ne!(reply.status, 405, "{method} {path}");
            count += 1;
        }
    }
    assert!(count >= 9, "{count}");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_description_are_there() {
    let server = Server::start(Setup::default()).await;
    assert_eq!(server.get("/livez").await.body, json!({"status": "up"}));
    let ready = server.get("/readyz").await;
    assert_eq!(ready.body, json!({"status": "up", "dependencies": {"solver": "up", "store": "up", "terminals": "up"}}));
    let description = server.get("/openapi.json").await;
    assert_eq!(description.body["openapi"], "3.1.0");
    server.close().await;
}
