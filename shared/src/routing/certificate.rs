//! Evidence for the lower bound: a price for each scarce resource.
//!
//! With prices `p >= 0` on the resources, no plan costs less than
//!
//! ```text
//! L(p) = sum of sunk costs + sum over lots q * min(rejection, service + cheapest way under cost + p) - sum over resources p * capacity
//! ```
//!
//! because what is carried pays the prices of what it uses, and no resource is used beyond its capacity (Lagrangian relaxation; Geoffrion 1974,
//! doi:10.1007/BFb0120690). Prices are whole numbers in fractions of a unit of the objective (its `scale`), and all sums are exact, so `L` is a bound
//! whatever way the prices were found. The search finds them in floating point; nothing of that has to be believed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use serde::{Deserialize, Serialize};

use super::instance::{Arc, Goal, Instance, Lot};

/// The prices, for resources that have one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RoutingCertificate))]
pub struct Certificate {
    /// Parts of one unit of the objective in which prices are given.
    pub scale: i64,
    /// (position of the resource in the request, price of a unit of it)
    pub prices: Vec<(u32, i64)>,
}

/// Prices are given in such parts of a unit of the objective: as fine as exact sums allow.
pub(super) fn scale(instance: &Instance) -> i64 {
    let total: i128 = instance
        .lots
        .iter()
        .map(|lot| {
            let multiplier = i128::from(instance.classes[lot.class].multiplier);
            multiplier * i128::from(lot.quantity) * i128::from(lot.rejection.max(1))
        })
        .sum();
    let mut scale = 1024;
    while scale > 1 && total.saturating_mul(i128::from(scale)) > 1 << 61 {
        scale /= 2;
    }
    scale
}

/// Why prices prove nothing.
pub(super) fn flaw(instance: &Instance, certificate: &Certificate) -> Option<String> {
    if certificate.scale != scale(instance) {
        return Some(format!("prices are in parts of 1/{}, not of 1/{}", scale(instance), certificate.scale));
    }
    let mut last = None;
    for &(resource, price) in &certificate.prices {
        if resource as usize >= instance.resources.len() || last.is_some_and(|last| resource <= last) {
            return Some(format!("resource {resource} is not there, or not in order"));
        }
        if price < 0 {
            return Some(format!("the price of resource {resource} is {price}"));
        }
        last = Some(resource);
    }
    None
}

/// The bound that prices without a [`flaw`] prove.
pub(super) fn bound(instance: &Instance, certificate: &Certificate) -> i64 {
    bound_within(instance, certificate, &mut |_| false).unwrap_or(i64::MIN)
}

