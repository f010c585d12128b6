use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::generate::{Style, generate};
use super::super::instance::{Assignment, Instance};
use super::super::plan::{Plan, Schedule, cost_by_class};
use super::super::wire::Wire;
use super::super::{first_come, naive};
use super::*;
use crate::ids::{BerthIdx, CallIdx};
use crate::units::Seconds;

/// Plans these calls on these berths, first come, first served.
fn plan(berths: &Value, calls: &Value) -> Plan {
    let wire: Wire = serde_json::from_value(json!({ "berths": berths, "calls": calls })).expect("it has the shape");
    let instance = Instance::try_from(&wire).expect("nothing is wrong with it");
    Plan::new(&instance, &first_come::schedule(&instance))
}

fn delay(plan: &Plan, call: &str) -> Value {
    let visit = plan.assignments.iter().find(|visit| visit.call == call).expect("it is served");
    serde_json::to_value(visit.delay.as_ref().expect("it waits")).expect("it is JSON")
}

fn left_out(plan: &Plan) -> Value {
    assert_eq!(plan.left_out.len(), 1, "{:?}", plan.left_out);
    serde_json::to_value(&plan.left_out[0]).expect("it is JSON")
}

#[test]
fn a_vessel_behind_another_is_told_what_going_first_costs() {
    let plan = plan(
        &json!([{"id": "B", "clearance_s": 5}]),
        &json!([
            {"id": "first", "arrival": 0, "handling_s": {"B": 100}},
            {"id": "second", "arrival": 0, "handling_s": {"B": 10}, "weight": 3}
        ]),
    );
    // First 0..100, second 105..115. The other way: second 0..10, first 15..115: 3 * -105 + 15.
    assert_eq!(
        delay(&plan, "second"),
        json!({
            "blocked_by": [{"kind": "call", "call": "first", "berth": "B", "from": 0, "to": 105}],
            "remedies": [{
                "change": {"kind": "go_first", "berth": "B", "before": "first"},
                "start": 0, "earlier_s": 105, "objective_change": -300
            }]
        })
    );
}

#[test]
fn going_to_a_free_berth_is_ahead_of_nobody() {
    // First come, first served puts C behind A on the quick berth; the slow one is free until much later.
    let plan = plan(
        &json!([{"id": "quick"}, {"id": "slow"}]),
        &json!([
            {"id": "A", "arrival": 0, "handling_s": {"quick": 50}},
            {"id": "C", "arrival": 10, "handling_s": {"quick": 20, "slow": 100}},
            {"id": "D", "arrival": 500, "handling_s": {"slow": 10}}
        ]),
    );
    assert_eq!(
        delay(&plan, "C")["remedies"],
        json!([{
            "change": {"kind": "go_first", "berth": "slow"},
            "start": 10, "earlier_s": 40, "objective_change": 40
        }]),
        "ahead of A would cost 80 - 40 + 20, which is more than on the slow berth"
    );
}

#[test]
fn a_closure_is_named_and_priced() {
    let plan = plan(
        &json!([{"id": "B", "closures": [{"from": 40, "to": 90, "reason": "works"}]}]),
        &json!([
            {"id": "A", "arrival": 10, "handling_s": {"B": 50}},
            {"id": "C", "arrival": 20, "handling_s": {"B": 50}, "weight": 2}
        ]),
    );
    let closure = json!({"kind": "closure", "berth": "B", "from": 40, "to": 90, "reason": "works"});
    assert_eq!(delay(&plan, "A")["blocked_by"], json!([closure]));
    let lift = &delay(&plan, "A")["remedies"][0];
    // A 10..60 instead of 90..140, C 60..110 instead of 140..190.
    assert_eq!(lift["change"], json!({"kind": "lift_closure", "berth": "B", "from": 40, "reason": "works"}));
    assert_eq!((&lift["start"], &lift["objective_change"]), (&json!(10), &json!(-80 - 2 * 80)));
    let kinds: Vec<Value> = delay(&plan, "C")["blocked_by"].as_array().expect("a list").clone();
    assert_eq!((kinds.len(), &kinds[0], &kinds[1]["kind"]), (2, &closure, &json!("call")));
}

#[test]
fn an_opening_is_the_reason_even_behind_a_vessel() {
    let plan = plan(
        &json!([{"id": "B", "open": [{"from": 0, "to": 100}, {"from": 200}]}]),
        &json!([
            {"id": "A", "arrival": 0, "handling_s": {"B": 60}},
            {"id": "C", "arrival": 10, "handling_s": {"B": 60}},
            {"id": "D", "arrival": 150, "handling_s": {"B": 10}}
        ]),
    );
    let kinds = |call: &str| -> Vec<String> {
        let delay = delay(&plan, call);
        let blockers = delay["blocked_by"].as_array().expect("a list").iter();
        blockers.map(|blocker| blocker["kind"].as_str().expect("a kind").to_owned()).collect()
    };
    assert_eq!(kinds("C"), ["call", "not_open"]);
    assert_eq!(delay(&plan, "C")["blocked_by"][1], json!({"kind": "not_open", "until": 200}));
    assert_eq!(kinds("D"), ["call"], "at its start the berth had been open for an hour");
}

