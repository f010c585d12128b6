//! What may stand where: each rule by a move, by a list and by a changed layout. Every store runs this, as a tenant of its own.

use jiff::Timestamp;
use portolan_functions::plans::record::Tenant;
use portolan_functions::ports::TerminalStore;
use portolan_functions::terminal::container::Details;
use portolan_functions::terminal::event::{Arrival, Body, Change, Entity, Outcome, Reason, Receipt, Refusal};
use portolan_functions::terminal::layout::Spec;
use portolan_functions::terminal::{call, equipment};
use serde_json::{Value, json};

use super::{a_move, ask, number};

const T: &str = "T1";

/// A block of one bay: 40 ft only, a plug, explosives, two tiers, closed, anything.
fn layout() -> Value {
    json!({
        "berths": [{"id": "north", "moves_per_hour": 60}, {"id": "south", "moves_per_hour": 30}],
        "blocks": [{"id": "R", "bays": 2, "rows": 6, "max_tiers": 3, "exceptions": [
            {"bay": 1, "row": 1, "length_ft": 40}, {"bay": 1, "row": 2, "plugs": true}, {"bay": 1, "row": 3, "hazards": ["1.4"]},
            {"bay": 1, "row": 4, "max_tiers": 1}, {"bay": 1, "row": 5, "closed": true}
        ]}],
        "rules": {"max_overweight_kg": 5000}
    })
}

fn spec(layout: Value) -> Change {
    Change::PutTerminal(Box::new(serde_json::from_value::<Spec>(layout).unwrap()))
}

fn tenant() -> Tenant {
    Tenant::new("rules")
}

async fn done(store: &dyn TerminalStore, change: Change) -> Receipt {
    match store.change(&tenant(), T, ask(change)).await.unwrap() {
        Outcome::Done(receipt) => receipt,
        other => panic!("{other:?}"),
    }
}

