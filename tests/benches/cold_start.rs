//! What a function costs before and around its work: `cargo bench -p portolan-tests --bench cold_start [-- BOOTSTRAP]`.
//!
//! Starts `optimize`, and a bare `lambda_http` echo beside it, against a runtime API of its own: CPU until the function asks for its first
//! event, memory then, and how long an event takes once all is warm, the same one again and again. The two take turns, so that
//! a noisy machine is noisy for both. With the path of a deployed `bootstrap`, that one is started instead.
//!
//! As deployed, a function has tables and a cache, for which it makes clients before its first event: a row of its own, without events, because nobody
//! answers where they are said to be. And new plans: what their answers take beyond the solve, which is timed in this process.
#![allow(clippy::unwrap_used)] // a broken measurement is a panic

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::routing::{get, post};
use axum::{Json, Router};
use portolan_tests::repository;
use portolan_tests::yard::fresh;
use serde_json::Value;
use tokio::sync::{Mutex, mpsc};

const STARTS: usize = 11;
const EVENTS: usize = 400;
const PLANS: usize = 100;

/// What a deployed function is told, of places where nothing is.
const DEPLOYED: [(&str, &str); 8] = [
    ("PORTOLAN_PLANS_TABLE", "plans"),
    ("PORTOLAN_TERMINALS_TABLE", "terminals"),
    ("PORTOLAN_EPHEMERAL_TABLE", "ephemeral"),
    ("PORTOLAN_BUCKET", "bucket"),
    ("PORTOLAN_CACHE_URL", "redis://127.0.0.1:9"),
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
    ("AWS_ACCESS_KEY_ID", "none"),
    ("AWS_SECRET_ACCESS_KEY", "none"),
];

/// A runtime API with one function behind it.
struct Platform {
    events: mpsc::UnboundedSender<Value>,
    answers: mpsc::UnboundedReceiver<usize>,
    asked: mpsc::UnboundedReceiver<()>,
    child: Child,
    begun: Instant,
}

#[derive(Clone)]
struct Stub {
    events: Arc<Mutex<mpsc::UnboundedReceiver<Value>>>,
    answers: mpsc::UnboundedSender<usize>,
    asked: mpsc::UnboundedSender<()>,
}

async fn next(State(stub): State<Stub>) -> (HeaderMap, Json<Value>) {
    let _ = stub.asked.send(());
    let event = stub.events.lock().await.recv().await;
    let Some(event) = event else { std::future::pending().await };
    let end = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_secs(25);
    let fields = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
        ("lambda-runtime-deadline-ms", end.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:123456789012:function:f".to_owned()),
    ];
    let headers = fields.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::try_from(value).unwrap()));
    (headers.into_iter().collect(), Json(event))
}

async fn respond(State(stub): State<Stub>, answer: Bytes) {
    let _ = stub.answers.send(answer.len());
}

