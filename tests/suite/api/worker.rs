//! Deferred plans that another process makes: what a queue brings, twice, late, or while another worker is at it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use portolan_functions::adapters::SystemClock;
use portolan_functions::adapters::embedded::{Bounds, Embedded};
use portolan_functions::plans::record::{Head, PlanId, Tenant};
use portolan_functions::plans::state::Status;
use portolan_functions::plans::{Deferral, Plans, Settings, Worked};
use portolan_functions::ports::{Parts, Stores};
use portolan_tests::fake;
use portolan_tests::server_at::{Reply, Server, Setup};
use reqwest::Method;
use serde_json::{Value, json};

/// One store, and processes around it.
struct Port {
    stores: Stores,
    front: Server,
}

impl Port {
    async fn start() -> Self {
        let stores = Embedded::in_memory(Arc::new(SystemClock), Bounds::default()).unwrap().stores();
        let setup = Setup { settings: settings(10_000), stores: stores.clone(), ..Setup::default() };
        Self { front: Server::start(setup).await, stores }
    }

    fn worker(&self, lease_ms: u64) -> Arc<Plans> {
        Plans::new(fake::PROBLEMS, self.stores.clone(), settings(lease_ms)).unwrap()
    }

    async fn defer(&self, body: &Value) -> PlanId {
        let request = self.front.request(Method::POST, "/v1/fake/plans").header("prefer", "respond-async");
        let reply = self.front.send(request.json(body)).await;
        assert_eq!((reply.status.as_u16(), &reply.body["status"]), (202, &json!("queued")), "{:#}", reply.body);
        reply.text("id").parse().unwrap()
    }

    async fn get(&self, id: PlanId) -> Reply {
        self.front.get(&format!("/v1/plans/{id}")).await
    }

    async fn head(&self, id: PlanId) -> Head {
        self.stores.plans.get(&Tenant::local(), id, Parts::default()).await.unwrap().unwrap().head
    }

    async fn until(&self, id: PlanId, wanted: impl Fn(&Head) -> bool) -> Head {
        portolan_tests::aws::until("the plan got there", async || Some(self.head(id).await).filter(&wanted)).await
    }
}

fn settings(lease_ms: u64) -> Settings {
    Settings {
        workers: 2,
        deferral: Deferral::Elsewhere,
        lease: Duration::from_millis(lease_ms),
        checkpoint_every: Duration::from_millis(20),
        ..Settings::default()
    }
}

fn slow(name: &str, time_limit_ms: u64) -> Value {
    json!({"name": name, "behaviour": "slow", "options": {"time_limit_ms": time_limit_ms}})
}

