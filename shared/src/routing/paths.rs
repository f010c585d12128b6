//! Cheapest paths from many sources at once.
//!
//! Pricing asks for the cheapest way of every commodity under the same prices. Sources are taken [`LANES`] at a time: a relaxed arc then is a
//! few vector instructions for all of them, and no heap is needed. In an acyclic network one pass in topological order is exact; otherwise
//! passes are repeated until nothing changes (Bellman 1958), which takes four to eight of them on liner networks, because nodes stand
//! in the order of their services' calls. Of a later pass most arcs are passed over, because their tails have not changed since the head was looked at. A heap for each source (Dijkstra 1959) took five times as long on `kro_WorldLarge`.
//!
//! No predecessors are kept: a path is found again from its end, along arcs whose cost is exactly the difference of the distances.
//!
//! Where a commodity has a limit of transit time and its cheapest way is too long, labels of cost and time are set from its source in the order of
//! cost (Hansen 1980, doi:10.1007/978-3-642-48782-8_9); a label that is no quicker than an earlier one at its node is dropped.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::Range;

use super::network::{Commodity, NOWHERE, Network};
use crate::budget::Budget;

/// Sources that are taken together.
pub(super) const LANES: usize = 8;
/// Keeps cycles of arcs that cost nothing from being walked: added to every weight, in hundredths.
const POSITIVE: f64 = 1e-6;
/// Passes over the arcs that weigh as much as a tick each; a relaxed arc of all lanes weighs about a quarter.
const ARCS_A_TICK: u64 = 16;

/// Sources that are taken together, all of one class.
#[derive(Clone, Debug)]
struct Group {
    class: usize,
    /// A source and its commodities, a lane each.
    lanes: Vec<(u32, Range<usize>)>,
    /// Nodes that the paths can touch, where the network is acyclic.
    window: Range<usize>,
}

/// Cheapest ways of all commodities.
pub(super) struct Paths<'n> {
    network: &'n Network,
    groups: Vec<Group>,
    /// `[node][lane]`; infinite between calls.
    distance: Vec<[f64; LANES]>,
    /// `[node]`: when a distance of it last changed.
    changed: Vec<u64>,
    /// Nodes that have been looked at, in all.
    time: u64,
    weight: Vec<f64>,
    labels: Labels,
    arcs: Vec<u32>,
}

/// The cheapest way of one commodity.
pub(super) struct Way<'a> {
    pub(super) commodity: usize,
    /// Its arcs, first to last.
    pub(super) arcs: &'a [u32],
    /// What it costs under the prices.
    pub(super) priced: f64,
}

impl<'n> Paths<'n> {
    pub(super) fn new(network: &'n Network) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        let commodities = &network.commodities;
        let mut at = 0;
        while at < commodities.len() {
            let first = &commodities[at];
            let same = |other: &Commodity| (other.class, other.source) == (first.class, first.source);
            let end = at + commodities[at..].iter().take_while(|other| same(other)).count();
            if first.source != NOWHERE {
                let last =
                    commodities[at..end].iter().flat_map(|of| network.ends(of)).map(|end| end.node as usize + 1).max();
                let window = first.source as usize..last.unwrap_or(0).max(first.source as usize + 1);
                match groups.last_mut() {
                    Some(group) if group.class == first.class && group.lanes.len() < LANES => {
                        group.window = group.window.start.min(window.start)..group.window.end.max(window.end);
                        group.lanes.push((first.source, at..end));
                    }
                    _ => groups.push(Group { class: first.class, lanes: vec![(first.source, at..end)], window }),
                }
            }
            at = end;
        }
        if !network.is_acyclic {
            for group in &mut groups {
                group.window = 0..network.nodes;
            }
        }
        Self {
            network,
            groups,
            distance: vec![[f64::INFINITY; LANES]; network.nodes],
            changed: vec![0; network.nodes],
            time: 1,
            weight: vec![0.0; network.tail.len()],
            labels: Labels::default(),
            arcs: Vec::new(),
        }
    }

    /// Groups of sources; a sweep over all commodities goes through each.
    pub(super) fn groups(&self) -> usize {
        self.groups.len()
    }

    /// Sets the arcs' weights for a class whose cost counts `weight`: cost and prices of what the arc uses, in units of the class.
    pub(super) fn weigh(&mut self, prices: &[f64], weight: f64) {
        let scale = 1.0 / weight;
        for (arc, out) in self.weight.iter_mut().enumerate() {
            let used: f64 =
                self.network.uses(arc).iter().map(|&(row, units)| prices[row as usize] * f64::from(units)).sum();
            *out = self.network.cost[arc] as f64 + POSITIVE + used * scale;
        }
    }

