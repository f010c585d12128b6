//! When a call may start on a berth: arrival, openings, closures, tides and latest departures folded into
//! a sorted list of [`Slot`]s, so that the search never looks at any of them again.

pub(super) use super::instance::Slot;
use super::instance::{Berth, Call, Closure, Window};
use crate::ids::BerthIdx;
use crate::limits::MAX_TIME_S;
use crate::units::Seconds;

#[cfg(test)]
mod tests;

/// The end of a window that has none.
pub(super) const FOREVER: Seconds = Seconds(i64::MAX / 4);

/// Why a berth cannot take a call at any time; `None` where it can.
pub(super) fn misfit(call: &Call, berth: &Berth, handling: Option<Seconds>) -> Option<String> {
    if handling.is_none() {
        return Some("no handling time".to_owned());
    }
    if let (Some(vessel), Some(limit)) = (call.length, berth.length)
        && vessel > limit
    {
        return Some(format!("takes {limit}, the vessel is {vessel} long"));
    }
    if let (Some(vessel), Some(limit)) = (call.draft, berth.draft)
        && vessel > limit
    {
        return Some(format!("is {limit} deep, the vessel needs {vessel}"));
    }
    None
}

/// Whether the call comes to and leaves this berth with the tide only.
pub(super) fn is_tide_bound(call: &Call, berth: &Berth) -> bool {
    match (&berth.tide, call.draft) {
        (Some(tide), Some(draft)) => draft > tide.free_draft,
        _ => false,
    }
}

/// The starts of a call on a berth, no later than needed: without a window that ends, starts after `horizon` are never
/// better than an earlier one.
pub(super) fn of(call: &Call, at: BerthIdx, berth: &Berth, horizon: Seconds) -> Vec<Slot> {
    let Some(handling) = call.handling[at.at()].filter(|&time| misfit(call, berth, Some(time)).is_none()) else {
        return Vec::new();
    };
    let latest = call.latest_departure.unwrap_or(FOREVER);
    let mut slots = Vec::new();
    for stretch in usable(berth) {
        let first = stretch.from.max(call.arrival);
        let end = stretch.to.min(latest);
        let last = Seconds((end - handling).0.min(horizon.0));
        if is_tide_bound(call, berth) {
            let tides = berth.tide.as_ref().map_or(&[][..], |tide| &tide.windows);
            tidal(&mut slots, tides, Window { from: first, to: last }, handling, end);
        } else if first <= last {
            slots.push(Slot { first, last, ready: Seconds::ZERO });
        }
    }
    match call.frozen {
        None => slots,
        Some(frozen) if frozen.berth != at => Vec::new(),
        Some(frozen) => slots
            .into_iter()
            .filter(|slot| slot.first <= frozen.start && frozen.start <= slot.last)
            .map(|slot| Slot { first: frozen.start, last: frozen.start, ..slot })
            .collect(),
    }
}

/// Starts within one usable stretch for a vessel that needs the tide to come and to go. A start whose handling ends between two
/// tides leaves with the later one.
fn tidal(slots: &mut Vec<Slot>, tides: &[Window], starts: Window, handling: Seconds, end: Seconds) {
    for inward in tides {
        let from = inward.from.max(starts.from);
        let to = inward.to.min(starts.to);
        // Starts are handed to the sailing tides in order; `next` is the first start not yet handed out.
        let mut next = from;
        for outward in tides {
            let last = Seconds((outward.to.min(end) - handling).0.min(to.0));
            if outward.from <= end && next <= last {
                slots.push(Slot { first: next, last, ready: outward.from });
                next = last + Seconds(1);
            }
        }
    }
}

/// The stretches of time in which a berth can be used: openings without closures.
fn usable(berth: &Berth) -> Vec<Window> {
    let mut stretches = Vec::new();
    for open in &berth.open {
        let mut from = open.from;
        for closure in &berth.closures {
            if closure.window.from > from && from < open.to {
                stretches.push(Window { from, to: closure.window.from.min(open.to) });
            }
            from = from.max(closure.window.to);
        }
        if from < open.to {
            stretches.push(Window { from, to: open.to });
        }
    }
    stretches.retain(|stretch| stretch.from < stretch.to);
    stretches
}

