//! Evidence for the lower bound, and what a checker makes of it.
//!
//! Three kinds, from the strongest: each badly placed container moves at least once, which anybody can count; an exhaustive
//! search of the checker's own (`exhaustive`), small enough to be done again; and the word of the solver's search, where the tree is too large to
//! be walked again. The last is said plainly: `verify` then confirms what it can count, and reports that the rest is claimed.

pub(super) mod exhaustive;

use serde::{Deserialize, Serialize};

use super::explain;
use super::instance::Instance;
use super::wire::Objective;
use crate::problem::Violation;

/// What `lower_bound` rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = YardCertificate))]
pub enum Certificate {
    /// Every container that stands above one that leaves earlier has to be relocated at least once.
    BadlyPlaced,
    /// No plan gets by with fewer relocations: a checker that tries all of them, leaving out only what can be counted to be
    /// too long, comes to an end within its limits.
    Exhaustive,
    /// The solver's search found no better plan; its tree is too large to be walked again.
    Search,
}

/// A bound in the unit of the objective that follows from counting alone.
pub(super) fn counted(instance: &Instance) -> i64 {
    match instance.objective {
        Objective::Relocations => relocations_counted(instance),
        Objective::CraneTime => 0,
    }
}

fn relocations_counted(instance: &Instance) -> i64 {
    let stacks: Vec<Vec<usize>> = instance.stacks.iter().map(|stack| stack.containers.clone()).collect();
    explain::badly_placed(instance, &stacks).len() as i64
}

/// The strongest evidence there is for this bound.
pub(super) fn of(instance: &Instance, lower_bound: i64) -> Certificate {
    if lower_bound <= counted(instance) {
        return Certificate::BadlyPlaced;
    }
    if can_be_tried(instance, lower_bound) && exhaustive::shows_no_plan_below(instance, lower_bound as u32) {
        return Certificate::Exhaustive;
    }
    Certificate::Search
}

/// The part of the claimed bound that the certificate proves.
pub(super) fn confirm(instance: &Instance, lower_bound: i64, certificate: Certificate) -> Result<i64, Vec<Violation>> {
    let refuse = |cause: String| Err(vec![Violation::new("bound_not_certified", cause)]);
    let counted = counted(instance);
    match certificate {
        Certificate::BadlyPlaced if lower_bound <= counted => Ok(lower_bound),
        Certificate::BadlyPlaced => refuse(format!(
            "the bound {lower_bound} is said to follow from counting badly placed containers, of which there are {counted}"
        )),
        Certificate::Exhaustive
            if can_be_tried(instance, lower_bound) && exhaustive::shows_no_plan_below(instance, lower_bound as u32) =>
        {
            Ok(lower_bound)
        }
        Certificate::Exhaustive => {
            refuse(format!("trying all plans does not show that {lower_bound} relocations are needed"))
        }
        Certificate::Search => Ok(counted.min(lower_bound)),
    }
}

/// Whether a bound speaks of relocations only, with nothing left out in it, and of so few that plans can be tried.
fn can_be_tried(instance: &Instance, lower_bound: i64) -> bool {
    instance.objective == Objective::Relocations
        && instance.max_relocations.is_none()
        && (1..=exhaustive::MAX_RELOCATIONS).contains(&lower_bound)
}