    /// Closes an arc until the weights are set anew.
    pub(super) fn close(&mut self, arc: usize) {
        self.weight[arc] = f64::INFINITY;
    }

    /// The commodities of a group.
    pub(super) fn commodities(&self, group: usize) -> impl Iterator<Item = usize> + '_ {
        self.groups[group].lanes.iter().flat_map(|(_, commodities)| commodities.clone())
    }

    pub(super) fn class(&self, group: usize) -> usize {
        self.groups[group].class
    }

    /// The cheapest ways of a group's commodities for which `wants` holds of their priced cost; commodities that have no way are passed over.
    /// Returns false where the budget is used up.
    pub(super) fn visit(
        &mut self,
        group: usize,
        budget: &mut Budget<'_>,
        wants: &mut dyn FnMut(usize, f64) -> bool,
        take: &mut dyn FnMut(Way<'_>),
    ) -> bool {
        let Group { lanes, window, .. } = &self.groups[group];
        let window = window.clone();
        for (lane, &(source, _)) in lanes.iter().enumerate() {
            self.distance[source as usize][lane] = 0.0;
            self.changed[source as usize] = self.time;
        }
        let arcs = u64::from(self.network.entering[window.end] - self.network.entering[window.start]);
        // The first pass looks along every arc from where it has been, a later one along those from where a distance has changed since.
        let began = self.time;
        let mut goes_on = true;
        let mut changes = self.pass(window.clone(), |_| began);
        while changes && !self.network.is_acyclic && goes_on {
            goes_on = !budget.spend(arcs / ARCS_A_TICK);
            let before = self.time - window.len() as u64;
            changes = self.pass(window.clone(), |node| before + (node - window.start) as u64);
        }
        goes_on &= !budget.spend(arcs / ARCS_A_TICK + 1);
        let lanes = if goes_on { self.groups[group].lanes.clone() } else { Vec::new() };
        for (lane, (source, commodities)) in lanes.into_iter().enumerate() {
            let mut labelled = false;
            for at in commodities.clone() {
                let commodity = &self.network.commodities[at];
                let Some((mut priced, end)) = self.nearest(commodity, lane) else { continue };
                if !wants(at, priced) {
                    continue;
                }
                self.walk_back(source, end, lane);
                if let Some(limit) = commodity.limit_s
                    && self.transit(&self.arcs) > limit
                {
                    if !labelled {
                        labelled = true;
                        let limits =
                            self.network.commodities[commodities.clone()].iter().filter_map(|other| other.limit_s);
                        let longest = limits.max().unwrap_or(limit);
                        self.labels.set(self.network, &self.weight, source, longest, budget);
                    }
                    let Some((cost, label)) = self.labels.best(self.network.ends(commodity), limit) else {
                        // None is quick enough: what was said of the cheapest does not hold.
                        wants(at, f64::INFINITY);
                        continue;
                    };
                    priced = cost + commodity.service as f64;
                    if !wants(at, priced) {
                        continue;
                    }
                    self.labels.path(self.network, label, &mut self.arcs);
                }
                budget.spend(1);
                take(Way { commodity: at, arcs: &self.arcs, priced });
            }
        }
        self.distance[window].fill([f64::INFINITY; LANES]);
        goes_on
    }

    /// One pass over the window's arcs whose tail has changed since the time given for the node; whether a distance became shorter.
    fn pass(&mut self, window: Range<usize>, since: impl Fn(usize) -> u64) -> bool {
        let network = self.network;
        let mut any = false;
        for node in window {
            let since = since(node);
            let before = self.distance[node];
            let mut least = before;
            let range = network.entering[node] as usize..network.entering[node + 1] as usize;
            for (&tail, &weight) in network.tail[range.clone()].iter().zip(&self.weight[range]) {
                if self.changed[tail as usize] < since {
                    continue;
                }
                let from = &self.distance[tail as usize];
                for lane in 0..LANES {
                    let through = from[lane] + weight;
                    least[lane] = if through < least[lane] { through } else { least[lane] };
                }
            }
            #[allow(clippy::float_cmp)] // the very same numbers, where nothing was shorter
            if least != before {
                any = true;
                self.distance[node] = least;
                self.changed[node] = self.time;
            }
            self.time += 1;
        }
        any
    }

    /// The cheapest end of a commodity, with its service in the cost.
    fn nearest(&self, commodity: &Commodity, lane: usize) -> Option<(f64, u32)> {
        let mut best = (f64::INFINITY, NOWHERE);
        for end in self.network.ends(commodity) {
            let cost = self.distance[end.node as usize][lane] + end.extra as f64;
            if cost < best.0 {
                best = (cost, end.node);
            }
        }
        (best.1 != NOWHERE).then_some((best.0 + commodity.service as f64, best.1))
    }

    fn walk_back(&mut self, source: u32, end: u32, lane: usize) {
        self.arcs.clear();
        let network = self.network;
        let mut node = end as usize;
        while node != source as usize {
            let range = network.entering[node] as usize..network.entering[node + 1] as usize;
            let here = self.distance[node][lane];
            #[allow(clippy::float_cmp)] // the same sum as when the distance was set
            let arc = range
                .into_iter()
                .find(|&arc| self.distance[network.tail[arc] as usize][lane] + self.weight[arc] == here);
            let arc = arc.expect("a finite distance came along an arc");
            self.arcs.push(arc as u32);
            node = network.tail[arc] as usize;
        }
        self.arcs.reverse();
    }

    fn transit(&self, arcs: &[u32]) -> i64 {
        arcs.iter().map(|&arc| self.network.transit_s[arc as usize]).sum()
    }
}

