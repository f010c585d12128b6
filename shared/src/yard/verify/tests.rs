use super::super::table::tests::{BAY, TOO_FULL, solved};
use super::*;

/// The codes found in a small answer after `change`.
fn found(json: &str, change: impl FnOnce(&mut Answer<Plan, Certificate>)) -> Vec<String> {
    let (instance, mut answer) = solved(json);
    change(&mut answer);
    let violations = verify(&instance, &answer).err().unwrap_or_default();
    violations.into_iter().map(|violation| violation.code).collect()
}

#[test]
fn honest_answers_are_confirmed() {
    for json in [BAY, TOO_FULL] {
        assert_eq!(found(json, |_| ()), [""; 0]);
    }
}

#[test]
fn moves_that_cannot_be_made_are_found() {
    let first = |change: fn(&mut Step)| found(BAY, |answer| change(&mut answer.plan.moves[0]));
    for codes in [
        first(|step| step.container = "Boreas".to_owned()),
        first(|step| step.from.tier = 1),
        first(|step| step.from.stack = "nowhere".to_owned()),
        first(|step| step.to = Some(step.from.clone())),
        first(|step| step.to = None),
        first(|step| step.crane_ms += 1),
        found(BAY, |answer| answer.plan.moves.swap(0, 1)),
    ] {
        assert_eq!(codes, ["move_impossible"]);
    }
}

#[test]
fn figures_that_are_not_so_are_found() {
    assert_eq!(found(BAY, |answer| answer.objective -= 1), ["objective_differs", "bound_above_objective"]);
    assert_eq!(found(BAY, |answer| answer.plan.kpis.retrievals += 1), ["figure_differs"]);
    assert_eq!(found(BAY, |answer| answer.plan.kpis.crane_ms += 1), ["figure_differs"]);
    assert_eq!(found(BAY, |answer| answer.plan.after[0].containers.clear()), ["after_differs"]);
    let unfinished = found(BAY, |answer| drop(answer.plan.moves.pop()));
    assert!(unfinished.contains(&"figure_differs".to_owned()), "{unfinished:?}");
}

#[test]
fn a_bound_that_its_certificate_does_not_prove_is_refused_or_not_confirmed() {
    // One container too many is said to be needed.
    let costly = |certificate| {
        let (instance, mut answer) = solved(BAY);
        answer.lower_bound += 1;
        answer.objective += 1;
        let confirmed = certificate::confirm(&instance, answer.lower_bound, certificate);
        (confirmed, answer.lower_bound - 1)
    };
    for certificate in [Certificate::BadlyPlaced, Certificate::Exhaustive] {
        let (confirmed, _) = costly(certificate);
        assert_eq!(confirmed.expect_err("refused")[0].code, "bound_not_certified");
    }
    let (confirmed, proven) = costly(Certificate::Search);
    assert!(confirmed.expect("not contradicted") <= proven, "what is claimed is not what is confirmed");
}

#[test]
fn trying_everything_shows_what_counting_does_not() {
    // Four relocations, though only three containers are badly placed.
    let (instance, answer) = solved(
        r#"{"stacks": [
            {"id": "A", "max_tiers": 4, "containers": ["2", "1", "5"]},
            {"id": "B", "max_tiers": 4, "containers": ["3", "6"]},
            {"id": "C", "max_tiers": 4, "containers": ["4", "7"]}
        ], "departures": ["1", "2", "3", "4", "5", "6", "7"]}"#,
    );
    assert_eq!((answer.objective, answer.certificate), (4, Certificate::Exhaustive));
    assert_eq!(verify(&instance, &answer), Ok(4));
}

#[test]
fn what_cannot_leave_is_shown_by_trying_everything() {
    let (instance, answer) = solved(TOO_FULL);
    let left_out = i64::from(answer.plan.kpis.left_out) * instance.prices.left_out;
    assert_eq!((answer.lower_bound, answer.certificate), (left_out, Certificate::Exhaustive));
    assert_eq!(verify(&instance, &answer), Ok(left_out));
}

#[test]
fn nothing_is_shown_of_a_turn_that_can_leave() {
    let (instance, _) = solved(BAY);
    let all_but_none = instance.prices.left_out;
    let refused = certificate::confirm(&instance, all_but_none, Certificate::Exhaustive);
    assert_eq!(refused.expect_err("refused")[0].code, "bound_not_certified");
}
