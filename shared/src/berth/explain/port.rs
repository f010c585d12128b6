//! The port as the schedule leaves it: who stands on each berth and when, what that costs, and how it moves when one
//! thing is changed.

use std::cell::Cell;

use super::super::instance::{Assignment, Berth, Instance, Slot};
use super::super::plan::{Schedule, departure};
use super::super::slots;
use super::{Blocker, ClassChange, Lever, MAX_LISTED, Remedy};
use crate::ids::{BerthIdx, CallIdx};
use crate::time::Time;
use crate::units::Seconds;

/// A visit in the order of its berth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stay {
    pub(super) call: CallIdx,
    pub(super) start: Seconds,
    /// Departure and clearance.
    pub(super) free: Seconds,
}

/// Steps (a visit timed again, a window looked at) that one plan's remedies may take: well below a second. Only plans far larger
/// than a port's week come near it; their last calls then have no remedies.
const MAX_EFFORT: u64 = 20_000_000;

pub(super) struct Port<'a> {
    pub(super) instance: &'a Instance,
    /// Shape: berths; by start.
    pub(super) stays: Vec<Vec<Stay>>,
    pub(super) horizon: Seconds,
    effort: Cell<u64>,
}

/// A change of the objective, and of each class's cost. Shape: classes.
pub(super) struct Price {
    by_class: Vec<i64>,
}

impl<'a> Port<'a> {
    pub(super) fn new(instance: &'a Instance, schedule: &Schedule) -> Self {
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
        let horizon = slots::horizon(instance.berths(), instance.calls());
        Self { instance, stays, horizon, effort: Cell::new(0) }
    }

    /// Notes work that was done.
    pub(super) fn spend(&self, steps: usize) {
        self.effort.set(self.effort.get() + steps as u64);
    }

    /// Whether no more changes are to be tried.
    pub(super) fn is_spent(&self) -> bool {
        self.effort.get() > MAX_EFFORT
    }

    pub(super) fn shown(&self, time: Seconds) -> Time {
        Time::from_seconds(time, self.instance.origin())
    }

    /// What keeps a call from its berth between its arrival and its start.
    pub(super) fn blockers(&self, idx: CallIdx, place: Assignment) -> Vec<Blocker> {
        let call = self.instance.call(idx);
        let berth = self.instance.berth(place.berth);
        let mut blockers = self.holders(place.berth, call.arrival, place.start, Some(idx));
        let slots = self.instance.slots(idx, place.berth);
        let is_allowed_before =
            slots.iter().any(|slot| slot.first < place.start && place.start <= slot.last + Seconds(1));
        if !is_allowed_before {
            let until = self.shown(place.start);
            let tides = berth.tide.iter().filter(|_| slots::is_tide_bound(call, berth)).flat_map(|tide| &tide.windows);
            if tides.into_iter().any(|window| window.from == place.start) {
                blockers.push((place.start, Blocker::Tide { until }));
            }
            if berth.open.iter().any(|window| window.from == place.start) {
                blockers.push((place.start, Blocker::NotOpen { until }));
            }
        }
        listed(blockers)
    }

    /// Calls and closures that hold a berth at some instant between the two.
    pub(super) fn holders(
        &self,
        at: BerthIdx,
        from: Seconds,
        to: Seconds,
        but: Option<CallIdx>,
    ) -> Vec<(Seconds, Blocker)> {
        let berth = self.instance.berth(at);
        let during = |begin: Seconds, end: Seconds| begin < to && end > from;
        let stays = self.stays[at.at()].iter().filter(|stay| Some(stay.call) != but && during(stay.start, stay.free));
        let calls = stays.map(|stay| {
            let call = self.instance.call(stay.call).id.clone();
            let (from, to) = (self.shown(stay.start), self.shown(stay.free));
            (stay.start, Blocker::Call { call, berth: berth.id.clone(), from, to })
        });
        let closures = berth.closures.iter().filter(|closure| during(closure.window.from, closure.window.to));
        let closures = closures.map(|closure| {
            let (from, to) = (self.shown(closure.window.from), self.shown(closure.window.to));
            let (berth, reason) = (berth.id.clone(), closure.reason.clone());
            (closure.window.from, Blocker::Closure { berth, from, to, reason })
        });
        calls.chain(closures).collect()
    }

