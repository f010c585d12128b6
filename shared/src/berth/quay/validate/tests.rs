use serde_json::{Value, json};

use super::*;

/// Two calls on a quay of 500 m, the first alongside.
pub(in crate::berth::quay) fn day() -> Value {
    json!({
        "horizon_start": "2026-03-02T00:00:00Z",
        "quay": {
            "length_m": 500, "clearance_m": 10, "draft_m": 16, "moves_per_hour": 100,
            "tide": {
                "free_draft_m": 12,
                "departures": [{"from": "2026-03-02T03:00:00Z", "to": "2026-03-02T07:00:00Z"}],
                "period_s": 45_000
            }
        },
        "calls": [
            {"id": "A", "arrival": 0, "length_m": 300, "handling_s": 36_000, "frozen": {"position_m": 0, "start": 0}},
            {"id": "B", "arrival": 7200, "length_m": 250.5, "draft_m": 14, "moves": 1000, "section": {"from_m": 200, "to_m": 500}}
        ]
    })
}

fn port(json: Value) -> Result<Port, Vec<Issue>> {
    Port::try_from(&serde_json::from_value::<Wire>(json).expect("the shape"))
}

#[test]
fn a_request_becomes_centimetres_and_its_own_unit_of_time() {
    let port = port(day()).expect("valid");
    let instance = port.instance();
    assert_eq!((port.unit().0, instance.quay(), instance.gap()), (1_800, 50_000, 1_000));
    let second = &instance.vessels()[1];
    assert_eq!((second.length, second.handling, second.arrival), (25_050, 20, 4));
    assert_eq!((second.sails_on_tide, second.berths_on_tide, second.section), (true, false, Some((20_000, 50_000))));
    let first = &instance.vessels()[0];
    assert_eq!((first.sails_on_tide, first.section, first.fixed), (false, Some((0, 30_000)), Some(0)));
}

#[test]
fn everything_that_is_wrong_is_said_at_its_place() {
    let expected = |change: &dyn Fn(&mut Value), code: &str, path: &str| {
        let mut json = day();
        change(&mut json);
        let issues = port(json).expect_err(code);
        assert!(issues.iter().any(|issue| issue.code == code && issue.path == path), "{code} at {path}: {issues:?}");
    };
    expected(&|it| it["quay"]["length_m"] = json!(0), "length_out_of_range", "/quay/length_m");
    expected(&|it| it["quay"]["clearance_m"] = json!(-1), "length_out_of_range", "/quay/clearance_m");
    expected(&|it| it["calls"][1]["length_m"] = json!(600), "vessel_too_long", "/calls/1/length_m");
    expected(&|it| it["calls"][1]["draft_m"] = json!(17), "vessel_too_deep", "/calls/1/draft_m");
    expected(&|it| it["calls"][1]["section"]["from_m"] = json!(300), "place_impossible", "/calls/1/section");
    expected(&|it| it["calls"][0]["frozen"]["position_m"] = json!(300), "place_impossible", "/calls/0/frozen");
    expected(&|it| it["calls"][0]["arrival"] = json!(60), "frozen_before_arrival", "/calls/0/frozen/start");
    let frozen = json!({"position_m": 249, "start": 7200});
    expected(&|it| it["calls"][1]["frozen"] = frozen.clone(), "frozen_calls_overlap", "/calls/1/frozen");
    let outside = json!({"position_m": 100, "start": 7200});
    expected(&|it| it["calls"][1]["frozen"] = outside.clone(), "frozen_outside_section", "/calls/1/frozen/position_m");
    expected(&|it| it["calls"][1]["moves"] = json!(0), "number_out_of_range", "/calls/1/moves");
    expected(&|it| it["calls"][1]["handling_s"] = json!(9), "work_given_twice", "/calls/1");
    expected(&|it| it["calls"][0]["handling_s"] = Value::Null, "work_missing", "/calls/0");
    expected(&|it| it["quay"]["moves_per_hour"] = Value::Null, "rate_missing", "/calls/1");
    expected(&|it| it["calls"][1]["weight"] = json!(0), "number_out_of_range", "/calls/1/weight");
    expected(&|it| it["calls"][1]["id"] = json!("A"), "duplicate_id", "/calls/1/id");
    expected(&|it| it["quay"]["tide"]["period_s"] = Value::Null, "tide_ends", "/quay/tide");
    expected(&|it| it["quay"]["tide"]["period_s"] = json!(3600), "period_too_short", "/quay/tide/period_s");
    expected(&|it| it["quay"]["tide"]["departures"] = json!([]), "tide_without_windows", "/quay/tide");
    let endless = json!([{"from": 0}]);
    expected(&|it| it["quay"]["tide"]["departures"] = endless.clone(), "tide_without_end", "/quay/tide/departures/0");
    let crowd: Vec<Value> =
        (0..65).map(|k| json!({"id": k.to_string(), "arrival": 0, "length_m": 1, "handling_s": 60})).collect();
    expected(&|it| it["calls"] = json!(crowd), "too_many_calls", "/calls");
    expected(&|it| it["calls"][1]["arrival"] = json!(100_000_001), "times_too_fine", "");
}
