//! The JSON shape of a quay problem: one quay without berths, along which vessels lie anywhere. Version 1.
//!
//! It is sent to the same address as a problem of berths; `quay` in place of `berths` tells the two apart. As there, fields are only
//! ever added, and one that nobody knows is refused.

use serde::{Deserialize, Serialize};

use crate::berth::wire::WindowWire;
use crate::options::Options;
use crate::time::Time;

/// A quay problem: where along the quay and when, for each vessel call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = QuayProblem))]
pub struct Wire {
    /// The instant that time zero stands for. Needed where any time is written as RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub horizon_start: Option<Time>,
    /// Handling times derived from container moves are rounded up to a multiple of this; 900 where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_step_s: Option<i64>,
    /// Where vessels lie.
    pub quay: QuayWire,
    /// Which vessels come.
    pub calls: Vec<CallWire>,
    /// How to solve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Options>,
}

/// A straight quay.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Quay))]
pub struct QuayWire {
    /// Its length.
    pub length_m: f64,
    /// Kept free between two vessels that lie beside each other; nothing where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clearance_m: Option<f64>,
    /// The deepest vessel it takes; any where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft_m: Option<f64>,
    /// Container moves an hour, for calls that give their `moves`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moves_per_hour: Option<i64>,
    /// The tide on the way to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tide: Option<TideWire>,
}

/// When there is water enough for deep vessels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = QuayTide))]
pub struct TideWire {
    /// Calls no deeper than this come and go at any time; where it is not given, every call waits for the tide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_draft_m: Option<f64>,
    /// The others berth only in these; at any time where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arrivals: Vec<WindowWire>,
    /// The others sail only in these; at any time where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub departures: Vec<WindowWire>,
    /// After so long the windows come back, again and again. Where it is not given they go on at their mean distance, so that a
    /// vessel which is late always finds a tide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_s: Option<i64>,
}

/// One visit of a vessel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = QuayCall))]
pub struct CallWire {
    /// Name, unique among the calls.
    pub id: String,
    /// The vessel's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vessel: Option<String>,
    /// Earliest start.
    pub arrival: Time,
    /// Length over all.
    pub length_m: f64,
    /// Draft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft_m: Option<f64>,
    /// Handling time in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handling_s: Option<i64>,
    /// Container moves, instead of `handling_s`: the time follows from the quay's `moves_per_hour`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moves: Option<i64>,
    /// Cost of a second in port, from 1; 1 where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<i64>,
    /// The part of the quay that it lies in (deep water, a ramp, plugs); anywhere where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<SectionWire>,
    /// Already decided: this place and start, nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<PlaceWire>,
}

/// A part of the quay, from its left end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = QuaySection))]
pub struct SectionWire {
    /// Where it begins.
    pub from_m: f64,
    /// Where it ends.
    pub to_m: f64,
}

/// A place and a start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = PlaceAndStart))]
pub struct PlaceWire {
    /// Where the vessel's left end lies, from the left end of the quay.
    pub position_m: f64,
    /// When it is alongside and handling begins.
    pub start: Time,
}
