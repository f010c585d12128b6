//! Better plans: a beam of bays, all after the same number of relocations.
//!
//! Bays are ranked by a rollout to the end, or else by the lower bound on what is left, and among equals by how many places
//! for high ranks they have kept. A bay whose bound says that it cannot beat the best plan is dropped. A beam that
//! never dropped a bay for lack of width has seen all plans: then the best one is proven.
//!
//! Bays are told apart by 64 bits that do not depend on the order of like stacks.

use super::bay::{Bay, Site, relocation};
use super::bound::Bound;
use super::relaxed::{QUICK, Relaxed};
use super::rollout::Roller;
use crate::budget::Budget;
use crate::rng::Rng;
use crate::yard::layout::Relocation;
use crate::yard::rules::Placement;

/// Words of memory for the bays of one layer: 32 MB. What might be kept and where it came from take a few times as much.
const WORDS: usize = 1 << 24;

/// A bay that might be kept.
#[derive(Clone, Copy)]
struct Candidate {
    score: u64,
    hash: u64,
    parent: u32,
    step: Relocation,
    /// The bound on what is left.
    left: u32,
}

/// What a beam came to.
pub(super) struct Swept {
    /// A plan with fewer relocations than asked for.
    pub(super) plan: Option<Vec<Relocation>>,
    /// No bay was dropped for lack of width: no plan is shorter than this one, or than asked for.
    pub(super) complete: bool,
}

/// How a beam looks at bays.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Bays of a layer that are kept.
    pub(super) width: usize,
    /// Bays for each kept one that a rollout looks at; zero ranks by the bound, and spends the time on a tighter one.
    pub(super) pilots: usize,
}

/// A beam at work.
pub(super) struct Beam<'a, 'r, P> {
    site: &'a Site,
    placement: &'a P,
    shape: Shape,
    roller: &'r mut Roller<'a, P>,
    rng: &'r mut Rng,
    bay: Bay,
    bound: Bound,
    relaxed: Relaxed,
    /// The bays of this layer.
    saved: Vec<u16>,
    next: Vec<u16>,
    /// (index in the layer before, relocation) of each bay of each layer but the first.
    layers: Vec<Vec<(u32, Relocation)>>,
    candidates: Vec<Candidate>,
    /// Only plans with fewer relocations are of interest.
    upper: u32,
    best: Option<Vec<Relocation>>,
    complete: bool,
}

impl<'a, 'r, P: Placement> Beam<'a, 'r, P> {
    /// A beam for plans with fewer than `upper` relocations.
    pub(super) fn new(
        (site, placement, start): (&'a Site, &'a P, &Bay),
        shape: Shape,
        upper: u32,
        roller: &'r mut Roller<'a, P>,
        rng: &'r mut Rng,
    ) -> Self {
        let len = Bay::saved_len(site);
        let shape = Shape { width: shape.width.min(WORDS / len).max(1), ..shape };
        let mut saved = vec![0; len];
        start.save(&mut saved);
        Self {
            site,
            placement,
            shape,
            roller,
            rng,
            bay: start.clone(),
            bound: Bound::default(),
            relaxed: Relaxed::default(),
            saved,
            next: Vec::new(),
            layers: Vec::new(),
            candidates: Vec::new(),
            upper,
            best: None,
            complete: true,
        }
    }

    pub(super) fn sweep(mut self, budget: &mut Budget<'_>) -> Swept {
        let width = self.shape.width;
        let mut depth = 0;
        while depth + 1 < self.upper {
            depth += 1;
            // The tighter bound drops some of the bays that are kept at first.
            let wider = width * if self.shape.pilots > 0 { self.shape.pilots } else { 4 };
            let mut stopped = self.expand(depth, wider, budget);
            self.complete &= thin(&mut self.candidates, wider);
            stopped |= if self.shape.pilots > 0 { self.pilot(depth, budget) } else { self.tighten(depth, budget) };
            if stopped {
                return Swept { plan: self.best, complete: false };
            }
            self.complete &= thin(&mut self.candidates, width);
            if self.candidates.is_empty() {
                break;
            }
            if let Some(sorted) = self.advance() {
                self.best = Some(self.trace(sorted));
                break;
            }
        }
        Swept { plan: self.best, complete: self.complete }
    }

    fn restore(&mut self, parent: usize) {
        let len = Bay::saved_len(self.site);
        self.bay.restore(self.site, &self.saved[parent * len..(parent + 1) * len]);
    }

    fn restore_after(&mut self, candidate: Candidate) {
        self.restore(candidate.parent as usize);
        self.bay.shift(self.site, usize::from(candidate.step.from), usize::from(candidate.step.to));
    }

