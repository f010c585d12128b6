use std::time::Duration;

use super::super::wire::Wire;
use super::super::{Certificate, Routing};
use super::*;
use crate::{Budget, Problem};

/// A small request, solved.
pub(in crate::routing) fn solved(json: &str) -> (Instance, Answer<Plan, Certificate>) {
    let wire: Wire = serde_json::from_str(json).expect("a request");
    let instance = Routing::instance(&wire).expect("nothing is wrong with it");
    let clock = || Duration::ZERO;
    let outcome = Routing::solve(&instance, &mut Budget::new(&clock).work_limit(100_000), &mut |_| ());
    let levels = Routing::levels(&instance, &outcome.solution, outcome.lower_bound);
    let plan = Routing::plan(&instance, &outcome.solution);
    let answer = Answer::new(Routing::NAME, Routing::VERSION, outcome, levels, plan);
    (instance, answer)
}

/// Two sailings, one of them full; a lot that is late, one that is turned down, one that cannot arrive.
pub(in crate::routing) const SEA: &str = r#"{
    "nodes": [
        {"id": "Lisboa Mon", "port": "PTLIS", "time_s": 0}, {"id": "Lisboa Tue", "port": "PTLIS", "time_s": 86400},
        {"id": "Dakar Fri", "port": "SNDKR", "time_s": 345600}, {"id": "Dakar Sat", "port": "SNDKR", "time_s": 432000},
        {"id": "Luanda", "port": "AOLAD", "time_s": 604800}
    ],
    "resources": [{"id": "Aurora slots", "capacity": 5}, {"id": "Boreas slots", "capacity": 4}],
    "arcs": [
        {"id": "Aurora", "from": "Lisboa Mon", "to": "Dakar Fri", "cost_cents": 40000, "uses": ["Aurora slots"]},
        {"id": "Boreas", "from": "Lisboa Tue", "to": "Dakar Sat", "cost_cents": 30000, "uses": ["Boreas slots"]},
        {"id": "wait", "from": "Lisboa Mon", "to": "Lisboa Tue", "cost_cents": 500}
    ],
    "lots": [
        {"id": "wine", "origin": "PTLIS", "destination": "SNDKR", "quantity": 6, "due_s": 432000, "rejection_cents": 90000},
        {"id": "cork", "origin": "PTLIS", "destination": "SNDKR", "quantity": 2, "due_s": 345600, "late_cents_per_day": 2000,
         "rejection_cents": 80000},
        {"id": "salt", "origin": "PTLIS", "destination": "SNDKR", "quantity": 4, "due_s": 432000, "rejection_cents": 45000},
        {"id": "copper", "origin": "SNDKR", "destination": "AOLAD", "quantity": 1, "rejection_cents": 50000},
        {"id": "fish", "origin": "PTLIS", "destination": "SNDKR", "quantity": 1, "due_s": 200000, "rejection_cents": 99000}
    ]
}"#;

#[test]
fn a_plan_reads_as_approved() {
    let (instance, answer) = solved(SEA);
    insta::assert_snapshot!(table(&instance, &answer));
    insta::assert_snapshot!(super::super::svg::svg(&instance, &answer));
}

#[test]
fn a_timetable_s_plan_reads_as_approved() {
    let (instance, answer) = solved(crate::routing::timetable::tests::SMALL);
    insta::assert_snapshot!(table(&instance, &answer));
    insta::assert_snapshot!(super::super::svg::svg(&instance, &answer));
}

#[test]
fn names_cannot_steer_a_terminal_or_break_a_picture() {
    let (instance, answer) = solved(&SEA.replace("Aurora slots", "<b>&").replace("wine", "w\\u202Ee"));
    assert!(!table(&instance, &answer).contains('\u{202E}'));
    let svg = super::super::svg::svg(&instance, &answer);
    assert!(!svg.contains("<b>") && svg.contains("&lt;b&gt;&amp;"));
}

#[test]
fn money_has_two_decimals() {
    assert_eq!([money(0), money(-5), money(123_456)], ["0.00", "-0.05", "1,234.56"]);
}
