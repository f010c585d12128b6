//! The whole server, in a process of its own, asked over HTTP by this one.

use std::io::{BufRead, BufReader as Lines};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::embedded::{all, arrival, spec};
use super::{CLIENTS, OWN, Row, Walk, folder, number, processor_time};

/// Pieces of equipment, each heard of every five seconds.
const PIECES: usize = 10_000;
const EACH: Duration = Duration::from_secs(5);

/// Serves as `portolan` does.
pub(super) fn serve(folder: &Path) {
    let arguments = ["portolan", "--listen", "127.0.0.1:0", "--data", folder.to_str().unwrap()];
    portolan_functions::cli::run(arguments);
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(name: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("--serve")
            .arg(folder(name))
            .env("PORTOLAN_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said: Vec<String> = Lines::new(child.stdout.take().unwrap()).lines().take(3).map(Result::unwrap).collect();
        let address = said[0].split("http://").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
        Self { child, address }
    }

    async fn prepared(&self) -> Vec<Walk> {
        let mut connection = Connection::open(&self.address).await;
        let layout = serde_json::to_string(&spec(999, 99)).unwrap();
        connection.send("PUT", "/v1/terminals/T", "", "application/json", &layout).await;
        let (mut walks, mut lines) = (Vec::new(), String::new());
        for client in 0..CLIENTS {
            let mut walk = Walk::new(client);
            for (number, stack, tier) in walk.first() {
                let line = arrival(number, &format!("{stack}/{tier}"));
                lines += &(serde_json::to_string(&line).unwrap() + "\n");
            }
            walks.push(walk);
        }
        connection.send("POST", "/v1/terminals/T/containers", "", "application/x-ndjson", &lines).await;
        walks
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection that is kept open; just enough of HTTP that the client costs little beside the server.
struct Connection {
    stream: BufReader<TcpStream>,
    line: String,
    body: Vec<u8>,
}

impl Connection {
    async fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(stream), line: String::new(), body: Vec::new() }
    }

    async fn send(&mut self, method: &str, path: &str, more: &str, kind: &str, body: &str) {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n{more}\r\n{body}",
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes()).await.unwrap();
        let (mut length, mut status) = (0, String::new());
        loop {
            self.line.clear();
            self.stream.read_line(&mut self.line).await.unwrap();
            let line = self.line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if status.is_empty() {
                status.clone_from(&line);
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().unwrap();
            }
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body).await.unwrap();
        assert!(status.contains(" 20"), "{status} {}", String::from_utf8_lossy(&self.body));
    }
}

pub(super) async fn moves(seconds: Duration) -> Row {
    let server = Server::start("http");
    let mut states = Vec::new();
    for walk in server.prepared().await {
        states.push((walk, Connection::open(&server.address).await));
    }
    let (elapsed, took) = all(states, seconds, |(mut walk, mut connection)| async move {
        let (container, stack, tier, to) = walk.next();
        let body = format!(r#"{{"container":"{container}","from":"{stack}/{tier}","to":"{to}"}}"#);
        let key = format!("idempotency-key: {}-{}\r\n", walk.client, walk.turn);
        connection.send("POST", "/v1/terminals/T/moves", &key, "application/json", &body).await;
        (walk, connection)
    })
    .await;
    Row::new("moves, the server over HTTP", elapsed, took)
}

pub(super) async fn reads(seconds: Duration) -> Row {
    let server = Server::start("http");
    server.prepared().await;
    let mut states = Vec::new();
    for at in 0..CLIENTS {
        states.push((at, Connection::open(&server.address).await));
    }
    let (elapsed, took) = all(states, seconds, |(at, mut connection)| async move {
        let path = format!("/v1/terminals/T/containers/{}", number(at % (CLIENTS * OWN)));
        connection.send("GET", &path, "", "application/json", "").await;
        (at + 7, connection)
    })
    .await;
    Row::new("reads of a container, the server over HTTP", elapsed, took)
}

/// Ten thousand pieces of equipment that are heard of every five seconds, one by one and in batches: what that takes of a core.
pub(super) async fn heartbeats(seconds: Duration) {
    let server = Server::start("beats");
    server.prepared().await;
    let mut states = Vec::new();
    for client in 0..CLIENTS {
        states.push((client, Connection::open(&server.address).await));
    }
    // Registered by all clients at once.
    let registered = states.into_iter().map(|(client, mut connection)| {
        tokio::spawn(async move {
            for at in (client..PIECES).step_by(CLIENTS) {
                let path = format!("/v1/terminals/T/equipment/E-{at}");
                connection.send("PUT", &path, "", "application/json", r#"{"kind":"truck"}"#).await;
            }
            (client, connection)
        })
    });
    let mut states = Vec::new();
    for client in registered.collect::<Vec<_>>() {
        states.push(client.await.unwrap());
    }
    for batch in [1, 500] {
        let (used, begun) = (processor_time(server.child.id()), Instant::now());
        let clients = if batch == 1 { CLIENTS } else { 1 };
        let mut running = Vec::new();
        for (client, mut connection) in states.drain(..) {
            running.push(tokio::spawn(async move {
                let mut sent = 0;
                // Each client beats at its own rate; together they are PIECES in EACH.
                let pause = EACH.mul_f64((clients * batch) as f64 / PIECES as f64);
                let mut tick = tokio::time::interval(pause);
                let mut at = client;
                while client < clients && begun.elapsed() < seconds {
                    tick.tick().await;
                    if batch == 1 {
                        let path = format!("/v1/terminals/T/equipment/E-{}/heartbeat", at % PIECES);
                        connection.send("POST", &path, "", "application/json", "").await;
                    } else {
                        let ids: Vec<String> = (at..at + batch).map(|at| format!("\"E-{}\"", at % PIECES)).collect();
                        let body = format!(r#"{{"equipment":[{}]}}"#, ids.join(","));
                        connection.send("POST", "/v1/terminals/T/heartbeats", "", "application/json", &body).await;
                    }
                    at += clients * batch;
                    sent += batch;
                }
                (client, connection, sent)
            }));
        }
        let mut sent = 0;
        for client in running {
            let (client, connection, of_it) = client.await.unwrap();
            states.push((client, connection));
            sent += of_it;
        }
        let (elapsed, used) =
            (begun.elapsed().as_secs_f64(), processor_time(server.child.id()).checked_sub(used).unwrap());
        println!(
            "heartbeats, {batch} in a request: {:.0} a second, {:.1} % of one core",
            sent as f64 / elapsed,
            100.0 * used.as_secs_f64() / elapsed
        );
    }
}
