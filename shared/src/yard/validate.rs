//! From a request to an instance: every issue at once, or a validated instance with its reduced form.

use std::collections::HashMap;

use super::instance::{Container, Instance, Prices, Stack, pair_misfit, place_misfit};
use super::kinds;
use super::layout::Layout;
use super::rules::Rules;
use super::wire::{ContainerWire, CraneWire, Departure, Objective, RulesWire, StackWire, Task, Wire};
use crate::issue::{Issue, Issues};
use crate::{iso6346, limits};

#[cfg(test)]
mod tests;

impl TryFrom<&Wire> for Instance {
    type Error = Vec<Issue>;

    fn try_from(wire: &Wire) -> Result<Self, Vec<Issue>> {
        let mut issues = Issues::new();
        counts(wire, &mut issues);
        if !issues.is_empty() {
            return Err(issues.into_vec());
        }
        if let Some(options) = &wire.options {
            options.check(&mut issues);
        }
        let names = containers(&wire.stacks, &mut issues);
        let turns = departures(&wire.departures, &names, &mut issues);
        let task = wire.task.unwrap_or_default();
        limits_of_the_task(wire, task, &mut issues);
        crane(wire.crane.unwrap_or_default(), &mut issues);
        let (stacks, containers) = read(wire, &turns, &mut issues);
        if !issues.is_empty() {
            return Err(issues.into_vec());
        }
        let rules = wire.rules.unwrap_or_default();
        let kinds = kinds::of(&containers, rules);
        let crane = wire.crane.unwrap_or_default();
        let prices = prices(wire.objective.unwrap_or_default(), &stacks, containers.len(), crane, &mut issues);
        let placement = placement(&stacks, &containers, &kinds, rules, &mut issues);
        let layout = Layout {
            stacks: stacks.iter().map(|stack| stack.containers.iter().map(|&at| kinds.of[at]).collect()).collect(),
            // No stack gets higher than all containers together.
            heights: stacks.iter().map(|stack| stack.max_tiers.min(containers.len().max(1) as u16)).collect(),
            groups: kinds.groups,
        };
        issues.into_result(Self {
            task,
            moves: wire.moves.unwrap_or_default(),
            objective: wire.objective.unwrap_or_default(),
            stacks,
            containers,
            turns: wire.departures.len() as u16,
            rules,
            crane,
            max_relocations: wire.max_relocations,
            prices,
            layout,
            placement,
        })
    }
}

fn counts(wire: &Wire, issues: &mut Issues) {
    let containers = wire.stacks.iter().map(|stack| stack.containers.len()).sum();
    let mut at_most = |code, path: &str, what: &str, count: usize, limit: usize| {
        if count > limit {
            let cause = format!("{count} {what}; the limit is {limit}");
            issues.note(code, path, cause, "plan fewer stacks at once: bay by bay or block by block");
        }
    };
    at_most("too_many_stacks", "/stacks", "stacks", wire.stacks.len(), limits::MAX_STACKS);
    at_most("too_many_containers", "/stacks", "containers", containers, limits::MAX_CONTAINERS);
    at_most("too_many_departures", "/departures", "departures", wire.departures.len(), limits::MAX_CONTAINERS);
    if wire.stacks.is_empty() {
        issues.note("no_stacks", "/stacks", "there is no stack", "give at least one stack");
    }
}

/// Checks the names of stacks and containers. Returns where each container stands in the list of all.
fn containers<'a>(stacks: &'a [StackWire], issues: &mut Issues) -> HashMap<&'a str, usize> {
    issues.ids("/stacks", stacks.iter().map(|stack| stack.id.as_str()));
    let mut seen: HashMap<&str, (usize, String)> = HashMap::new();
    for (stack, wire) in stacks.iter().enumerate() {
        for (tier, container) in wire.containers.iter().enumerate() {
            let path = format!("/stacks/{stack}/containers/{tier}");
            issues.name(&path, &container.id);
            if let Err(right) = iso6346::check(&container.id) {
                let cause = format!("{} has the form of ISO 6346, but its check digit is not {right}", container.id);
                issues.note("check_digit", &path, cause, "correct the number: one of its characters is wrong");
            }
            let count = seen.len();
            if let Some((_, first)) = seen.get(container.id.as_str()) {
                let cause = format!("{:?} already stands at {first}", container.id);
                issues.note("duplicate_container", &path, cause, "a container stands in one place only");
            } else {
                seen.insert(&container.id, (count, path));
            }
        }
    }
    seen.into_iter().map(|(id, (at, _))| (id, at)).collect()
}

