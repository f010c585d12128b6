//! What the laws ask of any problem: solve, watching that nothing worsens; verify; validate.

use std::time::Duration;

use portolan::outcome::Outcome;
use portolan::{Answer, Budget, Problem};
use proptest::test_runner::TestCaseError;

/// Solves with a clock that stands still, watching that the incumbent and the bound never worsen.
pub(crate) fn solve<P: Problem>(
    instance: &P::Instance,
    work_limit: Option<u64>,
    seed: u64,
) -> Outcome<P::Solution, P::Certificate> {
    let clock = || Duration::ZERO;
    let mut budget = Budget::new(&clock).seed(seed);
    if let Some(ticks) = work_limit {
        budget = budget.work_limit(ticks);
    }
    let mut last: Option<(i64, i64)> = None;
    let outcome = P::solve(instance, &mut budget, &mut |progress| {
        assert!(progress.lower_bound <= progress.objective);
        if let Some((objective, lower_bound)) = last {
            assert!(progress.objective <= objective, "the incumbent worsened");
            assert!(progress.lower_bound >= lower_bound, "the bound weakened");
        }
        last = Some((progress.objective, progress.lower_bound));
    });
    if let Some((objective, lower_bound)) = last {
        assert!(outcome.objective <= objective && outcome.lower_bound >= lower_bound);
    }
    outcome
}

/// The answer, where its own check confirms it.
pub(crate) fn verified<P: Problem>(
    instance: &P::Instance,
    outcome: Outcome<P::Solution, P::Certificate>,
) -> Result<Answer<P::Plan, P::Certificate>, TestCaseError> {
    let levels = P::levels(instance, &outcome.solution, outcome.lower_bound);
    let plan = P::plan(instance, &outcome.solution);
    let answer = Answer::new(P::NAME, P::VERSION, outcome, levels, plan);
    match P::verify(instance, &answer) {
        Ok(_) => Ok(answer),
        Err(violations) => Err(TestCaseError::fail(format!("{violations:?}"))),
    }
}

/// The instance, where the random problem is a valid one.
pub(crate) fn valid<P: Problem>(wire: &P::Wire) -> Result<P::Instance, TestCaseError> {
    P::instance(wire).map_err(|_| TestCaseError::reject("has issues"))
}
