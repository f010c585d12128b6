//! A yard plan, as a user reads it: the moves in order, each with its reason, and what is left undone.

use serde::{Deserialize, Serialize};

use super::explain;
use super::instance::{Instance, Prices};
use super::layout::Move;
use super::wire::Task;
use crate::outcome::Level;

/// The moves, in the order in which the crane makes them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = YardPlan))]
pub struct Plan {
    /// What the crane does, first to last.
    pub moves: Vec<Step>,
    /// Containers that are relocated more than not at all, most often first.
    pub relocated: Vec<Relocated>,
    /// Departing containers that the plan does not bring out, or, for pre-marshalling, containers it leaves badly placed.
    pub left_out: Vec<LeftOut>,
    /// The stacks when all is done, in the order of the request.
    pub after: Vec<StackAfter>,
    /// Key figures.
    pub kpis: Kpis,
}

/// One move of the crane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = YardMove))]
pub struct Step {
    /// The container.
    pub container: String,
    /// Where it stands.
    pub from: Place,
    /// Where it goes; missing where it leaves the yard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Place>,
    /// Why it is moved.
    pub why: Why,
    /// Time of this move, the crane's way to it included.
    pub crane_ms: i64,
}

/// A slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Place))]
pub struct Place {
    /// The stack's `id`.
    pub stack: String,
    /// The tier, counted from 1 at the ground.
    pub tier: u32,
}

/// Why a container is moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = MoveReason))]
pub enum Why {
    /// Its turn has come.
    Leaves {
        /// Its place in `departures`, counted from 1.
        turn: u32,
    },
    /// It stands above one that leaves earlier.
    Blocks {
        /// The container below that leaves first.
        container: String,
        /// When that one leaves: its place in `departures`, counted from 1.
        turn: u32,
    },
    /// It blocks nothing itself: it makes room, or opens a better place for another.
    MakesRoom,
}

/// A container that is relocated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Relocated))]
pub struct Relocated {
    /// The container.
    pub container: String,
    /// How often.
    pub times: u32,
}

/// A container for which the plan does not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ContainerLeftOut))]
pub struct LeftOut {
    /// The container.
    pub container: String,
    /// Its place in `departures`, counted from 1; missing for a container that stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<u32>,
    /// What stands in the way, in words.
    pub cause: String,
    /// The containers above it, topmost first.
    pub blocked_by: Vec<String>,
    /// Free slots that are missing to put the containers above it elsewhere. Zero where slots are not what is missing.
    pub missing_slots: u32,
    /// The cheapest change that would let it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Remedy>,
}

/// A change of the yard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = YardRemedy))]
pub enum Remedy {
    /// Free slots for the containers above: another stack, higher tiers, or containers taken elsewhere.
    FreeSlots {
        /// How many.
        slots: u32,
    },
    /// Grant more relocations.
    MoreRelocations {
        /// How many more.
        relocations: u32,
    },
}

/// A stack when all is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = StackAfter))]
pub struct StackAfter {
    /// The stack's `id`.
    pub stack: String,
    /// Its containers, from the ground up.
    pub containers: Vec<String>,
}

/// Key figures of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = YardKpis))]
pub struct Kpis {
    /// Relocations.
    pub relocations: u32,
    /// Containers that leave.
    pub retrievals: u32,
    /// Containers for which the plan does not do what was asked.
    pub left_out: u32,
    /// Containers that stood above one that leaves earlier, before the first move.
    pub badly_placed_before: u32,
    /// Containers that stand above one that leaves earlier, after the last move.
    pub badly_placed_after: u32,
    /// The crane's time for all moves.
    pub crane_ms: i64,
}

