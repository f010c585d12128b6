//! Small changes to a plan: one other relocation somewhere, and a greedy run from there on.
//!
//! In a large yard nearly all relocations are well placed, and what is not can be mended near by: the changes are tried
//! before the relocations that were one too many. A plan of the same length replaces the one before, so that the search
//! drifts.

use crate::budget::Budget;
use crate::rng::Rng;
use crate::yard::heuristic::bay::{Bay, NEVER, Shape};
use crate::yard::heuristic::greedy::{Greedy, Policy};
use crate::yard::layout::{Moves, Relocation};
use crate::yard::rules::Placement;

/// A change is made at most this many relocations before one that was too many.
const BEFORE: usize = 24;

/// Changes the plan until it is this short, the budget stops it, or this many changes in a row were no better.
pub(super) fn polish<P: Placement>(
    shape: &Shape<'_, P>,
    root: &Bay,
    (policy, moves): (Policy, Moves),
    best: &mut Vec<Relocation>,
    (enough, patience): (u32, u32),
    budget: &mut Budget<'_>,
    found: &mut dyn FnMut(&[Relocation]),
) {
    let mut rng = Rng::new(budget.seed_value()).fork("yard polish");
    let mut bay = root.clone();
    let mut greedy = Greedy::default();
    let mut extras = extra_steps(shape, root, best);
    let mut idle = 0;
    while best.len() as u32 > enough && idle < patience && budget.stopped().is_none() {
        idle += 1;
        let near = extras.get(rng.below(extras.len() + 1)).map_or(best.len(), |&step| step + 1);
        let at = if rng.below(4) == 0 { rng.below(best.len()) } else { near - 1 - rng.below(near.min(BEFORE)) };
        bay.copy_from(root);
        for &step in &best[..at] {
            bay.relocate(shape, step);
            bay.settle(shape, |_| ());
        }
        let Some(step) = other(shape, &bay, moves, &mut rng) else { continue };
        bay.relocate(shape, step);
        let limit = best.len() as u32 - at as u32 - 1;
        let rest = greedy.run(shape, &mut bay, policy, limit);
        budget.spend(greedy.plan.len() as u64 + at as u64 / 4 + 1);
        let Some(rest) = rest.filter(|&rest| rest <= limit) else { continue };
        let shorter = rest < limit;
        best.truncate(at);
        best.push(step);
        best.extend_from_slice(&greedy.plan);
        extras = extra_steps(shape, root, best);
        if shorter {
            idle = 0;
            found(best);
        }
    }
}

/// The relocations that do not take a badly placed container to where it is well placed.
fn extra_steps<P: Placement>(shape: &Shape<'_, P>, root: &Bay, plan: &[Relocation]) -> Vec<usize> {
    let mut bay = root.clone();
    let mut extra = Vec::new();
    for (at, &step) in plan.iter().enumerate() {
        let (from, to) = (usize::from(step.from), usize::from(step.to));
        if !bay.is_bad(from) || bay.first[to] < bay.top[from] {
            extra.push(at);
        }
        bay.relocate(shape, step);
        bay.settle(shape, |_| ());
    }
    extra
}

/// A relocation from the target or, where that is allowed, from some other stack; to a stack of the best few.
fn other<P: Placement>(shape: &Shape<'_, P>, bay: &Bay, moves: Moves, rng: &mut Rng) -> Option<Relocation> {
    if bay.turn == NEVER {
        return None;
    }
    let mut from = bay.target(shape);
    if moves == Moves::Unrestricted && rng.below(2) == 0 {
        from = rng.below(shape.stacks);
    }
    let kind = bay.top_kind(shape, from)?;
    let turn = bay.top[from];
    let waste = |stack: usize| {
        let first = bay.first[stack];
        if first >= turn { first - turn } else { NEVER - first }
    };
    let takes = |stack: usize| stack != from && bay.takes(shape, stack, kind);
    let mut rank = rng.below(4);
    let mut best = None;
    let mut least = 0;
    loop {
        let next = (0..shape.stacks).filter(|&stack| takes(stack)).map(|stack| (waste(stack), stack));
        let Some(next) = next.filter(|&one| best.is_none() || one > (least, best.unwrap_or(0))).min() else { break };
        (least, best) = (next.0, Some(next.1));
        if rank == 0 {
            break;
        }
        rank -= 1;
    }
    best.map(|to| Relocation { from: from as u16, to: to as u16 })
}
