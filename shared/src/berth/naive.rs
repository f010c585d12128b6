//! For tests: the rules of a berth plan, one instant at a time and one order after another, as slowly and plainly as can be.

use super::instance::{Assignment, Instance};
use super::plan::Schedule;
use super::slots;
use crate::ids::{BerthIdx, CallIdx};
use crate::units::Seconds;

/// The departure of a call that starts so, where it may.
pub(super) fn departure(instance: &Instance, idx: CallIdx, at: Assignment) -> Option<Seconds> {
    let (call, berth, start) = (instance.call(idx), instance.berth(at.berth), at.start);
    let handling = call.handling[at.berth.at()]?;
    let is_too_long = call.length.zip(berth.length).is_some_and(|(vessel, limit)| vessel > limit);
    let is_too_deep = call.draft.zip(berth.draft).is_some_and(|(vessel, limit)| vessel > limit);
    if is_too_long || is_too_deep || start < call.arrival || call.frozen.is_some_and(|frozen| frozen != at) {
        return None;
    }
    let mut departure = start + handling;
    if let (Some(tide), Some(draft)) = (&berth.tide, call.draft)
        && draft > tide.free_draft
    {
        let has_water = |instant: Seconds| tide.windows.iter().any(|w| w.from <= instant && instant <= w.to);
        let latest = tide.windows.iter().map(|window| window.to).max()?;
        if !has_water(start) {
            return None;
        }
        while !has_water(departure) {
            departure = departure + Seconds(1);
            if departure > latest {
                return None;
            }
        }
    }
    let is_in_time = call.latest_departure.is_none_or(|latest| departure <= latest);
    let is_open = berth.open.iter().any(|open| open.from <= start && departure <= open.to);
    let is_closed = berth.closures.iter().any(|closure| start < closure.window.to && closure.window.from < departure);
    (is_in_time && is_open && !is_closed).then_some(departure)
}

/// Calls one after the other on a berth, each at the first instant of the grid that is allowed: starts and departures.
pub(super) fn timed(instance: &Instance, berth: BerthIdx, order: &[CallIdx]) -> Option<Vec<(Seconds, Seconds)>> {
    let horizon = slots::horizon(instance.berths(), instance.calls());
    let step = instance.time_step();
    let mut free = Seconds::ZERO;
    let mut times = Vec::new();
    for &call in order {
        let mut start = free;
        let departure = loop {
            if let Some(departure) = departure(instance, call, Assignment { berth, start }) {
                break departure;
            }
            start = start + step;
            if start > horizon {
                return None;
            }
        };
        times.push((start, departure));
        free = departure + instance.berth(berth).clearance;
    }
    Some(times)
}

/// Every plan in which no call could start earlier without changing an order: each way to spread the calls over the
/// berths or leave them out, each order on each berth. For a handful of calls.
pub(super) fn every_plan(instance: &Instance, mut visit: impl FnMut(&Schedule)) {
    let mut orders = vec![Vec::new(); instance.berths().len()];
    spread(instance, 0, &mut orders, &mut visit);
}

fn spread(instance: &Instance, call: usize, orders: &mut Vec<Vec<CallIdx>>, visit: &mut impl FnMut(&Schedule)) {
    if call == instance.calls().len() {
        if let Some(schedule) = scheduled(instance, orders) {
            visit(&schedule);
        }
        return;
    }
    spread(instance, call + 1, orders, visit);
    for berth in 0..orders.len() {
        for at in 0..=orders[berth].len() {
            orders[berth].insert(at, CallIdx::new(call));
            spread(instance, call + 1, orders, visit);
            orders[berth].remove(at);
        }
    }
}

fn scheduled(instance: &Instance, orders: &[Vec<CallIdx>]) -> Option<Schedule> {
    let mut places = vec![None; instance.calls().len()];
    for (berth, order) in BerthIdx::all(orders.len()).zip(orders) {
        for (call, (start, _)) in order.iter().zip(timed(instance, berth, order)?) {
            places[call.at()] = Some(Assignment { berth, start });
        }
    }
    Some(Schedule(places))
}
