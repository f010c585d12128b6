//! What a solve gives back: the solution, how good it is, and why it stopped.

use serde::{Deserialize, Serialize};

/// What is proven about the answer. Separate from [`Stop`]: a solve can stop by its deadline with a
/// plan that happens to be proven, and stop by itself with one that is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Proof {
    /// No plan is better: the lower bound equals the objective.
    Optimal,
    /// No plan is better than the lower bound, which is below the objective.
    Bound,
}

/// Why the solve stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Stop {
    /// The plan was proven optimal.
    Proven,
    /// The gap asked for was reached.
    TargetGap,
    /// Every method the solver has was tried; more time would not help.
    Exhausted,
    /// The work limit in ticks was used up. Reproducible.
    WorkLimit,
    /// The time limit was used up. Not reproducible: another machine gets further or less far.
    Deadline,
    /// Somebody cancelled it; the best plan so far stands. Not reproducible.
    Cancelled,
}

impl Stop {
    /// Whether the same request gives the same bytes again.
    pub fn is_reproducible(self) -> bool {
        !matches!(self, Self::Deadline | Self::Cancelled)
    }
}

/// The quality of an answer, best first. The solver gives the first three, the service the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Tier {
    /// Proven optimal, or proven to be within the gap that was asked for.
    Proven,
    /// A gap stands, and it is at most [`BOUNDED_GAP`].
    Bounded,
    /// A feasible plan whose gap is large.
    Heuristic,
    /// An earlier answer to the same request.
    Cached,
    /// An earlier answer to an earlier state, checked against today's.
    Stale,
    /// The promise of an answer.
    Deferred,
}

impl Tier {
    /// As written in JSON and shown to people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Bounded => "bounded",
            Self::Heuristic => "heuristic",
            Self::Cached => "cached",
            Self::Stale => "stale",
            Self::Deferred => "deferred",
        }
    }
}

/// The largest gap that still counts as bounded: 5 %.
pub const BOUNDED_GAP: f64 = 0.05;

/// `(objective - lower_bound) / objective`: the share of the objective that a better plan could save at most.
/// Zero where the bound is reached, one where nothing is proven.
///
/// ```
/// assert_eq!(portolan::gap(2000, 1990), 0.005);
/// assert_eq!(portolan::gap(0, 0), 0.0);
/// ```
pub fn gap(objective: i64, lower_bound: i64) -> f64 {
    if lower_bound >= objective || objective <= 0 {
        return 0.0;
    }
    (objective - lower_bound.max(0)) as f64 / objective as f64
}

/// How hard the solver worked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stats {
    /// Columns generated for the bound.
    pub columns: u64,
    /// Nodes of the branching tree.
    pub nodes: u64,
    /// Times the incumbent improved.
    pub improvements: u64,
}

/// One class of the lexicographic objective.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Level {
    /// The priority class; lower goes first.
    pub class: u8,
    /// What one unit of this class's cost counts in `objective`. Larger than everything that all later classes
    /// could save together, which makes the order of the classes strict.
    pub multiplier: i64,
    /// This class's cost in the plan.
    pub objective: i64,
    /// No plan that is as good in every earlier class costs less in this one. Zero where an earlier class is still
    /// unproven.
    pub lower_bound: i64,
}

/// The best solution found, with what is proven about it.
///
/// invariant: `lower_bound <= objective`; `proof` is optimal exactly where they are equal.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome<S, C> {
    /// The best solution found.
    pub solution: S,
    /// Its exact cost.
    pub objective: i64,
    /// No solution costs less.
    pub lower_bound: i64,
    /// The relative gap between the two; with several priority classes, that of the first class that is unproven.
    pub gap: f64,
    /// From this an independent checker recomputes `lower_bound` without solving.
    pub certificate: C,
    /// Why the solve stopped.
    pub stop: Stop,
    /// The tier reached. Follows from the gap and `stop`.
    pub tier: Tier,
    /// The seed used.
    pub seed: u64,
    /// Work done, in ticks.
    pub ticks: u64,
    /// More about the work done.
    pub stats: Stats,
}

impl<S, C> Outcome<S, C> {
    /// Wraps up a solve: the stop reason is the budget's, unless the search ended by itself.
    pub fn new(found: Found<S, C>, budget: &crate::Budget<'_>, stats: Stats) -> Self {
        let Found { solution, objective, lower_bound, gap, certificate } = found;
        debug_assert!(lower_bound <= objective, "bound {lower_bound} above objective {objective}");
        let stop = if lower_bound >= objective { Stop::Proven } else { budget.stopped().unwrap_or(Stop::Exhausted) };
        let tier = match stop {
            Stop::Proven | Stop::TargetGap => Tier::Proven,
            _ if gap <= BOUNDED_GAP => Tier::Bounded,
            _ => Tier::Heuristic,
        };
        let (seed, ticks) = (budget.seed_value(), budget.ticks());
        Self { solution, objective, lower_bound, gap, certificate, stop, tier, seed, ticks, stats }
    }

    /// What is proven.
    pub fn proof(&self) -> Proof {
        if self.lower_bound >= self.objective { Proof::Optimal } else { Proof::Bound }
    }
}

/// What a search ends with, before it is wrapped up as an [`Outcome`].
#[derive(Clone, Debug)]
pub struct Found<S, C> {
    /// The best solution found.
    pub solution: S,
    /// Its exact cost.
    pub objective: i64,
    /// No solution costs less.
    pub lower_bound: i64,
    /// The relative gap, as [`Outcome::gap`].
    pub gap: f64,
    /// The certificate of the lower bound.
    pub certificate: C,
}

/// A better solution or a better bound, while the solve runs.
#[derive(Debug)]
pub struct Progress<'a, S> {
    /// The best solution so far.
    pub incumbent: &'a S,
    /// Its cost.
    pub objective: i64,
    /// The bound so far.
    pub lower_bound: i64,
    /// Work so far, in ticks.
    pub ticks: u64,
}
