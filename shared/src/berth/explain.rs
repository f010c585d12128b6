//! Why a call waits or is left out: what stands in its way, and the cheapest changes that would mend it.
//!
//! A remedy is found by trying it: one thing is changed (the order, a closure, a latest departure), the berths it
//! touches are re-timed in the same order, and the difference in the objective is its price. The prices are exact for these
//! changes taken alone; they are no promise that a new solve could not find better.

use serde::{Deserialize, Serialize};

use super::instance::{Assignment, Berth, Call, Instance, Slot};
use super::plan::{Schedule, departure};
use super::slots::{self, FOREVER};
use crate::ids::{BerthIdx, CallIdx};
use crate::time::Time;
use crate::units::Seconds;

/// Blockers listed for one call; the latest ones, which hold it longest.
const MAX_BLOCKERS: usize = 5;

/// Why a call waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delay {
    /// What holds its berth while it waits, by time.
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
        /// From.
        from: Time,
        /// To, clearance included.
        to: Time,
    },
    /// The berth is closed.
    Closure {
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
    /// What it does to the objective: negative saves.
    pub objective_change: i64,
}

/// What can be changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BerthLever))]
pub enum Lever {
    /// Serve it ahead of others, which then wait longer.
    GoFirst {
        /// On this berth.
        berth: String,
        /// Before this call; not there where the berth is free but farther from the best order.
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
    CallIdx::all(instance.calls().len())
        .map(|call| match schedule.0[call.at()] {
            None => Explained { left_out: Some(port.left_out(call)), ..Explained::default() },
            Some(place) if place.start > instance.call(call).arrival && instance.call(call).frozen.is_none() => {
                Explained { delay: Some(port.delay(call, place)), ..Explained::default() }
            }
            Some(_) => Explained::default(),
        })
        .collect()
}

/// A visit in the order of its berth.
#[derive(Clone, Copy)]
struct Stay {
    call: CallIdx,
    start: Seconds,
    free: Seconds,
}

struct Port<'a> {
    instance: &'a Instance,
    /// Shape: berths; by start.
    stays: Vec<Vec<Stay>>,
    horizon: Seconds,
}

impl<'a> Port<'a> {
    fn new(instance: &'a Instance, schedule: &Schedule) -> Self {
        let mut stays = vec![Vec::new(); instance.berths().len()];
        for (call, place) in CallIdx::all(schedule.0.len()).zip(&schedule.0) {
            if let Some(place) = *place {
                let free = departure(instance, call, place) + instance.berth(place.berth).clearance;
                stays[place.berth.at()].push(Stay { call, start: place.start, free });
            }
        }
        for berth in &mut stays {
            berth.sort_by_key(|stay| stay.start);
        }
        Self { instance, stays, horizon: slots::horizon(instance.berths(), instance.calls()) }
    }

    fn shown(&self, time: Seconds) -> Time {
        Time::from_seconds(time, self.instance.origin())
    }

    fn delay(&self, call: CallIdx, place: Assignment) -> Delay {
        let arrival = self.instance.call(call).arrival;
        let berth = self.instance.berth(place.berth);
        let during = |from: Seconds, to: Seconds| from < place.start && to > arrival;
        let mut blockers: Vec<(Seconds, Blocker)> = Vec::new();
        for stay in &self.stays[place.berth.at()] {
            if stay.call != call && during(stay.start, stay.free) {
                let id = self.instance.call(stay.call).id.clone();
                blockers.push((
                    stay.start,
                    Blocker::Call { call: id, from: self.shown(stay.start), to: self.shown(stay.free) },
                ));
            }
        }
        for closure in berth.closures.iter().filter(|closure| during(closure.window.from, closure.window.to)) {
            let (from, to) = (self.shown(closure.window.from), self.shown(closure.window.to));
            blockers.push((closure.window.from, Blocker::Closure { from, to, reason: closure.reason.clone() }));
        }
        let slots = self.instance.slots(call, place.berth);
        if let Some(slot) = slots.iter().find(|slot| slot.first == place.start && place.start > arrival) {
            let tide = slots::is_tide_bound(self.instance.call(call), berth);
            let until = self.shown(slot.first);
            if tide {
                blockers.push((place.start, Blocker::Tide { until }));
            } else if blockers.is_empty() {
                blockers.push((place.start, Blocker::NotOpen { until }));
            }
        }
        blockers.sort_by_key(|(from, _)| *from);
        let skipped = blockers.len().saturating_sub(MAX_BLOCKERS);
        let blocked_by = blockers.into_iter().skip(skipped).map(|(_, blocker)| blocker).collect();
        let mut remedies: Vec<Remedy> = self.without_closures(call, place);
        remedies.extend(self.first_in_line(call, place));
        remedies.sort_by_key(|remedy| remedy.objective_change);
        Delay { blocked_by, remedies }
    }

