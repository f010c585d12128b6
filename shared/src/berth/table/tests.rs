use proptest::prelude::*;
use serde_json::json;

use super::super::generate::{Style, generate};
use super::super::wire::Wire;
use super::super::{Berths, first_come};
use super::*;
use crate::Problem;

/// A day of four calls in two classes: one frozen, one behind another, one moved, one left out.
pub(in super::super) fn day() -> (Instance, Answer<Plan, ()>) {
    let wire: Wire = serde_json::from_value(json!({
        "horizon_start": "2026-03-02T00:00:00Z",
        "berths": [
            {"id": "North", "length_m": 400, "draft_m": 16, "clearance_s": 900},
            {
                "id": "South <2>", "length_m": 200, "draft_m": 10,
                "open": [{"from": "2026-03-02T06:00:00Z", "to": "2026-03-02T22:00:00Z"}],
                "closures": [{"from": "2026-03-02T12:00:00Z", "to": "2026-03-02T14:00:00Z", "reason": "fender & bollard"}],
                "tide": {"free_draft_m": 8, "windows": [{"from": "2026-03-02T05:00:00Z", "to": "2026-03-02T09:00:00Z"}]}
            }
        ],
        "calls": [
            {
                "id": "A", "vessel": "Aurora Meridian", "arrival": "2026-03-02T01:00:00Z", "length_m": 350, "draft_m": 14,
                "handling_s": {"North": 36_000}, "due": "2026-03-02T10:00:00Z", "tardiness_weight": 1,
                "frozen": {"berth": "North", "start": "2026-03-02T02:00:00Z"}
            },
            {
                "id": "B", "vessel": "東京丸", "arrival": "2026-03-02T08:00:00Z", "length_m": 300,
                "handling_s": {"North": 21_600}, "due": "2026-03-03T10:00:00Z",
                "earlier": {"berth": "North", "start": "2026-03-02T08:00:00Z"}
            },
            {"id": "C", "arrival": "2026-03-02T09:30:00Z", "length_m": 120, "handling_s": {"South <2>": 10_800}, "class": 1},
            {
                "id": "D", "vessel": "Drie \"Gebroeders\"", "arrival": "2026-03-02T07:00:00Z", "length_m": 90, "class": 1,
                "handling_s": {"South <2>": 18_000}, "latest_departure": "2026-03-02T11:30:00Z"
            }
        ],
        "stability": {"berth_change": 900, "later_start": 900}
    }))
    .expect("it has the shape");
    let instance = Berths::instance(&wire).unwrap_or_else(|issues| panic!("{issues:?}"));
    let answer = first_come::answer(&instance, &first_come::schedule(&instance));
    (instance, answer)
}

#[test]
fn a_day_reads_as_approved() {
    let (instance, answer) = day();
    insta::assert_snapshot!(table(&instance, &answer));
}

#[test]
fn a_week_reads_as_approved() {
    let wire = serde_json::from_str(include_str!("../../../samples/berth-week.json")).expect("the sample is a problem");
    let instance = Berths::instance(&wire).expect("the sample is valid");
    let answer = first_come::answer(&instance, &first_come::schedule(&instance));
    insta::assert_snapshot!(table(&instance, &answer));
}

#[test]
fn seconds_without_a_horizon_stay_plain() {
    let instance = Berths::instance(&generate(Style::Congested, 6, 2, 1)).expect("generated problems are valid");
    let answer = first_come::answer(&instance, &first_come::schedule(&instance));
    insta::assert_snapshot!(table(&instance, &answer));
}

/// Names that would break a terminal, a table or a document.
pub(in super::super) fn hostile_name() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,40}",
        "\\PC{0,200}",
        Just("<script>alert('x')</script>".to_owned()),
        Just("]]>&amp;<!--\"'".to_owned()),
        Just("\u{1b}[2J\u{7}\r\n\t\0".to_owned()),
        Just("\u{202e}drow\u{2066}\u{feff}".to_owned()),
        Just("e\u{301}\u{302}\u{303}👩‍👩‍👧‍👦東京丸".repeat(9)),
        Just("\u{fffe}\u{ffff}\u{10ffff}".to_owned()),
    ]
}

/// A generated problem and its plan, with names that validation would not let through: an answer is drawn even where its names are
/// worse than any request's.
pub(in super::super) fn hostile_plan() -> impl Strategy<Value = (Instance, Answer<Plan, ()>)> {
    let names = prop::collection::vec(hostile_name(), 1..12);
    (0_usize..4, 1_usize..30, 1_usize..5, any::<u32>(), names).prop_map(|(style, calls, berths, seed, names)| {
        let wire = generate(Style::ALL[style], calls, berths, u64::from(seed));
        let mut instance = Berths::instance(&wire).expect("generated problems are valid");
        let name = |at: usize| names[at % names.len()].clone();
        for (at, berth) in instance.berths.iter_mut().enumerate() {
            berth.id = format!("{}{at}", name(at));
            berth.closures.iter_mut().for_each(|closure| closure.reason = Some(name(at + 1)));
        }
        for (at, call) in instance.calls.iter_mut().enumerate() {
            call.id = format!("{}{at}", name(at));
            call.vessel = (at % 3 > 0).then(|| name(at + 2));
        }
        let answer = first_come::answer(&instance, &first_come::schedule(&instance));
        (instance, answer)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn hostile_names_neither_panic_nor_steer_the_terminal((instance, answer) in hostile_plan()) {
        let text = table(&instance, &answer);
        prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
        for line in text.lines() {
            prop_assert!(width(line) <= COLUMNS, "{} columns: {}", width(line), line.escape_unicode());
        }
        prop_assert!(text.lines().count() > answer.plan.assignments.len());
    }

    /// An answer to another request is drawn as far as it can be.
    #[test]
    fn a_foreign_answer_does_not_panic((instance, _) in hostile_plan(), (_, answer) in hostile_plan()) {
        table(&instance, &answer);
    }
}
