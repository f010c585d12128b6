//! Whole containers from the relaxation's shares.
//!
//! At the relaxation's optimum nearly every lot goes one way; some hundred are shared out between two. Whole parts are settled first. Then one
//! share after another is raised to a container, the largest first, and the dual simplex method moves the others' shares out of the way (diving
//! with the residual problem re-solved; cf. Danna, Le Pape 2005, doi:10.1007/0-387-25486-2_4, for diving in column generation). Only the columns
//! of lots that are still shared take part, so a step costs some microseconds. What finds no room in the end is poured into what is left.

use super::columns::Columns;
use super::master::Master;
use super::network::Network;
use crate::budget::Budget;

/// A share of at least this much counts as a whole container.
const NEARLY: f64 = 1.0 - 1e-6;
/// Shares of at least this much are raised together.
const LARGE: f64 = 0.85;

/// Whole containers on columns.
#[derive(Clone, Debug)]
pub(super) struct Whole {
    /// (column, containers)
    pub(super) flows: Vec<(u32, i64)>,
    /// `[resource]`
    pub(super) room: Vec<i64>,
    /// `[commodity]`: containers that found no way.
    pub(super) rest: Vec<i64>,
}

impl Whole {
    pub(super) fn new(network: &Network) -> Self {
        let rest = network.commodities.iter().map(|commodity| commodity.quantity).collect();
        Self { flows: Vec::new(), room: network.capacity.clone(), rest }
    }

    /// Containers of those without a way that find room on a column.
    pub(super) fn fitting(&self, columns: &Columns, column: u32) -> i64 {
        let room = columns.entries(column).iter().map(|&(row, units)| self.room[row as usize] / i64::from(units));
        room.min().unwrap_or(i64::MAX).clamp(0, self.rest[columns.commodity[column as usize] as usize])
    }

    /// Settles so many containers on a column, if there is room.
    pub(super) fn take(&mut self, columns: &Columns, column: u32, count: i64) -> bool {
        if count <= 0 || count > self.fitting(columns, column) {
            return false;
        }
        for &(row, units) in columns.entries(column) {
            self.room[row as usize] -= count * i64::from(units);
        }
        self.rest[columns.commodity[column as usize] as usize] -= count;
        self.flows.push((column, count));
        true
    }
}

/// Shares of a container that are too small to be worth a place.
const SMALL: f64 = 1e-3;

/// Containers on columns, by commodity, without small parts and within the capacities: the largest takes what small ones had, and what there is no room for is
/// not carried.
pub(super) fn fitted(network: &Network, columns: &Columns, shares: &[(u32, f64)]) -> Vec<(u32, f64)> {
    let commodities = network.commodities.len();
    let mut largest: Vec<(f64, u32)> = (0..commodities as u32).map(|at| (0.0, at)).collect();
    for &(column, share) in shares {
        let largest = &mut largest[columns.commodity[column as usize] as usize];
        if share > largest.0 {
            *largest = (share, column);
        }
    }
    let mut rest: Vec<f64> = network.commodities.iter().map(|commodity| commodity.quantity as f64).collect();
    let mut kept: Vec<(u32, f64)> = Vec::with_capacity(commodities);
    for &(column, share) in shares {
        let of = columns.commodity[column as usize] as usize;
        if share > SMALL && column != largest[of].1 {
            rest[of] -= share;
            kept.push((column, share));
        }
    }
    kept.extend(largest.iter().zip(&rest).map(|(&(_, column), &rest)| (column, rest)));
    let mut used = vec![0.0; network.capacity.len()];
    for &(column, share) in &kept {
        for &(row, units) in columns.entries(column) {
            used[row as usize] += share * f64::from(units);
        }
    }
    let left: Vec<f64> = used
        .iter()
        .zip(&network.capacity)
        .map(|(&used, &capacity)| if used > capacity as f64 { capacity as f64 / used } else { 1.0 })
        .collect();
    let mut stay = vec![0.0; commodities];
    for (column, share) in &mut kept {
        let left = columns.entries(*column).iter().map(|&(row, _)| left[row as usize]).fold(1.0, f64::min);
        stay[columns.commodity[*column as usize] as usize] += *share * (1.0 - left);
        *share *= left;
    }
    kept.extend((0..).zip(stay).filter(|&(_, share)| share > 0.0));
    kept
}

