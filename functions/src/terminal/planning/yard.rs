//! A yard problem from a terminal: one block with all its stacks, and which of its containers leave.
//!
//! What leaves is a list in order, or everything with one destination (a call, a truck window, a train): there a lower priority leaves first,
//! and those of equal priority in any order.

use std::collections::{BTreeMap, BTreeSet};

use portolan::yard::wire::{CraneWire, Departure, Moves, Objective, StackWire, Task, Wire};
use portolan::yard::{Plan, Yards};
use portolan::{Issue, Options, Problem as _, problem};
use serde::{Deserialize, Serialize};

use super::super::container::{Container, Destination};
use super::super::equipment::{Awake, Kind};
use super::super::event::{PlannedMove, Reason, Refusal};
use super::super::layout::{Block, Slot, Spec, StackAt};
use super::super::port::All;
use super::{Drawn, NotPlanned, named, no_equipment, working_at};

/// What moves containers in a block.
const CRANES: [Kind; 2] = [Kind::YardCrane, Kind::StraddleCarrier];

/// A yard plan that is asked for: `containers`, or a `destination`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = TerminalYardRequest)]
pub struct Asked {
    /// The block; may be left out where all that leaves stands in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<String>,
    /// Which containers leave, first to last: a number, or a list of numbers that leave in any order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<Departure>,
    /// All that goes there leaves: `call:ID`, `gate:WINDOW` or `rail:ID`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<Destination>,
    /// What to do; `retrieve` where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
    /// Which containers may be relocated while others leave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moves: Option<Moves>,
    /// What is to be least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objective: Option<Objective>,
    /// The crane's speeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crane: Option<CraneWire>,
    /// For `premarshal`: the most relocations there is time for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_relocations: Option<u32>,
    /// Counts on equipment that is offline as well.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub include_offline: bool,
    /// How to solve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<Options>,
}

/// The problem.
pub fn draw(all: &All, equipment: &[Awake], asked: &Asked) -> Result<Drawn, Refusal> {
    let spec = all.spec().ok_or_else(|| Refusal::new(Reason::NoTerminal, "there is no such terminal"))?;
    let known: BTreeMap<&str, &Container> = all.containers().map(|it| (it.number.as_str(), it)).collect();
    let mut left_out = Vec::new();
    let leaving = match (&asked.destination, asked.containers.is_empty()) {
        (Some(destination), true) => headed_for(destination, &known, &mut left_out)?,
        (None, false) => listed(asked, &known)?,
        _ => {
            let cause = "what leaves is a list of containers, or all with one destination";
            let action = "give either `containers` or `destination`";
            return Err(Refusal::issues(vec![Issue::new("what_leaves", "", cause, action)]));
        }
    };
    let block = block(spec, asked, &leaving, &known)?;
    let departures = within(block, leaving, &known, &mut left_out);
    if departures.is_empty() {
        let why: Vec<String> = left_out.iter().take(8).map(|it| format!("{}: {}", it.id, it.cause)).collect();
        let cause = format!("nothing that is asked for stands in block {} ({})", block.id, why.join("; "));
        return Err(Refusal::issues(vec![Issue::new("nothing_leaves", "", cause, "name containers that stand there")]));
    }
    let (mut awake, mut offline) = working_at(equipment, Some(&block.id), &CRANES, asked.include_offline);
    let (roaming, silent) = working_at(equipment, None, &CRANES, asked.include_offline);
    awake.extend(roaming);
    offline.extend(silent);
    if awake.is_empty() && !offline.is_empty() {
        return Err(no_equipment(&format!("block {}", block.id), &offline));
    }
    let stacks = stacks(spec, block, &known);
    let names: Vec<String> = stacks.iter().map(|stack| stack.id.clone()).collect();
    let wire = Wire {
        task: asked.task,
        moves: asked.moves,
        objective: asked.objective,
        stacks,
        departures,
        rules: spec.rules,
        crane: asked.crane,
        max_relocations: asked.max_relocations,
        options: asked.options.clone(),
    };
    // Plain data always serialises.
    let document = serde_json::to_vec(&wire).unwrap_or_default();
    let read = problem::find(Yards::NAME).map_or_else(|| Err(Vec::new()), |problem| problem.read(&document));
    let request = read.map_err(|issues| {
        Refusal::issues(named(issues, |list, at| names.get(at).filter(|_| list == "stacks").cloned()))
    })?;
    Ok(Drawn { request, offline, left_out })
}

/// What goes to a destination, by priority.
fn headed_for(
    destination: &Destination,
    known: &BTreeMap<&str, &Container>,
    left_out: &mut Vec<NotPlanned>,
) -> Result<Vec<Departure>, Refusal> {
    let mut turns: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    let mut any = false;
    for container in known.values().filter(|it| it.details.destination.as_ref() == Some(destination)) {
        any = true;
        match &container.slot {
            None => left_out.push(NotPlanned::new(&container.number, "it does not stand in the yard")),
            Some(_) if container.details.hold => left_out.push(NotPlanned::new(&container.number, "it is on hold")),
            Some(_) => turns.entry(container.details.priority).or_default().push(container.number.clone()),
        }
    }
    if any {
        return Ok(turns.into_values().map(|containers| Departure { containers }).collect());
    }
    let cause = format!("no container goes to {destination}");
    Err(Refusal::issues(vec![Issue::new("nothing_leaves", "/destination", cause, "use the destination of containers")]))
}

