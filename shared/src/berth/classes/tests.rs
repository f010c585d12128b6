use proptest::prelude::*;

use super::super::instance::Instance;
use super::super::naive;
use super::super::plan::{Schedule, cost_by_class};
use super::super::slots;
use super::super::wire::{AssignmentWire, BerthWire, CallWire, StabilityWire, Wire};
use crate::time::Time;

prop_compose! {
    fn call(number: usize)(
        arrival in 0_i64..4,
        north in 1_i64..6,
        south in prop::option::of(1_i64..6),
        class in 0_u8..3,
        weight in 0_i64..4,
        due in prop::option::of((0_i64..8, 0_i64..3)),
        latest in prop::option::weighted(0.4, 2_i64..12),
        earlier in prop::option::weighted(0.3, 0_i64..5),
    ) -> CallWire {
        let mut handling = vec![("north".to_owned(), north)];
        handling.extend(south.map(|time| ("south".to_owned(), time)));
        CallWire {
            handling_s: Some(handling.into_iter().collect()),
            class: Some(class),
            weight: Some(weight),
            due: due.map(|(due, _)| Time::Offset(due)),
            tardiness_weight: due.map(|(_, weight)| weight),
            latest_departure: latest.map(Time::Offset),
            earlier: earlier.map(|start| AssignmentWire { berth: "south".to_owned(), start: Time::Offset(start) }),
            ..CallWire::new(format!("C{number}"), Time::Offset(arrival))
        }
    }
}

fn port() -> impl Strategy<Value = Wire> {
    let calls = (call(0), call(1), call(2), call(3)).prop_map(|(a, b, c, d)| vec![a, b, c, d]);
    (calls, 0_i64..4, 0_i64..4).prop_map(|(calls, berth_change, later_start)| Wire {
        berths: ["north", "south"].map(|id| BerthWire { id: id.to_owned(), ..BerthWire::default() }).into(),
        calls,
        stability: Some(StabilityWire { berth_change, later_start }),
        ..Wire::default()
    })
}

fn objective(instance: &Instance, by_class: &[i64]) -> i64 {
    by_class.iter().zip(instance.classes()).map(|(cost, class)| cost * class.multiplier).sum()
}

/// Whether the plan leaves out only calls of classes in which some call may have to be left out: no other plan is worth looking
/// at, and the multipliers do not count with it.
fn is_worth_looking_at(instance: &Instance, schedule: &Schedule) -> bool {
    let horizon = slots::horizon(instance.berths(), instance.calls());
    let berths = instance.berths().len();
    let may_be_left_out = |class: usize| {
        instance.calls().iter().enumerate().any(|(at, call)| {
            let own = &instance.slots[at * berths..(at + 1) * berths];
            instance.class_of[at] == class && !super::can_always_be_served(call, own, horizon)
        })
    };
    let mut left_out = schedule.0.iter().enumerate().filter(|(_, place)| place.is_none());
    left_out.all(|(call, _)| may_be_left_out(instance.class_of[call]))
}

/// Class by class, first how many calls are left out, then what the others cost.
fn by_the_book(instance: &Instance, schedule: &Schedule, by_class: &[i64]) -> Vec<(usize, i64)> {
    let mut key: Vec<(usize, i64)> = by_class.iter().map(|&cost| (0, cost)).collect();
    for (call, place) in schedule.0.iter().enumerate() {
        if place.is_none() {
            let class = instance.class_of[call];
            key[class].0 += 1;
            key[class].1 -= instance.classes()[class].left_out;
        }
    }
    key
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn the_least_objective_is_the_best_plan_class_by_class(wire in port()) {
        let instance = Instance::try_from(&wire).expect("nothing is wrong with it");
        let mut least: Option<(i64, Vec<(usize, i64)>)> = None;
        let mut best: Option<Vec<(usize, i64)>> = None;
        let mut wrong = Vec::new();
        naive::every_plan(&instance, |schedule| {
            let by_class = cost_by_class(&instance, schedule);
            let (objective, key) = (objective(&instance, &by_class), by_the_book(&instance, schedule, &by_class));
            if objective % instance.cost_step() != 0 {
                wrong.push(format!("{objective} is no multiple of {}", instance.cost_step()));
            }
            if least.as_ref().is_none_or(|(least, _)| objective < *least) {
                least = Some((objective, key.clone()));
            }
            if best.as_ref().is_none_or(|best| key < *best) {
                best = Some(key);
            }
        });
        prop_assert!(wrong.is_empty(), "{wrong:?}");
        prop_assert_eq!(least.map(|(_, key)| key), best);
    }

    /// A bound on the objective, split by class, is a bound on each class of the best plan, and the gap of the document is that
    /// of the first class that is not proven.
    #[test]
    fn levels_bound_the_best_plan(wire in port(), share in 0_i64..=100) {
        let instance = Instance::try_from(&wire).expect("nothing is wrong with it");
        let mut plans = Vec::new();
        naive::every_plan(&instance, |schedule| {
            if !is_worth_looking_at(&instance, schedule) {
                return;
            }
            let by_class = cost_by_class(&instance, schedule);
            plans.push((objective(&instance, &by_class), by_class));
        });
        let (optimum, best) = plans.iter().min().expect("some plan is worth looking at").clone();
        let bound = optimum / 100 * share;
        let proven = instance.levels(&best, optimum);
        prop_assert!(proven.iter().all(|level| level.lower_bound == level.objective));
        prop_assert!(instance.gap(optimum, optimum).abs() < f64::EPSILON);
        for (objective, by_class) in plans.into_iter().take(200) {
            let levels = instance.levels(&by_class, bound);
            let first_open = levels.iter().position(|level| level.lower_bound < level.objective);
            for (at, level) in levels.iter().enumerate() {
                prop_assert!(0 <= level.lower_bound && level.lower_bound <= level.objective);
                let is_as_good_before = best[..at] == by_class[..at];
                prop_assert!(!is_as_good_before || level.lower_bound <= best[at], "{levels:?} against {best:?}");
                prop_assert!(first_open.is_none_or(|open| at <= open) || level.lower_bound == 0);
            }
            let expected = first_open.map_or(0.0, |at| crate::gap(levels[at].objective, levels[at].lower_bound));
            prop_assert!((instance.gap(objective, bound) - expected).abs() < 1e-12);
        }
    }
}
