//! A plan as the API shows it. The names are a promise.

use jiff::Timestamp;
use portolan::outcome::{BOUNDED_GAP, Level, Stats};
use portolan::{Proof, Stop, Tier};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::problem::{Code, about};
use crate::plans::record::{Best, Head, Quality, Record};
use crate::plans::state::Status;
use crate::terminal::planning::Origin;

/// A plan: where it is in its life and, as soon as there is one, the best answer so far.
///
/// With `?include=instance` it is a document that `/verify` takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = PlanRecord)]
pub struct Resource<I, P, C> {
    /// Names the plan.
    #[schema(format = "uuid")]
    pub id: String,
    /// Where it is in its life.
    pub status: Status,
    /// Which problem.
    #[schema(example = "berth")]
    pub problem: String,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it changed last.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// When it is forgotten; there once nothing happens to it anymore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// The same for requests that have the same answer.
    pub fingerprint: String,
    /// Why there is no answer, where the plan failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureDetails>,
    /// The terminal that it was made from, where it was made from what is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal: Option<MadeFrom>,
    /// The request, where `include=instance` asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<I>,
    /// Version of the solver; there with an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Cost of the best plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<i64>,
    /// No plan costs less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower_bound: Option<i64>,
    /// What a better plan could save at most, as a share of the objective.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<f64>,
    /// What is proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// Why the solve stopped; there with an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop>,
    /// The quality reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Tier>,
    /// Seed of the random choices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Work done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticks: Option<u64>,
    /// Whether the same request gives the same bytes again; there with an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reproducible: Option<bool>,
    /// The objective by priority class; there with an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub levels: Option<Vec<Level>>,
    /// More about the work done; there with an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stats: Option<Stats>,
    /// The best plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<P>,
    /// From this the lower bound can be recomputed without solving; there with an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<C>,
}

/// Why a plan failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = PlanFailure)]
pub struct FailureDetails {
    /// The kind of failure, for programs.
    #[schema(example = "solver_panicked")]
    pub code: String,
    /// What it means, for people.
    pub detail: String,
}

/// The terminal that a plan was made from, and how that stands to it now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = PlanTerminal)]
pub struct MadeFrom {
    /// What it was made from.
    #[serde(flatten)]
    pub origin: Origin,
    /// How it stands now; of a plan that is read by its id.
    #[serde(flatten)]
    pub standing: Option<Standing>,
}

/// How a terminal stands to a plan that was made from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = PlanStanding)]
pub struct Standing {
    /// The terminal's version now.
    pub current_version: u64,
    /// Whether the terminal has moved on since, by anything but this plan's own steps.
    pub has_moved_on: bool,
    /// Whether a step could not be carried out, which makes the rest worthless.
    pub is_stale: bool,
    /// Steps that were carried out.
    pub done: usize,
}

/// A resource that borrows its large parts.
pub(super) type Shown<'a> = Resource<Value, &'a Value, &'a Value>;

/// Status and numbers alone, as in lists.
pub(super) fn brief(head: &Head) -> Shown<'static> {
    let Quality { objective, lower_bound, gap, ticks } =
        head.quality.unwrap_or(Quality { objective: 0, lower_bound: 0, gap: 1.0, ticks: 0 });
    let known = head.quality.is_some();
    Resource {
        id: head.id.to_string(),
        status: head.state.status,
        problem: head.problem.clone(),
        created_at: head.created_at,
        updated_at: head.updated_at,
        expires_at: head.expires_at,
        fingerprint: head.fingerprint.clone(),
        failure: head.failure.map(|failure| FailureDetails {
            code: Code::from(failure).describe().0.to_owned(),
            detail: about(failure).to_owned(),
        }),
        terminal: head.terminal.clone().map(|origin| MadeFrom { origin, standing: None }),
        instance: None,
        version: None,
        objective: known.then_some(objective),
        lower_bound: known.then_some(lower_bound),
        gap: known.then_some(gap),
        proof: known.then_some(if lower_bound >= objective { Proof::Optimal } else { Proof::Bound }),
        stop: None,
        tier: known.then_some(match gap {
            0.0 => Tier::Proven,
            gap if gap <= BOUNDED_GAP => Tier::Bounded,
            _ => Tier::Heuristic,
        }),
        seed: None,
        ticks: known.then_some(ticks),
        reproducible: None,
        levels: None,
        stats: None,
        plan: None,
        certificate: None,
    }
}

/// All of a plan, with its request where that is asked for.
pub(super) fn full(record: &Record, with_instance: bool) -> Shown<'_> {
    let mut shown: Shown<'_> = brief(&record.head);
    if with_instance {
        shown.instance = record.request.as_ref().and_then(|request| serde_json::from_slice(request).ok());
    }
    match record.best.as_deref() {
        Some(Best::Incumbent(incumbent)) => {
            shown.seed = Some(incumbent.seed);
            shown.plan = Some(&incumbent.plan);
        }
        Some(Best::Answer(answer)) => {
            shown.version = Some(answer.version);
            shown.objective = Some(answer.objective);
            shown.lower_bound = Some(answer.lower_bound);
            shown.gap = Some(answer.gap);
            shown.proof = Some(answer.proof);
            shown.stop = Some(answer.stop);
            shown.tier = Some(answer.tier);
            shown.seed = Some(answer.seed);
            shown.ticks = Some(answer.ticks);
            shown.reproducible = Some(answer.reproducible);
            shown.levels = Some(answer.levels.clone());
            shown.stats = Some(answer.stats.clone());
            shown.plan = Some(&answer.plan);
            shown.certificate = Some(&answer.certificate);
        }
        None => {}
    }
    shown
}
