//! A validated yard instance: immutable, with the reduced form that the searches work on.
//!
//! The raw data (stacks and containers with their attributes) stay readable here because the verifier judges a plan by
//! them alone; the searches use the derived [`Layout`] and [`Rules`].

use super::layout::{Layout, Moves};
use super::rules::Rules;
use super::wire::{CraneWire, Objective, RulesWire, Task};

/// A ground slot with containers on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// The caller's name for it.
    pub id: String,
    /// The bay it stands in.
    pub bay: u32,
    /// The row within the bay; the truck lane is row 0.
    pub row: u32,
    /// Containers it takes at most.
    pub max_tiers: u16,
    /// Whether nothing may be put on it.
    pub closed: bool,
    /// Length of its containers.
    pub length_ft: Option<u32>,
    /// Whether it has plugs.
    pub plugs: bool,
    /// Hazard classes that may stand in it.
    pub hazards: Vec<String>,
    /// Its containers from the ground up, as positions in [`Instance::containers`].
    pub containers: Vec<usize>,
}

/// A container in the yard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// The caller's name for it.
    pub id: String,
    /// Position of its stack.
    pub stack: usize,
    /// Its turn to leave, counted from zero; `None` where it stays.
    pub turn: Option<u16>,
    /// Gross weight.
    pub weight_kg: Option<u32>,
    /// Length.
    pub length_ft: Option<u32>,
    /// Whether it needs a plug.
    pub reefer: bool,
    /// Hazard class.
    pub hazard: Option<String>,
}

/// What one of each counts in the objective.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prices {
    /// A container left out: more than all relocations, or all crane time, that could be saved by leaving it out.
    pub left_out: i64,
    /// A relocation: where crane time counts as well, more than all crane time that one more could save.
    pub relocation: i64,
    /// A millisecond of crane time: 1 where it counts.
    pub crane_ms: i64,
}

/// A yard problem without issues.
#[derive(Clone, Debug)]
pub struct Instance {
    pub(super) task: Task,
    pub(super) moves: Moves,
    pub(super) objective: Objective,
    pub(super) stacks: Vec<Stack>,
    pub(super) containers: Vec<Container>,
    pub(super) turns: u16,
    pub(super) rules: RulesWire,
    pub(super) crane: CraneWire,
    pub(super) max_relocations: Option<u32>,
    pub(super) prices: Prices,
    pub(super) layout: Layout,
    pub(super) placement: Option<Rules>,
}

impl Instance {
    /// What is to be done.
    pub fn task(&self) -> Task {
        self.task
    }

    /// Which containers may be relocated while others leave.
    pub fn moves(&self) -> Moves {
        self.moves
    }

    /// What is to be least.
    pub fn objective(&self) -> Objective {
        self.objective
    }

    /// The stacks, in the order of the request.
    pub fn stacks(&self) -> &[Stack] {
        &self.stacks
    }

    /// The containers, stack by stack from the ground up.
    pub fn containers(&self) -> &[Container] {
        &self.containers
    }

    /// How many turns there are: container groups that leave one after another.
    pub fn turns(&self) -> u16 {
        self.turns
    }

    /// The crane.
    pub fn crane(&self) -> &CraneWire {
        &self.crane
    }

    /// What one of each counts in the objective.
    pub fn prices(&self) -> Prices {
        self.prices
    }

    /// For pre-marshalling: the most relocations there is time for.
    pub fn max_relocations(&self) -> Option<u32> {
        self.max_relocations
    }

    /// What the searches see.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Where a container may stand, beyond heights; `None` where everywhere.
    pub fn placement(&self) -> Option<&Rules> {
        self.placement.as_ref()
    }

    /// Why a container may not be put on a stack that holds these, from the ground up; `None` where it may.
    pub fn why_not(&self, container: usize, stack: usize, held: &[usize]) -> Option<Misfit> {
        if held.len() >= usize::from(self.stacks[stack].max_tiers) {
            return Some(Misfit::Full);
        }
        let below = held.last().map(|&below| &self.containers[below]);
        misfit(&self.containers[container], &self.stacks[stack], below, self.rules)
    }
}

/// Why a container may not stand in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// The stack has reached its height.
    Full,
    /// The stack takes nothing.
    Closed,
    /// The stack is for containers of another length.
    Length,
    /// It needs power and the stack has no plugs.
    NoPlug,
    /// The stack does not take its hazard class.
    Hazard,
    /// It is too heavy for the container below.
    TooHeavy,
    /// It is shorter than the container below.
    ShortOnLong,
}

impl Misfit {
    /// The reason in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Full => "the stack has reached its height",
            Self::Closed => "the stack is closed",
            Self::Length => "the stack is for containers of another length",
            Self::NoPlug => "it needs power and the stack has no plugs",
            Self::Hazard => "the stack does not take its hazard class",
            Self::TooHeavy => "it is too heavy for the container below",
            Self::ShortOnLong => "it is shorter than the container below",
        }
    }
}

/// The stacking rules, heights aside.
pub(super) fn misfit(
    container: &Container,
    stack: &Stack,
    below: Option<&Container>,
    rules: RulesWire,
) -> Option<Misfit> {
    place_misfit(container, stack).or_else(|| below.and_then(|below| pair_misfit(container, below, rules)))
}

/// What the stack has against the container.
pub(super) fn place_misfit(container: &Container, stack: &Stack) -> Option<Misfit> {
    let differs = |a: Option<u32>, b: Option<u32>| a.zip(b).is_some_and(|(a, b)| a != b);
    if stack.closed {
        Some(Misfit::Closed)
    } else if differs(container.length_ft, stack.length_ft) {
        Some(Misfit::Length)
    } else if container.reefer && !stack.plugs {
        Some(Misfit::NoPlug)
    } else if container.hazard.as_ref().is_some_and(|hazard| !stack.hazards.contains(hazard)) {
        Some(Misfit::Hazard)
    } else {
        None
    }
}

/// What the container below has against the container.
pub(super) fn pair_misfit(container: &Container, below: &Container, rules: RulesWire) -> Option<Misfit> {
    let exceeds = |a: Option<u32>, b: Option<u32>, by: u32| a.zip(b).is_some_and(|(a, b)| a > b.saturating_add(by));
    if rules.max_overweight_kg.is_some_and(|by| exceeds(container.weight_kg, below.weight_kg, by)) {
        Some(Misfit::TooHeavy)
    } else if !rules.short_on_long && exceeds(below.length_ft, container.length_ft, 0) {
        Some(Misfit::ShortOnLong)
    } else {
        None
    }
}
