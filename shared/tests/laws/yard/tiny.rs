//! Random small yards: tight heights, groups, containers that stay, rules, every task.

use portolan::yard::Moves;
use portolan::yard::wire::{ContainerWire, CraneWire, Departure, Objective, RulesWire, StackWire, Task, Wire};
use proptest::collection::vec;
use proptest::prelude::*;

/// A stack: containers with their group (5: stays) and weight, spare tiers, whether it is closed.
type Drawn = (Vec<(u8, u32)>, u32, bool);

/// A yard of at most so many containers.
pub(crate) fn problem(most: usize) -> impl Strategy<Value = Wire> {
    let container = (0_u8..6, 1_u32..4);
    let stack = (vec(container, 0..=4), 0_u32..3, prop::bool::weighted(0.05));
    let rules = prop::option::weighted(0.25, 0_u32..2);
    (vec(stack, 2..=4), any::<bool>(), prop::bool::weighted(0.3), prop::option::weighted(0.2, 0_u32..6), rules)
        .prop_map(move |(stacks, is_restricted, is_premarshal, max_relocations, overweight)| {
            let mut wire = yard(&stacks, most);
            wire.moves = is_restricted.then_some(Moves::Restricted);
            if is_premarshal {
                wire.task = Some(Task::Premarshal);
                wire.max_relocations = max_relocations;
            }
            wire.rules = overweight.map(|by| RulesWire { max_overweight_kg: Some(by), short_on_long: false });
            wire
        })
}

/// What is asked of the crane: its speeds, the places of the stacks, which objective.
#[derive(Clone, Debug)]
pub(crate) struct Crane {
    speeds: CraneWire,
    places: Vec<(u32, u32)>,
    is_second: bool,
}

/// Speeds that make each part of the time matter now and then.
pub(crate) fn crane() -> impl Strategy<Value = Crane> {
    let ms = || 0_u32..8;
    let speeds = (ms(), ms(), ms(), ms(), ms(), ms(), ms()).prop_map(|(a, b, c, d, e, f, g)| CraneWire {
        trolley_empty_ms: a,
        trolley_loaded_ms: b,
        hoist_empty_ms: c,
        hoist_loaded_ms: d,
        gantry_ms: e,
        gantry_start_ms: f,
        handover_ms: g,
    });
    (speeds, vec((1_u32..4, 1_u32..6), 4), any::<bool>()).prop_map(|(speeds, places, is_second)| Crane {
        speeds,
        places,
        is_second,
    })
}

impl Crane {
    /// Asks for it.
    pub(crate) fn onto(&self, wire: &mut Wire) {
        for (stack, &(bay, row)) in wire.stacks.iter_mut().zip(&self.places) {
            (stack.bay, stack.row) = (Some(bay), Some(row));
        }
        wire.crane = Some(self.speeds);
        wire.objective = Some(if self.is_second { Objective::RelocationsThenCraneTime } else { Objective::CraneTime });
    }
}

fn yard(stacks: &[Drawn], most: usize) -> Wire {
    let mut departures = vec![Departure::default(); 5];
    let mut count = 0;
    let mut wire = Wire::default();
    for (at, (drawn, spare, closed)) in stacks.iter().enumerate() {
        let mut containers = Vec::new();
        for &(group, weight) in drawn.iter().take(most - count) {
            let id = format!("c{}", count + containers.len());
            if let Some(departure) = departures.get_mut(usize::from(group)) {
                departure.containers.push(id.clone());
            }
            containers.push(ContainerWire { weight_kg: Some(weight), ..ContainerWire::new(id) });
        }
        count += containers.len();
        let max_tiers = Some((containers.len() as u32 + spare).max(1));
        wire.stacks.push(StackWire {
            id: format!("s{at}"),
            max_tiers,
            containers,
            closed: *closed,
            ..StackWire::default()
        });
    }
    departures.retain(|departure| !departure.containers.is_empty());
    wire.departures = departures;
    wire
}
