//! Good plans for full bays: a beam over which stack is cleared next, and how deep.
//!
//! Between two clearings the bay fills by itself as in a rollout, and a rollout to the end says what a bay is worth. A plan of
//! a hundred relocations has some fifteen clearings, so this beam is short, and a narrow one does more than a wide beam over
//! single relocations (compare the compound moves of Araya & Toledo 2023).

use super::bay::{Bay, Site};
use super::bound::Bound;
use super::rollout::{Roller, Taste};
use crate::budget::Budget;
use crate::rng::Rng;
use crate::yard::layout::Relocation;
use crate::yard::rules::Placement;

/// Words of memory for the bays of one layer: 4 MB, and up to fifty times that for the bays that follow.
const WORDS: usize = 1 << 21;

/// A bay after some clearings.
struct Node {
    /// Less is better: the length of the rollout's plan, half as much of what the bound says; then the bound; then places for
    /// high ranks.
    score: (usize, usize, i64),
    hash: u64,
    saved: Vec<u16>,
    plan: Vec<Relocation>,
}

/// Looks for plans with fewer than `upper` relocations; the best one.
pub(super) fn sweep<P: Placement>(
    site: &Site,
    placement: &P,
    start: &Bay,
    (width, mut upper, taste): (usize, usize, Taste),
    rng: Rng,
    budget: &mut Budget<'_>,
) -> Option<Vec<Relocation>> {
    let len = Bay::saved_len(site);
    let width = width.min(WORDS / len).max(1);
    let mut bay = start.clone();
    let mut bound = Bound::default();
    let mut best: Option<Vec<Relocation>> = None;
    let mut roller = Roller::new(site, placement, rng, taste);
    let mut saved = vec![0; len];
    bay.save(&mut saved);
    let mut layer = vec![Node { score: (0, 0, 0), hash: 0, saved, plan: Vec::new() }];
    let mut next: Vec<Node> = Vec::new();
    while !layer.is_empty() {
        next.clear();
        for node in &layer {
            bay.restore(site, &node.saved);
            for step in steps(site, &bay, &mut roller) {
                bay.restore(site, &node.saved);
                roller.plan.clone_from(&node.plan);
                roller.limit = upper;
                match step {
                    Step::Fill(from, to) => roller.shift(&mut bay, from, to),
                    Step::Clear(stack, kept) => {
                        if !roller.clear_to(&mut bay, stack, kept) {
                            continue;
                        }
                    }
                }
                let length = roller.plan.len();
                let left = upper.saturating_sub(length) as u32;
                let least = bound.of(site, &bay, left);
                if least >= left {
                    continue;
                }
                let (hash, room) = (bay.hash, bay.need.iter().map(|&need| i64::from(need)).sum());
                let mut saved = vec![0; len];
                bay.save(&mut saved);
                roller.limit = upper + 8;
                let sorted = roller.finish(&mut bay);
                let total = if sorted { roller.plan.len() } else { upper + 9 };
                if budget.spend(total as u64) {
                    return best;
                }
                if sorted && total < upper {
                    upper = total;
                    best = Some(roller.plan.clone());
                }
                roller.plan.truncate(length);
                next.push(Node {
                    score: (2 * total + length + least as usize, length + least as usize, room),
                    hash,
                    saved,
                    plan: roller.plan.clone(),
                });
            }
        }
        next.sort_unstable_by_key(|node| (node.hash, node.score));
        next.dedup_by_key(|node| node.hash);
        next.sort_unstable_by_key(|node| (node.score, node.hash));
        next.truncate(width);
        next.retain(|node| node.score.1 < upper);
        std::mem::swap(&mut layer, &mut next);
    }
    best
}

/// What the next relocations do.
#[derive(Clone, Copy)]
enum Step {
    /// One badly placed container comes to stand well: from, to.
    Fill(usize, usize),
    /// Clear a stack down to so many containers.
    Clear(usize, usize),
}

/// Fills that are tried from one bay.
const FILLS: usize = 1;

fn steps<P: Placement>(site: &Site, bay: &Bay, roller: &mut Roller<'_, P>) -> Vec<Step> {
    let mut steps: Vec<Step> =
        roller.fills(bay).into_iter().take(FILLS).map(|(_, from, to)| Step::Fill(from, to)).collect();
    for stack in 0..site.stacks {
        let Some(below_top) = bay.height(stack).checked_sub(1) else { continue };
        for kept in 0..=bay.good(stack).min(below_top) {
            if kept == 0 || bay.accepts_on(site, stack, kept) != bay.accepts_on(site, stack, kept - 1) {
                steps.push(Step::Clear(stack, kept));
            }
        }
    }
    steps
}
