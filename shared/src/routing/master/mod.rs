//! The master problem: containers on known ways, within the capacities, at the least cost.
//!
//! ```text
//! min sum_j c_j x_j    sum_{j of k} x_j = q_k for each commodity k,    sum_j a_rj x_j <= b_r for each resource r,    x >= 0
//! ```
//!
//! There is a row for every commodity, and in nearly all of them one way takes everything. The simplex method here is the one of generalised upper
//! bounds (Dantzig, Van Slyke 1967, doi:10.1016/S0022-0000(67)80015-X; for key paths of multi-commodity flows: Barnhart, Hane, Johnson, Sigismondi
//! 1995, doi:10.1007/BF01205360): each commodity has a **key** column that takes what its others leave, so that the basis needs rows for the
//! resources only; and of those only the saturated ones are held, others are watched through their use. The bases of `kro_WorldLarge`, 7,000
//! commodities and 374 resources, have about 150 rows.
//!
//! Prices are the negated duals of the resource rows: what one more unit is worth. Tolerances are absolute. Nothing here is
//! exact; the bound is recomputed from the prices in integers.

mod basis;
mod cross;
mod dual;
mod step;
#[cfg(test)]
mod tests;

use basis::Basis;

use super::columns::Columns;

/// A value may be below zero, or a use above its capacity, by this much.
pub(super) const PRIMAL: f64 = 1e-7;
/// No row, no position.
const NONE: u32 = u32::MAX;
/// Changes of the basis before it is factorised anew.
const REFACTOR: usize = 64;

/// What a position of the basis holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    Column(u32),
    Slack(u32),
}

/// Where a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Nonbasic,
    Key,
    At(u32),
}

/// The simplex method's state.
#[derive(Clone, Debug)]
pub(super) struct Master {
    /// `[row]`
    capacity: Vec<f64>,
    /// `[commodity]`
    quantity: Vec<f64>,
    /// `[commodity]`: its key column.
    key: Vec<u32>,
    /// `[commodity]`: what the key takes.
    key_value: Vec<f64>,
    /// `[commodity]`: positions of its other basic columns.
    others: Vec<Vec<u32>>,
    /// `[column]`
    place: Vec<Place>,
    /// `[row]`: its number in the basis, or none while it is only watched.
    slot: Vec<u32>,
    /// `[number in the basis]`
    row: Vec<u32>,
    /// `[position]`
    held: Vec<Held>,
    /// `[position]`
    value: Vec<f64>,
    /// `[row]`: what all columns take; kept up for watched rows.
    used: Vec<f64>,
    /// `[row]`: price, not below zero at an optimum.
    pub(super) price: Vec<f64>,
    basis: Basis,
    alpha: Vec<f64>,
    rates: step::Rates,
    /// Basis changes in all.
    pub(super) pivots: u64,
    /// Elementary steps in all.
    pub(super) ticks: u64,
}

impl Master {
    /// Nothing is carried.
    pub(super) fn new(capacity: Vec<f64>, quantity: Vec<f64>) -> Self {
        let (rows, commodities) = (capacity.len(), quantity.len());
        Self {
            key: (0..commodities as u32).collect(),
            key_value: quantity.clone(),
            others: vec![Vec::new(); commodities],
            place: vec![Place::Key; commodities],
            slot: vec![NONE; rows],
            row: Vec::new(),
            held: Vec::new(),
            value: Vec::new(),
            used: vec![0.0; rows],
            price: vec![0.0; rows],
            basis: Basis::default(),
            alpha: Vec::new(),
            rates: step::Rates::new(rows, commodities),
            pivots: 0,
            ticks: 0,
            capacity,
            quantity,
        }
    }

    /// Makes room for columns that were added to the pool.
    pub(super) fn grow(&mut self, columns: &Columns) {
        self.place.resize(columns.len(), Place::Nonbasic);
    }

    /// Other capacities and quantities; the basis stays, and may no longer be feasible.
    pub(super) fn set_limits(&mut self, columns: &Columns, capacity: &[f64], quantity: &[f64]) {
        self.capacity.copy_from_slice(capacity);
        self.quantity.copy_from_slice(quantity);
        self.refactor(columns);
    }

    /// Containers on a column.
    pub(super) fn value_of(&self, columns: &Columns, column: u32) -> f64 {
        match self.place[column as usize] {
            Place::Nonbasic => 0.0,
            Place::Key => self.key_value[columns.commodity[column as usize] as usize],
            Place::At(p) => self.value[p as usize],
        }
    }

    pub(super) fn is_basic(&self, column: u32) -> bool {
        self.place[column as usize] != Place::Nonbasic
    }