    /// The cheapest way to put the call ahead of others.
    fn first_in_line(&self, call: CallIdx, place: Assignment) -> Option<Remedy> {
        let instance = self.instance;
        let without: Vec<CallIdx> = self.order(place.berth).filter(|&other| other != call).collect();
        let cost_now = |berth: BerthIdx| self.berth_cost(berth);
        let closed_up = self.cost_of(place.berth, &without)?;
        let mut best: Option<Remedy> = None;
        for berth in BerthIdx::all(instance.berths().len()) {
            let Some(slot) = instance.slots(call, berth).first() else { continue };
            let (mut order, base) = if berth == place.berth {
                (without.clone(), cost_now(berth))
            } else {
                (self.order(berth).collect(), cost_now(berth) + cost_now(place.berth) - closed_up)
            };
            // Behind whatever is alongside when it could first start, ahead of everything later.
            let at = self.stays[berth.at()].iter().filter(|stay| stay.call != call && stay.start < slot.first).count();
            let before = order.get(at).map(|&other| instance.call(other).id.clone());
            order.insert(at, call);
            let Some(timed) = self.time(berth, &order) else { continue };
            let start = timed[at].start;
            let objective_change = self.sum_cost(berth, &timed) - base;
            let better = best.as_ref().is_none_or(|best| objective_change < best.objective_change);
            if start < place.start && better {
                let change = Lever::GoFirst { berth: instance.berth(berth).id.clone(), before };
                let earlier_s = Some((place.start - start).0);
                best = Some(Remedy { change, start: self.shown(start), earlier_s, objective_change });
            }
        }
        best
    }

    /// What each closure on the berth costs this call.
    fn without_closures(&self, call: CallIdx, place: Assignment) -> Vec<Remedy> {
        let berth = self.instance.berth(place.berth);
        let order: Vec<CallIdx> = self.order(place.berth).collect();
        let arrival = self.instance.call(call).arrival;
        let relevant =
            |closure: &&super::instance::Closure| closure.window.to > arrival && closure.window.from < place.start;
        berth
            .closures
            .iter()
            .filter(relevant)
            .filter_map(|closure| {
                let open = Berth {
                    closures: berth.closures.iter().filter(|other| *other != closure).cloned().collect(),
                    ..berth.clone()
                };
                let timed = self.time_with(
                    &order,
                    |call| slots::of(self.instance.call(call), place.berth, &open, self.horizon),
                    place.berth,
                )?;
                let start = timed.iter().find(|stay| stay.call == call)?.start;
                let objective_change = self.sum_cost(place.berth, &timed) - self.berth_cost(place.berth);
                let change = Lever::LiftClosure {
                    berth: berth.id.clone(),
                    from: self.shown(closure.window.from),
                    reason: closure.reason.clone(),
                };
                (start < place.start).then(|| Remedy {
                    change,
                    start: self.shown(start),
                    earlier_s: Some((place.start - start).0),
                    objective_change,
                })
            })
            .collect()
    }

