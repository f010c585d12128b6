//! A plan in one go, by rules of thumb; also the guess of what a state still costs.

use crate::yard::heuristic::bay::{Bay, NEVER, Shape};
use crate::yard::layout::{Moves, Relocation};
use crate::yard::rules::Placement;

/// How a greedy run decides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    pub(super) moves: Moves,
    /// A badly placed top goes at once where it is well placed and shortens the stack's wait by no more than this.
    pub(super) slack: u16,
    /// The same for well placed containers that make room for one that has to move.
    pub(super) detour: u16,
}

impl Policy {
    /// The policy that does best on average.
    pub(super) fn new(moves: Moves) -> Self {
        Self { moves, slack: 2, detour: u16::MAX }
    }
}

/// Scratch memory of greedy runs.
#[derive(Debug, Default)]
pub(super) struct Greedy {
    pub(super) plan: Vec<Relocation>,
    changed: Vec<u16>,
}

impl Greedy {
    /// Empties the bay. The relocations are in `plan`; `None` when the container whose turn it is cannot be dug out this way.
    pub(super) fn run<P: Placement>(&mut self, shape: &Shape<'_, P>, bay: &mut Bay, policy: Policy) -> Option<u32> {
        self.plan.clear();
        self.changed.clear();
        let ahead = policy.moves == Moves::Unrestricted;
        if ahead {
            self.changed.extend(0..shape.stacks as u16);
        }
        loop {
            let Self { plan, changed } = self;
            let note = |stack: usize| {
                if ahead {
                    changed.push(stack as u16);
                }
            };
            if !bay.settle(shape, note) {
                return Some(plan.len() as u32);
            }
            if ahead && self.tidy(shape, bay, policy.slack) {
                continue;
            }
            let step = dig(shape, bay, policy)?;
            self.apply(shape, bay, step);
        }
    }

    fn apply<P: Placement>(&mut self, shape: &Shape<'_, P>, bay: &mut Bay, step: Relocation) {
        bay.relocate(shape, step);
        self.plan.push(step);
        self.changed.push(step.from);
        self.changed.push(step.to);
    }

    /// Safe moves: badly placed tops that fit tightly somewhere. Looks only at stacks that changed since. Whether one was done.
    fn tidy<P: Placement>(&mut self, shape: &Shape<'_, P>, bay: &mut Bay, slack: u16) -> bool {
        while let Some(stack) = self.changed.pop() {
            let at = usize::from(stack);
            let away = if bay.is_bad(at) { tightest(shape, bay, at) } else { None };
            if let Some((to, waste)) = away
                && waste <= slack
            {
                self.apply(shape, bay, Relocation { from: stack, to: to as u16 });
                return true;
            }
            if let Some((from, waste)) = latest(shape, bay, at)
                && waste <= slack
            {
                self.apply(shape, bay, Relocation { from: from as u16, to: stack });
                return true;
            }
        }
        false
    }
}

/// Where the top of `from` is well placed with the least waste, and the waste: by how much earlier the stack must be touched.
#[inline]
pub(super) fn tightest<P: Placement>(shape: &Shape<'_, P>, bay: &Bay, from: usize) -> Option<(usize, u16)> {
    let turn = bay.top[from];
    let (mut best, mut least) = (usize::MAX, u16::MAX);
    for (stack, &open) in bay.open.iter().enumerate() {
        let waste = open.wrapping_sub(turn);
        if open >= turn && (waste < least || best == usize::MAX) && stack != from {
            if !P::FREE && !bay.takes(shape, stack, bay.top_kind(shape, from)?) {
                continue;
            }
            (best, least) = (stack, waste);
        }
    }
    (best != usize::MAX).then_some((best, least))
}

/// The latest badly placed top that would be well placed on `to`, and the waste.
#[inline]
fn latest<P: Placement>(shape: &Shape<'_, P>, bay: &Bay, to: usize) -> Option<(usize, u16)> {
    let open = bay.open[to];
    let (mut best, mut turn) = (usize::MAX, 0);
    for (stack, (&top, &first)) in bay.top.iter().zip(&bay.first).enumerate() {
        if top > first && top <= open && top > turn && stack != to {
            if !P::FREE && !bay.takes(shape, to, bay.top_kind(shape, stack)?) {
                continue;
            }
            (best, turn) = (stack, top);
        }
    }
    (best != usize::MAX).then(|| (best, open - turn))
}

/// The next move for the container whose turn it is.
fn dig<P: Placement>(shape: &Shape<'_, P>, bay: &Bay, policy: Policy) -> Option<Relocation> {
    let target = bay.target(shape);
    let turn = bay.top[target];
    let ahead = policy.moves == Moves::Unrestricted;
    if let Some((to, waste)) = tightest(shape, bay, target) {
        if ahead && waste > 0 && bay.height[to] + 1 < shape.caps[to] {
            // Larger ones first, as long as this one still finds a place above them.
            if let Some((from, _)) = latest(shape, bay, to)
                && bay.top[from] > turn
                && (P::FREE || tightest(shape, bay, from).is_some_and(|(stack, _)| stack == to))
            {
                return Some(Relocation { from: from as u16, to: to as u16 });
            }
        }
        return Some(Relocation { from: target as u16, to: to as u16 });
    }
    if ahead && let Some(step) = make_room(shape, bay, target, policy.detour) {
        return Some(step);
    }
    buried(shape, bay, target)
}

/// Moves the top of a stack to where it is well placed, else to where it waits longest.
pub(super) fn away<P: Placement>(shape: &Shape<'_, P>, bay: &Bay, from: usize) -> Option<Relocation> {
    match tightest(shape, bay, from) {
        Some((to, _)) => Some(Relocation { from: from as u16, to: to as u16 }),
        None => buried(shape, bay, from),
    }
}

/// Moves the top of a stack to where it is badly placed for the longest time.
fn buried<P: Placement>(shape: &Shape<'_, P>, bay: &Bay, from: usize) -> Option<Relocation> {
    let kind = bay.top_kind(shape, from)?;
    let (mut best, mut late) = (usize::MAX, 0);
    for (stack, &first) in bay.first.iter().enumerate() {
        if stack != from && (best == usize::MAX || first > late) && bay.takes(shape, stack, kind) {
            (best, late) = (stack, first);
        }
    }
    (best != usize::MAX).then_some(Relocation { from: from as u16, to: best as u16 })
}

/// A well placed top that is well placed elsewhere too, with a stack below it on which the target's top would be well placed.
fn make_room<P: Placement>(shape: &Shape<'_, P>, bay: &Bay, target: usize, detour: u16) -> Option<Relocation> {
    let turn = bay.top[target];
    let kind = bay.top_kind(shape, target)?;
    let mut best: Option<(u32, Relocation)> = None;
    for stack in 0..shape.stacks {
        if stack == target || bay.is_bad(stack) || bay.height[stack] == 0 || bay.height[stack] > shape.caps[stack] {
            continue;
        }
        let below = bay.first_below(shape, stack);
        if below < turn || !P::FREE && !shape.placement.allows(kind, stack, bay.kind_below(shape, stack)) {
            continue;
        }
        let Some((to, waste)) = tightest(shape, bay, stack) else { continue };
        if waste > detour {
            continue;
        }
        let room = if below == NEVER { 0 } else { below - turn };
        let cost = u32::from(waste) + u32::from(room);
        if best.is_none_or(|(least, _)| cost < least) {
            best = Some((cost, Relocation { from: stack as u16, to: to as u16 }));
        }
    }
    best.map(|(_, step)| step)
}
