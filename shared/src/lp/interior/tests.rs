//! Against the simplex method.

use std::time::Duration;

use super::*;
use crate::lp::{Lp, Status};
use crate::rng::Rng;

/// Ways written out; the first of each group carries nothing.
struct Drawn {
    capacity: Vec<f64>,
    quantity: Vec<f64>,
    group: Vec<u32>,
    cost: Vec<f64>,
    entries: Vec<Vec<(u32, u32)>>,
}

impl Ways for Drawn {
    fn len(&self) -> usize {
        self.cost.len()
    }

    fn group(&self, way: u32) -> u32 {
        self.group[way as usize]
    }

    fn cost(&self, way: u32) -> f64 {
        self.cost[way as usize]
    }

    fn entries(&self, way: u32) -> &[(u32, u32)] {
        &self.entries[way as usize]
    }
}

/// Twelve groups that want more of ten rows than there is, some of which have nothing to give.
fn draw(seed: u64) -> Drawn {
    let mut rng = Rng::new(seed);
    let mut whole = |least: usize, most: usize| least + rng.below(most - least + 1);
    let capacity = (0..10).map(|_| whole(0, 30) as f64).collect();
    let quantity: Vec<f64> = (0..12).map(|_| whole(1, 12) as f64).collect();
    let mut drawn =
        Drawn { capacity, group: (0..12).collect(), cost: vec![1_000.0; 12], entries: vec![Vec::new(); 12], quantity };
    for _ in 0..120 {
        drawn.group.push(whole(0, 11) as u32);
        drawn.cost.push(whole(50, 250) as f64);
        let mut rows: Vec<u32> = (0..whole(1, 4)).map(|_| whole(0, 9) as u32).collect();
        rows.sort_unstable();
        rows.dedup();
        drawn.entries.push(rows.into_iter().map(|row| (row, whole(1, 2) as u32)).collect());
    }
    drawn
}

/// What the simplex method makes of it, where a unit beyond a capacity costs `limit`.
fn optimum(drawn: &Drawn, limit: f64) -> f64 {
    let mut lp = Lp::default();
    for &capacity in &drawn.capacity {
        lp.add_row(capacity.max(SOME), 0.0, f64::INFINITY, &[]);
    }
    for &quantity in &drawn.quantity {
        lp.add_row(quantity, 0.0, 0.0, &[]);
    }
    for way in 0..drawn.len() {
        let rows = drawn.entries[way].iter().map(|&(row, units)| (row as usize, f64::from(units)));
        let entries: Vec<_> = rows.chain([(drawn.capacity.len() + drawn.group[way] as usize, 1.0)]).collect();
        lp.add_column(drawn.cost[way], 0.0, f64::INFINITY, &entries);
    }
    for row in 0..drawn.capacity.len() {
        lp.add_column(limit.min(1e9), 0.0, f64::INFINITY, &[(row, -1.0)]);
    }
    assert_eq!(lp.solve(100_000), Status::Optimal);
    lp.objective()
}

/// A third of the ways at a time, then those that have left and are missed. Returns the least value and the most that prices prove.
fn approach(drawn: &Drawn, limit: f64) -> (f64, f64) {
    let clock = || Duration::ZERO;
    let mut budget = Budget::new(&clock);
    let rows = drawn.capacity.len();
    let mut interior =
        Interior::new(drawn.capacity.clone(), drawn.quantity.clone(), drawn, &vec![0.0; rows], &[], 100.0);
    if limit.is_finite() {
        interior = interior.with_limits(&vec![limit; rows], &vec![0.0; rows]);
    }
    let (mut value, mut bound) = (f64::INFINITY, f64::NEG_INFINITY);
    for nth in 0..12 {
        let (_, cheaper) = interior.pays(drawn, &interior.prices());
        let new = if nth < 3 { (12..132).filter(|way| way % 3 == nth).collect() } else { cheaper };
        let target = 1e4 * 0.1_f64.powi(nth as i32).max(1e-5);
        interior.leave_out_above((10.0 * target).max(1.0));
        let shares = interior.improve(drawn, &new, target, &mut budget);
        assert!(shares.flows.iter().all(|&(_, share)| share >= 0.0), "less than nothing on a way");
        let mut used = vec![0.0; rows];
        for &(way, share) in &shares.flows {
            drawn.entries(way).iter().for_each(|&(row, units)| used[row as usize] += share * f64::from(units));
        }
        // What has just come to be held may have been taken beyond its capacity.
        if limit.is_finite() || used.iter().zip(&drawn.capacity).all(|(used, room)| *used <= room.max(SOME) + 1e-9) {
            value = value.min(shares.value);
        }
        let prices = interior.prices();
        assert!(prices.iter().all(|price| (0.0..=limit).contains(price)), "a price below nothing or above its limit");
        let mut proven = -prices.iter().zip(&drawn.capacity).map(|(price, room)| price * room.max(SOME)).sum::<f64>();
        for (group, quantity) in drawn.quantity.iter().enumerate() {
            let own = (0..drawn.len() as u32).filter(|&way| drawn.group(way) == group as u32);
            proven += quantity * own.map(|way| drawn.priced(way, &prices)).fold(f64::INFINITY, f64::min);
        }
        bound = bound.max(proven);
    }
    (value, bound)
}

#[test]
fn it_comes_near_what_the_simplex_method_finds_from_both_sides() {
    for seed in 0..40 {
        let drawn = draw(seed);
        for limit in [f64::INFINITY, 100.0] {
            let wanted = optimum(&drawn, limit);
            let (value, bound) = approach(&drawn, limit);
            let what = format!("seed {seed}, limit {limit}: {bound} and {value} around {wanted}");
            assert!(value >= wanted * (1.0 - 1e-5) && bound <= wanted * (1.0 + 1e-9), "{what}");
            assert!(value - bound <= 2e-4 * wanted, "{what}");
        }
    }
}