/// The turn of each container that leaves.
fn departures<'a>(
    departures: &'a [Departure],
    names: &HashMap<&str, usize>,
    issues: &mut Issues,
) -> HashMap<&'a str, u16> {
    let mut turns: HashMap<&str, u16> = HashMap::new();
    for (turn, departure) in departures.iter().enumerate() {
        let path = format!("/departures/{turn}");
        if departure.containers.is_empty() {
            issues.note("departure_empty", &path, "nothing leaves at this turn", "name a container, or drop the entry");
        }
        for (at, id) in departure.containers.iter().enumerate() {
            let path = if departure.containers.len() == 1 { path.clone() } else { format!("{path}/{at}") };
            if !names.contains_key(id.as_str()) {
                let cause = format!("no stack holds a container {id:?}");
                issues.note("unknown_container", &path, cause, "name a container of /stacks");
            } else if let Some(first) = turns.insert(id, turn as u16) {
                let cause = format!("{id:?} already leaves at /departures/{first}");
                issues.note("departs_twice", &path, cause, "a container leaves once");
            }
        }
    }
    turns
}

fn limits_of_the_task(wire: &Wire, task: Task, issues: &mut Issues) {
    if wire.departures.is_empty() {
        let action = "list the containers that leave, first to last";
        issues.note("nothing_leaves", "/departures", "no container leaves, so there is nothing to plan", action);
    }
    if task == Task::Retrieve && wire.max_relocations.is_some() {
        let cause = "max_relocations is given for a retrieval, where every departing container has to come out";
        issues.note("limit_of_another_task", "/max_relocations", cause, "drop it, or ask for the task premarshal");
    }
}

fn crane(crane: CraneWire, issues: &mut Issues) {
    let CraneWire {
        trolley_empty_ms,
        trolley_loaded_ms,
        hoist_empty_ms,
        hoist_loaded_ms,
        gantry_ms,
        gantry_start_ms,
        handover_ms,
    } = crane;
    for (name, value) in [
        ("trolley_empty_ms", trolley_empty_ms),
        ("trolley_loaded_ms", trolley_loaded_ms),
        ("hoist_empty_ms", hoist_empty_ms),
        ("hoist_loaded_ms", hoist_loaded_ms),
        ("gantry_ms", gantry_ms),
        ("gantry_start_ms", gantry_start_ms),
        ("handover_ms", handover_ms),
    ] {
        issues.whole(&format!("/crane/{name}"), i64::from(value), 0, i64::from(limits::MAX_CRANE_MS));
    }
}

/// Prices that keep the order of the parts of the objective strict, for plans of up to ten relocations a container.
fn prices(objective: Objective, stacks: &[Stack], containers: usize, crane: CraneWire, issues: &mut Issues) -> Prices {
    if objective == Objective::Relocations {
        return Prices { left_out: 1_000_000, relocation: 1, crane_ms: 0 };
    }
    let spread = |of: fn(&Stack) -> u32| {
        let (low, high) = stacks.iter().map(of).fold((u32::MAX, 0), |(low, high), one| (low.min(one), high.max(one)));
        i128::from(high.saturating_sub(low))
    };
    let rows = i128::from(stacks.iter().map(|stack| stack.row).max().unwrap_or(0));
    let tiers = i128::from(stacks.iter().map(|stack| stack.max_tiers).max().unwrap_or(0)) + 1;
    let gantry = i128::from(crane.gantry_start_ms) + spread(|stack| stack.bay) * i128::from(crane.gantry_ms);
    let trolley = rows * (i128::from(crane.trolley_empty_ms) + i128::from(crane.trolley_loaded_ms));
    let hoist = 2 * tiers * (i128::from(crane.hoist_empty_ms) + i128::from(crane.hoist_loaded_ms));
    let one_move = 2 * gantry + trolley + hoist + i128::from(crane.handover_ms);
    let moves = 11 * containers as i128 + 1;
    let power_above = |least: i128| (0..38).map(|digits| 10_i128.pow(digits)).find(|&power| power > least);
    let time = power_above(one_move * moves).unwrap_or(i128::MAX);
    let lexicographic = objective == Objective::RelocationsThenCraneTime;
    let left_out = if lexicographic { power_above(moves).unwrap_or(1).saturating_mul(time) } else { time };
    if left_out.saturating_mul(containers as i128 + 1) > i128::from(limits::MAX_OBJECTIVE) {
        let cause =
            "the crane is so slow, or the containers so many, that the objective leaves the range of its number";
        let action = "plan fewer containers at once, or ask for one objective alone";
        issues.note("objective_too_large", "/objective", cause, action);
        return Prices { left_out: 1, relocation: 1, crane_ms: 0 };
    }
    Prices { left_out: left_out as i64, relocation: if lexicographic { time as i64 } else { 0 }, crane_ms: 1 }
}

