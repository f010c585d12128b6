use serde_json::{Value, json};

use super::*;
use crate::Problem;
use crate::problem::read_wire;
use crate::yard::Yards;
use crate::yard::instance::Misfit;
use crate::yard::rules::Placement;

fn instance(document: &Value) -> Result<Instance, Vec<Issue>> {
    Yards::instance(&read_wire::<Yards>(document.to_string().as_bytes(), None)?)
}

fn bay() -> Value {
    json!({
        "stacks": [
            {"id": "A", "max_tiers": 3, "containers": ["1", "4"]},
            {"id": "B", "max_tiers": 3, "containers": [{"id": "2", "weight_kg": 9000}, "3"]},
            {"id": "C", "max_tiers": 3}
        ],
        "departures": ["1", ["2", "3"]]
    })
}

/// The issues of the bay with `value` at `pointer`, as code and path.
fn issues(pointer: &str, value: Value) -> Vec<(String, String)> {
    let mut document = bay();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer below the root");
    let parent = document.pointer_mut(parent).expect("it is there");
    match parent {
        Value::Array(items) => items[key.parse::<usize>().expect("an index")] = value,
        other => other[key] = value,
    }
    let found = instance(&document).expect_err("something is wrong");
    found.into_iter().map(|issue| (issue.code.into_owned(), issue.path)).collect()
}

#[track_caller]
fn check(pointer: &str, value: Value, code: &str, path: &str) {
    assert_eq!(issues(pointer, value), [(code.to_owned(), path.to_owned())]);
}

#[test]
fn a_bay_reads_as_written() {
    let instance = instance(&bay()).expect("nothing is wrong with it");
    assert_eq!(instance.turns(), 2);
    let turns: Vec<_> = instance.containers().iter().map(|container| container.turn).collect();
    assert_eq!(turns, [Some(0), None, Some(1), Some(1)]);
    assert_eq!(instance.layout().stacks, [vec![0, 2], vec![1, 1], vec![]]);
    assert_eq!(instance.layout().groups, [0, 1, u16::MAX]);
    assert!(instance.placement().is_none(), "a weight alone is no rule");
}

#[test]
fn names_of_stacks_and_containers() {
    check("/stacks/1/id", json!("A"), "duplicate_id", "/stacks/1/id");
    check("/stacks/1/id", json!(" "), "name_empty", "/stacks/1/id");
    check("/stacks/2/containers", json!(["4"]), "duplicate_container", "/stacks/2/containers/0");
    check("/stacks/2/containers", json!([""]), "name_empty", "/stacks/2/containers/0");
    check("/stacks/2/containers", json!(["CSQU3054384"]), "check_digit", "/stacks/2/containers/0");
}

#[test]
fn departures_name_containers_of_the_yard_once() {
    check("/departures/0", json!("9"), "unknown_container", "/departures/0");
    check("/departures/1/1", json!("1"), "departs_twice", "/departures/1/1");
    check("/departures/1", json!([]), "departure_empty", "/departures/1");
    check("/departures", json!([]), "nothing_leaves", "/departures");
}

#[test]
fn stacks_that_cannot_be() {
    check("/stacks/0/max_tiers", json!(1), "stack_too_high", "/stacks/0");
    check("/stacks/2/max_tiers", json!(0), "no_tiers", "/stacks/2/max_tiers");
    check("/stacks/2/row", json!(1), "same_place", "/stacks/2");
    check("/stacks/2/row", json!(0), "number_out_of_range", "/stacks/2/row");
    check("/stacks", json!([]), "no_stacks", "/stacks");
    check("/max_relocations", json!(4), "limit_of_another_task", "/max_relocations");
    check("/crane", json!({"gantry_ms": 9_000_000}), "number_out_of_range", "/crane/gantry_ms");
}

#[test]
fn documents_of_another_shape() {
    check("/stacks/0/max_teirs", json!(1), "wrong_shape", "/stacks/0/max_teirs");
    check("/stacks/0/containers", json!([7]), "wrong_shape", "/stacks/0/containers/0");
    check(
        "/stacks/0/containers",
        json!([{"id": "x", "weight_kg": -1}]),
        "wrong_shape",
        "/stacks/0/containers/0/weight_kg",
    );
    check("/departures/0", json!(7), "wrong_shape", "/departures/0");
    check("/task", json!("juggle"), "wrong_shape", "/task");
}

#[test]
fn too_much_is_refused_before_it_is_read() {
    let containers: Vec<Value> = (0..=limits::MAX_CONTAINERS).map(|at| json!(at.to_string())).collect();
    check("/stacks/2/containers", json!(containers), "too_many_containers", "/stacks");
    let stacks: Vec<Value> = (0..=limits::MAX_STACKS).map(|at| json!({"id": at.to_string()})).collect();
    assert!(issues("/stacks", json!(stacks)).contains(&("too_many_stacks".to_owned(), "/stacks".to_owned())));
}

#[test]
fn everything_wrong_is_said_at_once() {
    let mut document = bay();
    document["stacks"][1]["id"] = json!("A");
    document["departures"][0] = json!("9");
    document["max_relocations"] = json!(3);
    assert_eq!(instance(&document).expect_err("wrong").len(), 3);
}

#[test]
fn rules_become_tables_only_where_they_forbid_something() {
    let mut document = bay();
    document["rules"] = json!({"max_overweight_kg": 0});
    assert!(instance(&document).expect("valid").placement().is_none(), "one weight has nothing to be compared with");
    document["stacks"][0]["containers"][1] = json!({"id": "4", "weight_kg": 9500});
    let ruled = instance(&document).expect("valid");
    let why_not = |container: usize, stack: usize, held: &[usize]| ruled.why_not(container, stack, held);
    assert_eq!(why_not(1, 1, &[2]), Some(Misfit::TooHeavy));
    assert_eq!(why_not(2, 0, &[0, 1]), None);
    assert_eq!(why_not(2, 0, &[0, 1, 3]), Some(Misfit::Full));

    let mut document = bay();
    document["stacks"][2]["closed"] = json!(true);
    document["stacks"][0]["containers"][1] = json!({"id": "4", "reefer": true, "hazard": "3", "length_ft": 20});
    document["stacks"][1]["length_ft"] = json!(40);
    let ruled = instance(&document).expect("valid");
    let placement = ruled.placement().expect("rules");
    assert!(!placement.allows(0, 2, None), "closed");
    assert_eq!(ruled.why_not(1, 1, &[]), Some(Misfit::Length));
    assert_eq!(ruled.why_not(1, 0, &[]), Some(Misfit::NoPlug));
}
