//! What can be done before the vessel comes: the fewest badly placed containers after a given number of relocations.
//!
//! A beam over single relocations. A bay is worth what a rollout from it comes to in the relocations that are left. The beam is
//! widened until the budget is used up or nothing was dropped for lack of width, which is a proof.

use super::bay::{Bay, Site, relocation};
use super::bound::Bound;
use super::rollout::{Roller, Taste};
use crate::budget::Budget;
use crate::rng::Rng;
use crate::yard::layout::{Layout, Relocation};
use crate::yard::rules::Placement;

/// The best that was found within a number of relocations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::yard) struct Within {
    /// As many relocations as allowed or fewer; none after the last one that helps.
    pub plan: Vec<Relocation>,
    /// Containers above one of a lower group after it.
    pub badly_placed: u32,
    /// No plan of that length leaves fewer.
    pub lower_bound: u32,
}

/// Sorts a bay as far as so many relocations go. A plan that sorts all of it, where one is known, is a good start.
pub(in crate::yard) fn solve_within<P: Placement>(
    layout: &Layout,
    placement: &P,
    relocations: usize,
    known: Option<&[Relocation]>,
    budget: &mut Budget<'_>,
) -> Within {
    let site = Site::new(layout, placement);
    let start = Bay::new(&site, layout, placement);
    let most = relocations as u32;
    let some_left = u32::from(Bound::default().of(&site, &start, u32::MAX) > most);
    let lower_bound = start.bad.saturating_sub(most).max(some_left);
    let best = Within { plan: Vec::new(), badly_placed: start.bad, lower_bound };
    let mut horizon = Horizon { site: &site, placement, start: &start, relocations, best, scratch: start.clone() };
    horizon.keep(known.unwrap_or_default());
    let rng = Rng::new(budget.seed_value()).fork("horizon");
    let mut roller = Roller::new(&site, placement, rng, Taste { opened: 8, noise: 0 });
    let mut width = 4;
    while width <= WIDEST && !horizon.is_proven() && budget.stopped().is_none() {
        if horizon.sweep(width, &mut roller, budget) {
            horizon.best.lower_bound = horizon.best.badly_placed;
        }
        width *= 4;
    }
    horizon.best
}

/// Bays that the widest beam keeps of one layer.
const WIDEST: usize = 1 << 16;

struct Node {
    /// Fewest badly placed after a rollout, and now; places kept free.
    score: (u32, u32, i64),
    hash: u64,
    saved: Vec<u16>,
    plan: Vec<Relocation>,
}

struct Horizon<'a, P> {
    site: &'a Site,
    placement: &'a P,
    start: &'a Bay,
    relocations: usize,
    best: Within,
    scratch: Bay,
}

impl<P: Placement> Horizon<'_, P> {
    fn is_proven(&self) -> bool {
        self.best.badly_placed <= self.best.lower_bound
    }

    /// Keeps the best prefix of a plan, if it is better. Returns the fewest badly placed.
    fn keep(&mut self, plan: &[Relocation]) -> u32 {
        self.scratch.clone_from(self.start);
        let (mut fewest, mut length) = (self.start.bad, 0);
        for (index, step) in plan.iter().take(self.relocations).enumerate() {
            self.scratch.shift(self.site, usize::from(step.from), usize::from(step.to));
            if self.scratch.bad < fewest {
                (fewest, length) = (self.scratch.bad, index + 1);
            }
        }
        if fewest < self.best.badly_placed {
            self.best.badly_placed = fewest;
            self.best.plan = plan[..length].to_vec();
        }
        fewest
    }

    /// One beam. Returns whether it saw all plans that could be better.
    fn sweep(&mut self, width: usize, roller: &mut Roller<'_, P>, budget: &mut Budget<'_>) -> bool {
        let (site, len) = (self.site, Bay::saved_len(self.site));
        let mut bay = self.start.clone();
        let mut saved = vec![0; len];
        bay.save(&mut saved);
        let mut layer = vec![Node { score: (0, 0, 0), hash: bay.hash, saved, plan: Vec::new() }];
        let mut complete = true;
        for depth in 1..=self.relocations {
            let mut next = Vec::new();
            let left = (self.relocations - depth) as u32;
            for node in &layer {
                bay.restore(site, &node.saved);
                for (from, to) in (0..site.stacks).flat_map(|from| (0..site.stacks).map(move |to| (from, to))) {
                    if !bay.can(site, self.placement, from, to) {
                        continue;
                    }
                    bay.shift(site, from, to);
                    // Each relocation places one more container well at best.
                    if bay.bad < self.best.badly_placed + left {
                        let mut saved = vec![0; len];
                        bay.save(&mut saved);
                        let mut plan = node.plan.clone();
                        plan.push(relocation(from, to));
                        let room = bay.need.iter().map(|&need| i64::from(need)).sum();
                        next.push(Node { score: (0, bay.bad, room), hash: bay.hash, saved, plan });
                    }
                    bay.shift(site, to, from);
                    if budget.spend(1) {
                        return false;
                    }
                }
                if next.len() > 64 * width {
                    complete &= thin(&mut next, 8 * width);
                }
            }
            complete &= thin(&mut next, 8 * width);
            for node in &mut next {
                bay.restore(site, &node.saved);
                roller.plan.clone_from(&node.plan);
                roller.limit = self.relocations + bay.bad as usize;
                roller.finish(&mut bay);
                node.score.0 = self.keep(&roller.plan);
                if budget.spend(roller.plan.len() as u64) {
                    return false;
                }
            }
            complete &= thin(&mut next, width);
            layer = next;
            if layer.is_empty() || self.is_proven() {
                break;
            }
        }
        complete
    }
}

/// Keeps the best of different bays. Returns whether all of them.
fn thin(nodes: &mut Vec<Node>, width: usize) -> bool {
    nodes.sort_unstable_by_key(|node| (node.hash, node.score));
    nodes.dedup_by_key(|node| node.hash);
    nodes.sort_unstable_by_key(|node| (node.score, node.hash));
    let all = nodes.len() <= width;
    nodes.truncate(width);
    all
}
