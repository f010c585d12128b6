//! Why a vessel waits for its place at the quay, and what would let it berth earlier.
//!
//! A vessel that starts at the first instant which its own tides allow waits for nothing else. Any other is held up by the vessels
//! that lie alongside while it could be. Three changes are tried for each, and priced by what the objective would be: going ahead
//! of one of those vessels (everything placed again in that order), more free quay beside the others, no need of the tide.

use serde::{Deserialize, Serialize};

use super::heuristic::Heuristic;
use super::port::{Port, metres};
use super::schedule::Schedule;
use super::stays::{Stay, next_stay};
use crate::budget::Budget;
use crate::time::Time;

#[cfg(test)]
mod tests;

/// Vessels and changes listed for one call.
const MAX_LISTED: usize = 5;

/// Why a call waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = QuayDelay))]
pub struct Delay {
    /// What holds it up between its arrival and its start; the latest five.
    pub blocked_by: Vec<Blocker>,
    /// Changes that would let it start earlier, cheapest first.
    pub remedies: Vec<Remedy>,
}

/// What holds a call up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = QuayBlocker))]
pub enum Blocker {
    /// A vessel alongside.
    Call {
        /// The call's `id`.
        call: String,
        /// Where its left end lies.
        from_m: f64,
        /// Where its right end lies.
        to_m: f64,
        /// From.
        from: Time,
        /// Until.
        until: Time,
    },
    /// The tide: it would lie alongside and wait, and so berths only as early as it has to.
    Tide {
        /// It sails then.
        sails: Time,
    },
}

/// A change that would let a call start earlier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = QuayRemedy))]
pub struct Remedy {
    /// What to change.
    pub change: Lever,
    /// The start it would then have.
    pub start: Time,
    /// How much earlier that is.
    pub earlier_s: i64,
    /// What it does to the objective: negative saves.
    pub objective_change: i64,
}

/// What can be changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = QuayLever))]
pub enum Lever {
    /// Give it its place before another call has one.
    GoFirst {
        /// That call.
        before: String,
    },
    /// Have more of the quay free beside the vessels that lie there.
    FreeQuay {
        /// So much more in one piece.
        by_m: f64,
    },
    /// Let it come and go without the tide.
    IgnoreTide,
}

/// Explains every call of a schedule that waits. Shape: calls.
pub(super) fn explain(port: &Port, schedule: &Schedule) -> Vec<Option<Delay>> {
    let mut heuristic = Heuristic::new(&port.instance);
    (0..schedule.0.len())
        .map(|i| {
            let vessel = &port.instance.vessels()[i];
            let waits = vessel.fixed.is_none() && schedule.0[i].stay.start > vessel.arrival;
            waits.then(|| Waiting { port, schedule, call: i }.delay(heuristic.as_mut()))
        })
        .collect()
}

struct Waiting<'a> {
    port: &'a Port,
    schedule: &'a Schedule,
    call: usize,
}

