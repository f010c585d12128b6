use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::Berths;
use super::super::instance::Instance;
use super::super::wire::Wire;
use crate::Problem;
use crate::issue::Issue;
use crate::limits;
use crate::problem::{self, read_wire};

const SAMPLE: &str = include_str!("../../../samples/berth-week.json");

/// Two berths, two calls, everything used once, nothing wrong.
fn port() -> Value {
    json!({
        "horizon_start": "2026-03-02T00:00:00Z",
        "time_step_s": 900,
        "berths": [
            {
                "id": "north", "length_m": 300, "draft_m": 14, "moves_per_hour": 60, "clearance_s": 900,
                "open": [{"from": 0, "to": 200_000}, {"from": 300_000}],
                "closures": [{"from": 50_000, "to": 60_000, "reason": "works"}],
                "tide": {"free_draft_m": 10, "windows": [{"from": 0, "to": 20_000}, {"from": 40_000}]}
            },
            {"id": "south", "moves_per_hour": 30}
        ],
        "calls": [
            {
                "id": "A", "vessel": "Aurora", "arrival": "2026-03-02T01:00:00Z", "length_m": 200, "draft_m": 9,
                "handling_s": {"north": 7200, "south": 9000}, "class": 0, "weight": 2, "due": 20_000,
                "tardiness_weight": 1, "latest_departure": 90_000,
                "frozen": {"berth": "north", "start": 3600}, "earlier": {"berth": "south", "start": 3600}
            },
            {"id": "B", "arrival": 0, "moves": 100, "class": 1}
        ],
        "stability": {"berth_change": 900, "later_start": 900},
        "options": {"time_limit_ms": 1000}
    })
}

fn check(document: &Value) -> Result<Instance, Vec<Issue>> {
    Berths::instance(&read_wire::<Berths>(document.to_string().as_bytes(), None)?)
}

/// The document with other values at some pointers; null removes.
fn with(changes: &[(&str, Value)]) -> Value {
    let mut document = port();
    for (pointer, value) in changes {
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        let parent = document.pointer_mut(parent).expect("the parent is there");
        match parent {
            Value::Array(items) => match key.parse::<usize>() {
                Ok(at) if at < items.len() => items[at] = value.clone(),
                _ => items.push(value.clone()),
            },
            Value::Object(fields) if value.is_null() => drop(fields.remove(key)),
            Value::Object(fields) => drop(fields.insert(key.to_owned(), value.clone())),
            _ => unreachable!("the parent is a list or an object"),
        }
    }
    document
}

#[track_caller]
fn finds(changes: &[(&str, Value)], code: &str, path: &str) {
    let issues = check(&with(changes)).expect_err(code);
    let all: Vec<(&str, &str)> = issues.iter().map(|issue| (issue.code.as_ref(), issue.path.as_str())).collect();
    assert!(all.contains(&(code, path)), "{code} at {path} is not among {all:?}");
    for issue in &issues {
        assert!(!issue.cause.is_empty() && !issue.action.is_empty(), "{issue:?}");
        let known = issue.path.is_empty() || with(changes).pointer(&issue.path).is_some();
        let is_about_something_missing = issue.code == "work_missing" || issue.code == "wrong_shape";
        assert!(known || is_about_something_missing, "{} points at nothing", issue.path);
    }
}

#[test]
fn nothing_is_wrong_with_the_port_and_the_sample() {
    check(&port()).expect("nothing is wrong with it");
    let sample = problem::find("berth").expect("it is listed").read(SAMPLE.as_bytes());
    assert_eq!(sample.err(), None);
}

