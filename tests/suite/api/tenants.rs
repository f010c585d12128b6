//! Keys and tenants: nobody sees what is another's.

use portolan_tests::server_at::{Reply, Server, Setup, keys};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::script;

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_sees_its_own_plans_only() {
    let (ring, secrets) = keys(["acme", "globex"]);
    let server = Server::start(Setup { keys: Some(ring), ..Setup::default() }).await;
    let acme = |request: RequestBuilder| server.send(request.bearer_auth(&secrets[0]));
    let globex = |request: RequestBuilder| server.send(request.header("x-api-key", &secrets[1]));
    let post = || server.request(Method::POST, "/v1/fake/plans").json(&script("tenants", "quick"));
    let theirs: Reply = acme(post()).await;
    assert_eq!(theirs.status, 200, "{:#}", theirs.body);
    let place = theirs.header("location").to_owned();
    let at = |method: Method| server.request(method, &place);
    assert_eq!(acme(at(Method::GET)).await.status, 200);
    globex(at(Method::GET)).await.is_problem(404, "not_found");
    globex(at(Method::DELETE)).await.is_problem(404, "not_found");
    let list = || server.request(Method::GET, "/v1/plans");
    assert_eq!(globex(list()).await.body["plans"].as_array().unwrap().len(), 0);
    assert_eq!(acme(list()).await.body["plans"].as_array().unwrap().len(), 1);
    // Nor does an equal request find the other's answer.
    let own = globex(post()).await;
    assert_eq!(own.header("cache-status"), "portolan; fwd=miss; stored");
    assert_ne!(own.text("id"), theirs.text("id"));
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_valid_key_nothing_is_served() {
    let server = Server::start(Setup { keys: Some(keys(["acme"]).0), ..Setup::default() }).await;
    for request in [
        server.request(Method::GET, "/v1/plans"),
        server.request(Method::GET, "/v1/plans").bearer_auth("ptl_wrong"),
        server.request(Method::GET, "/v1/plans").basic_auth("acme", Some("x")),
        server.request(Method::POST, "/v1/fake/plans").json(&script("nobody", "quick")),
    ] {
        let reply = server.send(request).await;
        reply.is_problem(401, "unauthorized");
        assert_eq!(reply.header("www-authenticate"), "Bearer realm=\"portolan\"");
    }
    for open in ["/livez", "/readyz", "/openapi.json"] {
        assert_eq!(server.get(open).await.status, 200, "{open}");
    }
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_sees_its_own_terminals_only() {
    let (ring, secrets) = keys(["acme", "globex"]);
    let problems = portolan::problem::registry();
    let server = Server::start(Setup { problems, keys: Some(ring), ..Setup::default() }).await;
    let send = async |secret: &str, method: Method, path: &str, body: Option<Value>| {
        let mut request = server.request(method, path).bearer_auth(secret);
        if let Some(body) = body {
            request = request.json(&body);
        }
        server.send(request).await
    };
    let (acme, globex) = (secrets[0].as_str(), secrets[1].as_str());
    let (t, container) = ("/v1/terminals/T1", "/v1/terminals/T1/containers/CSQU3054383");
    let layout = json!({"blocks": [{"id": "A", "bays": 2, "rows": 2, "max_tiers": 3}]});
    assert_eq!(send(acme, Method::PUT, t, Some(layout.clone())).await.status, 201);
    assert_eq!(send(acme, Method::PUT, container, Some(json!({"size_type": "22G1"}))).await.status, 201);
    let wanted = json!({"container": "CSQU3054383", "from": "out", "to": "A/1/1"});
    let places = ["", "/containers", "/containers/CSQU3054383", "/history", "/snapshot", "/calls", "/equipment"];
    for place in places {
        send(globex, Method::GET, &format!("{t}{place}"), None).await.is_problem(404, "not_found");
    }
    send(globex, Method::POST, &format!("{t}/moves"), Some(wanted.clone())).await.is_problem(404, "not_found");
    send(globex, Method::DELETE, container, None).await.is_problem(404, "not_found");
    assert_eq!(send(globex, Method::GET, "/v1/terminals", None).await.body["items"], json!([]));
    // The same names are other terminals, and the same keys other requests.
    assert_eq!(send(globex, Method::PUT, t, Some(layout)).await.status, 201);
    send(globex, Method::GET, container, None).await.is_problem(404, "not_found");
    assert_eq!(send(acme, Method::POST, &format!("{t}/moves"), Some(wanted)).await.status, 200);
    assert_eq!(send(globex, Method::GET, &format!("{t}/snapshot"), None).await.body["version"], 1);
    // Nor is a plan another's, or carried out by one.
    let plan = send(acme, Method::POST, &format!("{t}/yard/plans"), Some(json!({"containers": ["CSQU3054383"]}))).await;
    assert_eq!(plan.status, 200, "{:#}", plan.body);
    let steps = format!("{t}/plans/{}/steps", plan.text("id"));
    send(globex, Method::POST, &steps, Some(json!({"step": 1}))).await.is_problem(404, "not_found");
    assert_eq!(send(acme, Method::POST, &steps, Some(json!({"step": 1}))).await.status, 200);
    server.close().await;
}
