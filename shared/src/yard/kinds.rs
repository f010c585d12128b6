//! Which containers are interchangeable: the same turn and, where rules ask for them, the same attributes.

use std::collections::BTreeMap;

use super::instance::Container;
use super::layout::STAYS;
use super::wire::RulesWire;

/// Kinds, numbered by turn first, as [`super::layout::Layout`] asks.
pub(super) struct Kinds {
    /// `[container]`: its kind.
    pub(super) of: Vec<u16>,
    /// `[kind]`: its turn, or [`STAYS`].
    pub(super) groups: Vec<u16>,
    /// `[kind]`: a container of it.
    pub(super) examples: Vec<usize>,
    /// Whether any container has an attribute that a rule asks for.
    pub(super) has_attributes: bool,
}

/// What tells containers apart.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a> {
    group: u16,
    weight_kg: Option<u32>,
    length_ft: Option<u32>,
    reefer: bool,
    hazard: Option<&'a str>,
}

pub(super) fn of(containers: &[Container], rules: RulesWire) -> Kinds {
    let mut members: BTreeMap<Key<'_>, Vec<usize>> = BTreeMap::new();
    let mut has_attributes = false;
    for (at, container) in containers.iter().enumerate() {
        let key = Key {
            group: container.turn.unwrap_or(STAYS),
            weight_kg: container.weight_kg.filter(|_| rules.max_overweight_kg.is_some()),
            length_ft: container.length_ft,
            reefer: container.reefer,
            hazard: container.hazard.as_deref(),
        };
        has_attributes |= key.weight_kg.is_some() || key.length_ft.is_some() || key.reefer || key.hazard.is_some();
        members.entry(key).or_default().push(at);
    }
    let mut of = vec![0; containers.len()];
    for (kind, containers) in members.values().enumerate() {
        for &container in containers {
            of[container] = kind as u16;
        }
    }
    Kinds {
        of,
        groups: members.keys().map(|key| key.group).collect(),
        examples: members.values().map(|containers| containers[0]).collect(),
        has_attributes,
    }
}