#[test]
fn documents_of_another_shape() {
    finds(&[("/calls/0/arrival", json!("soon"))], "wrong_shape", "/calls/0/arrival");
    finds(&[("/calls/0/lenght_m", json!(3))], "wrong_shape", "/calls/0/lenght_m");
    finds(&[("/calls/0/class", json!(256))], "wrong_shape", "/calls/0/class");
    finds(&[("/berths", json!({}))], "wrong_shape", "/berths");
    let codes = |text: &[u8]| {
        let issues = problem::find("berth").expect("it is listed").read(text).err().expect("it is no problem");
        issues.iter().map(|issue| issue.code.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(codes(b""), ["not_json"]);
    assert_eq!(codes(b"{"), ["not_json"]);
    assert_eq!(codes(b"{\"calls\": [], \"berths\": []} {}"), ["not_json"]);
    assert_eq!(codes(&[b'{', 0xff, 0xfe]), ["not_json"]);
    assert_eq!(codes("[".repeat(100_000).as_bytes()), ["wrong_shape"]);
    let deep = format!("{{\"x\": {}", "[".repeat(100_000));
    assert_eq!(codes(deep.as_bytes()), ["wrong_shape"]);
    assert_eq!(codes(b"{\"calls\": 1e999}"), ["not_json"]);
    assert_eq!(codes(&vec![b' '; limits::MAX_DOCUMENT_BYTES + 1]), ["document_too_large"]);
    let twice = br#"{"berths": [{"id": "B"}], "calls": [{"id": "A", "arrival": 0, "handling_s": {"B": 1, "B": 2}}]}"#;
    assert_eq!(codes(twice), ["wrong_shape"]);
}

#[test]
fn counts() {
    let many = |count: usize, item: Value| Value::Array(vec![item; count]);
    finds(&[("/berths", json!([]))], "no_berths", "/berths");
    finds(&[("/berths", many(limits::MAX_BERTHS + 1, json!({"id": "x"})))], "too_many_berths", "/berths");
    let call = json!({"id": "x", "arrival": 0});
    finds(&[("/calls", many(limits::MAX_CALLS + 1, call.clone()))], "too_many_calls", "/calls");
    let (calls, berths) = (many(2_000, call), many(101, json!({"id": "x"})));
    finds(&[("/calls", calls), ("/berths", berths)], "too_many_pairs", "");
    let window = json!({"from": 0, "to": 1});
    finds(&[("/berths/1/open", many(limits::MAX_WINDOWS + 1, window))], "too_many_windows", "/berths/1");
    let many_issues = check(&with(&[("/berths/1/open", many(limits::MAX_WINDOWS, json!({"from": 2, "to": 1})))]));
    assert_eq!(many_issues.expect_err("every window is wrong").len(), limits::MAX_ISSUES + 1);
}

#[test]
fn names() {
    finds(&[("/berths/1/id", json!("north"))], "duplicate_id", "/berths/1/id");
    finds(&[("/calls/1/id", json!("A"))], "duplicate_id", "/calls/1/id");
    finds(&[("/calls/0/id", json!(" "))], "name_empty", "/calls/0/id");
    finds(&[("/calls/0/vessel", json!("x".repeat(129)))], "name_too_long", "/calls/0/vessel");
    finds(&[("/calls/0/vessel", json!("\u{1b}[31m"))], "name_has_control_characters", "/calls/0/vessel");
    let reason = "/berths/0/closures/0/reason";
    finds(&[(reason, json!("a\nb"))], "name_has_control_characters", reason);
    finds(&[("/calls/0/handling_s", json!({"w~/est": 1}))], "unknown_berth", "/calls/0/handling_s/w~0~1est");
    finds(&[("/calls/0/frozen/berth", json!("west"))], "unknown_berth", "/calls/0/frozen/berth");
    finds(&[("/calls/0/earlier/berth", json!("west"))], "unknown_berth", "/calls/0/earlier/berth");
}

#[test]
fn times() {
    finds(&[("/horizon_start", json!(0))], "horizon_start_not_absolute", "/horizon_start");
    finds(&[("/horizon_start", json!("2026-03-02T00:00:00.5Z"))], "horizon_start_not_absolute", "/horizon_start");
    finds(&[("/horizon_start", Value::Null)], "unusable_time", "/calls/0/arrival");
    finds(&[("/calls/0/arrival", json!("2026-03-01T23:59:59Z"))], "unusable_time", "/calls/0/arrival");
    finds(&[("/calls/1/arrival", json!(-1))], "unusable_time", "/calls/1/arrival");
    finds(&[("/calls/1/arrival", json!(i64::MAX))], "unusable_time", "/calls/1/arrival");
    finds(&[("/calls/0/due", json!("2040-01-01T00:00:00Z"))], "unusable_time", "/calls/0/due");
    finds(&[("/calls/0/frozen/start", json!(-1))], "unusable_time", "/calls/0/frozen/start");
    finds(&[("/berths/0/open/0/to", json!(-1))], "unusable_time", "/berths/0/open/0/to");
    finds(&[("/calls/0/latest_departure", json!(-1))], "unusable_time", "/calls/0/latest_departure");
}

#[test]
fn windows() {
    let ends_before = "window_ends_before_it_begins";
    finds(&[("/berths/0/open/0/from", json!(200_000))], ends_before, "/berths/0/open/0");
    finds(&[("/berths/0/closures/0/to", json!(50_000))], ends_before, "/berths/0/closures/0");
    finds(&[("/berths/0/tide/windows/0/to", json!(0))], ends_before, "/berths/0/tide/windows/0");
    finds(&[("/berths/0/open/1/from", json!(200_000))], "windows_overlap", "/berths/0/open/1");
    finds(&[("/berths/0/tide/windows/1/from", json!(1))], "windows_overlap", "/berths/0/tide/windows/1");
    finds(&[("/berths/0/open", json!([]))], "berth_never_open", "/berths/0/open");
}

#[test]
fn numbers() {
    let out_of_range: [(&str, Value); 12] = [
        ("/time_step_s", json!(0)),
        ("/berths/0/clearance_s", json!(-1)),
        ("/berths/0/moves_per_hour", json!(0)),
        ("/calls/0/handling_s/north", json!(0)),
        ("/calls/0/handling_s/north", json!(i64::MAX)),
        ("/calls/1/moves", json!(0)),
        ("/calls/1/moves", json!(i64::MIN)),
        ("/calls/0/class", json!(10)),
        ("/calls/0/weight", json!(-1)),
        ("/calls/0/tardiness_weight", json!(limits::MAX_WEIGHT + 1)),
        ("/stability/berth_change", json!(-1)),
        ("/stability/later_start", json!(i64::MAX)),
    ];
    for (path, value) in out_of_range {
        finds(&[(path, value)], "number_out_of_range", path);
    }
    for path in ["/berths/0/length_m", "/berths/0/draft_m", "/berths/0/tide/free_draft_m", "/calls/0/length_m"] {
        finds(&[(path, json!(-0.5))], "length_out_of_range", path);
        finds(&[(path, json!(1e300))], "length_out_of_range", path);
    }
    finds(&[("/options/threads", json!(0))], "option_out_of_range", "/options/threads");
    finds(&[("/options/gap", json!(1.5))], "option_out_of_range", "/options/gap");
    finds(&[("/options/seed", json!(1_u64 << 53))], "option_out_of_range", "/options/seed");
    finds(&[("/options/time_limit_ms", json!(0))], "option_out_of_range", "/options/time_limit_ms");
    finds(&[("/options/work_limit", json!(u64::MAX))], "option_out_of_range", "/options/work_limit");
}

#[test]
fn calls_that_make_no_sense() {
    finds(&[("/calls/1/tardiness_weight", json!(1))], "tardiness_without_due", "/calls/1/tardiness_weight");
    finds(&[("/calls/0/moves", json!(10))], "work_given_twice", "/calls/0");
    finds(&[("/calls/1/moves", Value::Null)], "work_missing", "/calls/1");
    let deep = [("/calls/1/draft_m", json!(15)), ("/berths/1/draft_m", json!(14.99))];
    finds(&deep, "call_fits_no_berth", "/calls/1");
    let long = [("/calls/1/length_m", json!(301)), ("/berths/1/length_m", json!(300))];
    finds(&long, "call_fits_no_berth", "/calls/1");
    let no_rate = [("/berths/0/moves_per_hour", Value::Null), ("/berths/1/moves_per_hour", Value::Null)];
    finds(&no_rate, "call_fits_no_berth", "/calls/1");
    finds(&[("/calls/0/handling_s", json!({}))], "call_fits_no_berth", "/calls/0");
}

#[test]
fn frozen_calls_that_cannot_be() {
    let frozen = "/calls/0/frozen";
    for (start, why) in [
        (json!(3599), "it arrives later"),
        (json!(49_000), "closed then (works)"),
        (json!(195_000), "not open then"),
        (json!(85_000), "after its latest departure"),
    ] {
        let mut changes = vec![("/calls/0/frozen/start", start)];
        if why == "not open then" {
            changes.push(("/calls/0/latest_departure", Value::Null));
        }
        finds(&changes, "frozen_not_possible", frozen);
        let issues = check(&with(&changes)).expect_err("it cannot be");
        assert!(issues[0].cause.contains(why), "{:?} says not {why:?}", issues[0].cause);
    }
    let deep = [("/calls/0/draft_m", json!(12)), ("/calls/0/frozen/start", json!(25_000))];
    finds(&deep, "frozen_not_possible", frozen);
    finds(&[("/calls/0/length_m", json!(300.01))], "frozen_not_possible", frozen);

    let beside = |start: i64| json!({"berth": "north", "start": start});
    finds(&[("/calls/1/frozen", beside(3600 + 7200 + 899))], "frozen_calls_overlap", "/calls/1/frozen");
    check(&with(&[("/calls/1/frozen", beside(3600 + 7200 + 900))])).expect("clearance is kept");
    // One long stay overlaps two short ones, and both are said.
    let short = |id: &str, start: i64| json!({"id": id, "arrival": 0, "moves": 15, "frozen": {"berth": "south", "start": start}});
    let long = json!({"id": "L", "arrival": 0, "moves": 300, "frozen": {"berth": "south", "start": 0}});
    let calls = [("/calls/1", long), ("/calls/2", short("C", 3600)), ("/calls/3", short("D", 9000))];
    finds(&calls, "frozen_calls_overlap", "/calls/2/frozen");
    finds(&calls, "frozen_calls_overlap", "/calls/3/frozen");
}

#[test]
fn objectives_too_large_to_count() {
    let heavy = |class: usize| json!({"id": format!("H{class}"), "arrival": 1, "moves": 1_000_000, "class": class, "weight": limits::MAX_WEIGHT});
    finds(&[("/calls/2", heavy(2)), ("/calls/3", heavy(3)), ("/calls/4", heavy(4))], "objective_too_large", "/calls");
}

#[test]
fn every_issue_is_said_at_once() {
    let changes = [
        ("/time_step_s", json!(0)),
        ("/berths/1/id", json!("north")),
        ("/calls/0/vessel", json!("")),
        ("/calls/1/moves", Value::Null),
        ("/options/threads", json!(65)),
    ];
    for (code, path) in [
        ("number_out_of_range", "/time_step_s"),
        ("duplicate_id", "/berths/1/id"),
        ("name_empty", "/calls/0/vessel"),
        ("work_missing", "/calls/1"),
        ("option_out_of_range", "/options/threads"),
    ] {
        finds(&changes, code, path);
    }
}

/// A value that a careless or hostile client may send in the place of another.
fn odd_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-3_i64..200_000).prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("North 1")),
        Just(json!("2026-03-05T00:00:00Z")),
        Just(json!("9999-12-31T23:59:59Z")),
        Just(json!("-009999-01-01T00:00:00Z")),
        Just(json!([])),
        Just(json!({})),
        Just(json!({"from": 0, "to": 5_000_000})),
        Just(json!({"berth": "West", "start": 200_000})),
    ]
}

/// Every place in a document that a value can be exchanged at.
fn places(value: &Value, at: String, all: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, field)| {
            let key = key.replace('~', "~0").replace('/', "~1");
            places(field, format!("{at}/{key}"), all);
        }),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| places(item, format!("{at}/{index}"), all));
        }
        _ => {}
    }
    all.push(at);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn no_change_of_the_sample_panics(changes in prop::collection::vec((any::<prop::sample::Index>(), odd_value()), 1..4)) {
        let mut document: Value = serde_json::from_str(SAMPLE).expect("the sample is JSON");
        for (place, value) in changes {
            let mut all = Vec::new();
            places(&document, String::new(), &mut all);
            *document.pointer_mut(place.get(&all[..]).as_str()).expect("it is a place") = value;
        }
        let read = serde_json::from_value::<Wire>(document.clone());
        if let Ok(wire) = read {
            match Berths::instance(&wire) {
                Ok(instance) => drop(Berths::plan(&instance, &super::super::first_come::schedule(&instance))),
                Err(issues) => prop_assert!(issues.iter().all(|issue| document.pointer(&issue.path).is_some()), "{issues:?}"),
            }
        }
        drop(problem::find("berth").expect("it is listed").read(document.to_string().as_bytes()));
    }
}
