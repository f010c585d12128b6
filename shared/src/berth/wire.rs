//! The JSON shape of a berth problem, as a planner writes it. Version 1.
//!
//! Fields are only ever added. A field that nobody knows is refused, so that a misspelt `lenght_m`
//! cannot silently lift a limit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::options::Options;
use crate::time::Time;

/// A berth problem: which berth and when, for each vessel call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BerthProblem))]
pub struct Wire {
    /// The instant that time zero stands for. Needed where any time is written as RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub horizon_start: Option<Time>,
    /// Handling times derived from container moves are rounded up to a multiple of this; 900 where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_step_s: Option<i64>,
    /// Where vessels can go.
    pub berths: Vec<BerthWire>,
    /// Which vessels come.
    pub calls: Vec<CallWire>,
    /// What it costs to depart from an earlier plan; both zero where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stability: Option<StabilityWire>,
    /// How to solve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Options>,
}

/// A berth: one vessel at a time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Berth))]
pub struct BerthWire {
    /// Name, unique among the berths.
    pub id: String,
    /// The longest vessel it takes; any where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length_m: Option<f64>,
    /// The deepest vessel it takes; any where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft_m: Option<f64>,
    /// When it may be used; always where it is not given. A vessel stays within one window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<Vec<WindowWire>>,
    /// When it may not be used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closures: Vec<ClosureWire>,
    /// The tide on the way to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tide: Option<TideWire>,
    /// Time between a departure and the next start; none where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clearance_s: Option<i64>,
    /// Container moves an hour, for calls that give their `moves`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moves_per_hour: Option<i64>,
}

/// A span of time; both ends belong to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Window))]
pub struct WindowWire {
    /// First instant; the start of the horizon where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Time>,
    /// Last instant; no end where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Time>,
}

/// A span in which a berth cannot be used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Closure))]
pub struct ClosureWire {
    /// From this instant.
    pub from: Time,
    /// Until this instant.
    pub to: Time,
    /// Why, repeated in explanations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Water levels on the way to a berth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Tide))]
pub struct TideWire {
    /// Calls no deeper than this come and go at any time.
    pub free_draft_m: f64,
    /// Deeper calls berth and sail only in these.
    pub windows: Vec<WindowWire>,
}

/// One visit of a vessel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Call))]
pub struct CallWire {
    /// Name, unique among the calls.
    pub id: String,
    /// The vessel's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vessel: Option<String>,
    /// Earliest start.
    pub arrival: Time,
    /// Length over all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length_m: Option<f64>,
    /// Draft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft_m: Option<f64>,
    /// Handling time by berth, in seconds. A berth that is not named cannot take the call.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "handling_map")]
    pub handling_s: Option<BTreeMap<String, i64>>,
    /// Container moves, instead of `handling_s`: the time follows from each berth's `moves_per_hour`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moves: Option<i64>,
    /// Priority class, 0 to 9: a lower class is served strictly first, whatever it costs a higher one. 0 where it is
    /// not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<u8>,
    /// Cost of a second in port, within the class; 1 where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<i64>,
    /// When the departure is promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Time>,
    /// Cost of a second of departure past `due`; 0 where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tardiness_weight: Option<i64>,
    /// No departure after this; a call that cannot make it is left out, with the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_departure: Option<Time>,
    /// Already decided: this berth and start, nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<AssignmentWire>,
    /// What an earlier plan said; `stability` prices the difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<AssignmentWire>,
}

impl CallWire {
    /// A call with nothing but a name and an arrival.
    pub fn new(id: impl Into<String>, arrival: Time) -> Self {
        Self {
            id: id.into(),
            vessel: None,
            arrival,
            length_m: None,
            draft_m: None,
            handling_s: None,
            moves: None,
            class: None,
            weight: None,
            due: None,
            tardiness_weight: None,
            latest_departure: None,
            frozen: None,
            earlier: None,
        }
    }
}

/// A berth and a start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BerthAndStart))]
pub struct AssignmentWire {
    /// The berth's `id`.
    pub berth: String,
    /// When the vessel is alongside and handling begins.
    pub start: Time,
}

/// What it costs to depart from an earlier plan, in the unit of `weight` times seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Stability))]
pub struct StabilityWire {
    /// Once, for each call that goes to another berth.
    #[serde(default)]
    pub berth_change: i64,
    /// Once, for each call that starts later.
    #[serde(default)]
    pub later_start: i64,
}

fn handling_map<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<BTreeMap<String, i64>>, D::Error> {
    serde_with::rust::maps_duplicate_key_is_error::deserialize(deserializer).map(Some)
}
