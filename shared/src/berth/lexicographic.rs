//! Priority classes, one after the other.
//!
//! The strict multipliers of [`super::classes`] make one integer of a lexicographic objective, but with three classes they grow past what a
//! linear program in floats can tell apart. So the classes are proven in stages. Stage `k` looks at the calls of
//! the classes up to `k` alone - later ones can neither help nor hinder them - and minimises
//!
//! ```text
//! cost of class k  +  ratio * cost of class k-1  +  ratio^2 * cost of class k-2  +  ...
//! ```
//!
//! with a small ratio. If the best plan of that sum costs no more in the earlier classes than was proven for them, it is the
//! lexicographic one, and what the bound leaves after the earlier classes is a bound on class `k`. If not, the sum has bought
//! something in class `k` with something dearer: the ratio grows and the stage is solved again, warm. One class is one stage.
//!
//! This is the classic sequential method with the constraint on the earlier classes in Lagrangian form (Ehrgott 2005, *Multicriteria
//! Optimization*, ch. 5, doi:10.1007/3-540-27659-9).

use super::certificate::{Certificate, Stage, on_last_class};
use super::instance::Instance;
use super::plan::{Schedule, cost_by_class};
use super::{replan, search};
use crate::budget::Budget;
use crate::ids::CallIdx;
use crate::outcome::{Found, Outcome, Progress, Stats};

/// What an earlier class counts against the next, at first and each time that was too little.
const RATIO: i64 = 32;

/// Solves within the budget.
pub(super) fn solve(
    instance: &Instance,
    budget: &mut Budget<'_>,
    watch: &mut dyn FnMut(&Progress<'_, Schedule>),
) -> Outcome<Schedule, Certificate> {
    let nothing = Schedule(vec![None; instance.calls().len()]);
    let mut run = Run {
        instance,
        watch,
        objective: total(instance, &nothing),
        incumbent: nothing,
        lower_bound: 0,
        settled: Vec::new(),
        stats: Stats::default(),
        ratio: RATIO,
    };
    let mut stages = Vec::new();
    // What an earlier plan said comes first: a plan that is no better than it does not replace it.
    let kept = replan::kept(instance);
    if let Some(kept) = &kept {
        if replan::stands(instance, kept) {
            run.consider(kept, budget.ticks());
        }
        run.consider(&replan::repaired(instance, kept), budget.ticks());
    }
    run.consider(&search::quick(instance), budget.ticks());
    if kept.is_some() {
        let polished = replan::polished(instance, &run.incumbent, budget);
        run.consider(&polished, budget.ticks());
    }
    if instance.classes().len() > 1 {
        let first = search::complete(instance, &run.incumbent, budget);
        run.consider(&first, budget.ticks());
    }
    while stages.len() < instance.classes().len() {
        let (stage, goes_on) = run.stage(budget);
        stages.push(stage);
        if !goes_on {
            break;
        }
    }
    let Run { incumbent, objective, lower_bound, stats, .. } = run;
    let gap = instance.gap(objective, lower_bound);
    budget.is_good_enough(gap);
    let found = Found { solution: incumbent, objective, lower_bound, gap, certificate: Certificate { stages } };
    Outcome::new(found, budget, stats)
}

struct Run<'a, 'w> {
    instance: &'a Instance,
    watch: &'w mut dyn FnMut(&Progress<'_, Schedule>),
    incumbent: Schedule,
    objective: i64,
    lower_bound: i64,
    /// What the classes of the stages so far cost in every best plan.
    settled: Vec<i64>,
    stats: Stats,
    ratio: i64,
}

