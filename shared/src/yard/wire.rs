//! The JSON shape of a yard problem, as a planner writes it. Version 1.
//!
//! Fields are only ever added. A field that nobody knows is refused, so that a misspelt `max_teirs` cannot silently
//! lift a limit.

use serde::{Deserialize, Serialize};

use crate::options::Options;

mod short;

pub use super::layout::Moves;

/// A yard problem: which moves dig out the containers that leave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = YardProblem))]
pub struct Wire {
    /// What to do; `retrieve` where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
    /// Which containers may be relocated while others leave; `unrestricted` where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moves: Option<Moves>,
    /// What is to be least; `relocations` where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<Objective>,
    /// The stacks of the bay or the block.
    pub stacks: Vec<StackWire>,
    /// Which containers leave, first to last: a name, or a list of names that leave in any order, each as soon as it can be reached. A container that is not
    /// named stays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub departures: Vec<Departure>,
    /// What may stand where, beyond the stacks' heights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<RulesWire>,
    /// The crane's speeds; those of Lee and Lee 2010 where they are not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crane: Option<CraneWire>,
    /// For `premarshal`: the most relocations there is time for. The plan is then the one that leaves the fewest containers
    /// badly placed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_relocations: Option<u32>,
    /// How to solve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Options>,
}

/// What to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = YardTask))]
pub enum Task {
    /// Take out the departing containers in their order.
    #[default]
    Retrieve,
    /// Take out nothing yet: sort the stacks so that nothing will stand above a container that leaves earlier.
    Premarshal,
}

/// What is to be least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = YardObjective))]
pub enum Objective {
    /// The number of relocations.
    #[default]
    Relocations,
    /// The crane's time, in milliseconds.
    CraneTime,
    /// The number of relocations; among plans with equally many, the crane's time.
    RelocationsThenCraneTime,
}

/// A stack: containers on one ground slot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Stack))]
pub struct StackWire {
    /// Name, unique among the stacks.
    pub id: String,
    /// The bay it stands in, counted along the block; 1 where it is not given. Going from bay to bay takes the gantry time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bay: Option<u32>,
    /// The row within the bay, counted from the truck lane, which is row 0; the place in the list where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<u32>,
    /// Containers it takes at most; as many as there are where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tiers: Option<u32>,
    /// The containers, from the ground up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<ContainerWire>,
    /// Nothing is put here; what stands here may leave.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
    /// Length of its containers in feet; any where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length_ft: Option<u32>,
    /// Whether it has plugs; containers that need power stand only where there are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub plugs: bool,
    /// Hazard classes (IMDG) that may stand here; a container with a hazard class stands only where it is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hazards: Vec<String>,
}

/// A container. One with nothing but a name may be written as the name alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerWire {
    /// Name, unique in the yard. One of ISO 6346's form (four letters, seven digits) must have its check digit right.
    pub id: String,
    /// Gross weight.
    pub weight_kg: Option<u32>,
    /// Length in feet.
    pub length_ft: Option<u32>,
    /// Whether it needs a plug.
    pub reefer: bool,
    /// Hazard class (IMDG).
    pub hazard: Option<String>,
}

impl ContainerWire {
    /// A container with nothing but a name.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }
}

/// Containers that leave together, in any order among themselves. One alone may be written as its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Departure {
    /// Their names.
    pub containers: Vec<String>,
}

/// What may stand on what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = YardRules))]
pub struct RulesWire {
    /// A container may be heavier than the one it is put on by this much at most; any weight goes on any where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_overweight_kg: Option<u32>,
    /// Whether a shorter container may be put on a longer one; not where it is not given.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub short_on_long: bool,
}

/// Speeds of the crane, in milliseconds. The trolley goes along the rows, the hoist up and down the tiers, the gantry along
/// the bays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Crane))]
pub struct CraneWire {
    /// Trolley, empty, one row.
    pub trolley_empty_ms: u32,
    /// Trolley, with a container, one row.
    pub trolley_loaded_ms: u32,
    /// Hoist, empty, one tier.
    pub hoist_empty_ms: u32,
    /// Hoist, with a container, one tier.
    pub hoist_loaded_ms: u32,
    /// Gantry, one bay.
    pub gantry_ms: u32,
    /// Gantry, each time it starts.
    pub gantry_start_ms: u32,
    /// Handing a container over at the truck lane.
    pub handover_ms: u32,
}

impl Default for CraneWire {
    fn default() -> Self {
        Self {
            trolley_empty_ms: 1_200,
            trolley_loaded_ms: 2_400,
            hoist_empty_ms: 2_590,
            hoist_loaded_ms: 5_180,
            gantry_ms: 3_500,
            gantry_start_ms: 40_000,
            handover_ms: 0,
        }
    }
}
