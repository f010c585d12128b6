//! From a request to an instance: every issue at once, or a validated instance with its reduced form.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::instance::{Arc, Instance, Lot, Node, Port, Resource};
use super::network::Network;
use super::timetable::{self, Timetable};
use super::wire::Wire;
use crate::issue::{Issue, Issues};
use crate::limits;
use crate::time::Time;

mod classes;
mod lots;
mod network;
#[cfg(test)]
mod tests;

/// What lots can travel on.
#[derive(Debug, Default)]
struct Read {
    nodes: Vec<Node>,
    ports: Vec<Port>,
    resources: Vec<Resource>,
    arcs: Vec<Arc>,
}

impl TryFrom<&Wire> for Instance {
    type Error = Vec<Issue>;

    fn try_from(wire: &Wire) -> Result<Self, Vec<Issue>> {
        let mut issues = Issues::new();
        counts(wire, &mut issues);
        if !issues.is_empty() {
            return Err(issues.into_vec());
        }
        if wire.nodes.is_empty() && !is_timetable(wire) {
            let action = "give ports with services or sailings; or a network of nodes and arcs";
            return Err(vec![Issue::new("no_nodes", "/nodes", "there is nothing to travel on", action)]);
        }
        if let Some(options) = &wire.options {
            options.check(&mut issues);
        }
        let start = horizon_start(wire.horizon_start, &mut issues);
        let (read, lots, timetable) = if is_timetable(wire) {
            match from_timetable(wire, start, &mut issues) {
                Some((read, lots, timetable)) => (read, lots, Some(timetable)),
                None => return Err(issues.into_vec()),
            }
        } else {
            let read = network::read(wire, &mut issues);
            let of = (&read.nodes[..], &read.ports[..], &read.arcs[..]);
            let lots = lots::Lots::new(wire, of, start, None).read(&mut issues);
            (read, lots, None)
        };
        if !issues.is_empty() {
            return Err(issues.into_vec());
        }
        let Read { nodes, ports, resources, arcs } = read;
        let (classes, sunk) = classes::classes(&lots, &arcs).map_err(|issue| vec![issue])?;
        let step = classes::step(&arcs, &lots);
        let mut lots = lots;
        for lot in &mut lots {
            lot.class = classes.iter().position(|class| usize::from(class.class) == lot.class).unwrap_or(0);
        }
        let network = Network::default();
        let mut instance = Self { nodes, ports, resources, arcs, lots, classes, sunk, step, network, start, timetable };
        pinned_fit(&instance, &mut issues);
        if issues.is_empty() {
            instance.network = Network::new(&instance);
        }
        issues.into_result(instance)
    }
}

/// Whether a request speaks of ports and sailings.
fn is_timetable(wire: &Wire) -> bool {
    !(wire.ports.is_empty() && wire.services.is_empty() && wire.sailings.is_empty() && wire.transfers.is_empty())
}

/// Expands a timetable, and reads the lots that travel by it.
fn from_timetable(wire: &Wire, start: Option<Timestamp>, issues: &mut Issues) -> Option<(Read, Vec<Lot>, Timetable)> {
    for (path, is_there) in [
        ("/nodes", !wire.nodes.is_empty()),
        ("/arcs", !wire.arcs.is_empty()),
        ("/resources", !wire.resources.is_empty()),
    ] {
        if is_there {
            let cause = "the request has a timetable, from which the network is made, and a part of a network";
            issues.note("two_forms", path, cause, "send one of the two");
        }
    }
    let schedule = timetable::schedule(wire, start, issues);
    let mut kinds: BTreeSet<_> = wire.lots.iter().map(lots::kind).collect();
    if kinds.is_empty() {
        kinds.insert(lots::kind(&super::wire::LotWire::default()));
    }
    let schedule = schedule?;
    let releases = schedule.releases(&wire.lots);
    let expansion = match timetable::expand(&schedule, &kinds, &releases) {
        Ok(expansion) => expansion,
        Err(cause) => {
            issues.note("too_large", "", cause, "shorten the horizon, lengthen shifts, or split the network");
            return None;
        }
    };
    let of = (&expansion.nodes[..], &expansion.ports[..], &expansion.arcs[..]);
    let lots = lots::Lots::new(wire, of, start, Some((&schedule, &expansion))).read(issues);
    let timetable::Expansion { nodes, ports, resources, arcs, steps, rooms, .. } = expansion;
    Some((Read { nodes, ports, resources, arcs }, lots, Timetable { schedule, steps, rooms }))
}

fn horizon_start(start: Option<Time>, issues: &mut Issues) -> Option<Timestamp> {
    match start? {
        Time::Absolute(start) if start.subsec_nanosecond() == 0 => Some(start),
        other => {
            let cause = format!("horizon_start is {other}");
            let action = "give an RFC 3339 time of whole seconds";
            issues.note("horizon_start_not_absolute", "/horizon_start", cause, action);
            None
        }
    }
}

fn counts(wire: &Wire, issues: &mut Issues) {
    for (path, what, count, limit) in [
        ("/nodes", "nodes", wire.nodes.len(), limits::MAX_NODES),
        ("/resources", "resources", wire.resources.len(), limits::MAX_RESOURCES),
        ("/arcs", "arcs", wire.arcs.len(), limits::MAX_ARCS),
        ("/lots", "lots", wire.lots.len(), limits::MAX_LOTS),
    ] {
        if count > limit {
            let cause = format!("{count} {what}; the limit is {limit}");
            issues.note(
                "too_large",
                path,
                cause,
                "split the horizon or the network; merge lots of the same way and terms",
            );
        }
    }
}

/// The settled arcs alone must not take more than there is.
pub(super) fn pinned_fit(instance: &Instance, issues: &mut Issues) {
    let mut taken = vec![0_i64; instance.resources.len()];
    for lot in &instance.lots {
        for &arc in &lot.pinned {
            for &(resource, units) in &instance.arcs[arc as usize].uses {
                taken[resource as usize] += i64::from(units) * lot.quantity;
            }
        }
    }
    for (at, (resource, taken)) in instance.resources.iter().zip(taken).enumerate() {
        if taken > resource.capacity {
            let cause = format!("pinned legs take {taken} units of {:?}, which has {}", resource.id, resource.capacity);
            let is_sent = instance.timetable.is_none();
            let path = if is_sent { format!("/resources/{at}/capacity") } else { String::new() };
            issues.note("pinned_over_capacity", path, cause, "raise it, or unpin a lot");
        }
    }
}
