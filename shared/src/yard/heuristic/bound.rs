//! A lower bound in one pass, good enough where stacks are many.
//!
//! Every badly placed container moves once. Beyond that:
//! - restricted: a container that is in the way moves when the first one below it leaves; if no other stack would bear it
//!   then, even with everything gone that was above earlier ones, it moves again (Zhu, Qin, Lim, Zhang 2012,
//!   doi:10.1109/TASE.2012.2198642, LB3).
//! - unrestricted: badly placed tops go away as long as some stack would bear them; when none does and nothing leaves, some
//!   move is one too many, and all tops are taken off, since any of them may have been the one (Jin & Tanaka 2023,
//!   doi:10.1016/j.ejor.2022.09.009).
//!
//! Height limits and rules can only make plans longer.

use crate::yard::heuristic::bay::{Bay, NEVER, Shape};
use crate::yard::layout::{Layout, Moves};
use crate::yard::rules::Anywhere;

/// No plan has fewer relocations.
pub(in crate::yard) fn lower_bound(layout: &Layout, moves: Moves) -> u32 {
    let mut shape = Shape::new(layout, &Anywhere);
    shape.distinct = false; // turns are not counted up: containers go out of turn here
    let mut bay = Bay::new(&shape, layout);
    if !bay.settle(&shape, |_| ()) {
        return 0;
    }
    bay.bad
        + match moves {
            Moves::Restricted => twice_in_the_way(&shape, &mut bay),
            Moves::Unrestricted => times_jammed(&shape, &mut bay),
        }
}

fn twice_in_the_way(shape: &Shape<'_, Anywhere>, bay: &mut Bay) -> u32 {
    let mut extra = 0;
    let mut in_the_way: Vec<(usize, u16)> = Vec::new();
    while bay.turn != NEVER {
        in_the_way.clear();
        for stack in 0..shape.stacks {
            while bay.first[stack] == bay.turn {
                if bay.top[stack] > bay.turn {
                    in_the_way.push((stack, bay.top[stack]));
                }
                bay.pop(shape, stack);
            }
        }
        let latest = |except: usize| {
            (0..shape.stacks).filter(|&stack| stack != except).map(|stack| bay.first[stack]).max().unwrap_or(0)
        };
        let (mut stack_before, mut most) = (usize::MAX, 0);
        for &(stack, turn) in &in_the_way {
            if stack != stack_before {
                (stack_before, most) = (stack, latest(stack));
            }
            extra += u32::from(turn > most);
        }
        bay.settle(shape, |_| ());
    }
    extra
}

fn times_jammed(shape: &Shape<'_, Anywhere>, bay: &mut Bay) -> u32 {
    let mut extra = 0;
    loop {
        // Only what leaves or is peeled makes a stack bear more; badly placed containers are not the first of theirs.
        let most = bay.first[..shape.stacks].iter().copied().max().unwrap_or(NEVER);
        if most == NEVER {
            return extra;
        }
        let mut gone = false;
        for stack in 0..shape.stacks {
            while bay.is_bad(stack) && bay.top[stack] <= most {
                bay.pop(shape, stack);
                gone = true;
            }
        }
        let turn = bay.turn;
        if !bay.settle(shape, |_| ()) {
            return extra;
        }
        if gone || bay.turn != turn {
            continue;
        }
        extra += 1;
        for stack in 0..shape.stacks {
            bay.pop(shape, stack);
        }
        if !bay.settle(shape, |_| ()) {
            return extra;
        }
    }
}
