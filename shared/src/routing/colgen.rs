//! Column generation: the master says what room is worth, pricing finds ways that are cheaper at these prices.
//!
//! A sweep prices all commodities at prices between the master's and those of the best bound (smoothing; Wentges 1997,
//! doi:10.1016/S0969-6016(97)00004-0), which gives a bound as well as columns. The master then takes the new columns in
//! small blocks: the best of a block enters, the others are looked at again, and a block that offers nothing makes room for the next.

use super::columns::Columns;
use super::master::Master;
use super::network::Network;
use super::paths::Paths;
use crate::budget::Budget;

/// Columns that are looked at together.
const BLOCK: usize = 1_000;
/// Columns that the master begins with: no dearer than the cheapest of their commodity by this share, at the prices of the best bound. With all of the
/// pool it took 40 % longer on `kro_WorldLarge`: pivots among columns that are worth nothing in the end.
const NEAR: f64 = 0.02;
/// A container must save this much, in hundredths.
const SAVES: f64 = 1e-3;

/// The relaxation's state.
pub(super) struct Relaxation {
    pub(super) columns: Columns,
    pub(super) master: Master,
    /// The best bound, and its prices.
    pub(super) bound: f64,
    pub(super) prices: Vec<f64>,
    pub(super) sweeps: u64,
    /// How far pricing stays with the prices of the best bound.
    smoothing: f64,
}

impl Relaxation {
    pub(super) fn new(columns: Columns, master: Master, bound: f64, prices: Vec<f64>) -> Self {
        Self { columns, master, bound, prices, sweeps: 0, smoothing: 0.5 }
    }

    /// What the master's ways cost.
    pub(super) fn value(&self) -> f64 {
        self.master.objective(&self.columns)
    }

    /// The share of the value that could still be saved.
    pub(super) fn gap(&self) -> f64 {
        let value = self.value();
        if value <= 0.0 { 0.0 } else { ((value - self.bound) / value).max(0.0) }
    }

