//! `PlanStore` and `Upkeep`.

use portolan_functions::adapters::embedded::Bounds;
use portolan_functions::plans::record::{Head, PlanId, Quality, Tenant};
use portolan_functions::plans::state::{State, Status};
use portolan_functions::ports::{Parts, Query, StoreError, Stores, Write};

use super::{OnFile, SetClock, in_memory};

const ALL: Parts = Parts { request: true, best: true };
const PAGE: Query = Query { status: None, before: None, limit: 10 };

fn head(stores: &Stores, status: Status) -> Head {
    let new = Head::new(PlanId::fresh(), "berth", "f", stores.clock.now());
    Head { state: State { status, epoch: 1 }, deferred: true, granted_ms: 1000, ..new }
}

fn first(head: &Head) -> Write {
    Write { head: head.clone(), replaces: None, request: Some(b"request".as_slice().into()), best: None, durable: true }
}

async fn put(stores: &Stores, tenant: &Tenant, head: &Head) {
    stores.plans.put(tenant, first(head)).await.unwrap();
}

async fn finished(stores: &Stores, tenant: &Tenant, fingerprint: &str) -> Option<PlanId> {
    stores.plans.finished(tenant, fingerprint).await.unwrap().map(|stored| stored.head.id)
}

async fn writes_are_conditional(stores: &Stores) {
    let tenant = Tenant::new("writes");
    let mut head = head(stores, Status::Queued);
    put(stores, &tenant, &head).await;
    let twice = stores.plans.put(&tenant, first(&head)).await;
    assert!(matches!(twice, Err(StoreError::Conflict)), "a plan is made once");

    head.version = 2;
    head.state.status = Status::Running;
    let next = |replaces, best: Option<&[u8]>| Write {
        head: head.clone(),
        replaces: Some(replaces),
        request: None,
        best: best.map(Into::into),
        durable: true,
    };
    stores.plans.put(&tenant, next(1, Some(b"best"))).await.unwrap();
    let late = stores.plans.put(&tenant, next(1, Some(b"late"))).await;
    assert!(matches!(late, Err(StoreError::Conflict)), "an outdated write changes nothing");

    let found = stores.plans.get(&tenant, head.id, ALL).await.unwrap().unwrap();
    assert_eq!(found.head, head);
    assert_eq!(found.request.as_deref(), Some(b"request".as_slice()), "a write without a part keeps it");
    assert_eq!(found.best.as_deref(), Some(b"best".as_slice()));
    let bare = stores.plans.get(&tenant, head.id, Parts::default()).await.unwrap().unwrap();
    assert!(bare.request.is_none() && bare.best.is_none());

    let other = Tenant::new("other");
    assert!(stores.plans.get(&other, head.id, ALL).await.unwrap().is_none());
    assert!(matches!(stores.plans.delete(&other, head.id, 2).await, Err(StoreError::Conflict)));
    assert!(matches!(stores.plans.delete(&tenant, head.id, 1).await, Err(StoreError::Conflict)));
    stores.plans.delete(&tenant, head.id, 2).await.unwrap();
    assert!(stores.plans.get(&tenant, head.id, ALL).await.unwrap().is_none());
}

async fn lists_are_ordered_filtered_and_cut(stores: &Stores) {
    let tenant = Tenant::new("lists");
    let mut ids = Vec::new();
    for status in [Status::Done, Status::Running, Status::Done, Status::Done] {
        let head = head(stores, status);
        put(stores, &tenant, &head).await;
        ids.insert(0, head.id);
    }
    let list = async |query| {
        let page = stores.plans.list(&tenant, query).await.unwrap();
        (page.heads.iter().map(|head| head.id).collect::<Vec<_>>(), page.next)
    };
    assert_eq!(list(PAGE).await, (ids.clone(), None));
    let done = Query { status: Some(Status::Done), limit: 2, ..PAGE };
    assert_eq!(list(done).await, (vec![ids[0], ids[1]], Some(ids[1])));
    assert_eq!(list(Query { before: Some(ids[1]), ..done }).await, (vec![ids[3]], None));
    let page = stores.plans.list(&Tenant::new("list"), PAGE).await.unwrap();
    assert!(page.heads.is_empty(), "a name that begins another's is another tenant");
}

async fn the_best_finished_plan_is_found(stores: &Stores) {
    let tenant = Tenant::new("finished");
    let mut best = None;
    for (gap, status) in [(0.5, Status::Done), (0.1, Status::Done), (0.3, Status::Done), (0.0, Status::Cancelled)] {
        let quality = Quality { objective: 10, lower_bound: 5, gap, ticks: 1 };
        let head = Head { quality: Some(quality), ..head(stores, status) };
        put(stores, &tenant, &head).await;
        if gap < 0.2 && status == Status::Done {
            best = Some(head.id);
        }
    }
    assert_eq!(finished(stores, &tenant, "f").await, best);
    assert_eq!(finished(stores, &tenant, "other").await, None);
    assert_eq!(finished(stores, &Tenant::new("finishe"), "f").await, None);
    stores.plans.delete(&tenant, best.unwrap(), 1).await.unwrap();
    assert_eq!(finished(stores, &tenant, "f").await, None, "a deleted plan is not found");
}

