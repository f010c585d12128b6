//! The plan as a user reads it: the way of every lot, what is turned down and why, and what room is worth.

use serde::{Deserialize, Serialize};

use super::certificate::Certificate;
use super::cost;
use super::explain;
use super::instance::{Instance, Lot};
use super::timetable;
use super::wire::Mode;
use crate::time::Time;

/// Containers of one lot on one way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flow {
    /// Position in [`Instance::lots`].
    pub lot: u32,
    /// Containers.
    pub quantity: i64,
    /// Positions in [`Instance::arcs`], from where the pinned arcs end.
    pub arcs: Vec<u32>,
}

/// What the search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Solution {
    /// What is carried, by lot.
    pub flows: Vec<Flow>,
    /// What room is worth at the best bound.
    pub prices: Certificate,
}

/// Which way the containers go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RoutingPlan))]
pub struct Plan {
    /// Every lot, in the order of the request.
    pub lots: Vec<Routed>,
    /// Lots of which containers are turned down or late, with what is in the way.
    pub unserved: Vec<Unserved>,
    /// The ten resources of which one unit more is worth most.
    pub most_valuable: Vec<Valued>,
    /// What is used of each resource that is used at all, in the order of the resources: over time with a timetable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub utilisation: Vec<Utilised>,
    /// Key figures.
    pub kpis: Kpis,
}

/// What is used of a resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = UtilisedResource))]
pub struct Utilised {
    /// The resource.
    pub resource: String,
    /// When: a leg's departure, the beginning of a shift or day, the moment at which a yard is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Time>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Time>,
    /// Units that the plan uses.
    pub used: i64,
    /// Units there are.
    pub capacity: i64,
}

/// What becomes of a lot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Routed {
    /// The lot.
    pub lot: String,
    /// Containers that are not carried.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rejected: i64,
    /// The ways its containers take.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature that serde asks for
fn is_zero(count: &i64) -> bool {
    *count == 0
}

/// Containers that go the same way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Route {
    /// Containers.
    pub quantity: i64,
    /// What each costs, with its lateness and its service.
    pub cost_cents: i64,
    /// When they arrive, where there are times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrives: Option<Time>,
    /// How long its legs take.
    pub transit_s: i64,
    /// Which ones, where the lot names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<String>,
    /// The legs, first to last, pinned ones among them.
    pub legs: Vec<Leg>,
    /// With a timetable: the way as positions in the network that was made from it, handling and waiting among them. For `verify`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arcs: Vec<u32>,
}

/// A leg that containers take: an arc of a network, a ride on a sailing, or a transfer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RoutingLeg))]
pub struct Leg {
    /// The arc's position in the request, on a network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arc: Option<u32>,
    /// How they travel, with a timetable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<By>,
    /// The arc, sailing or transfer, where it has a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where it begins.
    pub from: String,
    /// Where it ends.
    pub to: String,
    /// When their loading begins, where they are loaded: the start of its shift, or when the vessel is alongside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loaded: Option<Time>,
    /// When the vessel or the transfer leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub departs: Option<Time>,
    /// When it arrives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrives: Option<Time>,
    /// When they can go on or be collected, where they are discharged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discharged: Option<Time>,
}

/// How containers travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = TravelBy))]
pub enum By {
    /// By sea.
    Sailing,
    /// On the road.
    Truck,
    /// By rail.
    Rail,
    /// On inland water.
    Barge,
    /// By a transfer that does not say how.
    Transfer,
}

impl By {
    /// The way of a transfer.
    pub(super) fn of(mode: Option<Mode>) -> Self {
        match mode {
            None => Self::Transfer,
            Some(Mode::Truck) => Self::Truck,
            Some(Mode::Rail) => Self::Rail,
            Some(Mode::Barge) => Self::Barge,
        }
    }
}

/// Containers that are turned down or late.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Unserved {
    /// The lot.
    pub lot: String,
    /// Containers that are not carried.
    pub rejected: i64,
    /// Containers that arrive after they are due.
    pub late: i64,
    /// Why.
    pub cause: Cause,
    /// The cheapest single change that admits one more container; none where it takes several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Remedy>,
}

