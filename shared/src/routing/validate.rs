//! From a request to an instance: every issue at once, or a validated instance with its reduced form.

use std::collections::HashMap;

use super::instance::{Arc, Class, Goal, Instance, Lot, Node, Port, Resource};
use super::network::Network;
use super::wire::{ArcWire, LotWire, NodeWire, Wire};
use crate::issue::{Issue, Issues};
use crate::limits::{self, MAX_QUANTITY, MAX_TIME_S, MAX_UNIT_COST};

#[cfg(test)]
mod tests;

impl TryFrom<&Wire> for Instance {
    type Error = Vec<Issue>;

    fn try_from(wire: &Wire) -> Result<Self, Vec<Issue>> {
        let mut issues = Issues::new();
        counts(wire, &mut issues);
        if !issues.is_empty() {
            return Err(issues.into_vec());
        }
        if let Some(options) = &wire.options {
            options.check(&mut issues);
        }
        let names = issues.ids("/nodes", wire.nodes.iter().map(|node| node.id.as_str()));
        let (nodes, ports) = nodes(&wire.nodes, &names, &mut issues);
        let limited = issues.ids("/resources", wire.resources.iter().map(|resource| resource.id.as_str()));
        let resources = wire.resources.iter().enumerate().map(|(at, resource)| {
            let path = format!("/resources/{at}/capacity");
            Resource {
                id: resource.id.clone(),
                capacity: issues.whole(&path, resource.capacity, 0, 1_000 * MAX_QUANTITY),
            }
        });
        let resources: Vec<Resource> = resources.collect();
        let arcs = arcs(&wire.arcs, &nodes, &names, &limited, &mut issues);
        let lots = Lots::new(wire, &nodes, &ports, &names, &arcs).read(&mut issues);
        if !issues.is_empty() {
            return Err(issues.into_vec());
        }
        let (classes, sunk) = classes(&lots, &arcs).map_err(|issue| vec![issue])?;
        pinned_fit(&resources, &arcs, &lots, &mut issues);
        let step = step(&arcs, &lots);
        let mut lots = lots;
        for lot in &mut lots {
            lot.class = classes.iter().position(|class| usize::from(class.class) == lot.class).unwrap_or(0);
        }
        let mut instance =
            Self { nodes, ports, resources, arcs, lots, classes, sunk, step, network: Network::default() };
        if issues.is_empty() {
            instance.network = Network::new(&instance);
        }
        issues.into_result(instance)
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
    if wire.nodes.is_empty() {
        issues.note("no_nodes", "/nodes", "there is no node", "give at least one node");
    }
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

/// Reads the lots of a request whose network is known.
struct Lots<'a> {
    wire: &'a Wire,
    nodes: &'a [Node],
    ports: &'a [Port],
    names: &'a HashMap<&'a str, usize>,
    by_port: HashMap<&'a str, u32>,
    arcs: &'a [Arc],
    by_arc: HashMap<&'a str, u32>,
}

impl<'a> Lots<'a> {
    fn new(
        wire: &'a Wire,
        nodes: &'a [Node],
        ports: &'a [Port],
        names: &'a HashMap<&'a str, usize>,
        arcs: &'a [Arc],
    ) -> Self {
        let by_port = ports.iter().enumerate().map(|(at, port)| (port.id.as_str(), at as u32)).collect();
        let by_arc = arcs.iter().enumerate().filter_map(|(at, arc)| Some((arc.id.as_deref()?, at as u32))).collect();
        Self { wire, nodes, ports, names, by_port, arcs, by_arc }
    }

    fn read(&self, issues: &mut Issues) -> Vec<Lot> {
        issues.ids("/lots", self.wire.lots.iter().map(|lot| lot.id.as_str()));
        let lots = self.wire.lots.iter().enumerate();
        lots.filter_map(|(at, lot)| self.lot(lot, &format!("/lots/{at}"), issues)).collect()
    }