    fn left_out(&self, idx: CallIdx) -> LeftOut {
        let instance = self.instance;
        let call = instance.call(idx);
        let mut remedies = Vec::new();
        let mut fits_alone = false;
        for at in BerthIdx::all(instance.berths().len()) {
            let berth = instance.berth(at);
            if slots::misfit(call, berth, call.handling[at.at()]).is_some() {
                continue;
            }
            fits_alone |= !instance.slots(idx, at).is_empty();
            if let Some(latest) = call.latest_departure {
                let patient = Call { latest_departure: None, ..call.clone() };
                let by =
                    |departure: Seconds| Lever::LeaveLater { berth: berth.id.clone(), by_s: (departure - latest).0 };
                remedies.extend(self.squeeze_in(idx, at, &patient, berth, by));
            }
            if let Some(last) = berth.open.last().filter(|open| open.to < FOREVER) {
                let mut longer = berth.clone();
                longer.open.last_mut().expect("there is one").to = FOREVER;
                let by =
                    |departure: Seconds| Lever::KeepOpen { berth: berth.id.clone(), by_s: departure.past(last.to).0 };
                remedies.extend(self.squeeze_in(idx, at, call, &longer, by));
            }
            for closure in &berth.closures {
                let open = Berth {
                    closures: berth.closures.iter().filter(|other| *other != closure).cloned().collect(),
                    ..berth.clone()
                };
                let lift = |_| Lever::LiftClosure {
                    berth: berth.id.clone(),
                    from: self.shown(closure.window.from),
                    reason: closure.reason.clone(),
                };
                remedies.extend(self.squeeze_in(idx, at, call, &open, lift));
            }
        }
        remedies.sort_by_key(|remedy| remedy.objective_change);
        remedies.truncate(MAX_BLOCKERS);
        let cause = if fits_alone {
            "the berths that could take it in time are held by other calls"
        } else {
            "its windows and those of the berths leave no room, even in an empty port"
        };
        LeftOut { call: call.id.clone(), vessel: call.vessel.clone(), cause: cause.to_owned(), remedies }
    }

    /// The first gap of a berth that takes the call under changed rules.
    fn squeeze_in(
        &self,
        idx: CallIdx,
        at: BerthIdx,
        call: &Call,
        berth: &Berth,
        lever: impl Fn(Seconds) -> Lever,
    ) -> Option<Remedy> {
        let slots = slots::of(call, at, berth, self.horizon);
        let mut free = Seconds::ZERO;
        let ends = self.stays[at.at()].iter().map(|stay| (stay.start, stay.free)).chain([(FOREVER, FOREVER)]);
        for (next, next_free) in ends {
            if let Some((start, departure)) = first_start(&slots, free, self.instance.handling(idx, at))
                && departure + berth.clearance <= next
            {
                let place = Assignment { berth: at, start };
                let objective_change = self.instance.cost(idx, place, departure) - self.instance.left_out_cost(idx);
                return Some(Remedy {
                    change: lever(departure),
                    start: self.shown(start),
                    earlier_s: None,
                    objective_change,
                });
            }
            free = next_free;
        }
        None
    }

    fn order(&self, berth: BerthIdx) -> impl Iterator<Item = CallIdx> {
        self.stays[berth.at()].iter().map(|stay| stay.call)
    }

    fn berth_cost(&self, berth: BerthIdx) -> i64 {
        self.sum_cost(berth, &self.stays[berth.at()])
    }

    fn cost_of(&self, berth: BerthIdx, order: &[CallIdx]) -> Option<i64> {
        Some(self.sum_cost(berth, &self.time(berth, order)?))
    }

    fn sum_cost(&self, berth: BerthIdx, stays: &[Stay]) -> i64 {
        let clearance = self.instance.berth(berth).clearance;
        stays
            .iter()
            .map(|stay| self.instance.cost(stay.call, Assignment { berth, start: stay.start }, stay.free - clearance))
            .sum()
    }

    /// Serves the calls in this order, each as early as it can be.
    fn time(&self, berth: BerthIdx, order: &[CallIdx]) -> Option<Vec<Stay>> {
        self.time_with(order, |call| self.instance.slots(call, berth).to_vec(), berth)
    }

    fn time_with(&self, order: &[CallIdx], slots: impl Fn(CallIdx) -> Vec<Slot>, berth: BerthIdx) -> Option<Vec<Stay>> {
        let mut free = Seconds::ZERO;
        order
            .iter()
            .map(|&call| {
                let (start, departure) = first_start(&slots(call), free, self.instance.handling(call, berth))?;
                free = departure + self.instance.berth(berth).clearance;
                Some(Stay { call, start, free })
            })
            .collect()
    }
}

/// The first start at or after `free`, and the departure.
fn first_start(slots: &[Slot], free: Seconds, handling: Seconds) -> Option<(Seconds, Seconds)> {
    let slot = slots.iter().find(|slot| slot.last >= free)?;
    let start = slot.first.max(free);
    Some((start, (start + handling).max(slot.ready)))
}
