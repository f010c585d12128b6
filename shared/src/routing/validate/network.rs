//! Reads a network: nodes with their ports, resources, arcs.

use std::collections::HashMap;

use super::super::instance::{Arc, Node, Port, Resource};
use super::super::wire::{ArcWire, NodeWire, Wire};
use super::Read;
use crate::issue::Issues;
use crate::limits::{self, MAX_QUANTITY, MAX_TIME_S, MAX_UNIT_COST};

/// Reads a request's network.
pub(super) fn read(wire: &Wire, issues: &mut Issues) -> Read {
    let names = issues.ids("/nodes", wire.nodes.iter().map(|node| node.id.as_str()));
    let (nodes, ports) = nodes(&wire.nodes, &names, issues);
    let limited = issues.ids("/resources", wire.resources.iter().map(|resource| resource.id.as_str()));
    let resources = wire.resources.iter().enumerate().map(|(at, resource)| {
        let path = format!("/resources/{at}/capacity");
        Resource { id: resource.id.clone(), capacity: issues.whole(&path, resource.capacity, 0, 1_000 * MAX_QUANTITY) }
    });
    let resources: Vec<Resource> = resources.collect();
    let arcs = arcs(&wire.arcs, &nodes, &names, &limited, issues);
    Read { nodes, ports, resources, arcs }
}

fn nodes(wires: &[NodeWire], names: &HashMap<&str, usize>, issues: &mut Issues) -> (Vec<Node>, Vec<Port>) {
    let mut ports: Vec<Port> = Vec::new();
    let mut known: HashMap<&str, u32> = HashMap::new();
    let mut nodes = Vec::with_capacity(wires.len());
    for (at, wire) in wires.iter().enumerate() {
        let time_s = wire.time_s.map(|time| issues.whole(&format!("/nodes/{at}/time_s"), time, 0, MAX_TIME_S));
        let port = wire.port.as_deref().map(|name| {
            let path = format!("/nodes/{at}/port");
            issues.name(&path, name);
            if names.get(name).is_some_and(|&other| other != at || wires[other].id == name) {
                let cause = format!("{name:?} is the name of a node as well");
                issues.note("port_named_as_node", &path, cause, "give ports and nodes different names");
            }
            let port = *known.entry(name).or_insert_with(|| {
                ports.push(Port { id: name.to_owned(), nodes: Vec::new() });
                ports.len() as u32 - 1
            });
            ports[port as usize].nodes.push(at as u32);
            port
        });
        nodes.push(Node { id: wire.id.clone(), port, time_s });
    }
    for port in &mut ports {
        port.nodes.sort_by_key(|&at| (nodes[at as usize].time_s.unwrap_or(i64::MAX), at));
    }
    (nodes, ports)
}

fn arcs(
    wires: &[ArcWire],
    nodes: &[Node],
    names: &HashMap<&str, usize>,
    resources: &HashMap<&str, usize>,
    issues: &mut Issues,
) -> Vec<Arc> {
    let mut arcs = Vec::with_capacity(wires.len());
    for (at, wire) in wires.iter().enumerate() {
        let path = format!("/arcs/{at}");
        let mut end = |field: &str, name: &str| {
            let found = names.get(name).map(|&node| node as u32);
            if found.is_none() {
                let cause = format!("there is no node {name:?}");
                issues.note("unknown_node", format!("{path}/{field}"), cause, "name a node of /nodes");
            }
            found
        };
        let (Some(from), Some(to)) = (end("from", &wire.from), end("to", &wire.to)) else { continue };
        if from == to {
            issues.note("arc_to_itself", &path, "the arc ends where it begins", "drop the arc");
        }
        let cost = issues.whole(&format!("{path}/cost_cents"), wire.cost_cents, 0, MAX_UNIT_COST);
        let times = (nodes[from as usize].time_s, nodes[to as usize].time_s);
        if let (Some(begin), Some(end)) = times
            && end < begin
        {
            let cause = format!("the arc begins at {begin} s and ends earlier, at {end} s");
            issues.note("arc_back_in_time", &path, cause, "correct the nodes' times or the arc's ends");
        }
        let given = wire.transit_s.map(|time| issues.whole(&format!("{path}/transit_s"), time, 0, MAX_TIME_S));
        let between = if let (Some(begin), Some(end)) = times { Some(end - begin) } else { None };
        let uses = uses(&wire.uses, &path, resources, issues);
        let transit_s = given.or(between).unwrap_or(0);
        arcs.push(Arc { id: wire.id.clone(), from, to, cost, transit_s, uses });
    }
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (at, id) in wires.iter().enumerate().filter_map(|(at, wire)| Some((at, wire.id.as_deref()?))) {
        let path = format!("/arcs/{at}/id");
        issues.name(&path, id);
        if let Some(first) = seen.insert(id, at) {
            let cause = format!("{id:?} is already the id of /arcs/{first}");
            issues.note("duplicate_id", &path, cause, "give each its own id");
        }
    }
    arcs
}

/// What a container takes of each resource, by position.
fn uses(names: &[String], path: &str, resources: &HashMap<&str, usize>, issues: &mut Issues) -> Vec<(u32, u32)> {
    if names.len() > limits::MAX_USES {
        let cause = format!("the arc uses {} resources; the limit is {}", names.len(), limits::MAX_USES);
        issues.note("too_many_uses", format!("{path}/uses"), cause, "merge resources that are always used together");
        return Vec::new();
    }
    let mut uses: Vec<(u32, u32)> = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let Some(&resource) = resources.get(name.as_str()) else {
            let cause = format!("there is no resource {name:?}");
            issues.note("unknown_resource", format!("{path}/uses/{at}"), cause, "name a resource of /resources");
            continue;
        };
        match uses.iter_mut().find(|(other, _)| *other as usize == resource) {
            Some((_, units)) => *units += 1,
            None => uses.push((resource as u32, 1)),
        }
    }
    uses.sort_unstable();
    uses
}
