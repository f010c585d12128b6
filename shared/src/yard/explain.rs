//! Why containers are moved, and what stands in the way of those that are left.

use std::collections::HashSet;

use super::instance::Instance;
use super::plan::{LeftOut, Remedy, Why};
use super::wire::Task;

/// Why the top container of a stack is moved. `held`: positions of its containers, from the ground up.
pub(super) fn why(instance: &Instance, held: &[usize], leaves: bool) -> Why {
    let Some((&top, below)) = held.split_last() else { return Why::MakesRoom };
    let turn = |container: usize| instance.containers[container].turn;
    if let Some(turn) = turn(top).filter(|_| leaves) {
        return Why::Leaves { turn: u32::from(turn) + 1 };
    }
    let first = below.iter().filter_map(|&at| Some((turn(at)?, at))).min();
    match first.filter(|&(earliest, _)| turn(top).is_none_or(|own| earliest < own)) {
        Some((turn, at)) => Why::Blocks { container: instance.containers[at].id.clone(), turn: u32::from(turn) + 1 },
        None => Why::MakesRoom,
    }
}

/// The containers that have to be moved before their stack is in order: those that stand above one that leaves earlier and,
/// where nothing leaves meanwhile, those above these.
pub(super) fn badly_placed(instance: &Instance, stacks: &[Vec<usize>]) -> Vec<usize> {
    let mut found = Vec::new();
    for held in stacks {
        let mut earliest = u32::MAX;
        let mut is_bad = false;
        for &at in held {
            let turn = instance.containers[at].turn.map_or(u32::MAX, u32::from);
            is_bad = turn > earliest || (is_bad && instance.task == Task::Premarshal);
            if is_bad {
                found.push(at);
            }
            earliest = earliest.min(turn);
        }
    }
    found
}

/// What the plan leaves undone, with the stacks as they are after `moves` moves.
pub(super) fn left_out(instance: &Instance, stacks: &[Vec<usize>], moves: usize) -> Vec<LeftOut> {
    let undone: HashSet<usize> = match instance.task {
        Task::Retrieve => {
            stacks.iter().flatten().copied().filter(|&at| instance.containers[at].turn.is_some()).collect()
        }
        Task::Premarshal => badly_placed(instance, stacks).into_iter().collect(),
    };
    let mut left: Vec<LeftOut> = Vec::with_capacity(undone.len());
    for (stack, held) in stacks.iter().enumerate() {
        for (tier, &at) in held.iter().enumerate().filter(|(_, at)| undone.contains(at)) {
            left.push(one(instance, stacks, stack, tier, at, moves));
        }
    }
    left.sort_by(|a, b| (a.turn.unwrap_or(u32::MAX), &a.container).cmp(&(b.turn.unwrap_or(u32::MAX), &b.container)));
    left
}

fn one(instance: &Instance, stacks: &[Vec<usize>], stack: usize, tier: usize, at: usize, moves: usize) -> LeftOut {
    let container = &instance.containers[at];
    let above: Vec<usize> = stacks[stack][tier + 1..].iter().rev().copied().collect();
    let is_cut_short =
        instance.task == Task::Premarshal && instance.max_relocations.is_some_and(|most| moves >= most as usize);
    // For pre-marshalling the container itself has to find another place as well.
    let to_place = above.len() + usize::from(instance.task == Task::Premarshal);
    let free: usize =
        (0..stacks.len()).filter(|&other| other != stack).map(|other| free(instance, stacks, other)).sum();
    let missing = to_place.saturating_sub(free);
    let turn = container.turn.map(|turn| u32::from(turn) + 1);
    let waits_for_another = stacks.iter().flatten().filter_map(|&other| instance.containers[other].turn);
    let earlier = waits_for_another.min() < container.turn;
    let (cause, remedy) = if is_cut_short {
        let most = instance.max_relocations.unwrap_or(0);
        let cause = format!("{most} relocations are not enough to place it well");
        (cause, Some(Remedy::MoreRelocations { relocations: 1 + above.len() as u32 }))
    } else if missing > 0 {
        let cause = format!(
            "{} {} on it and {} free {} elsewhere",
            above.len(),
            if above.len() == 1 { "container stands" } else { "containers stand" },
            free,
            if free == 1 { "slot is" } else { "slots are" },
        );
        (cause, Some(Remedy::FreeSlots { slots: missing as u32 }))
    } else if instance.task == Task::Retrieve && earlier {
        ("one that leaves earlier cannot leave".to_owned(), None)
    } else {
        ("the search found no way within its limits and the rules".to_owned(), None)
    };
    LeftOut {
        container: container.id.clone(),
        turn,
        cause,
        blocked_by: above.iter().map(|&at| instance.containers[at].id.clone()).collect(),
        missing_slots: missing as u32,
        remedy,
    }
}

/// Containers that the stack still takes by its height.
fn free(instance: &Instance, stacks: &[Vec<usize>], stack: usize) -> usize {
    let closed = instance.stacks[stack].closed;
    if closed { 0 } else { usize::from(instance.stacks[stack].max_tiers).saturating_sub(stacks[stack].len()) }
}
