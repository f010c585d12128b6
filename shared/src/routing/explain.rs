//! Why containers are not carried, what would admit them, and what room is worth.
//!
//! For each lot the way with the fewest full resources is looked for, the cheapest one of them: if one is full on it, more of that one admits a
//! container; if none is, carrying it is not worth it. Where no way is quick enough, the quickest one says how much time it takes.

use std::collections::BTreeMap;

use super::certificate::{Certificate, Ways};
use super::instance::{Arc, Goal, Instance, Lot};
use super::plan::{Blocking, Cause, Remedy, Route, Routed, Unserved, Valued};

/// Lots that are explained at most.
const MAX_EXPLAINED: usize = 2_000;
/// Resources that are listed.
const MOST_VALUABLE: usize = 10;
/// What a full resource on a way counts: more than any way costs.
const FULL: i64 = 1 << 42;

/// What is in the way of lots that are turned down, or late.
pub(super) fn unserved(instance: &Instance, routed: &[Routed], used: &[i64], prices: &Certificate) -> Vec<Unserved> {
    let late = |at: usize| {
        let Some(due) = instance.lots[at].due_s else { return 0 };
        let ends = |route: &&Route| {
            let last = route.arcs().last().map(|arc| instance.arcs[arc as usize].to);
            last.and_then(|node| instance.nodes[node as usize].time_s)
        };
        let late = routed[at].routes.iter().filter(|route| ends(route).is_some_and(|ends| ends > due));
        late.map(|route| route.quantity).sum::<i64>()
    };
    let mut by_start: BTreeMap<Option<u32>, Vec<usize>> = BTreeMap::new();
    for at in (0..routed.len()).filter(|&at| routed[at].rejected > 0 || late(at) > 0).take(MAX_EXPLAINED) {
        by_start.entry(instance.lots[at].start).or_default().push(at);
    }
    let worth = Worth::new(instance, prices);
    let is_full = |&(resource, units): &(u32, u32)| {
        used[resource as usize] + i64::from(units) > instance.resources[resource as usize].capacity
    };
    let full = |arc: &Arc| FULL * arc.uses.iter().filter(|uses| is_full(uses)).count() as i64;
    let open_weights: Vec<i64> = instance.arcs.iter().map(|arc| arc.cost + full(arc)).collect();
    let quick_weights: Vec<i64> = instance.arcs.iter().map(|arc| arc.transit_s).collect();
    let (mut open, mut quick) = (Ways::new(instance), Ways::new(instance));
    let mut found: Vec<(usize, Unserved)> = Vec::new();
    for (start, lots) in by_start {
        if let Some(start) = start {
            let longest = lots.iter().filter_map(|&at| instance.lots[at].max_transit_s).max();
            open.from(start, longest, &open_weights);
        }
        let mut is_quick_known = false;
        for at in lots {
            let lot = &instance.lots[at];
            // Of what is only late, the question is why it is not in time.
            let in_time = (routed[at].rejected == 0).then(|| Lot { late: None, ..lot.clone() });
            let pinned: i64 = lot.pinned.iter().map(|&arc| instance.arcs[arc as usize].cost).sum();
            let paid = routed[at].routes.iter().map(|route| route.cost_cents - pinned).max();
            let (lot, worth_it) = match (&in_time, paid) {
                (Some(in_time), Some(paid)) => (in_time, paid),
                _ => (lot, lot.rejection),
            };
            let (cause, remedy) = match start.and_then(|_| open.cheapest(lot, 1)) {
                Some((cost, end)) => {
                    let arcs: Vec<&Arc> = open.arcs(end).map(|arc| &instance.arcs[arc as usize]).collect();
                    no_room(instance, &arcs, (cost, worth_it), &is_full, &worth)
                }
                None => {
                    if let Some(start) = start.filter(|_| !std::mem::replace(&mut is_quick_known, true)) {
                        quick.from(start, None, &quick_weights);
                    }
                    too_slow(instance, lot, &quick)
                }
            };
            let is_rejected = routed[at].rejected > 0;
            let remedy = remedy.filter(|remedy| is_rejected || !matches!(remedy, Remedy::RaiseRejection { .. }));
            let unserved =
                Unserved { lot: lot.id.clone(), rejected: routed[at].rejected, late: late(at), cause, remedy };
            found.push((at, unserved));
        }
    }
    found.sort_by_key(|&(at, _)| at);
    found.into_iter().map(|(_, unserved)| unserved).collect()
}

