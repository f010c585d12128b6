//! Plans in DynamoDB when it throttles, is late, loses answers or is away; workers that meet, and whose clocks differ.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use portolan_functions::adapters::SystemClock;
use portolan_functions::plans::record::{PlanId, Tenant};
use portolan_functions::plans::state::Status;
use portolan_functions::plans::{Deferral, Plans, Settings, Worked};
use portolan_functions::ports::{Parts, StoreError, Stores, WallClock};
use portolan_tests::aws;
use portolan_tests::fake;
use portolan_tests::proxy::{Fault, Proxy, first};
use portolan_tests::server_at::{Server, Setup};
use reqwest::Method;
use serde_json::{Value, json};

/// A clock that is wrong by so much.
struct Skewed(SignedDuration);

impl WallClock for Skewed {
    fn now(&self) -> Timestamp {
        Timestamp::now() + self.0
    }
}

/// Plans on tables of their own, behind a proxy.
struct Place {
    proxy: Proxy,
    tables: portolan_aws::config::Tables,
}

impl Place {
    async fn find() -> Option<Self> {
        let shared = aws::emulator().await?;
        let tables = aws::tables(&shared).await;
        Some(Self { proxy: Proxy::start(shared.endpoint_url().unwrap()).await, tables })
    }

    async fn stores(&self, clock: Arc<dyn WallClock>) -> Stores {
        let store = Arc::new(aws::store(&aws::at(&self.proxy.url).await, &self.tables, clock.clone()));
        Stores::on(&store, clock)
    }

    async fn front(&self) -> Server {
        let stores = self.stores(Arc::new(SystemClock)).await;
        Server::start(Setup { settings: settings(), stores, ..Setup::default() }).await
    }

    async fn worker(&self, skew: SignedDuration) -> Arc<Plans> {
        Plans::new(fake::PROBLEMS, self.stores(Arc::new(Skewed(skew))).await, settings()).unwrap()
    }
}

fn settings() -> Settings {
    Settings {
        workers: 2,
        deferral: Deferral::Elsewhere,
        lease: Duration::from_secs(5),
        checkpoint_every: Duration::from_millis(100),
        ..Settings::default()
    }
}

fn script(name: &str, behaviour: &str, time_limit_ms: u64) -> Value {
    json!({"name": name, "behaviour": behaviour, "options": {"time_limit_ms": time_limit_ms}})
}

async fn defer(front: &Server, body: &Value) -> PlanId {
    let request = front.request(Method::POST, "/v1/fake/plans").header("prefer", "respond-async").json(body);
    let reply = front.send(request).await;
    assert_eq!(reply.status, 202, "{:#}", reply.body);
    reply.text("id").parse().unwrap()
}

/// The same by a message that comes again while the plan is held: by another worker, or by a write on the way.
async fn work_when_free(worker: &Arc<Plans>, id: PlanId, epoch: u32) -> Worked {
    aws::until("nobody holds it", async || Some(work(worker, id, epoch).await).filter(|worked| *worked != Worked::Held))
        .await
}

