//! What every store of terminals keeps.

use std::sync::Arc;

use jiff::SignedDuration;
use portolan_functions::adapters::embedded::{Bounds, Embedded};
use portolan_functions::plans::record::{PlanId, Tenant};
use portolan_functions::ports::{TerminalStore, WallClock};
use portolan_functions::terminal::call;
use portolan_functions::terminal::equipment;
use portolan_functions::terminal::event::{
    Ask, Body, Change, Entity, Expect, Kind, Outcome, PlannedMove, Reason, Receipt, Refusal, Step,
};
use portolan_functions::terminal::port::{Past, Query};

use super::{a_move, ask, details, number, spec, time};
use crate::contracts::SetClock;

const T: &str = "T1";

async fn done(store: &dyn TerminalStore, ask: Ask) -> Receipt {
    match store.change(&Tenant::local(), T, ask).await.unwrap() {
        Outcome::Done(receipt) => receipt,
        other => panic!("{other:?}"),
    }
}

async fn refused(store: &dyn TerminalStore, ask: Ask) -> Refusal {
    match store.change(&Tenant::local(), T, ask).await.unwrap() {
        Outcome::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

fn everything() -> Past {
    Past { about: None, after: 0, from: None, to: None, limit: 1000 }
}

fn containers() -> Query {
    Query { entity: Entity::Container, destination: None, stack: None, after: None, limit: 100 }
}

/// Every promise of the port, on an empty store.
pub(crate) async fn the_contract(store: &dyn TerminalStore, clock: &SetClock) {
    let tenant = Tenant::local();
    assert_eq!(refused(store, ask(Change::RemoveTerminal)).await.reason, Reason::NoTerminal);
    assert_eq!(store.version(&tenant, T).await.unwrap(), 0);
    let made = done(store, ask(Change::PutTerminal(Box::new(spec())))).await;
    assert_eq!((made.version, made.created, made.events), (1, true, 1));
    let same = done(store, ask(Change::PutTerminal(Box::new(spec())))).await;
    assert_eq!((same.version, same.created, same.events), (1, false, 0), "what changes nothing is no event");
    moves(store, clock).await;
    conditions_and_keys(store, clock).await;
    lists_and_past(store, clock).await;
    equipment_is_heard(store, clock).await;
    a_plan_is_carried_out(store).await;
    super::rules::are_kept(store).await;
    let refusal = refused(store, ask(Change::RemoveTerminal)).await;
    assert_eq!(refusal.reason, Reason::InUse, "containers stand in it");
    let other = Tenant::new("other");
    assert_eq!(store.version(&other, T).await.unwrap(), 0, "terminals are a tenant's own");
    assert!(store.record(&other, T, Entity::Container, &number(1)).await.unwrap().is_none());
}

async fn moves(store: &dyn TerminalStore, clock: &SetClock) {
    for at in 1..=6 {
        done(store, ask(Change::PutContainer(number(at), details(Some("call:X"))))).await;
    }
    clock.pass(1);
    for at in 1..=4 {
        let moved = done(store, ask(a_move(&number(at), "out", "B/1/1"))).await;
        let slot = moved.record.unwrap().body.container().unwrap().slot.clone().unwrap();
        assert_eq!(slot.to_string(), format!("B/1/1/{at}"));
    }
    let reason = async |change| refused(store, ask(change)).await.reason;
    assert_eq!(reason(a_move(&number(5), "out", "B/1/1")).await, Reason::Full);
    assert_eq!(reason(a_move(&number(5), "out", "B/1/2/2")).await, Reason::NotNext);
    assert_eq!(reason(a_move(&number(5), "out", "A/2/3")).await, Reason::Full, "it is closed");
    assert_eq!(reason(a_move(&number(5), "out", "C/1/1")).await, Reason::Missing);
    assert_eq!(reason(a_move(&number(9), "out", "B/1/2")).await, Reason::Missing);
    assert_eq!(reason(a_move(&number(2), "B/1/1/2", "B/1/2")).await, Reason::NotOnTop);
    assert_eq!(reason(a_move(&number(4), "B/1/1/4", "B/1/1")).await, Reason::Forbidden);
    let elsewhere = refused(store, ask(a_move(&number(4), "B/9/1/1", "B/1/2"))).await;
    assert_eq!(elsewhere.reason, Reason::Moved);
    assert_eq!(elsewhere.won.unwrap().by, "test", "it says who moved it");
    let held = portolan_functions::terminal::container::Details { hold: true, ..details(Some("call:X")) };
    done(store, ask(Change::PutContainer(number(4), held.clone()))).await;
    assert_eq!(reason(a_move(&number(4), "B/1/1/4", "out")).await, Reason::OnHold);
    let reefer = portolan_functions::terminal::container::Details { size_type: "45R1".into(), reefer: true, ..held };
    assert_eq!(reason(Change::PutContainer(number(4), reefer)).await, Reason::Forbidden, "there is no plug");
    assert_eq!(reason(Change::RemoveContainer(number(4))).await, Reason::InUse);
    done(store, ask(Change::RemoveContainer(number(6)))).await;
    let mut low = spec();
    low.blocks[1].max_tiers = 3;
    assert_eq!(reason(Change::PutTerminal(Box::new(low))).await, Reason::Invalid, "a stack would be too low");
}

async fn conditions_and_keys(store: &dyn TerminalStore, clock: &SetClock) {
    let tenant = Tenant::local();
    let version = store.record(&tenant, T, Entity::Container, &number(5)).await.unwrap().unwrap().stamp.version;
    let put = || Change::PutContainer(number(5), details(None));
    let absent = refused(store, Ask { expect: Expect::Absent, ..ask(put()) }).await;
    assert_eq!(absent.reason, Reason::Changed);
    done(store, Ask { expect: Expect::Versions(vec![version]), by: "first".into(), ..ask(put()) }).await;
    let second = Change::PutContainer(number(5), details(Some("rail:R")));
    let lost = refused(store, Ask { expect: Expect::Versions(vec![version]), ..ask(second) }).await;
    assert_eq!((lost.reason, lost.won.unwrap().by), (Reason::Changed, "first".to_owned()));
    let key = |digest: &str| Some(("k".to_owned(), digest.to_owned()));
    let keyed = |digest: &str| Ask { key: key(digest), ..ask(a_move(&number(5), "out", "B/2/1")) };
    assert!(done(store, keyed("a")).await.record.is_some());
    let first = store.version(&tenant, T).await.unwrap();
    let Outcome::Again(again) = store.change(&tenant, T, keyed("a")).await.unwrap() else { panic!("it was done") };
    assert_eq!(again.version, first);
    assert_eq!(refused(store, keyed("b")).await.reason, Reason::KeyMismatch);
    assert_eq!(store.version(&tenant, T).await.unwrap(), first, "one effect");
    clock.pass(25);
    assert_eq!(refused(store, keyed("b")).await.reason, Reason::Moved, "the key is free after a day");
}

async fn lists_and_past(store: &dyn TerminalStore, clock: &SetClock) {
    let tenant = Tenant::local();
    let list = async |query| store.list(&tenant, T, query).await.unwrap();
    let stack = list(Query { stack: Some("B/1/1".parse().unwrap()), ..containers() }).await;
    let ids = |records: &[portolan_functions::terminal::event::Record]| -> Vec<String> {
        records.iter().map(|record| record.body.name().1).collect()
    };
    assert_eq!(ids(&stack.items), (1..=4).map(number).collect::<Vec<_>>(), "from the ground up");
    let to_x = list(Query { destination: Some("call:X".parse().unwrap()), limit: 3, ..containers() }).await;
    assert_eq!((to_x.items.len(), to_x.more), (3, true));
    let after = Some(ids(&to_x.items)[2].clone());
    let rest = list(Query { destination: Some("call:X".parse().unwrap()), after, ..containers() }).await;
    assert_eq!((ids(&rest.items), rest.more), (vec![number(4)], false));
    let first = list(Query { limit: 2, ..containers() }).await;
    assert!(first.more);
    let all = list(Query { after: Some(ids(&first.items)[1].clone()), ..containers() }).await;
    assert_eq!((first.items.len() + all.items.len(), all.more), (5, false));

    let before = store.snapshot(&tenant, T, None).await.unwrap();
    let then = clock.now();
    clock.pass(1);
    done(store, ask(a_move(&number(4), "B/1/1/4", "B/3/1"))).await;
    let call = call::Details {
        vessel: None,
        eta: time("2026-03-03T00:00:00Z"),
        status: call::Status::Expected,
        berth: None,
        since: None,
        moves: 100,
        class: 0,
        weight: None,
        length_m: None,
        draft_m: None,
        latest_departure: None,
        due: None,
        tardiness_weight: None,
        berths: Vec::new(),
    };
    done(store, ask(Change::PutCall("X".into(), call))).await;
    done(store, ask(Change::Estimate("X".into(), time("2026-03-03T02:00:00Z")))).await;
    assert_eq!(refused(store, ask(Change::Estimate("Y".into(), then))).await.reason, Reason::Missing);
    let stored = store.record(&tenant, T, Entity::Call, "X").await.unwrap().unwrap();
    let Body::Call(stored) = stored.body else { panic!("{stored:?}") };
    assert_eq!((stored.estimates.len(), stored.details.eta), (2, time("2026-03-03T02:00:00Z")));
    let past = store.snapshot(&tenant, T, Some(then)).await.unwrap();
    assert_eq!(past, before, "the past is as it was");
    let long_ago = store.snapshot(&tenant, T, Some(time("2000-01-01T00:00:00Z"))).await.unwrap();
    assert_eq!((long_ago.version, long_ago.records.len()), (0, 0));

    let history = store.history(&tenant, T, everything()).await.unwrap().items;
    assert!(history.iter().zip(1..).all(|(event, at)| event.stamp.version == at), "no gap");
    assert_eq!(history.last().unwrap().kind, Kind::Estimated);
    let since =
        store.history(&tenant, T, Past { from: Some(then + SignedDuration::from_secs(1)), ..everything() }).await;
    assert_eq!(since.unwrap().items.len(), 3);
    let until = store.history(&tenant, T, Past { to: Some(then), ..everything() }).await.unwrap();
    assert_eq!(until.items.len() as u64, before.version);
    let about = Past { about: Some((Entity::Container, number(4))), limit: 2, ..everything() };
    let of_one = store.history(&tenant, T, about.clone()).await.unwrap();
    assert_eq!((of_one.items.len(), of_one.more), (2, true));
    let after = of_one.items[1].stamp.version;
    let rest = store.history(&tenant, T, Past { after, ..about }).await.unwrap();
    assert_eq!(rest.items.last().unwrap().kind, Kind::Moved);
}

async fn equipment_is_heard(store: &dyn TerminalStore, clock: &SetClock) {
    let tenant = Tenant::local();
    let details =
        equipment::Details { kind: equipment::Kind::YardCrane, name: None, at: Some("B".into()), moves_per_hour: None };
    done(store, ask(Change::PutEquipment("RTG-1".into(), details.clone()))).await;
    assert!(store.beats(&tenant, T, None).await.unwrap().is_empty());
    let ids = || vec!["RTG-1".to_owned(), "RTG-9".to_owned()];
    assert_eq!(store.beat(&tenant, T, ids(), clock.now()).await.unwrap(), ["RTG-9"]);
    assert_eq!(store.beats(&tenant, T, None).await.unwrap()["RTG-1"], clock.now());
    assert_eq!(store.beats(&tenant, T, Some("RTG-1")).await.unwrap()["RTG-1"], clock.now());
    assert!(store.beats(&tenant, T, Some("RTG-9")).await.unwrap().is_empty());
    done(store, ask(Change::RemoveEquipment("RTG-1".into()))).await;
    done(store, ask(Change::PutEquipment("RTG-1".into(), details))).await;
    assert!(store.beats(&tenant, T, None).await.unwrap().is_empty(), "another piece by its name was not heard yet");
    done(store, ask(Change::RemoveEquipment("RTG-1".into()))).await;
    assert_eq!(store.beat(&tenant, T, ids(), clock.now()).await.unwrap().len(), 2);
}

/// Container 4 stands on B/3/1 by now, container 3 on top of B/1/1.
async fn a_plan_is_carried_out(store: &dyn TerminalStore) {
    let plan = PlanId::fresh();
    let step = |container: usize, from: &str, to: &str| PlannedMove {
        container: number(container),
        from: from.parse().unwrap(),
        to: Some(to.parse().unwrap()),
    };
    let moves = [step(3, "B/1/1/3", "B/4/1/1"), step(2, "B/1/1/2", "B/4/1/2"), step(1, "B/1/1/1", "B/4/1/3")];
    let of = moves.len();
    let next =
        |number: usize| ask(Change::Step(Step { plan, number, of, planned: moves[number].clone(), equipment: None }));
    assert_eq!(refused(store, next(1)).await.reason, Reason::OutOfStep);
    let receipt = done(store, next(0)).await;
    assert!(matches!(receipt.record.unwrap().body, Body::Progress(progress) if progress.done == 1));
    assert_eq!(refused(store, next(0)).await.reason, Reason::OutOfStep, "a step is done once");
    // Somebody puts another container where the next step goes.
    done(store, ask(a_move(&number(4), "B/3/1/1", "B/4/1"))).await;
    let version = store.version(&Tenant::local(), T).await.unwrap();
    assert_eq!(refused(store, next(1)).await.reason, Reason::Stale);
    assert_eq!(store.version(&Tenant::local(), T).await.unwrap(), version + 1, "that it is stale is kept");
    done(store, ask(a_move(&number(4), "B/4/1/2", "B/3/1"))).await;
    assert_eq!(refused(store, next(1)).await.reason, Reason::Stale, "it stays so");
}

#[tokio::test]
async fn kept_in_memory() {
    let clock = SetClock::new();
    let store = Embedded::in_memory(clock.clone(), Bounds::default()).unwrap().terminals().unwrap();
    the_contract(&*store, &clock).await;
}

#[tokio::test]
async fn kept_in_a_file() {
    let folder = std::env::temp_dir().join(format!("portolan-contract-terminals-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let clock = SetClock::new();
    let tenant = Tenant::local();
    let open = || -> Arc<dyn TerminalStore> {
        Embedded::open(&folder, clock.clone(), Bounds::default()).unwrap().terminals().unwrap()
    };
    let (all, history) = {
        let store = open();
        the_contract(&*store, &clock).await;
        let all = store.snapshot(&tenant, T, None).await.unwrap();
        (all, store.history(&tenant, T, everything()).await.unwrap())
    };
    let store = open();
    assert_eq!(store.snapshot(&tenant, T, None).await.unwrap(), all);
    assert_eq!(store.history(&tenant, T, everything()).await.unwrap(), history);
    drop(store);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn who_was_online_before_a_restart_is_silent_only_since_then() {
    let folder = std::env::temp_dir().join(format!("portolan-restart-equipment-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let (clock, tenant) = (SetClock::new(), Tenant::local());
    let open = || Embedded::open(&folder, clock.clone(), Bounds::default()).unwrap().terminals().unwrap();
    {
        let store = open();
        done(&*store, ask(Change::PutTerminal(Box::new(spec())))).await;
        for id in ["AWAKE", "SILENT", "REMOVED", "NEVER"] {
            let details: equipment::Details = serde_json::from_str(r#"{"kind": "truck"}"#).unwrap();
            done(&*store, ask(Change::PutEquipment(id.into(), details))).await;
        }
        store.beat(&tenant, T, vec!["SILENT".into(), "REMOVED".into()], clock.now()).await.unwrap();
        clock.pass(1);
        store.beat(&tenant, T, vec!["AWAKE".into(), "REMOVED".into()], clock.now()).await.unwrap();
        done(&*store, ask(Change::RemoveEquipment("REMOVED".into()))).await;
    }
    let before = clock.now() - SignedDuration::from_hours(1);
    clock.pass(2);
    let store = open();
    let details: equipment::Details = serde_json::from_str(r#"{"kind": "truck"}"#).unwrap();
    done(&*store, ask(Change::PutEquipment("REMOVED".into(), details))).await;
    let beats = store.beats(&tenant, T, None).await.unwrap();
    let expected = [("AWAKE".to_owned(), clock.now()), ("SILENT".to_owned(), before)];
    assert_eq!(beats, expected.into(), "nobody could be heard meanwhile");
    drop(store);
    std::fs::remove_dir_all(folder).unwrap();
}
