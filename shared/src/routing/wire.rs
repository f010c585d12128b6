//! The JSON shape of a routing problem: a network, and the lots that want to cross it. Version 1.
//!
//! Fields are only ever added. A field that nobody knows is refused, so that a misspelt `capcity` cannot silently lift a limit.

use serde::{Deserialize, Serialize};

use crate::options::Options;

/// A routing problem: which way each lot takes through a network whose legs share capacities.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RoutingProblem))]
pub struct Wire {
    /// Places, or places at a time: a vessel's call, a port on a day.
    pub nodes: Vec<NodeWire>,
    /// What is limited: slots of a sailing, moves of a terminal on a day, plugs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<ResourceWire>,
    /// Legs: sailings, transfers, waiting.
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
    /// A node; or a port, which is then left from its first node at or after `release_s`.
    pub origin: String,
    /// A node; or a port, which is then reached at any of its nodes.
    pub destination: String,
    /// How many containers.
    pub quantity: i64,
    /// When they are ready; the start of the horizon where it is not given. Needs nodes with times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_s: Option<i64>,
    /// When they have to be there. Needs nodes with times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_s: Option<i64>,
    /// What each day begun after `due_s` costs a container, in hundredths; not given, none may be late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_cents_per_day: Option<i64>,
    /// How long a container may travel. Where nodes have times it counts from the release.
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
    /// Arcs that it has already taken or is bound to, from its origin on. They are kept, paid for, and take their resources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pinned: Vec<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature that serde asks for
fn is_zero(class: &u8) -> bool {
    *class == 0
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature that serde asks for
fn is_nought(cost: &i64) -> bool {
    *cost == 0
}
