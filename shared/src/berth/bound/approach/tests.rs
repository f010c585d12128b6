//! Against the simplex method alone.

use std::time::Duration;

use super::*;
use crate::berth::generate::{Style, generate};
use crate::berth::heuristic::greedy;
use crate::berth::instance::Instance;
use crate::berth::model::Model;

/// The root's bound, and the value of its master.
fn root(model: &Model, through_the_interior: bool) -> (i64, f64) {
    let clock = || Duration::ZERO;
    let mut budget = Budget::new(&clock);
    let plan = greedy(model);
    let mut g = Generator::new(model, plan.cost, &mut budget).expect("there is time");
    let plan = plan.schedule();
    assert!(!g.warm_up(&plan, 20, &mut budget), "the greedy plan is not the best one");
    if through_the_interior {
        assert_eq!(g.approach(&plan, &mut budget, &mut |_, _, _| true), End::Stopped);
        let value = g.master.lp.objective() * g.master.unit;
        let bound = g.center.value as f64 / g.scale as f64;
        assert!(value >= bound - 1e-6 * bound, "a vertex of {value} below the bound of {bound}");
        assert!(value <= bound * 1.05, "a vertex of {value} is not near the bound of {bound}");
    } else {
        g.add_plan(&plan);
    }
    assert_eq!(g.run(&mut budget, u64::MAX), End::Converged);
    (g.lower(), g.lp_value)
}

#[test]
fn the_root_is_the_same_either_way() {
    for (style, calls, berths) in [(Style::Congested, 40, 4), (Style::Restricted, 30, 4)] {
        for seed in 1..4 {
            let instance = Instance::try_from(&generate(style, calls, berths, seed)).expect("valid");
            let model = Model::of(&instance);
            let ((bound, value), (other_bound, other)) = (root(&model, true), root(&model, false));
            assert!((value - other).abs() <= 1e-5 * other, "{style:?} {seed}: {value} and {other}");
            assert_eq!(bound, other_bound, "{style:?} {seed}");
        }
    }
}
