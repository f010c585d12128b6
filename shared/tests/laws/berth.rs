//! The laws, for berths.

use portolan::Answer;
use portolan::berth::generate::{Style, generate};
use portolan::berth::wire::{AssignmentWire, StabilityWire, Wire};
use portolan::berth::{Berths, Certificate, Instance, Plan, Schedule};
use portolan::outcome::{Outcome, Proof};
use portolan::time::Time;
use proptest::prelude::*;

use crate::{brute, contract, tiny};

fn solve(instance: &Instance, work_limit: Option<u64>, seed: u64) -> Outcome<Schedule, Certificate> {
    contract::solve::<Berths>(instance, work_limit, seed)
}

fn verified(
    instance: &Instance,
    outcome: Outcome<Schedule, Certificate>,
) -> Result<Answer<Plan, Certificate>, TestCaseError> {
    contract::verified::<Berths>(instance, outcome)
}

/// The instance, where the random problem is a valid one.
fn valid(wire: &Wire) -> Result<Instance, TestCaseError> {
    contract::valid::<Berths>(wire)
}

fn relabelled(wire: &Wire) -> Wire {
    let mut other = wire.clone();
    other.calls.reverse();
    other.berths.reverse();
    other
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, max_global_rejects: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_proven_optimum_is_that_of_brute_force(wire in tiny::problem(5, 3)) {
        let instance = valid(&wire)?;
        let outcome = solve(&instance, None, 1);
        let optimum = brute::optimum(&instance);
        prop_assert!(outcome.lower_bound <= optimum, "bound {} above the optimum {optimum}", outcome.lower_bound);
        prop_assert_eq!(outcome.objective, optimum);
        prop_assert_eq!(outcome.proof(), Proof::Optimal);
        verified(&instance, outcome)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, max_global_rejects: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_stops_early_is_still_true_and_repeats_to_the_byte(wire in tiny::problem(9, 3), ticks in 1_u64..20_000, seed in 1_u64..4) {
        let instance = valid(&wire)?;
        let first = verified(&instance, solve(&instance, Some(ticks), seed))?;
        let again = verified(&instance, solve(&instance, Some(ticks), seed))?;
        prop_assert_eq!(serde_json::to_string(&first).expect("serializes"), serde_json::to_string(&again).expect("serializes"));
        let whole = solve(&instance, None, seed);
        prop_assert!(first.lower_bound <= whole.objective && whole.lower_bound <= first.objective);
    }

    #[test]
    fn an_unchanged_port_keeps_its_plan_where_moving_costs_something(wire in tiny::problem(8, 3)) {
        // What an even earlier plan says would weigh in the first solve alone.
        let mut wire = wire;
        wire.stability = None;
        wire.calls.iter_mut().for_each(|call| call.earlier = None);
        let instance = valid(&wire)?;
        let before = solve(&instance, None, 1);
        prop_assume!(before.proof() == Proof::Optimal);
        let mut again = wire.clone();
        again.stability = Some(StabilityWire { berth_change: 1, later_start: 1 });
        for (call, place) in again.calls.iter_mut().zip(&before.solution.0) {
            call.earlier = place.map(|place| AssignmentWire {
                berth: wire.berths[place.berth.at()].id.clone(),
                start: Time::Offset(place.start.0),
            });
        }
        let instance = valid(&again)?;
        let after = verified(&instance, solve(&instance, None, 2))?;
        prop_assert!(after.plan.changes.is_empty(), "{:?}", after.plan.changes);
    }

    #[test]
    fn relabelling_keeps_the_optimum(wire in tiny::problem(8, 3)) {
        let (one, other) = (valid(&wire)?, valid(&relabelled(&wire))?);
        let (one, other) = (solve(&one, None, 1), solve(&other, None, 1));
        prop_assert!(one.lower_bound <= other.objective && other.lower_bound <= one.objective);
        prop_assert_eq!(one.objective, other.objective);
    }

    #[test]
    fn lifting_closures_and_tides_never_hurts(wire in tiny::problem(8, 3)) {
        let mut freer = wire.clone();
        for berth in &mut freer.berths {
            berth.closures.clear();
            berth.tide = None;
        }
        prop_assume!(wire.calls.iter().all(|call| call.class.unwrap_or(0) == 0));
        let (tight, free) = (valid(&wire)?, valid(&freer)?);
        let (tight, free) = (solve(&tight, None, 1), solve(&free, None, 1));
        // The price of leaving a call out follows from the horizon, which the closures are part of.
        prop_assume!(tight.solution.0.iter().all(Option::is_some));
        prop_assert!(free.lower_bound <= tight.objective);
        prop_assert!(free.objective <= tight.objective);
    }
}

/// With so many calls, the root is approached through the interior.
#[test]
fn more_than_a_hundred_calls_repeat_to_the_byte_and_verify() {
    let instance = Instance::try_from(&generate(Style::Congested, 102, 5, 1)).expect("valid");
    let answer = |()| verified(&instance, solve(&instance, Some(40_000_000), 1)).expect("it verifies");
    let (first, again) = (answer(()), answer(()));
    assert_eq!(serde_json::to_string(&first).expect("serializes"), serde_json::to_string(&again).expect("serializes"));
    assert!(first.gap < 0.05, "a gap of {} is none of a root that was solved", first.gap);
}