impl Run<'_, '_> {
    /// Proves the next class. Returns the evidence, and whether it is settled so that the one after it can follow.
    fn stage(&mut self, budget: &mut Budget<'_>) -> (Stage, bool) {
        let instance = self.instance;
        let class = self.settled.len();
        loop {
            let (multipliers, strict) = self.multipliers(class);
            let spent = multipliers.iter().zip(&self.settled).map(|(multiplier, cost)| multiplier * cost).sum();
            let part = instance.stage(&multipliers, spent);
            let calls: Vec<CallIdx> = instance.stage_calls(class + 1).collect();
            let is_whole = calls.len() == self.incumbent.0.len();
            let warm = Schedule(calls.iter().map(|call| self.incumbent.0[call.at()]).collect());
            let has_first = instance.classes().len() > 1 || instance.calls().iter().any(|call| call.earlier.is_some());
            let first = has_first.then_some(&warm);
            let settled = self.settled.clone();
            let (found, stats) = search::solve(&part, first, budget, &mut |progress| {
                self.raise(class, on_last_class(progress.lower_bound, &multipliers, &settled));
                if is_whole {
                    self.consider(progress.incumbent, progress.ticks);
                }
            });
            self.stats.columns += stats.columns;
            self.stats.nodes += stats.nodes;
            let mut spread = Schedule(vec![None; instance.calls().len()]);
            for (call, place) in calls.iter().zip(&found.solution.0) {
                spread.0[call.at()] = *place;
            }
            let whole = if is_whole { spread } else { search::complete(instance, &spread, budget) };
            let costs = cost_by_class(&part, &found.solution);
            let bound = on_last_class(found.lower_bound, &multipliers, &settled).min(costs[class]);
            self.raise(class, bound);
            self.consider(&whole, budget.ticks());
            let stage = Stage { multipliers, tree: found.certificate };
            let keeps_faith = costs[..class] == settled[..];
            if keeps_faith || strict || budget.stopped().is_some() {
                let is_settled = keeps_faith && bound == costs[class];
                self.settled.extend(is_settled.then_some(bound));
                return (stage, is_settled && budget.stopped().is_none());
            }
            self.ratio *= RATIO;
        }
    }

    /// Multipliers of the classes up to this one, and whether they are as large as the strict ones.
    fn multipliers(&self, class: usize) -> (Vec<i64>, bool) {
        let classes = &self.instance.classes()[..=class];
        let mut multipliers = vec![1_i64; classes.len()];
        let mut strict = true;
        for at in (0..class).rev() {
            let most = classes[at].multiplier / classes[class].multiplier + 1;
            multipliers[at] = multipliers[at + 1].saturating_mul(self.ratio).min(most);
            strict &= multipliers[at] == most;
        }
        (multipliers, strict)
    }

    /// Notes a bound on a class whose earlier ones are settled.
    fn raise(&mut self, class: usize, bound: i64) {
        let by_class = self.settled.iter().copied().chain([bound]);
        let lower_bound =
            self.instance.classes()[..=class].iter().zip(by_class).map(|(class, cost)| class.multiplier * cost).sum();
        self.lower_bound = self.lower_bound.max(lower_bound).min(self.objective);
    }

    /// Takes a plan that is better than the incumbent, and tells whoever watches where things stand.
    fn consider(&mut self, plan: &Schedule, ticks: u64) {
        let objective = total(self.instance, plan);
        if objective < self.objective {
            self.objective = objective;
            self.incumbent = plan.clone();
            self.stats.improvements += 1;
        }
        let Self { incumbent, objective, lower_bound, .. } = self;
        (self.watch)(&Progress { incumbent, objective: *objective, lower_bound: *lower_bound, ticks });
    }
}

fn total(instance: &Instance, schedule: &Schedule) -> i64 {
    let costs = cost_by_class(instance, schedule);
    costs.iter().zip(instance.classes()).map(|(cost, class)| cost * class.multiplier).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::berth::generate::{Style, generate};
    use crate::outcome::Stop;
    use std::time::Duration;

    #[test]
    fn the_sample_week_is_proven_in_every_class() {
        let wire = serde_json::from_str(include_str!("../../samples/berth-week.json")).expect("a problem");
        let instance = Instance::try_from(&wire).expect("valid");
        let clock = || Duration::ZERO;
        let outcome = solve(&instance, &mut Budget::new(&clock), &mut |_| {});
        assert_eq!((outcome.stop, outcome.lower_bound), (Stop::Proven, outcome.objective));
    }

    #[test]
    fn the_first_plan_costs_no_search() {
        let instance = Instance::try_from(&generate(Style::Congested, 200, 15, 1)).expect("valid");
        let clock = || Duration::ZERO;
        let mut first = None;
        solve(&instance, &mut Budget::new(&clock).work_limit(1), &mut |progress| {
            first.get_or_insert((progress.ticks, progress.incumbent.0.iter().all(Option::is_some)));
        });
        assert_eq!(first, Some((0, true)));
    }
}
