//! Seeded schedules of what happens to whole processes under load: `kill -9`, a disk that is full, workers that die in the midst of a solve,
//! messages that come twice and in any order. What was acknowledged is there afterwards and right, each plan is published once.
//!
//! `PORTOLAN_CHAOS_SEEDS=200` runs as many schedules; a failure names its seed.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portolan::rng::Rng;
use portolan_functions::adapters::SystemClock;
use portolan_functions::adapters::embedded::{Bounds, Embedded};
use portolan_functions::plans::record::{PlanId, Tenant};
use portolan_functions::plans::state::Status;
use portolan_functions::plans::{Deferral, Plans, Settings, Worked};
use portolan_functions::ports::{Parts, Stores};
use portolan_tests::fake;
use portolan_tests::server_at::{Reply, Server, Setup};
use reqwest::{Client, Method};

use super::chaos::{confirm, problem, seeds};
use super::script;
use crate::process::{Folder, Process, serving, with_room};

/// The longest that a server may take from its start to its first answer, on a machine with other things to do.
const RECOVERY: Duration = Duration::from_secs(30);

/// The server with the real problems; with `room`, no file of it may grow beyond so many bytes, as on a disk that is full.
fn start(folder: &Path, room: Option<u64>) -> Process {
    let program = env!("CARGO_BIN_EXE_portolan-under-test");
    let command = match room {
        None => Command::new(program),
        Some(room) => with_room(program, &room.to_string()),
    };
    Process::start_as(serving(command, folder, "127.0.0.1:0"), folder)
}

fn largest(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|file| file.unwrap().metadata().unwrap().len()).max().unwrap_or_default()
}

/// Asks for plans until the server dies. Returns what it acknowledged.
async fn ask(base: String, seed: u64, mut dice: Rng) -> Vec<(String, u64)> {
    let (client, mut acknowledged) = (Client::new(), Vec::new());
    loop {
        let number = dice.next_u64() % 9;
        let mut request = client.post(format!("{base}/v1/berth/plans")).json(&problem(number));
        if dice.below(3) == 0 {
            request = request.header("prefer", "respond-async");
        }
        let Ok(response) = request.send().await else { return acknowledged };
        let (status, stored) = (response.status().as_u16(), response.headers().get("cache-status").cloned());
        // It may die while it answers.
        let Ok(body) = response.json::<serde_json::Value>().await else { return acknowledged };
        let stored = stored.is_some_and(|value| value.to_str().unwrap().contains("stored"));
        match status {
            200 => confirm(&body, number, seed),
            202 => {}
            503 => continue,
            other => panic!("seed {seed}: {other}: {body:#}"),
        }
        if status == 202 || stored {
            acknowledged.push((body["id"].as_str().unwrap().to_owned(), number));
        }
    }
}