/// What a list names. Everything wrong with it is told at once.
fn listed(asked: &Asked, known: &BTreeMap<&str, &Container>) -> Result<Vec<Departure>, Refusal> {
    let (mut issues, mut seen) = (Vec::new(), BTreeSet::new());
    for (at, departure) in asked.containers.iter().enumerate() {
        for (place, number) in departure.containers.iter().enumerate() {
            let path = if departure.containers.len() == 1 {
                format!("/containers/{at}")
            } else {
                format!("/containers/{at}/{place}")
            };
            let shown = super::super::shortened(number);
            let (code, cause) = match known.get(number.as_str()) {
                _ if !seen.insert(number) => ("duplicate_number", format!("{shown} stands twice in the list")),
                None => ("unknown_container", format!("there is no container {shown:?}")),
                Some(it) if it.slot.is_none() => ("not_here", format!("{shown} does not stand in the yard")),
                Some(it) if it.details.hold && asked.task != Some(Task::Premarshal) => {
                    ("on_hold", format!("{shown} is on hold and must not leave"))
                }
                Some(_) => continue,
            };
            issues.push(Issue::new(code, path, cause, "leave it out, or correct what is stored"));
        }
    }
    if issues.is_empty() { Ok(asked.containers.clone()) } else { Err(Refusal::issues(issues)) }
}

/// The block to plan.
fn block<'a>(
    spec: &'a Spec,
    asked: &Asked,
    leaving: &[Departure],
    known: &BTreeMap<&str, &Container>,
) -> Result<&'a Block, Refusal> {
    let wrong =
        |code, cause: String, action: &str| Err(Refusal::issues(vec![Issue::new(code, "/block", cause, action)]));
    let numbers = leaving.iter().flat_map(|departure| &departure.containers);
    let slots = numbers.filter_map(|number| known.get(number.as_str())?.slot.as_ref());
    let blocks: BTreeSet<&str> = slots.map(|slot| slot.stack.block.as_str()).collect();
    let name = match (&asked.block, blocks.len()) {
        (Some(name), _) => name.as_str(),
        (None, 1) => blocks.first().copied().unwrap_or_default(),
        (None, 0) => {
            return wrong("nothing_leaves", "nothing that leaves stands in the yard".to_owned(), "wait for it");
        }
        (None, _) => {
            let cause = format!("what leaves stands in the blocks {}", Vec::from_iter(blocks).join(", "));
            return wrong("several_blocks", cause, "name one of them; each is planned by itself");
        }
    };
    if let Some(block) = spec.block(name) {
        return Ok(block);
    }
    let cause = format!("there is no block {:?}", super::super::shortened(name));
    wrong("unknown_place", cause, "use the id of a block of this terminal")
}

/// What leaves from this block; the rest is left out.
fn within(
    block: &Block,
    leaving: Vec<Departure>,
    known: &BTreeMap<&str, &Container>,
    left_out: &mut Vec<NotPlanned>,
) -> Vec<Departure> {
    let mut turns = Vec::new();
    for departure in leaving {
        let (here, elsewhere): (Vec<String>, Vec<String>) = departure.containers.into_iter().partition(|number| {
            let slot = known.get(number.as_str()).and_then(|it| it.slot.as_ref());
            slot.is_some_and(|slot| slot.stack.block == block.id)
        });
        left_out.extend(elsewhere.iter().map(|number| NotPlanned::new(number, "it stands in another block")));
        if !here.is_empty() {
            turns.push(Departure { containers: here });
        }
    }
    turns
}

/// Every stack of a block that takes containers, with what stands in it.
fn stacks(spec: &Spec, block: &Block, known: &BTreeMap<&str, &Container>) -> Vec<StackWire> {
    let mut held: BTreeMap<(u16, u16), Vec<(u8, &Container)>> = BTreeMap::new();
    for container in known.values() {
        if let Some(slot) = container.slot.as_ref().filter(|slot| slot.stack.block == block.id) {
            held.entry((slot.stack.bay, slot.stack.row)).or_default().push((slot.tier, container));
        }
    }
    let places = (1..=block.bays).flat_map(|bay| (1..=block.rows).map(move |row| (bay, row)));
    let stack = |(bay, row): (u16, u16)| {
        let at = StackAt { block: block.id.clone(), bay, row };
        let ground = spec.ground(&at)?;
        let mut standing = held.remove(&(bay, row)).unwrap_or_default();
        standing.sort_unstable_by_key(|(tier, _)| *tier);
        let containers = standing.into_iter().map(|(_, it)| it.details.wire(&it.number)).collect();
        (ground.max_tiers > 0).then(|| StackWire {
            id: at.to_string(),
            bay: Some(bay.into()),
            row: Some(row.into()),
            max_tiers: Some(ground.max_tiers.into()),
            containers,
            closed: ground.closed,
            length_ft: ground.length_ft,
            plugs: ground.plugs,
            hazards: ground.hazards,
        })
    };
    places.filter_map(stack).collect()
}

/// The moves of a plan that was drawn from a terminal; `None` where it is another plan.
pub fn planned(plan: &serde_json::Value) -> Option<Vec<PlannedMove>> {
    let plan = Plan::deserialize(plan).ok()?;
    let slot = |place: &portolan::yard::plan::Place| {
        Some(Slot { stack: place.stack.parse().ok()?, tier: u8::try_from(place.tier).ok()? })
    };
    let moves = plan.moves.iter().map(|step| {
        let to = match &step.to {
            Some(place) => Some(slot(place)?),
            None => None,
        };
        Some(PlannedMove { container: step.container.clone(), from: slot(&step.from)?, to })
    });
    moves.collect()
}
