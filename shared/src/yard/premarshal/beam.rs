//! Better plans: a beam of bays, all after the same number of relocations.
//!
//! Bays are ranked by the lower bound on what is left, and among equals by how many places for high ranks they have
//! kept. A bay whose bound says that it cannot beat the best plan is dropped. A beam that never dropped a bay for
//! lack of width has seen all plans: then the best one is proven.

use super::bay::{Bay, Site, relocation};
use super::bound::Bound;
use super::relaxed::{QUICK, Relaxed};
use super::rollout::{Roller, Taste};
use crate::budget::Budget;
use crate::rng::Rng;
use crate::yard::layout::Relocation;
use crate::yard::rules::Placement;

/// A bay that might be kept.
#[derive(Clone, Copy)]
struct Candidate {
    score: u64,
    hash: u64,
    parent: u32,
    from: u16,
    to: u16,
}

/// What a beam came to.
pub(super) struct Swept {
    /// A plan with fewer relocations than asked for.
    pub(super) plan: Option<Vec<Relocation>>,
    /// No bay was dropped for lack of width: without a plan there is none.
    pub(super) complete: bool,
}

/// Looks for a plan with fewer than `upper` relocations.
pub(super) fn sweep<P: Placement>(
    site: &Site,
    placement: &P,
    start: &Bay,
    (width, pilots, upper): (usize, usize, u32),
    taste: Taste,
    rng: &mut Rng,
    budget: &mut Budget<'_>,
) -> Swept {
    let len = Bay::saved_len(site);
    let mut bay = start.clone();
    let mut bound = Bound::default();
    let mut relaxed = Relaxed::default();
    let mut saved = vec![0; len];
    start.save(&mut saved);
    // (index in the layer before, relocation) of each bay of each layer but the first.
    let mut layers: Vec<Vec<(u32, Relocation)>> = Vec::new();
    let mut next: Vec<u16> = Vec::new();
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut complete = true;
    let mut best: Option<Vec<Relocation>> = None;
    let mut upper = upper;
    let mut roller = Roller::new(site, placement, rng.clone(), taste);
    let mut depth = 0;
    while depth + 1 < upper {
        depth += 1;
        candidates.clear();
        for (parent, from_saved) in saved.chunks_exact(len).enumerate() {
            bay.restore(site, from_saved);
            let known = bound.parent(site, &bay);
            for from in 0..site.stacks {
                for to in 0..site.stacks {
                    if !bay.can(site, placement, from, to) {
                        continue;
                    }
                    let dug = Bound::same_digging(known, site, &bay, from, to);
                    bay.shift(site, from, to);
                    let enough = upper - depth;
                    let left = bound.given(site, &bay, dug, enough);
                    if left < enough {
                        let room: i32 = bay.need.iter().sum();
                        let noise = rng.next_u64() & 0xf;
                        let score =
                            u64::from(left) << 40 | ((1 << 30) + i64::from(room)) as u64 & 0xffff_ffff << 4 | noise;
                        let hash = bay.hash;
                        let relocated = (from as u16, to as u16);
                        candidates.push(Candidate {
                            score,
                            hash,
                            parent: parent as u32,
                            from: relocated.0,
                            to: relocated.1,
                        });
                    }
                    bay.shift(site, to, from);
                    if budget.spend(1) {
                        return Swept { plan: best, complete: false };
                    }
                }
            }
            if candidates.len() > 64 * width * pilots.max(1) {
                complete &= thin(&mut candidates, width * pilots.max(1));
            }
        }
        if pilots > 0 {
            complete &= thin(&mut candidates, width * pilots);
            for candidate in &mut candidates {
                let parent = candidate.parent as usize;
                bay.restore(site, &saved[parent * len..(parent + 1) * len]);
                bay.shift(site, usize::from(candidate.from), usize::from(candidate.to));
                roller.plan.clear();
                let limit = (upper - depth) as usize + 8;
                roller.limit = limit;
                let sorted = roller.finish(&mut bay);
                let length = if sorted { roller.plan.len() } else { limit + 1 };
                if budget.spend(length as u64 + 1) {
                    return Swept { plan: best, complete: false };
                }
                if sorted && depth + (length as u32) < upper {
                    upper = depth + length as u32;
                    let mut plan = trace(&layers, candidate.parent as usize);
                    plan.push(relocation(usize::from(candidate.from), usize::from(candidate.to)));
                    plan.extend_from_slice(&roller.plan);
                    best = Some(plan);
                }
                candidate.score |= (length as u64) << 52;
            }
            candidates.retain(|c| depth + ((c.score >> 40 & 0xfff) as u32) < upper);
        }
        complete &= thin(&mut candidates, width * if pilots == 0 { 4 } else { 1 });
        if pilots == 0 {
            let mut kept = 0;
            let mut spent = 0;
            candidates.retain(|candidate| {
                if kept == width {
                    complete = false;
                    return false;
                }
                let parent = candidate.parent as usize;
                bay.restore(site, &saved[parent * len..(parent + 1) * len]);
                bay.shift(site, usize::from(candidate.from), usize::from(candidate.to));
                let keep = relaxed.may_do(site, &bay, upper - depth - 1, QUICK);
                spent += 8;
                kept += usize::from(keep);
                keep
            });
            if budget.spend(spent) {
                return Swept { plan: best, complete: false };
            }
        }
        if candidates.is_empty() {
            return Swept { plan: best, complete };
        }
        next.clear();
        let mut layer = Vec::with_capacity(candidates.len());
        for candidate in &candidates {
            let parent = candidate.parent as usize;
            bay.restore(site, &saved[parent * len..(parent + 1) * len]);
            bay.shift(site, usize::from(candidate.from), usize::from(candidate.to));
            layer.push((candidate.parent, relocation(usize::from(candidate.from), usize::from(candidate.to))));
            let begin = next.len();
            next.resize(begin + len, 0);
            bay.save(&mut next[begin..]);
            if bay.bad == 0 {
                layers.push(layer);
                let plan = trace(&layers, layers.last().map_or(0, |layer| layer.len() - 1));
                return Swept { plan: Some(plan), complete };
            }
        }
        layers.push(layer);
        std::mem::swap(&mut saved, &mut next);
    }
    Swept { plan: best, complete }
}

/// Keeps the best of different bays. Returns whether all of them.
fn thin(candidates: &mut Vec<Candidate>, width: usize) -> bool {
    candidates.sort_unstable_by_key(|c| (c.hash, c.score, c.parent, c.from, c.to));
    candidates.dedup_by_key(|c| c.hash);
    candidates.sort_unstable_by_key(|c| (c.score, c.hash));
    let all = candidates.len() <= width;
    candidates.truncate(width);
    all
}

/// The relocations that led to the last bay of the last layer.
fn trace(layers: &[Vec<(u32, Relocation)>], mut index: usize) -> Vec<Relocation> {
    let mut plan = Vec::with_capacity(layers.len());
    for layer in layers.iter().rev() {
        let (parent, relocation) = layer[index];
        plan.push(relocation);
        index = parent as usize;
    }
    plan.reverse();
    plan
}
