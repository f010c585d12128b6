//! What survives the end of the process, however it comes.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use portolan_tests::server_at::Reply;
use reqwest::Client;
use serde_json::{Value, json};

use super::script;

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("portolan-suite-{name}-{}", std::process::id()));
        // Left from an earlier run, or not there.
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A server in a process of its own.
struct Process {
    child: Child,
    base: String,
    client: Client,
}

impl Process {
    fn start(folder: &Path) -> Self {
        let mut child = command(folder, "127.0.0.1:0").stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said: Vec<String> = (0..3).map(|_| lines.next().expect("three lines").unwrap()).collect();
        let base = said[0].split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
        assert!(said[1].contains("curl") && said[1].contains(&base), "{said:?}");
        assert!(said[2].contains(&*folder.to_string_lossy()), "{said:?}");
        Self { child, base, client: Client::new() }
    }

    async fn defer(&self, body: &Value, key: &str) -> Reply {
        let request = self.client.post(format!("{}/v1/fake/plans", self.base)).header("prefer", "respond-async");
        Reply::of(request.header("idempotency-key", key).json(body).send().await.unwrap()).await
    }

    async fn get(&self, path: &str) -> Reply {
        Reply::of(self.client.get(format!("{}{path}", self.base)).send().await.unwrap()).await
    }

    async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let polled = async {
            loop {
                let reply = self.get(path).await;
                if wanted(&reply.body) {
                    return reply.body;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), polled).await.expect("it never got there")
    }

    /// `kill -9`.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and the wait for an orderly end.
    fn end(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Ended already, unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(folder: &Path, listen: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fake-portolan"));
    command.args(["--listen", listen, "--workers", "2", "--data"]).arg(folder);
    command.env("PORTOLAN_LOG", "error");
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_loses_nothing_that_was_acknowledged() {
    let folder = Folder::new("kill");
    let first = Process::start(&folder.0);
    let promised = first.defer(&script("killed", "slow"), "key of the killed").await;
    assert_eq!(promised.status, 202, "{:#}", promised.body);
    let place = promised.header("location").to_owned();
    let posted = first.client.post(format!("{}/v1/fake/plans", first.base)).json(&script("done before", "quick"));
    let done = Reply::of(posted.send().await.unwrap()).await;
    assert_eq!(done.status, 200, "{:#}", done.body);
    // Somebody waits on a connection when the process dies.
    let waits = first.client.post(format!("{}/v1/fake/plans", first.base)).json(&script("waits", "slow"));
    let waiting = tokio::spawn(waits.send());
    first.until("/v1/plans?status=running", |page| page["plans"].as_array().is_some_and(|all| all.len() == 2)).await;
    let seen = first.until(&place, |plan| plan["objective"].as_i64() < Some(999_990)).await;
    // A checkpoint follows within its period; two looks apart, the first incumbent seen is surely on disk.
    first.until(&place, |plan| plan["objective"].as_i64() < seen["objective"].as_i64().map(|was| was - 500)).await;
    first.kill();
    assert!(waiting.await.unwrap().is_err());

    let second = Process::start(&folder.0);
    let resumed = second.get(&place).await;
    assert_eq!(resumed.text("id"), promised.text("id"));
    assert!(["queued", "running"].contains(&resumed.text("status").as_str()));
    assert!(resumed.body["objective"].as_i64() <= seen["objective"].as_i64(), "the incumbent stays in view");
    assert!(resumed.body["plan"].is_object());
    let answer = second.get(done.header("location")).await;
    assert_eq!(answer.body, done.body);
    let again = second.defer(&script("killed", "slow"), "key of the killed").await;
    assert_eq!((again.header("idempotent-replayed"), &again.body), ("true", &promised.body));
    let interrupted = second.get("/v1/plans?status=interrupted").await;
    let count = interrupted.body["plans"].as_array().unwrap().len();
    assert!(count <= 1, "{:#}", interrupted.body);
    assert_eq!(second.get("/v1/plans?status=failed").await.body, json!({"plans": []}));
    second.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orderly_end_leaves_deferred_plans_to_the_next_start() {
    let folder = Folder::new("term");
    let first = Process::start(&folder.0);
    let promised = first.defer(&script("ended", "slow"), "k").await;
    let place = promised.header("location").to_owned();
    let seen = first.until(&place, |plan| plan["objective"].as_i64() < Some(999_990)).await;
    first.end();
    let second = Process::start(&folder.0);
    let resumed = second.until(&place, |plan| plan["status"] == "running").await;
    assert!(resumed["objective"].as_i64() <= seen["objective"].as_i64());
    second.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_in_use_an_open_address_and_foreign_pages_are_refused() {
    let folder = Folder::new("used");
    let first = Process::start(&folder.0);
    let second = command(&folder.0, "127.0.0.1:0").output().unwrap();
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("InUse") || said.contains("is in use"), "{said}");
    for (name, value) in [("host", "rebound.example"), ("origin", "https://page.example"), ("origin", "null")] {
        let request = first.client.get(format!("{}/v1/plans", first.base)).header(name, value);
        Reply::of(request.send().await.unwrap()).await.is_problem(421, "misdirected");
    }
    first.end();
    let open = command(&folder.0, "0.0.0.0:0").output().unwrap();
    assert!(!open.status.success());
    assert!(String::from_utf8_lossy(&open.stderr).contains("OpenToAll"));
}
