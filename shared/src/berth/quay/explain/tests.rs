use serde_json::json;

use super::*;
use crate::berth::quay::Quays;
use crate::berth::quay::plan::Plan;
use crate::problem::Problem;

/// The plan that a solve makes of these calls on 400 m, deep vessels sailing from hour 3 to 5 and every 12 hours.
fn planned(calls: serde_json::Value) -> Plan {
    let tide = json!({"free_draft_m": 12, "departures": [{"from": 10_800, "to": 18_000}], "period_s": 43_200});
    let json = json!({"quay": {"length_m": 400, "tide": tide}, "calls": calls});
    let port = Quays::instance(&serde_json::from_value(json).expect("the shape")).expect("valid");
    let clock = || std::time::Duration::ZERO;
    let outcome = Quays::solve(&port, &mut Budget::new(&clock), &mut |_| ());
    assert_eq!(outcome.objective, outcome.lower_bound);
    Quays::plan(&port, &outcome.solution)
}

fn delay<'a>(plan: &'a Plan, call: &str) -> &'a Delay {
    let visit = plan.assignments.iter().find(|visit| visit.call == call).expect("planned");
    visit.delay.as_ref().expect("it waits")
}

#[test]
fn a_vessel_that_waits_for_the_tide_alone_says_so_and_what_deeper_water_would_give() {
    let plan = planned(json!([{"id": "deep", "arrival": 3_600, "length_m": 100, "draft_m": 14, "handling_s": 3_600}]));
    let delay = delay(&plan, "deep");
    assert_eq!(delay.blocked_by, [Blocker::Tide { sails: Time::Offset(10_800) }]);
    let [remedy] = delay.remedies.as_slice() else { panic!("{delay:?}") };
    assert_eq!(remedy.change, Lever::IgnoreTide);
    assert_eq!((remedy.start, remedy.earlier_s, remedy.objective_change), (Time::Offset(3_600), 3_600, -3_600));
}

#[test]
fn a_vessel_without_room_names_who_lies_there_and_what_each_change_costs() {
    let plan = planned(json!([
        {"id": "first", "arrival": 0, "length_m": 250, "handling_s": 7_200},
        {"id": "second", "arrival": 3_600, "length_m": 200, "handling_s": 36_000}
    ]));
    let delay = delay(&plan, "second");
    let [Blocker::Call { call, from_m, to_m, until, .. }] = delay.blocked_by.as_slice() else { panic!("{delay:?}") };
    assert_eq!((call.as_str(), to_m - from_m, *until), ("first", 250.0, Time::Offset(7_200)));
    let [room, ahead] = delay.remedies.as_slice() else { panic!("{delay:?}") };
    assert_eq!((&room.change, room.objective_change), (&Lever::FreeQuay { by_m: 50.0 }, -3_600));
    assert_eq!(ahead.change, Lever::GoFirst { before: "first".to_owned() });
    // The first waits 39,600 s instead of the second's 3,600 s.
    assert_eq!((ahead.start, ahead.objective_change), (Time::Offset(3_600), 36_000));
}

#[test]
fn vessels_that_do_not_wait_need_no_reason() {
    let plan = planned(json!([
        {"id": "a", "arrival": 0, "length_m": 200, "handling_s": 7_200},
        {"id": "b", "arrival": 0, "length_m": 200, "handling_s": 7_200}
    ]));
    assert!(plan.assignments.iter().all(|visit| visit.waiting_s == 0 && visit.delay.is_none()));
}
