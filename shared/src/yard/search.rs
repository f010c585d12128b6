//! A solve: the first plan at once, then proofs and beams by turns until the plan is proven or the budget is used up.
//!
//! Small yards are proven before a beam would have begun, so the proof goes first. Where it does not get through, its next level
//! takes about ten times the work of all before, while a beam finds the better plans of large yards within the same second. Each round
//! gives both more work than the round before; which of the two a yard needs shows by itself.

use super::crane::hasten::Hastener;
use super::heuristic::Improver;
use super::instance::Instance;
use super::layout::{Move, Relocation};
use super::retrieval::Prover;
use super::rules::{Anywhere, Placement};
use super::wire::Task;
use super::{certificate, crane, explain, heuristic, plan, premarshal, retrieval, too_full};
use crate::budget::Budget;
use crate::outcome::{Found, Outcome, Progress, Stats};

/// Work of the first attempt to prove the plan, and of the first beam.
const FIRST: u64 = 120_000;
/// What each round has more than the one before.
const GROWTH: u64 = 2;
/// Relocations between plan and bound that a proof may close. Each takes about ten times the work of the one before, so for
/// each more the proof gets half the work.
const CLOSE: u32 = 3;
/// Least share of the work that a proof gets, as a power of a half.
const LEAST_SHARE: u32 = 5;
/// Work of sorting in few relocations, before the crane's time is looked at.
const SORTING: u64 = 2_000_000;

pub(super) fn solve(
    instance: &Instance,
    budget: &mut Budget<'_>,
    watch: &mut dyn FnMut(&Progress<'_, Vec<Move>>),
) -> Outcome<Vec<Move>, certificate::Certificate> {
    let mut search = Search::new(instance, watch);
    match (&instance.placement, instance.task) {
        (None, Task::Retrieve) => search.retrieve(&Anywhere, budget),
        (Some(rules), Task::Retrieve) => search.retrieve(rules, budget),
        (None, Task::Premarshal) => search.premarshal(&Anywhere, budget),
        (Some(rules), Task::Premarshal) => search.premarshal(rules, budget),
    }
    search.into_outcome(budget)
}

struct Search<'a, 'w> {
    instance: &'a Instance,
    watch: &'a mut (dyn FnMut(&Progress<'_, Vec<Move>>) + 'w),
    /// The best moves so far, and what they cost.
    moves: Vec<Move>,
    objective: i64,
    least: certificate::Least,
    /// No plan that leaves nothing out has fewer relocations.
    least_relocations: u32,
    lower_bound: i64,
    stats: Stats,
}

