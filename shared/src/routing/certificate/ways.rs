//! Cheapest ways from one node in whole numbers, with the ways themselves.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::super::instance::{Goal, Instance, Lot};
use super::super::network::order;

/// Cheapest ways from one node in whole numbers: by cost alone, or by cost and time where time is limited.
pub(in super::super) struct Ways<'a> {
    instance: &'a Instance,
    /// `[node]`: where the arcs that begin there stand in `arcs`; one entry more than nodes.
    begin: Vec<u32>,
    arcs: Vec<u32>,
    /// `[node]`: settled labels, cheapest first, each quicker than the one before.
    at: Vec<Vec<u32>>,
    labels: Vec<Label>,
    touched: Vec<u32>,
    /// Nodes in topological order, where there is one.
    order: Option<Vec<u32>>,
    /// `[node]`: its place in that order.
    rank: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Label {
    cost: i64,
    time: i64,
    /// The arc it came along, and the label it came from.
    arc: u32,
    before: u32,
}

const NONE: u32 = u32::MAX;

impl<'a> Ways<'a> {
    pub(in super::super) fn new(instance: &'a Instance) -> Self {
        let nodes = instance.nodes.len();
        let mut begin = vec![0; nodes + 1];
        for arc in &instance.arcs {
            begin[arc.from as usize + 1] += 1;
        }
        for node in 0..nodes {
            begin[node + 1] += begin[node];
        }
        let mut next = begin.clone();
        let mut arcs = vec![0; instance.arcs.len()];
        for (at, arc) in instance.arcs.iter().enumerate() {
            arcs[next[arc.from as usize] as usize] = at as u32;
            next[arc.from as usize] += 1;
        }
        let (rank, is_acyclic) = order(instance);
        let order = is_acyclic.then(|| {
            let mut order = vec![0; nodes];
            rank.iter().zip(0..).for_each(|(&rank, node)| order[rank as usize] = node);
            order
        });
        let at = vec![Vec::new(); nodes];
        Self { instance, begin, arcs, at, labels: Vec::new(), touched: Vec::new(), order, rank }
    }

    /// Finds the ways from `start`, no longer than `longest` where time is limited. `weights[arc]` is what it costs; costs are cut off at `i64::MAX`.
    pub(in super::super) fn from(&mut self, start: u32, longest: Option<i64>, weights: &[i64]) {
        for node in self.touched.drain(..) {
            self.at[node as usize].clear();
        }
        self.labels.clear();
        if longest.is_none() && self.order.is_some() {
            return self.onwards(start, weights);
        }
        let mut open = BinaryHeap::from([Reverse((0_i64, 0_i64, start, NONE, NONE))]);
        while let Some(Reverse((cost, time, node, arc, before))) = open.pop() {
            let settled = &mut self.at[node as usize];
            let is_worse =
                settled.last().is_some_and(|&last| longest.is_none() || self.labels[last as usize].time <= time);
            if is_worse {
                continue;
            }
            if settled.is_empty() {
                self.touched.push(node);
            }
            let label = self.labels.len() as u32;
            settled.push(label);
            self.labels.push(Label { cost, time, arc, before });
            for &arc in &self.arcs[self.begin[node as usize] as usize..self.begin[node as usize + 1] as usize] {
                let to = &self.instance.arcs[arc as usize];
                let time = time.saturating_add(to.transit_s);
                let known = self.at[to.to as usize].last();
                let is_known = known.is_some_and(|&last| longest.is_none() || self.labels[last as usize].time <= time);
                if !is_known && longest.is_none_or(|longest| time <= longest) {
                    let cost = cost.saturating_add(weights[arc as usize]);
                    open.push(Reverse((cost, time, to.to, arc, label)));
                }
            }
        }
    }

    /// The same where arcs lead onwards only and time is not limited: in one pass.
    fn onwards(&mut self, start: u32, weights: &[i64]) {
        let order = self.order.take().unwrap_or_default();
        self.touched.push(start);
        self.at[start as usize].push(0);
        self.labels.push(Label { cost: 0, time: 0, arc: NONE, before: NONE });
        for &node in &order[self.rank[start as usize] as usize..] {
            let Some(&before) = self.at[node as usize].first() else { continue };
            let from = self.labels[before as usize];
            for &arc in &self.arcs[self.begin[node as usize] as usize..self.begin[node as usize + 1] as usize] {
                let to = &self.instance.arcs[arc as usize];
                let cost = from.cost.saturating_add(weights[arc as usize]);
                let label = Label { cost, time: from.time.saturating_add(to.transit_s), arc, before };
                if let Some(&known) = self.at[to.to as usize].first() {
                    let known = &mut self.labels[known as usize];
                    if (label.cost, label.time) < (known.cost, known.time) {
                        *known = label;
                    }
                } else {
                    self.touched.push(to.to);
                    self.at[to.to as usize].push(self.labels.len() as u32);
                    self.labels.push(label);
                }
            }
        }
        self.order = Some(order);
    }

    /// The cheapest way of a lot that begins at the start, with what it costs to end there and to be carried, and where it ends.
    /// `unit`: what one unit of cost counts.
    pub(in super::super) fn cheapest(&self, lot: &Lot, unit: i64) -> Option<(i64, End)> {
        let one = match lot.goal {
            Goal::Node(node) => [node],
            Goal::Port(_) => [NONE],
        };
        let nodes: &[u32] = match lot.goal {
            Goal::Node(_) => &one,
            Goal::Port(port) => &self.instance.ports[port as usize].nodes,
        };
        let pinned: i64 = lot.pinned.iter().map(|&arc| self.instance.arcs[arc as usize].transit_s).sum();
        let mut best: Option<(i64, End)> = None;
        for &node in nodes {
            let Some(extra) = self.instance.ending(lot, node) else { continue };
            let is_timed = self.instance.nodes[node as usize].time_s.is_some();
            let most = lot.max_transit_s.filter(|_| !is_timed).map_or(i64::MAX, |most| most - pinned);
            let quick = self.at[node as usize].iter().find(|&&label| self.labels[label as usize].time <= most);
            if let Some(&label) = quick {
                let cost = self.labels[label as usize].cost.saturating_add(unit.saturating_mul(extra));
                if best.is_none_or(|(least, _)| cost < least) {
                    best = Some((cost, End { label }));
                }
            }
        }
        best
    }

    /// The arcs of a way, last to first.
    pub(in super::super) fn arcs(&self, end: End) -> impl Iterator<Item = u32> + '_ {
        let mut at = end.label;
        std::iter::from_fn(move || {
            let label = self.labels.get(at as usize)?;
            at = label.before;
            (label.arc != NONE).then_some(label.arc)
        })
    }

    /// Whether a node can be reached at all.
    pub(in super::super) fn reaches(&self, node: u32) -> bool {
        !self.at[node as usize].is_empty()
    }
}

/// Where a way ends.
#[derive(Clone, Copy)]
pub(in super::super) struct End {
    label: u32,
}
