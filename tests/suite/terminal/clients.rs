//! Many clients of two terminals at once, connections that break, requests that are sent twice, a disk that fails, and a server that is
//! killed again and again.
//!
//! What the clients were told is held against the history, and the history against a plain model: stacks of numbers, and nothing else.
//!
//! `PORTOLAN_MODEL_OPERATIONS=1000000` for a long run, `PORTOLAN_MODEL_SEED` for another one; both are printed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::RwLock;

use super::model::{Dice, from_environment};
use super::{number, spec_json};
use crate::process::{Folder, Process, let_grow, serving, with_room};

const CLIENTS: u64 = 16;
const CONTAINERS: u64 = 80;
const STACKS: u64 = 30;
const HEIGHT: usize = 4;
const TERMINALS: usize = 2;
/// The server is killed so often at least, and then once in so many operations.
const KILLS: (u64, u64) = (8, 20_000);
/// A disk that fails does so for this long.
const FAILS: Duration = Duration::from_millis(300);

/// What all clients know.
struct Shared {
    server: RwLock<Option<Process>>,
    folder: PathBuf,
    /// Where each container of each terminal was when somebody last heard of it.
    places: Mutex<[Vec<String>; TERMINALS]>,
    /// Numbers of containers that were in no list yet.
    fresh: AtomicU64,
    begun: AtomicU64,
    operations: u64,
}

/// What a client was told about an operation.
#[derive(Debug)]
enum Told {
    /// It is done: the number of its first event, where the answer says it.
    Done(Option<u64>),
    /// It is refused, or changed nothing.
    Not,
    /// The same, after a try whose connection broke: that one may still have reached the server later.
    Perhaps,
}

/// Every operation by its name, with what was told about it, and what was asked: it has so many `events`, one where it does not say.
type Ledger = BTreeMap<String, (Told, Value)>;

/// The answer to a request.
struct Heard {
    status: StatusCode,
    version: Option<u64>,
    body: Value,
    /// Whether there was a try whose fate nobody knows.
    broken: bool,
}

impl Heard {
    fn not(&self) -> Told {
        if self.broken { Told::Perhaps } else { Told::Not }
    }
}

struct OneClient {
    shared: Arc<Shared>,
    http: Client,
    dice: Dice,
    name: u64,
    /// Which of them.
    terminal: usize,
    /// Containers of its lists that it has not removed.
    own: Vec<String>,
    ledger: Ledger,
}

impl OneClient {
    async fn base(&self) -> Option<String> {
        self.shared.server.read().await.as_ref().map(|server| place(server, self.terminal))
    }

    /// Asks until there is an answer. The same key makes the same request of all tries.
    async fn ask(&mut self, method: Method, path: &str, name: &str, body: &Value) -> Heard {
        let mut broken = false;
        loop {
            let Some(base) = self.base().await else {
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            };
            let send = || {
                let request = self.http.request(method.clone(), format!("{base}/{path}"));
                let request = request.header("idempotency-key", name).header("x-actor", name);
                match body {
                    Value::Null => request.send(),
                    Value::String(list) => {
                        request.header("content-type", "application/x-ndjson").body(list.clone()).send()
                    }
                    body => request.json(body).send(),
                }
            };
            match self.dice.below(12) {
                // The connection breaks, whatever became of the request.
                0 => {
                    let _ = tokio::time::timeout(Duration::from_micros(self.dice.below(3000)), send()).await;
                    broken = true;
                    continue;
                }
                // It is sent twice at once.
                1 => {
                    let (one, other) = tokio::join!(send(), send());
                    let (Ok(one), Ok(other)) = (one, other) else {
                        broken = true;
                        continue;
                    };
                    if one.status().is_success() && other.status().is_success() {
                        assert_eq!(version(&one), version(&other), "{name}: two effects of one key");
                    }
                    // One of them may have come after the other's effect; what was done is done.
                    let reply = if one.status().is_success() { one } else { other };
                    if let Some((status, version, body)) = read(reply).await {
                        return Heard { status, version, body, broken };
                    }
                }
                _ => {
                    if let Ok(reply) = send().await
                        && let Some((status, version, body)) = read(reply).await
                    {
                        return Heard { status, version, body, broken };
                    }
                }
            }
            broken = true;
        }
    }

