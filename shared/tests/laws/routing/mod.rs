//! The laws, for routing.

mod brute;
mod timetable;
mod tiny;
mod words;

use portolan::outcome::{Outcome, Proof};
use portolan::routing::wire::{PinWire, Wire};
use portolan::routing::{self, Certificate, Instance, Plan, Routing, Solution, Warm};
use portolan::{Answer, Budget, Problem};
use proptest::prelude::*;

use crate::contract;

fn solve(instance: &Instance, work_limit: Option<u64>) -> Outcome<Solution, Certificate> {
    contract::solve::<Routing>(instance, work_limit, 1)
}

fn verified(
    instance: &Instance,
    outcome: Outcome<Solution, Certificate>,
) -> Result<Answer<Plan, Certificate>, TestCaseError> {
    contract::verified::<Routing>(instance, outcome)
}

fn valid(wire: &Wire) -> Result<Instance, TestCaseError> {
    contract::valid::<Routing>(wire)
}

/// What a class costs in a plan, by class number.
fn class_costs(instance: &Instance, outcome: &Outcome<Solution, Certificate>) -> Vec<(u8, i64, i64)> {
    let levels = Routing::levels(instance, &outcome.solution, outcome.lower_bound);
    levels.into_iter().map(|level| (level.class, level.objective, level.lower_bound)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, max_global_rejects: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_plan_costs_less_than_is_proven(wire in tiny::problem(3)) {
        let instance = valid(&wire)?;
        let outcome = solve(&instance, None);
        let optimum = brute::optimum(&instance);
        prop_assert!(outcome.lower_bound <= optimum, "bound {} above the optimum {optimum}", outcome.lower_bound);
        prop_assert!(outcome.objective >= optimum, "plan {} below the optimum {optimum}", outcome.objective);
        if outcome.proof() == Proof::Optimal {
            prop_assert_eq!(outcome.objective, optimum);
        }
        verified(&instance, outcome)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, max_global_rejects: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_stops_early_is_still_true_and_repeats_to_the_byte(wire in tiny::problem(6), ticks in 1_u64..2_000) {
        let instance = valid(&wire)?;
        let first = verified(&instance, solve(&instance, Some(ticks)))?;
        let again = verified(&instance, solve(&instance, Some(ticks)))?;
        prop_assert_eq!(serde_json::to_string(&first).expect("serializes"), serde_json::to_string(&again).expect("serializes"));
        let longer = solve(&instance, Some(10 * ticks));
        prop_assert!(first.lower_bound <= longer.objective && longer.lower_bound <= first.objective);
    }

    #[test]
    fn the_order_of_arcs_resources_and_lots_keeps_the_optimum(wire in tiny::problem(5)) {
        let mut other = wire.clone();
        other.resources.reverse();
        other.arcs.reverse();
        other.lots.reverse();
        let (one, other) = (solve(&valid(&wire)?, None), solve(&valid(&other)?, None));
        prop_assert!(one.lower_bound <= other.objective && other.lower_bound <= one.objective);
    }

    #[test]
    fn more_room_never_hurts(wire in tiny::problem(5), at in 0_usize..3) {
        let tight = solve(&valid(&wire)?, None);
        let mut roomier = wire;
        roomier.resources[at].capacity += 2;
        let roomier = solve(&valid(&roomier)?, None);
        prop_assert!(roomier.lower_bound <= tight.objective);
    }

    #[test]
    fn a_later_class_never_costs_an_earlier_one_anything(wire in tiny::problem(5)) {
        let instance = valid(&wire)?;
        let all = class_costs(&instance, &solve(&instance, None));
        let first = instance.classes()[0].class;
        let mut alone = wire;
        alone.lots.retain(|lot| lot.class == first || !lot.pinned.is_empty());
        let alone = valid(&alone)?;
        let best = class_costs(&alone, &solve(&alone, None));
        let of = |costs: &[(u8, i64, i64)]| costs.iter().find(|cost| cost.0 == first).copied().expect("its lots are there");
        let ((_, with, _), (_, without, least)) = (of(&all), of(&best));
        if without == least {
            prop_assert!(with >= without);
            let (_, _, bound) = of(&all);
            prop_assert!(bound <= without, "with the others {bound} is proven, alone {without} is reached");
        }
    }

    #[test]
    fn what_an_earlier_answer_says_is_not_believed(
        wire in tiny::problem(3),
        capacity in (0_usize..3, 0_i64..6),
        gone in prop::option::of(0_usize..8),
        quantity in 1_i64..5,
    ) {
        let earlier = valid(&wire)?;
        let answer = verified(&earlier, solve(&earlier, None))?;
        let mut changed = wire;
        changed.resources[capacity.0].capacity = capacity.1;
        changed.lots[0].quantity = quantity;
        if let Some(at) = gone.filter(|&at| at < changed.arcs.len()) {
            let id = changed.arcs.remove(at).id;
            changed.lots.retain(|lot| !lot.pinned.iter().any(|pinned| id.as_deref().is_some_and(|id| *pinned == PinWire::from(id))));
        }
        prop_assume!(Routing::instance(&changed).is_ok());
        let now = valid(&changed)?;
        let warm = Warm::new(&earlier, &answer.plan, &answer.certificate, &now);
        let clock = || std::time::Duration::ZERO;
        let outcome = routing::solve_from(&now, &warm, &mut Budget::new(&clock), &mut |_| ());
        let optimum = brute::optimum(&now);
        prop_assert!(outcome.lower_bound <= optimum && optimum <= outcome.objective);
        verified(&now, outcome)?;
    }

    #[test]
    fn an_unchanged_request_is_answered_no_worse(wire in tiny::problem(6)) {
        let instance = valid(&wire)?;
        let answer = verified(&instance, solve(&instance, None))?;
        let warm = Warm::new(&instance, &answer.plan, &answer.certificate, &instance);
        let clock = || std::time::Duration::ZERO;
        let outcome = routing::solve_from(&instance, &warm, &mut Budget::new(&clock), &mut |_| ());
        prop_assert!(outcome.objective <= answer.objective && outcome.lower_bound >= answer.lower_bound);
        verified(&instance, outcome)?;
    }

    #[test]
    fn what_is_pinned_stays(wire in tiny::problem(5)) {
        let instance = valid(&wire)?;
        let answer = verified(&instance, solve(&instance, None))?;
        for (lot, routed) in wire.lots.iter().zip(&answer.plan.lots) {
            for route in &routed.routes {
                let taken: Vec<_> = route.legs.iter().filter_map(|leg| leg.id.clone().map(PinWire::Arc)).take(lot.pinned.len()).collect();
                prop_assert_eq!(&taken, &lot.pinned);
            }
        }
    }
}
