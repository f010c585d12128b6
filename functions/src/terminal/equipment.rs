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

/// Equipment of a terminal at most.
pub const MAX_EQUIPMENT: usize = 100_000;

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
    use std::sync::Arc;

    use super::super::decide::{View, decide};
    use super::super::event::{Ask, Body, Change, Entity, Expect, Reason, Record, Stamp};
    use super::super::layout::{Spec, StackAt};
    use super::*;
    use crate::ports::StoreError;

    /// A terminal that has a layout and so many pieces of equipment, and the piece `OLD`.
    struct Crowd(usize);

    impl View for Crowd {
        fn spec(&self) -> Result<Option<Arc<Spec>>, StoreError> {
            Ok(Some(Arc::default()))
        }
        fn record(&self, _: Entity, id: &str) -> Result<Option<Record>, StoreError> {
            let stamp = Stamp { version: 1, at: Timestamp::UNIX_EPOCH, by: "test".to_owned() };
            let body = Body::Equipment(Equipment { id: id.to_owned(), details: truck(None) });
            Ok((id == "OLD").then_some(Record { body, stamp }))
        }
        fn stack(&self, _: &StackAt) -> Result<Vec<String>, StoreError> {
            Ok(Vec::new())
        }
        fn all(&self, _: Entity) -> Result<Vec<Record>, StoreError> {
            Ok(Vec::new())
        }
        fn equipment(&self) -> Result<usize, StoreError> {
            Ok(self.0)
        }
        fn occupied(&self) -> Result<Vec<(StackAt, Vec<String>)>, StoreError> {
            Ok(Vec::new())
        }
    }

    fn truck(rate: Option<u32>) -> Details {
        Details { kind: Kind::Truck, name: None, at: None, moves_per_hour: rate }
    }

    #[test]
    fn a_terminal_that_is_full_of_equipment_takes_no_more() {
        let put = |id: &str, pieces: usize| {
            let change = Change::PutEquipment(id.to_owned(), truck(Some(9)));
            let ask = Ask { change, expect: Expect::Anything, by: "test".to_owned(), key: None };
            decide(&Crowd(pieces), &ask, Timestamp::UNIX_EPOCH).expect("a decision")
        };
        assert_eq!(put("NEW", MAX_EQUIPMENT - 1).drafts.len(), 1);
        assert_eq!(put("OLD", MAX_EQUIPMENT).drafts.len(), 1, "what is there can be changed");
        let refusal = put("NEW", MAX_EQUIPMENT).refusal.expect("it is full");
        assert_eq!((refusal.reason, refusal.issues[0].code.as_ref()), (Reason::Invalid, "too_many"));
    }

    #[test]
    fn thirty_seconds_of_silence_and_no_less() {
        let seen: Timestamp = "2026-03-02T00:00:00Z".parse().expect("a time");
        let after = |ms: i64| is_online(Some(seen), seen + SignedDuration::from_millis(ms));
        assert_eq!([after(0), after(29_999), after(30_000), after(30_001)], [true, true, true, false]);
        assert!(!is_online(None, seen));
    }
}