impl Plan {
    /// Writes moves out for people.
    pub fn new(instance: &Instance, moves: &[Move]) -> Self {
        let mut stacks: Vec<Vec<usize>> = instance.stacks.iter().map(|stack| stack.containers.clone()).collect();
        let mut times = vec![0_u32; instance.containers.len()];
        let mut crane = super::crane::Crane::new(instance);
        let badly_placed_before = explain::badly_placed(instance, &stacks).len() as u32;
        let mut steps = Vec::with_capacity(moves.len());
        for &Move { from, to } in moves {
            let from = usize::from(from);
            let Some(&container) = stacks[from].last() else { break };
            let why = explain::why(instance, &stacks[from], to.is_none());
            let start = place(instance, from, stacks[from].len());
            stacks[from].pop();
            let to = to.map(usize::from);
            let crane_ms = crane.moves(from, stacks[from].len() + 1, to.map(|to| (to, stacks[to].len() + 1)));
            if let Some(to) = to {
                stacks[to].push(container);
                times[container] += 1;
            }
            let to = to.map(|to| place(instance, to, stacks[to].len()));
            steps.push(Step { container: instance.containers[container].id.clone(), from: start, to, why, crane_ms });
        }
        let left_out = explain::left_out(instance, &stacks, steps.len());
        let mut relocated: Vec<(usize, u32)> = times.iter().copied().enumerate().filter(|&(_, n)| n > 0).collect();
        relocated.sort_by_key(|&(container, times)| (std::cmp::Reverse(times), container));
        let id = |container: usize| instance.containers[container].id.clone();
        let kpis = Kpis {
            relocations: times.iter().sum(),
            retrievals: steps.iter().filter(|step| step.to.is_none()).count() as u32,
            left_out: left_out.len() as u32,
            badly_placed_before,
            badly_placed_after: explain::badly_placed(instance, &stacks).len() as u32,
            crane_ms: steps.iter().map(|step| step.crane_ms).sum(),
        };
        Self {
            moves: steps,
            relocated: relocated.into_iter().map(|(at, times)| Relocated { container: id(at), times }).collect(),
            left_out,
            after: instance
                .stacks
                .iter()
                .zip(&stacks)
                .map(|(stack, held)| StackAfter {
                    stack: stack.id.clone(),
                    containers: held.iter().map(|&at| id(at)).collect(),
                })
                .collect(),
            kpis,
        }
    }
}

fn place(instance: &Instance, stack: usize, tier: usize) -> Place {
    Place { stack: instance.stacks[stack].id.clone(), tier: tier as u32 }
}

/// `[stack]`: the containers after the moves, from the ground up.
pub(super) fn stacks_after(instance: &Instance, moves: &[Move]) -> Vec<Vec<usize>> {
    let mut stacks: Vec<Vec<usize>> = instance.stacks.iter().map(|stack| stack.containers.clone()).collect();
    for &Move { from, to } in moves {
        let Some(container) = stacks[usize::from(from)].pop() else { break };
        if let Some(to) = to {
            stacks[usize::from(to)].push(container);
        }
    }
    stacks
}

/// The objective of a plan with these key figures.
pub(super) fn objective(instance: &Instance, left_out: u32, relocations: u32, crane_ms: i64) -> i64 {
    let Prices { left_out: out, relocation, crane_ms: time } = instance.prices;
    out * i64::from(left_out) + relocation * i64::from(relocations) + time * crane_ms
}

/// Whether the task is to take containers out.
pub(super) fn retrieves(instance: &Instance) -> bool {
    instance.task == Task::Retrieve
}

/// The relative gap: that of the containers left out while it stands, then that of the relocations, then that of the rest.
pub(super) fn gap(instance: &Instance, mut objective: i64, mut lower_bound: i64) -> f64 {
    let Prices { left_out, relocation, crane_ms } = instance.prices;
    for price in [left_out, if crane_ms > 0 { relocation } else { 0 }].into_iter().filter(|&price| price > 0) {
        if objective / price > lower_bound / price {
            return crate::outcome::gap(objective / price, lower_bound / price);
        }
        (objective, lower_bound) = (objective % price, lower_bound % price);
    }
    crate::outcome::gap(objective, lower_bound)
}

/// Class 0 counts the containers left out, class 1 relocations or crane time; where both count, class 2 is the crane time.
pub(super) fn levels(instance: &Instance, moves: &[Move], lower_bound: i64) -> Vec<Level> {
    let kpis = Plan::new(instance, moves).kpis;
    let Prices { left_out, relocation, crane_ms } = instance.prices;
    let figures =
        [(left_out, i64::from(kpis.left_out)), (relocation, i64::from(kpis.relocations)), (crane_ms, kpis.crane_ms)];
    let mut rest = lower_bound;
    let mut is_settled = true;
    let counted = figures.into_iter().filter(|&(price, _)| price > 0).enumerate();
    counted
        .map(|(class, (multiplier, objective))| {
            let bound = if is_settled { rest / multiplier } else { 0 };
            rest %= multiplier;
            is_settled &= objective <= bound;
            Level { class: class as u8, multiplier, objective, lower_bound: bound }
        })
        .collect()
}
