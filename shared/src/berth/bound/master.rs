//! The restricted master: choose berth schedules so that every call is in exactly one of them, or left out.

use crate::berth::bound::network::Network;
use crate::berth::model::Model;
use crate::budget::Budget;
use crate::lp::{Lp, Status};
use std::collections::HashMap;

/// A berth schedule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Column {
    pub(crate) kind: u32,
    /// (call, grid start), in order of start.
    pub(crate) visits: Vec<(u32, u32)>,
}

pub(crate) struct Master {
    pub(crate) lp: Lp,
    /// Columns of the LP from `base` on.
    pub(crate) columns: Vec<Column>,
    pub(crate) costs: Vec<i64>,
    /// Per column: (call, visits), by call.
    covers: Vec<Vec<(u32, u32)>>,
    known: HashMap<Column, usize>,
    pub(crate) calls: usize,
    /// LP columns before the first schedule: for each call its slack, then for each call its surplus.
    pub(crate) base: usize,
    /// Costs are divided by this in the LP.
    pub(crate) unit: f64,
    pub(crate) penalties: Vec<f64>,
    /// Per column: when it was last basic, or made.
    stamp: Vec<u64>,
    clock: u64,
    /// Columns ever made.
    pub(crate) made: u64,
}

impl Master {
    pub(crate) fn new(model: &Model, networks: &[Network], upper: i64) -> Self {
        let n = model.n;
        let unit = (upper as f64 / (100.0 * n.max(1) as f64)).max(1e-3);
        let mut lp = Lp::with_inverse();
        for _ in 0..n {
            lp.add_row(1.0, 0.0, 0.0, &[]);
        }
        for net in networks {
            lp.add_row(net.berths.len() as f64, 0.0, f64::INFINITY, &[]);
        }
        // A huge penalty would swamp the tolerances; a smaller one is a valid relaxation.
        let penalties: Vec<f64> =
            model.calls.iter().map(|c| (c.left_out as f64).min(upper as f64 + unit) / unit).collect();
        for (i, &cost) in penalties.iter().enumerate() {
            lp.add_column(cost, 0.0, f64::INFINITY, &[(i, 1.0)]);
        }
        // Serving a call twice costs as much as a whole plan: never worth it, but it keeps the duals in bounds.
        for i in 0..n {
            lp.add_column(upper as f64 / unit + 1.0, 0.0, f64::INFINITY, &[(i, -1.0)]);
        }
        Self {
            lp,
            columns: Vec::new(),
            costs: Vec::new(),
            covers: Vec::new(),
            known: HashMap::new(),
            calls: n,
            base: 2 * n,
            unit,
            penalties,
            stamp: Vec::new(),
            clock: 0,
            made: 0,
        }
    }

    /// False when the column is there already, and open.
    pub(crate) fn add(&mut self, column: Column, cost: i64) -> bool {
        if let Some(c) = self.find(&column) {
            let closed = !self.lp.is_open(self.base + c);
            if closed {
                self.lp.set_bounds(self.base + c, 0.0, f64::INFINITY);
            }
            return closed;
        }
        self.known.insert(column.clone(), self.columns.len());
        let mut covers: Vec<(u32, u32)> = Vec::with_capacity(column.visits.len());
        for &(call, _) in &column.visits {
            match covers.binary_search_by_key(&call, |cover| cover.0) {
                Ok(at) => covers[at].1 += 1,
                Err(at) => covers.insert(at, (call, 1)),
            }
        }
        let calls = covers.iter().map(|&(call, visits)| (call as usize, f64::from(visits)));
        let entries: Vec<_> = calls.chain([(self.calls + column.kind as usize, 1.0)]).collect();
        self.lp.add_column(cost as f64 / self.unit, 0.0, f64::INFINITY, &entries);
        self.columns.push(column);
        self.costs.push(cost);
        self.covers.push(covers);
        self.stamp.push(self.clock);
        self.made += 1;
        true
    }

    /// Optimal value in cost units.
    pub(crate) fn solve(&mut self, budget: &mut Budget<'_>) -> (Status, f64) {
        let mut status = Status::Limit;
        for _ in 0..1000 {
            let before = self.lp.ticks;
            status = self.lp.solve(200);
            if budget.spend(4 * (self.lp.ticks - before)) || status != Status::Limit {
                break;
            }
        }
        (status, self.lp.objective() * self.unit)
    }