async fn work(worker: &Arc<Plans>, id: PlanId, epoch: u32) -> Worked {
    worker.work_on(&Tenant::local(), id, epoch, Instant::now() + Duration::from_mins(1)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_throttles_for_a_moment_is_not_noticed() {
    let Some(place) = Place::find().await else { return };
    let front = place.front().await;
    for operation in ["UpdateItem", "GetItem", "PutItem"] {
        place.proxy.treat(first(operation, 2, Fault::Throttle));
        let reply = front.post("/v1/fake/plans", &script(operation, "quick", 1000)).await;
        assert_eq!((reply.status.as_u16(), reply.header("cache-status")), (200, "portolan; fwd=miss; stored"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_away_costs_what_needs_it_and_no_more() {
    let Some(place) = Place::find().await else { return };
    let front = place.front().await;
    place.proxy.treat(|_| Fault::Throttle);
    let inline = front.post("/v1/fake/plans", &script("away", "quick", 1000)).await;
    assert_eq!((inline.status.as_u16(), &inline.body["objective"]), (200, &json!(10)), "{:#}", inline.body);
    assert_eq!(inline.header("cache-status"), "portolan; fwd=miss", "nobody is told that it is stored");
    let body = script("away, later", "quick", 1000);
    let request = front.request(Method::POST, "/v1/fake/plans").header("prefer", "respond-async").json(&body);
    let deferred = front.send(request).await;
    deferred.is_problem(503, "store_unavailable");
    assert!(!deferred.header("retry-after").is_empty());
    front.get("/v1/plans").await.is_problem(503, "store_unavailable");
    assert_eq!(front.get("/readyz").await.body["dependencies"]["store"], "down");

    place.proxy.treat(|_| Fault::Pass);
    let again = front.post("/v1/fake/plans", &script("back", "quick", 1000)).await;
    assert_eq!(again.header("cache-status"), "portolan; fwd=miss; stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_answer_gets_lost_is_known_for_our_own() {
    let Some(place) = Place::find().await else { return };
    let front = place.front().await;
    place.proxy.treat(first("UpdateItem", 1, Fault::Swallow));
    let id = defer(&front, &script("lost answer", "quick", 1000)).await;
    assert!(place.proxy.asked("UpdateItem") >= 2, "it was tried again");
    assert_eq!(work(&place.worker(SignedDuration::ZERO).await, id, 1).await, Worked::Ended);
    assert_eq!(front.get(&format!("/v1/plans/{id}")).await.body["status"], "done");
}

#[tokio::test]
async fn a_table_that_is_late_is_given_up_before_a_gateway_would() {
    let Some(place) = Place::find().await else { return };
    let stores = place.stores(Arc::new(SystemClock)).await;
    place.proxy.treat(|_| Fault::Late(Duration::from_mins(5)));
    let tenant = Tenant::local();
    let asked = stores.plans.get(&tenant, PlanId::fresh(), Parts::default());
    let found = tokio::time::timeout(Duration::from_secs(20), asked).await.expect("an answer in time");
    assert!(matches!(found, Err(StoreError::Unavailable(_))), "{found:?}");
    assert!(place.proxy.asked("GetItem") <= 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_solved_once_however_often_and_in_whatever_order_its_messages_come() {
    let Some(place) = Place::find().await else { return };
    let front = place.front().await;
    let id = defer(&front, &script("many messages", "slow", 400)).await;
    let (one, other) = (place.worker(SignedDuration::ZERO).await, place.worker(SignedDuration::ZERO).await);
    let (first, second) = tokio::join!(work(&one, id, 1), work(&other, id, 1));
    let mut worked = [first, second];
    worked.sort_unstable_by_key(|worked| *worked == Worked::Held);
    assert_eq!(worked, [Worked::Ended, Worked::Held], "of two workers, one has the lease");
    for epoch in [1, 3, 1, 2] {
        assert_eq!(work(&other, id, epoch).await, Worked::Ended, "a message of epoch {epoch} comes late");
    }
    assert_eq!(fake::solves("many messages"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_clock_is_ahead_takes_a_plan_over_and_only_one_of_the_two_publishes() {
    let Some(place) = Place::find().await else { return };
    let front = place.front().await;
    let id = defer(&front, &script("clock ahead", "slow", 1500)).await;
    let stores = place.stores(Arc::new(SystemClock)).await;
    let head = async || stores.plans.get(&Tenant::local(), id, Parts::default()).await.unwrap().unwrap().head;
    let right = place.worker(SignedDuration::ZERO).await;
    let working = tokio::spawn(async move { work(&right, id, 1).await });
    aws::until("it is leased", async || head().await.leased_until).await;
    let ahead = place.worker(SignedDuration::from_hours(1)).await;
    let second = work_when_free(&ahead, id, 1).await;
    assert_eq!((working.await.unwrap(), second), (Worked::Lost, Worked::Ended));
    let head = head().await;
    assert_eq!((head.state.status, head.leased_until), (Status::Done, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_clock_is_behind_loses_its_plan_and_breaks_nothing() {
    let Some(place) = Place::find().await else { return };
    let front = place.front().await;
    let id = defer(&front, &script("clock behind", "slow", 1500)).await;
    let behind = place.worker(SignedDuration::from_hours(-1)).await;
    let working = tokio::spawn(async move { work(&behind, id, 1).await });
    let stores = place.stores(Arc::new(SystemClock)).await;
    let head = async || stores.plans.get(&Tenant::local(), id, Parts::default()).await.unwrap().unwrap().head;
    aws::until("it is leased", async || head().await.leased_until).await;
    // Its lease was over before it began, as others see it.
    let right = place.worker(SignedDuration::ZERO).await;
    let second = work_when_free(&right, id, 1).await;
    assert_eq!((working.await.unwrap(), second), (Worked::Lost, Worked::Ended));
    assert_eq!(head().await.state.status, Status::Done);
}