    async fn run(mut self) -> Ledger {
        loop {
            let at = self.shared.begun.fetch_add(1, Ordering::Relaxed);
            if at >= self.shared.operations {
                return self.ledger;
            }
            let name = format!("{}-{at}", self.name);
            match self.dice.below(40) {
                0 | 1 => self.details(&name).await,
                2 | 3 => self.estimate(&name).await,
                4 | 5 => self.load(&name).await,
                6 => self.remove(&name).await,
                7 => self.equipment(&name).await,
                8 => self.plan(&name).await,
                _ => self.a_move(&name).await,
            }
        }
    }

    async fn a_move(&mut self, name: &str) {
        let at = self.dice.below(CONTAINERS);
        let from = self.shared.places.lock().unwrap()[self.terminal][at as usize].clone();
        let stack = self.dice.below(STACKS);
        let to = match self.dice.below(8) {
            0 => "out".to_owned(),
            _ => format!("B/{}/{}", stack / 6 + 1, stack % 6 + 1),
        };
        let container = number(at as usize);
        let body = json!({"container": container, "from": from, "to": to});
        let heard = self.ask(Method::POST, "moves", name, &body).await;
        let told = match (heard.status.as_u16(), heard.version) {
            (200, Some(version)) => {
                let place = heard.body["slot"].as_str().unwrap_or("out").to_owned();
                self.shared.places.lock().unwrap()[self.terminal][at as usize] = place;
                Told::Done(Some(version))
            }
            (409, _) => {
                if heard.body["code"] == "container_elsewhere" {
                    assert!(heard.body["won"]["by"].is_string(), "who was first is not told: {:#}", heard.body);
                    self.look(at, &container).await;
                }
                heard.not()
            }
            _ => panic!("{name} {body}: {} {:#}", heard.status, heard.body),
        };
        self.ledger.insert(name.to_owned(), (told, body));
    }

    /// Looks where a container is.
    async fn look(&mut self, at: u64, container: &str) {
        let Some(base) = self.base().await else { return };
        let Ok(reply) = self.http.get(format!("{base}/containers/{container}")).send().await else { return };
        let Ok(found) = reply.json::<Value>().await else { return };
        found["slot"]
            .as_str()
            .unwrap_or("out")
            .clone_into(&mut self.shared.places.lock().unwrap()[self.terminal][at as usize]);
    }

    async fn details(&mut self, name: &str) {
        let at = self.dice.below(CONTAINERS) as usize;
        let body = json!({"size_type": "42G1", "weight_kg": 10_000 + self.dice.below(9)});
        let path = format!("containers/{}", number(at));
        let heard = self.ask(Method::PUT, &path, name, &body).await;
        assert_eq!(heard.status, 200, "{:#}", heard.body);
        // Where it had that weight already, nothing was written, and the version is that of somebody before.
        let by_us = heard.body["changed"]["by"] == name;
        let told = heard.version.filter(|_| by_us).map_or_else(|| heard.not(), |at| Told::Done(Some(at)));
        self.ledger.insert(name.to_owned(), (told, body));
    }

    /// Two containers that nobody knows yet.
    async fn load(&mut self, name: &str) {
        let first = self.shared.fresh.fetch_add(2, Ordering::Relaxed) as usize;
        let numbers = [number(first), number(first + 1)];
        let lines: String =
            numbers.iter().map(|number| json!({"number": number, "size_type": "22G1"}).to_string() + "\n").collect();
        let heard = self.ask(Method::POST, "containers", name, &Value::String(lines)).await;
        assert_eq!((heard.status.as_u16(), &heard.body["loaded"]), (200, &json!(2)), "{:#}", heard.body);
        let told = Told::Done(heard.body["version"].as_u64().map(|last| last - 1));
        self.ledger.insert(name.to_owned(), (told, json!({"id": numbers[0], "events": 2})));
        self.own.extend(numbers);
    }

