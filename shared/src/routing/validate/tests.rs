use super::super::Routing;
use super::*;
use crate::Problem;
use crate::limits::{MAX_QUANTITY, MAX_UNIT_COST};
use crate::routing::wire::LotWire;

/// The codes and paths of what is wrong after `change`.
fn issues(change: impl FnOnce(&mut Wire)) -> Vec<(String, String)> {
    let mut wire: Wire = serde_json::from_str(
        r#"{
            "nodes": [{"id": "A", "port": "PA", "time_s": 0}, {"id": "B", "port": "PB", "time_s": 86400}, {"id": "C"}],
            "resources": [{"id": "slots", "capacity": 5}],
            "arcs": [{"id": "sail", "from": "A", "to": "B", "cost_cents": 100, "uses": ["slots"]}],
            "lots": [{"id": "L1", "origin": "PA", "destination": "PB", "quantity": 3, "rejection_cents": 900}]
        }"#,
    )
    .expect("a request");
    assert!(Routing::instance(&wire).is_ok());
    change(&mut wire);
    let found = Routing::instance(&wire).err().unwrap_or_default();
    found.into_iter().map(|issue| (issue.code.into_owned(), issue.path)).collect()
}

fn one(code: &str, path: &str) -> Vec<(String, String)> {
    vec![(code.to_owned(), path.to_owned())]
}

#[test]
fn what_is_wrong_is_named_where_it_is() {
    assert_eq!(issues(|wire| wire.nodes.clear()), one("no_nodes", "/nodes"));
    assert_eq!(issues(|wire| wire.nodes[2].id = "A".to_owned())[0], one("duplicate_id", "/nodes/2/id")[0]);
    assert_eq!(issues(|wire| wire.nodes[2].port = Some("A".to_owned())), one("port_named_as_node", "/nodes/2/port"));
    assert_eq!(issues(|wire| wire.arcs[0].to = "D".to_owned()), one("unknown_node", "/arcs/0/to"));
    assert_eq!(issues(|wire| wire.arcs[0].uses.push("x".to_owned())), one("unknown_resource", "/arcs/0/uses/1"));
    assert_eq!(issues(|wire| wire.nodes[1].time_s = Some(-1))[0].0, "number_out_of_range");
    assert_eq!(
        issues(|wire| (wire.nodes[0].time_s, wire.nodes[1].time_s) = (Some(9), Some(8))),
        one("arc_back_in_time", "/arcs/0")
    );
    assert_eq!(issues(|wire| wire.resources[0].capacity = -1), one("number_out_of_range", "/resources/0/capacity"));
    assert_eq!(issues(|wire| wire.lots[0].quantity = 0), one("number_out_of_range", "/lots/0/quantity"));
    assert_eq!(issues(|wire| wire.lots[0].origin = "nowhere".to_owned()), one("unknown_place", "/lots/0/origin"));
    assert_eq!(issues(|wire| wire.lots[0].destination = "PA".to_owned()), one("goes_nowhere", "/lots/0"));
    assert_eq!(
        issues(|wire| (wire.lots[0].release, wire.lots[0].due) = (Some(Time::Offset(9)), Some(Time::Offset(8)))),
        one("due_before_release", "/lots/0")
    );
    assert_eq!(
        issues(|wire| wire.lots[0].late_cents_per_day = Some(1)),
        one("late_without_due", "/lots/0/late_cents_per_day")
    );
    assert_eq!(issues(|wire| wire.lots[0].class = 10), one("number_out_of_range", "/lots/0/class"));
    assert_eq!(issues(|wire| wire.lots[0].pinned = vec!["fly".into()]), one("unknown_arc", "/lots/0/pinned/0"));
    assert_eq!(
        issues(|wire| {
            wire.lots[0].origin = "C".to_owned();
            wire.lots[0].pinned = vec!["sail".into()];
        }),
        one("pinned_gap", "/lots/0/pinned/0")
    );
    assert_eq!(
        issues(|wire| {
            wire.lots[0].quantity = 6;
            wire.lots[0].pinned = vec!["sail".into()];
        }),
        one("pinned_over_capacity", "/resources/0/capacity")
    );
}

#[test]
fn everything_is_said_at_once() {
    let found = issues(|wire| {
        wire.arcs[0].from = "x".to_owned();
        wire.lots[0].quantity = -1;
        wire.lots[0].rejection_cents = i64::MAX;
    });
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn too_much_is_refused_before_it_is_read() {
    let found = issues(|wire| wire.lots = vec![wire.lots[0].clone(); limits::MAX_LOTS + 1]);
    assert_eq!(found, one("too_large", "/lots"));
    let found = issues(|wire| {
        wire.lots[0].rejection_cents = MAX_UNIT_COST;
        wire.lots[0].quantity = MAX_QUANTITY;
        wire.lots = (0..8).map(|class| LotWire { id: format!("L{class}"), class, ..wire.lots[0].clone() }).collect();
    });
    assert_eq!(found, one("objective_too_large", "/lots"));
}

#[test]
fn lots_that_cannot_arrive_are_no_issue_but_explained() {
    assert!(issues(|wire| wire.lots[0].destination = "C".to_owned()).is_empty());
    assert!(issues(|wire| wire.resources[0].capacity = 0).is_empty());
    assert!(issues(|wire| wire.lots[0].release = Some(Time::Offset(100_000))).is_empty());
}
