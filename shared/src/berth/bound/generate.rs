//! Column generation with dual smoothing (Wentges 1997, doi:10.1016/S0969-6016(97)00001-4; the step rule is that of Pessoa,
//! Sadykov, Uchoa & Vanderbeck 2018, doi:10.1287/ijoc.2017.0784) and reduced-cost fixing.
//!
//! Every pricing round gives a Lagrangian bound that is exact: duals are rounded to integers first (scaled by a power of
//! two) and all sums are integers. The LP only proposes duals; nothing it says enters the bound.

mod warm_up;

use crate::berth::bound::dominance::Dominance;
use crate::berth::bound::master::{Column, Master};
use crate::berth::bound::network::{self, Grid, Network, Ranks};
use crate::berth::bound::pricing::{self, INFINITE, Labels, NONE};
use crate::berth::certificate::{Cells, Node};
use crate::berth::model::{Model, Schedule};
use crate::budget::Budget;
use crate::lp::Status;
use crate::units::Seconds;

/// Columns taken from one pricing of one kind of berth.
const COLUMNS: usize = 6;

/// Objective values lie on `residue + step * integer`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lattice {
    pub(crate) step: i64,
    pub(crate) residue: i64,
}

impl Lattice {
    /// The largest attainable objective value below `value`.
    pub(crate) fn below(&self, value: i64) -> i64 {
        value - 1 - (value - 1 - self.residue).rem_euclid(self.step)
    }

    /// The smallest objective value that is at least `value / scale`.
    pub(crate) fn round_up(&self, value: i64, scale: i64) -> i64 {
        let whole = value.div_euclid(scale) + i64::from(value.rem_euclid(scale) != 0);
        whole + (self.residue - whole).rem_euclid(self.step)
    }
}

/// A dual vector and the bound it proves.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) duals: Vec<i64>,
    /// Scaled.
    pub(crate) value: i64,
}

pub(crate) struct Generator<'a> {
    pub(crate) model: &'a Model,
    pub(crate) grid: Grid,
    pub(crate) networks: Vec<Network>,
    pub(crate) ranks: Vec<Ranks>,
    pub(crate) rules: Vec<Dominance<'a>>,
    pub(crate) master: Master,
    /// Duals and bounds are multiplied by this.
    pub(crate) scale: i64,
    pub(crate) lattice: Lattice,
    /// Objective of the incumbent: only cheaper plans are of interest.
    pub(crate) upper: i64,
    pub(crate) center: Bound,
    /// Duals that were used to remove arcs, in order.
    pub(crate) fixings: Vec<Vec<i64>>,
    forward: Vec<Labels>,
    backward: Labels,
    best: Vec<(i64, u32)>,
    pub(crate) smoothing: f64,
    pub(crate) rounds: u64,
    pub(crate) lp_value: f64,
    fixed_gap: i64,
    /// Largest dual of each call: its scaled penalty, or no limit where it must be served.
    ceiling: Vec<i64>,
    /// Per call: its twins that start no later, no earlier (see `Model::twins`).
    pub(crate) before: Vec<Vec<u32>>,
    pub(crate) behind: Vec<Vec<u32>>,
    /// All networks, while only a part of them is worked on (see `narrow`).
    whole: Option<Vec<Network>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// No plan cheaper than `upper` is left.
    Closed,
    /// The bound is that of the master; it will not rise further.
    Converged,
    /// The budget ran out.
    Stopped,
}

impl<'a> Generator<'a> {
    /// Nothing where the budget does not last for the networks.
    pub(crate) fn new(model: &'a Model, upper: i64, budget: &mut Budget<'_>) -> Option<Self> {
        let (grid, networks, ranks) = network::build(model, upper, budget)?;
        let rules = networks.iter().map(|net| Dominance::new(model, grid, net.berths[0])).collect();
        let master = Master::new(model, &networks, upper);
        let penalties = model.calls.iter().map(|c| c.left_out).max().unwrap_or(0).max(upper);
        let size = (penalties as f64 * (model.n as f64 + 1.0)).log2().ceil() as i64;
        let scale = 1i64 << (57 - size).clamp(0, 20);
        let lattice = lattice(model, &networks);
        let count = networks.len();
        let center = Bound { duals: vec![0; model.n], value: i64::MIN };
        Some(Self {
            model,
            grid,
            networks,
            ranks,
            rules,
            master,
            scale,
            lattice,
            upper,
            center,
            fixings: Vec::new(),
            forward: vec![Labels::default(); count],
            backward: Labels::default(),
            best: vec![(0, NONE); count],
            smoothing: 0.8,
            rounds: 0,
            lp_value: f64::INFINITY,
            fixed_gap: i64::MAX,
            whole: None,
            before: twins(model, &|i, k| model.twins(k, i)),
            behind: twins(model, &|i, k| model.twins(i, k)),
            ceiling: model.calls.iter().map(|c| c.left_out.saturating_mul(scale)).collect(),
        })
    }