#[test]
fn the_tide_is_the_reason_only_where_it_turns_the_vessel_away() {
    let berths = |closed_to: i64| {
        json!([{
            "id": "B", "closures": [{"from": 10, "to": closed_to}],
            "tide": {"free_draft_m": 10, "windows": [{"from": 100, "to": 150}, {"from": 300, "to": 350}]}
        }])
    };
    let calls = json!([{"id": "A", "arrival": 20, "draft_m": 12, "handling_s": {"B": 30}}]);
    let by_tide = delay(&plan(&berths(30), &calls), "A");
    assert_eq!(by_tide["blocked_by"][1], json!({"kind": "tide", "until": 100}));
    // The closure ends in the middle of a tide: the tide has nothing to do with it.
    let by_works = delay(&plan(&berths(110), &calls), "A");
    assert_eq!(by_works["blocked_by"], json!([{"kind": "closure", "berth": "B", "from": 10, "to": 110}]));
    assert_eq!(by_works["remedies"][0]["start"], json!(100));
}

#[test]
fn a_call_that_cannot_leave_in_time_is_told_who_holds_the_berth_and_what_would_admit_it() {
    let plan = plan(
        &json!([{"id": "B"}]),
        &json!([
            {"id": "A", "arrival": 0, "handling_s": {"B": 100}},
            {"id": "C", "vessel": "Cormorant", "arrival": 0, "handling_s": {"B": 30}, "latest_departure": 110, "class": 1}
        ]),
    );
    let left_out = left_out(&plan);
    assert_eq!((&left_out["call"], &left_out["vessel"]), (&json!("C"), &json!("Cormorant")));
    assert_eq!(left_out["blocked_by"][0]["call"], json!("A"));
    let remedies = left_out["remedies"].as_array().expect("a list");
    assert_eq!(remedies.len(), 1);
    assert_eq!(remedies[0]["change"], json!({"kind": "leave_later", "berth": "B", "by_s": 20}));
    assert_eq!(remedies[0]["start"], json!(100));
    assert_eq!(remedies[0]["class_changes"], json!([{"class": 1, "cost_change": 130}]));
    assert_eq!(remedies[0]["objective_change"], json!(130), "the last class counts as it is");
}

#[test]
fn a_call_that_fits_no_opening_is_told_which_one_to_extend_or_which_closure_to_lift() {
    let days = json!([{"from": 0, "to": 100}, {"from": 200, "to": 300}]);
    let long = json!([{"id": "A", "arrival": 50, "handling_s": {"B": 120}}]);
    let plan_of = |berth: Value| plan(&json!([berth]), &long);
    let days = left_out(&plan_of(json!({"id": "B", "open": days})));
    assert_eq!(days["cause"], json!("its windows and those of the berths leave no room, even in an empty port"));
    assert_eq!(days["blocked_by"], Value::Null);
    let changes: Vec<&Value> = days["remedies"].as_array().expect("a list").iter().map(|r| &r["change"]).collect();
    assert_eq!(
        changes,
        [
            &json!({"kind": "keep_open", "berth": "B", "from": 100, "by_s": 70}),
            &json!({"kind": "keep_open", "berth": "B", "from": 300, "by_s": 20})
        ]
    );
    let works = json!({"id": "B", "open": [{"from": 0, "to": 200}], "closures": [{"from": 120, "to": 140}]});
    let works = left_out(&plan_of(works));
    assert_eq!(works["remedies"][0]["change"]["kind"], json!("lift_closure"));
    assert_eq!(works["remedies"][0]["start"], json!(50));
}

#[test]
fn a_call_that_a_cut_short_solve_left_out_is_told_of_the_room_there_is() {
    let wire: Wire = serde_json::from_value(json!({
        "berths": [{"id": "B"}],
        "calls": [{"id": "A", "arrival": 5, "handling_s": {"B": 10}}]
    }))
    .expect("it has the shape");
    let instance = Instance::try_from(&wire).expect("nothing is wrong with it");
    let plan = Plan::new(&instance, &Schedule(vec![None]));
    let left_out = left_out(&plan);
    assert_eq!(left_out["remedies"][0]["change"], json!({"kind": "go_first", "berth": "B"}));
    assert_eq!(left_out["cause"], json!("the solve stopped before it found this call a place"));
}

