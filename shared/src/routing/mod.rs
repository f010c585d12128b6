//! Cargo routing.
pub(crate) mod colgen;
pub(crate) mod columns;
pub(crate) mod greedy;
pub mod instance;
pub(crate) mod lagrange;
pub(crate) mod master;
pub(crate) mod network;
pub(crate) mod paths;
pub mod text;
mod validate;
pub mod wire;

pub use instance::Instance;
pub use wire::Wire;

/// Scratch.
pub fn scratch(instance: &Instance, lag: usize, clock: &dyn Fn() -> f64) {
    let clk = || std::time::Duration::ZERO;
    let mut budget = crate::Budget::new(&clk);
    let t0 = clock();
    let network = instance.network();
    let weights: Vec<f64> = instance.classes.iter().map(|c| c.multiplier as f64).collect();
    let mut paths = paths::Paths::new(network);
    let mut columns = columns::Columns::new(network, &weights);
    let cost = |p: &greedy::Poured, c: &columns::Columns| -> f64 {
        p.flows.iter().map(|&(j, x)| c.cost[j as usize] * x as f64).sum::<f64>() + p.rest.iter().enumerate().map(|(k, &x)| c.cost[k] * x as f64).sum::<f64>()
    };
    let mut dual = lagrange::Dual::new(network);
    println!("commodities {} groups {} acyclic {} t {:.3}", network.commodities.len(), paths.groups(), network.is_acyclic, clock() - t0);
    let p = greedy::pour(network, &mut paths, &mut columns, &dual.prices, &weights, &mut budget);
    let mut ub = cost(&p, &columns);
    println!("greedy0 {:.2} t {:.3}", ub / 100.0, clock() - t0);
    let mut best = p;
    for i in 0..lag {
        dual.improve(network, &mut paths, &mut columns, &weights, ub, 10, &mut budget);
        let p = greedy::pour(network, &mut paths, &mut columns, &dual.prices, &weights, &mut budget);
        let c = cost(&p, &columns);
        println!("lag {} bound {:.2} greedy {:.2} cols {} t {:.3}", (i + 1) * 10, dual.bound / 100.0, c / 100.0, columns.len(), clock() - t0);
        if c < ub { ub = c; best = p; }
    }
    let mut master = master::Master::new(network.capacity.iter().map(|&c| c as f64).collect(), network.commodities.iter().map(|c| c.quantity as f64).collect());
    master.start(&columns, &best.keys, &best.stopped);
    println!("crash {:.2} size {}", master.objective(&columns) / 100.0, master.size());
    let mut r = colgen::Relaxation::new(columns, master, dual.bound, dual.prices.clone());
    let ok = r.solve(network, &mut paths, &weights, 1e-9, &mut budget, &mut |r, _| {
        println!("  sweep {} value {:.2} bound {:.2} pivots {} size {} cols {} t {:.3}", r.sweeps, r.value() / 100.0, r.bound / 100.0, r.master.pivots, r.master.size(), r.columns.len(), clock() - t0);
        false
    });
    println!("{ok} value {:.2} bound {:.2} gap {:e} sweeps {} pivots {} cols {} t {:.3}", r.value() / 100.0, r.bound / 100.0, r.gap(), r.sweeps, r.master.pivots, r.columns.len(), clock() - t0);
}