    /// A node, or a port; an issue where it is neither.
    fn place(&self, name: &str, path: String, issues: &mut Issues) -> Option<Goal> {
        if let Some(&node) = self.names.get(name) {
            return Some(Goal::Node(node as u32));
        }
        if let Some(&port) = self.by_port.get(name) {
            return Some(Goal::Port(port));
        }
        let cause = format!("there is no node and no port {name:?}");
        issues.note("unknown_place", path, cause, "name a node of /nodes, or a port that a node names");
        None
    }

    fn lot(&self, wire: &LotWire, path: &str, issues: &mut Issues) -> Option<Lot> {
        let origin = self.place(&wire.origin, format!("{path}/origin"), issues)?;
        let goal = self.place(&wire.destination, format!("{path}/destination"), issues)?;
        if origin == goal {
            issues.note("goes_nowhere", path, "the lot is already where it is to go", "drop the lot");
        }
        let quantity = issues.whole(&format!("{path}/quantity"), wire.quantity, 1, MAX_QUANTITY);
        let mut time = |field: &str, value: Option<i64>| {
            value.map(|value| issues.whole(&format!("{path}/{field}"), value, 0, MAX_TIME_S))
        };
        let (release_s, due_s) = (time("release_s", wire.release_s), time("due_s", wire.due_s));
        let max_transit_s = time("max_transit_s", wire.max_transit_s).filter(|_| !self.wire.ignore_transit_limits);
        let mut cost = |field: &str, value: i64| issues.whole(&format!("{path}/{field}"), value, 0, MAX_UNIT_COST);
        let late = wire.late_cents_per_day.map(|late| cost("late_cents_per_day", late));
        let rejection = cost("rejection_cents", wire.rejection_cents);
        let path_of_service = format!("{path}/service_cents");
        let service = issues.whole(&path_of_service, wire.service_cents, -MAX_UNIT_COST, MAX_UNIT_COST);
        if let (Some(release), Some(due)) = (release_s, due_s)
            && due < release
        {
            let cause = format!("the lot is due at {due} s, before it is ready at {release} s");
            issues.note("due_before_release", path, cause, "correct release_s or due_s");
        }
        if late.is_some() && due_s.is_none() {
            let cause = "the lot has a cost of being late, and no due_s to be late for";
            issues.note("late_without_due", format!("{path}/late_cents_per_day"), cause, "add due_s, or drop it");
        }
        if wire.class > limits::MAX_CLASS {
            let cause = format!("the class is {}", wire.class);
            issues.note("number_out_of_range", format!("{path}/class"), cause, "give a class from 0 to 9");
        }
        let release = release_s.unwrap_or(0);
        let source = match origin {
            Goal::Node(node) => Some(node),
            Goal::Port(port) => self.ports[port as usize]
                .nodes
                .iter()
                .copied()
                .find(|&node| self.nodes[node as usize].time_s.is_none_or(|time| time >= release)),
        };
        if let (Goal::Node(node), Some(release)) = (origin, release_s)
            && self.nodes[node as usize].time_s.is_some_and(|time| time < release)
        {
            let cause = format!("the lot begins at {:?}, which is before it is ready", wire.origin);
            issues.note("leaves_before_release", format!("{path}/origin"), cause, "name a later node, or the port");
        }
        let (pinned, start) = self.pinned(wire, path, source, issues);
        Some(Lot {
            id: wire.id.clone(),
            source,
            start,
            goal,
            quantity,
            release_s: release,
            due_s,
            late,
            max_transit_s,
            class: usize::from(wire.class),
            rejection,
            service,
            whole: wire.whole,
            pinned,
        })
    }

