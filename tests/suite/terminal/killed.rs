//! `kill -9` of a server in the midst of moves: what it confirmed is there, and a retry has one effect.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::Client;
use serde_json::{Value, json};

use super::{number, spec_json};

const CLIENTS: usize = 8;

pub(super) struct Process(Child, pub(super) String);

impl Process {
    pub(super) fn start(folder: &Path) -> Self {
        Self::start_as(Command::new(env!("CARGO_BIN_EXE_fake-portolan")), folder)
    }

    /// With a command that becomes the server.
    pub(super) fn start_as(mut command: Command, folder: &Path) -> Self {
        let mut child = command
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(folder)
            .env("PORTOLAN_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // All it says: a server whose output is closed while it greets gives up.
        let said = BufReader::new(child.stdout.take().unwrap()).lines().take(3);
        let said: Vec<String> = said.map(|line| line.unwrap()).collect();
        let base = said[0].split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
        Self(child, format!("{base}/v1/terminals/T1"))
    }

    pub(super) fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
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
    let folder = std::env::temp_dir().join(format!("portolan-terminal-killed-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let first = Process::start(&folder);
    let http = Client::new();
    assert_eq!(http.put(&first.1).json(&spec_json()).send().await.unwrap().status(), 201);
    for client in 0..CLIENTS {
        let place = format!("{}/containers/{}", first.1, number(client));
        assert_eq!(http.put(place).json(&json!({"size_type": "22G1"})).send().await.unwrap().status(), 201);
    }
    let clients: Vec<_> = (0..CLIENTS).map(|client| tokio::spawn(moves(first.1.clone(), client))).collect();
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    drop(first); // kill -9
    let second = Process::start(&folder);
    for (client, moved) in clients.into_iter().enumerate() {
        let confirmed = moved.await.unwrap();
        assert!(confirmed > 2, "client {client} hardly moved");
        let history = format!("{}/containers/{}/history?limit=1000", second.1, number(client));
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
            let moves = http.post(format!("{}/moves", second.1)).header("idempotency-key", key).json(&body);
            assert_eq!(moves.send().await.unwrap().status(), 200);
        }
        assert_eq!(count().await, confirmed + 1, "client {client}: one effect");
    }
    drop(second);
    std::fs::remove_dir_all(folder).unwrap();
}
