//! What a caller may ask of a solve; the same for every problem.

use serde::{Deserialize, Serialize};

use crate::issue::{Issue, Issues};
use crate::limits;

/// How to solve. Everything has a default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Options {
    /// Stop after about this many milliseconds and answer with the best plan so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_limit_ms: Option<u64>,
    /// Stop after this many ticks: the same point, and the same bytes, on every machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_limit: Option<u64>,
    /// Stop as soon as the gap is proven to be no larger than this share: 0.001 is 0.1 %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<f64>,
    /// Seed of every random choice; 1 where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Threads the solve may use; 1 where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
    /// Answer when the time is up, and go on improving the plan in the background until it is proven.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub improve: bool,
}

impl Options {
    /// Everything wrong with them.
    pub fn check(&self, issues: &mut Issues) {
        let mut whole = |name: &str, value: Option<u64>, most: u64| {
            if value.is_some_and(|value| value == 0 || value > most) {
                issues.push(Issue::new(
                    "option_out_of_range",
                    format!("/options/{name}"),
                    format!("{name} is {}", value.unwrap_or_default()),
                    format!("give a number from 1 to {most}"),
                ));
            }
        };
        whole("time_limit_ms", self.time_limit_ms, limits::MAX_TIME_LIMIT_MS);
        whole("work_limit", self.work_limit, limits::MAX_WORK_LIMIT);
        whole("threads", self.threads.map(|n| n as u64), limits::MAX_THREADS as u64);
        if let Some(gap) = self.gap.filter(|gap| !(0.0..=1.0).contains(gap)) {
            issues.push(Issue::new(
                "option_out_of_range",
                "/options/gap",
                format!("gap is {gap}"),
                "give a share between 0 and 1, such as 0.001 for 0.1 %",
            ));
        }
        if self.seed.is_some_and(|seed| seed >= 1 << 53) {
            issues.push(Issue::new(
                "option_out_of_range",
                "/options/seed",
                "the seed is 2^53 or more, which some JSON readers cannot hold",
                "give a smaller seed",
            ));
        }
    }

    /// Draws a budget with these limits on `clock`.
    pub fn budget<'a>(&self, clock: &'a dyn crate::Clock) -> crate::Budget<'a> {
        let mut budget = crate::Budget::new(clock)
            .seed(self.seed.unwrap_or(1))
            .threads(self.threads.unwrap_or(1))
            .target_gap(self.gap.unwrap_or(0.0));
        if let Some(ms) = self.time_limit_ms {
            budget = budget.time_limit(std::time::Duration::from_millis(ms));
        }
        if let Some(ticks) = self.work_limit {
            budget = budget.work_limit(ticks);
        }
        budget
    }
}