fn no_room(
    instance: &Instance,
    arcs: &[&Arc],
    (cost, worth_it): (i64, i64),
    is_full: &impl Fn(&(u32, u32)) -> bool,
    worth: &Worth,
) -> (Cause, Option<Remedy>) {
    let mut full: BTreeMap<u32, i64> = BTreeMap::new();
    for uses in arcs.iter().flat_map(|arc| &arc.uses).filter(|uses| is_full(uses)) {
        *full.entry(uses.0).or_default() += i64::from(uses.1);
    }
    if full.is_empty() {
        let costs_more_cents = (cost - worth_it).max(0);
        let remedy = (costs_more_cents > 0).then_some(Remedy::RaiseRejection { rejection_cents: cost });
        return (Cause::NotWorthIt { costs_more_cents }, remedy);
    }
    let name = |resource: u32| instance.resources[resource as usize].id.clone();
    let blocking =
        full.keys().map(|&resource| Blocking { resource: name(resource), worth_cents: worth.of(resource).1 });
    let remedy = match full.iter().next() {
        Some((&resource, &units)) if full.len() == 1 => Some(Remedy::RaiseCapacity { resource: name(resource), units }),
        _ => None,
    };
    (Cause::NoRoom { blocking: blocking.collect() }, remedy)
}

fn too_slow(instance: &Instance, lot: &Lot, quick: &Ways<'_>) -> (Cause, Option<Remedy>) {
    if lot.start.is_none() {
        return (Cause::Unreachable, None);
    }
    let nodes: Vec<u32> = match lot.goal {
        Goal::Node(node) => vec![node],
        Goal::Port(port) => instance.ports[port as usize].nodes.clone(),
    };
    let reached: Vec<u32> = nodes.into_iter().filter(|&node| quick.reaches(node)).collect();
    let timed = reached.iter().filter_map(|&node| instance.nodes[node as usize].time_s);
    let earliest = timed.filter(|&time| time >= lot.release_s).min();
    if let Some(arrives) = earliest {
        let limit = lot.max_transit_s.filter(|&most| arrives - lot.release_s > most);
        let remedy = match limit {
            Some(_) if lot.due_s.is_none_or(|due| arrives <= due || lot.late.is_some()) => {
                Some(Remedy::AllowTransit { max_transit_s: arrives - lot.release_s })
            }
            Some(_) => None,
            None => Some(Remedy::AllowUntil { due: instance.time(arrives) }),
        };
        return (Cause::TooSlow, remedy);
    }
    let free = Lot { max_transit_s: None, ..lot.clone() };
    match quick.cheapest(&free, 0) {
        Some((_, end)) => {
            let legs = quick.arcs(end).chain(lot.pinned.iter().copied());
            let max_transit_s = legs.map(|arc| instance.arcs[arc as usize].transit_s).sum();
            (Cause::TooSlow, Some(Remedy::AllowTransit { max_transit_s }))
        }
        None => (Cause::Unreachable, None),
    }
}

/// What a unit of each resource is worth.
struct Worth {
    /// `[resource]`: class and hundredths.
    of: Vec<(u8, i64)>,
}

impl Worth {
    fn new(instance: &Instance, certificate: &Certificate) -> Self {
        let last = instance.classes.last().map_or(0, |class| class.class);
        let mut of = vec![(last, 0); instance.resources.len()];
        for &(resource, price) in &certificate.prices {
            let worth = price / certificate.scale;
            let class = instance.classes.iter().find(|class| worth >= class.multiplier);
            if let Some(class) = class {
                of[resource as usize] = (class.class, worth / class.multiplier);
            }
        }
        Self { of }
    }

    fn of(&self, resource: u32) -> (u8, i64) {
        self.of[resource as usize]
    }
}

/// The resources of which a unit more is worth most.
pub(super) fn most_valuable(instance: &Instance, used: &[i64], prices: &Certificate) -> Vec<Valued> {
    let worth = Worth::new(instance, prices);
    let mut listed: Vec<(u32, i64)> = prices.prices.clone();
    listed.sort_by_key(|&(resource, price)| (std::cmp::Reverse(price), resource));
    let listed = listed.into_iter().filter(|&(resource, _)| worth.of(resource).1 > 0).take(MOST_VALUABLE);
    let valued = listed.map(|(resource, _)| {
        let of = &instance.resources[resource as usize];
        let (class, worth_cents) = worth.of(resource);
        Valued { resource: of.id.clone(), capacity: of.capacity, used: used[resource as usize], class, worth_cents }
    });
    valued.collect()
}
