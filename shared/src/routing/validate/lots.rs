//! Reads the lots of a request whose network is known.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use super::super::instance::{Arc, Goal, Lot, Node, Port};
use super::super::timetable::{Expansion, Kind, Pins, Schedule};
use super::super::wire::{LotWire, PinWire, Wire};
use crate::iso6346;
use crate::issue::Issues;
use crate::limits::{self, MAX_QUANTITY, MAX_TIME_S, MAX_UNIT_COST};
use crate::time::Time;

/// What the containers of a lot take.
pub(super) fn kind(lot: &LotWire) -> Kind {
    let teu = if matches!(lot.length_ft, Some(40 | 45)) { 2 } else { 1 };
    Kind { teu, reefer: lot.reefer }
}

/// Reads lots.
pub(super) struct Lots<'a> {
    wire: &'a Wire,
    nodes: &'a [Node],
    ports: &'a [Port],
    arcs: &'a [Arc],
    start: Option<Timestamp>,
    /// Nodes of a network.
    names: HashMap<&'a str, usize>,
    /// Ports; with a timetable those of the first kind.
    by_port: HashMap<&'a str, u32>,
    by_arc: HashMap<&'a str, u32>,
    /// With a timetable.
    table: Option<(&'a Schedule, &'a Expansion)>,
}

