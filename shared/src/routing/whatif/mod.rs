//! What would be if: a solved request with some changes, answered from the plan that is there.
//!
//! Each scenario is the request with its changes, validated like any other, and solved from the ways and prices of the answer ([`Warm`]). Nothing of
//! the earlier answer is believed: objective and bound are those of the scenario, and its plan passes the same check before it is told. Scenarios do not build
//! on each other.

mod apply;
mod compare;
#[cfg(test)]
mod tests;
mod wire;

pub use wire::{Change, LotChange, Question, Reply, Scenario, Told};

use super::table::money;
use super::{Certificate, Instance, Plan, Routing, Warm, Wire, cost, solve_from};
use crate::answer::Answer;
use crate::budget::Clock;
use crate::issue::{Issue, Issues};
use crate::limits;
use crate::options::Options;
use crate::problem::Problem;

/// How long all scenarios together may take where nothing is said.
const TIME_LIMIT_MS: u64 = 5_000;

/// Answers a question about a request and its answer; every issue where something is wrong with a scenario.
pub fn answer(
    wire: &Wire,
    given: &Answer<Plan, Certificate>,
    question: &Question,
    clock: &dyn Clock,
) -> Result<Reply, Vec<Issue>> {
    let mut issues = Issues::new();
    if let Some(options) = &question.options {
        options.check(&mut issues);
    }
    let count = question.scenarios.len();
    if count == 0 || count > limits::MAX_SCENARIOS {
        let cause = format!("there are {count} scenarios");
        let action = format!("ask for 1 to {}", limits::MAX_SCENARIOS);
        issues.note("scenarios_out_of_range", "/scenarios", cause, action);
    }
    if !issues.is_empty() {
        return Err(issues.into_vec());
    }
    let before = Instance::try_from(wire)?;
    // All are read before the first is solved, so that a mistake in the last costs no solve.
    let mut changed = Vec::with_capacity(count);
    for (at, scenario) in question.scenarios.iter().enumerate() {
        match apply::apply(wire, &before, scenario, &format!("/scenarios/{at}")) {
            Ok(instance) => changed.push(instance),
            Err(found) => found.into_iter().for_each(|issue| issues.push(issue)),
        }
    }
    if !issues.is_empty() {
        return Err(issues.into_vec());
    }
    let asked = question.options.clone().unwrap_or_default();
    let began = clock.now();
    let most = std::time::Duration::from_secs(limits::MAX_WAIT_S);
    let total = std::time::Duration::from_millis(asked.time_limit_ms.unwrap_or(TIME_LIMIT_MS)).min(most);
    let mut scenarios = Vec::with_capacity(count);
    for (nth, (instance, scenario)) in changed.iter().zip(&question.scenarios).enumerate() {
        // What earlier scenarios left over is shared by those to come.
        let left = total.saturating_sub(clock.now().saturating_sub(began)) / (count - nth) as u32;
        let time_limit_ms = Some(u64::try_from(left.as_millis()).unwrap_or(u64::MAX));
        let options = Options { time_limit_ms, ..asked.clone() };
        scenarios.push(one(&before, given, instance, scenario, &options, question.plans, clock));
    }
    Ok(Reply { objective: given.objective, lower_bound: given.lower_bound, kpis: given.plan.kpis, scenarios })
}

fn one(
    before: &Instance,
    given: &Answer<Plan, Certificate>,
    instance: &Instance,
    scenario: &Scenario,
    options: &Options,
    with_plan: bool,
    clock: &dyn Clock,
) -> Told {
    let warm = Warm::new(before, &given.plan, &given.certificate, instance);
    let mut budget = options.budget(clock);
    let outcome = solve_from(instance, &warm, &mut budget, &mut |_| ());
    let levels = cost::levels(instance, &cost::costs(instance, &outcome.solution.flows), outcome.lower_bound);
    let found = Plan::new(instance, &outcome.solution);
    let answer = Answer::new(Routing::NAME, Routing::VERSION, outcome, levels, found);
    if let Err(violations) = Routing::verify(instance, &answer) {
        // A bug, as in any solve: what is found is withheld.
        let cause: Vec<String> = violations.iter().map(ToString::to_string).collect();
        panic!("the plan of a scenario did not pass its own check and is withheld: {}", cause.join("; "));
    }
    Told {
        id: scenario.id.clone(),
        objective: answer.objective,
        lower_bound: answer.lower_bound,
        gap: answer.gap,
        proof: answer.proof,
        stop: answer.stop,
        tier: answer.tier,
        ticks: answer.ticks,
        reproducible: answer.reproducible,
        difference: compare::difference(&given.plan.kpis, &answer.plan.kpis),
        kpis: answer.plan.kpis,
        lots: compare::lots(&given.plan, &answer.plan),
        most_valuable: answer.plan.most_valuable.clone(),
        plan: with_plan.then(|| answer.plan.clone()),
        certificate: with_plan.then_some(answer.certificate),
    }
}

/// The answer for a terminal: a line for each scenario, then the lots that fare otherwise.
pub fn table(reply: &Reply) -> String {
    use crate::words::{clean, counted, fit, grouped, percent, signed};
    let mut text = format!(
        "as it is: {} carried · {} rejected · {} late · costs {}\n\n",
        grouped(reply.kpis.carried),
        grouped(reply.kpis.rejected),
        grouped(reply.kpis.late),
        money(reply.kpis.carrying_cents + reply.kpis.rejection_cents),
    );
    for (at, told) in reply.scenarios.iter().enumerate() {
        let name = told.id.clone().unwrap_or_else(|| format!("scenario {}", at + 1));
        let costs = told.difference.carrying_cents + told.difference.rejection_cents;
        let sign = if costs > 0 { "+" } else { "" };
        text.push_str(&format!(
            "{}: carried {} · rejected {} · late {} · costs {sign}{} · gap {} · {} fare otherwise\n",
            fit(&clean(&name), 28),
            signed(told.difference.carried),
            signed(told.difference.rejected),
            signed(told.difference.late),
            money(costs),
            percent(told.gap),
            counted(told.lots.len(), "lot"),
        ));
        for lot in told.lots.iter().take(MAX_LOTS) {
            text.push_str(&format!(
                "  {}  carried {} > {} · moved {}\n",
                fit(&clean(&lot.lot), 28),
                grouped(lot.carried_before),
                grouped(lot.carried),
                grouped(lot.moved),
            ));
        }
        if told.lots.len() > MAX_LOTS {
            text.push_str(&format!("  and {} more\n", counted(told.lots.len() - MAX_LOTS, "lot")));
        }
    }
    text
}

/// Lots that are listed of a scenario; further ones are in the JSON.
const MAX_LOTS: usize = 10;