impl Waiting<'_> {
    fn stay(&self) -> Stay {
        self.schedule.0[self.call].stay
    }

    fn delay(&self, heuristic: Option<&mut Heuristic<'_>>) -> Delay {
        let alone = next_stay(&self.port.instance, self.call, 0).unwrap_or(self.stay());
        let mut remedies: Vec<Remedy> = self.without_tide().into_iter().collect();
        if alone.start >= self.stay().start {
            let sails = self.port.shown(self.stay().departure);
            return Delay { blocked_by: vec![Blocker::Tide { sails }], remedies };
        }
        let mut holders = self.holders(alone);
        holders.sort_by_key(|&j| (self.schedule.0[j].stay.start, j));
        holders.drain(..holders.len().saturating_sub(MAX_LISTED));
        remedies.extend(self.free_quay(alone));
        remedies.extend(heuristic.and_then(|heuristic| self.go_first(&holders, heuristic)));
        remedies.sort_by_key(|remedy| remedy.objective_change);
        let blocked_by = holders.into_iter().map(|j| self.blocker(j)).collect();
        Delay { blocked_by, remedies }
    }

    /// The other calls alongside, within reach of this one's part of the quay, between the start it could have had and its start.
    fn holders(&self, alone: Stay) -> Vec<usize> {
        let instance = &self.port.instance;
        let (from, to) = instance.section(self.call);
        let lost = Stay { start: alone.start, departure: self.stay().start.max(alone.departure) };
        let holds = |&j: &usize| {
            let berth = self.schedule.0[j];
            let (left, right) = self.port.range(j, berth);
            j != self.call && berth.stay.meets(&lost) && left < to + instance.gap() && from < right + instance.gap()
        };
        (0..self.schedule.0.len()).filter(holds).collect()
    }

    fn blocker(&self, j: usize) -> Blocker {
        let berth = self.schedule.0[j];
        let (from, to) = self.port.range(j, berth);
        Blocker::Call {
            call: self.port.calls[j].id.clone(),
            from_m: metres(from),
            to_m: metres(to),
            from: self.port.shown(berth.stay.start),
            until: self.port.shown(berth.stay.departure),
        }
    }

    /// The longest piece of the call's part of the quay that nobody else takes during a stay.
    fn longest_free(&self, stay: Stay) -> i64 {
        let instance = &self.port.instance;
        let (from, to) = instance.section(self.call);
        let mut used: Vec<(i64, i64)> = (0..self.schedule.0.len())
            .filter(|&j| j != self.call && self.schedule.0[j].stay.meets(&stay))
            .map(|j| self.port.range(j, self.schedule.0[j]))
            .collect();
        used.sort_unstable();
        let (mut longest, mut free) = (0, from);
        for (left, right) in used {
            longest = longest.max(left.min(to + instance.gap()) - instance.gap() - free);
            free = free.max(right + instance.gap());
        }
        longest.max(to - free)
    }

    fn remedy(&self, change: Lever, start: i64, objective_change: i64) -> Remedy {
        let earlier_s = (self.stay().start - start) * self.port.unit.0;
        Remedy { change, start: self.port.shown(start), earlier_s, objective_change }
    }

    /// What it saves to leave at another time, the others as they are.
    fn saved(&self, departure: i64) -> i64 {
        self.port.cost_of(self.call, departure) - self.port.cost_of(self.call, self.stay().departure)
    }

    fn free_quay(&self, alone: Stay) -> Option<Remedy> {
        let by = self.port.instance.vessels()[self.call].length - self.longest_free(alone).max(0);
        let change = Lever::FreeQuay { by_m: metres(by) };
        (by > 0).then(|| self.remedy(change, alone.start, self.saved(alone.departure)))
    }

    /// The earliest start at which it finds room as the others lie, were there no tides for it.
    fn without_tide(&self) -> Option<Remedy> {
        let vessel = &self.port.instance.vessels()[self.call];
        if !vessel.berths_on_tide && !vessel.sails_on_tide {
            return None;
        }
        let mut starts: Vec<i64> = self.schedule.0.iter().map(|berth| berth.stay.departure).collect();
        starts.push(vessel.arrival);
        starts.sort_unstable();
        let fits = |&start: &i64| {
            let stay = Stay { start, departure: start + vessel.handling };
            self.longest_free(stay) >= vessel.length
        };
        let start = starts.into_iter().filter(|&start| start >= vessel.arrival).find(fits)?;
        let saved = self.saved(start + vessel.handling);
        (start < self.stay().start && saved <= 0).then(|| self.remedy(Lever::IgnoreTide, start, saved))
    }

    /// The cheapest way to have it berth earlier by giving it a place before one of the others has one.
    fn go_first(&self, holders: &[usize], heuristic: &mut Heuristic<'_>) -> Option<Remedy> {
        let instance = &self.port.instance;
        let now = self.schedule.objective(instance);
        let mut order: Vec<u32> = (0..self.schedule.0.len() as u32).collect();
        order.sort_by_key(|&i| {
            let (vessel, berth) = (&instance.vessels()[i as usize], self.schedule.0[i as usize]);
            (vessel.fixed.is_none(), berth.stay.start, berth.position, i)
        });
        order.retain(|&i| i as usize != self.call);
        let clock = || std::time::Duration::ZERO;
        let mut best: Option<Remedy> = None;
        for &j in holders.iter().filter(|&&j| instance.vessels()[j].fixed.is_none()) {
            let at = order.iter().position(|&i| i as usize == j)?;
            let mut other = order.clone();
            other.insert(at, self.call as u32);
            let Some(placed) = heuristic.in_order(&other, &mut Budget::new(&clock)) else { continue };
            let start = placed.0[self.call].stay.start;
            if start >= self.stay().start {
                continue;
            }
            let change = (placed.objective(instance) - now) * self.port.unit.0;
            if best.as_ref().is_none_or(|best| change < best.objective_change) {
                let before = self.port.calls[j].id.clone();
                best = Some(self.remedy(Lever::GoFirst { before }, start, change));
            }
        }
        best
    }
}
