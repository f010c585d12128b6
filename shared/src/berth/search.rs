//! The whole method, in the order in which its parts pay off: greedy, annealing, a bound by column generation with annealing
//! from what the master suggests, then branch and price. With more than a hundred calls, the root is approached through the interior and dived from at once.
//!
//! Every decision depends on ticks only, so a work limit gives the same answer everywhere; the deadline just cuts it short.

#![allow(clippy::many_single_char_names, clippy::similar_names)] // calls, berths and times, as in the papers

use super::bound::generate::{End, Generator};
use super::bound::network;
use super::certificate::{Node, Tree};
use super::exact::{self, Search, diving};
use super::heuristic::{Annealer, greedy};
use super::instance::Instance;
use super::model::{Model, Schedule};
use super::plan;
use crate::budget::Budget;
use crate::outcome::{Found, Progress, Stats};
use crate::rng::Rng;

/// Annealing in ticks for each call: at first, after some pricing rounds, and once the bound stands.
const FIRST: u64 = 25_000;
const AGAIN: u64 = 80_000;
const LONG: u64 = 150_000;
const BETWEEN: u64 = 4_000;
const LATE: u64 = 30_000;
const IN_TREE: u64 = 2_000;
/// With more calls than this, there is a second annealing run.
const MANY: usize = 50;
/// With more than this, it is a long one, and diving does not wait until the bound stands.
const VERY_MANY: usize = 100;
/// Temperatures relative to the mean weighted handling time.
const HOT: f64 = 0.5;
const HOTTER: f64 = 0.8;
const HOTTEST: f64 = 1.0;
const WARM: f64 = 0.1;
const COLD: f64 = 0.03;
/// Subgradient steps before the first master.
const WARM_UP: u64 = 50;
/// Pricing rounds between two looks at the incumbent.
const ROUNDS: u64 = 20;

/// With more arcs than this, starts after the incumbent's last are left for later.
const LARGE: usize = 300_000;

/// What is known so far, and who wants to hear of it.
struct Known<'w> {
    instance: &'w Instance,
    watch: &'w mut dyn FnMut(&Progress<'_, plan::Schedule>),
    /// In cost steps.
    objective: i64,
    lower: i64,
    improvements: u64,
}

impl Known<'_> {
    /// Takes note of a plan and a bound, reports what is new, and says whether to go on.
    fn update(&mut self, plan: &Schedule, objective: i64, lower: i64, budget: &mut Budget<'_>) -> bool {
        let lower = lower.min(objective);
        let better = objective < self.objective;
        if better || lower > self.lower {
            self.improvements += u64::from(better);
            self.objective = self.objective.min(objective);
            self.lower = self.lower.max(lower);
            let step = self.instance.cost_step();
            let (objective, lower_bound) = (self.objective * step, self.lower * step);
            let incumbent = Model::written_out(plan, self.instance);
            (self.watch)(&Progress { incumbent: &incumbent, objective, lower_bound, ticks: budget.ticks() });
        }
        self.goes_on(budget)
    }

    fn goes_on(&self, budget: &mut Budget<'_>) -> bool {
        let step = self.instance.cost_step();
        let gap = self.instance.gap(self.objective * step, self.lower * step);
        !budget.is_good_enough(gap) && budget.stopped().is_none()
    }
}