fn read(wire: &Wire, turns: &HashMap<&str, u16>, issues: &mut Issues) -> (Vec<Stack>, Vec<Container>) {
    let total = wire.stacks.iter().map(|stack| stack.containers.len()).sum::<usize>();
    let mut containers = Vec::with_capacity(total);
    let mut stacks = Vec::with_capacity(wire.stacks.len());
    let mut places: HashMap<(u32, u32), usize> = HashMap::new();
    for (at, stack) in wire.stacks.iter().enumerate() {
        let path = format!("/stacks/{at}");
        let first = containers.len();
        containers.extend(stack.containers.iter().map(|container| one(container, at, turns)));
        let unlimited = total.max(1) as u32;
        let max_tiers = stack.max_tiers.unwrap_or(unlimited);
        if max_tiers == 0 {
            issues.note("no_tiers", format!("{path}/max_tiers"), "the stack takes no container", "leave the stack out");
        } else if stack.containers.len() > max_tiers as usize {
            let cause = format!("{} containers stand where {max_tiers} may", stack.containers.len());
            issues.note("stack_too_high", &path, cause, "correct max_tiers or the list of containers");
        }
        let (bay, row) = (stack.bay.unwrap_or(1), stack.row.unwrap_or(at as u32 + 1));
        if let Some(other) = places.insert((bay, row), at) {
            let cause = format!("bay {bay}, row {row} is already the place of /stacks/{other}");
            issues.note("same_place", &path, cause, "give each stack a bay and a row of its own");
        }
        issues.whole(&format!("{path}/bay"), i64::from(bay), 0, 10_000);
        issues.whole(&format!("{path}/row"), i64::from(row), 1, 10_000);
        stacks.push(Stack {
            id: stack.id.clone(),
            bay,
            row,
            max_tiers: max_tiers.min(u32::from(u16::MAX)) as u16,
            closed: stack.closed,
            length_ft: stack.length_ft,
            plugs: stack.plugs,
            hazards: stack.hazards.clone(),
            containers: (first..containers.len()).collect(),
        });
    }
    (stacks, containers)
}

fn one(wire: &ContainerWire, stack: usize, turns: &HashMap<&str, u16>) -> Container {
    Container {
        id: wire.id.clone(),
        stack,
        turn: turns.get(wire.id.as_str()).copied(),
        weight_kg: wire.weight_kg,
        length_ft: wire.length_ft,
        reefer: wire.reefer,
        hazard: wire.hazard.clone(),
    }
}

/// The rules as tables over kinds; `None` where they forbid nothing.
fn placement(
    stacks: &[Stack],
    containers: &[Container],
    kinds: &kinds::Kinds,
    rules: RulesWire,
    issues: &mut Issues,
) -> Option<Rules> {
    let example = &kinds.examples;
    let cells = example.len().saturating_mul(stacks.len().max(example.len()));
    if kinds.has_attributes && cells > limits::MAX_RULE_CELLS {
        let cause = format!("the stacking rules tell {} kinds of containers apart", example.len());
        let action = "round the weights to classes, leave attributes out, or plan fewer containers at once";
        issues.note("too_many_kinds", "/stacks", cause, action);
        return None;
    }
    let is_closed = stacks.iter().any(|stack| stack.closed);
    if !kinds.has_attributes && !is_closed {
        return None;
    }
    let rules = Rules::new(
        example.len(),
        stacks.len(),
        |kind, stack| place_misfit(&containers[example[kind]], &stacks[stack]).is_none(),
        |above, below| pair_misfit(&containers[example[above]], &containers[example[below]], rules).is_none(),
    );
    (!rules.is_trivial()).then_some(rules)
}
