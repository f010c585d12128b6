//! The same move in `PostgreSQL`: container, both stacks, history and idempotency key in one transaction.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::{Client, NoTls, Statement};

use super::embedded::{all, arrival};
use super::{CLIENTS, OWN, Row, Walk, number};

const TABLES: &str = "
    CREATE TABLE head (terminal text PRIMARY KEY, version bigint NOT NULL);
    CREATE TABLE containers (number text PRIMARY KEY, stack text, tier int, version bigint NOT NULL, details jsonb NOT NULL);
    CREATE TABLE stacks (id text PRIMARY KEY, numbers text[] NOT NULL);
    CREATE SEQUENCE versions;
    CREATE TABLE history (version bigint PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), by text NOT NULL, kind text NOT NULL,
        container text NOT NULL, before jsonb, after jsonb);
    CREATE INDEX history_of ON history (container, version);
    CREATE TABLE keys (key text PRIMARY KEY, digest text NOT NULL, receipt jsonb NOT NULL, at timestamptz NOT NULL DEFAULT now());
    INSERT INTO head VALUES ('T', 0);
";

/// Whether this process is the system's administrator, as whom `PostgreSQL` refuses to run.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0)
}

/// A server of its own, stopped and forgotten in the end.
struct Server {
    programs: PathBuf,
    folder: PathBuf,
}

impl Server {
    /// Starts it with the settings of its package; `None` where it is not installed.
    fn start() -> Option<Self> {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
        let programs = versions.filter_map(|it| Some(it.ok()?.path().join("bin"))).max()?;
        // The server does not run as root; whoever it runs as has to get to its folder.
        let folder = std::env::temp_dir().join(format!("portolan-bench-postgres-{}", std::process::id()));
        let server = Self { programs, folder };
        let _ = std::fs::remove_dir_all(&server.folder);
        std::fs::create_dir_all(&server.folder).unwrap();
        if is_root() {
            assert!(Command::new("chown").arg("postgres").arg(&server.folder).status().unwrap().success());
        }
        let data = server.data();
        server.run("initdb", &["-D", &data, "-U", "postgres", "-A", "trust"]);
        let options = format!("-k {} -h '' -c max_connections=100", server.folder.display());
        let log = format!("{}/log", server.folder.display());
        server.run("pg_ctl", &["-D", &data, "-o", &options, "-l", &log, "-w", "start"]);
        Some(server)
    }

    fn data(&self) -> String {
        format!("{}/data", self.folder.display())
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        let status = command.args(arguments).current_dir("/").stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(status.unwrap().success(), "{arguments:?}");
    }

