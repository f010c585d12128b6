use std::time::Duration;

use super::super::wire::Wire;
use super::super::{Certificate, Yards};
use super::*;
use crate::{Budget, Problem};

/// A small request, solved.
pub(in crate::yard) fn solved(json: &str) -> (Instance, Answer<Plan, Certificate>) {
    let wire: Wire = serde_json::from_str(json).expect("a request");
    let instance = Yards::instance(&wire).expect("nothing is wrong with it");
    let clock = || Duration::ZERO;
    let outcome = Yards::solve(&instance, &mut Budget::new(&clock).work_limit(100_000), &mut |_| ());
    let levels = Yards::levels(&instance, &outcome.solution, outcome.lower_bound);
    let plan = Yards::plan(&instance, &outcome.solution);
    let answer = Answer::new(Yards::NAME, Yards::VERSION, outcome, levels, plan);
    (instance, answer)
}

pub(in crate::yard) const BAY: &str = r#"{
    "stacks": [
        {"id": "07-1", "max_tiers": 4, "containers": ["Aurora", "Boreas", {"id": "Castor", "weight_kg": 9000}]},
        {"id": "07-2", "max_tiers": 4, "containers": ["Dorado", "Electra"]},
        {"id": "07-3", "max_tiers": 4, "containers": ["Fornax"]}
    ],
    "departures": ["Aurora", ["Dorado", "Boreas"], "Fornax"]
}"#;

pub(in crate::yard) const TOO_FULL: &str = r#"{
    "stacks": [
        {"id": "A", "max_tiers": 3, "containers": ["x", "2", "3"]},
        {"id": "B", "max_tiers": 3, "containers": ["1", "y"]}
    ],
    "departures": ["x", "1"]
}"#;

#[test]
fn a_bay_reads_as_approved() {
    let (instance, answer) = solved(BAY);
    insta::assert_snapshot!(table(&instance, &answer));
}

#[test]
fn a_yard_that_is_too_full_reads_as_approved() {
    let (instance, answer) = solved(TOO_FULL);
    insta::assert_snapshot!(table(&instance, &answer));
}

#[test]
fn sorting_a_bay_reads_as_approved() {
    let (instance, answer) = solved(&BAY.replacen('{', r#"{"task": "premarshal","#, 1));
    insta::assert_snapshot!(table(&instance, &answer));
}

#[test]
fn every_move_has_a_picture() {
    let (instance, answer) = solved(BAY);
    let frames = frames(&instance, &answer);
    assert_eq!(frames.len(), answer.plan.moves.len() + 1);
    insta::assert_snapshot!(frames[1]);
}

#[test]
fn hostile_names_neither_panic_nor_steer_the_terminal() {
    let (instance, mut answer) = solved(BAY);
    for step in &mut answer.plan.moves {
        step.container = "\u{1b}[31m東京丸".repeat(30);
        step.from.stack = "nowhere".to_owned();
    }
    let text = table(&instance, &answer);
    assert!(!text.contains('\u{1b}'));
    assert!(text.lines().all(|line| width(line) <= COLUMNS), "{text}");
    assert_eq!(frames(&instance, &answer).len(), 1, "an answer to another request has no pictures");
}
