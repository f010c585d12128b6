//! Callers who mean no good: what they do is refused cheaply and keeps nobody else out.

use std::process::Command;
use std::time::Duration;

use portolan_tests::server_at::{Server, Setup, keys};
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::script;
use crate::process::{Folder, Process, serving};

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

/// A server that may have 256 files, and ten thousand sockets (`PORTOLAN_SOCKETS=100000` for as many) in waves of 500: some say nothing,
/// some half a head, some a whole request and then stay. Whoever comes beside them is served.
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_sockets_keeps_nobody_out() {
    let sockets = std::env::var("PORTOLAN_SOCKETS").ok().and_then(|sockets| sockets.parse().ok()).unwrap_or(10_000);
    let folder = Folder::new("sockets");
    let mut limited = Command::new("prlimit");
    limited.args(["--nofile=256:256", env!("CARGO_BIN_EXE_fake-portolan")]);
    let process = Process::start_as(serving(limited, &folder.0, "127.0.0.1:0"), &folder.0);
    let address = process.base.trim_start_matches("http://").to_owned();
    let half = "POST /v1/fake/plans HTTP/1.1\r\nhost: localh";
    let whole = "GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n";
    for wave in 0..sockets / 500 {
        let mut left = Vec::new();
        for n in 0..500 {
            // The server may have pushed it out already.
            let Ok(mut stream) = TcpStream::connect(&address).await else { continue };
            let said = [half, whole, ""][n % 3];
            let _ = stream.try_write(said.as_bytes());
            if n % 2 == 0 {
                left.push(stream);
            } else {
                let _ = stream.shutdown().await;
            }
        }
        if wave % 10 == 0 {
            let asked = tokio::time::timeout(FAR, process.get("/livez")).await.expect("there is room");
            assert_eq!(asked.status, 200);
            let body = script(&format!("beside wave {wave}"), "quick", 1000);
            let posted = process.client.post(format!("{}/v1/fake/plans", process.base)).json(&body).send();
            let posted = tokio::time::timeout(FAR, posted).await.expect("there is room").unwrap();
            assert_eq!(posted.status(), 200);
        }
    }
    process.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_used_makes_room_and_one_that_waits_does_not() {
    let server = Server::start(Setup { connections: 8, ..Setup::default() }).await;
    let waiting: Vec<_> = (0..4)
        .map(|n| {
            let body = script(&format!("held place {n}"), "slow", 1500);
            tokio::spawn(server.request(Method::POST, "/v1/fake/plans").json(&body).send())
        })
        .collect();
    portolan_tests::aws::until("they are solved or wait", async || (server.plans.load().1 >= 2).then_some(())).await;
    let mut kept = Vec::new();
    for _ in 0..40 {
        let mut stream = connect(&server).await;
        stream.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        let mut said = [0; 15];
        tokio::time::timeout(FAR, stream.read_exact(&mut said)).await.expect("it is served").unwrap();
        assert_eq!(&said, b"HTTP/1.1 200 OK");
        kept.push(stream);
    }
    for asked in waiting {
        let status = asked.await.unwrap().expect("its connection stays").status().as_u16();
        assert!([200, 503].contains(&status), "{status}");
    }
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
