//! A plan in one go, by rules of thumb; also the guess of what a state still costs.

use crate::yard::heuristic::bay::{Bay, NEVER, Shape};
use crate::yard::heuristic::lanes::{find, latest_bad, least_above};
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
    pub(super) fn run<P: Placement>(
        &mut self,
        shape: &Shape<'_, P>,
        bay: &mut Bay,
        policy: Policy,
        limit: u32,
    ) -> Option<u32> {
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
            if plan.len() as u32 + bay.bad > limit {
                return None;
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
            if bay.is_bad(at)
                && let Some(to) = near_above(shape, bay, at, slack)
            {
                self.apply(shape, bay, Relocation { from: stack, to: to as u16 });
                return true;
            }
            if let Some(from) = near_below(shape, bay, at, slack) {
                self.apply(shape, bay, Relocation { from: from as u16, to: stack });
                return true;
            }
        }
        false
    }
}

/// Where the badly placed top of `from` is well placed with the least waste, of those with no more waste than `slack`.
#[inline]
fn near_above<P: Placement>(shape: &Shape<'_, P>, bay: &Bay, from: usize, slack: u16) -> Option<usize> {
    if !shape.distinct {
        return tightest(shape, bay, from).filter(|&(_, waste)| waste <= slack).map(|(to, _)| to);
    }
    let turn = bay.top[from];
    let last = turn.saturating_add(slack).min(shape.last_turn);
    (turn.saturating_add(1)..=last).find_map(|first| {
        let to = bay.holder(first)?;
        let takes = || P::FREE || bay.top_kind(shape, from).is_some_and(|kind| bay.takes(shape, to, kind));
        (bay.open[to] == first && takes()).then_some(to)
    })
}

/// The stack with the latest badly placed top that would be well placed on `to` with no more waste than `slack`.
#[inline]
fn near_below<P: Placement>(shape: &Shape<'_, P>, bay: &Bay, to: usize, slack: u16) -> Option<usize> {
    let open = bay.open[to];
    if !shape.distinct {
        return latest(shape, bay, to).filter(|&(_, waste)| waste <= slack).map(|(from, _)| from);
    }
    if open > shape.last_turn {
        return None;
    }
    (open.saturating_sub(slack).max(bay.turn)..open).rev().find_map(|turn| {
        let from = bay.holder(turn)?;
        let takes = || P::FREE || bay.top_kind(shape, from).is_some_and(|kind| bay.takes(shape, to, kind));
        (bay.top[from] == turn && bay.is_bad(from) && takes()).then_some(from)
    })
}

/// Where the top of `from`, which is badly placed, is well placed with the least waste, and the waste: by how much earlier the
/// stack must be touched.
#[inline]
pub(super) fn tightest<P: Placement>(shape: &Shape<'_, P>, bay: &Bay, from: usize) -> Option<(usize, u16)> {
    let turn = bay.top[from];
    if P::FREE {
        let waste = least_above(&bay.open, turn);
        return if waste <= NEVER - turn { Some((find(&bay.open, turn + waste)?, waste)) } else { None };
    }
    tightest_other(shape, bay, from)
}

/// The same for any top: the stack itself does not count.
fn tightest_other<P: Placement>(shape: &Shape<'_, P>, bay: &Bay, from: usize) -> Option<(usize, u16)> {
    let turn = bay.top[from];
    let kind = bay.top_kind(shape, from)?;
    let (mut best, mut least) = (usize::MAX, u16::MAX);
    for (stack, &open) in bay.open[..shape.stacks].iter().enumerate() {
        let waste = open.wrapping_sub(turn);
        if open >= turn
            && (waste < least || best == usize::MAX)
            && stack != from
            && (P::FREE || bay.takes(shape, stack, kind))
        {
            (best, least) = (stack, waste);
        }
    }
    (best != usize::MAX).then_some((best, least))
}

/// The latest badly placed top that would be well placed on `to`, and the waste.
#[inline]
fn latest<P: Placement>(shape: &Shape<'_, P>, bay: &Bay, to: usize) -> Option<(usize, u16)> {
    let open = bay.open[to];
    if P::FREE {
        let turn = latest_bad(&bay.top, &bay.first, open);
        if turn == 0 {
            return None;
        }
        let at = (0..shape.stacks).find(|&stack| bay.top[stack] == turn && bay.is_bad(stack))?;
        return Some((at, open - turn));
    }
    let (mut best, mut turn) = (usize::MAX, 0);
    for stack in (0..shape.stacks).filter(|&stack| bay.is_bad(stack)) {
        let top = bay.top[stack];
        if top <= open && top > turn && bay.top_kind(shape, stack).is_some_and(|kind| bay.takes(shape, to, kind)) {
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
    match tightest_other(shape, bay, from) {
        Some((to, _)) => Some(Relocation { from: from as u16, to: to as u16 }),
        None => buried(shape, bay, from),
    }
}

/// Moves the top of a stack to where it is badly placed for the longest time.
fn buried<P: Placement>(shape: &Shape<'_, P>, bay: &Bay, from: usize) -> Option<Relocation> {
    let kind = bay.top_kind(shape, from)?;
    let (mut best, mut late) = (usize::MAX, 0);
    for (stack, &first) in bay.first[..shape.stacks].iter().enumerate() {
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
        let Some((to, waste)) = tightest_other(shape, bay, stack) else { continue };
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
