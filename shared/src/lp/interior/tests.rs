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

/// What the simplex method makes of it.
fn optimum(drawn: &Drawn) -> f64 {
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
    assert_eq!(lp.solve(100_000), Status::Optimal);
    lp.objective()
}

#[test]
fn it_meets_the_simplex_method() {
    let clock = || Duration::ZERO;
    for seed in 0..40 {
        let drawn = draw(seed);
        let wanted = optimum(&drawn);
        let mut budget = Budget::new(&clock);
        let none = vec![0.0; drawn.capacity.len()];
        let mut interior = Interior::new(drawn.capacity.clone(), drawn.quantity.clone(), &drawn, &none, &[], 100.0);
        // A third of the ways at a time, then those that have left and are missed.
        let mut value = f64::INFINITY;
        for nth in 0..60 {
            let (_, cheaper) = interior.pays(&drawn, &interior.prices());
            let new = if nth < 3 { (12..132).filter(|way| way % 3 == nth).collect() } else { cheaper };
            let target = 1e4 * 0.1_f64.powi(nth as i32).max(1e-12);
            let shares = interior.improve(&drawn, &new, target, &mut budget);
            assert!(shares.flows.iter().all(|&(_, share)| share >= 0.0), "seed {seed}: less than nothing");
            let mut used = vec![0.0; drawn.capacity.len()];
            for &(way, share) in &shares.flows {
                drawn.entries(way).iter().for_each(|&(row, units)| used[row as usize] += share * f64::from(units));
            }
            let fits = used.iter().zip(&drawn.capacity).all(|(used, room)| *used <= room.max(SOME) * (1.0 + 1e-9));
            value = if fits { shares.value } else { f64::INFINITY };
        }
        assert!((value - wanted).abs() <= 1e-6 * wanted, "seed {seed}: {value} instead of {wanted}");
        let prices = interior.prices();
        assert!(prices.iter().all(|price| *price >= 0.0), "seed {seed}: a price below nothing");
        // What the prices prove.
        let mut bound: f64 = -prices.iter().zip(&drawn.capacity).map(|(price, room)| price * room.max(SOME)).sum::<f64>();
        for group in 0..12 {
            let own = (0..drawn.len() as u32).filter(|&way| drawn.group(way) == group);
            let least = own.map(|way| drawn.priced(way, &prices)).fold(f64::INFINITY, f64::min);
            bound += drawn.quantity[group as usize] * least;
        }
        assert!((bound - wanted).abs() <= 1e-6 * wanted, "seed {seed}: {bound} is proven of {wanted}");
    }
}
