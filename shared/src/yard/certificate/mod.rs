//! Evidence for the lower bound, and what a checker makes of it.
//!
//! Three kinds, from the strongest: each badly placed container moves at least once, which anybody can count; an exhaustive
//! search of the checker's own (`exhaustive`), small enough to be done again; and the word of the solver's search, where the tree is too large to
//! be walked again. Where containers are left out, trying everything shows of one turn that not all up to it can leave: one of them stays, and all later
//! ones with it. The last kind is said plainly: `verify` then confirms what it can count, and reports that the rest is claimed.

pub(super) mod exhaustive;

use serde::{Deserialize, Serialize};

use super::crane::bound::CraneBound;
use super::explain;
use super::instance::{Instance, Prices};
use super::layout::STAYS;
use crate::problem::Violation;

/// What `lower_bound` rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = YardCertificate))]
pub enum Certificate {
    /// Every container that stands above one that leaves earlier has to be relocated at least once; where crane time counts, every
    /// container that is moved has to be lifted from where it is, and carried to the truck lane if it leaves.
    BadlyPlaced,
    /// No plan gets by with fewer relocations, and the rest is counted: a checker that tries all of them, leaving out only what can be counted to be
    /// too long, comes to an end within its limits.
    Exhaustive,
    /// The solver's search found no better plan; its tree is too large to be walked again.
    Search,
}

/// What plans cost at least that leave nothing out. Beyond their relocations it is counting alone.
pub(super) struct Least {
    prices: Prices,
    time: Option<CraneBound>,
    badly_placed: u32,
}

impl Least {
    pub(super) fn new(instance: &Instance) -> Self {
        let stacks: Vec<Vec<usize>> = instance.stacks.iter().map(|stack| stack.containers.clone()).collect();
        let badly_placed = explain::badly_placed(instance, &stacks).len() as u32;
        let time = (instance.prices.crane_ms > 0).then(|| CraneBound::new(instance, &stacks));
        Self { prices: instance.prices, time, badly_placed }
    }

    /// With so many relocations or more.
    pub(super) fn with(&self, relocations: u32) -> i64 {
        let relocations = relocations.max(self.badly_placed);
        let time = self.time.map_or(0, |bound| bound.with(relocations - self.badly_placed));
        self.prices.relocation * i64::from(relocations) + self.prices.crane_ms * time
    }

    /// With what follows from counting alone.
    pub(super) fn counted(&self) -> i64 {
        self.with(0)
    }
}

/// The strongest evidence there is for this bound.
pub(super) fn of(instance: &Instance, lower_bound: i64) -> Certificate {
    let least = Least::new(instance);
    if lower_bound <= least.counted() {
        return Certificate::BadlyPlaced;
    }
    if can_be_shown(instance, &least, lower_bound) { Certificate::Exhaustive } else { Certificate::Search }
}

/// The part of the claimed bound that the certificate proves.
pub(super) fn confirm(instance: &Instance, lower_bound: i64, certificate: Certificate) -> Result<i64, Vec<Violation>> {
    let refuse = |cause: String| Err(vec![Violation::new("bound_not_certified", cause)]);
    let least = Least::new(instance);
    let counted = least.counted();
    match certificate {
        Certificate::BadlyPlaced if lower_bound <= counted => Ok(lower_bound),
        Certificate::BadlyPlaced => {
            refuse(format!("the bound {lower_bound} is said to follow from counting, by which it is {counted}"))
        }
        Certificate::Exhaustive if can_be_shown(instance, &least, lower_bound) => Ok(lower_bound),
        Certificate::Exhaustive => refuse(format!("trying all plans does not show the bound {lower_bound}")),
        Certificate::Search => Ok(counted.min(lower_bound)),
    }
}

/// Whether trying everything shows the bound. It speaks of containers left out, of which a turn tells that cannot leave; or of none, and the
/// relocations are few.
fn can_be_shown(instance: &Instance, least: &Least, lower_bound: i64) -> bool {
    if instance.max_relocations.is_some() {
        return false;
    }
    if lower_bound >= instance.prices.left_out {
        let turn = latest_stuck(instance, lower_bound);
        return turn.is_some_and(|turn| exhaustive::shows_that_stays(instance, turn));
    }
    let enough = (0..=exhaustive::MAX_RELOCATIONS).find(|&relocations| least.with(relocations) >= lower_bound);
    enough.is_some_and(|relocations| exhaustive::shows_no_plan_below(instance, relocations))
}

/// The latest turn from which the bound follows if not all up to it can leave.
fn latest_stuck(instance: &Instance, lower_bound: i64) -> Option<u16> {
    let left_out = (lower_bound - 1) / instance.prices.left_out.max(1) + 1;
    let mut turns: Vec<u16> = instance.containers.iter().filter_map(|container| container.turn).collect();
    turns.sort_unstable_by(|a, b| b.cmp(a));
    // All but one of those that are left out leave later than it.
    let later = usize::try_from(left_out - 1).ok()?;
    let bar = if later == 0 { STAYS } else { *turns.get(later - 1)? };
    turns.into_iter().find(|&turn| turn < bar)
}
