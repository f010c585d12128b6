//! Why a call waits or is left out: what stands in its way, and the cheapest changes that would mend it.
//!
//! A remedy is found by trying it: one thing is changed (the order, a closure, an opening, a latest departure), what stands
//! later on the berths it touches is timed again in the same order, each visit as early as it can be, and the difference in the
//! objective is its price. The prices are exact for these changes taken alone; they are no promise that a new solve could not
//! find better.

mod port;
mod remedies;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::instance::Instance;
use super::plan::Schedule;
use crate::ids::CallIdx;
use crate::time::Time;
use port::Port;

/// Blockers and remedies listed for one call.
const MAX_LISTED: usize = 5;

/// Why a call waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delay {
    /// What keeps it from its berth while it waits, by time; the latest ones where there are many.
    pub blocked_by: Vec<Blocker>,
    /// What would let it start earlier, cheapest first.
    pub remedies: Vec<Remedy>,
}

/// A call that is not served, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LeftOut {
    /// The call's `id`.
    pub call: String,
    /// The vessel's name, where the request gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vessel: Option<String>,
    /// Why no berth has room for it.
    pub cause: String,
    /// What holds the berth that comes nearest to taking it, by time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked_by: Vec<Blocker>,
    /// What would let it in, cheapest first.
    pub remedies: Vec<Remedy>,
}

/// Something that holds a berth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BerthBlocker))]
pub enum Blocker {
    /// Another vessel is alongside.
    Call {
        /// Its `id`.
        call: String,
        /// On this berth.
        berth: String,
        /// From.
        from: Time,
        /// To, clearance included.
        to: Time,
    },
    /// The berth is closed.
    Closure {
        /// This berth.
        berth: String,
        /// From.
        from: Time,
        /// To.
        to: Time,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The berth is not open, or the vessel does not fit its windows, before this.
    NotOpen {
        /// First instant at which it could start there.
        until: Time,
    },
    /// The vessel needs the tide.
    Tide {
        /// First instant with enough water.
        until: Time,
    },
}

/// A change that would let a call start earlier, or at all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BerthRemedy))]
pub struct Remedy {
    /// What to change.
    pub change: Lever,
    /// The start it would then have.
    pub start: Time,
    /// How much earlier that is; not there for a call that is left out now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier_s: Option<i64>,
    /// What it does to the objective: negative saves. For a call that is left out now: what serving it adds, the price of
    /// leaving it out set aside.
    pub objective_change: i64,
    /// The same by priority class, most urgent first; only the classes whose cost changes, and only where the request
    /// has several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class_changes: Vec<ClassChange>,
}

/// What a change does to the cost of one priority class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BerthClassChange))]
pub struct ClassChange {
    /// The class.
    pub class: u8,
    /// What is added to its cost: negative saves.
    pub cost_change: i64,
}

/// What can be changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BerthLever))]
pub enum Lever {
    /// Serve it earlier than the plan does.
    GoFirst {
        /// On this berth.
        berth: String,
        /// Ahead of this call, which then waits longer; not there where the berth is free for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<String>,
    },
    /// Do without a closure.
    LiftClosure {
        /// On this berth.
        berth: String,
        /// From.
        from: Time,
        /// Why it is closed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Let the call leave later than its latest departure.
    LeaveLater {
        /// From this berth.
        berth: String,
        /// By this much.
        by_s: i64,
    },
    /// Keep a berth open longer.
    KeepOpen {
        /// This berth.
        berth: String,
        /// From the end of this opening.
        from: Time,
        /// By this much.
        by_s: i64,
    },
}

/// The explanation of one call.
#[derive(Default)]
pub(super) struct Explained {
    pub(super) delay: Option<Delay>,
    pub(super) left_out: Option<LeftOut>,
}

/// Explains every call of a schedule. Shape: calls.
pub(super) fn explain(instance: &Instance, schedule: &Schedule) -> Vec<Explained> {
    let port = Port::new(instance, schedule);
    let explained = CallIdx::all(instance.calls().len()).map(|idx| {
        let call = instance.call(idx);
        match schedule.0[idx.at()] {
            None => Explained { left_out: Some(port.left_out(idx)), ..Explained::default() },
            Some(place) if place.start > call.arrival && call.frozen.is_none() => {
                let delay = Delay { blocked_by: port.blockers(idx, place), remedies: port.sooner(idx, place) };
                Explained { delay: Some(delay), ..Explained::default() }
            }
            Some(_) => Explained::default(),
        }
    });
    explained.collect()
}
