//! The optimum by walking through every state that can be reached, level by level. Uses the request's own data only.

use std::collections::HashSet;

use portolan::yard::wire::Task;
use portolan::yard::{Instance, Moves};

/// What one container left out counts.
pub(crate) const LEFT_OUT: i64 = 1_000_000;

/// `[stack]`: containers from the ground up.
type State = Vec<Vec<usize>>;

/// The least objective.
pub(crate) fn optimum(instance: &Instance) -> i64 {
    let mut start: State = instance.stacks().iter().map(|stack| stack.containers.clone()).collect();
    settle(instance, &mut start);
    let mut best = cost(instance, &start, 0);
    let mut seen: HashSet<State> = HashSet::from([start.clone()]);
    let mut level = vec![start];
    let mut relocations = 0;
    while !level.is_empty() && instance.max_relocations().is_none_or(|most| relocations < i64::from(most)) {
        relocations += 1;
        let mut next = Vec::new();
        for state in &level {
            for reached in neighbours(instance, state) {
                if seen.insert(reached.clone()) {
                    best = best.min(cost(instance, &reached, relocations));
                    next.push(reached);
                }
            }
        }
        level = next;
    }
    best
}

fn turn(instance: &Instance, container: usize) -> Option<u16> {
    instance.containers()[container].turn
}

fn next_turn(instance: &Instance, state: &State) -> Option<u16> {
    state.iter().flatten().filter_map(|&container| turn(instance, container)).min()
}

fn settle(instance: &Instance, state: &mut State) {
    while let Some(now) = next_turn(instance, state).filter(|_| instance.task() == Task::Retrieve) {
        let leaves = |stack: &Vec<usize>| stack.last().is_some_and(|&top| turn(instance, top) == Some(now));
        let Some(stack) = state.iter_mut().find(|stack| leaves(stack)) else { return };
        stack.pop();
    }
}

fn neighbours(instance: &Instance, state: &State) -> Vec<State> {
    let now = next_turn(instance, state);
    let is_restricted = instance.task() == Task::Retrieve && instance.moves() == Moves::Restricted;
    let mut reached = Vec::new();
    for from in 0..state.len() {
        let Some(&top) = state[from].last() else { continue };
        let is_above_target = state[from].iter().any(|&container| now.is_some() && turn(instance, container) == now);
        if is_restricted && !is_above_target {
            continue;
        }
        for to in (0..state.len()).filter(|&to| to != from) {
            if instance.why_not(top, to, &state[to]).is_none() {
                let mut next = state.clone();
                next[from].pop();
                next[to].push(top);
                settle(instance, &mut next);
                reached.push(next);
            }
        }
    }
    reached
}

fn cost(instance: &Instance, state: &State, relocations: i64) -> i64 {
    let undone = match instance.task() {
        Task::Retrieve => state.iter().flatten().filter(|&&container| turn(instance, container).is_some()).count(),
        Task::Premarshal => state.iter().map(|stack| badly_placed(instance, stack)).sum(),
    };
    LEFT_OUT * undone as i64 + relocations
}

/// Containers from the first one on that stands above one that leaves earlier.
fn badly_placed(instance: &Instance, stack: &[usize]) -> usize {
    let key = |container: usize| turn(instance, container).map_or(u32::MAX, u32::from);
    let first = (1..stack.len()).find(|&tier| stack[..tier].iter().any(|&below| key(below) < key(stack[tier])));
    first.map_or(0, |tier| stack.len() - tier)
}