/// The schedule with one thing changed, timed again by the naive rules; `None` where the change says too little to repeat it.
fn repeated(
    instance: &Instance,
    wire: &Wire,
    schedule: &Schedule,
    call: &str,
    lever: &Lever,
) -> Option<(Instance, Schedule)> {
    let idx = CallIdx::new(instance.calls().iter().position(|other| other.id == call)?);
    let berth_of = |id: &str| BerthIdx::all(instance.berths().len()).find(|&berth| instance.berth(berth).id == id);
    let mut orders: Vec<Vec<CallIdx>> = BerthIdx::all(instance.berths().len())
        .map(|berth| {
            let mut order: Vec<CallIdx> = CallIdx::all(instance.calls().len())
                .filter(|call| schedule.0[call.at()].is_some_and(|place| place.berth == berth))
                .collect();
            order.sort_by_key(|call| schedule.0[call.at()].map(|place| place.start));
            order
        })
        .collect();
    let mut changed = wire.clone();
    match lever {
        Lever::GoFirst { berth, before: Some(before) } => {
            for order in &mut orders {
                order.retain(|&other| other != idx);
            }
            let order = &mut orders[berth_of(berth)?.at()];
            let at = order.iter().position(|&other| instance.call(other).id == *before)?;
            order.insert(at, idx);
        }
        Lever::LiftClosure { berth, from, .. } => {
            let berth = berth_of(berth)?;
            let from = from.after(instance.origin()).ok()?;
            let closures = &mut changed.berths[berth.at()].closures;
            closures.retain(|closure| closure.from.after(instance.origin()) != Ok(from));
        }
        _ => return None,
    }
    let changed = Instance::try_from(&changed).expect("nothing is wrong with it");
    let mut places = vec![None; instance.calls().len()];
    for (berth, order) in BerthIdx::all(orders.len()).zip(&orders) {
        for (call, (start, _)) in order.iter().zip(naive::timed(&changed, berth, order)?) {
            places[call.at()] = Some(Assignment { berth, start });
        }
    }
    Some((changed, Schedule(places)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn prices_are_what_doing_it_would_cost(seed in 0_u64..1_000_000, calls in 5_usize..24, berths in 1_usize..4) {
        let wire = generate(Style::Terminal, calls, berths, seed);
        let instance = Instance::try_from(&wire).expect("generated problems are valid");
        let schedule = first_come::schedule(&instance);
        let now = cost_by_class(&instance, &schedule);
        for visit in Plan::new(&instance, &schedule).assignments {
            for remedy in visit.delay.into_iter().flat_map(|delay| delay.remedies) {
                let Some((changed, after)) = repeated(&instance, &wire, &schedule, &visit.call, &remedy.change) else { continue };
                let then = cost_by_class(&changed, &after);
                let by_class: Vec<ClassChange> = instance
                    .classes()
                    .iter()
                    .zip(now.iter().zip(&then))
                    .map(|(class, (now, then))| ClassChange { class: class.class, cost_change: then - now })
                    .filter(|change| change.cost_change != 0)
                    .collect();
                let weighed = |cost: &[i64]| -> i64 {
                    cost.iter().zip(instance.classes()).map(|(cost, class)| cost * class.multiplier).sum()
                };
                prop_assert_eq!(remedy.objective_change, weighed(&then) - weighed(&now), "{:?}", remedy);
                if instance.classes().len() > 1 {
                    prop_assert_eq!(&remedy.class_changes, &by_class, "{:?}", remedy);
                }
                let idx = instance.calls().iter().position(|call| call.id == visit.call).expect("it is a call");
                let start = after.0[idx].expect("it is placed").start;
                prop_assert_eq!(remedy.start.after(instance.origin()), Ok(start));
                prop_assert_eq!(remedy.earlier_s, Some((schedule.0[idx].expect("it is placed").start - start).0));
                prop_assert!(remedy.earlier_s > Some(0));
            }
        }
    }

    /// Whatever keeps a call waiting is named, and lies between its arrival and its start.
    #[test]
    fn every_wait_has_a_reason(seed in 0_u64..1_000_000, calls in 5_usize..40, berths in 1_usize..5) {
        let instance = Instance::try_from(&generate(Style::Terminal, calls, berths, seed)).expect("valid");
        let schedule = first_come::schedule(&instance);
        let seconds = |time: Time| time.after(instance.origin()).expect("a time of the horizon");
        for visit in Plan::new(&instance, &schedule).assignments {
            let Some(delay) = &visit.delay else { continue };
            let (arrival, start) = (seconds(visit.arrival), seconds(visit.start));
            let ends: Vec<Seconds> = delay.blocked_by.iter().map(|blocker| match blocker {
                Blocker::Call { from, to, .. } | Blocker::Closure { from, to, .. } => {
                    assert!(seconds(*from) < start && arrival < seconds(*to));
                    seconds(*to)
                }
                Blocker::NotOpen { until } | Blocker::Tide { until } => seconds(*until),
            }).collect();
            prop_assert!(ends.contains(&start), "nothing ends when {} starts: {:?}", visit.call, delay);
        }
    }
}

#[test]
fn a_port_far_larger_than_any_is_explained_in_bounded_effort() {
    let instance = Instance::try_from(&generate(Style::Congested, 5_000, 40, 1)).expect("generated problems are valid");
    let schedule = first_come::schedule(&instance);
    let port = Port::new(&instance, &schedule);
    for (call, place) in CallIdx::all(instance.calls().len()).zip(&schedule.0) {
        port.sooner(call, place.expect("every call is served"));
    }
    assert!(port.is_spent(), "the test is about a port that uses the effort up");
}
