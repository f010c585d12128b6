//! By hand, and against the general simplex method.

use super::*;
use crate::Budget;
use crate::Problem;
use crate::routing::colgen::Relaxation;
use crate::routing::generate::{Style, generate};
use crate::routing::greedy;
use crate::routing::paths::Paths;
use crate::routing::{Instance, Routing};
use std::time::Duration;

fn relaxed(instance: &Instance) -> (f64, f64) {
    let network = instance.network();
    let weights: Vec<f64> = instance.classes().iter().map(|class| class.multiplier as f64).collect();
    let clock = || Duration::ZERO;
    let mut budget = Budget::new(&clock);
    let capacity: Vec<f64> = network.capacity.iter().map(|&capacity| capacity as f64).collect();
    let quantity = network.commodities.iter().map(|commodity| commodity.quantity as f64).collect();
    let prices = vec![0.0; capacity.len()];
    let columns = Columns::new(network, &weights);
    let mut relaxation = Relaxation::new(columns, Master::new(capacity, quantity), f64::NEG_INFINITY, prices);
    let mut paths = Paths::new(network);
    assert!(relaxation.solve(network, &mut paths, &weights, 1e-9, &mut budget, &mut |_, _| false));
    (relaxation.value(), relaxation.bound)
}

#[test]
fn a_full_leg_is_shared_as_counted_by_hand() {
    let wire = serde_json::from_str(
        r#"{
            "nodes": [{"id": "A"}, {"id": "B"}],
            "resources": [{"id": "s", "capacity": 3}],
            "arcs": [
                {"from": "A", "to": "B", "cost_cents": 10, "uses": ["s", "s"]},
                {"from": "A", "to": "B", "cost_cents": 50}
            ],
            "lots": [
                {"id": "1", "origin": "A", "destination": "B", "quantity": 2, "rejection_cents": 30},
                {"id": "2", "origin": "A", "destination": "B", "quantity": 1, "rejection_cents": 100}
            ]
        }"#,
    );
    let instance = Routing::instance(&wire.expect("a request")).expect("valid");
    // Three units carry one and a half containers. The second lot saves 40 by them, the first 20 each for what is left.
    let (value, bound) = relaxed(&instance);
    assert!((value - (10.0 + 0.5 * 10.0 + 1.5 * 30.0)).abs() < 1e-6, "{value}");
    assert!((value - bound).abs() < 1e-6, "{bound}");
}

#[test]
fn the_relaxation_closes_on_made_up_networks() {
    for style in Style::ALL {
        for seed in 1..5 {
            let instance = Routing::instance(&generate(style, 12, 150, seed)).expect("valid");
            let (value, bound) = relaxed(&instance);
            assert!(
                bound <= value * (1.0 + 1e-9) && value - bound <= 1e-6 * value.abs(),
                "{}: {bound} {value}",
                style.name()
            );
        }
    }
}

#[test]
fn crossing_over_costs_nothing_and_ends_at_a_vertex() {
    for style in Style::ALL {
        for seed in 1..5 {
            let instance = Routing::instance(&generate(style, 12, 150, seed)).expect("valid");
            let network = instance.network();
            let weights: Vec<f64> = instance.classes().iter().map(|class| class.multiplier as f64).collect();
            let clock = || Duration::ZERO;
            let mut budget = Budget::new(&clock);
            let capacity: Vec<f64> = network.capacity.iter().map(|&capacity| capacity as f64).collect();
            let quantity: Vec<f64> = network.commodities.iter().map(|commodity| commodity.quantity as f64).collect();
            let prices = vec![0.0; capacity.len()];
            let (mut paths, mut columns) = (Paths::new(network), Columns::new(network, &weights));
            let pouring = greedy::from_nothing(network);
            let plan = pouring.run(greedy::FEW, &mut paths, &mut columns, &prices, &weights, &mut budget);
            // Two thirds of a plan, the rest stays.
            let mut rest = quantity.clone();
            let mut shares: Vec<(u32, f64)> = Vec::new();
            for &(column, count) in &plan.flows {
                let share = count as f64 * 2.0 / 3.0;
                rest[columns.commodity[column as usize] as usize] -= share;
                shares.push((column, share));
            }
            shares.extend((0..).zip(rest));
            let before: f64 = shares.iter().map(|&(column, share)| columns.cost[column as usize] * share).sum();
            let mut master = Master::new(capacity.clone(), quantity);
            master.cross(&columns, &shares, &mut budget);
            let after = master.objective(&columns);
            let name = style.name();
            assert!(after <= before * (1.0 + 1e-9), "{name} {seed}: {before} became {after}");
            let mut used = vec![0.0; capacity.len()];
            for column in 0..columns.len() as u32 {
                let value = master.value_of(&columns, column);
                assert!(value > -1e-6, "{name} {seed}: {value} containers");
                columns.entries(column).iter().for_each(|&(row, units)| used[row as usize] += value * f64::from(units));
            }
            assert!(
                used.iter().zip(&capacity).all(|(used, capacity)| *used < capacity + 1e-6),
                "{name} {seed}: too much"
            );
            let mut relaxation = Relaxation::new(columns, master, f64::NEG_INFINITY, prices);
            assert!(relaxation.solve(network, &mut paths, &weights, 1e-9, &mut budget, &mut |_, _| false));
            let (value, _) = relaxed(&instance);
            assert!((relaxation.value() - value).abs() <= 1e-6 * value, "{name} {seed}: another optimum");
        }
    }
}
