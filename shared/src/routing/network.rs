//! The reduced form of an instance: what the search sees.
//!
//! Nodes are put into topological order where there is one, arcs are sorted by the node they end at, and lots of the same terms become one
//! **commodity**. What pinned arcs take is taken off the capacities.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::ops::Range;

use super::instance::{Goal, Instance, Lot};
use super::plan::Flow;

/// Lots of the same way and terms.
#[derive(Clone, Debug)]
pub(super) struct Commodity {
    /// Where it begins; no node where its lots can begin nowhere.
    pub(super) source: u32,
    /// Where it may end: a range of [`Network::ends`].
    pub(super) ends: Range<u32>,
    /// Containers.
    pub(super) quantity: i64,
    /// Cost of a container that is not carried.
    pub(super) rejection: i64,
    /// Cost of a container that is carried, whichever way.
    pub(super) service: i64,
    /// How long the free part of its way may take, where its arcs say how long they take.
    pub(super) limit_s: Option<i64>,
    /// Whether all go the same way.
    pub(super) whole: bool,
    /// Position of its class.
    pub(super) class: usize,
    /// Its lots, a range of [`Network::lots`].
    pub(super) lots: Range<u32>,
}

/// Where a commodity may end, and what that costs beyond its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) node: u32,
    pub(super) extra: i64,
}

/// No node.
pub(super) const NOWHERE: u32 = u32::MAX;

/// The reduced form. Arrays of arcs are in the order of the nodes they end at.
#[derive(Clone, Debug, Default)]
pub(super) struct Network {
    pub(super) nodes: usize,
    /// Whether every arc leads from a lower to a higher node.
    pub(super) is_acyclic: bool,
    /// `[node]`: where the arcs that end there begin; one entry more than nodes.
    pub(super) entering: Vec<u32>,
    /// `[arc]`
    pub(super) tail: Vec<u32>,
    /// `[arc]`
    pub(super) head: Vec<u32>,
    /// `[arc]`: cost of a container.
    pub(super) cost: Vec<i64>,
    /// `[arc]`
    pub(super) transit_s: Vec<i64>,
    /// `[arc]`: its position in the instance.
    pub(super) original: Vec<u32>,
    /// `[node]`: where the arcs that begin there stand in `leaving_arcs`.
    pub(super) leaving: Vec<u32>,
    pub(super) leaving_arcs: Vec<u32>,
    /// `[arc]`: where its uses begin; one entry more than arcs.
    uses_begin: Vec<u32>,
    /// (resource, units)
    uses: Vec<(u32, u32)>,
    /// `[resource]`: what pinned arcs leave of it.
    pub(super) capacity: Vec<i64>,
    /// By class and source.
    pub(super) commodities: Vec<Commodity>,
    pub(super) ends: Vec<End>,
    /// Positions of lots in the instance, commodity by commodity.
    pub(super) lots: Vec<u32>,
}

impl Network {
    pub(super) fn new(instance: &Instance) -> Self {
        let (rank, is_acyclic) = order(instance);
        let mut network = Self { nodes: instance.nodes.len(), is_acyclic, ..Self::default() };
        network.take_arcs(instance, &rank);
        network.capacity = instance.resources.iter().map(|resource| resource.capacity).collect();
        for lot in &instance.lots {
            for &(resource, units) in lot.pinned.iter().flat_map(|&arc| &instance.arcs[arc as usize].uses) {
                network.capacity[resource as usize] -= i64::from(units) * lot.quantity;
            }
        }
        network.take_lots(instance, &rank);
        network
    }

    fn take_arcs(&mut self, instance: &Instance, rank: &[u32]) {
        let mut order: Vec<u32> = (0..instance.arcs.len() as u32).collect();
        let ends = |arc: u32| {
            let arc = &instance.arcs[arc as usize];
            (rank[arc.to as usize], rank[arc.from as usize])
        };
        order.sort_by_key(|&arc| (ends(arc), arc));
        self.entering = vec![0; self.nodes + 1];
        self.leaving = vec![0; self.nodes + 1];
        self.uses_begin.push(0);
        for &arc in &order {
            let (head, tail) = ends(arc);
            let of = &instance.arcs[arc as usize];
            self.entering[head as usize + 1] += 1;
            self.leaving[tail as usize + 1] += 1;
            self.tail.push(tail);
            self.head.push(head);
            self.cost.push(of.cost);
            self.transit_s.push(of.transit_s);
            self.uses.extend_from_slice(&of.uses);
            self.uses_begin.push(self.uses.len() as u32);
        }
        self.original = order;
        for node in 0..self.nodes {
            self.entering[node + 1] += self.entering[node];
            self.leaving[node + 1] += self.leaving[node];
        }
        let mut next = self.leaving.clone();
        self.leaving_arcs = vec![0; self.tail.len()];
        for (arc, &tail) in self.tail.iter().enumerate() {
            self.leaving_arcs[next[tail as usize] as usize] = arc as u32;
            next[tail as usize] += 1;
        }
    }

