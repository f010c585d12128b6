use super::*;
use crate::Problem;
use crate::berth::generate::{Style, generate};
use crate::berth::plan::{Plan, WhyMoved};
use crate::berth::wire::{AssignmentWire, ClosureWire, StabilityWire, Wire};
use crate::berth::{Berths, Certificate};
use crate::outcome::Outcome;
use crate::time::Time;

fn solved(wire: &Wire, ticks: u64) -> (Instance, Outcome<Schedule, Certificate>) {
    let instance = Instance::try_from(wire).expect("valid");
    let clock = || std::time::Duration::ZERO;
    let outcome = Berths::solve(&instance, &mut Budget::new(&clock).work_limit(ticks), &mut |_| ());
    (instance, outcome)
}

/// A crowded port whose calls know their places in a plan made before, and what it costs to leave them.
fn planned(calls: usize, berths: usize) -> Wire {
    let mut wire = generate(Style::Congested, calls, berths, 3);
    let (_, outcome) = solved(&wire, 3_000_000);
    for (call, place) in wire.calls.iter_mut().zip(&outcome.solution.0) {
        let place = place.expect("all are served");
        let berth = wire.berths[place.berth.at()].id.clone();
        call.earlier = Some(AssignmentWire { berth, start: Time::Offset(place.start.0) });
    }
    wire.stability = Some(StabilityWire { berth_change: 7_200, later_start: 3_600 });
    wire
}

fn plan(wire: &Wire, ticks: u64) -> Plan {
    let (instance, outcome) = solved(wire, ticks);
    Plan::new(&instance, &outcome.solution)
}

#[test]
fn nothing_has_changed_and_nothing_moves_at_first() {
    assert!(plan(&planned(40, 5), 0).changes.is_empty());
}

#[test]
fn a_late_vessel_is_put_where_it_costs_least_and_few_others_move() {
    let mut wire = planned(40, 5);
    let call = &mut wire.calls[7];
    let earlier = call.earlier.clone().expect("planned");
    let Time::Offset(start) = earlier.start else { panic!("plain seconds") };
    call.arrival = Time::Offset(start + 6 * 3600);
    let id = call.id.clone();
    let plan = plan(&wire, 200_000);
    let change = plan.changes.iter().find(|change| change.call == id).expect("it cannot stay");
    assert_eq!((change.from_start, &change.why), (Some(earlier.start), &Some(WhyMoved::ArrivesLater { by_s: 21_600 })));
    assert!(plan.changes.len() <= 12, "{} of 40 moved", plan.changes.len());
}

#[test]
fn a_lost_berth_moves_its_calls_and_says_so() {
    let mut wire = planned(40, 5);
    let closed = ClosureWire { from: Time::Offset(0), to: Time::Offset(5_000_000), reason: None };
    let lost = wire.berths[4].id.clone();
    wire.berths[4].closures = vec![closed];
    let plan = plan(&wire, 200_000);
    let own = |change: &&crate::berth::plan::Change| change.from_berth == lost;
    assert!(plan.changes.iter().filter(own).count() > 0);
    assert!(
        plan.changes.iter().filter(own).all(|change| change.why == Some(WhyMoved::PlaceLost)),
        "{:?}",
        plan.changes
    );
    assert!(plan.assignments.iter().all(|visit| visit.berth != lost));
}

#[test]
fn repair_is_worth_it() {
    let mut wire = planned(60, 7);
    for at in [3, 11, 29] {
        let Time::Offset(arrival) = wire.calls[at].arrival else { panic!("plain seconds") };
        wire.calls[at].arrival = Time::Offset(arrival + 6 * 3600);
    }
    let (_, quick) = solved(&wire, 150_000);
    let (_, long) = solved(&wire, 12_000_000);
    let above = (quick.objective - long.objective) as f64 / long.objective as f64;
    assert!(above <= 0.005, "{:.2} % above a long solve", above * 100.0);
}
