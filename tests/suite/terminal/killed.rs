//! `kill -9` of a server in the midst of moves: what it confirmed is there, and a retry has one effect.

use reqwest::Client;
use serde_json::{Value, json};

use super::{number, spec_json};
use crate::process::{Folder, Process};

const CLIENTS: usize = 8;

/// Where the terminal of these tests is.
pub(super) fn place(process: &Process) -> String {
    format!("{}/v1/terminals/T1", process.base)
}

/// Where a client moves its container next, and the key it does that with.
fn step(client: usize, at: usize) -> (Value, String) {
    let place = |at: usize| format!("B/{}/{}", client + 1, at % 2 + 1);
    let from = if at == 0 { "out".to_owned() } else { format!("{}/1", place(at - 1)) };
    (json!({"container": number(client), "from": from, "to": place(at)}), format!("{client}-{at}"))
}

/// Moves until the server dies. Returns how many moves were confirmed.
async fn moves(base: String, client: usize) -> usize {
    let http = Client::new();
    for at in 0.. {
        let (body, key) = step(client, at);
        let sent = http.post(format!("{base}/moves")).header("idempotency-key", key).json(&body).send().await;
        match sent {
            Ok(reply) if reply.status() == 200 => {}
            Ok(reply) => panic!("{}", reply.text().await.unwrap_or_default()),
            Err(_) => return at,
        }
    }
    unreachable!("the server dies")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_confirmed_is_there_and_a_retry_has_one_effect() {
    let folder = Folder::new("terminal-killed");
    let first = Process::start(&folder.0);
    let at = place(&first);
    let http = Client::new();
    assert_eq!(http.put(&at).json(&spec_json()).send().await.unwrap().status(), 201);
    for client in 0..CLIENTS {
        let place = format!("{}/containers/{}", at, number(client));
        assert_eq!(http.put(place).json(&json!({"size_type": "22G1"})).send().await.unwrap().status(), 201);
    }
    let clients: Vec<_> = (0..CLIENTS).map(|client| tokio::spawn(moves(at.clone(), client))).collect();
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    first.kill();
    let second = Process::start(&folder.0);
    let at = place(&second);
    for (client, moved) in clients.into_iter().enumerate() {
        let confirmed = moved.await.unwrap();
        assert!(confirmed > 2, "client {client} hardly moved");
        let history = format!("{}/containers/{}/history?limit=1000", at, number(client));
        let count = async || -> usize {
            let page: Value = http.get(&history).send().await.unwrap().json().await.unwrap();
            assert_eq!(page["next"], Value::Null, "more moves than a page holds");
            page["items"].as_array().unwrap().iter().filter(|event| event["kind"] == "moved").count()
        };
        let kept = count().await;
        // The last move was under way: done or not, but not confirmed.
        assert!(kept == confirmed || kept == confirmed + 1, "client {client}: {confirmed} confirmed, {kept} kept");
        for _ in 0..2 {
            let (body, key) = step(client, confirmed);
            let moves = http.post(format!("{at}/moves")).header("idempotency-key", key).json(&body);
            assert_eq!(moves.send().await.unwrap().status(), 200);
        }
        assert_eq!(count().await, confirmed + 1, "client {client}: one effect");
    }
}