    async fn remove(&mut self, name: &str) {
        let Some(number) = self.own.pop() else { return };
        let heard = self.ask(Method::DELETE, &format!("containers/{number}"), name, &Value::Null).await;
        assert_eq!(heard.status, 204, "{:#}", heard.body);
        self.ledger.insert(name.to_owned(), (Told::Done(None), json!({"id": number})));
    }

    async fn equipment(&mut self, name: &str) {
        let id = format!("TR-{}", self.name);
        let mut body = json!({"kind": "truck", "moves_per_hour": self.dice.below(30) + 1});
        let heard = self.ask(Method::PUT, &format!("equipment/{id}"), name, &body).await;
        assert!(heard.status.is_success(), "{:#}", heard.body);
        let by_us = heard.body["changed"]["by"] == name;
        let told = heard.version.filter(|_| by_us).map_or_else(|| heard.not(), |at| Told::Done(Some(at)));
        body["id"] = json!(id);
        self.ledger.insert(name.to_owned(), (told, body));
    }

    /// Plans how to dig a container out, and carries out what of it the others let happen.
    async fn plan(&mut self, name: &str) {
        let container = number(self.dice.below(CONTAINERS) as usize);
        let body = json!({"containers": [container]});
        let heard = self.ask(Method::POST, "yard/plans", name, &body).await;
        // It may be outside, or the plan could not be made in time.
        let (Some(id), Some(moves)) = (heard.body["id"].as_str(), heard.body["plan"]["moves"].as_array()) else {
            return;
        };
        for (at, step) in moves.iter().enumerate() {
            let name = format!("{name}-{at}");
            let path = format!("plans/{id}/steps");
            let heard = self.ask(Method::POST, &path, &name, &json!({"step": at + 1})).await;
            let told = match heard.status.as_u16() {
                200 => Told::Done(heard.version),
                404 | 409 => heard.not(),
                _ => panic!("{name}: {} {:#}", heard.status, heard.body),
            };
            let goes_on = heard.status == 200;
            self.ledger.insert(name, (told, json!({"id": id, "events": 2, "container": step["container"]})));
            if !goes_on {
                return;
            }
        }
    }

    async fn estimate(&mut self, name: &str) {
        let body = json!({"eta": format!("2026-03-03T{:02}:{:02}:00Z", self.dice.below(24), self.dice.below(60))});
        let heard = self.ask(Method::POST, "calls/X/estimates", name, &body).await;
        assert_eq!(heard.status, 200, "{:#}", heard.body);
        let by_us = heard.body["changed"]["by"] == name;
        let told = heard.version.filter(|_| by_us).map_or_else(|| heard.not(), |at| Told::Done(Some(at)));
        self.ledger.insert(name.to_owned(), (told, body));
    }
}

fn version(reply: &reqwest::Response) -> Option<u64> {
    reply.headers().get("etag")?.to_str().ok()?.trim_matches('"').parse().ok()
}

/// A reply that says what became of the request; `None` where the server was going down, or the connection.
async fn read(reply: reqwest::Response) -> Option<(StatusCode, Option<u64>, Value)> {
    let (status, version) = (reply.status(), version(&reply));
    let body = if status == StatusCode::NO_CONTENT { Value::Null } else { reply.json().await.ok()? };
    (!status.is_server_error()).then_some((status, version, body))
}

/// A server whose files can be kept from growing, which then is an error and kills nobody.
fn start(folder: &Path) -> Process {
    let command = with_room(env!("CARGO_BIN_EXE_fake-portolan"), "unlimited");
    Process::start_as(serving(command, folder, "127.0.0.1:0"), folder)
}

/// Where a terminal is.
fn place(server: &Process, terminal: usize) -> String {
    format!("{}/v1/terminals/T{}", server.base, terminal + 1)
}