impl<'a, 'w> Search<'a, 'w> {
    /// Begins with doing nothing at all.
    fn new(instance: &'a Instance, watch: &'a mut (dyn FnMut(&Progress<'_, Vec<Move>>) + 'w)) -> Self {
        let moves = match instance.task {
            Task::Retrieve => instance.layout.with_retrievals(&[]),
            Task::Premarshal => Vec::new(),
        };
        let objective = cost(instance, &moves);
        let least = certificate::Least::new(instance);
        let stats = Stats::default();
        Self { instance, watch, moves, objective, least, least_relocations: 0, lower_bound: 0, stats }
    }

    fn retrieve<P: Placement>(&mut self, placement: &P, budget: &mut Budget<'_>) {
        let (layout, moves) = (&self.instance.layout, self.instance.moves);
        let mut incumbent = match heuristic::first(layout, placement, moves) {
            Ok(plan) => plan,
            Err(stuck) => return self.as_far_as_possible(placement, stuck, budget),
        };
        self.relocations(&incumbent, budget);
        let mut prover = Prover::new(layout, placement, moves);
        self.bound(prover.lower_bound(), budget);
        if P::FREE {
            self.bound(heuristic::lower_bound(layout, moves), budget);
        }
        let mut hastener = self.counts_time().then(|| Hastener::new(self.instance, placement, budget.seed_value()));
        let mut improver = None;
        let mut work = FIRST;
        let mut is_proven = false;
        while !self.is_done(budget) {
            if !is_proven {
                let missing = (incumbent.len() as u32).saturating_sub(prover.lower_bound());
                let proof = work >> missing.saturating_sub(CLOSE).min(LEAST_SHARE);
                let plan = budget.for_ticks(proof, |budget| prover.run(incumbent.len(), budget, &mut |_| ()));
                self.bound(prover.lower_bound(), budget);
                is_proven = plan.is_some() || prover.lower_bound() as usize >= incumbent.len();
                if let Some(plan) = plan {
                    self.relocations(&plan, budget);
                    incumbent = plan;
                }
            }
            if !is_proven && !self.is_done(budget) {
                let lower = self.least_relocations;
                let improver = improver.get_or_insert_with(|| Improver::new(layout, placement, moves, &incumbent));
                let mut better = None;
                budget.for_ticks(work, |budget| improver.run(lower, budget, &mut |plan| better = Some(plan.to_vec())));
                if let Some(plan) = better {
                    self.relocations(&plan, budget);
                    incumbent = plan;
                }
            }
            if let Some(hastener) = &mut hastener {
                self.hasten(hastener, &incumbent, work, budget);
                if is_proven && hastener.is_exhausted() {
                    return;
                }
            }
            work = work.saturating_mul(GROWTH);
        }
    }

    /// Looks for quicker plans, beginning with this one if it is better than what was looked at before.
    fn hasten<P: Placement>(
        &mut self,
        hastener: &mut Hastener<'_, P>,
        incumbent: &[Relocation],
        work: u64,
        budget: &mut Budget<'_>,
    ) {
        if let Some(moves) = hastener.offer(incumbent) {
            self.take(moves, budget);
        }
        budget.for_ticks(work, |budget| hastener.run(budget, &mut |moves, budget| self.take(moves, budget)));
    }

    /// Whether crane time is part of the objective.
    fn counts_time(&self) -> bool {
        self.instance.prices.crane_ms > 0
    }

    /// Takes out what leaves before the first turn that cannot be brought out.
    fn as_far_as_possible<P: Placement>(&mut self, placement: &P, stuck: heuristic::Stuck, budget: &mut Budget<'_>) {
        let (layout, moves) = (&self.instance.layout, self.instance.moves);
        let furthest = too_full::furthest(layout, placement, moves, stuck, budget);
        if let Some(plan) = furthest.plan {
            self.relocations(&plan, budget);
        }
        if furthest.left_out > 0 {
            self.lower_bound = self.instance.prices.left_out * i64::from(furthest.left_out);
            self.tell(budget);
        } else {
            self.bound(retrieval::root_bound(layout, placement, moves), budget);
        }
    }

    fn premarshal<P: Placement>(&mut self, placement: &P, budget: &mut Budget<'_>) {
        if !self.counts_time() {
            return self.sort(placement, budget);
        }
        budget.for_ticks(SORTING, |budget| self.sort(placement, budget));
        let moves = self.moves.iter().filter_map(|step| Some(Relocation { from: step.from, to: step.to? }));
        let incumbent: Vec<Relocation> = moves.collect();
        let mut hastener = Hastener::new(self.instance, placement, budget.seed_value());
        if self.objective < self.instance.prices.left_out {
            self.hasten(&mut hastener, &incumbent, u64::MAX, budget);
        }
    }

    fn sort<P: Placement>(&mut self, placement: &P, budget: &mut Budget<'_>) {
        let layout = &self.instance.layout;
        let most = self.instance.max_relocations.map_or(usize::MAX, |most| most as usize);
        let mut told = Vec::new();
        let result = premarshal::solve(layout, placement, budget, &mut |plan, lower, budget| {
            if plan.len() <= most {
                self.relocations(plan, budget);
            } else {
                told = plan.to_vec();
            }
            if most == usize::MAX {
                self.bound(lower, budget);
            }
        });
        if let Some(plan) = result.plan.filter(|plan| plan.len() <= most) {
            self.relocations(&plan, budget);
            return self.sorted(false, result.lower_bound, budget);
        }
        if most == usize::MAX {
            return self.sorted(result.infeasible, result.lower_bound, budget);
        }
        let within = premarshal::solve_within(layout, placement, most, Some(&told), budget);
        self.relocations(&within.plan, budget);
        self.lower_bound = self.instance.prices.left_out * i64::from(within.lower_bound);
    }

    /// Takes note of what is proven of sorting the whole yard.
    fn sorted(&mut self, is_infeasible: bool, relocations: u32, budget: &Budget<'_>) {
        if is_infeasible {
            self.lower_bound = self.instance.prices.left_out.min(self.objective);
        } else {
            self.bound(relocations, budget);
        }
    }

    /// Takes note of relocations, where they are better than what there is.
    fn relocations(&mut self, relocations: &[Relocation], budget: &Budget<'_>) {
        let moves = match self.instance.task {
            Task::Retrieve => self.instance.layout.with_retrievals(relocations),
            Task::Premarshal => {
                relocations.iter().map(|&Relocation { from, to }| Move { from, to: Some(to) }).collect()
            }
        };
        self.take(moves, budget);
    }

    /// Takes note of moves, where they are better than what there is.
    fn take(&mut self, moves: Vec<Move>, budget: &Budget<'_>) {
        let objective = cost(self.instance, &moves);
        if objective < self.objective {
            (self.moves, self.objective) = (moves, objective);
            self.stats.improvements += 1;
            self.tell(budget);
        }
    }

    /// Takes note of a bound on the relocations of plans that leave nothing out.
    fn bound(&mut self, relocations: u32, budget: &Budget<'_>) {
        self.least_relocations = self.least_relocations.max(relocations);
        let bound = self.least.with(self.least_relocations).min(self.objective);
        if bound > self.lower_bound {
            self.lower_bound = bound;
            self.tell(budget);
        }
    }

    fn tell(&mut self, budget: &Budget<'_>) {
        (self.watch)(&Progress {
            incumbent: &self.moves,
            objective: self.objective,
            lower_bound: self.lower_bound,
            ticks: budget.ticks(),
        });
    }

    fn is_done(&self, budget: &mut Budget<'_>) -> bool {
        let gap = plan::gap(self.instance, self.objective, self.lower_bound);
        budget.is_good_enough(gap) || budget.stopped().is_some()
    }

    fn into_outcome(self, budget: &Budget<'_>) -> Outcome<Vec<Move>, certificate::Certificate> {
        let Self { instance, moves: solution, objective, lower_bound, stats, .. } = self;
        let certificate = certificate::of(instance, lower_bound);
        let gap = plan::gap(instance, objective, lower_bound);
        Outcome::new(Found { solution, objective, lower_bound, gap, certificate }, budget, stats)
    }
}

/// What the moves cost, without writing the plan out.
fn cost(instance: &Instance, moves: &[Move]) -> i64 {
    let relocations = moves.iter().filter(|step| step.to.is_some()).count();
    let left_out = match instance.task {
        Task::Retrieve => {
            let leaving = instance.containers.iter().filter(|container| container.turn.is_some()).count();
            leaving - (moves.len() - relocations)
        }
        Task::Premarshal => explain::badly_placed(instance, &plan::stacks_after(instance, moves)).len(),
    };
    let crane_ms = if instance.prices.crane_ms > 0 { crane::time(instance, moves) } else { 0 };
    plan::objective(instance, left_out as u32, relocations as u32, crane_ms)
}