/// Solves an instance whose classes count by fixed multipliers, from a first plan where there is one.
pub(super) fn solve(
    instance: &Instance,
    first: Option<&plan::Schedule>,
    budget: &mut Budget<'_>,
    watch: &mut dyn FnMut(&Progress<'_, plan::Schedule>),
) -> (Found<plan::Schedule, Tree>, Stats) {
    let model = Model::of(instance);
    let mut known = Known { instance, watch, objective: i64::MAX, lower: 0, improvements: 0 };
    let start = greedy(&model);
    budget.spend(start.ticks);
    let mut annealer = Annealer::new(start, Rng::new(budget.seed_value()).fork("berth annealing"));
    if let Some(first) = first {
        annealer.reset(&Model::read(first, instance));
        annealer.insert_pool();
    }
    let mut stats = Stats::default();
    let plan = annealer.best.clone();
    let alone = network::cheapest(&model).iter().sum();
    let mut proof = (alone, nothing(annealer.best_cost));
    if known.update(&plan, annealer.best_cost, alone, budget) {
        let n = model.n as u64;
        anneal(&mut annealer, FIRST * n, HOT, budget, &mut known);
        // Many calls settle slowly, and their bound takes longest: a second run first.
        if model.n > MANY {
            let (work, hot) = if model.n > VERY_MANY { (LONG, HOTTEST) } else { (AGAIN, HOTTER) };
            anneal(&mut annealer, work * n, hot, budget, &mut known);
        }
        if known.goes_on(budget)
            && let Some(g) = Generator::new(&model, annealer.best_cost, budget)
        {
            let proven = prove(&model, g, &mut annealer, budget, &mut known, &mut stats);
            proof = if proven.0 > alone { proven } else { proof };
        }
    }
    let (lower, certificate) = proof;
    let lower = lower.clamp(0, annealer.best_cost);
    known.update(&annealer.best, annealer.best_cost, lower, budget);
    stats.improvements = known.improvements;
    let step = instance.cost_step();
    let (objective, lower_bound) = (annealer.best_cost * step, lower * step);
    let gap = instance.gap(objective, lower_bound);
    let solution = Model::written_out(&annealer.best, instance);
    (Found { solution, objective, lower_bound, gap, certificate }, stats)
}

/// The first plan that comes to mind.
pub(super) fn quick(instance: &Instance) -> plan::Schedule {
    Model::written_out(&greedy(&Model::of(instance)).schedule(), instance)
}

/// A whole plan from one that leaves calls out for which there is room: these are put in where they cost least, then annealed.
pub(super) fn complete(instance: &Instance, part: &plan::Schedule, budget: &mut Budget<'_>) -> plan::Schedule {
    let model = Model::of(instance);
    let start = greedy(&model);
    let mut annealer = Annealer::new(start, Rng::new(budget.seed_value()).fork("berth completion"));
    annealer.reset(&Model::read(part, instance));
    annealer.insert_pool();
    annealer.run(BETWEEN * model.n as u64, WARM, COLD, &mut |ticks, _, _| !budget.spend(ticks));
    Model::written_out(&annealer.best, instance)
}

/// A tree without prices, which proves nothing.
fn nothing(upper: i64) -> Tree {
    Tree { scale: 1, grid: None, upper, nodes: vec![Node::default()] }
}

/// Bound, fixing and branching; the annealer goes on meanwhile. Returns the bound and its certificate.
fn prove<'a>(
    model: &'a Model,
    mut g: Generator<'a>,
    annealer: &mut Annealer<'_>,
    budget: &mut Budget<'_>,
    known: &mut Known<'_>,
    stats: &mut Stats,
) -> (i64, Tree) {
    let n = model.n as u64;
    let plan = annealer.best.clone();
    if g.arcs() > LARGE {
        let starts = plan.iter().flatten().map(|&(_, start)| start);
        let latest = starts.max().unwrap_or(0);
        g.narrow(latest + (latest - g.grid.origin) / 10);
    }
    let mut end = if g.warm_up(&plan, WARM_UP, budget) { End::Closed } else { End::Stopped };
    if model.n > VERY_MANY && end == End::Stopped && known.goes_on(budget) {
        end = g.approach(&plan, budget, &mut |g, point, budget| {
            round(g, point, annealer, BETWEEN * n, budget, known);
            take_note(g, annealer, budget, known)
        });
        if end == End::Stopped && known.goes_on(budget) {
            dive(&mut g, annealer, budget, known);
        }
    } else {
        g.add_plan(&plan);
    }
    loop {
        let goes_on = take_note(&g, annealer, budget, known);
        if budget.is_abandoned() {
            // A bound for all plans may cost seconds, and nobody looks at it.
            return (0, nothing(g.upper));
        }
        if !g.is_whole() && (end != End::Stopped || !goes_on) {
            g.widen(budget);
            // What is left of the budget pays for one pass that bounds, not for closing starts that nobody looks at again.
            if goes_on {
                g.fix(budget);
            }
            end = if g.lower() >= g.upper { End::Closed } else { End::Stopped };
            continue;
        }
        if end != End::Stopped || !goes_on {
            break;
        }
        end = g.run(budget, ROUNDS);
        if end != End::Closed {
            improve(&mut g, annealer, BETWEEN * n, budget, known);
        }
        if g.lower() >= g.upper {
            end = End::Closed;
        }
        if end == End::Stopped && g.worth_fixing() {
            g.fix(budget);
        }
    }
    if end == End::Converged && g.grid.exact && known.update(&annealer.best, annealer.best_cost, g.lower(), budget) {
        improve(&mut g, annealer, LATE * n, budget, known);
        g.fix(budget);
        if g.lower() < g.upper {
            dive(&mut g, annealer, budget, known);
            anneal(annealer, LATE * n, WARM, budget, known);
            raise(&mut g, annealer);
            g.fix(budget);
        }
        if g.lower() < g.upper {
            end = exact::settle(&mut g, budget);
        }
    }
    if end == End::Converged && g.grid.exact && known.update(&annealer.best, annealer.best_cost, g.lower(), budget) {
        let mut search = Search::new(&mut g);
        search.run(budget, &mut |g, node, lower, budget| {
            improve(g, annealer, if node % 8 == 0 { IN_TREE * n } else { 0 }, budget, known);
            known.update(&annealer.best, annealer.best_cost, lower, budget)
        });
        stats.nodes = search.nodes;
        let proof = (search.lower(), search.certificate());
        stats.columns = g.master.made;
        return proof;
    }
    stats.columns = g.master.made;
    let nodes = vec![g.record()];
    (g.lower(), Tree { scale: g.scale, grid: g.coarse(), upper: g.upper, nodes })
}

