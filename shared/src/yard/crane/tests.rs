//! The two clocks of the crane agree, and quicker plans are plans.

use std::time::Duration;

use super::hasten::Hastener;
use super::{bound::CraneBound, time};
use crate::yard::generate::{Style, generate};
use crate::yard::instance::Instance;
use crate::yard::rules::Anywhere;
use crate::yard::wire::{Objective, Task};
use crate::yard::{Yards, heuristic};
use crate::{Budget, Problem};

fn instance(style: Style, stacks: usize, seed: u64, objective: Objective) -> Instance {
    let mut wire = generate(style, stacks, 4, seed);
    for (at, stack) in wire.stacks.iter_mut().enumerate() {
        (stack.bay, stack.row) = (Some(1 + at as u32 / 4), Some(1 + at as u32 % 4));
    }
    wire.objective = Some(objective);
    Yards::instance(&wire).expect("valid")
}

#[test]
fn every_quicker_plan_takes_the_time_that_was_counted_on_the_way() {
    for style in [Style::Full, Style::Uneven, Style::Groups] {
        for seed in 1..4 {
            let instance = instance(style, 7, seed, Objective::CraneTime);
            let plan =
                heuristic::first(&instance.layout, &Anywhere, instance.moves).unwrap_or_else(|_| panic!("a plan"));
            let mut hastener = Hastener::new(&instance, &Anywhere, seed);
            let first = time(&instance, &hastener.offer(&plan).expect("the first plan is the best so far"));
            let mut last = first;
            let clock = || Duration::ZERO;
            let stacks: Vec<Vec<usize>> = instance.stacks.iter().map(|stack| stack.containers.clone()).collect();
            let bound = CraneBound::new(&instance, &stacks).with(0);
            hastener.run(&mut Budget::new(&clock).work_limit(300_000), &mut |moves, _| {
                let time = time(&instance, &moves);
                assert!(bound <= time && time < last, "{bound} <= {time} < {last}");
                last = time;
            });
            assert!(last < first, "{}, seed {seed}: no plan is quicker than the first one", style.name());
            assert_eq!(hastener.least(), last, "the two clocks differ");
        }
    }
}

#[test]
fn sorting_keeps_its_relocations_where_they_come_first() {
    for seed in 1..4 {
        let solve = |objective| {
            let instance = instance(Style::Premarshal, 6, seed, objective);
            assert_eq!(instance.task, Task::Premarshal);
            let clock = || Duration::ZERO;
            let mut budget = Budget::new(&clock).work_limit(3_000_000);
            let outcome = Yards::solve(&instance, &mut budget, &mut |_| ());
            let kpis = Yards::plan(&instance, &outcome.solution).kpis;
            (kpis.relocations, kpis.crane_ms)
        };
        let (fewest, slow) = solve(Objective::Relocations);
        let (both, quick) = solve(Objective::RelocationsThenCraneTime);
        let (_, quickest) = solve(Objective::CraneTime);
        assert_eq!(fewest, both);
        assert!(quick <= slow && quickest <= quick, "{quickest} <= {quick} <= {slow}");
    }
}