/// The bound that prices without a [`flaw`] prove; none where `spend`, which hears of the work step by step, says that it is enough.
pub(super) fn bound_within(
    instance: &Instance,
    certificate: &Certificate,
    spend: &mut dyn FnMut(u64) -> bool,
) -> Option<i64> {
    let scale = certificate.scale;
    let mut price = vec![0_i64; instance.resources.len()];
    let mut sum = 0_i128;
    for &(resource, of) in &certificate.prices {
        price[resource as usize] = of;
        sum -= i128::from(of) * i128::from(instance.resources[resource as usize].capacity);
    }
    // What pinned arcs use is paid for, and is no choice.
    for lot in &instance.lots {
        for &(resource, units) in lot.pinned.iter().flat_map(|&arc| &instance.arcs[arc as usize].uses) {
            sum += i128::from(price[resource as usize]) * i128::from(units) * i128::from(lot.quantity);
        }
    }
    for (class, &sunk) in instance.classes.iter().zip(&instance.sunk) {
        sum += i128::from(sunk) * i128::from(class.multiplier) * i128::from(scale);
    }
    let mut order: Vec<u32> = (0..instance.lots.len() as u32).collect();
    let key = |&at: &u32| {
        let lot = &instance.lots[at as usize];
        (lot.class, lot.start)
    };
    order.sort_by_key(|at| (key(at), *at));
    for of_class in order.chunk_by(|a, b| key(a).0 == key(b).0) {
        let unit = scale.saturating_mul(instance.classes[key(&of_class[0]).0].multiplier);
        let weight = |arc: &Arc| {
            let used = arc.uses.iter().fold(0_i64, |sum, &(resource, units)| {
                sum.saturating_add(price[resource as usize].saturating_mul(i64::from(units)))
            });
            unit.saturating_mul(arc.cost).saturating_add(used)
        };
        let mut take = |lot: &Lot, carried: i64| {
            sum += i128::from(lot.quantity) * i128::from(unit.saturating_mul(lot.rejection).min(carried));
        };
        let of_start: Vec<&[u32]> = of_class.chunk_by(|a, b| key(a).1 == key(b).1).collect();
        let mut sweep = Sweep::new(instance, weight);
        for group in of_start.chunks(LANES) {
            let starts: Vec<u32> = group.iter().filter_map(|lots| key(&lots[0]).1).collect();
            sweep.from(&starts);
            if spend(1 + instance.arcs.len() as u64 / ARCS_A_TICK) {
                return None;
            }
            let nowhere = group.len() - starts.len();
            for (lane, lots) in group.iter().enumerate() {
                for lot in lots.iter().map(|&at| &instance.lots[at as usize]).filter(|lot| !is_limited(instance, lot)) {
                    // Lots that can begin nowhere come first.
                    let carried = if lane < nowhere { i64::MAX } else { sweep.cheapest(lot, lane - nowhere, unit) };
                    take(lot, carried);
                }
            }
        }
        let mut ways = None;
        for group in of_start {
            let limited =
                || group.iter().map(|&at| &instance.lots[at as usize]).filter(|lot| is_limited(instance, lot));
            let Some(longest) = limited().filter_map(|lot| lot.max_transit_s).max() else { continue };
            let ways = ways.get_or_insert_with(|| Ways::new(instance));
            if let Some(start) = key(&group[0]).1 {
                ways.from(start, Some(longest), weight);
            }
            if spend(1 + instance.arcs.len() as u64 / 4) {
                return None;
            }
            for lot in limited() {
                let carried = lot.start.and_then(|_| ways.cheapest(lot, unit)).map_or(i64::MAX, |(cost, _)| cost);
                take(lot, carried);
            }
        }
    }
    // Every plan costs a multiple of the step.
    let whole = i128::from(scale) * i128::from(instance.step);
    let steps = sum.div_euclid(whole) + i128::from(sum.rem_euclid(whole) > 0);
    Some(i64::try_from(steps * i128::from(instance.step)).unwrap_or(i64::MIN))
}

/// A bound for which no way has to be found: legs cost nothing. No prices prove less.
pub(super) fn trivial(instance: &Instance) -> i64 {
    let of = |lot: &Lot| instance.classes[lot.class].multiplier * lot.quantity * lot.rejection.min(lot.service);
    let sunk = instance.classes.iter().zip(&instance.sunk).map(|(class, &sunk)| class.multiplier * sunk);
    instance.lots.iter().map(of).sum::<i64>() + sunk.sum::<i64>()
}

/// Whether the time on the way counts, and is not that of the nodes.
fn is_limited(instance: &Instance, lot: &Lot) -> bool {
    let is_timed = |node: u32| instance.nodes[node as usize].time_s.is_some();
    lot.max_transit_s.is_some()
        && match lot.goal {
            Goal::Node(node) => !is_timed(node),
            Goal::Port(port) => !instance.ports[port as usize].nodes.iter().all(|&node| is_timed(node)),
        }
}

/// Arcs of all lanes that weigh as much as a tick.
const ARCS_A_TICK: u64 = 8;
/// Starts that are taken together.
const LANES: usize = 8;
/// Costs from here on are as good as no way: turning a lot down costs no more.
const FAR: i64 = 1 << 61;

/// Costs of the cheapest ways from some nodes at a time, in whole numbers. Nodes are gone through in an order in which most arcs, or all, lead
/// onwards, until nothing changes.
struct Sweep<'a> {
    instance: &'a Instance,
    /// Arcs by where they end, in order: (rank of the tail, rank of the head, weight).
    arcs: Vec<(u32, u32, i64)>,
    /// `[rank]`: where the arcs that end there begin.
    begin: Vec<u32>,
    /// `[node]`
    rank: Vec<u32>,
    is_acyclic: bool,
    /// `[rank][lane]`
    cost: Vec<[i64; LANES]>,
}

