//! Against the bound that pricing proves.

use std::time::Duration;

use super::*;
use crate::routing::generate::{Style, generate};
use crate::routing::paths::Paths;
use crate::routing::{Instance, colgen};

/// Goes on from nothing carried until value and bound meet. Returns both, after looking at every point on the way.
fn approach(style: Style, seed: u64) -> (f64, f64) {
    let wire = generate(style, 10, 120, seed);
    let instance = Instance::try_from(&wire).expect("a generated problem has no issues");
    let network = instance.network();
    let clock = || Duration::ZERO;
    let mut budget = Budget::new(&clock);
    let weights: Vec<f64> = instance.classes().iter().map(|class| class.multiplier as f64).collect();
    let (mut paths, mut columns) = (Paths::new(network), Columns::new(network, &weights));
    let mut prices = vec![0.0; network.capacity.len()];
    let mut bound = f64::NEG_INFINITY;
    let most: f64 = network.commodities.iter().map(|of| (of.quantity * of.rejection) as f64 * weights[of.class]).sum();
    let mut interior = Interior::new(network, &columns, &prices, &[], most, columns.len());
    let mut value = f64::INFINITY;
    for _ in 0..60 {
        let (pays, mut new) = interior.pays(&columns, &prices);
        let swept = colgen::sweep(network, &mut paths, &mut columns, &prices, &pays, &weights, &mut budget);
        let swept = swept.expect("there is time");
        bound = bound.max(swept.bound);
        if (value - bound).abs() <= 1e-7 * bound {
            break;
        }
        new.extend(swept.new);
        let open = if value.is_finite() { (value - bound).abs() } else { most };
        let shares = interior.improve(&columns, &new, 0.2 * open, &mut budget);
        assert!(shares.flows.iter().all(|&(_, share)| share >= 0.0), "{style:?} {seed}: fewer than no containers");
        let mut used = vec![0.0; interior.capacity.len()];
        for &(column, share) in &shares.flows {
            for &(row, units) in columns.entries(column) {
                used[row as usize] += share * f64::from(units);
            }
        }
        let fits = |row: &u32| used[*row as usize] <= interior.capacity[*row as usize] * (1.0 + 1e-9);
        // What has just come to be held may have been taken beyond its capacity.
        value = if (0..used.len() as u32).all(|row| fits(&row)) { shares.value } else { f64::INFINITY };
        prices = interior.prices();
    }
    assert!(prices.iter().all(|price| price.is_finite() && *price >= 0.0), "{style:?} {seed}: no prices");
    (value, bound)
}

#[test]
fn value_and_bound_meet() {
    for seed in 0..4 {
        for style in Style::ALL {
            let (value, bound) = approach(style, seed);
            assert!((value - bound).abs() <= 1e-6 * bound, "{style:?} {seed}: value {value}, bound {bound}");
        }
    }
}
