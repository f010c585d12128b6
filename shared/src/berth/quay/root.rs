//! Cutting planes and columns at the root: good prices.

use std::collections::HashMap;

use super::certificate::{Cut, Prices, Rule};
use super::instance::Instance;
use super::lagrange::{Priced, SCALE};
use super::master::Master;
use super::open::Open;
use super::separate::Separator;
use super::stays::Stays;
use crate::budget::Budget;

/// Cuts added in one round.
const CUTS: usize = 50;
/// Columns added in one round.
const COLUMNS: usize = 300;
/// First columns are within this part of the gap.
const PART: i64 = 12;
/// Prices close many stays where they close more than one in so many.
const MANY: usize = 10;
/// Rounds that gain less than this share of the gap are slow; after so many of them in a row the work is done.
const SLOW: f64 = 0.005;
const SLOW_ROUNDS: u32 = 4;

/// The relaxation while it is being tightened.
pub(crate) struct Root<'a> {
    instance: &'a Instance,
    stays: &'a Stays,
    pub(crate) rules: &'a [Rule],
    separator: Separator,
    /// All cuts that were ever found.
    pub(crate) cuts: Vec<Cut>,
    number: HashMap<Cut, u32>,
    /// The prices that closed stays, the best last.
    pub(crate) prices: Vec<Prices>,
    /// The stays that are open.
    pub(crate) open: Open,
    /// Columns of the linear program.
    pub(crate) columns: u64,
    /// The best bound.
    pub(crate) bound: i64,
}

impl<'a> Root<'a> {
    /// Starts from first prices on first cuts.
    pub(crate) fn new(
        instance: &'a Instance,
        stays: &'a Stays,
        rules: &'a [Rule],
        (cuts, prices): (Vec<Cut>, Prices),
    ) -> Self {
        let number = (0..).zip(&cuts).map(|(k, cut)| (cut.clone(), k)).collect();
        let open = Open::all(stays.len());
        let separator = Separator::new(instance);
        Self {
            instance,
            stays,
            rules,
            separator,
            cuts,
            number,
            prices: vec![prices],
            open,
            columns: 0,
            bound: i64::MIN,
        }
    }

    /// The stays priced by the last prices, after all prices closed what they can. `None` where no plan is cheaper than `upper`.
    pub(crate) fn priced(&mut self, upper: i64) -> Option<Priced> {
        self.open = Open::all(self.stays.len());
        let mut last = None;
        for prices in &self.prices {
            let mut priced = Priced::new(self.instance, self.stays, self.rules, &self.cuts, prices, &self.open)?;
            self.bound = self.bound.max(priced.bound());
            if priced.bound() >= upper {
                return None;
            }
            priced.close(self.stays, &mut self.open, upper);
            last = Some(priced);
        }
        last
    }

    /// Adds columns and cuts until they gain little, and keeps the prices.
    pub(crate) fn tighten(&mut self, upper: i64, budget: &mut Budget<'_>) {
        let Some(priced) = self.priced(upper) else { return };
        let mut trail = Vec::new();
        let closed = self.rounds(upper, priced, &mut trail, budget);
        // All prices together close the gap; else those will do that closed many stays, and the last.
        let last = trail.len();
        let kept = (1..).zip(trail).filter(|&(at, (many, _))| closed || many || at == last);
        self.prices.extend(kept.map(|(_, (_, prices))| prices));
        self.priced(upper);
    }

    /// Rounds of cuts and columns; `trail` gets all prices that are better than those before, each with whether it closes many stays.
    /// Returns whether no plan is cheaper than `upper`.
    fn rounds(
        &mut self,
        upper: i64,
        mut priced: Priced,
        trail: &mut Vec<(bool, Prices)>,
        budget: &mut Budget<'_>,
    ) -> bool {
        let mut master = self.first_master(upper, &priced);
        let (mut best, mut slow) = (priced.total, 0);
        loop {
            master.set_open(&self.open);
            let stopped = !master.solve(budget);
            self.columns = master.columns() as u64;
            let duals = master.prices(&self.cuts);
            match Priced::new(self.instance, self.stays, self.rules, &self.cuts, &duals, &self.open) {
                Some(now) => priced = now,
                None => return true,
            }
            let fresh = self.missing(&priced, &master);
            let gain = (priced.total - best) as f64;
            if priced.total > best {
                best = priced.total;
                let open = self.open.count();
                let closed = priced.close(self.stays, &mut self.open, upper);
                trail.push((closed * MANY > open, duals));
            }
            if stopped || priced.bound() >= upper {
                return priced.bound() >= upper;
            }
            for &k in &fresh {
                master.add_stay(k, &self.cuts);
            }
            let is_slow = gain < SLOW * ((upper * SCALE - best) as f64) && fresh.len() < COLUMNS / 4;
            slow = if is_slow { slow + 1 } else { 0 };
            let found = if fresh.len() < COLUMNS / 2 {
                self.separator.cuts(self.stays, self.rules, &master.solution(), CUTS)
            } else {
                Vec::new()
            };
            if slow >= SLOW_ROUNDS || found.is_empty() && fresh.is_empty() {
                return false;
            }
            self.add(&mut master, found);
        }
    }

    /// The cuts of the first prices, and the stays that these think possible in a plan part of the way up to the incumbent.
    fn first_master(&self, upper: i64, priced: &Priced) -> Master<'a> {
        let mut master = Master::new(self.instance, self.stays, self.rules, upper);
        let first: Vec<(u32, &Cut)> = self.prices[0].iter().map(|&(k, _)| (k, &self.cuts[k as usize])).collect();
        master.add(&first);
        let part = priced.total + (upper * SCALE - priced.total) / PART;
        for k in (0..self.stays.len()).filter(|&k| self.open.has(k)) {
            if priced.with(self.stays.vessel(k), k) <= part {
                master.add_stay(k, &self.cuts);
            }
        }
        master
    }

    /// Stays without a column that the prices want.
    fn missing(&self, priced: &Priced, master: &Master<'_>) -> Vec<usize> {
        let wanted = |k: usize| priced.cost[k] as f64 / SCALE as f64 - master.vessel_dual(self.stays.vessel(k));
        let mut found: Vec<(f64, usize)> = (0..self.stays.len())
            .filter(|&k| self.open.has(k) && !master.knows(k))
            .map(|k| (wanted(k), k))
            .filter(|&(value, _)| value < -1e-6)
            .collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        found.truncate(COLUMNS);
        found.into_iter().map(|(_, k)| k).collect()
    }

    fn add(&mut self, master: &mut Master<'_>, found: Vec<(f64, Cut)>) {
        let mut numbers = Vec::new();
        for (_, cut) in found {
            let next = self.cuts.len() as u32;
            let number = *self.number.entry(cut.clone()).or_insert(next);
            if number == next {
                self.cuts.push(cut);
            }
            numbers.push(number);
        }
        let rows: Vec<(u32, &Cut)> = numbers.iter().map(|&k| (k, &self.cuts[k as usize])).collect();
        master.add(&rows);
    }
}
