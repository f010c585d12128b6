//! What an earlier answer says of a request that is much like the one it was given to: its ways are the first columns, its prices the first duals.
//!
//! Arcs, lots and resources are found again by their names, arcs without one by their ends. What the new request no longer has is passed over: a way with
//! a leg that is closed, the price of a resource that is gone. Nothing of an earlier answer is believed: plan and bound are computed anew, and are as good as
//! those of a solve from nothing whatever the earlier answer was.

use std::collections::BTreeMap;

use super::certificate::Certificate;
use super::instance::{Class, Instance};
use super::plan::{Flow, Plan};

/// Where a solve may begin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Warm {
    /// `[resource]`: what a unit is worth, in units of the objective.
    pub(super) prices: Vec<f64>,
    /// Ways of lots, and how many containers went there.
    pub(super) flows: Vec<Flow>,
}

impl Warm {
    /// What the answer to `earlier` says of `now`.
    pub fn new(earlier: &Instance, plan: &Plan, certificate: &Certificate, now: &Instance) -> Self {
        Self { prices: prices(earlier, certificate, now), flows: flows(earlier, plan, now) }
    }
}

fn prices(earlier: &Instance, certificate: &Certificate, now: &Instance) -> Vec<f64> {
    let at: BTreeMap<&str, usize> =
        now.resources.iter().enumerate().map(|(at, resource)| (resource.id.as_str(), at)).collect();
    let mut prices = vec![0.0; now.resources.len()];
    for &(resource, price) in &certificate.prices {
        let named = earlier.resources.get(resource as usize).and_then(|resource| at.get(resource.id.as_str()));
        if let Some(&at) = named {
            let price = price.max(0) as f64 / certificate.scale.max(1) as f64;
            prices[at] = reweighed(price, &earlier.classes, &now.classes);
        }
    }
    prices
}

/// A price in units of another objective: what it is worth to each class counts what that class counts now.
fn reweighed(price: f64, earlier: &[Class], now: &[Class]) -> f64 {
    let (mut rest, mut sum) = (price, 0.0);
    for (nth, class) in earlier.iter().enumerate() {
        let part = rest / class.multiplier as f64;
        let part = if nth + 1 == earlier.len() { part } else { part.floor() };
        rest -= part * class.multiplier as f64;
        let counts = now.iter().find(|other| other.class == class.class).map_or(0, |class| class.multiplier);
        sum += part * counts as f64;
    }
    sum
}

/// An arc by its name, or by its ends and how many without a name came before it between them.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Named<'a> {
    Id(&'a str),
    Ends(&'a str, &'a str, u32),
}

fn named(instance: &Instance) -> Vec<Named<'_>> {
    let mut nameless: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    let name = |node: u32| instance.nodes[node as usize].id.as_str();
    let mut found = Vec::with_capacity(instance.arcs.len());
    for arc in &instance.arcs {
        found.push(if let Some(id) = &arc.id {
            Named::Id(id)
        } else {
            let nth = nameless.entry((arc.from, arc.to)).or_default();
            *nth += 1;
            Named::Ends(name(arc.from), name(arc.to), *nth)
        });
    }
    found
}

fn flows(earlier: &Instance, plan: &Plan, now: &Instance) -> Vec<Flow> {
    let new_arc: BTreeMap<Named<'_>, u32> =
        named(now).into_iter().enumerate().map(|(at, named)| (named, at as u32)).collect();
    let arc: Vec<Option<u32>> = named(earlier).iter().map(|named| new_arc.get(named).copied()).collect();
    let lot: BTreeMap<&str, u32> = now.lots.iter().enumerate().map(|(at, lot)| (lot.id.as_str(), at as u32)).collect();
    let mut found = Vec::new();
    for routed in &plan.lots {
        let Some(&at) = lot.get(routed.lot.as_str()) else { continue };
        for route in &routed.routes {
            let arcs: Option<Vec<u32>> = route.arcs().map(|at| arc.get(at as usize).copied().flatten()).collect();
            if let Some(arcs) = arcs.and_then(|arcs| leads_there(now, at, &arcs)) {
                found.push(Flow { lot: at, quantity: route.quantity.max(0), arcs });
            }
        }
    }
    found.sort_unstable();
    found
}

/// The free part of a way, where it is one of the lot's.
fn leads_there(instance: &Instance, at: u32, arcs: &[u32]) -> Option<Vec<u32>> {
    let lot = &instance.lots[at as usize];
    let mut here = lot.source?;
    let mut transit = 0_i64;
    for &arc in arcs {
        let arc = &instance.arcs[arc as usize];
        if arc.from != here {
            return None;
        }
        here = arc.to;
        transit = transit.saturating_add(arc.transit_s);
    }
    instance.ending(lot, here)?;
    let is_timed = instance.nodes[here as usize].time_s.is_some();
    let is_quick = is_timed || lot.max_transit_s.is_none_or(|most| transit <= most);
    (is_quick && arcs.starts_with(&lot.pinned)).then(|| arcs[lot.pinned.len()..].to_vec())
}
