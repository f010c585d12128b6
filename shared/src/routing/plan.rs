//! The plan as a user reads it: the way of every lot, what is turned down and why, and what room is worth.

use serde::{Deserialize, Serialize};

use super::certificate::{self, Certificate};
use super::explain;
use super::instance::Instance;
use crate::outcome::Level;

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
    /// Key figures.
    pub kpis: Kpis,
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
    /// When they arrive, where the network is expanded in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrives_s: Option<i64>,
    /// How long its legs take.
    pub transit_s: i64,
    /// The legs, first to last, pinned ones among them.
    pub legs: Vec<Leg>,
}

/// An arc that containers take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RoutingLeg))]
pub struct Leg {
    /// Its position in the request.
    pub arc: u32,
    /// Its name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where it begins.
    pub from: String,
    /// Where it ends.
    pub to: String,
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
        due_s: i64,
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Lots that are carried in full.
    pub lots_in_full: u32,
    /// Lots of which nothing is carried.
    pub lots_rejected: u32,
    /// Resources of which nothing is left.
    pub full_resources: u32,
    /// What carrying costs, in hundredths, over all classes.
    pub carrying_cents: i64,
    /// What turning down costs, in hundredths, over all classes.
    pub rejection_cents: i64,
}

impl Plan {
    /// Writes a solution out for people.
    pub fn new(instance: &Instance, solution: &Solution) -> Self {
        let mut routes: Vec<Vec<&Flow>> = vec![Vec::new(); instance.lots.len()];
        for flow in &solution.flows {
            routes[flow.lot as usize].push(flow);
        }
        let used = used(instance, &solution.flows);
        let mut kpis = Kpis::default();
        let mut lots = Vec::with_capacity(instance.lots.len());
        for (lot, flows) in instance.lots.iter().zip(&routes) {
            let carried: i64 = flows.iter().map(|flow| flow.quantity).sum();
            let rejected = lot.quantity - carried;
            let routes: Vec<Route> = flows.iter().map(|flow| route(instance, flow)).collect();
            let late = |route: &&Route| is_late(lot.due_s, route);
            kpis.containers += lot.quantity;
            kpis.carried += carried;
            kpis.late += routes.iter().filter(late).map(|route| route.quantity).sum::<i64>();
            kpis.rejected += rejected;
            kpis.lots_in_full += u32::from(rejected == 0);
            kpis.lots_rejected += u32::from(carried == 0);
            let sunk: i64 = lot.pinned.iter().map(|&arc| instance.arcs[arc as usize].cost).sum();
            kpis.carrying_cents += routes.iter().map(|route| route.cost_cents * route.quantity).sum::<i64>();
            kpis.carrying_cents += sunk * rejected;
            kpis.rejection_cents += rejected * lot.rejection;
            lots.push(Routed { lot: lot.id.clone(), rejected, routes });
        }
        let full = instance.resources.iter().zip(&used).filter(|(resource, used)| **used >= resource.capacity);
        kpis.full_resources = full.count() as u32;
        let unserved = explain::unserved(instance, &lots, &used, &solution.prices);
        let most_valuable = explain::most_valuable(instance, &used, &solution.prices);
        Self { lots, unserved, most_valuable, kpis }
    }
}

/// Whether containers arrive after they are due.
pub(super) fn is_late(due_s: Option<i64>, route: &Route) -> bool {
    due_s.is_some_and(|due| route.arrives_s.is_some_and(|arrives| arrives > due))
}

fn route(instance: &Instance, flow: &Flow) -> Route {
    let lot = &instance.lots[flow.lot as usize];
    let all = lot.pinned.iter().chain(&flow.arcs);
    let end = all.clone().next_back().map_or(lot.source, |&arc| Some(instance.arcs[arc as usize].to));
    let ending = end.and_then(|node| instance.ending(lot, node)).unwrap_or(0);
    let arcs = all.clone().map(|&arc| &instance.arcs[arc as usize]);
    let leg = |&arc: &u32| {
        let of = &instance.arcs[arc as usize];
        let name = |node: u32| instance.nodes[node as usize].id.clone();
        Leg { arc, id: of.id.clone(), from: name(of.from), to: name(of.to) }
    };
    Route {
        quantity: flow.quantity,
        cost_cents: ending + arcs.clone().map(|arc| arc.cost).sum::<i64>(),
        arrives_s: end.and_then(|node| instance.nodes[node as usize].time_s),
        transit_s: arcs.map(|arc| arc.transit_s).sum(),
        legs: all.map(leg).collect(),
    }
}