    /// Lists what one relocation makes of the bays of this layer. Returns whether the budget is used up.
    fn expand(&mut self, depth: u32, wider: usize, budget: &mut Budget<'_>) -> bool {
        let site = self.site;
        self.candidates.clear();
        let enough = self.upper - depth;
        for parent in 0..self.saved.len() / Bay::saved_len(site) {
            self.restore(parent);
            let known = self.bound.parent(site, &self.bay);
            for (from, to) in (0..site.stacks).flat_map(|from| (0..site.stacks).map(move |to| (from, to))) {
                if !self.bay.can(site, self.placement, from, to) {
                    continue;
                }
                let dug = Bound::same_digging(known, site, &self.bay, from, to);
                self.bay.shift(site, from, to);
                let left = self.bound.given(site, &self.bay, dug, enough);
                if left < enough {
                    let room: i64 = self.bay.need.iter().map(|&need| i64::from(need)).sum();
                    let room = ((1 << 31) + room).clamp(0, (1 << 32) - 1) as u64;
                    let score = u64::from(left) << 36 | room << 4 | self.rng.next_u64() & 0xf;
                    let (hash, parent, step) = (self.bay.hash, parent as u32, relocation(from, to));
                    self.candidates.push(Candidate { score, hash, parent, step, left });
                }
                self.bay.shift(site, to, from);
                if budget.spend(1) {
                    return true;
                }
            }
            if self.candidates.len() > 4 * wider + 1000 {
                self.complete &= thin(&mut self.candidates, wider);
            }
        }
        false
    }

    /// Ranks by rollouts. Returns whether the budget is used up.
    fn pilot(&mut self, depth: u32, budget: &mut Budget<'_>) -> bool {
        for index in 0..self.candidates.len() {
            let candidate = self.candidates[index];
            self.restore_after(candidate);
            self.roller.plan.clear();
            // A rollout that is a little too long still says which bay is better.
            self.roller.limit = (self.upper.saturating_sub(depth)) as usize + 8;
            let sorted = self.roller.finish(&mut self.bay);
            let length = if sorted { self.roller.plan.len() } else { self.roller.limit + 1 } as u32;
            if budget.spend(u64::from(length) + 1) {
                return true;
            }
            if sorted && depth + length < self.upper {
                self.upper = depth + length;
                let mut plan = self.trace(candidate.parent as usize);
                plan.push(candidate.step);
                plan.extend_from_slice(&self.roller.plan);
                self.best = Some(plan);
            }
            self.candidates[index].score |= u64::from(length.min(0xfff)) << 52;
        }
        let upper = self.upper;
        self.candidates.retain(|candidate| depth + candidate.left < upper);
        false
    }

    /// Drops bays by the tighter bound until the layer is full. Returns whether the budget is used up.
    fn tighten(&mut self, depth: u32, budget: &mut Budget<'_>) -> bool {
        let mut kept = 0;
        for index in 0..self.candidates.len() {
            if kept == self.shape.width {
                self.complete = false;
                break;
            }
            let candidate = self.candidates[index];
            self.restore_after(candidate);
            if self.relaxed.may_do(self.site, &self.bay, self.upper - depth - 1, QUICK) {
                self.candidates[kept] = candidate;
                kept += 1;
            }
            if budget.spend(8) {
                return true;
            }
        }
        self.candidates.truncate(kept);
        false
    }

    /// The next layer. Returns the index of a sorted bay.
    fn advance(&mut self) -> Option<usize> {
        let len = Bay::saved_len(self.site);
        self.next.clear();
        let mut sorted = None;
        for index in 0..self.candidates.len() {
            self.restore_after(self.candidates[index]);
            let begin = self.next.len();
            self.next.resize(begin + len, 0);
            self.bay.save(&mut self.next[begin..]);
            if self.bay.bad == 0 && sorted.is_none() {
                sorted = Some(index);
            }
        }
        self.layers.push(self.candidates.iter().map(|candidate| (candidate.parent, candidate.step)).collect());
        std::mem::swap(&mut self.saved, &mut self.next);
        sorted
    }

    /// The relocations that led to a bay of the last layer.
    fn trace(&self, mut index: usize) -> Vec<Relocation> {
        let mut plan = Vec::with_capacity(self.layers.len());
        for layer in self.layers.iter().rev() {
            let (parent, step) = layer[index];
            plan.push(step);
            index = parent as usize;
        }
        plan.reverse();
        plan
    }
}

/// Keeps the best of different bays. Returns whether all of them.
fn thin(candidates: &mut Vec<Candidate>, width: usize) -> bool {
    let key = |c: &Candidate| (c.score, c.parent, c.step.from, c.step.to);
    candidates.sort_unstable_by_key(|c| (c.hash, key(c)));
    candidates.dedup_by_key(|c| c.hash);
    candidates.sort_unstable_by_key(|c| (c.score, c.hash));
    let all = candidates.len() <= width;
    candidates.truncate(width);
    all
}
