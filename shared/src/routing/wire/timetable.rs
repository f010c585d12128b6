//! The sections of a request in a planner's words: ports, services, sailings, transfers.

use serde::{Deserialize, Serialize};

use crate::time::Time;

/// A port, a terminal in one, or an inland depot: where containers are handled and stand.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RoutingPort))]
pub struct PortWire {
    /// UN/LOCODE, with a terminal's name after a slash where the port has several: `NLRTM`, `NLRTM/Maasvlakte`.
    #[cfg_attr(feature = "openapi", schema(example = "PTSIE"))]
    pub id: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How long a shift is; eight hours where it is not given. Shifts count from the start of the horizon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shift_s: Option<i64>,
    /// Containers that berths and cranes load and discharge in a shift; no limit where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moves_per_shift: Option<i64>,
    /// When it handles another number: fewer cranes, a strike, a storm, a new berth.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangeWire>,
    /// TEU that may stand in the yard at the end of a shift; no limit where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yard_teu: Option<i64>,
    /// Reefers that may stand in the yard at the end of a shift; no limit where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugs: Option<i64>,
    /// What loading or discharging a container costs, in hundredths.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub move_cents: i64,
    /// What a container costs that stands in the yard at the end of a shift, in hundredths.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub storage_cents_per_shift: i64,
    /// How long after its discharge a container can be collected or go on; none where it is not given.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub dwell_s: i64,
}

/// A span in which a port handles another number of containers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = HandlingChange))]
pub struct ChangeWire {
    /// From here on. A shift counts as changed where it begins within the span.
    pub from: Time,
    /// Up to here, this instant not among it.
    pub to: Time,
    /// Containers in a shift; 0 closes the port.
    pub moves_per_shift: i64,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A liner service: vessels that call at the same ports in the same order, again and again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = LinerService))]
pub struct ServiceWire {
    /// Name, unique among services and sailings. Each voyage is a sailing of that name and the day on which it begins: `Iberia 2026-03-02`.
    pub id: String,
    /// When one of its voyages is at the first port. Others follow and precede it at the same distance, across the horizon.
    pub first: Time,
    /// Time between two voyages; a week where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every_s: Option<i64>,
    /// Vessels that keep it up: a round trip takes so many times `every_s`; then the vessel begins it again, with what is on board.
    pub vessels: i64,
    /// TEU that a vessel has room for.
    pub slots_teu: i64,
    /// Reefers that a vessel has plugs for.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub plugs: i64,
    /// What a leg costs for each TEU, where its call does not say, in hundredths.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub leg_cents: i64,
    /// The ports of a round trip, in order, each as often as it is called at. From the last the vessel goes back to the first.
    pub rotation: Vec<StopWire>,
}

/// A port in the rotation of a service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RotationStop))]
pub struct StopWire {
    /// Where.
    pub port: String,
    /// When the vessel is alongside, in seconds after the voyage begins; 0 at the first port.
    pub arrive_s: i64,
    /// When it leaves.
    pub depart_s: i64,
    /// What the leg to the next port costs for each TEU, in hundredths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leg_cents: Option<i64>,
    /// Containers that can be loaded and discharged while it is there; no limit of its own where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moves: Option<i64>,
}

/// One voyage of one vessel, with its times.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SailingWire {
    /// Name, unique among services and sailings.
    pub id: String,
    /// Whose voyage it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vessel: Option<String>,
    /// TEU that the vessel has room for.
    pub slots_teu: i64,
    /// Reefers that it has plugs for.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub plugs: i64,
    /// What a leg costs for each TEU, where its call does not say, in hundredths.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub leg_cents: i64,
    /// The ports it calls at, first to last.
    pub calls: Vec<CallWire>,
    /// The sailing as which the vessel goes on after the last call, with what is on board.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<String>,
}

/// A call of a sailing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SailingCall))]
pub struct CallWire {
    /// Where.
    pub port: String,
    /// When the vessel is alongside.
    pub arrive: Time,
    /// When it leaves.
    pub depart: Time,
    /// What the leg to the next port costs for each TEU, in hundredths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leg_cents: Option<i64>,
    /// Containers that can be loaded and discharged while it is there; no limit of its own where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moves: Option<i64>,
}

/// A way between two places by land or inland water, at set times, with room for so much a day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TransferWire {
    /// Name, unique among the transfers.
    pub id: String,
    /// How.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// The port or depot where it begins.
    pub from: String,
    /// Where it ends.
    pub to: String,
    /// Whether it goes back as well, on the same terms.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub both_ways: bool,
    /// How long it takes.
    pub duration_s: i64,
    /// What a container costs, in hundredths.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub cost_cents: i64,
    /// TEU that can leave on a day (24 hours from the start of the horizon on), each way; no limit where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teu_per_day: Option<i64>,
    /// First departure; the start of the horizon where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Time>,
    /// Time between departures; a day where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every_s: Option<i64>,
}

/// How a transfer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = TransferMode))]
pub enum Mode {
    /// On the road.
    Truck,
    /// By rail.
    Rail,
    /// On inland water.
    Barge,
}

/// A leg that a lot has taken or is bound to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = PinnedLeg))]
pub enum PinWire {
    /// An arc of a network, by its name.
    Arc(String),
    /// A ride on a sailing.
    Ride(RideWire),
}

impl From<&str> for PinWire {
    fn from(arc: &str) -> Self {
        Self::Arc(arc.to_owned())
    }
}

/// A ride on a sailing, from where it is loaded to where it is discharged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RideWire {
    /// The sailing.
    pub sailing: String,
    /// Where it is loaded.
    pub from: String,
    /// Where it is discharged.
    pub to: String,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature that serde asks for
fn is_nought(number: &i64) -> bool {
    *number == 0
}
