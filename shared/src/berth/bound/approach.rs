//! The bulk of column generation, through the interior of the relaxation.
//!
//! With fifteen calls on a berth the vertices of the master are degenerate: of a root with 200 calls nearly all time went into pivots, for 140 pricing rounds.
//! An interior point method ([`crate::lp::interior`]) takes the rounds' prices from the middle of what is open, and its steps cost what a round does: the
//! root is within two hundredths of a per cent after 3 s instead of 8 s, with 250 calls after 7 s. Its point is crossed over to a vertex in
//! a tenth of a second. With 60 calls the simplex method is quicker by itself.
//!
//! There a call is a resource that schedules take at most once, and what leaving it out costs is taken off their costs. So that nothing is far
//! out of scale, leaving out costs a few times what a call is worth in the warm-up, and more where that turns out to be too little.
//!
//! What did not help: prices without limits, whose middle is far from anything that prices (calls worth less than nothing, others
//! more than a plan); dropping schedules that carry next to nothing, which come back one solve later and drive out others; prices that are not
//! smoothed; more than four schedules of a kind from each round.

#[cfg(test)]
mod tests;

use super::generate::{Bound, End, Generator};
use super::master::Master;
use crate::berth::model::Schedule;
use crate::budget::Budget;
use crate::lp::interior::{Interior, Ways};

/// Solves at most.
const SOLVES: usize = 80;
/// A solve closes all but this part of what is open.
const CLOSER: f64 = 0.4;
/// Columns taken from one pricing of one kind of berth.
const COLUMNS: usize = 4;
/// A schedule that loses more than what is open, and more than this part of what is between plan and bound, takes no part until it is cheaper.
const DEAR: f64 = 0.2;
/// So little open, as a share of the bound, is left to the simplex method.
const NEARLY: f64 = 2e-4;
/// A schedule that carries less is dropped at the end.
const NOTHING: f64 = 1e-4;
/// A call is worth less than this part of what leaving it out costs, or that costs more.
const HIGH: f64 = 0.75;
/// Solves between two looks at the point.
const LOOK: usize = 5;

/// The master's schedules, each kind's empty one first.
struct Schedules<'m> {
    master: &'m Master,
    kinds: usize,
    /// What leaving out each call costs.
    left_out: &'m [f64],
}

impl Ways for Schedules<'_> {
    fn len(&self) -> usize {
        self.kinds + self.master.columns.len()
    }

    fn group(&self, way: u32) -> u32 {
        let way = way as usize;
        if way < self.kinds { way as u32 } else { self.master.columns[way - self.kinds].kind }
    }

    fn cost(&self, way: u32) -> f64 {
        let way = way as usize;
        if way < self.kinds {
            return 0.0;
        }
        let saved = |&(call, visits): &(u32, u32)| self.left_out[call as usize] * f64::from(visits);
        self.master.costs[way - self.kinds] as f64 / self.master.unit
            - self.master.covers(way - self.kinds).iter().map(saved).sum::<f64>()
    }

    fn entries(&self, way: u32) -> &[(u32, u32)] {
        if (way as usize) < self.kinds { &[] } else { self.master.covers(way as usize - self.kinds) }
    }
}

/// Sees the relaxation's solution now and then; false ends it.
pub(crate) type Look<'l, 'a> = &'l mut dyn FnMut(&mut Generator<'a>, &[(usize, f64)], &mut Budget<'_>) -> bool;

/// Where it is.
struct Approach {
    interior: Interior,
    /// What leaving out each call costs for the moment. The price of its row is what it is not worth of that.
    left_out: Vec<f64>,
    /// Ways that come in.
    new: Vec<u32>,
    /// What the solution could still save.
    open: f64,
    /// (column, how much)
    point: Vec<(usize, f64)>,
}

impl Approach {
    fn new(g: &mut Generator<'_>, plan: &Schedule) -> Self {
        let (kinds, steps) = (g.networks.len(), g.steps());
        let worth: Vec<f64> = g.center.duals.iter().map(|&dual| (dual as f64 / steps).max(0.0)).collect();
        let mean = worth.iter().sum::<f64>() / worth.len() as f64;
        let most = worth.iter().zip(&g.master.penalties);
        let left_out: Vec<f64> = most.map(|(worth, most)| (2.0 * worth + mean).min(*most)).collect();
        let price: Vec<f64> = left_out.iter().zip(&worth).map(|(left_out, worth)| left_out - worth).collect();
        let plan: Vec<(u32, f64)> = g.add_plan(plan).into_iter().map(|c| ((kinds + c) as u32, 1.0)).collect();
        let open = (g.upper * g.scale - g.center.value) as f64 / steps;
        let quantity = g.networks.iter().map(|net| net.berths.len() as f64).collect();
        let ways = Schedules { master: &g.master, kinds, left_out: &left_out };
        let new: Vec<u32> = (kinds as u32..ways.len() as u32).collect();
        let mu = open / new.len().max(1) as f64;
        let interior = Interior::new(vec![1.0; left_out.len()], quantity, &ways, &price, &plan, mu);
        let interior = interior.with_limits(&left_out, &price);
        Self { interior, left_out, new, open, point: Vec::new() }
    }