/// Labels of cost and time from one source.
#[derive(Default)]
struct Labels {
    settled: Vec<Label>,
    /// `[node]`: its settled labels, dearer ones quicker.
    at: Vec<Vec<u32>>,
    open: BinaryHeap<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Label {
    cost: f64,
    time: i64,
    arc: u32,
    before: u32,
}

struct Open {
    label: Label,
    node: u32,
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Open {}
impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Open {
    /// The cheapest, then the quickest, is the greatest.
    fn cmp(&self, other: &Self) -> Ordering {
        let by_cost = other.label.cost.total_cmp(&self.label.cost);
        by_cost.then(other.label.time.cmp(&self.label.time)).then(other.node.cmp(&self.node))
    }
}

impl Labels {
    fn set(&mut self, network: &Network, weight: &[f64], source: u32, longest: i64, budget: &mut Budget<'_>) {
        self.settled.clear();
        self.open.clear();
        self.at.iter_mut().for_each(Vec::clear);
        self.at.resize(network.nodes, Vec::new());
        let first = Label { cost: 0.0, time: 0, arc: NOWHERE, before: NOWHERE };
        if longest >= 0 {
            self.open.push(Open { label: first, node: source });
        }
        while let Some(Open { label, node }) = self.open.pop() {
            let quickest = self.at[node as usize].last().map_or(i64::MAX, |&at| self.settled[at as usize].time);
            if label.time >= quickest {
                continue;
            }
            let at = self.settled.len() as u32;
            self.settled.push(label);
            self.at[node as usize].push(at);
            let range = network.leaving[node as usize] as usize..network.leaving[node as usize + 1] as usize;
            for &arc in &network.leaving_arcs[range] {
                let time = label.time + network.transit_s[arc as usize];
                let head = network.head[arc as usize];
                let cost = label.cost + weight[arc as usize];
                let is_known = self.at[head as usize].last().is_some_and(|&at| self.settled[at as usize].time <= time);
                if time <= longest && !is_known && cost.is_finite() {
                    self.open.push(Open { label: Label { cost, time, arc, before: at }, node: head });
                }
            }
            budget.spend(1);
        }
    }

    /// The cheapest label at one of these ends that is quick enough, with its cost.
    fn best(&self, ends: &[super::network::End], limit: i64) -> Option<(f64, u32)> {
        let mut best: Option<(f64, u32)> = None;
        for end in ends {
            let quick = self.at[end.node as usize].iter().find(|&&at| self.settled[at as usize].time <= limit);
            if let Some(&at) = quick {
                let cost = self.settled[at as usize].cost + end.extra as f64;
                if best.is_none_or(|(least, _)| cost < least) {
                    best = Some((cost, at));
                }
            }
        }
        best
    }

    fn path(&self, network: &Network, label: u32, arcs: &mut Vec<u32>) {
        arcs.clear();
        let mut at = label;
        while self.settled[at as usize].arc != NOWHERE {
            let label = self.settled[at as usize];
            arcs.push(label.arc);
            at = label.before;
        }
        arcs.reverse();
        debug_assert!(arcs.windows(2).all(|pair| network.head[pair[0] as usize] == network.tail[pair[1] as usize]));
    }
}