/// `[resource]`: units that flows and pinned arcs take.
pub(super) fn used(instance: &Instance, flows: &[Flow]) -> Vec<i64> {
    let mut used = vec![0; instance.resources.len()];
    let mut take = |arc: u32, quantity: i64| {
        for &(resource, units) in &instance.arcs[arc as usize].uses {
            used[resource as usize] += i64::from(units) * quantity;
        }
    };
    for lot in &instance.lots {
        lot.pinned.iter().for_each(|&arc| take(arc, lot.quantity));
    }
    for flow in flows {
        flow.arcs.iter().for_each(|&arc| take(arc, flow.quantity));
    }
    used
}

/// `[class]`: what flows cost, sunk costs among it, in hundredths.
pub(super) fn costs(instance: &Instance, flows: &[Flow]) -> Vec<i64> {
    let mut costs = instance.sunk.clone();
    for lot in &instance.lots {
        costs[lot.class] += lot.quantity * lot.rejection;
    }
    for flow in flows {
        let lot = &instance.lots[flow.lot as usize];
        let end = flow.arcs.last().map_or(lot.start, |&arc| Some(instance.arcs[arc as usize].to));
        let ending = end.and_then(|node| instance.ending(lot, node)).unwrap_or(0);
        let arcs: i64 = flow.arcs.iter().map(|&arc| instance.arcs[arc as usize].cost).sum();
        costs[lot.class] += flow.quantity * (ending + arcs - lot.rejection);
    }
    costs
}

/// One number over all classes.
pub(super) fn objective(instance: &Instance, costs: &[i64]) -> i64 {
    instance.classes.iter().zip(costs).map(|(class, cost)| class.multiplier * cost).sum()
}

/// A number over all classes, class by class; nothing of a plan worth looking at exceeds its class's share.
fn split(instance: &Instance, number: i64) -> Vec<i64> {
    // What carrying earns at most.
    let mut low = vec![0_i64; instance.classes.len()];
    for lot in &instance.lots {
        low[lot.class] += lot.quantity * lot.service.min(0);
    }
    let least: i64 = objective(instance, &low);
    let mut rest = (number - least).max(0);
    let mut parts = Vec::with_capacity(low.len());
    for (class, low) in instance.classes.iter().zip(low) {
        // invariant: all later classes together stay below one step of this one.
        let part = rest / class.multiplier / instance.step * instance.step;
        let is_last = parts.len() + 1 == instance.classes.len();
        let part = if is_last { rest / class.multiplier } else { part };
        rest -= part * class.multiplier;
        parts.push(low + part);
    }
    parts
}

/// The relative gap: that of the first class that is unproven.
pub(super) fn gap(instance: &Instance, objective: i64, lower_bound: i64) -> f64 {
    let parts = split(instance, objective).into_iter().zip(split(instance, lower_bound));
    let open = parts.into_iter().find(|(cost, bound)| cost > bound);
    open.map_or(0.0, |(cost, bound)| (cost - bound) as f64 / cost.abs().max(1) as f64)
}

/// What is proven of each class.
pub(super) fn levels(instance: &Instance, costs: &[i64], lower_bound: i64) -> Vec<Level> {
    let mut is_settled = true;
    let mut levels = Vec::with_capacity(costs.len());
    for ((class, &cost), bound) in instance.classes.iter().zip(costs).zip(split(instance, lower_bound)) {
        let lower_bound = if is_settled { bound.min(cost) } else { 0.min(cost) };
        is_settled &= cost <= bound;
        levels.push(Level { class: class.class, multiplier: class.multiplier, objective: cost, lower_bound });
    }
    levels
}

/// No prices: the bound by which everything goes its cheapest way.
pub(super) fn free(instance: &Instance) -> Certificate {
    Certificate { scale: certificate::scale(instance), prices: Vec::new() }
}