/// Kills the server, now and then, until all operations have begun. Half of the times its disk fails before.
async fn kill(shared: Arc<Shared>) -> u64 {
    let mut kills = 0;
    let all = KILLS.0.max(shared.operations / KILLS.1);
    for part in 1..=all {
        while shared.begun.load(Ordering::Relaxed) < part * shared.operations / (all + 1) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        if part % 2 == 0 {
            let id = shared.server.read().await.as_ref().map(Process::id).unwrap();
            let_grow(id, "4096");
            tokio::time::sleep(FAILS).await;
            let_grow(id, "unlimited");
            // Of every other one it has to recover by itself.
            tokio::time::sleep(FAILS * (part / 2 % 2) as u32 * 5).await;
        }
        let mut server = shared.server.write().await;
        drop(server.take()); // kill -9
        let folder = shared.folder.clone();
        *server = Some(tokio::task::spawn_blocking(move || start(&folder)).await.unwrap());
        kills += 1;
    }
    kills
}

/// Stacks of numbers, and the rest as it was last written.
#[derive(Default)]
struct Plain {
    stacks: BTreeMap<String, Vec<String>>,
    bodies: BTreeMap<(String, String), Value>,
}

impl Plain {
    /// Takes an event over, and says what it must not be.
    fn take(&mut self, event: &Value) {
        let id = event["id"].as_str().unwrap().to_owned();
        let entity = event["entity"].as_str().unwrap().to_owned();
        let slot = |body: &Value| body["container"]["slot"].as_str().map(str::to_owned);
        let (before, after) = (slot(&event["before"]["body"]), slot(&event["after"]));
        if before != after {
            if let Some((stack, tier)) = before.as_deref().and_then(|slot| slot.rsplit_once('/')) {
                let held = self.stacks.entry(stack.to_owned()).or_default();
                assert_eq!((held.pop().as_ref(), held.len() + 1), (Some(&id), tier.parse().unwrap()), "{event:#}");
            }
            if let Some((stack, tier)) = after.as_deref().and_then(|slot| slot.rsplit_once('/')) {
                let held = self.stacks.entry(stack.to_owned()).or_default();
                held.push(id.clone());
                assert_eq!(held.len(), tier.parse::<usize>().unwrap(), "{event:#}");
                assert!(held.len() <= HEIGHT, "{event:#}");
            }
        }
        let known = match &event["after"] {
            Value::Null => self.bodies.remove(&(entity, id)),
            after => self.bodies.insert((entity, id), after.clone()),
        };
        assert_eq!(known.unwrap_or_default(), event["before"]["body"], "it was not so before: {event:#}");
    }
}

