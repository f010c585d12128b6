//! The Lagrangian dual: capacities become prices, and every commodity takes its cheapest way.
//!
//! ```text
//! L(p) = sum_k q_k * min(rejection_k, cheapest way of k under cost + p) - sum_r p_r * b_r,   p >= 0
//! ```
//!
//! Any prices give a lower bound on every plan. Good ones are found in rounds. A round finds the cheapest way of every commodity, which gives the bound and adds
//! to the pool of ways; then prices walk over the pool: commodity after commodity takes its cheapest way of those that are known, the rows that it takes
//! become dearer in proportion, and all rows cheaper with time, so that a row that is used to its capacity keeps its price (the incremental subgradient
//! method; Nedić, Bertsekas 2001, doi:10.1137/S1052623499362111, with steps scaled by the capacities). The average price of the second half of the
//! walk is the next round's. A walk of five passes costs half as much as pricing the network once, and moves prices five times as far.
//!
//! On `kro_WorldLarge` ten rounds of ten passes come to within 2 % of the optimum; thirty of the volume algorithm (Barahona, Anbil 2000, doi:10.1007/s101070050002), each with
//! one step, came to 16 %. What is chosen how often on the walk also says which way a plan should go ([`super::greedy::pour_chosen`]). Later the walk is
//! stuck at its step's noise, and after a few rounds the interior point method goes on ([`crate::lp::interior`]).

use std::ops::Range;

use super::columns::Columns;
use super::network::Network;
use super::paths::Paths;
use crate::budget::Budget;

/// Passes of a walk over all commodities.
const PASSES: usize = 5;
/// Each walk's steps are so much shorter than the last one's.
const SHORTER: f64 = 0.85;
/// Samples of the prices in a pass.
const SAMPLES: usize = 8;

/// Prices and bounds so far.
pub(super) struct Dual {
    /// The prices of the best bound.
    pub(super) prices: Vec<f64>,
    pub(super) bound: f64,
    /// The prices that are tried next.
    pub(super) trial: Vec<f64>,
    /// What a container earns for each unit of a resource that it takes, about.
    scale: f64,
    step: f64,
    /// `[column]`: how often it was a commodity's choice in the second half of the last walk.
    pub(super) chosen: Vec<u32>,
}

impl Dual {
    /// From prices that are guessed; `step` says how far off they may be.
    pub(super) fn new(network: &Network, prices: Vec<f64>, step: f64) -> Self {
        Self {
            trial: prices,
            prices: vec![0.0; network.capacity.len()],
            bound: f64::NEG_INFINITY,
            scale: 0.0,
            step,
            chosen: Vec::new(),
        }
    }

    /// A round: all ways are priced, then prices walk over the ways that are known. Returns whether there was time.
    pub(super) fn improve(
        &mut self,
        network: &Network,
        paths: &mut Paths<'_>,
        columns: &mut Columns,
        weights: &[f64],
        budget: &mut Budget<'_>,
    ) -> bool {
        let Some(round) = evaluate(network, paths, columns, &self.trial, weights, budget) else { return false };
        if round.bound > self.bound {
            self.bound = round.bound;
            self.prices.clone_from(&self.trial);
        }
        if self.scale == 0.0 {
            self.scale = round.earned / round.units.max(1.0);
        }
        let known = Known::new(network, columns);
        self.trial = known.walk(network, &self.trial, self.scale * self.step, &mut self.chosen);
        budget.spend(known.row.len() as u64 / 32 * PASSES as u64);
        self.step *= SHORTER;
        true
    }
}

/// The ways of each commodity, side by side.
struct Known {
    /// `[commodity]`: where its ways end.
    end: Vec<u32>,
    cost: Vec<f64>,
    /// `[way]`: where its entries end.
    entries_end: Vec<u32>,
    row: Vec<u32>,
    units: Vec<f32>,
    /// `[way]`: its column.
    column: Vec<u32>,
}

impl Known {
    fn new(network: &Network, columns: &Columns) -> Self {
        let commodities = network.commodities.len();
        let mut begin = vec![0_u32; commodities + 1];
        for &of in &columns.commodity {
            begin[of as usize + 1] += 1;
        }
        for at in 0..commodities {
            begin[at + 1] += begin[at];
        }
        let mut order = vec![0_u32; columns.len()];
        let mut next = begin.clone();
        for (column, &of) in columns.commodity.iter().enumerate() {
            order[next[of as usize] as usize] = column as u32;
            next[of as usize] += 1;
        }
        let mut known = Self {
            end: begin[1..].to_vec(),
            cost: Vec::new(),
            entries_end: Vec::new(),
            row: Vec::new(),
            units: Vec::new(),
            column: Vec::new(),
        };
        for &column in &order {
            known.cost.push(columns.cost[column as usize]);
            for &(row, units) in columns.entries(column) {
                known.row.push(row);
                known.units.push(units as f32);
            }
            known.entries_end.push(known.row.len() as u32);
        }
        known.column = order;
        known
    }