/// The berths as calls that are not frozen find them: closed while a frozen call is there, clearance on both sides included. So no
/// plan can gain by giving a frozen call up. `slots` are those of the frozen calls. Shape: calls x berths.
pub(super) fn without_frozen(berths: &[Berth], calls: &[Call], slots: &[Vec<Vec<Slot>>]) -> Vec<Berth> {
    let mut left = berths.to_vec();
    for (call, slots) in calls.iter().zip(slots) {
        let Some(frozen) = call.frozen else { continue };
        let Some(slot) = slots[frozen.berth.at()].first() else { continue };
        let berth = &mut left[frozen.berth.at()];
        let handling = call.handling[frozen.berth.at()].unwrap_or_default();
        let free = (frozen.start + handling).max(slot.ready) + berth.clearance;
        let window = Window { from: frozen.start.past(berth.clearance), to: free };
        berth.closures.push(Closure { window, reason: None });
        berth.closures.sort_by_key(|closure| (closure.window.from, closure.window.to));
    }
    left
}

/// How long a berth can be used until `end`.
pub(super) fn open_time(berth: &Berth, end: Seconds) -> Seconds {
    usable(berth).iter().map(|stretch| stretch.to.min(end).past(stretch.from)).sum()
}

/// Why a call cannot start on a berth at this instant, in words.
pub(super) fn why_not(call: &Call, berth: &Berth, at: BerthIdx, start: Seconds) -> String {
    if let Some(why) = misfit(call, berth, call.handling[at.at()]) {
        return format!("it {why}");
    }
    let departure = start + call.handling[at.at()].unwrap_or_default();
    if start < call.arrival {
        return "it arrives later".to_owned();
    }
    if call.latest_departure.is_some_and(|latest| departure > latest) {
        return "it would leave after its latest departure".to_owned();
    }
    let closed = berth.closures.iter().find(|closure| closure.window.from < departure && start < closure.window.to);
    if let Some(closure) = closed {
        let reason = closure.reason.as_deref().unwrap_or("no reason given");
        return format!("the berth is closed then ({reason})");
    }
    if !berth.open.iter().any(|open| open.from <= start && departure <= open.to) {
        return "the berth is not open then".to_owned();
    }
    "it needs the tide to come and to go".to_owned()
}

/// A time by which every call of some best plan has started.
///
/// Left-shifted schedules suffice, since no cost falls with time. After the last instant at which anything changes (an arrival, a
/// window's end, a tide, a frozen start) no berth idles while it has calls to come. So no start is later than that instant plus the work and
/// clearance of all calls on one berth, each with its longest time where it fits.
pub(super) fn horizon(berths: &[Berth], calls: &[Call]) -> Seconds {
    let frozen = calls.iter().filter_map(|call| call.frozen).map(|place| place.start);
    let mut last_change = calls.iter().map(|call| call.arrival).chain(frozen).max().unwrap_or_default();
    for berth in berths {
        let closures = berth.closures.iter().map(|closure| &closure.window);
        let tides = berth.tide.iter().flat_map(|tide| &tide.windows);
        for window in berth.open.iter().chain(closures).chain(tides) {
            last_change = last_change.max(window.from);
            if window.to < FOREVER {
                last_change = last_change.max(window.to);
            }
        }
    }
    let clearance = berths.iter().map(|berth| berth.clearance).max().unwrap_or_default();
    let longest = |call: &Call| {
        let fitting = berths.iter().zip(&call.handling).filter(|(berth, time)| misfit(call, berth, **time).is_none());
        fitting.filter_map(|(_, time)| *time).max().unwrap_or_default()
    };
    let work: Seconds = calls.iter().map(|call| longest(call) + clearance).sum();
    Seconds((last_change + work).0.min(4 * MAX_TIME_S))
}

/// The largest number that divides every time.
pub(super) fn time_step(berths: &[Berth], calls: &[Call]) -> Seconds {
    let mut step = 0;
    let mut take = |time: Seconds| step = gcd(step, time.0);
    for berth in berths {
        take(berth.clearance);
        let closures = berth.closures.iter().map(|closure| &closure.window);
        let tides = berth.tide.iter().flat_map(|tide| &tide.windows);
        for window in berth.open.iter().chain(closures).chain(tides) {
            take(window.from);
            if window.to < FOREVER {
                take(window.to);
            }
        }
    }
    for call in calls {
        take(call.arrival);
        call.handling.iter().flatten().for_each(|&time| take(time));
        [call.due, call.latest_departure].into_iter().flatten().for_each(&mut take);
        [call.frozen, call.earlier].into_iter().flatten().for_each(|place| take(place.start));
    }
    Seconds(step.max(1))
}

/// Greatest common divisor; `gcd(0, x)` is `x`.
pub(super) fn gcd(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.abs()
}
