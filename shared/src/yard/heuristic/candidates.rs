//! Which relocations a state is continued with.

use crate::yard::heuristic::bay::{Bay, Shape};
use crate::yard::heuristic::greedy::tightest;
use crate::yard::layout::{Moves, Relocation};
use crate::yard::rules::Placement;

/// What a move that costs an extra relocation counts, in turns of wasted waiting time.
const EXTRA: u32 = 5;

/// All relocations from a settled state, most promising first: what becomes well placed with the least waste, then what
/// costs an extra relocation. `pinned` was put where it is by the move before, with nothing retrieved since, so that
/// moving it on is one move too many.
pub(super) fn candidates<P: Placement>(
    shape: &Shape<'_, P>,
    bay: &Bay,
    moves: Moves,
    pinned: u16,
    out: &mut Vec<(u32, Relocation)>,
) {
    out.clear();
    let target = bay.target(shape);
    for from in 0..shape.stacks {
        let elsewhere = moves == Moves::Restricted && bay.first[from] != bay.turn;
        if elsewhere || from == usize::from(pinned) {
            continue;
        }
        if let Some(kind) = bay.top_kind(shape, from) {
            destinations(shape, bay, from, kind, from == target, out);
        }
    }
    out.sort_unstable_by_key(|&(score, step)| (score, step.from, step.to));
}

fn destinations<P: Placement>(
    shape: &Shape<'_, P>,
    bay: &Bay,
    from: usize,
    kind: u16,
    is_target: bool,
    out: &mut Vec<(u32, Relocation)>,
) {
    let turns = shape.last_turn + 1;
    let turn = bay.top[from].min(turns);
    let bad = bay.is_bad(from);
    for to in 0..shape.stacks {
        if to == from || !bay.takes(shape, to, kind) {
            continue;
        }
        if P::FREE && bay.height[to] == 0 && has_like_empty(shape, bay, from, to) {
            continue;
        }
        let well = bay.first[to] >= bay.top[from];
        let first = bay.first[to].min(turns);
        let waste = u32::from(if well { first.saturating_sub(turn) } else { turns - first });
        let extra = match (bad, well) {
            (true, true) => 0,
            (true, false) => EXTRA + if is_target { 0 } else { u32::from(turns) },
            (false, true) => EXTRA,
            (false, false) => EXTRA + u32::from(turns),
        };
        out.push((extra + waste, Relocation { from: from as u16, to: to as u16 }));
    }
}

/// Whether an empty stack of the same height comes earlier: one of them stands for all.
fn has_like_empty<P>(shape: &Shape<'_, P>, bay: &Bay, from: usize, to: usize) -> bool {
    (0..to).any(|stack| stack != from && bay.height[stack] == 0 && shape.caps[stack] == shape.caps[to])
}

/// Whether emptying a whole stack is worth a look: where the next relocation cannot place its container well.
pub(super) fn is_jammed<P: Placement>(shape: &Shape<'_, P>, bay: &Bay) -> bool {
    tightest(shape, bay, bay.target(shape)).is_none()
}