async fn refused(store: &dyn TerminalStore, change: Change) -> Refusal {
    match store.change(&tenant(), T, ask(change)).await.unwrap() {
        Outcome::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

fn container(size_type: &str, weight_kg: u32, reefer: bool, hazard: Option<&str>) -> Details {
    let (size_type, hazard) = (size_type.to_owned(), hazard.map(str::to_owned));
    Details { size_type, weight_kg: Some(weight_kg), reefer, hazard, ..Details::default() }
}

fn line(at: usize, slot: &str, details: Details) -> Arrival {
    let Details { size_type, weight_kg, reefer, hazard, destination, priority, hold } = details;
    let (number, slot) = (number(at), Some(slot.parse().unwrap()));
    Arrival { number, slot, size_type, weight_kg, reefer, hazard, destination, priority, hold, status: None }
}

pub(crate) async fn are_kept(store: &dyn TerminalStore) {
    done(store, spec(layout())).await;
    // On the ground of R/2/1 stands a 40 ft container of 20 t.
    done(store, Change::PutContainer(number(1), container("42G1", 20_000, false, None))).await;
    done(store, a_move(&number(1), "out", "R/2/1")).await;
    let cases = [
        ("a length", container("22G1", 9000, false, None), "R/1/1", "R/1/6", Reason::Forbidden),
        ("a plug", container("45R1", 9000, true, None), "R/1/1", "R/1/2", Reason::Forbidden),
        ("a hazard", container("42G1", 9000, false, Some("1.4")), "R/1/1", "R/1/3", Reason::Forbidden),
        ("another hazard", container("42G1", 9000, false, Some("3")), "R/1/3", "", Reason::Forbidden),
        ("too heavy", container("42G1", 25_001, false, None), "R/2/1", "R/2/2", Reason::Forbidden),
        ("short on long", container("22G1", 9000, false, None), "R/2/1", "R/2/3", Reason::Forbidden),
        ("closed", container("42G1", 9000, false, None), "R/1/5", "R/1/4", Reason::Full),
        ("a height", container("42G1", 9000, false, None), "R/1/4", "R/2/1", Reason::Full),
    ];
    for (at, (what, details, bad, good, reason)) in cases.into_iter().enumerate() {
        let number = number(at + 10);
        done(store, Change::PutContainer(number.clone(), details)).await;
        let refusal = refused(store, a_move(&number, "out", bad)).await;
        assert_eq!(refusal.reason, reason, "{what}: {refusal:?}");
        assert!(refusal.cause.contains(bad), "{what}: {}", refusal.cause);
        if !good.is_empty() {
            done(store, a_move(&number, "out", good)).await;
        }
    }
    lists(store).await;
    layouts(store).await;
    calls(store).await;
}

/// The same rules hold among the containers of a list, whatever their order.
async fn lists(store: &dyn TerminalStore) {
    let good = || container("42G1", 20_000, false, None);
    let load = |arrivals, only_check| Change::Load { arrivals, only_check };
    let bad = vec![
        line(41, "R/2/4/2", container("42G1", 25_001, false, None)),
        line(40, "R/2/4/1", good()),
        line(42, "R/2/5/1", container("45R1", 9000, true, None)),
        line(43, "R/2/6/2", good()),
    ];
    let version = store.version(&tenant(), T).await.unwrap();
    for only_check in [false, true] {
        let refusal = refused(store, load(bad.clone(), only_check)).await;
        let mut paths: Vec<&str> = refusal.issues.iter().map(|issue| issue.path.as_str()).collect();
        paths.sort_unstable();
        assert_eq!(paths, ["/0/slot", "/2/slot", "/3/slot"], "{refusal:?}");
    }
    let fits = vec![line(41, "R/2/4/2", container("42G1", 25_000, false, None)), line(40, "R/2/4/1", good())];
    assert!(refused(store, load(fits.clone(), true)).await.issues.is_empty(), "nothing is wrong, and nothing is done");
    assert_eq!(store.version(&tenant(), T).await.unwrap(), version);
    assert_eq!(done(store, load(fits, false)).await.events, 2);
}

/// A changed layout keeps what stands, lies and works there.
async fn layouts(store: &dyn TerminalStore) {
    let here: call::Details = serde_json::from_value(json!({
        "eta": "2026-03-03T00:00:00Z", "moves": 9, "status": "alongside", "berth": "north", "since": "2026-03-03T01:00:00Z"
    }))
    .unwrap();
    let elsewhere = call::Details { berth: Some("west".to_owned()), ..here.clone() };
    let refusal = refused(store, Change::PutCall("V".into(), elsewhere)).await;
    assert_eq!((refusal.issues[0].code.as_ref(), refusal.issues[0].path.as_str()), ("unknown_place", "/berth"));
    done(store, Change::PutCall("V".into(), here)).await;
    let crane: equipment::Details = serde_json::from_value(json!({"kind": "quay_crane", "at": "south"})).unwrap();
    done(store, Change::PutEquipment("QC".into(), crane)).await;
    let changed = |change: fn(&mut Value)| {
        let mut layout = layout();
        change(&mut layout);
        layout
    };
    let wrong: [(Value, &str, &str); 5] = [
        (changed(|it| it["rules"] = json!({"max_overweight_kg": 4000})), "container_in_the_way", "/rules"),
        (changed(|it| it["blocks"][0]["exceptions"][1] = json!({"bay": 2})), "container_in_the_way", "/blocks/0"),
        (changed(|it| it["blocks"][0]["max_tiers"] = json!(1)), "containers_in_the_way", "/blocks/0"),
        (changed(|it| it["berths"][0]["id"] = json!("west")), "vessel_alongside", "/berths"),
        (changed(|it| it["berths"][1]["id"] = json!("west")), "equipment_works_there", "/blocks"),
    ];
    for (layout, code, path) in wrong {
        let refusal = refused(store, spec(layout)).await;
        assert_eq!(refusal.reason, Reason::Invalid);
        let found = refusal.issues.iter().any(|issue| issue.code == code && issue.path == path);
        assert!(found, "{code}: {refusal:?}");
    }
    done(store, spec(changed(|it| it["rules"] = json!({"max_overweight_kg": 5000, "short_on_long": true})))).await;
}

async fn calls(store: &dyn TerminalStore) {
    let removed = done(store, Change::RemoveCall("V".into())).await;
    assert_eq!((removed.events, removed.record), (1, None));
    assert_eq!(refused(store, Change::RemoveCall("V".into())).await.reason, Reason::Missing);
    assert!(store.record(&tenant(), T, Entity::Call, "V").await.unwrap().is_none());
    let before = store.snapshot(&tenant(), T, None).await.unwrap();
    assert!(!before.records.iter().any(|record| matches!(record.body, Body::Call(_))));
    assert!(
        before.records.iter().all(|record| record.stamp.at <= Timestamp::MAX && record.stamp.version <= before.version)
    );
}
