//! The optimum by walking through every state that can be reached, cheapest first. Uses the request's own data only.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use portolan::yard::wire::Task;
use portolan::yard::{Instance, Moves};

/// Where everything is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct State {
    /// `[stack]`: containers from the ground up.
    stacks: Vec<Vec<usize>>,
    /// Bay and row of the crane; (0, 0) where its time does not count.
    crane: (u32, u32),
    /// Relocations so far; 0 where their number is not limited.
    relocations: u32,
}

/// The least objective.
pub(crate) fn optimum(instance: &Instance) -> i64 {
    let stacks: Vec<Vec<usize>> = instance.stacks().iter().map(|stack| stack.containers.clone()).collect();
    let crane = if counts_time(instance) { (instance.stacks()[0].bay, 0) } else { (0, 0) };
    let start = State { stacks, crane, relocations: 0 };
    let mut best = i64::MAX;
    let mut least = HashMap::from([(start.clone(), 0)]);
    let mut open = BinaryHeap::from([Reverse((0, start))]);
    while let Some(Reverse((spent, state))) = open.pop() {
        if spent > least[&state] {
            continue;
        }
        best = best.min(spent + instance.prices().left_out * undone(instance, &state) as i64);
        for (cost, next) in neighbours(instance, &state) {
            let known = least.entry(next.clone()).or_insert(i64::MAX);
            if spent + cost < *known {
                *known = spent + cost;
                open.push(Reverse((spent + cost, next)));
            }
        }
    }
    best
}

fn counts_time(instance: &Instance) -> bool {
    instance.prices().crane_ms > 0
}

fn turn(instance: &Instance, container: usize) -> Option<u16> {
    instance.containers()[container].turn
}

fn next_turn(instance: &Instance, state: &State) -> Option<u16> {
    let retrieves = instance.task() == Task::Retrieve;
    state.stacks.iter().flatten().filter_map(|&container| turn(instance, container)).min().filter(|_| retrieves)
}

fn neighbours(instance: &Instance, state: &State) -> Vec<(i64, State)> {
    let now = next_turn(instance, state);
    let is_restricted = instance.task() == Task::Retrieve && instance.moves() == Moves::Restricted;
    let is_ready =
        |&from: &usize| state.stacks[from].last().is_some_and(|&top| now.is_some() && turn(instance, top) == now);
    // What can leave does so at once, in any order.
    let mut reached: Vec<(i64, State)> =
        (0..state.stacks.len()).filter(is_ready).map(|from| moved(instance, state, from, None)).collect();
    if !reached.is_empty() {
        return reached;
    }
    for from in 0..state.stacks.len() {
        let Some(&top) = state.stacks[from].last() else { continue };
        let is_above_target =
            state.stacks[from].iter().any(|&container| now.is_some() && turn(instance, container) == now);
        let is_over = instance.max_relocations().is_some_and(|most| state.relocations >= most);
        if is_over || is_restricted && !is_above_target {
            continue;
        }
        for to in (0..state.stacks.len()).filter(|&to| to != from) {
            if instance.why_not(top, to, &state.stacks[to]).is_none() {
                reached.push(moved(instance, state, from, Some(to)));
            }
        }
    }
    reached
}

/// What a move costs, and where it leads. Without a target the container leaves.
fn moved(instance: &Instance, state: &State, from: usize, to: Option<usize>) -> (i64, State) {
    let mut next = state.clone();
    let prices = instance.prices();
    let mut cost = prices.crane_ms * crane_ms(instance, &mut next, from, to);
    if let (Some(container), Some(to)) = (next.stacks[from].pop(), to) {
        next.stacks[to].push(container);
        cost += prices.relocation;
        next.relocations += u32::from(instance.max_relocations().is_some());
    }
    (cost, next)
}

/// Time of one move; the crane is brought to its end.
fn crane_ms(instance: &Instance, state: &mut State, from: usize, to: Option<usize>) -> i64 {
    if !counts_time(instance) {
        return 0;
    }
    let crane = instance.crane();
    let stacks = instance.stacks();
    let way = |a: (u32, u32), b: (u32, u32), trolley_ms: u32| {
        let bays = a.0.abs_diff(b.0);
        let gantry = if bays == 0 { 0 } else { crane.gantry_start_ms + bays * crane.gantry_ms };
        i64::from(gantry + a.1.abs_diff(b.1) * trolley_ms)
    };
    let above = 1 + stacks.iter().map(|stack| stack.max_tiers).max().unwrap_or(0) as usize;
    let hoist = |tier: usize| (above - tier) as i64 * i64::from(crane.hoist_empty_ms + crane.hoist_loaded_ms);
    let source = (stacks[from].bay, stacks[from].row);
    let (target, put_down) = match to {
        Some(to) => ((stacks[to].bay, stacks[to].row), hoist(state.stacks[to].len() + 1)),
        None => ((source.0, 0), i64::from(crane.handover_ms)),
    };
    let time = way(state.crane, source, crane.trolley_empty_ms)
        + hoist(state.stacks[from].len())
        + way(source, target, crane.trolley_loaded_ms)
        + put_down;
    state.crane = target;
    time
}

/// Containers that are not out, or not in order.
fn undone(instance: &Instance, state: &State) -> usize {
    match instance.task() {
        Task::Retrieve => {
            state.stacks.iter().flatten().filter(|&&container| turn(instance, container).is_some()).count()
        }
        Task::Premarshal => state.stacks.iter().map(|stack| badly_placed(instance, stack)).sum(),
    }
}

/// Containers from the first one on that stands above one that leaves earlier.
fn badly_placed(instance: &Instance, stack: &[usize]) -> usize {
    let key = |container: usize| turn(instance, container).map_or(u32::MAX, u32::from);
    let first = (1..stack.len()).find(|&tier| stack[..tier].iter().any(|&below| key(below) < key(stack[tier])));
    first.map_or(0, |tier| stack.len() - tier)
}
