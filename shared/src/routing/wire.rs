//! The JSON shape of a routing problem: the lots, and what they can travel on. Version 1.
//!
//! What they travel on is said in a planner's words (`ports`, `services`, `sailings`, `transfers`), from which the network is made, or as that
//! network (`nodes`, `resources`, `arcs`). One request has one of the two.
//!
//! Fields are only ever added. A field that nobody knows is refused, so that a misspelt `capcity` cannot silently lift a limit.

use serde::{Deserialize, Serialize};

use crate::options::Options;
use crate::time::Time;

pub mod timetable;

pub use timetable::{
    CallWire, ChangeWire, Mode, PinWire, PortWire, RideWire, SailingWire, ServiceWire, StopWire, TransferWire,
};

/// A routing problem: which way each lot takes over legs that share capacities.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RoutingProblem))]
pub struct Wire {
    /// The instant that time zero stands for. Needed where any time is written as RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub horizon_start: Option<Time>,
    /// How long the horizon of a timetable is; to the last time that sailings and lots name where it is not given. Needed with services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon_s: Option<i64>,
    /// Ports, terminals and depots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PortWire>,
    /// Liner services with their rotations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceWire>,
    /// Voyages one by one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sailings: Vec<SailingWire>,
    /// Truck, rail and barge.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transfers: Vec<TransferWire>,
    /// Places, or places at a time: a vessel's call, a port on a day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeWire>,
    /// What is limited: slots of a sailing, moves of a terminal on a day, plugs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<ResourceWire>,
    /// Legs: sailings, transfers, waiting.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arcs: Vec<ArcWire>,
    /// What is to be carried.
    pub lots: Vec<LotWire>,
    /// Whether the lots' `max_transit_s` are left out of account.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignore_transit_limits: bool,
    /// How to solve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Options>,
}

/// A node of the network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RoutingNode))]
pub struct NodeWire {
    /// Name, unique among the nodes and ports.
    pub id: String,
    /// The port of which this is a point in time. A lot may name a port as its origin or destination.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// When it is, in seconds from the start of the horizon; missing where the network is not expanded in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_s: Option<i64>,
}

/// Something limited that arcs use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RoutingResource))]
pub struct ResourceWire {
    /// Name, unique among the resources.
    pub id: String,
    /// Units there are; 0 closes every arc that uses it.
    pub capacity: i64,
}

/// A leg.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RoutingArc))]
pub struct ArcWire {
    /// Name, unique among the arcs that have one; needed where a lot is pinned to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The node where it begins.
    pub from: String,
    /// The node where it ends.
    pub to: String,
    /// What it costs a container, in hundredths of the currency.
    #[serde(default)]
    pub cost_cents: i64,
    /// How long it takes. Not needed where both its nodes have a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transit_s: Option<i64>,
    /// The resources of which a container takes one unit each. One that is named twice gives two units.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<String>,
}

/// Containers that travel from one place to another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Lot))]
pub struct LotWire {
    /// Name, unique among the lots.
    pub id: String,
    /// A port, which is left from its first moment at or after `release`; or a node. Not given for what is `aboard`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub origin: String,
    /// A port, which may be reached at any moment; or a node.
    pub destination: String,
    /// How many containers; as many as `containers` names where it is not given.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub quantity: i64,
    /// Their numbers. One of ISO 6346's form must have its check digit right.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<String>,
    /// Their length, with a timetable: 20 takes one TEU, 40 and 45 take two; 20 where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length_ft: Option<i64>,
    /// Whether they need plugs, with a timetable.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reefer: bool,
    /// When they are ready; the start of the horizon where it is not given. Needs times.
    #[serde(default, alias = "release_s", skip_serializing_if = "Option::is_none")]
    pub release: Option<Time>,
    /// When they have to be there. Needs times.
    #[serde(default, alias = "due_s", skip_serializing_if = "Option::is_none")]
    pub due: Option<Time>,
    /// What each day begun after `due` costs a container, in hundredths; not given, none may be late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_cents_per_day: Option<i64>,
    /// How long a container may travel. Where there are times it counts from the release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_transit_s: Option<i64>,
    /// Priority class: 0 goes before 1, and nothing gained in a later class is worth anything in an earlier one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub class: u8,
    /// What it costs not to carry a container, in hundredths.
    pub rejection_cents: i64,
    /// What it costs to carry a container, whichever way, in hundredths. Below zero where carrying it earns more than its legs cost.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub service_cents: i64,
    /// Whether all its containers go the same way, or none goes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
    /// The sailing that the containers are on already; their way begins at its first call of the horizon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aboard: Option<String>,
    /// Legs that it has already taken or is bound to, from its origin on. They are kept, paid for, and take their room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pinned: Vec<PinWire>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature that serde asks for
fn is_zero(class: &u8) -> bool {
    *class == 0
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature that serde asks for
fn is_nought(cost: &i64) -> bool {
    *cost == 0
}
