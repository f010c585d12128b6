//! A server on a free port of loopback, in this process, and a client for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use portolan_functions::adapters::SystemClock;
use portolan_functions::adapters::embedded::{Bounds, Embedded};
use portolan_functions::http::{Api, Offered};
use portolan_functions::keys::{self, KeyRing};
use portolan_functions::plans::{Plans, Problems, Settings};
use portolan_functions::ports::{Stores, TerminalStore};
use portolan_functions::serve;
use portolan_functions::terminal::Terminals;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::fake;

/// How to serve.
pub struct Setup {
    /// Which problems.
    pub problems: Problems,
    /// Limits.
    pub settings: Settings,
    /// Who is admitted.
    pub keys: Option<KeyRing>,
    /// Where plans are kept.
    pub stores: Stores,
    /// Where terminals are kept.
    pub terminals: Arc<dyn TerminalStore>,
    /// Which part of the API.
    pub offered: Offered,
    /// How long a body may take.
    pub body_time: Duration,
    /// Connections at the same time.
    pub connections: usize,
}

impl Default for Setup {
    fn default() -> Self {
        let store = Embedded::in_memory(Arc::new(SystemClock), Bounds::default()).unwrap();
        let settings = Settings { workers: 2, checkpoint_every: Duration::from_millis(20), ..Settings::default() };
        let body_time = Duration::from_secs(30);
        let terminals = store.terminals().unwrap();
        Self {
            problems: fake::PROBLEMS,
            settings,
            keys: None,
            stores: store.stores(),
            terminals,
            offered: Offered::Everything,
            body_time,
            connections: 1024,
        }
    }
}

/// A server that runs until it is dropped or closed.
pub struct Server {
    /// `http://127.0.0.1:PORT`
    pub base: String,
    /// What it serves.
    pub plans: Arc<Plans>,
    client: reqwest::Client,
    end: Option<oneshot::Sender<()>>,
    task: Option<tokio::task::JoinHandle<()>>,
}

/// A key for each tenant: the ring that knows them, and their secrets.
pub fn keys<const N: usize>(tenants: [&str; N]) -> (KeyRing, [String; N]) {
    static RINGS: AtomicUsize = AtomicUsize::new(0);
    let made = tenants.map(|tenant| keys::generate(tenant, None).unwrap());
    let lines: String = made.iter().map(|key| serde_json::to_string(&key.entry).unwrap() + "\n").collect();
    let name = format!("portolan-ring-{}-{}", std::process::id(), RINGS.fetch_add(1, Ordering::Relaxed));
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, lines).unwrap();
    let ring = KeyRing::read(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    (ring, made.map(|key| key.secret))
}

/// A response, read to its end.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: StatusCode,
    /// Header fields.
    pub headers: reqwest::header::HeaderMap,
    /// The body, where it is JSON; otherwise the text of it.
    pub body: Value,
}

impl Reply {
    /// Reads a response.
    pub async fn of(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self { status, headers, body }
    }

    /// A header field as text; empty where it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// A member of the body as text.
    pub fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_else(|| panic!("no text {name:?} in {:#}", self.body)).to_owned()
    }

    /// Checks that this is a problem of a kind, well formed.
    pub fn is_problem(&self, status: u16, code: &str) -> &Self {
        assert_eq!((self.status.as_u16(), self.body["code"].as_str()), (status, Some(code)), "{:#}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["type"], format!("/problems/{code}"));
        assert_eq!(self.body["request_id"], self.header("x-request-id"));
        assert!(self.body["title"].is_string() && self.body["detail"].is_string());
        self
    }
}

impl Server {
    /// Starts one.
    pub async fn start(setup: Setup) -> Self {
        let plans = Plans::new(setup.problems, setup.stores, setup.settings).unwrap();
        plans.recover().await.unwrap();
        let terminals = Arc::new(Terminals::new(setup.terminals, Arc::new(SystemClock)));
        let api = Api::new(Arc::clone(&plans), setup.keys).body_time(setup.body_time);
        let api = api.terminals(terminals).offering(setup.offered);
        let front = api.front();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (end, ended) = oneshot::channel::<()>();
        let served = Arc::clone(&plans);
        let task = tokio::spawn(async move {
            let ended = async { drop(ended.await) };
            serve::accept(listener, front, setup.connections, ended, || async move {
                served.close(Duration::from_secs(10)).await;
            })
            .await;
        });
        Self { base, plans, client: reqwest::Client::new(), end: Some(end), task: Some(task) }
    }

    /// One with the real problems.
    pub async fn real() -> Self {
        Self::start(Setup { problems: portolan::problem::registry(), ..Setup::default() }).await
    }

    /// Ends it in an orderly way.
    pub async fn close(mut self) {
        drop(self.end.take());
        self.task.take().unwrap().await.unwrap();
    }

    /// A request.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Gets.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    /// Deletes.
    pub async fn delete(&self, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Sends a request.
    pub async fn send(&self, request: RequestBuilder) -> Reply {
        Reply::of(request.send().await.unwrap()).await
    }

    /// Looks at a plan until it is as wanted.
    pub async fn until(&self, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let path = format!("/v1/plans/{id}");
        let polled = async {
            loop {
                let reply = self.get(&path).await;
                assert_eq!(reply.status, 200, "{:#}", reply.body);
                if wanted(&reply.body) {
                    return reply.body;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), polled).await.expect("the plan never got there")
    }
}