impl<'a> Sweep<'a> {
    fn new(instance: &'a Instance, weight: impl Fn(&Arc) -> i64) -> Self {
        let (rank, is_acyclic) = super::network::order(instance);
        let mut arcs: Vec<(u32, u32, i64)> = instance
            .arcs
            .iter()
            .map(|arc| (rank[arc.from as usize], rank[arc.to as usize], weight(arc).clamp(0, FAR)))
            .collect();
        arcs.sort_unstable_by_key(|&(tail, head, _)| (head, tail));
        let mut begin = vec![0_u32; instance.nodes.len() + 1];
        for &(_, head, _) in &arcs {
            begin[head as usize + 1] += 1;
        }
        for at in 0..instance.nodes.len() {
            begin[at + 1] += begin[at];
        }
        Self { instance, arcs, begin, rank, is_acyclic, cost: vec![[FAR; LANES]; instance.nodes.len()] }
    }

    fn from(&mut self, starts: &[u32]) {
        self.cost.fill([FAR; LANES]);
        let mut first = self.cost.len();
        for (lane, &start) in starts.iter().enumerate() {
            let rank = self.rank[start as usize] as usize;
            self.cost[rank][lane] = 0;
            first = first.min(rank);
        }
        if !self.is_acyclic {
            first = 0;
        }
        while self.pass(first) && !self.is_acyclic {}
    }

    fn pass(&mut self, first: usize) -> bool {
        let mut changed = false;
        for rank in first..self.cost.len() {
            let before = self.cost[rank];
            let mut least = before;
            for &(tail, _, weight) in &self.arcs[self.begin[rank] as usize..self.begin[rank + 1] as usize] {
                let from = &self.cost[tail as usize];
                for lane in 0..LANES {
                    least[lane] = least[lane].min(from[lane] + weight);
                }
            }
            changed |= least != before;
            self.cost[rank] = least;
        }
        changed
    }

    /// What the cheapest way of a lot costs.
    fn cheapest(&self, lot: &Lot, lane: usize, unit: i64) -> i64 {
        let at = |node: u32| {
            let extra = self.instance.ending(lot, node)?;
            let cost = self.cost[self.rank[node as usize] as usize][lane];
            (cost < FAR).then(|| cost.saturating_add(unit.saturating_mul(extra)))
        };
        match lot.goal {
            Goal::Node(node) => at(node).unwrap_or(i64::MAX),
            Goal::Port(port) => {
                let nodes = &self.instance.ports[port as usize].nodes;
                nodes.iter().filter_map(|&node| at(node)).min().unwrap_or(i64::MAX)
            }
        }
    }
}

/// Cheapest ways from one node in whole numbers: by cost alone, or by cost and time where time is limited.
pub(super) struct Ways<'a> {
    instance: &'a Instance,
    /// `[node]`: where the arcs that begin there stand in `arcs`; one entry more than nodes.
    begin: Vec<u32>,
    arcs: Vec<u32>,
    /// `[node]`: settled labels, cheapest first, each quicker than the one before.
    at: Vec<Vec<u32>>,
    labels: Vec<Label>,
    touched: Vec<u32>,
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
    pub(super) fn new(instance: &'a Instance) -> Self {
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
        Self { instance, begin, arcs, at: vec![Vec::new(); nodes], labels: Vec::new(), touched: Vec::new() }
    }

    /// Finds the ways from `start`, no longer than `longest` where time is limited. `weight` is what an arc costs; costs are cut off at `i64::MAX`.
    pub(super) fn from(&mut self, start: u32, longest: Option<i64>, weight: impl Fn(&Arc) -> i64) {
        for node in self.touched.drain(..) {
            self.at[node as usize].clear();
        }
        self.labels.clear();
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
                    let cost = cost.saturating_add(weight(to));
                    open.push(Reverse((cost, time, to.to, arc, label)));
                }
            }
        }
    }

    /// The cheapest way of a lot that begins at the start, with what it costs to end there and to be carried, and where it ends.
    /// `unit`: what one unit of cost counts.
    pub(super) fn cheapest(&self, lot: &Lot, unit: i64) -> Option<(i64, End)> {
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
    pub(super) fn arcs(&self, end: End) -> impl Iterator<Item = u32> + '_ {
        let mut at = end.label;
        std::iter::from_fn(move || {
            let label = self.labels.get(at as usize)?;
            at = label.before;
            (label.arc != NONE).then_some(label.arc)
        })
    }

    /// Whether a node can be reached at all.
    pub(super) fn reaches(&self, node: u32) -> bool {
        !self.at[node as usize].is_empty()
    }
}

/// Where a way ends.
#[derive(Clone, Copy)]
pub(super) struct End {
    label: u32,
}
