//! The linear relaxation over stays.
//!
//! The time-indexed relaxation: a variable for each open stay, one stay for each vessel, and the cuts in use as rows. A vessel
//! may also be left out at the price of the costliest departure below the incumbent, so that there is always a solution.
//!
//! The linear program works in floating point and proves nothing. Its duals are rounded to integer prices, whose Lagrangian bound
//! (`lagrange`) is computed in integers and true for any prices.

use super::certificate::{Cut, Prices, Rule};
use super::instance::Instance;
use super::lagrange::{SCALE, in_range};
use super::open::Open;
use super::stays::Stays;
use crate::budget::Budget;
use crate::lp::{Lp, Status};

/// Pivots between two looks at the budget, and the most such rounds; never reached in practice.
const PIVOTS: u64 = 300;
const ROUNDS: u32 = 200;

/// The linear program and how its rows and columns stand for cuts and stays.
#[derive(Clone, Debug)]
pub(crate) struct Master<'a> {
    instance: &'a Instance,
    stays: &'a Stays,
    rules: &'a [Rule],
    lp: Lp,
    /// By vessel: the price of leaving it out. Costs in the linear program are relative to it, so that the empty plan is feasible.
    left_out: Vec<f64>,
    /// By stay: whether it has a column.
    known: Vec<bool>,
    /// By column.
    stay: Vec<u32>,
    /// By row after the vessels' own: the cut's number, and the factor that scales it in the linear program.
    rows: Vec<(u32, f64)>,
}

impl<'a> Master<'a> {
    /// No stays and no cuts yet.
    pub(crate) fn new(instance: &'a Instance, stays: &'a Stays, rules: &'a [Rule], upper: i64) -> Self {
        let n = stays.vessels();
        let mut lp = Lp::default();
        for _ in 0..n {
            lp.add_row(1.0, 0.0, f64::INFINITY, &[]);
        }
        let left_out = |i: usize| {
            let last = stays.of(i).next_back().map_or(upper, |k| stays.stay(k).departure + 1);
            (instance.vessels()[i].weight * last) as f64
        };
        let left_out = (0..n).map(left_out).collect();
        Self {
            instance,
            stays,
            rules,
            lp,
            left_out,
            known: vec![false; stays.len()],
            stay: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Adds the column of a stay; `cuts` are all there are.
    pub(crate) fn add_stay(&mut self, k: usize, cuts: &[Cut]) {
        let n = self.stays.vessels();
        let (i, stay) = (self.stays.vessel(k), self.stays.stay(k));
        let mut entries = vec![(i, 1.0)];
        for (row, &(cut, factor)) in self.rows.iter().enumerate() {
            let coefficient = cuts[cut as usize].coefficient(self.rules, i, stay);
            if coefficient != 0 {
                entries.push((n + row, coefficient as f64 * factor));
            }
        }
        let cost = self.instance.vessels()[i].weight * stay.departure;
        self.lp.add_column(cost as f64 - self.left_out[i], 0.0, f64::INFINITY, &entries);
        self.known[k] = true;
        self.stay.push(k as u32);
    }

    /// Adds cuts, each with its number.
    pub(crate) fn add(&mut self, cuts: &[(u32, &Cut)]) {
        let mut rows = Vec::with_capacity(cuts.len());
        for &(number, cut) in cuts {
            let limit = cut.limit(self.rules);
            let factor = 1.0 / (limit.max(1) as f64);
            let mut entries = Vec::new();
            for (c, &k) in self.stay.iter().enumerate() {
                let k = k as usize;
                let coefficient = cut.coefficient(self.rules, self.stays.vessel(k), self.stays.stay(k));
                if coefficient != 0 {
                    entries.push((c, coefficient as f64 * factor));
                }
            }
            rows.push((limit as f64 * factor, entries));
            self.rows.push((number, factor));
        }
        self.lp.add_rows(0.0, f64::INFINITY, &rows);
    }

    /// Opens and closes columns. Stays that were closed when the program was made stay out of it.
    pub(crate) fn set_open(&mut self, open: &Open) {
        for (c, &k) in self.stay.iter().enumerate() {
            let is_open = self.lp.is_open(c);
            if is_open != open.has(k as usize) {
                self.lp.set_bounds(c, 0.0, if is_open { 0.0 } else { f64::INFINITY });
            }
        }
    }

    /// Solves, with a look at the budget now and then. Whether the solution is optimal, for all that floating point tells.
    pub(crate) fn solve(&mut self, budget: &mut Budget<'_>) -> bool {
        for _ in 0..ROUNDS {
            let before = self.lp.ticks;
            let status = self.lp.solve(PIVOTS);
            if budget.spend(self.lp.ticks - before) || status != Status::Limit {
                return status == Status::Optimal && budget.stopped().is_none();
            }
        }
        false
    }

    /// Stays with a positive value: (stay, value), by stay.
    pub(crate) fn solution(&self) -> Vec<(usize, f64)> {
        let value = |c: usize| self.lp.value(c);
        (0..self.stay.len()).filter(|&c| value(c) > 1e-7).map(|c| (self.stay[c] as usize, value(c))).collect()
    }

    /// The duals of the last solve as integer prices, for the cuts where they are positive.
    pub(crate) fn prices(&self, cuts: &[Cut]) -> Prices {
        let n = self.stays.vessels();
        let price = |(row, &(cut, factor)): (usize, &(u32, f64))| {
            (cut, (-self.lp.duals()[n + row] * factor * SCALE as f64).round().max(0.0) as i64)
        };
        let prices = self.rows.iter().enumerate().map(price).filter(|&(_, price)| price > 0).collect();
        in_range(self.rules, cuts, prices)
    }

    /// What a vessel may cost before a stay of it is wanted.
    pub(crate) fn vessel_dual(&self, vessel: usize) -> f64 {
        self.lp.duals()[vessel] + self.left_out[vessel]
    }

    /// How many stays have a column.
    pub(crate) fn columns(&self) -> usize {
        self.stay.len()
    }

    /// Whether a stay has a column.
    pub(crate) fn knows(&self, stay: usize) -> bool {
        self.known[stay]
    }
}