async fn checked(base: &str, mut ledger: Ledger) -> (u64, u64) {
    let http = Client::new();
    let (mut plain, mut cursor, mut last, mut done) = (Plain::default(), 0, 0, 0);
    // Events of the same operation that are still to come.
    let mut rest = (String::new(), 0);
    loop {
        let page = http.get(format!("{base}/history?limit=1000&cursor={cursor}")).send().await.unwrap();
        let page: Value = page.json().await.unwrap();
        for event in page["items"].as_array().unwrap() {
            let version = event["version"].as_u64().unwrap();
            assert_eq!(version, last + 1, "no gap");
            last = version;
            plain.take(event);
            let by = event["by"].as_str().unwrap();
            if by == "set up" {
                continue;
            }
            if rest.1 > 0 {
                assert_eq!(by, rest.0, "all events of an operation are there, and together: {event:#}");
                rest.1 -= 1;
                continue;
            }
            // Taken out, so that a second effect of the same operation is not found any more.
            let (told, asked) = ledger.remove(by).unwrap_or_else(|| panic!("a second effect, or nobody's: {event:#}"));
            let is_stale = event["kind"] == "stale";
            let fits = match told {
                Told::Done(at) => at.is_none_or(|at| at == version) && !is_stale,
                // What is kept of a step that could not be done.
                Told::Not => is_stale,
                Told::Perhaps => true,
            };
            assert!(fits, "{by} was told {told:?}: {event:#}");
            match event["kind"].as_str().unwrap() {
                "moved" => {
                    let slot = event["after"]["container"]["slot"].as_str().unwrap_or("out");
                    assert!(slot.starts_with(asked["to"].as_str().unwrap()), "{asked}: {event:#}");
                    assert_eq!(event["id"], asked["container"]);
                }
                "estimated" => assert_eq!(event["after"]["call"]["eta"], asked["eta"]),
                "put" if event["entity"] == "equipment" => {
                    assert_eq!(event["after"]["equipment"]["moves_per_hour"], asked["moves_per_hour"]);
                }
                "put" if asked["events"].is_null() => {
                    assert_eq!(event["after"]["container"]["weight_kg"], asked["weight_kg"]);
                }
                _ => assert_eq!(event["id"], asked["id"]),
            }
            let more = asked["events"].as_u64().map_or(0, |events| events - 1);
            rest = (by.to_owned(), if is_stale { 0 } else { more });
            done += 1;
        }
        cursor = last;
        if page["next"] == Value::Null {
            break;
        }
    }
    let missing: Vec<_> = ledger.iter().filter(|(_, (told, _))| matches!(told, Told::Done(_))).take(5).collect();
    assert!(missing.is_empty(), "confirmed and not in the history: {missing:?}");
    let snapshot: Value = http.get(format!("{base}/snapshot")).send().await.unwrap().json().await.unwrap();
    assert_eq!(snapshot["version"], last);
    let records = snapshot["records"].as_array().unwrap();
    assert_eq!(records.len(), plain.bodies.len());
    let mut stored: Vec<&Value> = records.iter().map(|record| &record["body"]).collect();
    let mut replayed: Vec<&Value> = plain.bodies.values().collect();
    stored.sort_by_key(ToString::to_string);
    replayed.sort_by_key(ToString::to_string);
    assert_eq!(stored, replayed, "history replays to the state");
    (done, last)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clients_and_a_server_that_is_killed() {
    let operations = from_environment("PORTOLAN_MODEL_OPERATIONS", 2000);
    let seed = from_environment("PORTOLAN_MODEL_SEED", 1);
    println!("{operations} operations of {CLIENTS} clients, seed {seed}");
    let folder = Folder::new("terminal-clients");
    let server = start(&folder.0);
    let http = Client::new();
    for terminal in 0..TERMINALS {
        let base = place(&server, terminal);
        let set_up = async |path: &str, body: Value| {
            let request = http.put(format!("{base}{path}")).header("x-actor", "set up").json(&body);
            assert_eq!(request.send().await.unwrap().status(), 201);
        };
        set_up("", spec_json()).await;
        set_up("/calls/X", json!({"eta": "2026-03-03T00:00:00Z", "moves": 100})).await;
        for at in 0..CONTAINERS as usize {
            set_up(&format!("/containers/{}", number(at)), json!({"size_type": "42G1"})).await;
        }
    }
    let shared = Arc::new(Shared {
        server: RwLock::new(Some(server)),
        folder: folder.0.clone(),
        places: Mutex::new(std::array::from_fn(|_| vec!["out".to_owned(); CONTAINERS as usize])),
        fresh: AtomicU64::new(CONTAINERS),
        begun: AtomicU64::new(0),
        operations,
    });
    let clients: Vec<_> = (0..CLIENTS)
        .map(|name| {
            // A request that hangs while its server is killed is over.
            let http = Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
            let dice = Dice(seed.wrapping_mul(1000) + name);
            let (terminal, own, ledger) = (name as usize % TERMINALS, Vec::new(), Ledger::new());
            let client = OneClient { shared: Arc::clone(&shared), http, dice, name, terminal, own, ledger };
            (terminal, tokio::spawn(client.run()))
        })
        .collect();
    let killer = tokio::spawn(kill(Arc::clone(&shared)));
    let mut ledgers: [Ledger; TERMINALS] = std::array::from_fn(|_| Ledger::new());
    for (terminal, client) in clients {
        ledgers[terminal].append(&mut client.await.unwrap());
    }
    let kills = killer.await.unwrap();
    let (mut done, mut events) = (0, 0);
    for (terminal, ledger) in ledgers.into_iter().enumerate() {
        let base = shared.server.read().await.as_ref().map(|server| place(server, terminal)).unwrap();
        let (some, of) = checked(&base, ledger).await;
        (done, events) = (done + some, events + of);
    }
    println!("{done} of {operations} had an effect, {events} events, {kills} times kill -9, seed {seed}");
    assert!(done > operations / 4, "most operations were refused: {done}");
    drop(shared);
}
