//! The server in a process of its own, which tests can kill.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use portolan_tests::server_at::Reply;
use reqwest::Client;
use serde_json::Value;

/// A folder that goes with the test.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
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
pub(super) struct Process {
    child: Child,
    pub(super) base: String,
    pub(super) client: Client,
}

impl Process {
    pub(super) fn start(folder: &Path) -> Self {
        Self::start_as(command(folder, "127.0.0.1:0"), folder)
    }

    /// With a command that becomes the server.
    pub(super) fn start_as(mut command: Command, folder: &Path) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said: Vec<String> = (0..3).map(|_| lines.next().expect("three lines").unwrap()).collect();
        let base = said[0].split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
        assert!(said[1].contains("curl") && said[1].contains(&base), "{said:?}");
        assert!(said[2].contains(&*folder.to_string_lossy()), "{said:?}");
        Self { child, base, client: Client::new() }
    }

    pub(super) async fn defer(&self, body: &Value, key: &str) -> Reply {
        let request = self.client.post(format!("{}/v1/fake/plans", self.base)).header("prefer", "respond-async");
        Reply::of(request.header("idempotency-key", key).json(body).send().await.unwrap()).await
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        Reply::of(self.client.get(format!("{}{path}", self.base)).send().await.unwrap()).await
    }

    pub(super) async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
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

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and the wait for an orderly end.
    pub(super) fn end(mut self) {
        let id = self.id().to_string();
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

/// The server with the fake problem.
pub(super) fn command(folder: &Path, listen: &str) -> Command {
    serving(Command::new(env!("CARGO_BIN_EXE_fake-portolan")), folder, listen)
}

/// The same of another program, or of one that becomes the server under limits.
pub(super) fn serving(mut command: Command, folder: &Path, listen: &str) -> Command {
    command.args(["--listen", listen, "--workers", "2", "--data"]).arg(folder);
    command.env("PORTOLAN_LOG", "error");
    command
}

/// A program whose files may grow to so many bytes; a write beyond that fails, as on a disk that is full, and kills nobody. `unlimited` is
/// for one that [`let_grow`] limits later.
pub(super) fn with_room(program: &str, bytes: &str) -> Command {
    let mut limited = Command::new("sh");
    limited.arg("-c").arg(format!("trap '' XFSZ; exec prlimit --fsize={bytes}: \"$@\"")).args(["sh", program]);
    limited
}

/// Lets the files of a process with this id grow to so many bytes.
pub(super) fn let_grow(id: u32, bytes: &str) {
    let limited = Command::new("prlimit").args(["--pid", &id.to_string(), &format!("--fsize={bytes}:")]).status();
    assert!(limited.unwrap().success());
}