    /// Scaled integer duals of the calls.
    pub(crate) fn duals(&self, scale: i64, out: &mut Vec<i64>) {
        out.clear();
        out.extend(self.lp.duals()[..self.calls].iter().map(|&y| (y * self.unit * scale as f64).round() as i64));
    }

    /// (column, value) of the current solution, without slacks.
    pub(crate) fn solution(&self) -> Vec<(usize, f64)> {
        (0..self.columns.len()).map(|c| (c, self.lp.value(self.base + c))).filter(|&(_, x)| x > 1e-7).collect()
    }

    /// Whether some call is left out in the current solution although that was priced below its penalty.
    pub(crate) fn slack_used(&self) -> bool {
        (0..self.calls).any(|i| self.lp.value(i) > 1e-7)
    }

    /// Prices leaving out a call; `None` is its own penalty.
    pub(crate) fn set_penalty(&mut self, call: usize, penalty: Option<i64>) {
        self.lp.set_cost(call, penalty.map_or(self.penalties[call], |p| p as f64 / self.unit));
    }

    /// Columns that use an arc that is gone are closed, and those that no plan of interest `may_use`; the others are opened.
    pub(crate) fn restrict(&mut self, networks: &[Network], may_use: &dyn Fn(&Column, i64) -> bool) {
        for (c, column) in self.columns.iter().enumerate() {
            let net = &networks[column.kind as usize];
            let alive = may_use(column, self.costs[c])
                && column.visits.iter().all(|&(call, start)| net.find(call, start).is_some());
            self.lp.set_bounds(self.base + c, 0.0, if alive { f64::INFINITY } else { 0.0 });
        }
    }

    /// Notes which columns are in use; when there are more than `most`, drops the half that has been idle longest.
    pub(crate) fn forget(&mut self, most: usize) {
        self.clock += 1;
        for c in 0..self.columns.len() {
            if self.lp.is_basic(self.base + c) {
                self.stamp[c] = self.clock;
            }
        }
        if self.columns.len() <= most {
            return;
        }
        let mut ages: Vec<(u64, std::cmp::Reverse<usize>)> =
            self.stamp.iter().enumerate().map(|(c, &s)| (s, std::cmp::Reverse(c))).collect();
        ages.sort_unstable_by(|x, y| y.cmp(x));
        let mut keep = vec![false; self.columns.len()];
        for (at, (_, std::cmp::Reverse(c))) in ages.iter().enumerate() {
            keep[*c] = at < most / 2 || self.lp.is_basic(self.base + c);
        }
        self.keep(&keep);
    }

    /// Begins from a point near the optimum: how much of which columns.
    pub(crate) fn cross(&mut self, point: &[(usize, f64)]) {
        let rows = self.lp.rows();
        let mut missing = vec![1.0; self.calls];
        for &(column, x) in point {
            self.covers[column].iter().for_each(|&(call, visits)| missing[call as usize] -= x * f64::from(visits));
        }
        let own = |call: usize| if missing[call] < 0.0 { self.calls + call } else { call };
        let logicals = self.lp.columns() + self.calls..self.lp.columns() + rows;
        let basis: Vec<usize> = (0..self.calls).map(own).chain(logicals).collect();
        let shares: Vec<(usize, f64)> = point.iter().map(|&(column, x)| (self.base + column, x)).collect();
        self.lp.cross(&basis, &shares);
    }

    /// Drops the other columns. Returns the new index of each.
    pub(crate) fn keep(&mut self, keep: &[bool]) -> Vec<Option<usize>> {
        let base = self.base;
        let now = self.lp.retain_columns(&|j| j < base || keep[j - base]);
        retain(&mut self.columns, keep);
        self.known = self.columns.iter().cloned().zip(0..).collect();
        retain(&mut self.costs, keep);
        retain(&mut self.covers, keep);
        retain(&mut self.stamp, keep);
        now[base..].iter().map(|at| at.map(|at| at - base)).collect()
    }

    /// (call, visits) of a column, by call.
    pub(crate) fn covers(&self, column: usize) -> &[(u32, u32)] {
        &self.covers[column]
    }

    /// Where a column is, if it is there.
    pub(crate) fn find(&self, column: &Column) -> Option<usize> {
        self.known.get(column).copied()
    }
}

fn retain<T>(list: &mut Vec<T>, keep: &[bool]) {
    let mut at = 0;
    list.retain(|_| {
        at += 1;
        keep[at - 1]
    });
}