    /// The basic columns of a commodity, its key first.
    pub(super) fn basic(&self, commodity: usize) -> impl Iterator<Item = u32> + '_ {
        let held = |&p: &u32| match self.held[p as usize] {
            Held::Column(column) => Some(column),
            Held::Slack(_) => None,
        };
        std::iter::once(self.key[commodity]).chain(self.others[commodity].iter().filter_map(held))
    }

    pub(super) fn objective(&self, columns: &Columns) -> f64 {
        let keys = self.key.iter().zip(&self.key_value).map(|(&key, &value)| columns.cost[key as usize] * value);
        let others = self.held.iter().zip(&self.value).map(|(held, &value)| match held {
            Held::Column(column) => columns.cost[*column as usize] * value,
            Held::Slack(_) => 0.0,
        });
        keys.sum::<f64>() + others.sum::<f64>()
    }

    /// What entering this column saves with each container, negative where it saves.
    #[inline]
    pub(super) fn reduced(&self, columns: &Columns, column: u32) -> f64 {
        let key = self.key[columns.commodity[column as usize] as usize];
        columns.priced(column, &self.price) - columns.priced(key, &self.price)
    }

    /// The held row with the most negative price.
    pub(super) fn cheapest_row(&self) -> Option<(u32, f64)> {
        let mut best = None;
        let mut least = -1e-6;
        for &row in &self.row {
            if self.price[row as usize] < least {
                least = self.price[row as usize];
                best = Some((row, least));
            }
        }
        best
    }

    /// Drops the rows that are slack, factorises, and recomputes values and prices.
    pub(super) fn refactor(&mut self, columns: &Columns) {
        for held in &self.held {
            if let Held::Slack(row) = held {
                self.slot[*row as usize] = NONE;
            }
        }
        self.row.retain(|&row| self.slot[row as usize] != NONE);
        for (number, &row) in self.row.iter().enumerate() {
            self.slot[row as usize] = number as u32;
        }
        self.held.retain(|held| matches!(held, Held::Column(_)));
        debug_assert_eq!(self.row.len(), self.held.len(), "as many basic columns as saturated rows");
        let Self { held, key, slot, basis, .. } = self;
        let mut size = 0;
        let repaired = basis.factorise(held.len(), &mut |p, out| {
            if let Held::Column(column) = held[p] {
                difference(columns, column, key[columns.commodity[column as usize] as usize], slot, out);
                size += out.len();
            }
        });
        self.ticks += 1 + size as u64 / 2;
        for (p, number) in repaired {
            if let Held::Column(column) = self.held[p] {
                self.place[column as usize] = Place::Nonbasic;
            }
            self.held[p] = Held::Slack(self.row[number]);
        }
        self.others.iter_mut().for_each(Vec::clear);
        for (p, held) in self.held.iter().enumerate() {
            if let Held::Column(column) = *held {
                self.place[column as usize] = Place::At(p as u32);
                self.others[columns.commodity[column as usize] as usize].push(p as u32);
            }
        }
        self.compute_values(columns);
        self.compute_prices(columns);
    }

    fn compute_values(&mut self, columns: &Columns) {
        self.used.fill(0.0);
        for (&key, &quantity) in self.key.iter().zip(&self.quantity) {
            for &(row, units) in columns.entries(key) {
                self.used[row as usize] += quantity * f64::from(units);
            }
        }
        let mut rest: Vec<f64> =
            self.row.iter().map(|&row| self.capacity[row as usize] - self.used[row as usize]).collect();
        self.basis.ftran(&mut rest);
        self.value = rest;
        self.key_value.copy_from_slice(&self.quantity);
        for (held, &value) in self.held.iter().zip(&self.value) {
            if let Held::Column(column) = *held {
                let commodity = columns.commodity[column as usize] as usize;
                self.key_value[commodity] -= value;
                for &(row, units) in columns.entries(column) {
                    self.used[row as usize] += value * f64::from(units);
                }
                for &(row, units) in columns.entries(self.key[commodity]) {
                    self.used[row as usize] -= value * f64::from(units);
                }
            }
        }
        self.ticks += 1 + self.key.len() as u64 / 4;
    }

    fn compute_prices(&mut self, columns: &Columns) {
        let cost = |held: &Held| match *held {
            Held::Column(column) => {
                let key = self.key[columns.commodity[column as usize] as usize];
                columns.cost[column as usize] - columns.cost[key as usize]
            }
            Held::Slack(_) => 0.0,
        };
        let mut duals: Vec<f64> = self.held.iter().map(cost).collect();
        self.basis.btran(&mut duals);
        self.price.fill(0.0);
        for (&row, dual) in self.row.iter().zip(duals) {
            self.price[row as usize] = -dual;
        }
    }
}

/// The entries of a column less its key, in the rows that are held.
fn difference(columns: &Columns, column: u32, key: u32, slot: &[u32], out: &mut Vec<(u32, f64)>) {
    let first = out.len();
    let held = |&(row, units): &(u32, u32)| {
        let number = slot[row as usize];
        (number != NONE).then_some((number, f64::from(units)))
    };
    out.extend(columns.entries(column).iter().filter_map(held));
    for (number, units) in columns.entries(key).iter().filter_map(held) {
        match out[first..].iter_mut().find(|(other, _)| *other == number) {
            Some((_, value)) => *value -= units,
            None => out.push((number, -units)),
        }
    }
    let kept: Vec<(u32, f64)> = out.drain(first..).filter(|&(_, value)| value != 0.0).collect();
    out.extend(kept);
}
