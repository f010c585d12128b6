use super::*;
use crate::berth::quay::Quays;
use crate::problem::Problem;

/// A made-up week, or the part of it with so many calls, solved for a fixed effort.
pub(in crate::berth::quay) fn answer(calls: usize) -> (Port, Answer<Plan, crate::berth::quay::Certificate>) {
    let port = Quays::instance(&crate::berth::quay::generate::generate(calls, 900, 5)).expect("valid");
    let clock = || std::time::Duration::ZERO;
    let outcome = Quays::solve(&port, &mut crate::Budget::new(&clock).work_limit(20_000_000), &mut |_| ());
    let levels = Quays::levels(&port, &outcome.solution, outcome.lower_bound);
    let plan = Quays::plan(&port, &outcome.solution);
    let answer = Answer::new(Quays::NAME, Quays::VERSION, outcome, levels, plan);
    Quays::verify(&port, &answer).expect("true");
    (port, answer)
}

#[test]
fn the_table_reads_as_it_did() {
    let (port, answer) = answer(9);
    let text = table(&port, &answer);
    insta::assert_snapshot!(text);
    assert!(text.lines().all(|line| width(line) <= COLUMNS));
}

#[test]
fn hostile_names_stay_in_their_columns() {
    let (port, mut answer) = answer(4);
    for visit in &mut answer.plan.assignments {
        visit.vessel = Some(format!("\u{1b}[31m{}\u{202e}", "東".repeat(100)));
    }
    let text = table(&port, &answer);
    assert!(text.lines().all(|line| width(line) <= COLUMNS) && !text.contains(['\u{1b}', '\u{202e}']), "{text}");
}
