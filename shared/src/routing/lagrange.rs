//! The Lagrangian dual: capacities become prices, and every commodity takes its cheapest way.
//!
//! ```text
//! L(p) = sum_k q_k * min(rejection_k, cheapest way of k under cost + p) - sum_r p_r * b_r,   p >= 0
//! ```
//!
//! Any prices give a lower bound on every plan. Good ones are found by the volume algorithm (Barahona, Anbil 2000,
//! doi:10.1007/s101070050002): a step from the best prices along the averaged overload. A few dozen rounds come
//! within a few per mille of the optimum; the simplex method does the rest from there.

use super::columns::Columns;
use super::network::Network;
use super::paths::Paths;
use crate::budget::Budget;

/// What a round came to.
pub(super) struct Round {
    /// `L(p)`.
    pub(super) bound: f64,
    /// `[row]`: what the cheapest ways take.
    pub(super) used: Vec<f64>,
}

/// Prices and bounds so far.
pub(super) struct Dual {
    /// The prices of the best bound.
    pub(super) prices: Vec<f64>,
    pub(super) bound: f64,
    /// Averaged use.
    average: Vec<f64>,
    factor: f64,
    red: u32,
}

impl Dual {
    pub(super) fn new(network: &Network) -> Self {
        Self {
            prices: vec![0.0; network.capacity.len()],
            bound: f64::NEG_INFINITY,
            average: Vec::new(),
            factor: 0.5,
            red: 0,
        }
    }

    /// Rounds from the best prices so far, `upper` being what a plan costs. New ways go to the pool.
    #[allow(clippy::too_many_arguments)] // the parts of the search, each on its own
    pub(super) fn improve(
        &mut self,
        network: &Network,
        paths: &mut Paths<'_>,
        columns: &mut Columns,
        weights: &[f64],
        upper: f64,
        rounds: usize,
        budget: &mut Budget<'_>,
    ) {
        for nth in 0..rounds {
            let trial = if self.average.is_empty() { self.prices.clone() } else { self.trial(network, upper) };
            let Some(round) = evaluate(network, paths, columns, &trial, weights, budget) else { return };
            let share = if self.average.is_empty() { 1.0 } else { 0.3_f64.max(1.0 / (nth + 1) as f64) };
            if self.average.is_empty() {
                self.average.clone_from(&round.used);
            }
            for (average, used) in self.average.iter_mut().zip(&round.used) {
                *average += share * (used - *average);
            }
            if round.bound > self.bound {
                if self.bound.is_finite() {
                    self.factor = (self.factor * 1.2).min(2.0);
                }
                self.bound = round.bound;
                self.prices = trial;
                self.red = 0;
            } else {
                self.red += 1;
                if self.red >= 3 {
                    self.factor *= 0.7;
                    self.red = 0;
                }
            }
        }
    }

    fn trial(&self, network: &Network, upper: f64) -> Vec<f64> {
        let over = |row: usize| {
            let over = self.average[row] - network.capacity[row] as f64;
            if self.prices[row] <= 0.0 { over.max(0.0) } else { over }
        };
        let norm: f64 = (0..self.prices.len()).map(|row| over(row) * over(row)).sum();
        if norm <= 0.0 {
            return self.prices.clone();
        }
        let step = self.factor * (upper - self.bound).max(0.0) / norm;
        (0..self.prices.len()).map(|row| (self.prices[row] + step * over(row)).max(0.0)).collect()
    }
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
    let mut used = vec![0.0; prices.len()];
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
                for &(row, units) in columns.entries(column) {
                    used[row as usize] += quantity * f64::from(units);
                }
            },
        );
        if !goes_on {
            return None;
        }
    }
    Some(Round { bound, used })
}