    /// Sweeps until the gap is closed to `target`. Returns whether it was.
    pub(super) fn solve(
        &mut self,
        network: &Network,
        paths: &mut Paths<'_>,
        weights: &[f64],
        target: f64,
        budget: &mut Budget<'_>,
        tell: &mut dyn FnMut(&Self, &mut Budget<'_>) -> bool,
    ) -> bool {
        let near = self.columns.near(network, &self.prices, NEAR);
        self.take(&near, budget);
        loop {
            if budget.stopped().is_some() {
                return false;
            }
            let before = self.bound;
            let Some((new, saved)) = self.sweep(network, paths, weights, budget) else { return false };
            if self.bound > before && tell(self, budget) {
                return false;
            }
            if self.gap() <= target {
                return true;
            }
            if new.is_empty() && saved <= 0.0 {
                if self.smoothing == 0.0 {
                    return true;
                }
                self.smoothing = 0.0;
                continue;
            }
            let pivots = self.master.pivots;
            self.take(&new, budget);
            // Where the master has nothing to gain, only its own prices can say more.
            self.smoothing = if self.master.pivots == pivots {
                0.0
            } else if self.bound > before {
                0.5
            } else {
                (self.smoothing - 0.1).max(0.0)
            };
        }
    }

    /// Prices every commodity. Returns the columns that save something, and what they would at most.
    fn sweep(
        &mut self,
        network: &Network,
        paths: &mut Paths<'_>,
        weights: &[f64],
        budget: &mut Budget<'_>,
    ) -> Option<(Vec<u32>, f64)> {
        self.sweeps += 1;
        let share = self.smoothing;
        let master = &self.master;
        let prices: Vec<f64> = self
            .prices
            .iter()
            .zip(&master.price)
            .map(|(best, own)| share * best + (1.0 - share) * own.max(0.0))
            .collect();
        let columns = &mut self.columns;
        let key_price: Vec<f64> = (0..network.commodities.len())
            .map(|at| columns.priced(master.basic(at).next().unwrap_or(0), &prices))
            .collect();
        let swept = sweep(network, paths, columns, &prices, &key_price, weights, budget)?;
        if swept.bound > self.bound {
            self.bound = swept.bound;
            self.prices = prices;
        }
        Some((swept.new, swept.saved))
    }

    /// Lets columns enter while they save something.
    pub(super) fn take(&mut self, candidates: &[u32], budget: &mut Budget<'_>) {
        let Self { columns, master, .. } = self;
        master.grow(columns);
        loop {
            let mut any = false;
            for block in candidates.chunks(BLOCK) {
                let mut open: Vec<u32> = block.to_vec();
                loop {
                    let mut best = (-SAVES, None);
                    open.retain(|&column| {
                        if master.is_basic(column) {
                            return false;
                        }
                        let reduced = master.reduced(columns, column);
                        if reduced < best.0 {
                            best = (reduced, Some(column));
                        }
                        reduced < -SAVES
                    });
                    let before = master.ticks;
                    master.ticks += 1 + open.len() as u64 / 2;
                    if let Some((row, price)) = master.cheapest_row()
                        && price < best.0
                    {
                        master.release(columns, row);
                    } else if let (reduced, Some(column)) = best {
                        master.enter(columns, column, reduced);
                    } else {
                        budget.spend(master.ticks - before);
                        break;
                    }
                    any = true;
                    if budget.spend(master.ticks - before) {
                        return;
                    }
                }
            }
            if !any {
                return;
            }
        }
    }
}

/// What a sweep found.
pub(super) struct Swept {
    /// `L(p)`.
    pub(super) bound: f64,
    /// Columns that are cheaper than what they were compared with, and by how much in all.
    pub(super) new: Vec<u32>,
    pub(super) saved: f64,
}

/// Prices every commodity, and compares its cheapest way with what it pays, `[commodity]`. `None` where the budget is used up.
pub(super) fn sweep(
    network: &Network,
    paths: &mut Paths<'_>,
    columns: &mut Columns,
    prices: &[f64],
    pays: &[f64],
    weights: &[f64],
    budget: &mut Budget<'_>,
) -> Option<Swept> {
    let mut bound: f64 =
        -prices.iter().zip(&network.capacity).map(|(price, &capacity)| price * capacity as f64).sum::<f64>();
    bound += network.commodities.iter().map(|of| (of.quantity * of.rejection) as f64 * weights[of.class]).sum::<f64>();
    let (mut new, mut saved) = (Vec::new(), 0.0);
    for (at, commodity) in network.commodities.iter().enumerate() {
        let gain = pays[at] - commodity.rejection as f64 * weights[commodity.class];
        if gain > SAVES {
            saved += gain;
            new.push(at as u32);
        }
    }
    let mut class = None;
    for group in 0..paths.groups() {
        let of = paths.class(group);
        if class != Some(of) {
            class = Some(of);
            paths.weigh(prices, weights[of]);
        }
        // A cheapest way that breaks a transit limit is looked at again, dearer; it counts once, with its last cost.
        let mut last: Option<(usize, f64)> = None;
        let mut bound_of_group = 0.0;
        let goes_on = paths.visit(
            group,
            budget,
            &mut |at, priced| {
                let commodity = &network.commodities[at];
                let below = (priced - commodity.rejection as f64).min(0.0) * commodity.quantity as f64 * weights[of];
                if let Some((other, counted)) = last
                    && other == at
                {
                    bound_of_group -= counted;
                }
                bound_of_group += below;
                last = Some((at, below));
                priced * weights[of] < pays[at] - SAVES
            },
            &mut |way| {
                let (column, _) = columns.add(network, way.commodity, way.arcs, weights[of]);
                saved += pays[way.commodity] - way.priced * weights[of];
                new.push(column);
            },
        );
        if !goes_on {
            return None;
        }
        bound += bound_of_group;
    }
    Some(Swept { bound, new, saved })
}
