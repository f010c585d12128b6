//! Checks an answer against the request alone: every move, the key figures, the objective and the bound.

use std::collections::HashMap;

use super::certificate::{self, Certificate};
use super::crane::Crane;
use super::explain;
use super::instance::Instance;
use super::plan::{self, Place, Plan, Step};
use super::wire::{Moves, Task};
use crate::answer::Answer;
use crate::problem::Violation;

#[cfg(test)]
mod tests;

/// Violations that are listed; a plan that is wrong throughout is not worth more.
const MAX_LISTED: usize = 20;

/// Confirms the answer and returns the bound that its certificate proves, or says what is not true.
pub(super) fn verify(instance: &Instance, answer: &Answer<Plan, Certificate>) -> Result<i64, Vec<Violation>> {
    let mut yard = Yard::new(instance);
    let mut found = Vec::new();
    for (at, step) in answer.plan.moves.iter().enumerate() {
        if let Err(cause) = yard.step(step) {
            found.push(Violation::new("move_impossible", format!("move {}, {}: {cause}", at + 1, step.container)));
            // What comes after a move that cannot be made says nothing.
            return Err(found);
        }
    }
    figures(&yard, &answer.plan, &mut found);
    let kpis = answer.plan.kpis;
    let objective = plan::objective(instance, kpis.left_out, kpis.relocations, kpis.crane_ms);
    if answer.objective != objective {
        let cause = format!("the objective is {}, not {}", objective, answer.objective);
        found.push(Violation::new("objective_differs", cause));
    }
    if answer.lower_bound > answer.objective {
        let cause = format!("the lower bound {} is above the objective {}", answer.lower_bound, answer.objective);
        found.push(Violation::new("bound_above_objective", cause));
    }
    if !found.is_empty() {
        found.truncate(MAX_LISTED);
        return Err(found);
    }
    certificate::confirm(instance, answer.lower_bound, answer.certificate)
}

/// The yard while the plan is carried out.
struct Yard<'a> {
    instance: &'a Instance,
    names: HashMap<&'a str, usize>,
    /// `[stack]`: containers from the ground up.
    stacks: Vec<Vec<usize>>,
    /// Containers that have not left, by turn.
    waiting: Vec<u32>,
    crane: Crane<'a>,
    crane_ms: i64,
    relocations: u32,
    retrievals: u32,
}

