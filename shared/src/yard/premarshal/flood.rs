//! Bays that are almost full: whether they can be sorted at all.
//!
//! With few free places most containers can never be moved, and that alone often decides. Where it does not, all bays that can
//! be reached are listed, up to a limit.

use super::bay::{Bay, Site, relocation};
use crate::budget::Budget;
use crate::yard::layout::Relocation;
use crate::yard::rules::Placement;
use std::collections::BTreeSet;

/// Words of memory that the list of bays may take: 32 MB.
const WORDS: usize = 1 << 24;

/// What is known after a flood.
pub(super) enum Flood {
    /// A shortest plan.
    Plan(Vec<Relocation>),
    /// No bay that can be reached is sorted.
    Infeasible,
    /// The limit was met first. No plan is shorter than this.
    Unknown(u32),
}

/// Whether containers that can never be moved, or the places on top of them, rule out every sorted bay.
///
/// To move a container, all that stand above it must find places in other stacks, and itself one more. So with F free
/// places in the bay, nothing below the F highest places of a stack ever moves. (Rules only make it worse.)
pub(super) fn is_hopeless(site: &Site, bay: &Bay) -> bool {
    let free: usize = (0..site.stacks).map(|stack| usize::from(site.limits[stack]) - bay.height(stack)).sum();
    // `[rank]`: containers that can be moved, less the places for them.
    let mut need = vec![0_i64; site.ranks];
    for stack in 0..site.stacks {
        let limit = usize::from(site.limits[stack]);
        let fixed = limit.saturating_sub(free).min(bay.height(stack));
        if fixed > bay.good(stack) {
            return true;
        }
        for need in &mut need[..=usize::from(bay.accepts_on(site, stack, fixed))] {
            *need -= (limit - fixed) as i64;
        }
        for tier in fixed..bay.height(stack) {
            for need in &mut need[..=usize::from(bay.rank_at(site, stack, tier))] {
                *need += 1;
            }
        }
    }
    need.iter().any(|&need| need > 0)
}

/// Looks at all bays that can be reached, nearest first.
pub(super) fn flood<P: Placement>(site: &Site, placement: &P, start: &Bay, budget: &mut Budget<'_>) -> Flood {
    let len = Bay::saved_len(site);
    let most = WORDS / (len + 16);
    let mut bay = start.clone();
    let mut saved = vec![0; len];
    start.save(&mut saved);
    let mut seen = BTreeSet::from([start.hash]);
    // (where it came from, how).
    let mut origin: Vec<(u32, Relocation)> = vec![(0, relocation(0, 0))];
    let (mut depth, mut end_of_layer) = (0, 1);
    let mut index = 0;
    while index < origin.len() {
        if index == end_of_layer {
            depth += 1;
            end_of_layer = origin.len();
        }
        bay.restore(site, &saved[index * len..(index + 1) * len]);
        for from in 0..site.stacks {
            for to in 0..site.stacks {
                if !bay.can(site, placement, from, to) {
                    continue;
                }
                if budget.spend(1) {
                    return Flood::Unknown(depth + 1);
                }
                bay.shift(site, from, to);
                if seen.insert(bay.hash) {
                    origin.push((index as u32, relocation(from, to)));
                    if bay.bad == 0 {
                        return Flood::Plan(trace(&origin));
                    }
                    if origin.len() > most {
                        return Flood::Unknown(depth + 1);
                    }
                    let begin = saved.len();
                    saved.resize(begin + len, 0);
                    bay.save(&mut saved[begin..]);
                }
                bay.shift(site, to, from);
            }
        }
        index += 1;
    }
    Flood::Infeasible
}

fn trace(origin: &[(u32, Relocation)]) -> Vec<Relocation> {
    let mut plan = Vec::new();
    let mut index = origin.len() - 1;
    while index > 0 {
        let (from, relocation) = origin[index];
        plan.push(relocation);
        index = from as usize;
    }
    plan.reverse();
    plan
}
