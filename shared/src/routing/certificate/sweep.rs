//! Costs of the cheapest ways from some nodes at a time, in whole numbers.
//!
//! Nodes are gone through in an order in which most arcs, or all, lead onwards, until nothing changes (Bellman 1958). An arc is looked at only where its
//! tail has become cheaper since. The numbers are whole and every sum is exact: in `f64`, which the machine adds and compares side by side, where no
//! way can come to 2^53, and in `i64` otherwise.

use std::ops::Add;

use super::super::instance::{Goal, Instance, Lot};

/// Starts that are taken together.
pub(super) const LANES: usize = 8;
/// Costs from here on are as good as no way: turning a lot down costs no more.
const FAR: i64 = 1 << 61;
/// Whole numbers up to here are exact in `f64`.
const EXACT: i64 = 1 << 53;

/// A whole number.
pub(super) trait Number: Copy + PartialOrd + Add<Output = Self> {
    const FAR: Self;
    const NONE: Self;
    fn from_whole(whole: i64) -> Self;
    fn whole(self) -> i64;
}

impl Number for i64 {
    const FAR: Self = FAR;
    const NONE: Self = 0;
    fn from_whole(whole: i64) -> Self {
        whole
    }
    fn whole(self) -> i64 {
        self
    }
}

impl Number for f64 {
    const FAR: Self = f64::INFINITY;
    const NONE: Self = 0.0;
    fn from_whole(whole: i64) -> Self {
        whole as Self
    }
    fn whole(self) -> i64 {
        self as i64
    }
}

/// Whether no way without a cycle comes to a number that `f64` does not hold exactly.
pub(super) fn fits(weights: &[i64], nodes: usize) -> bool {
    let most = weights.iter().copied().max().unwrap_or(0);
    most.checked_mul(nodes as i64 + 1).is_some_and(|most| most < EXACT)
}

/// The network in an order for sweeps.
pub(super) struct Map {
    /// `[node]`
    rank: Vec<u32>,
    /// Arcs by where they end, in order: (rank of the tail, position in the instance).
    arcs: Vec<(u32, u32)>,
    /// `[rank]`: where the arcs that end there begin; one entry more than nodes.
    begin: Vec<u32>,
    is_acyclic: bool,
}

impl Map {
    pub(super) fn new(instance: &Instance) -> Self {
        let (rank, is_acyclic) = super::super::network::order(instance);
        let mut arcs: Vec<(u32, u32, u32)> =
            (0..).zip(&instance.arcs).map(|(at, arc)| (rank[arc.to as usize], rank[arc.from as usize], at)).collect();
        arcs.sort_unstable();
        let mut begin = vec![0_u32; instance.nodes.len() + 1];
        for &(head, ..) in &arcs {
            begin[head as usize + 1] += 1;
        }
        for at in 0..instance.nodes.len() {
            begin[at + 1] += begin[at];
        }
        Self { rank, arcs: arcs.into_iter().map(|(_, tail, at)| (tail, at)).collect(), begin, is_acyclic }
    }
}

/// Costs from some starts.
pub(super) struct Sweep<'a, N> {
    map: &'a Map,
    /// In the order of `map.arcs`: (rank of the tail, weight).
    arcs: Vec<(u32, N)>,
    /// `[rank][lane]`
    cost: Vec<[N; LANES]>,
    /// `[rank]`: when its cost last changed.
    changed: Vec<u64>,
    /// Nodes that have been looked at, in all.
    time: u64,
}

impl<'a, N: Number> Sweep<'a, N> {
    pub(super) fn new(map: &'a Map, weights: &[i64]) -> Self {
        let arcs =
            map.arcs.iter().map(|&(tail, at)| (tail, N::from_whole(weights[at as usize].clamp(0, FAR)))).collect();
        let nodes = map.rank.len();
        Self { map, arcs, cost: vec![[N::FAR; LANES]; nodes], changed: vec![0; nodes], time: 1 }
    }

    /// Finds the costs from these starts, a lane each. Returns the arcs that were looked at.
    pub(super) fn from(&mut self, starts: &[u32]) -> u64 {
        let nodes = self.cost.len();
        self.cost.fill([N::FAR; LANES]);
        let mut first = nodes;
        for (lane, &start) in starts.iter().enumerate() {
            let rank = self.map.rank[start as usize] as usize;
            self.cost[rank][lane] = N::NONE;
            self.changed[rank] = self.time;
            first = first.min(rank);
        }
        if !self.map.is_acyclic {
            first = 0;
        }
        let arcs = (self.arcs.len() - self.map.begin[first] as usize) as u64;
        // The first pass looks at all that has been reached in it, a later one at what was reached since it last came by.
        let began = self.time;
        let mut passes = 1;
        let mut goes_on = self.pass(first, |_| began);
        while goes_on && !self.map.is_acyclic {
            let before = self.time - (nodes - first) as u64;
            goes_on = self.pass(first, |rank| before + (rank - first) as u64);
            passes += 1;
        }
        arcs * passes
    }

    fn pass(&mut self, first: usize, since: impl Fn(usize) -> u64) -> bool {
        let mut any = false;
        for rank in first..self.cost.len() {
            let since = since(rank);
            let before = self.cost[rank];
            let mut least = before;
            for &(tail, weight) in &self.arcs[self.map.begin[rank] as usize..self.map.begin[rank + 1] as usize] {
                if self.changed[tail as usize] < since {
                    continue;
                }
                let from = &self.cost[tail as usize];
                for lane in 0..LANES {
                    let through = from[lane] + weight;
                    least[lane] = if through < least[lane] { through } else { least[lane] };
                }
            }
            if least != before {
                any = true;
                self.cost[rank] = least;
                self.changed[rank] = self.time;
            }
            self.time += 1;
        }
        any
    }

    /// What the cheapest way of a lot costs.
    pub(super) fn cheapest(&self, instance: &Instance, lot: &Lot, lane: usize, unit: i64) -> i64 {
        let at = |node: u32| {
            let extra = instance.ending(lot, node)?;
            let cost = self.cost[self.map.rank[node as usize] as usize][lane];
            (cost < N::FAR).then(|| cost.whole().saturating_add(unit.saturating_mul(extra)))
        };
        match lot.goal {
            Goal::Node(node) => at(node).unwrap_or(i64::MAX),
            Goal::Port(port) => {
                let nodes = &instance.ports[port as usize].nodes;
                nodes.iter().filter_map(|&node| at(node)).min().unwrap_or(i64::MAX)
            }
        }
    }
}