    fn take_lots(&mut self, instance: &Instance, rank: &[u32]) {
        // Each port's nodes once; lots that end at the same stretch of them at the same cost share it.
        let mut shared: BTreeMap<Vec<(u32, i64)>, Range<u32>> = BTreeMap::new();
        let mut by_terms: BTreeMap<Terms, Vec<u32>> = BTreeMap::new();
        let mut ranges: Vec<Range<u32>> = Vec::new();
        for (at, lot) in instance.lots.iter().enumerate() {
            let (ends, service) = Self::ends_of(instance, lot, rank);
            let next = self.ends.len() as u32;
            let range = shared.entry(ends).or_insert_with_key(|ends| {
                self.ends.extend(ends.iter().map(|&(node, extra)| End { node, extra }));
                next..self.ends.len() as u32
            });
            ranges.push(range.clone());
            let untimed = match lot.goal {
                Goal::Node(node) => instance.nodes[node as usize].time_s.is_none(),
                Goal::Port(port) => instance.ports[port as usize]
                    .nodes
                    .iter()
                    .any(|&node| instance.nodes[node as usize].time_s.is_none()),
            };
            let pinned: i64 = lot.pinned.iter().map(|&arc| instance.arcs[arc as usize].transit_s).sum();
            let terms = Terms {
                class: lot.class,
                source: lot.start.map_or(NOWHERE, |node| rank[node as usize]),
                ends: (range.start, range.end),
                rejection: lot.rejection,
                service,
                limit_s: lot.max_transit_s.filter(|_| untimed).map(|most| most - pinned),
                whole: lot.whole.then_some(at as u32),
            };
            by_terms.entry(terms).or_default().push(at as u32);
        }
        for (terms, lots) in by_terms {
            let first = self.lots.len() as u32;
            let quantity = lots.iter().map(|&lot| instance.lots[lot as usize].quantity).sum();
            self.lots.extend(lots);
            self.commodities.push(Commodity {
                source: terms.source,
                ends: terms.ends.0..terms.ends.1,
                quantity,
                rejection: terms.rejection,
                service: terms.service,
                limit_s: terms.limit_s,
                whole: terms.whole.is_some(),
                class: terms.class,
                lots: first..self.lots.len() as u32,
            });
        }
    }

    /// The nodes where a lot may end, with what that costs beyond the least, and the least.
    fn ends_of(instance: &Instance, lot: &Lot, rank: &[u32]) -> (Vec<(u32, i64)>, i64) {
        let mut ends = Vec::new();
        let mut end_at = |node: u32| {
            if let Some(cost) = instance.ending(lot, node) {
                ends.push((rank[node as usize], cost - lot.service));
            }
        };
        match lot.goal {
            Goal::Node(node) => end_at(node),
            Goal::Port(port) => instance.ports[port as usize].nodes.iter().for_each(|&node| end_at(node)),
        }
        ends.sort_unstable();
        (ends, lot.service)
    }

    /// What a container on this arc takes: (resource, units).
    #[inline]
    pub(super) fn uses(&self, arc: usize) -> &[(u32, u32)] {
        &self.uses[self.uses_begin[arc] as usize..self.uses_begin[arc + 1] as usize]
    }

    pub(super) fn ends(&self, commodity: &Commodity) -> &[End] {
        &self.ends[commodity.ends.start as usize..commodity.ends.end as usize]
    }

    /// Flows of lots as ways of their commodities: (commodity, arcs, containers).
    pub(super) fn ways(&self, flows: &[Flow]) -> Vec<(usize, Vec<u32>, i64)> {
        let mut commodity = vec![0; self.lots.len()];
        for (at, of) in self.commodities.iter().enumerate() {
            for &lot in &self.lots[of.lots.start as usize..of.lots.end as usize] {
                commodity[lot as usize] = at;
            }
        }
        let mut reduced = vec![0; self.original.len()];
        for (at, &arc) in self.original.iter().enumerate() {
            reduced[arc as usize] = at as u32;
        }
        let way = |flow: &Flow| {
            let arcs = flow.arcs.iter().map(|&arc| reduced[arc as usize]).collect();
            (commodity[flow.lot as usize], arcs, flow.quantity)
        };
        flows.iter().map(way).collect()
    }

    /// What one container costs on a way, its class's weight left out.
    pub(super) fn cost_of(&self, commodity: &Commodity, arcs: &[u32]) -> i64 {
        let last = arcs.last().map_or(commodity.source, |&arc| self.head[arc as usize]);
        let extra = self.ends(commodity).iter().filter(|end| end.node == last).map(|end| end.extra).min();
        commodity.service + extra.unwrap_or(0) + arcs.iter().map(|&arc| self.cost[arc as usize]).sum::<i64>()
    }
}

/// What lots must have in common to be one commodity. Ordered by class and source, so that neighbours are priced together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Terms {
    class: usize,
    source: u32,
    ends: (u32, u32),
    rejection: i64,
    service: i64,
    limit_s: Option<i64>,
    /// A whole lot is a commodity of its own.
    whole: Option<u32>,
}

/// `[node]`: its place in topological order, earlier nodes of the request first where there is a choice; or the order of the
/// request where arcs form a cycle.
pub(super) fn order(instance: &Instance) -> (Vec<u32>, bool) {
    let nodes = instance.nodes.len();
    let mut missing = vec![0_u32; nodes];
    let mut out: Vec<Vec<u32>> = vec![Vec::new(); nodes];
    for arc in &instance.arcs {
        missing[arc.to as usize] += 1;
        out[arc.from as usize].push(arc.to);
    }
    let mut open: BinaryHeap<Reverse<u32>> =
        (0..nodes).filter(|&node| missing[node] == 0).map(|node| Reverse(node as u32)).collect();
    let mut rank = vec![0_u32; nodes];
    let mut placed = 0;
    while let Some(Reverse(node)) = open.pop() {
        rank[node as usize] = placed;
        placed += 1;
        for &next in &out[node as usize] {
            missing[next as usize] -= 1;
            if missing[next as usize] == 0 {
                open.push(Reverse(next));
            }
        }
    }
    if placed as usize == nodes { (rank, true) } else { ((0..nodes as u32).collect(), false) }
}