async fn crash(seed: u64) {
    let folder = Folder::new(&format!("crashes-{seed}"));
    let mut dice = Rng::new(seed);
    let mut acknowledged = BTreeMap::new();
    let mut recovered = Vec::new();
    for round in 0..4 {
        let room = (round % 3 == 1).then(|| largest(&folder.0) + (32 << 10));
        let begun = Instant::now();
        let process = start(&folder.0, room);
        assert_eq!(process.get("/livez").await.status, 200, "seed {seed}");
        recovered.push(begun.elapsed());
        let asked: Vec<_> = (0..6)
            .map(|client| tokio::spawn(ask(process.base.clone(), seed, dice.fork(&format!("{round} {client}")))))
            .collect();
        tokio::time::sleep(Duration::from_millis(200 + dice.next_u64() % 400)).await;
        process.kill();
        for asked in asked {
            acknowledged.extend(asked.await.unwrap());
        }
    }
    assert!(!acknowledged.is_empty(), "seed {seed}: nothing was acknowledged");
    let begun = Instant::now();
    let process = start(&folder.0, None);
    for (id, number) in &acknowledged {
        let path = format!("/v1/plans/{id}");
        let ended = portolan_tests::aws::until("an acknowledged plan ends", async || {
            let reply = process.get(&path).await;
            assert_ne!(reply.status, 404, "seed {seed}: plan {id} is lost");
            (reply.status == 200 && reply.body["status"] == "done").then_some(reply)
        });
        confirm(&ended.await.body, *number, seed);
    }
    let (all, longest) = (begun.elapsed(), recovered.iter().max().copied().unwrap_or_default());
    println!(
        "seed {seed}: {} plans, first answer after {longest:?} at most, all there after {all:?}",
        acknowledged.len()
    );
    assert!(longest < RECOVERY, "seed {seed}: {longest:?}");
    process.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kills_and_full_disks() {
    for seed in 1..=seeds() {
        crash(seed).await;
    }
}

/// A queue between processes, and who puts messages in: one for each queueing, as the relay does, and now and then the same one again.
struct Line {
    stores: Stores,
    messages: Mutex<VecDeque<(PlanId, u32)>>,
    relayed: Mutex<HashSet<(PlanId, u32)>>,
}

impl Line {
    /// Relays a plan's latest queueing.
    async fn relay(&self, plan: PlanId) {
        let stored = self.stores.plans.get(&Tenant::local(), plan, Parts::default()).await.unwrap().unwrap();
        let state = stored.head.state;
        if state.status == Status::Queued && self.relayed.lock().unwrap().insert((plan, state.epoch)) {
            self.messages.lock().unwrap().push_back((plan, state.epoch));
        }
    }

    /// Works on messages until there are none left. Now and then the worker dies in the midst of one, which comes back.
    async fn work(&self, worker: Arc<Plans>, mut dice: Rng) {
        let take = || self.messages.lock().unwrap().pop_front();
        while let Some((plan, epoch)) = take() {
            let end = Instant::now() + Duration::from_mins(1);
            let tenant = Tenant::local();
            let work = worker.work_on(&tenant, plan, epoch, end);
            let patience = Duration::from_millis(if dice.below(4) == 0 { dice.next_u64() % 60 } else { 60_000 });
            let ended = tokio::time::timeout(patience, work).await;
            self.relay(plan).await;
            if !matches!(ended, Ok(Ok(Worked::Ended | Worked::Requeued | Worked::Nothing))) {
                tokio::time::sleep(Duration::from_millis(100)).await;
                let mut messages = self.messages.lock().unwrap();
                let at = dice.below(messages.len() + 1);
                messages.insert(at, (plan, epoch));
            }
        }
    }
}

async fn queue(seed: u64) {
    let mut dice = Rng::new(seed);
    let stores = Embedded::in_memory(Arc::new(SystemClock), Bounds::default()).unwrap().stores();
    let settings = Settings {
        workers: 2,
        deferral: Deferral::Elsewhere,
        lease: Duration::from_millis(150),
        checkpoint_every: Duration::from_millis(20),
        ..Settings::default()
    };
    let server = Server::start(Setup { settings: settings.clone(), stores: stores.clone(), ..Setup::default() }).await;
    let line = Line { stores: stores.clone(), messages: Mutex::default(), relayed: Mutex::default() };
    let mut plans = Vec::new();
    for n in 0..12 {
        let body = script(&format!("queue {seed} {n}"), ["slow", "quick"][n % 2], 50);
        let request = server.request(Method::POST, "/v1/fake/plans").header("prefer", "respond-async").json(&body);
        let reply: Reply = server.send(request).await;
        assert_eq!(reply.status, 202, "seed {seed}: {:#}", reply.body);
        let id: PlanId = reply.text("id").parse().unwrap();
        plans.push(id);
        line.relay(id).await;
        line.messages.lock().unwrap().extend(std::iter::repeat_n((id, 1), dice.below(3)));
    }
    dice.shuffle(line.messages.lock().unwrap().make_contiguous());
    let workers = (0..4).map(|at| {
        let worker = Plans::new(fake::PROBLEMS, stores.clone(), settings.clone()).unwrap();
        line.work(worker, dice.fork(&format!("worker {at}")))
    });
    let ended = futures_util::future::join_all(workers);
    tokio::time::timeout(Duration::from_mins(1), ended).await.unwrap_or_else(|_| panic!("seed {seed}: it hangs"));
    for id in plans {
        let reply = server.get(&format!("/v1/plans/{id}")).await;
        assert_eq!(reply.body["status"], "done", "seed {seed}: {:#}", reply.body);
        // Published: from here on it never changes.
        let again = server.get(&format!("/v1/plans/{id}")).await;
        assert_eq!(reply.header("etag"), again.header("etag"), "seed {seed}");
    }
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_in_any_number_and_order_and_workers_that_die_make_each_plan_once() {
    for seed in 1..=seeds() {
        queue(seed).await;
    }
}