    /// Walks from these prices. Returns the average of the second half; `chosen[column]` becomes how often it was the cheapest there.
    fn walk(&self, network: &Network, prices: &[f64], size: f64, chosen: &mut Vec<u32>) -> Vec<f64> {
        let commodities = self.end.len();
        // Prices stand higher than they are by what all have fallen meanwhile, and are not below zero.
        let mut price = prices.to_vec();
        let mut fallen = 0.0;
        let fall = size / commodities.max(1) as f64;
        let rise: Vec<f64> = network.capacity.iter().map(|&capacity| size / capacity.max(1) as f64).collect();
        let mut sum = vec![0.0; price.len()];
        let mut samples = 0.0;
        chosen.clear();
        chosen.resize(self.cost.len(), 0);
        let stride = stride(commodities);
        let mut at = 0;
        for pass in 0..PASSES {
            let counts = 2 * pass >= PASSES;
            for nth in 0..commodities {
                at = (at + stride) % commodities;
                let (way, entries) = self.cheapest(at, &price, fallen);
                let quantity = network.commodities[at].quantity as f64;
                for entry in entries {
                    let row = self.row[entry] as usize;
                    price[row] = price[row].max(fallen) + rise[row] * quantity * f64::from(self.units[entry]);
                }
                fallen += fall;
                if counts {
                    chosen[self.column[way] as usize] += 1;
                    if nth % (commodities / SAMPLES + 1) == 0 {
                        sum.iter_mut().zip(&price).for_each(|(sum, &price)| *sum += (price - fallen).max(0.0));
                        samples += 1.0;
                    }
                }
            }
        }
        for sum in &mut sum {
            *sum /= f64::max(samples, 1.0);
        }
        sum
    }

    /// The cheapest way of a commodity, and its entries.
    fn cheapest(&self, commodity: usize, price: &[f64], fallen: f64) -> (usize, Range<usize>) {
        let first = if commodity == 0 { 0 } else { self.end[commodity - 1] as usize };
        let mut begin = if first == 0 { 0 } else { self.entries_end[first - 1] as usize };
        let (mut least, mut best) = (f64::INFINITY, (first, begin..begin));
        for way in first..self.end[commodity] as usize {
            let end = self.entries_end[way] as usize;
            let mut cost = self.cost[way];
            for (&row, &units) in self.row[begin..end].iter().zip(&self.units[begin..end]) {
                cost += f64::from(units) * (price[row as usize] - fallen).max(0.0);
            }
            if cost < least {
                (least, best) = (cost, (way, begin..end));
            }
            begin = end;
        }
        best
    }
}

/// A step that visits all of so many, each far from the one before.
fn stride(count: usize) -> usize {
    let has_common_divisor = |stride: usize| {
        let (mut a, mut b) = (stride, count);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a > 1
    };
    // The golden ratio's multiples are spread most evenly.
    let mut stride = (count as f64 * 0.618) as usize + 1;
    while has_common_divisor(stride) {
        stride += 1;
    }
    stride
}

/// What a round came to.
pub(super) struct Round {
    /// `L(p)`.
    pub(super) bound: f64,
    /// What the cheapest ways earn, and the units that they take.
    earned: f64,
    units: f64,
}

/// Every commodity on its cheapest way under these prices. `None` where the budget is used up.
pub(super) fn evaluate(
    network: &Network,
    paths: &mut Paths<'_>,
    columns: &mut Columns,
    prices: &[f64],
    weights: &[f64],
    budget: &mut Budget<'_>,
) -> Option<Round> {
    let (mut earned, mut units) = (0.0, 0.0);
    let mut bound: f64 =
        -prices.iter().zip(&network.capacity).map(|(price, &capacity)| price * capacity as f64).sum::<f64>();
    bound += network.commodities.iter().map(|of| (of.quantity * of.rejection) as f64 * weights[of.class]).sum::<f64>();
    let mut class = None;
    for group in 0..paths.groups() {
        let of = paths.class(group);
        if class != Some(of) {
            class = Some(of);
            paths.weigh(prices, weights[of]);
        }
        let goes_on = paths.visit(
            group,
            budget,
            &mut |at, priced| priced < network.commodities[at].rejection as f64,
            &mut |way| {
                let commodity = &network.commodities[way.commodity];
                let quantity = commodity.quantity as f64;
                bound += quantity * (way.priced - commodity.rejection as f64) * weights[of];
                let (column, _) = columns.add(network, way.commodity, way.arcs, weights[of]);
                earned += quantity * (commodity.rejection as f64 - way.priced) * weights[of];
                units += quantity * columns.entries(column).iter().map(|&(_, units)| f64::from(units)).sum::<f64>();
            },
        );
        if !goes_on {
            return None;
        }
    }
    Some(Round { bound, earned, units })
}
