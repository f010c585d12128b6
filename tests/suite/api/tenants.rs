//! Keys and tenants: nobody sees what is another's.

use portolan_tests::server_at::{Reply, Server, Setup, keys};
use reqwest::{Method, RequestBuilder};

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
