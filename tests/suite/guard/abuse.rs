//! Callers who mean no good: what they do is refused cheaply and keeps nobody else out.

use std::time::Duration;

use portolan_tests::server_at::{Server, Setup, keys};
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::script;

const FAR: Duration = Duration::from_mins(1);

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.base.trim_start_matches("http://")).await.unwrap()
}

/// What comes back until the other side is done.
async fn answer(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    let _ = tokio::time::timeout(FAR, stream.read_to_end(&mut text)).await.expect("it ends");
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_that_are_opened_and_left_keep_nobody_out() {
    let server = Server::start(Setup { connections: 16, ..Setup::default() }).await;
    let mut left = Vec::new();
    for n in 0..200 {
        let mut stream = connect(&server).await;
        if n % 2 == 0 {
            // Half a head, and then nothing.
            let _ = stream.write_all(b"POST /v1/fake/plans HTTP/1.1\r\nhost: localh").await;
        }
        left.push(stream);
    }
    let asked = tokio::time::timeout(FAR, server.get("/livez")).await.expect("there is room for who says something");
    assert_eq!(asked.status, 200);
    let body = script("beside them", "quick", 1000);
    assert_eq!(server.post("/v1/fake/plans", &body).await.status, 200);
    drop(left);
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_without_end_is_cut_off() {
    let server = Server::start(Setup::default()).await;
    let mut stream = connect(&server).await;
    stream.write_all(b"GET /v1/plans HTTP/1.1\r\nhost: localhost\r\n").await.unwrap();
    let line = format!("x-{}: {}\r\n", "a".repeat(20), "b".repeat(4000));
    for _ in 0..1000 {
        if stream.write_all(line.as_bytes()).await.is_err() {
            break;
        }
    }
    let said = answer(stream).await;
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 431"), "{said}");
    assert_eq!(server.get("/livez").await.status, 200);
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_is_given_up() {
    let server = Server::start(Setup { body_time: Duration::from_millis(200), ..Setup::default() }).await;
    let mut stream = connect(&server).await;
    let head = "POST /v1/fake/plans HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5000\r\n\r\n{\"name\"";
    stream.write_all(head.as_bytes()).await.unwrap();
    let said = answer(stream).await;
    assert!(said.starts_with("HTTP/1.1 408") && said.contains("request_timeout"), "{said}");
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_wrong_keys_are_refused_and_solve_nothing() {
    let (ring, [secret]) = keys(["acme"]);
    let server = Server::start(Setup { keys: Some(ring), ..Setup::default() }).await;
    for n in 0..1000 {
        let ask = server.request(Method::POST, "/v1/fake/plans").bearer_auth(format!("ptl_{n:064}"));
        let reply = server.send(ask.json(&json!({"name": "wrong key", "behaviour": "quick"}))).await;
        assert_eq!(reply.status, 401);
        let told = reply.body.to_string();
        assert!(!told.contains("acme") && !told.contains("ptl_"), "{told}");
    }
    assert_eq!(portolan_tests::fake::solves("wrong key"), 0);
    let own = server.request(Method::POST, "/v1/fake/plans").bearer_auth(&secret);
    assert_eq!(server.send(own.json(&script("right key", "quick", 1000))).await.status, 200);
    server.close().await;
}