/// Why containers are not carried in time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RoutingCause))]
pub enum Cause {
    /// No way leads there, however much room and time there is.
    Unreachable,
    /// Ways lead there, but none within the lot's due time or transit limit.
    TooSlow,
    /// Every way that is quick enough uses something that is full; these are full on the one with the fewest of them.
    NoRoom {
        /// What is full.
        blocking: Vec<Blocking>,
    },
    /// There is room, but carrying a container costs no less than turning it down.
    NotWorthIt {
        /// What carrying one costs more than turning it down, with what it uses at its price.
        costs_more_cents: i64,
    },
}

/// A full resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BlockingResource))]
pub struct Blocking {
    /// The resource.
    pub resource: String,
    /// What one unit more is worth, in hundredths of the class that bids most.
    pub worth_cents: i64,
}

/// A change that admits a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RoutingRemedy))]
pub enum Remedy {
    /// Raise the capacity of a resource.
    RaiseCapacity {
        /// The resource.
        resource: String,
        /// By so many units for each container.
        units: i64,
    },
    /// Allow it to arrive later.
    AllowUntil {
        /// Due no earlier than this.
        due: Time,
    },
    /// Allow it to travel longer.
    AllowTransit {
        /// At least so long.
        max_transit_s: i64,
    },
    /// Turning it down would have to cost more than this.
    RaiseRejection {
        /// In hundredths, for each container.
        rejection_cents: i64,
    },
}

/// What a unit more of a resource is worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ValuedResource))]
pub struct Valued {
    /// The resource.
    pub resource: String,
    /// Units there are.
    pub capacity: i64,
    /// Units that the plan uses.
    pub used: i64,
    /// The class that gains.
    pub class: u8,
    /// What it gains, in hundredths.
    pub worth_cents: i64,
}

/// Key figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RoutingKpis))]
pub struct Kpis {
    /// Containers that are to be carried.
    pub containers: i64,
    /// Containers that are carried.
    pub carried: i64,
    /// Containers that arrive after they are due.
    pub late: i64,
    /// Containers that are turned down.
    pub rejected: i64,
    /// The share of all containers that arrive when they are due or before; a lot without a due time is never late.
    pub on_time_share: f64,
    /// Hours from release to arrival over all containers that are carried, or on their legs where there are no times.
    pub container_hours: i64,
    /// The same over their TEU; there with a timetable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teu_hours: Option<i64>,
    /// Times that a container changes from one vessel or transfer to another; there with a timetable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transshipments: Option<i64>,
    /// Lots that are carried in full.
    pub lots_in_full: i32,
    /// Lots of which nothing is carried.
    pub lots_rejected: i32,
    /// Resources of which nothing is left.
    pub full_resources: i32,
    /// What carrying costs, in hundredths, over all classes.
    pub carrying_cents: i64,
    /// What turning down costs, in hundredths, over all classes.
    pub rejection_cents: i64,
}

impl Plan {
    /// Writes a solution out for people.
    pub fn new(instance: &Instance, solution: &Solution) -> Self {
        let mut flows: Vec<Vec<&Flow>> = vec![Vec::new(); instance.lots.len()];
        for flow in &solution.flows {
            flows[flow.lot as usize].push(flow);
        }
        let mut tally = Tally::default();
        let lots: Vec<Routed> =
            instance.lots.iter().zip(&flows).map(|(lot, flows)| tally.routed(instance, lot, flows)).collect();
        let used = cost::used(instance, &solution.flows);
        let full = instance.resources.iter().zip(&used).filter(|(resource, used)| **used >= resource.capacity);
        let kpis = tally.kpis(instance, full.count() as i32);
        let unserved = explain::unserved(instance, &lots, &used, &solution.prices);
        let most_valuable = explain::most_valuable(instance, &used, &solution.prices);
        Self { lots, unserved, most_valuable, utilisation: utilisation(instance, &used), kpis }
    }
}

impl Route {
    /// The arcs of its way: positions in the instance.
    pub fn arcs(&self) -> impl Iterator<Item = u32> + Clone + '_ {
        self.arcs.iter().copied().chain(self.legs.iter().filter_map(|leg| leg.arc))
    }
}

/// Key figures in the making.
#[derive(Default)]
struct Tally {
    kpis: Kpis,
    container_seconds: i64,
    teu_seconds: i64,
    transshipments: i64,
}

