//! A beam that widens by itself: the states after each number of relocations wait in a queue of their own, and round
//! after round the best few of each queue are continued. Nothing is ever done twice, and stopping at any time leaves what
//! a beam of about that width would have found (cyclic best-first search: Kao, Sewell, Jacobson 2009,
//! doi:10.1007/s10589-007-9147-y).
//!
//! A state is ranked by what a greedy run still needs from it, plus half of its badly placed containers: the run sees what
//! will be in the way of what, the second keeps states from which the run happens to do badly. Where the next container
//! cannot be placed well, emptying one whole stack is a step as well: single steps in that direction look worse and worse
//! until the last one.

use crate::budget::Budget;
use crate::yard::heuristic::bay::{Bay, NEVER, Shape};
use crate::yard::heuristic::candidates::{candidates, is_jammed};
use crate::yard::heuristic::greedy::{Greedy, Policy};
use crate::yard::heuristic::queue::Queue;
use crate::yard::heuristic::seen::Seen;
use crate::yard::heuristic::store::Store;
use crate::yard::layout::{Moves, Relocation};
use crate::yard::rules::Placement;

/// States of a queue that are continued in one round.
const ROUND: usize = 4;
/// Rank of one relocation.
const UNIT: u32 = 1000;
/// Rank of one badly placed container, on top of the relocations that the greedy run needs.
const BAD: u32 = 600;
/// The same again in the second order of the queues.
const MORE_BAD: u32 = 1000;
/// A greedy run that gets stuck counts as this many relocations and one for each container that is left.
const LOST: u32 = 1_000_000;

/// How wide the search is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Width {
    /// Relocations that a state is continued with.
    pub(super) fan: usize,
    /// States that wait in a queue at most.
    pub(super) queue: usize,
}

/// A state that waits.
struct Waiting {
    parent: u32,
    step: Relocation,
    /// The stack whose top was just put there; [`NEVER`] if something was retrieved since.
    pinned: u16,
    /// Where the store keeps it.
    state: u32,
}

/// Where a search stands.
pub(super) struct Beam<'a, P> {
    shape: Shape<'a, P>,
    policy: Policy,
    width: Width,
    /// Relocations that led to states that were continued, each with the one before.
    steps: Vec<(u32, Relocation)>,
    /// `[relocations]`: states by rank and age.
    queues: Vec<Queue<Waiting>>,
    seen: Seen,
    store: Store,
    greedy: Greedy,
    parent: Bay,
    child: Bay,
    run: Bay,
    age: u32,
    best: Option<Vec<Relocation>>,
    /// Whether every state that was not continued is known to be useless.
    complete: bool,
    /// The state in which the fewest containers were left when a greedy run got stuck.
    stuck: Option<(usize, Bay)>,
}

const ROOT: u32 = u32::MAX;

/// Sees every better plan.
pub(super) type Found<'f> = &'f mut dyn FnMut(&[Relocation]);

impl<'a, P: Placement> Beam<'a, P> {
    /// A search from a settled state.
    pub(super) fn new(
        shape: Shape<'a, P>,
        root: &Bay,
        policy: Policy,
        best: Option<Vec<Relocation>>,
        width: Width,
    ) -> Self {
        let nowhere = Relocation { from: NEVER, to: NEVER };
        let containers = root.height.iter().map(|&height| usize::from(height)).sum();
        let mut store = Store::new(shape.stacks, containers);
        let root = Waiting { parent: ROOT, step: nowhere, pinned: NEVER, state: store.put(&shape, root) };
        let mut first = Queue::new();
        first.push([0, 0], 0, root);
        Self {
            parent: Bay::empty(&shape),
            child: Bay::empty(&shape),
            run: Bay::empty(&shape),
            shape,
            policy,
            width,
            steps: Vec::new(),
            queues: vec![first],
            seen: Seen::new(),
            store,
            greedy: Greedy::default(),
            age: 0,
            best,
            complete: true,
            stuck: None,
        }
    }

    /// The best plan known.
    pub(super) fn best(&self) -> Option<&[Relocation]> {
        self.best.as_deref()
    }

    /// Whether the search has seen everything that could be better than its plan.
    pub(super) fn is_complete(&self) -> bool {
        self.complete && self.queues.iter().all(Queue::is_empty)
    }

    /// Whether there is nothing left to continue.
    pub(super) fn is_exhausted(&self) -> bool {
        self.queues.iter().all(Queue::is_empty)
    }

    /// Where it got stuck with the fewest containers left.
    pub(super) fn stuck(&self) -> Option<&Bay> {
        self.stuck.as_ref().map(|(_, bay)| bay)
    }

    /// Goes on until the plan is this short, nothing is left to do or the budget stops it.
    pub(super) fn run(&mut self, enough: u32, budget: &mut Budget<'_>, found: Found<'_>) {
        let mut steps = Vec::new();
        loop {
            let mut idle = true;
            let mut level = 0;
            while level < self.queues.len() && level + 1 < self.limit() as usize {
                for turn in 0..ROUND {
                    if budget.stopped().is_some() || self.limit() <= enough {
                        return;
                    }
                    let Some(waiting) = self.queues[level].pop(turn % 2) else { break };
                    idle = false;
                    self.advance(level as u32, &waiting, &mut steps, budget, found);
                }
                level += 1;
            }
            if idle {
                self.queues.clear();
                return;
            }
        }
    }

