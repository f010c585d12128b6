use super::super::table::tests::answer;
use super::*;

#[test]
fn the_picture_is_well_formed_and_shows_every_call() {
    let (port, mut answer) = answer(9);
    answer.plan.assignments[1].vessel = Some("<script>&\u{1b}\"".to_owned());
    let text = svg(&port, &answer);
    let document = roxmltree::Document::parse(&text).expect("XML");
    let groups = document.descendants().filter(|node| node.has_tag_name("g")).count();
    assert_eq!(groups, 9);
    assert!(!text.contains("<script"));
    let labels: Vec<&str> =
        document.descendants().filter(|node| node.has_tag_name("text")).filter_map(|node| node.text()).collect();
    for label in ["0 m", "900 m", "frozen", "tide for deep vessels to sail"] {
        assert!(labels.contains(&label), "{label} is missing: {labels:?}");
    }
}

#[test]
fn a_picture_without_calls_is_one_too() {
    let json = serde_json::json!({"quay": {"length_m": 0.01}, "calls": []});
    let wire = serde_json::from_value(json).expect("the shape");
    let port = <super::super::Quays as crate::Problem>::instance(&wire).expect("valid");
    let clock = || std::time::Duration::ZERO;
    let outcome = <super::super::Quays as crate::Problem>::solve(&port, &mut crate::Budget::new(&clock), &mut |_| ());
    let plan = Plan::new(&port, &outcome.solution);
    let answer = Answer::new("berth", 1, outcome, Vec::new(), plan);
    roxmltree::Document::parse(&svg(&port, &answer)).expect("XML");
}