/// The whole parts of containers on columns, and then the largest fractions that find room.
pub(super) fn floored(network: &Network, columns: &Columns, shares: &[(u32, f64)]) -> Whole {
    let mut whole = Whole::new(network);
    let mut order: Vec<(f64, u32)> = Vec::new();
    for &(column, share) in shares.iter().filter(|&&(column, _)| column as usize >= network.commodities.len()) {
        let of = columns.commodity[column as usize] as usize;
        let count = (share + 1.0 - NEARLY).floor();
        if !network.commodities[of].whole {
            whole.take(columns, column, count as i64);
        }
        order.push((share - count, column));
    }
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, column) in order {
        let of = columns.commodity[column as usize] as usize;
        let count = if network.commodities[of].whole { whole.rest[of] } else { whole.rest[of].min(1) };
        whole.take(columns, column, count);
    }
    whole
}

/// Rounds the master's solution, which is left as it is.
pub(super) fn round(network: &Network, columns: &Columns, master: &Master, budget: &mut Budget<'_>) -> Whole {
    let mut master = master.clone();
    master.grow(columns);
    let mut dive = Dive { network, columns, master, whole: Whole::new(network) };
    dive.run(budget);
    dive.whole
}

struct Dive<'a> {
    network: &'a Network,
    columns: &'a Columns,
    master: Master,
    whole: Whole,
}

impl Dive<'_> {
    fn run(&mut self, budget: &mut Budget<'_>) {
        let mut shared: Vec<u32> = (0..self.network.commodities.len() as u32).collect();
        let mut candidates: Option<Vec<u32>> = None;
        loop {
            let parts = self.shares(&shared);
            let mut any = false;
            for &(column, share) in &parts {
                any |= self.settle(column, share);
            }
            if !any {
                any = self.raise(&parts);
            }
            shared.retain(|&commodity| self.whole.rest[commodity as usize] > 0);
            if shared.is_empty() || !any || budget.spend(1 + self.network.commodities.len() as u64 / 64) {
                return;
            }
            let of = |column: &u32| self.whole.rest[self.columns.commodity[*column as usize] as usize] > 0;
            let mut open = candidates.take().unwrap_or_else(|| (0..self.columns.len() as u32).collect());
            open.retain(of);
            let room: Vec<f64> = self.whole.room.iter().map(|&room| room as f64).collect();
            let rest: Vec<f64> = self.whole.rest.iter().map(|&rest| rest as f64).collect();
            self.master.set_limits(self.columns, &room, &rest);
            if !self.master.mend(self.columns, &open, budget) {
                return;
            }
            candidates = Some(open);
        }
    }

    /// Columns with a part of a container, or more, of what is not settled.
    fn shares(&self, shared: &[u32]) -> Vec<(u32, f64)> {
        let mut found = Vec::new();
        for &commodity in shared {
            for column in self.master.basic(commodity as usize) {
                let value = self.master.value_of(self.columns, column);
                if value > 1e-6 {
                    found.push((column, value));
                }
            }
        }
        found
    }

    /// Settles the whole part of a share. Returns whether there is one.
    fn settle(&mut self, column: u32, share: f64) -> bool {
        let of = self.columns.commodity[column as usize] as usize;
        let rest = self.whole.rest[of];
        let count = if self.network.commodities[of].whole {
            if share >= rest as f64 * NEARLY { rest } else { 0 }
        } else {
            ((share + 1.0 - NEARLY).floor() as i64).min(rest)
        };
        self.whole.take(self.columns, column, count)
    }

    /// Raises the largest shares to a container each, or to the whole lot where it may not be split.
    fn raise(&mut self, shares: &[(u32, f64)]) -> bool {
        let mut order: Vec<(f64, u32)> = Vec::with_capacity(shares.len());
        for &(column, share) in shares {
            let of = self.columns.commodity[column as usize] as usize;
            let unit = if self.network.commodities[of].whole { self.whole.rest[of].max(1) as f64 } else { 1.0 };
            order.push((share / unit, column));
        }
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut any = false;
        for (share, column) in order {
            if any && share < LARGE {
                break;
            }
            let of = self.columns.commodity[column as usize] as usize;
            let count =
                if self.network.commodities[of].whole { self.whole.rest[of] } else { self.whole.rest[of].min(1) };
            any |= self.whole.take(self.columns, column, count);
        }
        any
    }
}