    /// A plan must be shorter than this to be of use.
    fn limit(&self) -> u32 {
        self.best.as_ref().map_or(u32::MAX, |plan| plan.len() as u32)
    }

    fn path(&self, mut node: u32) -> Vec<Relocation> {
        let mut path = Vec::new();
        while node != ROOT {
            let (parent, step) = self.steps[node as usize];
            if parent != ROOT {
                path.push(step);
            }
            node = parent;
        }
        path.reverse();
        path
    }

    fn advance(
        &mut self,
        level: u32,
        waiting: &Waiting,
        steps: &mut Vec<Relocation>,
        budget: &mut Budget<'_>,
        found: Found<'_>,
    ) {
        self.store.take(&self.shape, waiting.state, &mut self.parent);
        let node = self.steps.len() as u32;
        self.steps.push((waiting.parent, waiting.step));
        let mut list = Vec::new();
        candidates(&self.shape, &self.parent, self.policy.moves, waiting.pinned, &mut list);
        budget.spend(list.len() as u64);
        self.complete &= list.len() <= self.width.fan;
        for &(_, step) in list.iter().take(self.width.fan) {
            self.child.copy_from(&self.parent);
            self.child.relocate(&self.shape, step);
            let mut pinned = step.to;
            self.child.settle(&self.shape, |_| pinned = NEVER);
            self.judge(level, node, &[step], pinned, budget, found);
            if budget.stopped().is_some() {
                self.complete = false;
                return;
            }
        }
        if self.policy.moves == Moves::Unrestricted && is_jammed(&self.shape, &self.parent) {
            for stack in 0..self.shape.stacks {
                self.child.copy_from(&self.parent);
                steps.clear();
                let mut first = self.child.first[stack];
                while self.child.height[stack] > 0 && self.child.turn != NEVER {
                    let Some(step) = crate::yard::heuristic::greedy::away(&self.shape, &self.child, stack) else {
                        break;
                    };
                    self.child.relocate(&self.shape, step);
                    steps.push(step);
                    self.child.settle(&self.shape, |_| ());
                    if self.child.first[stack] > first && steps.len() > 1 {
                        first = self.child.first[stack];
                        self.judge(level, node, steps, NEVER, budget, found);
                        if budget.stopped().is_some() {
                            self.complete = false;
                            return;
                        }
                    }
                }
            }
        }
    }

    /// Ranks `child`, which these steps lead to, and puts it in its queue.
    fn judge(
        &mut self,
        level: u32,
        node: u32,
        steps: &[Relocation],
        pinned: u16,
        budget: &mut Budget<'_>,
        found: Found<'_>,
    ) {
        let cost = level + steps.len() as u32;
        if cost + self.child.bad >= self.limit()
            || !self.seen.improves(self.child.hash(&self.shape), cost.min(u32::from(u16::MAX)) as u16)
        {
            return;
        }
        self.run.copy_from(&self.child);
        let rest = self.greedy.run(&self.shape, &mut self.run, self.policy, u32::MAX);
        budget.spend(self.greedy.plan.len() as u64 + 1);
        let rest = match rest {
            Some(rest) => rest,
            None => LOST + self.note_stuck(),
        };
        if cost + rest < self.limit() && rest < LOST {
            let mut plan = self.path(node);
            plan.extend_from_slice(steps);
            plan.extend_from_slice(&self.greedy.plan);
            found(&plan);
            self.best = Some(plan);
        }
        let rank = rest * UNIT + self.child.bad * BAD + self.wear();
        self.wait(rank, cost as usize, node, steps, pinned);
    }

    /// Queues `child`.
    fn wait(&mut self, rank: u32, level: usize, node: u32, steps: &[Relocation], pinned: u16) {
        let mut parent = node;
        let Some((&step, before)) = steps.split_last() else { return };
        for &step in before {
            self.steps.push((parent, step));
            parent = self.steps.len() as u32 - 1;
        }
        if self.queues.len() <= level {
            self.queues.resize_with(level + 1, Queue::new);
        }
        let queue = &mut self.queues[level];
        if queue.len() >= self.width.queue {
            self.complete = false;
            if queue.worst().is_some_and(|worst| worst <= rank) {
                return;
            }
            if let Some(worst) = queue.drop_worst() {
                self.store.drop(worst.state);
            }
        }
        self.age += 1;
        let other = rank + self.child.bad * MORE_BAD;
        let state = self.store.put(&self.shape, &self.child);
        queue.push([rank, other], self.age, Waiting { parent, step, pinned, state });
    }

    /// How soon the stacks of `child` must be touched, in less than a unit.
    fn wear(&self) -> u32 {
        let last = u64::from(self.shape.last_turn);
        let waits: u64 = self.child.first[..self.shape.stacks].iter().map(|&first| u64::from(first).min(last)).sum();
        (UNIT - 1) - (waits * u64::from(UNIT - 1) / (last.max(1) * self.shape.stacks as u64)) as u32
    }

    fn note_stuck(&mut self) -> u32 {
        let left = self.run.height.iter().map(|&height| usize::from(height)).sum();
        if self.stuck.as_ref().is_none_or(|&(least, _)| left < least) {
            self.stuck = Some((left, self.run.clone()));
        }
        left as u32
    }
}
