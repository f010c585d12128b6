//! Branch and price: closes the gap that column generation leaves.
//!
//! Best bound first. A node is a set of open arcs; it runs column generation from its parent's duals, removes arcs by
//! reduced cost, and splits on the berth or on the start of one call. Both splits only remove arcs, so pricing keeps its form,
//! and the dominance rule stays as it is (see `dominance`: it never removes the one canonical optimum from its leaf).
//! What a split would prove is found out before it is made (`probing`).
//!
//! What did not help: comparing splits on the restricted master alone, see `probing`; splitting on the number of calls of a
//! berth (a price for each of them on that berth keeps pricing as it is, but the bound mostly rises on one side only); and
//! subset-row inequalities for three calls (Jepsen, Petersen, Spoorendonk & Pisinger 2008, doi:10.1287/opre.1070.0449): the
//! master's solutions are spread over a hundred schedules and satisfy all of them after a few rounds, with the bound mostly where
//! it was; they closed one file of fifteen outright, and the certificate would have to carry them. Nor can the schedules within
//! the gap be listed (Baldacci, Christofides & Mingozzi 2008, doi:10.1007/s10107-007-0178-5): with fifteen calls on a berth there
//! are millions within one unit of cost.

pub(crate) mod branching;
pub(crate) mod diving;
mod probing;

use crate::berth::bound::generate::{Bound, End, Generator};
use crate::berth::bound::network::Network;
use crate::berth::certificate::{Node, Tree};
use crate::berth::exact::branching::Split;
use crate::budget::Budget;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Which arcs of the root networks are open: one bit each.
type Open = Vec<Vec<u64>>;

/// A node that has not been looked into.
struct Waiting {
    open: Open,
    served: Vec<bool>,
    center: Bound,
    record: usize,
    depth: u32,
}

/// (bound, scaled bound, deeper first, index), least first.
type Key = Reverse<(i64, i64, Reverse<u32>, usize)>;

pub(crate) struct Search<'g, 'a> {
    pub(crate) generator: &'g mut Generator<'a>,
    root: Vec<Network>,
    waiting: Vec<Option<Waiting>>,
    /// (bound, deeper first, index).
    queue: BinaryHeap<Key>,
    pub(crate) records: Vec<Node>,
    pub(crate) nodes: u64,
    /// Bound over the nodes that could not be finished.
    abandoned: i64,
}

/// Sees every converged node, with the number of nodes and the bound so far; may improve `upper`; false ends the search.
pub(crate) type Visit<'v, 'a> = &'v mut dyn FnMut(&mut Generator<'a>, u64, i64, &mut Budget<'_>) -> bool;

/// Column generation and fixing until neither helps.
pub(crate) fn settle(g: &mut Generator<'_>, budget: &mut Budget<'_>) -> End {
    for _ in 0..4 {
        let mut end = g.run(budget, u64::MAX);
        if end != End::Converged {
            return end;
        }
        let before = g.arcs();
        let removed = g.fix(budget);
        if g.networks.iter().all(Network::is_empty) && g.arcs() == 0 {
            end = End::Converged;
        }
        if removed * 8 < before {
            return end;
        }
    }
    End::Converged
}

impl<'g, 'a> Search<'g, 'a> {
    /// The generator has converged at the root.
    pub(crate) fn new(generator: &'g mut Generator<'a>) -> Self {
        let root: Vec<Network> = generator
            .networks
            .iter()
            .enumerate()
            .map(|(q, net)| {
                let mut net = net.filtered(&generator.ranks[q], &mut |_| true);
                net.id = (0..net.len() as u32).collect();
                net
            })
            .collect();
        generator.networks.clone_from(&root);
        let records = vec![generator.record()];
        Self { generator, root, waiting: Vec::new(), queue: BinaryHeap::new(), records, nodes: 0, abandoned: i64::MAX }
    }

    /// The bound on all plans.
    pub(crate) fn lower(&self) -> i64 {
        let open = self.queue.peek().map_or(i64::MAX, |Reverse(top)| top.0);
        open.min(self.abandoned).min(self.generator.upper)
    }
    pub(crate) fn certificate(&self) -> Tree {
        Tree {
            scale: self.generator.scale,
            grid: self.generator.coarse(),
            upper: self.generator.upper,
            nodes: self.records.clone(),
        }
    }

