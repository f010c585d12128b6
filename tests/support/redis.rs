//! A Redis server of a test's own, which may be killed and started again.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A server on a port of loopback.
pub struct Redis {
    port: u16,
    arguments: Vec<String>,
    is_tls: bool,
    child: Option<Child>,
}

impl Redis {
    /// Starts one; or a loud word where it is not installed.
    pub async fn start() -> Option<Self> {
        Self::start_with(Vec::new(), None).await
    }

    /// One that speaks TLS alone.
    pub async fn start_tls(certificates: &Certificates) -> Option<Self> {
        Self::start_with(Vec::new(), Some(certificates)).await
    }

    async fn start_with(mut arguments: Vec<String>, tls: Option<&Certificates>) -> Option<Self> {
        if Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_err() {
            eprintln!("SKIPPED: there is no redis-server; `tests/run` installs one");
            return None;
        }
        let port = free_port();
        match tls {
            None => arguments.extend(["--port".to_owned(), port.to_string()]),
            Some(certificates) => {
                arguments.extend(["--port".to_owned(), "0".to_owned(), "--tls-port".to_owned(), port.to_string()]);
                arguments.extend(certificates.arguments());
            }
        }
        let mut redis = Self { port, arguments, is_tls: tls.is_some(), child: None };
        redis.up().await;
        Some(redis)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", if self.is_tls { "rediss" } else { "redis" }, self.port)
    }

    /// Starts it again.
    pub async fn up(&mut self) {
        let child = Command::new("redis-server")
            .args(&self.arguments)
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        self.child = Some(child);
        for _ in 0..200 {
            if tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("redis-server does not listen");
    }

    /// Kills it.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Stops it where it is: it holds connections and answers nothing.
    pub fn freeze(&self, frozen: bool) {
        let signal = if frozen { "-STOP" } else { "-CONT" };
        let pid = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// An authority of a test's own, and a certificate of its for 127.0.0.1.
pub struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// Makes them; or a loud word where there is nothing to make them with.
    pub fn make(name: &str) -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("portolan-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let run = |arguments: &[&str]| {
            let new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
            Command::new("openssl").args(new).args(arguments).current_dir(&folder).stderr(Stdio::null()).status()
        };
        let Ok(made) = run(&["-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem"]) else {
            eprintln!("SKIPPED: there is no openssl to make certificates with");
            return None;
        };
        assert!(made.success());
        let signed =
            ["-subj", "/CN=cache", "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"];
        let by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-keyout", "cache.key", "-out", "cache.pem"];
        assert!(run(&[&signed[..], &by[..]].concat()).unwrap().success());
        Some(Self { folder })
    }

    /// The authority's certificate.
    pub fn authority(&self) -> Vec<u8> {
        std::fs::read(self.path("ca.pem")).unwrap()
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    fn arguments(&self) -> Vec<String> {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let of = |name: &str, file: &str| [name.to_owned(), text(&self.path(file))];
        let files =
            [of("--tls-cert-file", "cache.pem"), of("--tls-key-file", "cache.key"), of("--tls-ca-cert-file", "ca.pem")];
        let rest = ["--tls-auth-clients", "no"].map(str::to_owned);
        files.into_iter().flatten().chain(rest).collect()
    }
}

impl Drop for Certificates {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Three servers that share the keys, and speak TLS alone, as ElastiCache Serverless does.
pub struct Cluster {
    nodes: Vec<Redis>,
}

impl Cluster {
    /// Starts one; or a loud word where there is no server.
    pub async fn start(certificates: &Certificates) -> Option<Self> {
        let mut nodes = Vec::new();
        for _ in 0..3 {
            let port = free_port();
            let state = certificates.path(&format!("nodes-{port}.conf"));
            let arguments = ["--cluster-enabled", "yes", "--cluster-config-file", state.to_str().unwrap()];
            let bus = ["--tls-cluster", "yes", "--cluster-port", &port.to_string()];
            let arguments = [arguments, bus].concat().into_iter().map(str::to_owned).collect();
            nodes.push(Redis::start_with(arguments, Some(certificates)).await?);
        }
        let places: Vec<String> = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        let ca = certificates.path("ca.pem");
        let tls = ["--tls", "--cacert", ca.to_str().unwrap()];
        let made = Command::new("redis-cli")
            .args(tls)
            .args(["--cluster", "create"])
            .args(&places)
            .args(["--cluster-replicas", "0", "--cluster-yes"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
        Some(Self { nodes })
    }

    /// One of them.
    pub fn url(&self) -> String {
        self.nodes[0].url()
    }

    /// Its nodes.
    pub fn nodes(&mut self) -> &mut [Redis] {
        &mut self.nodes
    }
}
