//! The laws, for yards.

mod brute;
mod tiny;

use portolan::Answer;
use portolan::outcome::{Outcome, Proof};
use portolan::yard::wire::Wire;
use portolan::yard::{Certificate, Instance, Move, Moves, Plan, Yards};
use proptest::prelude::*;

use crate::contract;

fn solve(instance: &Instance, work_limit: Option<u64>, seed: u64) -> Outcome<Vec<Move>, Certificate> {
    contract::solve::<Yards>(instance, work_limit, seed)
}

fn verified(
    instance: &Instance,
    outcome: Outcome<Vec<Move>, Certificate>,
) -> Result<Answer<Plan, Certificate>, TestCaseError> {
    contract::verified::<Yards>(instance, outcome)
}

fn valid(wire: &Wire) -> Result<Instance, TestCaseError> {
    contract::valid::<Yards>(wire)
}

/// Where a heavier container may not stand on a lighter one, one that could leave would be a place to put others down if it waited.
#[test]
fn what_can_leave_is_no_place_to_put_others_down() {
    let wire = serde_json::from_str(
        r#"{
            "moves": "restricted",
            "stacks": [
                {"id": "A", "max_tiers": 4, "containers": [{"id": "0", "weight_kg": 1}, {"id": "1", "weight_kg": 2},
                                                           {"id": "2", "weight_kg": 3}, {"id": "3", "weight_kg": 2}]},
                {"id": "B", "max_tiers": 3, "containers": [{"id": "4", "weight_kg": 1}, {"id": "5", "weight_kg": 2}]},
                {"id": "C", "max_tiers": 1}
            ],
            "departures": [["1", "4"], ["0", "2", "3", "5"]],
            "rules": {"max_overweight_kg": 0}
        }"#,
    );
    let instance = valid(&wire.expect("a request")).expect("valid");
    let outcome = solve(&instance, None, 1);
    assert!(outcome.lower_bound <= brute::optimum(&instance) && brute::optimum(&instance) <= outcome.objective);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, max_global_rejects: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_proven_optimum_is_that_of_brute_force(wire in tiny::problem(6)) {
        let instance = valid(&wire)?;
        let outcome = solve(&instance, None, 1);
        let optimum = brute::optimum(&instance);
        prop_assert!(outcome.lower_bound <= optimum, "bound {} above the optimum {optimum}", outcome.lower_bound);
        // Where something has to be left out, the search is not asked to prove which.
        if optimum < instance.prices().left_out {
            prop_assert_eq!(outcome.objective, optimum);
            prop_assert_eq!(outcome.proof(), Proof::Optimal);
        } else {
            prop_assert!(outcome.objective >= optimum);
        }
        verified(&instance, outcome)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, max_global_rejects: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_plan_takes_less_crane_time_than_is_proven(wire in tiny::problem(4), crane in tiny::crane()) {
        let mut wire = wire;
        crane.onto(&mut wire);
        let instance = valid(&wire)?;
        let outcome = solve(&instance, Some(50_000), 1);
        let optimum = brute::optimum(&instance);
        prop_assert!(outcome.lower_bound <= optimum, "bound {} above the optimum {optimum}", outcome.lower_bound);
        prop_assert!(outcome.objective >= optimum, "plan {} below the optimum {optimum}", outcome.objective);
        let prices = instance.prices();
        if prices.relocation > 0 && optimum < prices.left_out {
            prop_assert_eq!(outcome.objective / prices.relocation, optimum / prices.relocation, "relocations come first");
        }
        verified(&instance, outcome)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, max_global_rejects: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_stops_early_is_still_true_and_repeats_to_the_byte(wire in tiny::problem(16), ticks in 1_u64..20_000, seed in 1_u64..4) {
        let instance = valid(&wire)?;
        let first = verified(&instance, solve(&instance, Some(ticks), seed))?;
        let again = verified(&instance, solve(&instance, Some(ticks), seed))?;
        prop_assert_eq!(serde_json::to_string(&first).expect("serializes"), serde_json::to_string(&again).expect("serializes"));
        let longer = solve(&instance, Some(10 * ticks), seed);
        prop_assert!(first.lower_bound <= longer.objective && longer.lower_bound <= first.objective);
    }

    #[test]
    fn the_order_of_stacks_keeps_the_optimum(wire in tiny::problem(10)) {
        let mut other = wire.clone();
        other.stacks.reverse();
        let instance = valid(&wire)?;
        let (one, other) = (solve(&instance, None, 1), solve(&valid(&other)?, None, 1));
        prop_assume!(one.objective.max(other.objective) < instance.prices().left_out);
        prop_assert!(one.lower_bound <= other.objective && other.lower_bound <= one.objective);
        if one.proof() == Proof::Optimal && other.proof() == Proof::Optimal {
            prop_assert_eq!(one.objective, other.objective);
        }
    }

    #[test]
    fn freedom_never_hurts(wire in tiny::problem(10)) {
        let instance = valid(&wire)?;
        let tight = solve(&instance, None, 1);
        prop_assume!(tight.objective < instance.prices().left_out);
        // A pre-marshalling search may end without a proof; what it has proven holds in any case.
        let cost = |change: &dyn Fn(&mut Wire)| -> Result<i64, TestCaseError> {
            let mut freer = wire.clone();
            change(&mut freer);
            let outcome = solve(&valid(&freer)?, None, 1);
            Ok(if outcome.proof() == Proof::Optimal { outcome.objective } else { outcome.lower_bound })
        };
        let higher = |wire: &mut Wire| {
            for stack in &mut wire.stacks {
                stack.max_tiers = stack.max_tiers.map(|tiers| tiers + 1);
            }
        };
        let costs = [
            cost(&|wire| wire.moves = Some(Moves::Unrestricted))?,
            cost(&|wire| wire.rules = None)?,
            cost(&|wire| wire.max_relocations = None)?,
            cost(&higher)?,
        ];
        for (freedom, cost) in costs.into_iter().enumerate() {
            prop_assert!(cost <= tight.objective, "freedom {freedom} costs {cost} instead of {}", tight.objective);
        }
    }
}