impl<'a> Lots<'a> {
    pub(super) fn new(
        wire: &'a Wire,
        (nodes, ports, arcs): (&'a [Node], &'a [Port], &'a [Arc]),
        start: Option<Timestamp>,
        table: Option<(&'a Schedule, &'a Expansion)>,
    ) -> Self {
        let names = match table {
            Some(_) => HashMap::new(),
            None => nodes.iter().enumerate().map(|(at, node)| (node.id.as_str(), at)).collect(),
        };
        let layer = table.map_or(ports.len(), |(schedule, _)| schedule.ports.len());
        let by_port = ports.iter().take(layer).enumerate().map(|(at, port)| (port.id.as_str(), at as u32)).collect();
        let by_id = |(at, arc): (usize, &'a Arc)| Some((arc.id.as_deref()?, at as u32));
        let by_arc = arcs.iter().enumerate().filter_map(by_id).collect();
        Self { wire, nodes, ports, arcs, start, names, by_port, by_arc, table }
    }

    pub(super) fn read(&self, issues: &mut Issues) -> Vec<Lot> {
        issues.ids("/lots", self.wire.lots.iter().map(|lot| lot.id.as_str()));
        self.containers(issues);
        let mut pins = self.table.map(|(schedule, expansion)| Pins::new(schedule, expansion));
        let lots = self.wire.lots.iter().enumerate();
        lots.filter_map(|(at, lot)| self.lot(lot, &format!("/lots/{at}"), pins.as_mut(), issues)).collect()
    }

    /// Each container is in one lot, and its number is sound.
    fn containers(&self, issues: &mut Issues) {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for (lot, wire) in self.wire.lots.iter().enumerate() {
            for (at, number) in wire.containers.iter().enumerate() {
                let path = format!("/lots/{lot}/containers/{at}");
                issues.name(&path, number);
                if let Err(right) = iso6346::check(number) {
                    let cause = format!("the check digit of {number:?} should be {right}");
                    issues.note("wrong_check_digit", &path, cause, "correct the container number");
                }
                if !seen.insert(number) {
                    issues.note("duplicate_container", &path, format!("{number:?} is named twice"), "name it once");
                }
            }
        }
    }

    /// A node, or a port; an issue where it is neither.
    fn place(&self, name: &str, kind: usize, path: String, issues: &mut Issues) -> Option<Goal> {
        if let Some(&node) = self.names.get(name) {
            return Some(Goal::Node(node as u32));
        }
        if let Some(&port) = self.by_port.get(name) {
            let layer = self.table.map_or(0, |(schedule, _)| kind * schedule.ports.len());
            return Some(Goal::Port(layer as u32 + port));
        }
        let (cause, action) = match self.table {
            Some(_) => (format!("there is no port {name:?}"), "name a port of /ports"),
            None => {
                (format!("there is no node and no port {name:?}"), "name a node of /nodes, or a port that a node names")
            }
        };
        issues.note("unknown_place", path, cause, action);
        None
    }

    /// The node where the lot's way begins: the one named, or the first of a port that is late enough, or on board.
    fn source(
        &self,
        wire: &LotWire,
        kind: usize,
        release: i64,
        path: &str,
        pins: Option<&Pins<'_>>,
        issues: &mut Issues,
    ) -> Option<Source> {
        if let (Some(sailing), Some(pins)) = (&wire.aboard, pins) {
            if !wire.origin.is_empty() {
                let cause = format!("the lot is aboard {sailing:?} and has an origin as well");
                issues.note("two_origins", format!("{path}/origin"), cause, "give one of the two");
            }
            let node = pins.aboard(kind, sailing, path, issues)?;
            return Some(Source { place: Goal::Node(node), node: Some(node) });
        }
        let place = self.place(&wire.origin, kind, format!("{path}/origin"), issues)?;
        let node = match place {
            Goal::Node(node) => {
                if wire.release.is_some() && self.nodes[node as usize].time_s.is_some_and(|time| time < release) {
                    let cause = format!("the lot begins at {:?}, which is before it is ready", wire.origin);
                    let path = format!("{path}/origin");
                    issues.note("leaves_before_release", path, cause, "name a later node, or the port");
                }
                Some(node)
            }
            Goal::Port(port) => {
                let is_open = |&node: &u32| self.nodes[node as usize].time_s.is_none_or(|time| time >= release);
                self.ports[port as usize].nodes.iter().copied().find(is_open)
            }
        };
        Some(Source { place, node })
    }

    fn lot(&self, wire: &LotWire, path: &str, mut pins: Option<&mut Pins<'_>>, issues: &mut Issues) -> Option<Lot> {
        let kind = self.kind(wire, path, issues);
        let mut time = |field: &str, value: Option<Time>| match value?.from_origin(self.start) {
            Ok(seconds) => Some(seconds),
            Err(error) => {
                issues.note("bad_time", format!("{path}/{field}"), error.to_string(), error.action());
                None
            }
        };
        let (release, due_s) = (time("release", wire.release).unwrap_or(0), time("due", wire.due));
        let source = self.source(wire, kind, release, path, pins.as_deref(), issues)?;
        let goal = self.place(&wire.destination, kind, format!("{path}/destination"), issues)?;
        if source.place == goal {
            issues.note("goes_nowhere", path, "the lot is already where it is to go", "drop the lot");
        }
        let named = wire.containers.len() as i64;
        let quantity = if wire.quantity == 0 && named > 0 { named } else { wire.quantity };
        let quantity = issues.whole(&format!("{path}/quantity"), quantity, 1, MAX_QUANTITY);
        if named > 0 && named != quantity {
            let cause = format!("the lot has {quantity} containers, and names {named}");
            issues.note("containers_differ", format!("{path}/containers"), cause, "name all of them, or none");
        }
        let max_transit_s =
            wire.max_transit_s.map(|most| issues.whole(&format!("{path}/max_transit_s"), most, 0, MAX_TIME_S));
        let max_transit_s = max_transit_s.filter(|_| !self.wire.ignore_transit_limits);
        let mut cost = |field: &str, value: i64| issues.whole(&format!("{path}/{field}"), value, 0, MAX_UNIT_COST);
        let late = wire.late_cents_per_day.map(|late| cost("late_cents_per_day", late));
        let rejection = cost("rejection_cents", wire.rejection_cents);
        let path_of_service = format!("{path}/service_cents");
        let service = issues.whole(&path_of_service, wire.service_cents, -MAX_UNIT_COST, MAX_UNIT_COST);
        Self::terms(wire, path, release, due_s, issues);
        let (pinned, start) = match (pins.as_mut(), source.node) {
            (Some(pins), Some(node)) if !wire.pinned.is_empty() => {
                pins.follow(kind, node, &wire.pinned, quantity, path, issues)
            }
            _ => self.pinned(wire, path, source.node, issues),
        };
        Some(Lot {
            id: wire.id.clone(),
            source: source.node,
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
            teu: i64::from(self::kind(wire).teu),
            containers: wire.containers.clone(),
        })
    }

    /// The position of the lot's kind.
    fn kind(&self, wire: &LotWire, path: &str, issues: &mut Issues) -> usize {
        let Some((_, expansion)) = self.table else {
            let fields =
                [("length_ft", wire.length_ft.is_some()), ("reefer", wire.reefer), ("aboard", wire.aboard.is_some())];
            for (field, _) in fields.into_iter().filter(|&(_, is_there)| is_there) {
                let cause = format!("{field} means nothing on a network of nodes and arcs");
                issues.note("needs_a_timetable", format!("{path}/{field}"), cause, "drop it, or send a timetable");
            }
            return 0;
        };
        if let Some(length) = wire.length_ft.filter(|length| ![20, 40, 45].contains(length)) {
            let cause = format!("the length is {length} feet");
            issues.note("unknown_length", format!("{path}/length_ft"), cause, "give 20, 40 or 45");
        }
        let kind = kind(wire);
        expansion.kinds.binary_search(&kind).unwrap_or(0)
    }

    fn terms(wire: &LotWire, path: &str, release: i64, due_s: Option<i64>, issues: &mut Issues) {
        if let Some(due) = due_s
            && wire.release.is_some()
            && due < release
        {
            let cause = format!("the lot is due at {due} s, before it is ready at {release} s");
            issues.note("due_before_release", path, cause, "correct release or due");
        }
        if wire.late_cents_per_day.is_some() && wire.due.is_none() {
            let cause = "the lot has a cost of being late, and no time to be late for";
            issues.note("late_without_due", format!("{path}/late_cents_per_day"), cause, "add due, or drop it");
        }
        if wire.class > limits::MAX_CLASS {
            let cause = format!("the class is {}", wire.class);
            issues.note("number_out_of_range", format!("{path}/class"), cause, "give a class from 0 to 9");
        }
    }

    /// The settled arcs of a network and the node that they lead to.
    fn pinned(&self, wire: &LotWire, path: &str, source: Option<u32>, issues: &mut Issues) -> (Vec<u32>, Option<u32>) {
        let mut at = source;
        let mut pinned = Vec::with_capacity(wire.pinned.len());
        for (nth, pin) in wire.pinned.iter().enumerate() {
            let path = format!("{path}/pinned/{nth}");
            let PinWire::Arc(name) = pin else {
                let cause = "a network has no sailings";
                issues.note("needs_a_timetable", path, cause, "name an arc");
                return (pinned, None);
            };
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

/// Where a lot's way begins.
struct Source {
    place: Goal,
    /// None where its port has no node that is late enough.
    node: Option<u32>,
}
