//! A proxy in front of an AWS endpoint that does to requests what a test wants: throttles them, delays them, loses their answers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    Pass,
    /// It is refused, for there are too many.
    Throttle,
    /// It takes so long.
    Late(Duration),
    /// It is done, and the answer gets lost.
    Swallow,
}

type Rule = dyn Fn(&str) -> Fault + Send + Sync;

/// The proxy. Gone with the test's runtime.
pub struct Proxy {
    /// Where it listens.
    pub url: String,
    asked: Arc<Mutex<Vec<String>>>,
    rule: Arc<Mutex<Arc<Rule>>>,
}

#[derive(Clone)]
struct Behind {
    endpoint: String,
    client: reqwest::Client,
    asked: Arc<Mutex<Vec<String>>>,
    rule: Arc<Mutex<Arc<Rule>>>,
}

impl Proxy {
    /// One in front of this endpoint, which lets everything pass at first.
    pub async fn start(endpoint: &str) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let pass: Arc<Rule> = Arc::new(|_| Fault::Pass);
        let rule = Arc::new(Mutex::new(pass));
        let client = reqwest::Client::new();
        let behind =
            Behind { endpoint: endpoint.to_owned(), client, asked: Arc::clone(&asked), rule: Arc::clone(&rule) };
        let router = Router::new().fallback(forward).with_state(behind);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, asked, rule }
    }

    /// From now on, requests are treated by this rule, which is given the operation's name; `S3 PUT` and the like for those of S3.
    pub fn treat(&self, rule: impl Fn(&str) -> Fault + Send + Sync + 'static) {
        *self.rule.lock().unwrap() = Arc::new(rule);
    }

    /// How often an operation was asked for.
    pub fn asked(&self, operation: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| *asked == operation).count()
    }
}

/// A rule for the first requests of an operation; those that follow pass.
pub fn first(operation: &'static str, times: usize, fault: Fault) -> impl Fn(&str) -> Fault + Send + Sync {
    let left = Mutex::new(times);
    move |asked| {
        let mut left = left.lock().unwrap();
        if asked != operation || *left == 0 {
            return Fault::Pass;
        }
        *left -= 1;
        fault
    }
}

async fn forward(State(behind): State<Behind>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = match target.rsplit('.').next() {
        Some(operation) if !operation.is_empty() => operation.to_owned(),
        _ => format!("S3 {}", parts.method),
    };
    behind.asked.lock().unwrap().push(operation.clone());
    let rule = Arc::clone(&behind.rule.lock().unwrap());
    let fault = rule(&operation);
    match fault {
        Fault::Throttle => {
            if operation.starts_with("S3 ") {
                return (StatusCode::SERVICE_UNAVAILABLE, "<Error><Code>SlowDown</Code></Error>").into_response();
            }
            let kind = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException";
            let body = format!("{{\"__type\": \"{kind}\", \"message\": \"too much\"}}");
            return (StatusCode::BAD_REQUEST, [("content-type", "application/x-amz-json-1.0")], body).into_response();
        }
        Fault::Late(span) => tokio::time::sleep(span).await,
        Fault::Pass | Fault::Swallow => {}
    }
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut sent = behind.client.request(parts.method.clone(), format!("{}{path}", behind.endpoint));
    for (name, value) in &parts.headers {
        if name != "content-length" && name != "host" {
            sent = sent.header(name, value);
        }
    }
    let body: Bytes = to_bytes(body, usize::MAX).await.unwrap();
    // Whoever asked may be gone by now.
    let Ok(answer) = sent.body(body).send().await else { return StatusCode::BAD_GATEWAY.into_response() };
    let (status, headers) = (answer.status(), answer.headers().clone());
    let Ok(body) = answer.bytes().await else { return StatusCode::BAD_GATEWAY.into_response() };
    if fault == Fault::Swallow {
        return std::future::pending().await;
    }
    let mut response = (status, body).into_response();
    for name in ["content-type", "x-amzn-requestid", "x-amz-crc32", "etag"] {
        if let Some(value) = headers.get(name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}
