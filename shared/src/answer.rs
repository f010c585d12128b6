//! The answer document: what the command line prints and the API returns, the same for every problem.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Issue;
use crate::issue::read_json_value;
use crate::outcome::{Level, Outcome, Proof, Stats, Stop, Tier};

/// A plan with its proof. `P` is the problem's plan, `C` its certificate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Answer<P, C> {
    /// Which problem: `berth`.
    pub problem: String,
    /// Version of the solver that made it.
    pub version: u32,
    /// Cost of the plan.
    pub objective: i64,
    /// No plan costs less.
    pub lower_bound: i64,
    /// `(objective - lower_bound) / objective`; with several priority classes, that of the first unproven one.
    pub gap: f64,
    /// What is proven.
    pub proof: Proof,
    /// Why the solve stopped.
    pub stop: Stop,
    /// The quality reached.
    pub tier: Tier,
    /// Seed of the random choices.
    pub seed: u64,
    /// Work done.
    pub ticks: u64,
    /// Whether the same request gives the same bytes again.
    pub reproducible: bool,
    /// The objective by priority class.
    pub levels: Vec<Level>,
    /// More about the work done.
    pub stats: Stats,
    /// The plan, as a user reads it.
    pub plan: P,
    /// From this `verify` recomputes `lower_bound` without solving.
    pub certificate: C,
}

impl<P, C> Answer<P, C> {
    /// Puts the parts together.
    pub fn new<S>(problem: &str, version: u32, outcome: Outcome<S, C>, levels: Vec<Level>, plan: P) -> Self {
        Self {
            problem: problem.to_owned(),
            version,
            objective: outcome.objective,
            lower_bound: outcome.lower_bound,
            gap: outcome.gap,
            proof: outcome.proof(),
            stop: outcome.stop,
            tier: outcome.tier,
            seed: outcome.seed,
            ticks: outcome.ticks,
            reproducible: outcome.stop.is_reproducible(),
            levels,
            stats: outcome.stats,
            plan,
            certificate: outcome.certificate,
        }
    }

    fn with<Q, D>(&self, plan: Q, certificate: D) -> Answer<Q, D> {
        Answer {
            problem: self.problem.clone(),
            version: self.version,
            objective: self.objective,
            lower_bound: self.lower_bound,
            gap: self.gap,
            proof: self.proof,
            stop: self.stop,
            tier: self.tier,
            seed: self.seed,
            ticks: self.ticks,
            reproducible: self.reproducible,
            levels: self.levels.clone(),
            stats: self.stats.clone(),
            plan,
            certificate,
        }
    }

    /// The answer with its plan and certificate as JSON.
    pub(crate) fn to_any(&self) -> AnyAnswer
    where
        P: Serialize,
        C: Serialize,
    {
        self.with(to_json(&self.plan), to_json(&self.certificate))
    }
}

impl AnyAnswer {
    /// The answer with its plan and certificate read as those of a problem. One way of reading for all: what is
    /// generated for each way in which types are read and written is a third of what this crate compiles.
    pub(crate) fn typed<P: DeserializeOwned, C: DeserializeOwned>(&self) -> Result<Answer<P, C>, Vec<Issue>> {
        Ok(self.with(read_json_value(&self.plan, "/plan")?, read_json_value(&self.certificate, "/certificate")?))
    }
}

/// An answer together with the request it answers: all that `verify` needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Document<W, P, C> {
    /// The request.
    pub instance: W,
    /// The answer to it.
    #[serde(flatten)]
    pub answer: Answer<P, C>,
}

/// An answer whose problem is known by name only.
pub type AnyAnswer = Answer<serde_json::Value, serde_json::Value>;

/// Anything as JSON.
pub(crate) fn to_json<T: Serialize>(value: &T) -> serde_json::Value {
    serde_json::to_value(value).expect("maps have string keys and numbers are finite")
}
