//! A validated routing instance: immutable, with the reduced form that the search works on.
//!
//! Nodes, arcs, resources and lots stay readable here as they were sent, because the verifier judges a plan by them alone; the search uses the
//! derived `Network`.

use jiff::Timestamp;

use super::network::Network;
use super::timetable::Timetable;
use crate::time::Time;
use crate::units::Seconds;

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The caller's name for it.
    pub id: String,
    /// Its port, as a position in [`Instance::ports`].
    pub port: Option<u32>,
    /// When it is.
    pub time_s: Option<i64>,
}

/// A port: the nodes that are its points in time, earliest first; those without a time come last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The caller's name for it.
    pub id: String,
    /// Positions in [`Instance::nodes`].
    pub nodes: Vec<u32>,
}

/// Something limited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The caller's name for it.
    pub id: String,
    /// Units there are.
    pub capacity: i64,
}

/// A leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arc {
    /// The caller's name for it.
    pub id: Option<String>,
    /// Where it begins: a position in [`Instance::nodes`].
    pub from: u32,
    /// Where it ends.
    pub to: u32,
    /// Cost of a container, in hundredths.
    pub cost: i64,
    /// How long it takes.
    pub transit_s: i64,
    /// What a container takes of each resource: (position in [`Instance::resources`], units), by position.
    pub uses: Vec<(u32, u32)>,
}

/// Where a lot may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// At this node.
    Node(u32),
    /// At any node of this port.
    Port(u32),
}

/// Containers that travel from one place to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lot {
    /// The caller's name for it.
    pub id: String,
    /// Where its way begins; `None` where its port has no node at or after the release.
    pub source: Option<u32>,
    /// Where the free part of its way begins: the source, or the end of the pinned arcs.
    pub start: Option<u32>,
    /// Where it ends.
    pub goal: Goal,
    /// How many containers.
    pub quantity: i64,
    /// When they are ready.
    pub release_s: i64,
    /// When they have to be there.
    pub due_s: Option<i64>,
    /// Cost of a container for each day begun after the due time; `None` where it may not be late.
    pub late: Option<i64>,
    /// How long a container may travel.
    pub max_transit_s: Option<i64>,
    /// Position of its class in [`Instance::classes`].
    pub class: usize,
    /// Cost of a container that is not carried.
    pub rejection: i64,
    /// Cost of a container that is carried, whichever way.
    pub service: i64,
    /// Whether all go the same way.
    pub whole: bool,
    /// Arcs that are settled, from the source on.
    pub pinned: Vec<u32>,
    /// What each takes, in TEU; 1 on a network, which does not say.
    pub teu: i64,
    /// Their numbers, or none.
    pub containers: Vec<String>,
}

/// A priority class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// Its number in the request.
    pub class: u8,
    /// What one unit of its cost counts in the objective.
    pub multiplier: i64,
}

/// A routing problem without issues.
#[derive(Clone, Debug)]
pub struct Instance {
    pub(super) nodes: Vec<Node>,
    pub(super) ports: Vec<Port>,
    pub(super) resources: Vec<Resource>,
    pub(super) arcs: Vec<Arc>,
    pub(super) lots: Vec<Lot>,
    pub(super) classes: Vec<Class>,
    /// Cost of all pinned arcs, by class. Part of every plan.
    pub(super) sunk: Vec<i64>,
    /// Every cost is a multiple of this.
    pub(super) step: i64,
    pub(super) network: Network,
    /// What time zero stands for.
    pub(super) start: Option<Timestamp>,
    /// What the network was made from, where it was.
    pub(super) timetable: Option<Timetable>,
}

impl Instance {
    /// The nodes, in the order of the request.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The ports, in the order in which nodes name them.
    pub fn ports(&self) -> &[Port] {
        &self.ports
    }

    /// The resources, in the order of the request.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// The arcs, in the order of the request.
    pub fn arcs(&self) -> &[Arc] {
        &self.arcs
    }

    /// The lots, in the order of the request.
    pub fn lots(&self) -> &[Lot] {
        &self.lots
    }

    /// The priority classes that occur, the first to be served first.
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// An instant as the caller writes it.
    pub(super) fn time(&self, seconds: i64) -> Time {
        Time::from_seconds(Seconds(seconds), self.start)
    }

    /// What the search sees.
    pub(super) fn network(&self) -> &Network {
        &self.network
    }

    /// What ending at this node costs a container of the lot; `None` where it may not end there.
    pub(super) fn ending(&self, lot: &Lot, node: u32) -> Option<i64> {
        let at = &self.nodes[node as usize];
        let fits = match lot.goal {
            Goal::Node(goal) => goal == node,
            Goal::Port(port) => at.port == Some(port) && at.time_s.is_none_or(|time| time >= lot.release_s),
        };
        if !fits {
            return None;
        }
        let Some(time) = at.time_s else { return Some(lot.service) };
        if lot.max_transit_s.is_some_and(|most| time - lot.release_s > most) {
            return None;
        }
        let days = lot
            .due_s
            .map_or(0, |due| (time - due).max(0).div_euclid(DAY_S) + i64::from((time - due).max(0) % DAY_S > 0));
        match lot.late {
            _ if days == 0 => Some(lot.service),
            Some(cost) => Some(lot.service + days * cost),
            None => None,
        }
    }
}

const DAY_S: i64 = 86_400;