    /// The bound as an attainable objective value.
    pub(crate) fn lower(&self) -> i64 {
        if self.center.value == i64::MIN {
            i64::MIN
        } else {
            self.lattice.round_up(self.center.value, self.scale).min(self.upper)
        }
    }
    pub(crate) fn arcs(&self) -> usize {
        self.networks.iter().map(Network::len).sum()
    }

    /// Adds the berths of a plan as columns; returns these.
    pub(crate) fn add_plan(&mut self, plan: &Schedule) -> Vec<usize> {
        let mut columns = Vec::new();
        for (kind, net) in self.networks.iter().enumerate() {
            for &berth in &net.berths {
                let mut visits: Vec<(u32, u32)> = plan
                    .iter()
                    .enumerate()
                    .filter_map(|(i, p)| p.filter(|&(j, _)| j == berth).map(|(_, t)| (i, t)))
                    .map(|(i, t)| (i as u32, ((t - self.grid.origin).div_euclid(self.grid.step)) as u32))
                    .collect();
                visits.sort_unstable_by_key(|v| (v.1, v.0));
                let costs: Option<i64> =
                    visits.iter().map(|&(call, start)| net.find(call, start).map(|a| net.cost[a])).sum();
                if let Some(cost) = costs
                    && !visits.is_empty()
                {
                    let column = Column { kind: kind as u32, visits };
                    self.master.add(column.clone(), cost);
                    columns.extend(self.master.find(&column));
                }
            }
        }
        columns
    }

    /// Prices every kind at `duals`; returns the Lagrangian bound.
    pub(super) fn evaluate(&mut self, duals: &[i64]) -> i64 {
        let mut value: i64 = duals.iter().sum();
        for (q, net) in self.networks.iter().enumerate() {
            self.best[q] = pricing::forward(net, &self.rules[q], duals, self.scale, &mut self.forward[q]);
            value += net.berths.len() as i64 * self.best[q].0;
        }
        self.rounds += 1;
        value
    }

    /// The grid when it is a relaxation.
    pub(crate) fn coarse(&self) -> Option<Cells> {
        let seconds = |time: i64| Seconds(time * self.model.unit);
        let cells = Cells { origin: seconds(self.grid.origin), step: seconds(self.grid.step) };
        (!self.grid.exact).then_some(cells)
    }

    /// Leaves out all starts after `latest` for a while: nothing proven meanwhile counts, but the duals are nearly right and
    /// cost a fraction. `widen` ends it.
    pub(crate) fn narrow(&mut self, latest: i64) {
        let narrow = self
            .networks
            .iter()
            .zip(&self.ranks)
            .map(|(net, ranks)| {
                net.filtered(ranks, &mut |a| self.grid.origin + i64::from(net.start[a]) * self.grid.step <= latest)
            })
            .collect();
        self.whole = Some(std::mem::replace(&mut self.networks, narrow));
    }

    /// Back to all starts, with the bound that the duals found so far prove there.
    pub(crate) fn widen(&mut self, budget: &mut Budget<'_>) {
        let Some(whole) = self.whole.take() else { return };
        self.networks = whole;
        self.fixings.clear();
        self.recenter();
        budget.spend(self.arcs() as u64);
    }

