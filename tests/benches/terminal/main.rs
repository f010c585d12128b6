//! What the state of terminals costs on one machine, and the same move in `PostgreSQL` beside it, in the same run:
//!
//! `cargo bench -p portolan-tests --bench terminal [-- --seconds 10 --containers 1000000]`
//!
//! Moves, reads and heartbeats come from 64 clients. The embedded store and `PostgreSQL` are both asked by async Rust in this process, with
//! every confirmed move on disk (`fsync`); then the whole server is asked over HTTP, from the same cores. `PostgreSQL` is started in a folder
//! of its own as it comes out of its package (`apt-get install postgresql`), reached over a Unix socket by `tokio-postgres` with one
//! connection a client and prepared statements. Where there is none, that is said and left out.
#![allow(clippy::unwrap_used)] // a broken measurement is a panic

mod embedded;
mod http;
mod postgres;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use portolan_functions::terminal::container::check_digit;

/// Clients at the same time.
pub(crate) const CLIENTS: usize = 64;
/// Stacks of a client, so that clients do not wait for each other's containers.
pub(crate) const STACKS: usize = 4;
/// Containers of a client.
pub(crate) const OWN: usize = 6;

/// What a row of the table says.
pub(crate) struct Row {
    what: String,
    each_second: f64,
    /// Latencies in microseconds.
    took: Vec<u32>,
}

impl Row {
    pub(crate) fn new(what: impl Into<String>, elapsed: Duration, mut took: Vec<u32>) -> Self {
        took.sort_unstable();
        Self { what: what.into(), each_second: took.len() as f64 / elapsed.as_secs_f64(), took }
    }

    fn print(&self) {
        let ms = |share: f64| {
            let at = ((self.took.len() as f64 * share) as usize).min(self.took.len().saturating_sub(1));
            f64::from(self.took.get(at).copied().unwrap_or_default()) / 1000.0
        };
        println!("| {} | {:.0} | {:.2} | {:.2} | {:.2} |", self.what, self.each_second, ms(0.5), ms(0.99), ms(1.0));
    }
}

/// A container number.
pub(crate) fn number(at: usize) -> String {
    let ten = format!("PTLU{at:06}");
    format!("{ten}{}", check_digit(&ten).unwrap())
}

/// Where client `client` stands its container `at` after `moved` moves of all of its containers, and where it puts it next: six containers go
/// round four stacks, always from the top to the top.
pub(crate) struct Walk {
    client: usize,
    /// Numbers in each stack.
    stacks: Vec<Vec<String>>,
    turn: usize,
}

impl Walk {
    pub(crate) fn new(client: usize) -> Self {
        Self { client, stacks: vec![Vec::new(); STACKS], turn: 0 }
    }

    pub(crate) fn stack(&self, at: usize) -> String {
        let at = self.client * STACKS + at;
        format!("B/{}/{}", at / 8 + 1, at % 8 + 1)
    }

    /// All of the client's containers with their slots, to begin with.
    pub(crate) fn first(&mut self) -> Vec<(String, String, usize)> {
        (0..OWN)
            .map(|at| {
                let (stack, number) = (at % 2, number(self.client * OWN + at));
                self.stacks[stack].push(number.clone());
                (number, self.stack(stack), self.stacks[stack].len())
            })
            .collect()
    }

    /// The next move: container, stack and tier it stands in, stack it goes to.
    pub(crate) fn next(&mut self) -> (String, String, usize, String) {
        let mut from = self.turn % STACKS;
        while self.stacks[from].is_empty() {
            from = (from + 1) % STACKS;
        }
        let mut to = (from + 1 + self.turn / STACKS % (STACKS - 1)) % STACKS;
        while self.stacks[to].len() >= 4 || to == from {
            to = (to + 1) % STACKS;
        }
        self.turn += 1;
        let tier = self.stacks[from].len();
        let number = self.stacks[from].pop().unwrap();
        self.stacks[to].push(number.clone());
        (number, self.stack(from), tier, self.stack(to))
    }
}

fn option(name: &str, otherwise: u64) -> u64 {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|it| it == name);
    at.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(otherwise)
}

/// A folder on the disk on which the repository is built, emptied.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Processor time of a process, by the system's account of it.
pub(crate) fn processor_time(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The name, in parentheses, may hold spaces.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|it| it == "--hold") {
        return embedded::hold(Path::new(&arguments[at + 1]), arguments[at + 2].parse().unwrap());
    }
    if let Some(at) = arguments.iter().position(|it| it == "--reopen") {
        return embedded::reopen(Path::new(&arguments[at + 1]));
    }
    if let Some(at) = arguments.iter().position(|it| it == "--serve") {
        return http::serve(Path::new(&arguments[at + 1]));
    }
    let seconds = Duration::from_secs(option("--seconds", 10));
    let containers = option("--containers", 1_000_000) as usize;
    let cores = std::thread::available_parallelism().unwrap();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("{CLIENTS} clients, {cores} cores, load before {}\n", load.split(' ').next().unwrap_or_default());
    println!("| what | each second | median ms | p99 ms | max ms |\n|---|---|---|---|---|");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let begun = Instant::now();
    runtime.block_on(async {
        embedded::moves(seconds).await.print();
        for gapless in [false, true] {
            match postgres::moves(seconds, gapless).await {
                Some(row) => row.print(),
                None => println!("| PostgreSQL: NOT MEASURED, it is not installed | | | | |"),
            }
        }
        embedded::reads(seconds).await.print();
        if let Some(row) = postgres::reads(seconds).await {
            row.print();
        }
        http::moves(seconds).await.print();
        http::reads(seconds).await.print();
    });
    println!();
    runtime.block_on(http::heartbeats(seconds));
    embedded::restarts(containers);
    println!("\nmeasured in {} s", begun.elapsed().as_secs());
}