impl Platform {
    async fn start(bootstrap: &str, variables: &[(&str, &str)]) -> Self {
        let (events, waiting) = mpsc::unbounded_channel();
        let (answered, answers) = mpsc::unbounded_channel();
        let (ask, asked) = mpsc::unbounded_channel();
        let stub = Stub { events: Arc::new(Mutex::new(waiting)), answers: answered, asked: ask };
        let api = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(respond))
            .with_state(stub);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            axum::serve(axum::serve::ListenerExt::tap_io(listener, |it| drop(it.set_nodelay(true))), api).await
        });
        let begun = Instant::now();
        let child = Command::new(bootstrap)
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("PORTOLAN_LOG", "warn")
            .envs([
                ("AWS_LAMBDA_FUNCTION_NAME", "f"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769"),
                ("AWS_REGION", "eu-central-1"),
            ])
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { events, answers, asked, child, begun }
    }

    /// Waits for the first question. Milliseconds of wall and of CPU, resident megabytes.
    async fn ready(&mut self) -> (f64, f64, f64) {
        self.asked.recv().await.unwrap();
        let wall = self.begun.elapsed().as_secs_f64() * 1e3;
        let read = |what: &str| std::fs::read_to_string(format!("/proc/{}/{what}", self.child.id())).unwrap();
        // Nanoseconds that all threads were on a core, the first field of each.
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let spent: f64 = tasks
            .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok())
            .filter_map(|line| line.split(' ').next()?.parse::<f64>().ok())
            .sum();
        let rss = read("status")
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
        (wall, spent / 1e6, rss.unwrap() / 1024.0)
    }

    /// Microseconds that an event takes.
    async fn event(&mut self, event: &Value) -> f64 {
        let begun = Instant::now();
        self.events.send(event.clone()).unwrap();
        self.answers.recv().await.unwrap();
        begun.elapsed().as_secs_f64() * 1e6
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[tokio::main]
async fn main() {
    let given = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let optimize = given.unwrap_or_else(|| env!("CARGO_BIN_EXE_optimize-under-test").to_owned());
    let echo = env!("CARGO_BIN_EXE_echo-under-test");
    let text = std::fs::read_to_string(repository().join("tests/events/berth-plan.json")).unwrap();
    let event: Value = serde_json::from_str(&text).unwrap();

    println!(
        "| | wall to ready, ms | CPU to ready, ms | memory, MB | first event, ms | warm event, µs | new plan minus its solve, µs |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut rows = Vec::new();
    for (name, bootstrap, variables) in [
        ("echo", echo, &[][..]),
        ("optimize", &*optimize, &[]),
        ("optimize, with tables and cache", &*optimize, &DEPLOYED),
    ] {
        let (mut walls, mut spent, mut memory, mut first) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..STARTS {
            let mut platform = Platform::start(bootstrap, variables).await;
            let (wall, cpu, rss) = platform.ready().await;
            walls.push(wall);
            spent.push(cpu);
            memory.push(rss);
            if variables.is_empty() {
                first.push(platform.event(&event).await / 1e3);
            }
        }
        rows.push((name, [walls, spent, memory].map(median), first));
    }
    let (mut one, mut other) = (Platform::start(echo, &[]).await, Platform::start(&optimize, &[]).await);
    let mut warm = [Vec::new(), Vec::new()];
    for round in 0..EVENTS {
        let (bare, ours) = (one.event(&event).await, other.event(&event).await);
        if round >= EVENTS / 10 {
            warm[0].push(bare);
            warm[1].push(ours);
        }
    }
    let warm = warm.map(median);
    let mut beyond = Vec::new();
    for _ in 0..PLANS {
        let yard = fresh(5, 4, 5000).to_string();
        let mut event = event.clone();
        event["rawPath"] = "/v1/yard/plans".into();
        event["requestContext"]["http"]["path"] = "/v1/yard/plans".into();
        event["body"] = yard.clone().into();
        let answered = other.event(&event).await;
        beyond.push(answered - solve(yard.as_bytes()));
    }
    let rest = [(warm[0], None), (warm[1], Some(median(beyond)))];
    for (at, (name, [wall, cpu, rss], first)) in rows.into_iter().enumerate() {
        print!("| {name} | {wall:.1} | {cpu:.1} | {rss:.1} |");
        match rest.get(at) {
            Some((warm, beyond)) => {
                let beyond = beyond.map_or("-".to_owned(), |beyond| format!("{beyond:.0}"));
                println!(" {:.1} | {warm:.0} | {beyond} |", median(first));
            }
            None => println!(" - | - | - |"),
        }
    }
    println!("\nwarm, known answer: {:.2} times the echo", warm[1] / warm[0]);
}

/// Microseconds that a solve takes in this process, its check included.
fn solve(document: &[u8]) -> f64 {
    let problem = portolan::problem::recognise(document, None).unwrap();
    let request = problem.read(document).unwrap();
    let begun = Instant::now();
    let clock = move || begun.elapsed();
    request.solve(&mut request.options().budget(&clock), &mut |_| {}).unwrap();
    begun.elapsed().as_secs_f64() * 1e6
}
