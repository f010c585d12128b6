//! Plans for retrieval without proof: the first one at once, then better ones for as long as there is time.
//!
//! - [`first`] runs a greedy of a few rules of thumb and searches only where that gets stuck, as in a tight yard.
//! - [`Improver`] is a beam search that widens by itself and ranks each state by a greedy run from it.

mod bay;
mod beam;
mod bound;
mod candidates;
mod greedy;
mod lanes;
mod polish;
mod queue;
mod seen;
mod store;
#[cfg(test)]
mod tests;

use crate::budget::Budget;
use crate::yard::heuristic::bay::{Bay, Shape};
use crate::yard::heuristic::beam::{Beam, Width};
pub(super) use crate::yard::heuristic::bound::lower_bound;
use crate::yard::heuristic::greedy::{Greedy, Policy};
use crate::yard::heuristic::polish::polish;
use crate::yard::layout::{Layout, Moves, Relocation};
use crate::yard::rules::Placement;
use std::time::Duration;

/// Work of the search for a first plan where the greedy gets stuck: some tenths of a second.
const RESCUE: u64 = 2_000_000;
/// States that wait in a queue at most.
const QUEUE: usize = 2000;
/// Bytes of all states that wait.
const MEMORY: usize = 128 << 20;
/// Changes for each container in a row that made the first plan no better, before the beam begins.
const PATIENCE: u32 = 20;
/// Relocations that a state is continued with.
const FAN: usize = 25;

/// No plan was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the container in stack {stack}, tier {tier} cannot be dug out")]
pub(super) struct Stuck {
    /// Stack of the container that cannot be dug out, where the search got furthest.
    pub stack: usize,
    /// Its tier then, from the ground up, from 0.
    pub tier: usize,
    /// Its kind.
    pub kind: u16,
    /// Whether it is proven that there is no plan. Else the search has given up.
    pub proven: bool,
    /// Ticks that the search took.
    pub ticks: u64,
}

/// A plan that empties the bay of all that leaves, or why there is none.
pub(super) fn first<P: Placement>(layout: &Layout, placement: &P, moves: Moves) -> Result<Vec<Relocation>, Stuck> {
    let shape = Shape::new(layout, placement);
    let mut root = Bay::new(&shape, layout);
    let mut bay = root.clone();
    if let Some((best, _)) = shortest(&shape, &root, &mut bay, moves) {
        return Ok(best);
    }
    root.settle(&shape, |_| ());
    let no_clock = || Duration::ZERO;
    let mut budget = Budget::new(&no_clock).work_limit(RESCUE);
    let width = Width { fan: usize::MAX, queue: usize::MAX };
    let mut beam = Beam::new(shape.clone(), &root, Policy::new(moves), None, width);
    beam.run(u32::MAX - 1, &mut budget, &mut |_| ());
    match beam.best() {
        Some(plan) => Ok(plan.to_vec()),
        None => Err(stuck(&shape, beam.stuck().unwrap_or(&bay), beam.is_complete(), budget.ticks())),
    }
}

/// The best greedy plan and how it was made. Where many stacks bear everything well, looking ahead does harm: it uses up in a
/// hurry what fits better later.
fn shortest<P: Placement>(
    shape: &Shape<'_, P>,
    root: &Bay,
    bay: &mut Bay,
    moves: Moves,
) -> Option<(Vec<Relocation>, Policy)> {
    let mut greedy = Greedy::default();
    let mut best: Option<(Vec<Relocation>, Policy)> = None;
    let policies = [Policy { slack: 0, ..Policy::new(moves) }, Policy::new(moves), Policy::new(Moves::Restricted)];
    let tried = if moves == Moves::Restricted { &policies[2..] } else { &policies };
    for &policy in tried {
        bay.copy_from(root);
        let limit = best.as_ref().map_or(u32::MAX, |(plan, _)| (plan.len() as u32).saturating_sub(1));
        if greedy.run(shape, bay, policy, limit).is_some() {
            best = Some((greedy.plan.clone(), policy));
        }
    }
    best
}

fn stuck<P: Placement>(shape: &Shape<'_, P>, bay: &Bay, proven: bool, ticks: u64) -> Stuck {
    let stack = bay.target(shape);
    let kinds = bay.stack(shape, stack);
    let tier = kinds.len().saturating_sub(bay.blockers(shape, stack) + 1);
    Stuck { stack, tier, kind: kinds.get(tier).copied().unwrap_or(0), proven, ticks }
}

/// A search for shorter plans that can be taken up again where it was left.
pub(super) struct Improver<'a, P> {
    shape: Shape<'a, P>,
    root: Bay,
    /// What the first plan was made by, as long as small changes to it are worth while.
    polished: Option<Policy>,
    best: Vec<Relocation>,
    beam: Option<Beam<'a, P>>,
    moves: Moves,
}

impl<'a, P: Placement> Improver<'a, P> {
    /// Begins with a plan for the layout.
    pub(super) fn new(layout: &Layout, placement: &'a P, moves: Moves, incumbent: &[Relocation]) -> Self {
        let shape = Shape::new(layout, placement);
        let mut root = Bay::new(&shape, layout);
        root.settle(&shape, |_| ());
        let mut bay = root.clone();
        let start = shortest(&shape, &root, &mut bay, moves).filter(|(plan, _)| plan.len() <= incumbent.len());
        let (best, polished) = match start {
            Some((plan, policy)) => (plan, Some(policy)),
            None => (incumbent.to_vec(), None),
        };
        Self { shape, root, polished, best, beam: None, moves }
    }

    /// Shows `found` each shorter plan. Returns when the plan has `lower_bound` relocations, the budget is used up, or nothing is
    /// left to try: the last is given back.
    pub(super) fn run(
        &mut self,
        lower_bound: u32,
        budget: &mut Budget<'_>,
        found: &mut dyn FnMut(&[Relocation]),
    ) -> bool {
        let containers: u32 = self.root.height.iter().map(|&height| u32::from(height)).sum();
        if let Some(policy) = self.polished {
            let until = (lower_bound, PATIENCE * containers);
            polish(&self.shape, &self.root, (policy, self.moves), &mut self.best, until, budget, found);
            if budget.stopped().is_some() {
                return false;
            }
            self.polished = None;
        }
        let beam = self.beam.get_or_insert_with(|| {
            let state = 2 * (self.shape.stacks + containers as usize) + 128;
            let queue = (MEMORY / (state * self.best.len().max(1))).clamp(8, QUEUE);
            let width = Width { fan: FAN, queue };
            Beam::new(self.shape.clone(), &self.root, Policy::new(self.moves), Some(self.best.clone()), width)
        });
        beam.run(lower_bound, budget, found);
        beam.is_exhausted()
    }
}