impl Tally {
    fn routed(&mut self, instance: &Instance, lot: &Lot, flows: &[&Flow]) -> Routed {
        let carried: i64 = flows.iter().map(|flow| flow.quantity).sum();
        let rejected = lot.quantity - carried;
        let mut numbers = lot.containers.iter();
        let mut routes = Vec::with_capacity(flows.len());
        for flow in flows {
            let way = way(instance, lot, flow);
            let mut route = way.route;
            route.containers = numbers.by_ref().take(flow.quantity as usize).cloned().collect();
            let is_late = lot.due_s.is_some_and(|due| way.ends_s.is_some_and(|ends| ends > due));
            let seconds = way.ends_s.map_or(route.transit_s, |ends| ends - lot.release_s);
            self.kpis.late += if is_late { flow.quantity } else { 0 };
            self.kpis.carrying_cents += route.cost_cents * flow.quantity;
            self.container_seconds += seconds * flow.quantity;
            self.teu_seconds += seconds * flow.quantity * lot.teu;
            self.transshipments += way.transshipments * flow.quantity;
            routes.push(route);
        }
        let sunk: i64 = lot.pinned.iter().map(|&arc| instance.arcs[arc as usize].cost).sum();
        let kpis = &mut self.kpis;
        kpis.containers += lot.quantity;
        kpis.carried += carried;
        kpis.rejected += rejected;
        kpis.lots_in_full += i32::from(rejected == 0);
        kpis.lots_rejected += i32::from(carried == 0);
        kpis.carrying_cents += sunk * rejected;
        kpis.rejection_cents += rejected * lot.rejection;
        Routed { lot: lot.id.clone(), rejected, routes }
    }

    fn kpis(self, instance: &Instance, full_resources: i32) -> Kpis {
        let is_timetable = instance.timetable.is_some();
        let on_time = (self.kpis.carried - self.kpis.late) as f64;
        Kpis {
            full_resources,
            on_time_share: if self.kpis.containers == 0 { 1.0 } else { on_time / self.kpis.containers as f64 },
            container_hours: self.container_seconds / HOUR_S,
            teu_hours: is_timetable.then_some(self.teu_seconds / HOUR_S),
            transshipments: is_timetable.then_some(self.transshipments),
            ..self.kpis
        }
    }
}

const HOUR_S: i64 = 3_600;

/// A flow written out.
struct Way {
    route: Route,
    ends_s: Option<i64>,
    transshipments: i64,
}

fn way(instance: &Instance, lot: &Lot, flow: &Flow) -> Way {
    let all: Vec<u32> = lot.pinned.iter().chain(&flow.arcs).copied().collect();
    let end = all.last().map_or(lot.source, |&arc| Some(instance.arcs[arc as usize].to));
    let ending = end.and_then(|node| instance.ending(lot, node)).unwrap_or(0);
    let ends_s = end.and_then(|node| instance.nodes[node as usize].time_s);
    let arcs = all.iter().map(|&arc| &instance.arcs[arc as usize]);
    let mut route = Route {
        quantity: flow.quantity,
        cost_cents: ending + arcs.clone().map(|arc| arc.cost).sum::<i64>(),
        arrives: ends_s.map(|ends| instance.time(ends)),
        transit_s: arcs.map(|arc| arc.transit_s).sum(),
        containers: Vec::new(),
        legs: Vec::new(),
        arcs: Vec::new(),
    };
    let Some(timetable) = &instance.timetable else {
        let leg = |&arc: &u32| {
            let of = &instance.arcs[arc as usize];
            let name = |node: u32| instance.nodes[node as usize].id.clone();
            Leg { arc: Some(arc), id: of.id.clone(), from: name(of.from), to: name(of.to), ..Leg::default() }
        };
        route.legs = all.iter().map(leg).collect();
        return Way { route, ends_s, transshipments: 0 };
    };
    let told = timetable::tell(instance, timetable, &all);
    (route.legs, route.arcs) = (told.legs, all);
    Way { route, ends_s, transshipments: told.transshipments }
}

/// Resources that are used, with when.
fn utilisation(instance: &Instance, used: &[i64]) -> Vec<Utilised> {
    let of = |(at, &used): (usize, &i64)| {
        let resource = &instance.resources[at];
        let span = instance.timetable.as_ref().map(|timetable| timetable.span(timetable.rooms[at]));
        Utilised {
            resource: resource.id.clone(),
            from: span.map(|span| instance.time(span.0)),
            to: span.map(|span| instance.time(span.1)),
            used,
            capacity: resource.capacity,
        }
    };
    used.iter().enumerate().filter(|(_, used)| **used > 0).map(of).collect()
}