    /// The settled arcs and the node that they lead to.
    fn pinned(&self, wire: &LotWire, path: &str, source: Option<u32>, issues: &mut Issues) -> (Vec<u32>, Option<u32>) {
        let mut at = source;
        let mut pinned = Vec::with_capacity(wire.pinned.len());
        for (nth, name) in wire.pinned.iter().enumerate() {
            let path = format!("{path}/pinned/{nth}");
            let Some(&arc) = self.by_arc.get(name.as_str()) else {
                issues.note("unknown_arc", path, format!("there is no arc {name:?}"), "name an arc that has this id");
                return (pinned, None);
            };
            if at != Some(self.arcs[arc as usize].from) {
                let cause = format!("{name:?} does not begin where the lot is by then");
                issues.note("pinned_gap", path, cause, "list the arcs in order, from the lot's origin on");
                return (pinned, None);
            }
            at = Some(self.arcs[arc as usize].to);
            pinned.push(arc);
        }
        (pinned, at)
    }
}

/// The classes that occur with what each counts, and what the pinned arcs cost in each. `class` of a lot is still the number sent.
fn classes(lots: &[Lot], arcs: &[Arc]) -> Result<(Vec<Class>, Vec<i64>), Issue> {
    let mut numbers: Vec<usize> = lots.iter().map(|lot| lot.class).collect();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.is_empty() {
        numbers.push(0);
    }
    // How far apart the costs of two plans worth looking at can be.
    let mut most = vec![0_i128; numbers.len()];
    let mut sunk = vec![0_i128; numbers.len()];
    for lot in lots {
        let class = numbers.binary_search(&lot.class).unwrap_or(0);
        let pinned: i64 = lot.pinned.iter().map(|&arc| arcs[arc as usize].cost).sum();
        sunk[class] += i128::from(lot.quantity) * i128::from(pinned);
        // Turning a lot down is always allowed, so a class costs no more than that in any plan worth looking at.
        most[class] += i128::from(lot.quantity) * i128::from(lot.rejection - lot.service.min(0));
    }
    let step = i128::from(step(arcs, lots));
    let too_large = || {
        Issue::new(
            "objective_too_large",
            "/lots",
            "with these priority classes, quantities and costs the objective could grow past what is counted exactly",
            "use fewer priority classes, smaller costs, or costs that are multiples of 100",
        )
    };
    let fit =
        |value: i128| i64::try_from(value).ok().filter(|&value| value <= limits::MAX_OBJECTIVE).ok_or_else(too_large);
    let mut classes = Vec::with_capacity(numbers.len());
    let mut multiplier = 1_i128;
    for at in (0..numbers.len()).rev() {
        classes.push(Class { class: numbers[at] as u8, multiplier: fit(multiplier)? });
        // invariant: multiplier * step exceeds what all later classes can cost or save.
        let total = (most[at] + sunk[at]) * multiplier + multiplier * step;
        fit(total)?;
        multiplier = total / step + 1;
    }
    classes.reverse();
    Ok((classes, sunk.into_iter().map(fit).collect::<Result<_, _>>()?))
}

/// The greatest number that divides every cost.
fn step(arcs: &[Arc], lots: &[Lot]) -> i64 {
    let costs = arcs.iter().map(|arc| arc.cost);
    let terms = lots.iter().flat_map(|lot| [lot.rejection, lot.service, lot.late.unwrap_or(0)]);
    costs.chain(terms).map(i64::abs).fold(0, gcd).max(1)
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The settled arcs alone must not take more than there is.
fn pinned_fit(resources: &[Resource], arcs: &[Arc], lots: &[Lot], issues: &mut Issues) {
    let mut taken = vec![0_i64; resources.len()];
    for lot in lots {
        for &arc in &lot.pinned {
            for &(resource, units) in &arcs[arc as usize].uses {
                taken[resource as usize] += i64::from(units) * lot.quantity;
            }
        }
    }
    for (at, (resource, taken)) in resources.iter().zip(taken).enumerate() {
        if taken > resource.capacity {
            let cause = format!("pinned arcs take {taken} units of {:?}, which has {}", resource.id, resource.capacity);
            issues.note("pinned_over_capacity", format!("/resources/{at}/capacity"), cause, "raise it, or unpin a lot");
        }
    }
}