    async fn connect(&self) -> Client {
        let socket: &Path = &self.folder;
        let config = format!("host={} user=postgres dbname=postgres", socket.display());
        let (client, connection) = tokio_postgres::connect(&config, NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// With the containers of every client.
    async fn prepared(&self) -> Vec<Walk> {
        let client = self.connect().await;
        client.batch_execute(TABLES).await.unwrap();
        let mut walks = Vec::new();
        for at in 0..CLIENTS {
            let mut walk = Walk::new(at);
            for (number, stack, tier) in walk.first() {
                let details = details(&number, &format!("{stack}/{tier}"));
                let tier = tier as i32;
                let insert = "INSERT INTO containers VALUES ($1, $2, $3, 0, $4)";
                client.execute(insert, &[&number, &stack, &tier, &details]).await.unwrap();
            }
            for stack in 0..super::STACKS {
                let insert = "INSERT INTO stacks SELECT $1, COALESCE((SELECT array_agg(number ORDER BY tier) FROM containers WHERE stack = $1), '{}')";
                client.execute(insert, &[&walk.stack(stack)]).await.unwrap();
            }
            walks.push(walk);
        }
        walks
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "stop"]);
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// What is stored of a container besides its place: as many bytes as in ours.
fn details(number: &str, slot: &str) -> serde_json::Value {
    serde_json::to_value(arrival(number.to_owned(), slot)).unwrap()
}

struct Mover {
    client: Client,
    walk: Walk,
    gapless: bool,
    statements: Vec<Statement>,
}

const STATEMENTS: [&str; 8] = [
    "INSERT INTO keys (key, digest, receipt) VALUES ($1, 'digest', '{}') ON CONFLICT DO NOTHING",
    "SELECT stack, tier, details FROM containers WHERE number = $1 FOR UPDATE",
    "SELECT id, numbers FROM stacks WHERE id = $1 OR id = $2 ORDER BY id FOR UPDATE",
    "UPDATE containers SET stack = $2, tier = $3, version = $4 WHERE number = $1",
    "UPDATE stacks SET numbers = CASE WHEN id = $1 THEN trim_array(numbers, 1) ELSE array_append(numbers, $3) END WHERE id = $1 OR id = $2",
    "INSERT INTO history (version, by, kind, container, before, after) VALUES ($1, 'bench', 'moved', $2, $3, $4)",
    "SELECT nextval('versions')",
    "UPDATE head SET version = version + 1 WHERE terminal = 'T' RETURNING version",
];

impl Mover {
    async fn new(server: &Server, walk: Walk, gapless: bool) -> Self {
        let client = server.connect().await;
        let mut statements = Vec::new();
        for text in STATEMENTS {
            statements.push(client.prepare(text).await.unwrap());
        }
        Self { client, walk, gapless, statements }
    }

    async fn step(mut self) -> Self {
        let (number, from, tier, to) = self.walk.next();
        let key = format!("{}-{}", self.walk.client, self.walk.turn);
        let transaction = self.client.transaction().await.unwrap();
        let s = &self.statements;
        assert_eq!(transaction.execute(&s[0], &[&key]).await.unwrap(), 1, "the key is new");
        let container = transaction.query_one(&s[1], &[&number]).await.unwrap();
        assert_eq!((container.get::<_, &str>(0), container.get::<_, i32>(1)), (from.as_str(), tier as i32));
        let mut height = 0;
        for stack in transaction.query(&s[2], &[&from, &to]).await.unwrap() {
            let numbers: Vec<String> = stack.get(1);
            if stack.get::<_, &str>(0) == from {
                assert_eq!(numbers.last(), Some(&number), "it is on top");
            } else {
                assert!(numbers.len() < 10, "there is room");
                height = numbers.len() as i32;
            }
        }
        // The head is locked last, and for the shortest time.
        let details: serde_json::Value = container.get(2);
        let after = height + 1;
        transaction.execute(&s[4], &[&from, &to, &number]).await.unwrap();
        let counter = if self.gapless { &s[7] } else { &s[6] };
        let version: i64 = transaction.query_one(counter, &[]).await.unwrap().get(0);
        transaction.execute(&s[3], &[&number, &to, &after, &version]).await.unwrap();
        transaction.execute(&s[5], &[&version, &number, &details, &details]).await.unwrap();
        transaction.commit().await.unwrap();
        self
    }
}

pub(super) async fn moves(seconds: Duration, gapless: bool) -> Option<Row> {
    let server = Server::start()?;
    let mut movers = Vec::new();
    for walk in server.prepared().await {
        movers.push(Mover::new(&server, walk, gapless).await);
    }
    let (elapsed, took) = all(movers, seconds, Mover::step).await;
    let how = if gapless { "numbered without a gap, as ours" } else { "numbered by a sequence, with gaps" };
    Some(Row::new(format!("moves, PostgreSQL, {how}"), elapsed, took))
}

pub(super) async fn reads(seconds: Duration) -> Option<Row> {
    let server = Server::start()?;
    server.prepared().await;
    let mut readers = Vec::new();
    for at in 0..CLIENTS {
        let client = server.connect().await;
        let text = "SELECT stack, tier, version, details FROM containers WHERE number = $1";
        let statement = client.prepare(text).await.unwrap();
        readers.push((Arc::new(client), statement, at));
    }
    let (elapsed, took) = all(readers, seconds, |(client, statement, at)| async move {
        client.query_one(&statement, &[&number(at % (CLIENTS * OWN))]).await.unwrap();
        (client, statement, at + 7)
    })
    .await;
    Some(Row::new("reads of a container, PostgreSQL", elapsed, took))
}