    /// These calls one after the other from `free` on, each as early as it can be. `None` where one of them finds no start.
    pub(super) fn retimed<'s>(
        &self,
        berth: BerthIdx,
        free: Seconds,
        order: impl Iterator<Item = CallIdx>,
        slots: impl Fn(CallIdx) -> std::borrow::Cow<'s, [Slot]>,
    ) -> Option<Vec<Stay>> {
        let clearance = self.instance.berth(berth).clearance;
        let mut free = free;
        order
            .map(|call| {
                let (start, departure) = first_start(&slots(call), free, self.instance.handling(call, berth))?;
                free = departure + clearance;
                self.spend(1);
                Some(Stay { call, start, free })
            })
            .collect()
    }

    /// When the berth is free for the stay at `position`.
    pub(super) fn free_before(&self, berth: BerthIdx, position: usize) -> Seconds {
        position.checked_sub(1).map_or(Seconds::ZERO, |before| self.stays[berth.at()][before].free)
    }

    /// A remedy, written out.
    pub(super) fn remedy(&self, change: Lever, start: Seconds, now: Option<Seconds>, price: &Price) -> Remedy {
        let classes = self.instance.classes();
        let objective_change = classes.iter().zip(&price.by_class).map(|(class, cost)| class.multiplier * cost).sum();
        let mut class_changes = Vec::new();
        if classes.len() > 1 {
            let changes = classes.iter().zip(&price.by_class).filter(|&(_, &cost)| cost != 0);
            class_changes.extend(changes.map(|(class, &cost)| ClassChange { class: class.class, cost_change: cost }));
        }
        let earlier_s = now.map(|now| (now - start).0);
        Remedy { change, start: self.shown(start), earlier_s, objective_change, class_changes }
    }

    pub(super) fn no_price(&self) -> Price {
        Price { by_class: vec![0; self.instance.classes().len()] }
    }

    /// Adds what these stays cost, `times` over: once, or minus once.
    pub(super) fn charge(&self, price: &mut Price, berth: BerthIdx, stays: &[Stay], times: i64) {
        let clearance = self.instance.berth(berth).clearance;
        for stay in stays {
            let place = Assignment { berth, start: stay.start };
            let cost = self.instance.class_cost(stay.call, place, stay.free - clearance);
            price.by_class[self.instance.class_of[stay.call.at()]] += times * cost;
        }
    }
}

/// By time, the latest ones where there are too many.
pub(super) fn listed(mut blockers: Vec<(Seconds, Blocker)>) -> Vec<Blocker> {
    blockers.sort_by_key(|(from, _)| *from);
    let skipped = blockers.len().saturating_sub(MAX_LISTED);
    blockers.into_iter().skip(skipped).map(|(_, blocker)| blocker).collect()
}

/// Cheapest first, and not too many.
pub(super) fn cheapest(mut remedies: Vec<Remedy>) -> Vec<Remedy> {
    remedies.sort_by_key(|remedy| remedy.objective_change);
    remedies.truncate(MAX_LISTED);
    remedies
}

/// The berth without one of its closures.
pub(super) fn without_closure(berth: &Berth, closure: usize) -> Berth {
    let mut open = berth.clone();
    open.closures.remove(closure);
    open
}

/// The first start at or after `free`, and the departure.
pub(super) fn first_start(slots: &[Slot], free: Seconds, handling: Seconds) -> Option<(Seconds, Seconds)> {
    let slot = slots.iter().find(|slot| slot.last >= free)?;
    let start = slot.first.max(free);
    Some((start, (start + handling).max(slot.ready)))
}