async fn work(worker: &Arc<Plans>, id: PlanId, epoch: u32) -> Worked {
    worker.work_on(&Tenant::local(), id, epoch, Instant::now() + Duration::from_mins(1)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_makes_the_plan_that_was_promised() {
    let port = Port::start().await;
    let id = port.defer(&super::script("elsewhere", "quick")).await;
    assert_eq!(fake::solves("elsewhere"), 0, "the process that promised it does not solve");
    let worker = port.worker(10_000);
    assert_eq!(work(&worker, id, 1).await, Worked::Ended);
    let reply = port.get(id).await;
    assert_eq!((&reply.body["status"], &reply.body["objective"]), (&json!("done"), &json!(10)), "{:#}", reply.body);
    assert_eq!(work(&worker, id, 1).await, Worked::Ended, "the message comes twice");
    assert_eq!(fake::solves("elsewhere"), 1);
    let again = port.front.post("/v1/fake/plans", &super::script("elsewhere", "quick")).await;
    assert_eq!(again.body["tier"], "cached");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_promised_plan_gets_it_on_the_line() {
    let port = Port::start().await;
    let worker = port.worker(10_000);
    let request = port.front.request(Method::POST, "/v1/fake/plans").header("prefer", "respond-async, wait=20");
    let asked = port.front.send(request.json(&super::script("awaited", "quick")));
    let made = async {
        let page = portolan_tests::aws::until("the plan is stored", async || {
            let query = portolan_functions::ports::Query { status: Some(Status::Queued), before: None, limit: 1 };
            port.stores.plans.list(&Tenant::local(), query).await.unwrap().heads.pop()
        });
        work(&worker, page.await.id, 1).await
    };
    let (reply, made) = tokio::join!(asked, made);
    assert_eq!(made, Worked::Ended);
    assert_eq!((reply.status.as_u16(), &reply.body["objective"]), (200, &json!(10)), "{:#}", reply.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_workers_one_is_at_a_plan() {
    let port = Port::start().await;
    let id = port.defer(&slow("two workers", 300)).await;
    let (one, other) = (port.worker(10_000), port.worker(10_000));
    let (one, other) = tokio::join!(work(&one, id, 1), work(&other, id, 1));
    let mut worked = [one, other];
    worked.sort_unstable_by_key(|worked| *worked == Worked::Held);
    assert_eq!(worked, [Worked::Ended, Worked::Held]);
    assert_eq!(fake::solves("two workers"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_worker_s_plan_is_taken_over_when_its_lease_is_over() {
    let port = Port::start().await;
    let id = port.defer(&slow("dead worker", 400)).await;
    let dead = port.worker(300);
    let gone = tokio::spawn({
        let dead = Arc::clone(&dead);
        async move { work(&dead, id, 1).await }
    });
    port.until(id, |head| head.state.status == Status::Running).await;
    // From here on it writes nothing.
    gone.abort();
    let worker = port.worker(300);
    assert_eq!(work(&worker, id, 1).await, Worked::Held, "nobody knows yet");
    tokio::time::sleep(Duration::from_millis(320)).await;
    assert_eq!(work(&worker, id, 1).await, Worked::Ended);
    let head = port.head(id).await;
    assert_eq!((head.state.status, head.state.epoch, head.leased_until), (Status::Done, 2, None));
    assert_eq!(work(&worker, id, 1).await, Worked::Ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_taken_for_dead_cannot_write() {
    let port = Port::start().await;
    let id = port.defer(&slow("undead", 600)).await;
    // It never renews its lease.
    let undead = Settings { checkpoint_every: Duration::from_hours(1), ..settings(50) };
    let undead = Plans::new(fake::PROBLEMS, port.stores.clone(), undead).unwrap();
    let first = tokio::spawn(async move { work(&undead, id, 1).await });
    port.until(id, |head| head.leased_until.is_some()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let worker = port.worker(10_000);
    let second = tokio::spawn(async move { work(&worker, id, 1).await });
    assert_eq!(first.await.unwrap(), Worked::Lost);
    assert_eq!(second.await.unwrap(), Worked::Ended);
    let reply = port.get(id).await;
    assert_eq!(reply.body["status"], "done", "{:#}", reply.body);
    assert!(port.head(id).await.version > 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_is_cancelled_elsewhere_stops_its_worker() {
    let port = Port::start().await;
    let id = port.defer(&slow("cancelled elsewhere", 60_000)).await;
    let worker = port.worker(10_000);
    let working = tokio::spawn(async move { work(&worker, id, 1).await });
    port.until(id, |head| head.quality.is_some()).await;
    let reply = port.front.delete(&format!("/v1/plans/{id}")).await;
    assert_eq!((reply.status.as_u16(), &reply.body["status"]), (200, &json!("cancelled")), "{:#}", reply.body);
    assert!(reply.body["plan"].is_object(), "its best so far stands: {:#}", reply.body);
    let ended = tokio::time::timeout(Duration::from_secs(10), working).await.expect("it stops").unwrap();
    assert_eq!(ended, Worked::Lost);
    assert_eq!(port.head(id).await.state.status, Status::Cancelled);
    assert_eq!(work(&port.worker(10_000), id, 1).await, Worked::Ended, "its message comes again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_time_is_up_puts_the_plan_back_with_its_best() {
    let port = Port::start().await;
    let id = port.defer(&slow("put back", 20_000)).await;
    let worker = port.worker(10_000);
    let soon = Instant::now() + Duration::from_millis(200);
    assert_eq!(worker.work_on(&Tenant::local(), id, 1, soon).await.unwrap(), Worked::Requeued);
    let head = port.head(id).await;
    assert_eq!((head.state.status, head.state.epoch, head.leased_until), (Status::Queued, 2, None));
    assert!((100..=300).contains(&head.spent_ms), "{}", head.spent_ms);
    assert!(port.get(id).await.body["plan"].is_object());
    assert_eq!(work(&worker, id, 1).await, Worked::Nothing, "the message of the first epoch is out of date");
    let soon = Instant::now() + Duration::from_millis(200);
    assert_eq!(worker.work_on(&Tenant::local(), id, 2, soon).await.unwrap(), Worked::Requeued);
    assert!(port.head(id).await.spent_ms > head.spent_ms);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_on_the_line_is_improved_elsewhere() {
    let port = Port::start().await;
    let options = json!({"time_limit_ms": 100, "improve": true});
    let body = json!({"name": "improved elsewhere", "behaviour": "slow", "options": options});
    let reply = port.front.post("/v1/fake/plans", &body).await;
    assert_eq!((reply.status.as_u16(), &reply.body["status"]), (200, &json!("queued")), "{:#}", reply.body);
    let (id, first): (PlanId, _) = (reply.text("id").parse().unwrap(), reply.body["objective"].as_i64().unwrap());
    let worker = port.worker(10_000);
    let soon = Instant::now() + Duration::from_millis(200);
    assert_eq!(worker.work_on(&Tenant::local(), id, 2, soon).await.unwrap(), Worked::Requeued);
    assert!(port.get(id).await.body["objective"].as_i64().unwrap() <= first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_a_plan_that_is_gone_is_no_work() {
    let port = Port::start().await;
    assert_eq!(work(&port.worker(10_000), PlanId::fresh(), 1).await, Worked::Nothing);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inline_plan_is_written_once_at_its_end() {
    let port = Port::start().await;
    let reply = port.front.post("/v1/fake/plans", &super::script("written once", "quick")).await;
    assert_eq!(reply.header("cache-status"), "portolan; fwd=miss; stored");
    let id = reply.text("id").parse().unwrap();
    assert_eq!(port.head(id).await.state.status, Status::Done);
    let whole = port.front.get(&format!("/v1/plans/{id}?include=instance")).await;
    assert_eq!(whole.body["instance"], super::script("written once", "quick"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_with_threads_to_spare_gives_them_to_a_plan_unless_the_same_bytes_were_asked_for() {
    let port = Port::start().await;
    let settings = Settings { threads_a_plan: 3, ..settings(10_000) };
    let worker = Plans::new(fake::PROBLEMS, port.stores.clone(), settings).unwrap();
    for (name, more, threads) in
        [("a race", None, 3), ("no race: a seed", Some("seed"), 1), ("no race: a limit", Some("work_limit"), 1)]
    {
        let mut body = slow(name, 300);
        if let Some(more) = more {
            body["options"][more] = json!(1_000_000);
        }
        let id = port.defer(&body).await;
        assert_eq!(work(&worker, id, 1).await, Worked::Ended);
        assert_eq!(fake::solves(name), threads, "{name}");
        let reply = port.get(id).await;
        assert_eq!((&reply.body["status"], reply.body["plan"].is_object()), (&json!("done"), true), "{:#}", reply.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_race_is_stopped_by_a_cancellation_elsewhere() {
    let port = Port::start().await;
    let id = port.defer(&slow("race cancelled elsewhere", 60_000)).await;
    let settings = Settings { threads_a_plan: 2, ..settings(10_000) };
    let worker = Plans::new(fake::PROBLEMS, port.stores.clone(), settings).unwrap();
    let working = tokio::spawn(async move { work(&worker, id, 1).await });
    port.until(id, |head| head.quality.is_some()).await;
    assert_eq!(port.front.delete(&format!("/v1/plans/{id}")).await.status, 200);
    let ended = tokio::time::timeout(Duration::from_secs(10), working).await.expect("all of it stops").unwrap();
    assert_eq!(ended, Worked::Lost);
}