async fn what_has_expired_is_not_there(stores: &Stores, clock: &SetClock) {
    let tenant = Tenant::new("expiry");
    let mut old = head(stores, Status::Done);
    old.expires_at = Some(stores.clock.now() + jiff::SignedDuration::from_hours(1));
    let open = head(stores, Status::Running);
    put(stores, &tenant, &old).await;
    put(stores, &tenant, &open).await;
    assert!(stores.plans.get(&tenant, old.id, ALL).await.unwrap().is_some());
    clock.pass(1);
    assert!(stores.plans.get(&tenant, old.id, ALL).await.unwrap().is_none(), "before anything prunes it");
    let page = stores.plans.list(&tenant, PAGE).await.unwrap();
    assert_eq!(page.heads, [open]);
}

pub(crate) async fn the_contract(stores: &Stores, clock: &SetClock) {
    writes_are_conditional(stores).await;
    lists_are_ordered_filtered_and_cut(stores).await;
    the_best_finished_plan_is_found(stores).await;
    what_has_expired_is_not_there(stores, clock).await;
    for dependency in stores.upkeep.check().await {
        dependency.state.unwrap();
    }
}

/// Bytes that do not compress.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1u64;
    let mut byte = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..length).map(|_| byte()).collect()
}

pub(crate) async fn large_parts_come_back_whole(stores: &Stores) {
    let tenant = Tenant::new("large");
    let head = head(stores, Status::Done);
    let (request, best) = (noise(900_000), noise(700_000));
    let write = Write { request: Some(request.as_slice().into()), best: Some(best.as_slice().into()), ..first(&head) };
    stores.plans.put(&tenant, write).await.unwrap();
    let found = stores.plans.get(&tenant, head.id, ALL).await.unwrap().unwrap();
    assert!(found.request.as_deref() == Some(&request) && found.best.as_deref() == Some(&best));
    let small = Write {
        head: Head { version: 2, ..head.clone() },
        replaces: Some(1),
        request: None,
        best: Some(b"small".as_slice().into()),
        durable: true,
    };
    stores.plans.put(&tenant, small).await.unwrap();
    let found = stores.plans.get(&tenant, head.id, ALL).await.unwrap().unwrap();
    assert!(found.request.as_deref() == Some(&request) && found.best.as_deref() == Some(b"small"));
}

#[tokio::test]
async fn large_parts_in_memory() {
    large_parts_come_back_whole(&in_memory(Bounds::default()).0).await;
}

#[tokio::test]
async fn kept_in_memory() {
    let (stores, clock) = in_memory(Bounds::default());
    the_contract(&stores, &clock).await;
    assert_eq!(stores.upkeep.prune().await.unwrap(), 1, "what has expired");
    assert_eq!(stores.upkeep.prune().await.unwrap(), 0);
}

#[tokio::test]
async fn kept_in_memory_behind_a_cache() {
    let (stores, clock) = in_memory(Bounds::default());
    the_contract(&super::behind_a_cache(stores), &clock).await;
}

#[tokio::test]
async fn kept_in_a_file() {
    let file = OnFile::new("plans");
    the_contract(&file.open(), &file.clock).await;
    let unfinished = file.open().upkeep.unfinished().await.unwrap();
    let tenants: Vec<&str> = unfinished.iter().map(|(tenant, _)| tenant.name()).collect();
    assert_eq!(tenants, ["expiry", "lists"], "what runs is found after a restart");
}

#[tokio::test]
async fn beyond_its_bound_a_store_forgets_the_oldest_finished_plans() {
    // Each of them has a request of seven bytes.
    for bounds in [Bounds { plans: 3, bytes: u64::MAX }, Bounds { plans: 99, bytes: 27 }] {
        keeps_the_newest_three(bounds).await;
    }
}

async fn keeps_the_newest_three(bounds: Bounds) {
    let (stores, _) = in_memory(bounds);
    let tenant = Tenant::local();
    let mut ids = Vec::new();
    for status in [Status::Running, Status::Done, Status::Done, Status::Done, Status::Done] {
        let head = head(&stores, status);
        put(&stores, &tenant, &head).await;
        ids.push(head.id);
    }
    assert_eq!(stores.upkeep.prune().await.unwrap(), 2);
    let page = stores.plans.list(&tenant, PAGE).await.unwrap();
    let left: Vec<PlanId> = page.heads.iter().map(|head| head.id).collect();
    assert_eq!(left, [ids[4], ids[3], ids[0]], "what runs stays");
}