fn anneal(a: &mut Annealer<'_>, work: u64, hot: f64, budget: &mut Budget<'_>, known: &mut Known<'_>) {
    a.run(work, hot, COLD.min(hot / 2.0), &mut |ticks, plan, cost| {
        budget.spend(ticks);
        let lower = known.lower;
        known.update(plan, cost, lower, budget)
    });
}

/// Takes note of the best plan and of what the generator proves for all plans, and says whether to go on.
fn take_note(g: &Generator<'_>, a: &Annealer<'_>, budget: &mut Budget<'_>, known: &mut Known<'_>) -> bool {
    let lower = if g.is_whole() { g.lower() } else { known.lower };
    known.update(&a.best, a.best_cost, lower, budget)
}

/// Dives, with annealing at every step.
fn dive(g: &mut Generator<'_>, a: &mut Annealer<'_>, budget: &mut Budget<'_>, known: &mut Known<'_>) {
    let work = BETWEEN * g.model.n as u64;
    diving::dive(g, budget, &mut |g, budget| {
        improve(g, a, work, budget, known);
        known.goes_on(budget)
    });
}

/// Rounds the master's solution and anneals from there; a better plan tightens `upper` and enters the master.
fn improve(g: &mut Generator<'_>, a: &mut Annealer<'_>, work: u64, budget: &mut Budget<'_>, known: &mut Known<'_>) {
    let point = g.master.solution();
    round(g, &point, a, work, budget, known);
}

/// The same for any solution of the relaxation.
fn round(
    g: &mut Generator<'_>,
    point: &[(usize, f64)],
    a: &mut Annealer<'_>,
    work: u64,
    budget: &mut Budget<'_>,
    known: &mut Known<'_>,
) {
    for plan in [g.rounded_by_start(point), g.rounded_by_berth(point)] {
        a.reset(&plan);
        a.insert_pool();
    }
    if work > 0 {
        anneal(a, work, WARM, budget, known);
    }
    raise(g, a);
}

/// Tells the generator of a better plan.
fn raise(g: &mut Generator<'_>, a: &Annealer<'_>) {
    if a.best_cost < g.upper {
        g.upper = a.best_cost;
        g.add_plan(&a.best);
    }
}