    /// Whether the bound holds for all plans.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole.is_none()
    }

    /// The duals used so far at the root. The best come first as well as last: at once they remove most of what the others
    /// would have to go through, and a checker that starts with fewer starts removes no less with each of the others.
    pub(crate) fn record(&mut self) -> Node {
        let mut duals = vec![self.center.duals.clone()];
        duals.append(&mut self.fixings);
        if duals.len() > 1 && duals.last() != Some(&self.center.duals) {
            duals.push(self.center.duals.clone());
        }
        Node { duals, ..Node::default() }
    }

    /// The instant of a grid index.
    pub(crate) fn time(&self, start: u32) -> i64 {
        self.grid.origin + i64::from(start) * self.grid.step
    }

    /// Calls that may not be left out.
    pub(crate) fn set_served(&mut self, served: &[bool]) {
        for (i, call) in self.model.calls.iter().enumerate() {
            let limit = if served[i] { 2 * self.upper.max(1) } else { call.left_out };
            self.ceiling[i] = limit.saturating_mul(self.scale);
            self.master.set_penalty(i, served[i].then_some(limit));
        }
    }

    /// Prices the centre's duals in the current networks, to which the master's columns are restricted.
    pub(crate) fn recenter(&mut self) {
        let mut duals = self.center.duals.clone();
        self.clamp(&mut duals);
        let value = self.evaluate(&duals);
        self.restrict(&duals, value);
        self.center = Bound { duals, value };
        self.fixed_gap = i64::MAX;
    }

    /// Restricts the master to what the networks hold and a plan cheaper than `upper` may use; `duals` were priced last. A
    /// column costs at least what its arcs do by themselves, so that it is of no use where it costs too much.
    fn restrict(&mut self, duals: &[i64], value: i64) {
        let allowed = self.lattice.below(self.upper) * self.scale - value;
        let (best, scale) = (&self.best, self.scale);
        self.master.restrict(&self.networks, &|column, cost| {
            let covered: i64 = column.visits.iter().map(|v| duals[v.0 as usize]).sum();
            cost * scale - covered - best[column.kind as usize].0 <= allowed
        });
    }

    pub(super) fn clamp(&self, duals: &mut [i64]) {
        for (y, &most) in duals.iter_mut().zip(&self.ceiling) {
            *y = (*y).min(most).max(-2 * self.upper.max(1).saturating_mul(self.scale));
        }
    }

    /// Subgradient of the bound at the duals priced last: how often each call is missing.
    fn gradient(&self) -> Vec<f64> {
        let mut gradient = vec![1.0; self.model.n];
        for (q, net) in self.networks.iter().enumerate() {
            let (_, last) = self.best[q];
            if last != NONE {
                for a in pricing::path(last, &self.forward[q], None) {
                    gradient[net.call[a as usize] as usize] -= net.berths.len() as f64;
                }
            }
        }
        gradient
    }

    /// Runs until the bound is that of the master, or nothing cheaper than `upper` can exist.
    pub(crate) fn run(&mut self, budget: &mut Budget<'_>, cutoff_rounds: u64) -> End {
        let mut out = Vec::new();
        let begin = self.rounds;
        loop {
            if budget.stopped().is_some() || self.rounds - begin >= cutoff_rounds {
                return End::Stopped;
            }
            let (status, value) = self.master.solve(budget);
            if status != Status::Optimal {
                // Where the master gives up by itself, its bound stands as it is: splitting goes on from there.
                return if budget.stopped().is_some() { End::Stopped } else { End::Converged };
            }
            self.lp_value = value;
            self.master.duals(self.scale, &mut out);
            self.clamp(&mut out);
            if let Some(end) = self.separate(&out, budget) {
                return end;
            }
        }
    }

    /// Pricing rounds at smoothed duals until one yields a column for the master's own duals `out`.
    fn separate(&mut self, out: &[i64], budget: &mut Budget<'_>) -> Option<End> {
        let mut smoothing = if self.center.value == i64::MIN { 0.0 } else { self.smoothing };
        let mut misses = 0;
        loop {
            let duals = self.smoothed(out, smoothing);
            budget.spend(self.arcs() as u64);
            let value = self.evaluate(&duals);
            if smoothing > 0.0 && misses == 0 {
                self.adapt(out, &duals);
            }
            let convexity: Vec<i64> = self.convexity();
            let added = self.harvest(Some((out, &convexity)), COLUMNS);
            if value > self.center.value {
                self.center = Bound { duals, value };
                if self.lower() >= self.upper {
                    return Some(End::Closed);
                }
            }
            let exact = smoothing <= 0.0;
            // The master's value bounds what the bound can still become.
            let ceiling = ((self.lp_value - 1e-9 * self.lp_value.abs().max(1000.0)) * self.scale as f64).floor() as i64;
            if !self.master.slack_used() && self.lattice.round_up(ceiling, self.scale) <= self.lower() {
                return Some(End::Converged);
            }
            if added > 0 {
                return None;
            }
            if exact {
                return Some(End::Converged);
            }
            if budget.stopped().is_some() {
                return Some(End::Stopped);
            }
            misses += 1;
            smoothing = (1.0 - f64::from(misses + 1) * (1.0 - self.smoothing)).max(0.0);
        }
    }

    /// Duals on the way from `out` to the centre, this part of it.
    pub(super) fn smoothed(&self, out: &[i64], smoothing: f64) -> Vec<i64> {
        let between = |(&o, &c): (&i64, &i64)| o + ((c - o) as f64 * smoothing).round() as i64;
        out.iter().zip(&self.center.duals).map(between).collect()
    }

    /// Raises or lowers the smoothing by the angle between the subgradient at the priced duals and the way to the master's.
    pub(super) fn adapt(&mut self, out: &[i64], duals: &[i64]) {
        let gradient = self.gradient();
        let slope: f64 = gradient.iter().zip(out.iter().zip(duals)).map(|(g, (&o, &d))| g * (o - d) as f64).sum();
        self.smoothing =
            if slope > 0.0 { (self.smoothing - 0.1).max(0.0) } else { self.smoothing + (1.0 - self.smoothing) * 0.1 };
    }

    /// Scaled: the master's own price of a berth of each kind.
    fn convexity(&self) -> Vec<i64> {
        let steps = self.steps();
        self.master.lp.duals()[self.model.n..].iter().map(|&price| (price * steps).round() as i64).collect()
    }

    /// Scaled duals for one of the master's unit of cost.
    pub(super) fn steps(&self) -> f64 {
        self.master.unit * self.scale as f64
    }

    /// Takes up to `most` columns of each kind out of the last pricing whose reduced cost at the prices of calls and kinds is negative.
    pub(super) fn harvest(&mut self, prices: Option<(&[i64], &[i64])>, most: usize) -> usize {
        let mut added = 0;
        for (q, net) in self.networks.iter().enumerate() {
            let values = &self.forward[q].value;
            let mut by_call = vec![(INFINITE, NONE); self.model.n];
            for (a, &v) in values.iter().enumerate() {
                let slot = &mut by_call[net.call[a] as usize];
                if v < slot.0 {
                    *slot = (v, a as u32);
                }
            }
            by_call.retain(|e| e.1 != NONE);
            by_call.sort_unstable();
            for &(_, last) in by_call.iter().take(most) {
                let arcs = pricing::path(last, &self.forward[q], None);
                let cost: i64 = arcs.iter().map(|&a| net.cost[a as usize]).sum();
                let slack = (self.scale as f64 * self.master.unit * 1e-6) as i64 + arcs.len() as i64 + 1;
                let attractive = prices.is_none_or(|(calls, kinds)| {
                    let covered: i64 = arcs.iter().map(|&a| calls[net.call[a as usize] as usize]).sum();
                    cost * self.scale - covered - kinds[q] < -slack
                });
                if attractive {
                    let visits = arcs.iter().map(|&a| (net.call[a as usize], net.start[a as usize])).collect();
                    added += usize::from(self.master.add(Column { kind: q as u32, visits }, cost));
                }
            }
        }
        added
    }

    /// Removes every arc through which no plan cheaper than `upper` can go, by the bound at the centre.
    pub(crate) fn fix(&mut self, budget: &mut Budget<'_>) -> usize {
        if self.center.value == i64::MIN {
            return 0;
        }
        let duals = self.center.duals.clone();
        let value = self.evaluate(&duals);
        let before = self.arcs();
        self.remove(&duals, self.lattice.below(self.upper) * self.scale - value);
        let removed = before - self.arcs();
        budget.spend(2 * self.arcs() as u64);
        if removed > 0 {
            self.restrict(&duals, value);
            self.fixings.push(duals);
        }
        removed
    }

    /// Leaves the starts that a plan may have which costs no more than the bound and this share of it.
    pub(crate) fn keep_promising(&mut self, share: f64) {
        let duals = self.center.duals.clone();
        self.evaluate(&duals);
        self.remove(&duals, (self.center.value as f64 * share) as i64);
    }

    /// Removes the arcs whose cheapest path loses more than is allowed against the cheapest of all; `duals` were priced last.
    fn remove(&mut self, duals: &[i64], allowed: i64) {
        for q in 0..self.networks.len() {
            let net = &self.networks[q];
            pricing::backward(net, &self.rules[q], duals, self.scale, &mut self.backward);
            let best = self.best[q].0;
            let (front, back) = (&self.forward[q].value, &self.backward.value);
            self.networks[q] =
                net.filtered(&self.ranks[q], &mut |a| front[a] < INFINITE && front[a] + back[a] - best <= allowed);
        }
    }

    /// Whether the gap shrank enough since the last time to make `fix` worth its price.
    pub(crate) fn worth_fixing(&mut self) -> bool {
        let gap = self.upper * self.scale - self.center.value;
        let worth = self.center.value > i64::MIN && gap < self.fixed_gap / 4 * 3;
        if worth {
            self.fixed_gap = gap;
        }
        worth
    }
}

fn twins(model: &Model, related: &dyn Fn(usize, usize) -> bool) -> Vec<Vec<u32>> {
    (0..model.n).map(|i| (0..model.n).filter(|&k| related(i, k)).map(|k| k as u32).collect()).collect()
}

fn lattice(model: &Model, networks: &[Network]) -> Lattice {
    let gcd = |mut a: i64, mut b: i64| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a.abs()
    };
    let mut step = 0;
    for net in networks {
        for (&cost, &call) in net.cost.iter().zip(&net.call) {
            step = gcd(cost - model.calls[call as usize].left_out, step);
            if step == 1 {
                return Lattice { step: 1, residue: 0 };
            }
        }
    }
    let residue = model.calls.iter().map(|c| c.left_out).sum();
    Lattice { step: step.max(1), residue }
}
