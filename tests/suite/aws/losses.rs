//! The API as its function serves it, with everything that stands around the table in production, when it loses bucket, cache, table or queue.

use portolan_aws::api;
use portolan_aws::config::{Config, Tables};
use portolan_aws::queue::Queues;
use portolan_aws::relay::Relay;
use portolan_functions::http::Offered;
use portolan_functions::plans::record::PlanId;
use portolan_tests::proxy::{Fault, Proxy, first};
use portolan_tests::redis::Redis;
use portolan_tests::server_at::Reply;
use portolan_tests::yard::fresh;
use portolan_tests::{aws, repository};
use serde_json::{Value, json};

/// The function `optimize`, on tables of its own behind a proxy, and with a cache.
struct Function {
    base: String,
    client: reqwest::Client,
    proxy: Proxy,
    redis: Redis,
}

impl Function {
    async fn start() -> Option<Self> {
        Self::start_as(Offered::Everything, None).await
    }

    /// A part of the API, with another table of terminals.
    async fn start_as(offered: Offered, other: Option<&str>) -> Option<Self> {
        let shared = aws::emulator().await?;
        let redis = Redis::start().await?;
        let Tables { plans, terminals, ephemeral, bucket } = aws::tables(&shared).await;
        let terminals = other.map_or(terminals, str::to_owned);
        let proxy = Proxy::start(shared.endpoint_url().unwrap()).await;
        let url = redis.url();
        let config = Config::read(|name| {
            let value = match name {
                "PORTOLAN_PLANS_TABLE" => &plans,
                "PORTOLAN_TERMINALS_TABLE" => &terminals,
                "PORTOLAN_EPHEMERAL_TABLE" => &ephemeral,
                "PORTOLAN_BUCKET" => &bucket,
                "PORTOLAN_CACHE_URL" => &url,
                _ => return None,
            };
            Some(value.clone())
        });
        let router = api::router(&config.unwrap(), &aws::at(&proxy.url).await, offered).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Some(Self { base, client: reqwest::Client::new(), proxy, redis })
    }

    async fn post(&self, body: &Value, prefer: &str) -> Reply {
        let request = self.client.post(format!("{}/v1/yard/plans", self.base)).header("prefer", prefer);
        Reply::of(request.json(body).send().await.unwrap()).await
    }

    async fn get(&self, path: &str) -> Reply {
        Reply::of(self.client.get(format!("{}{path}", self.base)).send().await.unwrap()).await
    }

    /// How a plan that nobody asked for before is answered.
    async fn plans(&self) -> String {
        let reply = self.post(&fresh(3, 3, 1000), "wait=10").await;
        assert_eq!((reply.status.as_u16(), &reply.body["proof"]), (200, &json!("optimal")), "{:#}", reply.body);
        reply.header("cache-status").to_owned()
    }
}

/// A request that is large also when it is compressed.
fn large() -> Value {
    let name = || [(); 4].map(|()| format!("{:032x}", PlanId::fresh().number())).concat();
    let stack = |at: usize| {
        let containers = [name(), name(), name(), format!("top {at}")];
        json!({"id": format!("s{at}"), "max_tiers": 5, "containers": containers})
    };
    json!({"stacks": (0..1900).map(stack).collect::<Vec<_>>(), "departures": ["top 0"]})
}

const STORED: &str = "portolan; fwd=miss; stored";

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_away_costs_what_is_large_and_nothing_else() {
    let Some(function) = Function::start().await else { return };
    function.proxy.treat(|operation| if operation.starts_with("S3") { Fault::Throttle } else { Fault::Pass });
    let large = large();
    let refused = function.post(&large, "respond-async").await;
    refused.is_problem(503, "store_unavailable");
    assert!(!refused.header("retry-after").is_empty());
    assert!(function.proxy.asked("S3 PUT") > 0, "it is large enough for the bucket");
    assert_eq!(function.plans().await, STORED);
    function.proxy.treat(|_| Fault::Pass);
    assert_eq!(function.post(&large, "respond-async").await.status, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_their_table_terminals_are_down_and_planning_is_ready() {
    for (offered, status) in [(Offered::Everything, 200), (Offered::Reading, 200), (Offered::Terminals, 503)] {
        let Some(function) = Function::start_as(offered, Some("no-such-table")).await else { return };
        let ready = function.get("/readyz").await;
        let found = (ready.status.as_u16(), &ready.body["dependencies"]["terminals"]);
        assert_eq!(found, (status, &json!("down")), "{offered:?}: {:#}", ready.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_cache_and_table_plans_are_still_made_and_with_them_back_all_is_as_before() {
    let Some(mut function) = Function::start().await else { return };
    let known = fresh(3, 3, 1000);
    assert_eq!(function.post(&known, "wait=10").await.header("cache-status"), STORED);
    function.redis.kill();
    assert_eq!(function.post(&known, "wait=10").await.body["tier"], "cached");
    assert_eq!(function.plans().await, STORED, "without the cache");

    function.proxy.treat(|_| Fault::Throttle);
    assert_eq!(function.plans().await, "portolan; fwd=miss", "nobody is told that it is stored");
    function.post(&fresh(3, 3, 1000), "respond-async").await.is_problem(503, "store_unavailable");

    function.proxy.treat(|_| Fault::Pass);
    function.redis.up().await;
    aws::until("plans are stored", async || (function.plans().await == STORED).then_some(())).await;
    assert_eq!(function.post(&known, "wait=10").await.body["tier"], "cached");
}

#[tokio::test]
async fn what_a_queue_does_not_take_comes_again_and_is_sent_then() {
    let Some(shared) = aws::emulator().await else { return };
    let proxy = Proxy::start(shared.endpoint_url().unwrap()).await;
    let name = format!("test-relay-{}", PlanId::fresh());
    let url =
        aws_sdk_sqs::Client::new(&shared).create_queue().queue_name(name).send().await.unwrap().queue_url.unwrap();
    let sqs = aws_sdk_sqs::Client::new(&aws::at(&proxy.url).await);
    let relay = Relay::new(Queues::new(sqs.clone(), [None, Some(url.clone()), None]), None);
    let event = std::fs::read(repository().join("tests/events/relay.json")).unwrap();
    let relayed = async || relay.handle(serde_json::from_slice(&event).unwrap()).await.batch_item_failures.len();

    proxy.treat(first("SendMessage", 1, Fault::Throttle));
    assert_eq!((relayed().await, proxy.asked("SendMessage")), (0, 2), "once throttled, it is tried again at once");
    proxy.treat(|_| Fault::Throttle);
    assert_eq!(relayed().await, 1, "the stream is told to bring it again");
    proxy.treat(|_| Fault::Pass);
    assert_eq!(relayed().await, 0);
    let received = sqs.receive_message().queue_url(&url).max_number_of_messages(10).send().await.unwrap();
    let named = |message: &aws_sdk_sqs::types::Message| message.body().is_some_and(|body| body.contains("0197e5a0"));
    assert_eq!(received.messages().iter().filter(|message| named(message)).count(), 2, "one for each that passed");
}
