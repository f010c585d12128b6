//! Cranes, trucks, straddle carriers and sensors, and whether they are awake.
//!
//! A piece of equipment that has been silent for [`SILENCE`] is offline. TTLs and timers are late under load, so nobody is
//! marked offline: times are compared when they are read.

use jiff::{SignedDuration, Timestamp};
use portolan::issue::Issues;
use serde::{Deserialize, Serialize};

use super::{check_id, check_range, check_text};

/// A piece of equipment that has not been heard of for longer than this is offline.
pub const SILENCE: SignedDuration = SignedDuration::from_secs(30);

/// A piece of equipment as it is registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EquipmentSpec)]
pub struct Details {
    /// What it is.
    pub kind: Kind,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The berth or the block it works at; anywhere where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Container moves an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moves_per_hour: Option<u32>,
}

/// Kinds of equipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = EquipmentKind)]
pub enum Kind {
    /// At the quay.
    QuayCrane,
    /// In the yard.
    YardCrane,
    /// Drives containers.
    Truck,
    /// Drives and stacks containers.
    StraddleCarrier,
    /// Looks.
    Sensor,
}

/// A piece of equipment as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = StoredEquipment)]
pub struct Equipment {
    /// Name, unique in the terminal.
    pub id: String,
    /// The rest.
    #[serde(flatten)]
    pub details: Details,
}

/// A piece of equipment with its last sign of life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Awake {
    /// The piece.
    #[serde(flatten)]
    pub equipment: Equipment,
    /// Whether it was heard of within 30 s.
    pub online: bool,
    /// When it was last heard of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_seen: Option<Timestamp>,
}

impl Awake {
    /// As it is at this time.
    pub fn new(equipment: Equipment, last_seen: Option<Timestamp>, now: Timestamp) -> Self {
        Self { equipment, online: is_online(last_seen, now), last_seen }
    }
}

/// Whether somebody last heard of then is online now.
pub fn is_online(last_seen: Option<Timestamp>, now: Timestamp) -> bool {
    last_seen.is_some_and(|seen| now.duration_since(seen) <= SILENCE)
}

impl Details {
    /// Everything wrong with it.
    pub fn check(&self, issues: &mut Issues) {
        if let Some(name) = &self.name {
            check_text(issues, "/name", name);
        }
        if let Some(at) = &self.at {
            check_id(issues, "/at", at);
        }
        if let Some(rate) = self.moves_per_hour {
            check_range(issues, "/moves_per_hour", f64::from(rate), 1.0, 1000.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_seconds_of_silence_and_no_less() {
        let seen: Timestamp = "2026-03-02T00:00:00Z".parse().expect("a time");
        let after = |ms: i64| is_online(Some(seen), seen + SignedDuration::from_millis(ms));
        assert_eq!([after(0), after(29_999), after(30_000), after(30_001)], [true, true, true, false]);
        assert!(!is_online(None, seen));
    }
}
