//! The function as a process: it polls a runtime API, which here is a stub that hands out the committed event and keeps what comes back.

use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::routing::{get, post};
use axum::{Json, Router};
use portolan_tests::repository;
use portolan_tests::yard::fresh;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// The stub: events to hand out, and where answers go.
#[derive(Clone)]
struct Platform {
    events: Arc<Mutex<Vec<Value>>>,
    answers: mpsc::UnboundedSender<Value>,
}

async fn next(State(platform): State<Platform>) -> (HeaderMap, Json<Value>) {
    let event = platform.events.lock().unwrap().pop();
    let Some(event) = event else { std::future::pending().await };
    let end = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_secs(25);
    let fields = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
        ("lambda-runtime-deadline-ms", end.as_millis().to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:eu-central-1:123456789012:function:optimize".to_owned(),
        ),
    ];
    let headers = fields.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::try_from(value).unwrap()));
    (headers.into_iter().collect(), Json(event))
}

async fn respond(State(platform): State<Platform>, answer: Bytes) {
    platform.answers.send(serde_json::from_slice(&answer).unwrap()).unwrap();
}

struct Function(Child);

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the function with these events waiting, first one first.
async fn start(mut events: Vec<Value>, variables: &[(&str, &str)]) -> (Function, mpsc::UnboundedReceiver<Value>) {
    events.reverse();
    let (answers, received) = mpsc::unbounded_channel();
    let platform = Platform { events: Arc::new(Mutex::new(events)), answers };
    let api = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(respond))
        .with_state(platform);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, api).await });
    let function = Command::new(env!("CARGO_BIN_EXE_optimize-under-test"))
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .envs([
            ("AWS_LAMBDA_FUNCTION_NAME", "optimize"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769"),
        ])
        .envs(variables.iter().copied())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    (Function(function), received)
}

fn committed_event() -> Value {
    let text = std::fs::read_to_string(repository().join("tests/events/berth-plan.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The next answer; a function that gives none within a minute is broken.
async fn answer(answers: &mut mpsc::UnboundedReceiver<Value>) -> Value {
    tokio::time::timeout(Duration::from_mins(1), answers.recv()).await.unwrap().unwrap()
}

fn body(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn the_function_plans_the_committed_event_and_answers_the_next_one_too() {
    let mut broken = committed_event();
    broken["body"] = "{".into();
    broken["isBase64Encoded"] = false.into();
    let (_function, mut answers) = start(vec![committed_event(), committed_event(), broken], &[]).await;

    let first = answer(&mut answers).await;
    assert_eq!(first["statusCode"], 200, "{first}");
    let plan = body(&first);
    assert_eq!((&plan["status"], &plan["proof"]), (&"done".into(), &"optimal".into()));
    assert_eq!(plan["objective"], plan["lower_bound"]);

    let second = answer(&mut answers).await;
    assert_eq!(body(&second)["tier"], "cached", "{second}");

    let third = answer(&mut answers).await;
    assert_eq!((&third["statusCode"], &body(&third)["code"]), (&400.into(), &"not_json".into()), "{third}");
}

#[tokio::test]
async fn the_tenant_is_who_the_gateway_s_authorizer_says() {
    let by = |claims: Value| {
        let mut event = committed_event();
        event["requestContext"]["authorizer"] = serde_json::json!({"jwt": {"claims": claims, "scopes": null}});
        event
    };
    let events = vec![
        by(serde_json::json!({"org": "acme"})),
        by(serde_json::json!({"org": "acme"})),
        by(serde_json::json!({"org": "other"})),
        by(serde_json::json!({"sub": "somebody"})),
        by(serde_json::json!({"org": "a#b"})),
        committed_event(),
    ];
    let (_function, mut answers) = start(events, &[("PORTOLAN_TENANT_CLAIM", "org")]).await;
    let mut tiers = Vec::new();
    for _ in 0..3 {
        tiers.push(body(&answer(&mut answers).await)["tier"].clone());
    }
    assert_eq!(tiers, ["proven", "cached", "proven"], "what one tenant knows, another does not");
    for _ in 0..3 {
        let refused = answer(&mut answers).await;
        assert_eq!(
            (&refused["statusCode"], &body(&refused)["code"]),
            (&401.into(), &"unauthorized".into()),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn invocations_overlap_where_the_platform_says_so_and_do_not_mix() {
    let plan = |tenant: &str| {
        let mut event = committed_event();
        event["rawPath"] = "/v1/yard/plans".into();
        event["requestContext"]["http"]["path"] = "/v1/yard/plans".into();
        event["requestContext"]["authorizer"] = serde_json::json!({"jwt": {"claims": {"org": tenant}, "scopes": null}});
        event["headers"]["x-request-id"] = tenant.into();
        event["body"] = fresh(10, 10, 1500).to_string().into();
        event
    };
    let mut health: Value =
        serde_json::from_str(&std::fs::read_to_string(repository().join("tests/events/plans-list.json")).unwrap())
            .unwrap();
    health["rawPath"] = "/livez".into();
    health["requestContext"]["http"]["path"] = "/livez".into();
    health["headers"]["x-request-id"] = "health".into();
    let variables = [("PORTOLAN_TENANT_CLAIM", "org"), ("AWS_LAMBDA_MAX_CONCURRENCY", "4")];
    let (_function, mut answers) = start(vec![plan("one"), plan("two"), plan("three"), health], &variables).await;
    let first = answer(&mut answers).await;
    assert_eq!(first["headers"]["x-request-id"], "health", "it does not wait for those before it: {first}");
    let mut whose = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let answer = answer(&mut answers).await;
        let plan = body(&answer);
        assert_eq!((&answer["statusCode"], &plan["stop"]), (&200.into(), &"deadline".into()), "{answer}");
        whose.insert(answer["headers"]["x-request-id"].as_str().unwrap().to_owned());
    }
    assert_eq!(whose.len(), 3);
}