impl<'a> Yard<'a> {
    fn new(instance: &'a Instance) -> Self {
        let mut waiting = vec![0; usize::from(instance.turns)];
        for turn in instance.containers.iter().filter_map(|container| container.turn) {
            waiting[usize::from(turn)] += 1;
        }
        Self {
            instance,
            names: instance.stacks.iter().enumerate().map(|(at, stack)| (stack.id.as_str(), at)).collect(),
            stacks: instance.stacks.iter().map(|stack| stack.containers.clone()).collect(),
            waiting,
            crane: Crane::new(instance),
            crane_ms: 0,
            relocations: 0,
            retrievals: 0,
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        let from = self.stack(&step.from)?;
        let tier = self.stacks[from].len();
        let Some(&container) = self.stacks[from].last() else { return Err("the stack is empty".to_owned()) };
        if self.instance.containers[container].id != step.container {
            return Err(format!("{} is on top there", self.instance.containers[container].id));
        }
        if step.from.tier as usize != tier {
            return Err(format!("it stands on tier {tier}, not {}", step.from.tier));
        }
        let target = if let Some(place) = &step.to {
            Some((self.relocation(from, container, place)?, place.tier as usize))
        } else {
            self.retrieval(container)?;
            None
        };
        let time = self.crane.moves(from, tier, target);
        if time != step.crane_ms {
            return Err(format!("the crane takes {time} ms, not {}", step.crane_ms));
        }
        self.crane_ms += time;
        self.stacks[from].pop();
        if let Some((to, _)) = target {
            self.stacks[to].push(container);
            self.relocations += 1;
        }
        Ok(())
    }

    fn stack(&self, place: &Place) -> Result<usize, String> {
        self.names.get(place.stack.as_str()).copied().ok_or_else(|| format!("there is no stack {:?}", place.stack))
    }

    /// Whether the container may go there. Returns the stack.
    fn relocation(&self, from: usize, container: usize, place: &Place) -> Result<usize, String> {
        let to = self.stack(place)?;
        if to == from {
            return Err("it goes where it stands".to_owned());
        }
        if place.tier as usize != self.stacks[to].len() + 1 {
            return Err(format!("tier {} is not the next one there", place.tier));
        }
        if let Some(misfit) = self.instance.why_not(container, to, &self.stacks[to]) {
            return Err(format!("it may not stand there: {}", misfit.words()));
        }
        let turn = self.turn();
        let is_target = |&other: &usize| self.instance.containers[other].turn.is_some_and(|own| Some(own) == turn);
        let is_ready = |stack: &Vec<usize>| stack.last().is_some_and(is_target);
        if self.instance.task == Task::Retrieve && self.stacks.iter().any(is_ready) {
            return Err("a container whose turn it is can be reached, and leaves first".to_owned());
        }
        if self.instance.task == Task::Retrieve
            && self.instance.moves == Moves::Restricted
            && !self.stacks[from].iter().any(is_target)
        {
            return Err("it does not stand above a container whose turn it is".to_owned());
        }
        Ok(to)
    }

    fn retrieval(&mut self, container: usize) -> Result<(), String> {
        if self.instance.task == Task::Premarshal {
            return Err("nothing leaves while the yard is sorted".to_owned());
        }
        let Some(own) = self.instance.containers[container].turn else { return Err("it stays".to_owned()) };
        if self.turn() != Some(own) {
            return Err("its turn has not come".to_owned());
        }
        self.waiting[usize::from(own)] -= 1;
        self.retrievals += 1;
        Ok(())
    }

    /// Whose turn it is.
    fn turn(&self) -> Option<u16> {
        self.waiting.iter().position(|&count| count > 0).map(|turn| turn as u16)
    }
}

/// Compares what the plan says of itself with what came out.
fn figures(yard: &Yard<'_>, plan: &Plan, found: &mut Vec<Violation>) {
    let instance = yard.instance;
    let before: Vec<Vec<usize>> = instance.stacks.iter().map(|stack| stack.containers.clone()).collect();
    let after = explain::badly_placed(instance, &yard.stacks).len() as u32;
    let left_out = if plan::retrieves(instance) { yard.waiting.iter().sum() } else { after };
    let kpis = plan.kpis;
    for (what, said, is) in [
        ("relocations", kpis.relocations, yard.relocations),
        ("retrievals", kpis.retrievals, yard.retrievals),
        ("left_out", kpis.left_out, left_out),
        ("the list left_out", plan.left_out.len() as u32, left_out),
        ("badly_placed_before", kpis.badly_placed_before, explain::badly_placed(instance, &before).len() as u32),
        ("badly_placed_after", kpis.badly_placed_after, after),
    ] {
        if said != is {
            found.push(Violation::new("figure_differs", format!("{what} is {is}, not {said}")));
        }
    }
    if kpis.crane_ms != yard.crane_ms {
        let cause = format!("crane_ms is {}, not {}", yard.crane_ms, kpis.crane_ms);
        found.push(Violation::new("figure_differs", cause));
    }
    if instance.max_relocations.is_some_and(|most| yard.relocations > most) {
        let cause = format!("{} relocations are more than allowed", yard.relocations);
        found.push(Violation::new("too_many_relocations", cause));
    }
    let is_as_said = plan.after.len() == yard.stacks.len()
        && plan.after.iter().zip(&instance.stacks).zip(&yard.stacks).all(|((said, stack), held)| {
            said.stack == stack.id && said.containers.iter().eq(held.iter().map(|&at| &instance.containers[at].id))
        });
    if !is_as_said {
        found.push(Violation::new("after_differs", "the stacks after the last move are not as the plan says"));
    }
}