    /// Splits the root, whose master is solved, and works through the tree. `visit` sees every converged node and may improve
    /// `upper`; false ends the search.
    pub(crate) fn run(&mut self, budget: &mut Budget<'_>, visit: Visit<'_, 'a>) {
        let served = vec![false; self.generator.model.n];
        let lower = self.generator.lower();
        if !visit(self.generator, 0, lower, budget)
            || lower < self.generator.upper && !self.expand(0, 0, served, budget, visit)
        {
            self.abandoned = lower;
            return;
        }
        while let Some(Reverse((lower, _, _, index))) = self.queue.pop() {
            let node = self.waiting[index].take().expect("queued once");
            if lower >= self.generator.upper {
                continue;
            }
            if budget.stopped().is_some() {
                self.abandoned = self.abandoned.min(lower);
                break;
            }
            self.nodes += 1;
            self.enter(&node);
            let end = settle(self.generator, budget);
            self.note(node.record);
            let bound = self.generator.lower().max(lower);
            if end == End::Closed || bound >= self.generator.upper {
                continue;
            }
            if end == End::Stopped {
                self.abandoned = self.abandoned.min(bound);
                break;
            }
            let overall = self.lower().min(bound);
            if !visit(self.generator, self.nodes, overall, budget) {
                self.abandoned = self.abandoned.min(bound);
                break;
            }
            if bound >= self.generator.upper {
                continue;
            }
            if !self.expand(node.record, node.depth, node.served, budget, visit) {
                self.abandoned = self.abandoned.min(bound);
            }
        }
        if let Some(Reverse(top)) = self.queue.peek() {
            self.abandoned = self.abandoned.min(top.0);
        }
    }

    /// Writes down the duals that the generator used.
    fn note(&mut self, record: usize) {
        let record = &mut self.records[record];
        record.duals.append(&mut self.generator.fixings);
        if record.duals.last() != Some(&self.generator.center.duals) {
            record.duals.push(self.generator.center.duals.clone());
        }
    }

    /// Makes the node the generator's current problem.
    fn enter(&mut self, node: &Waiting) {
        let g = &mut *self.generator;
        g.networks = self
            .root
            .iter()
            .enumerate()
            .map(|(q, net)| net.filtered(&g.ranks[q], &mut |a| node.open[q][a / 64] >> (a % 64) & 1 == 1))
            .collect();
        g.fixings.clear();
        g.master.forget(40 * g.model.n + 400);
        g.set_served(&node.served);
        g.center = Bound { duals: node.center.duals.clone(), value: i64::MIN };
        // The parent's duals are the centre; their bound in this node is found by pricing them.
        g.recenter();
    }

    /// Records a split of `record` and the two parts; returns the first of them.
    fn split(&mut self, record: usize, split: &Split) -> usize {
        let first = self.records.len();
        self.records[record].split = Some(split.written_out(self.generator));
        self.records[record].children = vec![first as u32, first as u32 + 1];
        self.records.extend([Node::default(), Node::default()]);
        first
    }

    /// Queues a part of the generator's current problem.
    fn queue(&mut self, record: usize, depth: u32, split: &Split, side: usize, served: Vec<bool>, center: Bound) {
        let g = &*self.generator;
        let open = g.networks.iter().enumerate().map(|(q, net)| {
            let mut bits = vec![0u64; self.root[q].len().div_ceil(64)];
            for a in 0..net.len() {
                if branching::stays(g, split, side, q, a) {
                    let id = net.id[a] as usize;
                    bits[id / 64] |= 1 << (id % 64);
                }
            }
            bits
        });
        let open = open.collect();
        let lower = g.lower().max(g.lattice.round_up(center.value, g.scale));
        let key = (lower, center.value, Reverse(depth), self.waiting.len());
        self.waiting.push(Some(Waiting { open, served, center, record, depth: depth + 1 }));
        self.queue.push(Reverse(key));
    }
}