    /// Solves for the columns that are known, prices, and takes more. False where there is no time, or numbers went astray.
    fn step(&mut self, g: &mut Generator<'_>, budget: &mut Budget<'_>) -> bool {
        let (kinds, steps) = (g.networks.len(), g.steps());
        let ways = Schedules { master: &g.master, kinds, left_out: &self.left_out };
        let gap = (g.upper * g.scale - g.center.value) as f64 / steps;
        self.interior.leave_out_above(self.open.max(DEAR * gap));
        let shares = self.interior.improve(&ways, &self.new, CLOSER * self.open, budget);
        if budget.stopped().is_some() || !shares.value.is_finite() {
            return false;
        }
        let price = self.interior.prices();
        let (pays, cheaper) = self.interior.pays(&ways, &price);
        let scaled = |price: f64| (price * steps).round() as i64;
        let worth = self.left_out.iter().zip(&price);
        let mut own: Vec<i64> = worth.map(|(left_out, price)| scaled(left_out - price)).collect();
        g.clamp(&mut own);
        let duals = g.smoothed(&own, g.smoothing);
        let bound = g.evaluate(&duals);
        budget.spend(g.arcs() as u64);
        g.adapt(&own, &duals);
        let before = kinds + g.master.columns.len();
        let pays: Vec<i64> = pays.into_iter().map(scaled).collect();
        g.harvest(Some((&own, &pays)), COLUMNS);
        self.new = cheaper;
        self.new.extend(before as u32..(kinds + g.master.columns.len()) as u32);
        if bound > g.center.value {
            g.center = Bound { duals, value: bound };
        }
        let flows = shares.flows.into_iter().filter(|&(way, _)| way as usize >= kinds);
        self.point = flows.map(|(way, x)| (way as usize - kinds, x)).collect();
        self.open = self.left_out.iter().sum::<f64>() + shares.value - g.center.value as f64 / steps;
        true
    }

    /// Where a call is worth nearly what leaving it out costs, that costs more from now on, up to `most`. Whether there is one.
    fn raise(&mut self, most: &[f64]) -> bool {
        let mut any = false;
        for (call, price) in self.interior.prices().into_iter().enumerate() {
            let left_out = self.left_out[call];
            if left_out - price > HIGH * left_out && left_out < most[call] {
                let more = left_out.min(most[call] - left_out);
                self.left_out[call] += more;
                self.interior.raise(call as u32, more);
                any = true;
            }
        }
        any
    }

    /// Leaves the master with the schedules in use, at a vertex.
    fn settle(mut self, g: &mut Generator<'_>) {
        self.point.retain(|&(_, x)| x > NOTHING);
        self.point.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut keep = vec![false; g.master.columns.len()];
        self.point.iter().for_each(|&(column, _)| keep[column] = true);
        let now = g.master.keep(&keep);
        let point: Vec<(usize, f64)> = self.point.iter().filter_map(|&(column, x)| Some((now[column]?, x))).collect();
        g.master.cross(&point);
    }
}

impl<'a> Generator<'a> {
    /// From the centre and a plan to near the optimum of the relaxation.
    pub(crate) fn approach(&mut self, plan: &Schedule, budget: &mut Budget<'_>, look: Look<'_, 'a>) -> End {
        let mut approach = Approach::new(self, plan);
        for nth in 1..=SOLVES {
            let is_exact = self.smoothing <= 0.0;
            if !approach.step(self, budget) {
                break;
            }
            if self.lower() >= self.upper {
                return End::Closed;
            }
            let is_near =
                approach.open * self.steps() < NEARLY * self.center.value as f64 || approach.new.is_empty() && is_exact;
            if is_near && !approach.raise(&self.master.penalties) {
                break;
            }
            if approach.new.is_empty() {
                self.smoothing = 0.0;
            }
            if self.worth_fixing() {
                self.fix(budget);
            }
            if nth % LOOK == 0 && !look(self, &approach.point, budget) {
                return End::Stopped;
            }
        }
        approach.settle(self);
        End::Stopped
    }
}
