//! The embedded store, asked in this process.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use portolan_functions::adapters::SystemClock;
use portolan_functions::adapters::embedded::{Bounds, Embedded};
use portolan_functions::plans::record::Tenant;
use portolan_functions::ports::TerminalStore;
use portolan_functions::terminal::event::{Arrival, Ask, Change, Entity, Expect, Move, Outcome};
use portolan_functions::terminal::layout::{Block, Spec};

use super::{CLIENTS, OWN, Row, Walk, folder, number};

fn open(folder: &Path) -> Arc<dyn TerminalStore> {
    Embedded::open(folder, Arc::new(SystemClock), Bounds::default()).unwrap().terminals().unwrap()
}

pub(super) fn ask(change: Change, key: Option<String>) -> Ask {
    let key = key.map(|key| (key, "digest".to_owned()));
    Ask { change, expect: Expect::Anything, by: "bench".to_owned(), key }
}

pub(super) fn spec(bays: u16, rows: u16) -> Spec {
    let block = Block { id: "B".to_owned(), bays, rows, max_tiers: 12, ..Block::default() };
    Spec { blocks: vec![block], ..Spec::default() }
}

pub(super) fn arrival(number: String, slot: &str) -> Arrival {
    Arrival {
        number,
        slot: Some(slot.parse().unwrap()),
        size_type: "45G1".to_owned(),
        weight_kg: Some(21_500),
        reefer: false,
        hazard: None,
        destination: Some("call:MAERSK-7".parse().unwrap()),
        priority: 1,
        hold: false,
        status: None,
    }
}

async fn done(store: &dyn TerminalStore, ask: Ask) {
    let outcome = store.change(&Tenant::local(), "T", ask).await.unwrap();
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
}

/// A terminal with the containers of every client.
async fn prepared(store: &dyn TerminalStore) -> Vec<Walk> {
    done(store, ask(Change::PutTerminal(Box::new(spec(999, 99))), None)).await;
    let mut walks = Vec::new();
    let mut arrivals = Vec::new();
    for client in 0..CLIENTS {
        let mut walk = Walk::new(client);
        let first = walk.first().into_iter();
        arrivals.extend(first.map(|(number, stack, tier)| arrival(number, &format!("{stack}/{tier}"))));
        walks.push(walk);
    }
    done(store, ask(Change::Load { arrivals, only_check: false }, None)).await;
    walks
}

/// Runs a client each until the time is over; collects what each operation took.
pub(super) async fn all<S: Send + 'static, F: Future<Output = S> + Send>(
    states: Vec<S>,
    seconds: Duration,
    one: impl Fn(S) -> F + Clone + Send + 'static,
) -> (Duration, Vec<u32>) {
    let begun = Instant::now();
    let clients: Vec<_> = states
        .into_iter()
        .map(|mut state| {
            let one = one.clone();
            tokio::spawn(async move {
                let mut took = Vec::new();
                while begun.elapsed() < seconds {
                    let at = Instant::now();
                    state = one(state).await;
                    took.push(at.elapsed().as_micros() as u32);
                }
                took
            })
        })
        .collect();
    let mut took = Vec::new();
    for client in clients {
        took.extend(client.await.unwrap());
    }
    (begun.elapsed(), took)
}

pub(super) async fn moves(seconds: Duration) -> Row {
    let store = open(&folder("moves"));
    let walks = prepared(&*store).await;
    let (elapsed, took) = all(walks, seconds, move |mut walk| {
        let store = Arc::clone(&store);
        async move {
            let (container, stack, tier, to) = walk.next();
            let key = Some(format!("{}-{}", walk.client, walk.turn));
            let (from, to) = (format!("{stack}/{tier}").parse().unwrap(), to.parse().unwrap());
            done(&*store, ask(Change::Move(Move { container, from, to, equipment: None }), key)).await;
            walk
        }
    })
    .await;
    Row::new("moves, embedded store", elapsed, took)
}

pub(super) async fn reads(seconds: Duration) -> Row {
    let store = open(&folder("reads"));
    prepared(&*store).await;
    let (elapsed, took) = all((0..CLIENTS).collect(), seconds, move |at| {
        let store = Arc::clone(&store);
        async move {
            let number = number(at % (CLIENTS * OWN));
            let found = store.record(&Tenant::local(), "T", Entity::Container, &number).await.unwrap();
            assert!(found.is_some());
            tokio::task::consume_budget().await;
            at + 7
        }
    })
    .await;
    Row::new("reads of a container, embedded store", elapsed, took)
}

/// Fills a store with containers, says so, moves one now and then, and waits to be killed.
pub(super) fn hold(folder: &Path, containers: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = open(folder);
        done(&*store, ask(Change::PutTerminal(Box::new(spec(999, 99))), None)).await;
        for first in (0..containers).step_by(50_000) {
            let slot = |at: usize| {
                let (stack, tier) = (at / 11, at % 11 + 1);
                format!("B/{}/{}/{tier}", stack / 99 + 1, stack % 99 + 1)
            };
            let arrivals = (first..containers.min(first + 50_000)).map(|at| arrival(number(at), &slot(at))).collect();
            done(&*store, ask(Change::Load { arrivals, only_check: false }, None)).await;
        }
        // The top of the first stack.
        let (container, mut place) = (number(10), "B/1/1/11".to_owned());
        println!("loaded");
        std::io::stdout().flush().unwrap();
        for at in 0.. {
            let to = if at % 2 == 0 { "B/999/99" } else { "B/1/1" };
            let (from, to_stack) = (place.parse().unwrap(), to.parse().unwrap());
            let change = Change::Move(Move { container: container.clone(), from, to: to_stack, equipment: None });
            done(&*store, ask(change, Some(format!("{at}")))).await;
            let next = if at % 2 == 0 { "B/999/99/1" } else { "B/1/1/11" };
            next.clone_into(&mut place);
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    });
}

/// Opens a store, reads from it, and says how long that took.
pub(super) fn reopen(folder: &Path) {
    let begun = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = open(folder);
    let first = runtime.block_on(store.record(&Tenant::local(), "T", Entity::Container, &number(7))).unwrap();
    assert!(first.is_some());
    println!("{:.3}", begun.elapsed().as_secs_f64());
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// From the start of the process to the first answer, after a kill in the midst of moves and after an orderly end.
pub(super) fn restarts(containers: usize) {
    let folder = folder("restart");
    let this = std::env::current_exe().unwrap();
    let run = |argument: &str, more: &[&str]| {
        let mut command = Command::new(&this);
        command.arg(argument).arg(&folder).args(more).stdout(Stdio::piped()).spawn().unwrap()
    };
    let begun = Instant::now();
    let mut holder = Killed(run("--hold", &[&containers.to_string()]));
    let mut line = String::new();
    BufReader::new(holder.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let loaded = begun.elapsed();
    std::thread::sleep(Duration::from_secs(1));
    drop(holder); // kill -9
    let reopened = || {
        let output = run("--reopen", &[]).wait_with_output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let size = std::fs::metadata(folder.join("portolan.redb")).unwrap().len() >> 20;
    println!("{containers} containers: loaded in {:.1} s, {size} MiB", loaded.as_secs_f64());
    println!("first answer after kill -9: {} s; after an orderly end: {} s", reopened(), reopened());
    std::fs::remove_dir_all(folder).unwrap();
}
