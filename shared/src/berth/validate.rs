//! From a request to an instance: every issue at once, or a validated instance with its slots.

use std::collections::HashMap;

use jiff::Timestamp;

use super::classes;
use super::instance::{Assignment, Berth, Call, Closure, CostTerms, Instance, Tide, Window};
use super::slots;
use super::wire::{AssignmentWire, BerthWire, CallWire, StabilityWire, TideWire, WindowWire, Wire};
use crate::ids::{BerthIdx, CallIdx};
use crate::issue::{Issue, Issues, pointer_token};
use crate::limits;
use crate::time::Time;
use crate::units::{Centimetres, Seconds};

#[cfg(test)]
mod tests;

impl TryFrom<&Wire> for Instance {
    type Error = Vec<Issue>;

    fn try_from(wire: &Wire) -> Result<Self, Vec<Issue>> {
        let mut reader = Reader::new(wire.horizon_start);
        reader.counts(wire);
        if !reader.issues.is_empty() {
            // Without sane counts and an origin, every time below would be an issue of its own.
            return Err(reader.issues.into_vec());
        }
        if let Some(options) = &wire.options {
            options.check(&mut reader.issues);
        }
        let berths: Vec<Berth> = wire.berths.iter().enumerate().map(|(at, berth)| reader.berth(at, berth)).collect();
        let names = reader.issues.ids("/berths", wire.berths.iter().map(|berth| berth.id.as_str()));
        reader.issues.ids("/calls", wire.calls.iter().map(|call| call.id.as_str()));
        let stability = reader.stability(wire.stability.unwrap_or_default());
        let rates = Rates {
            names: &names,
            moves_per_hour: wire.berths.iter().map(|berth| berth.moves_per_hour).collect(),
            step: reader.issues.whole("/time_step_s", wire.time_step_s.unwrap_or(900), 1, 86_400),
        };
        let calls: Vec<Call> =
            wire.calls.iter().enumerate().map(|(at, call)| reader.call(at, call, &rates, stability)).collect();
        if !reader.issues.is_empty() {
            return Err(reader.issues.into_vec());
        }
        reader.fits(&berths, &calls);
        if !reader.issues.is_empty() {
            return Err(reader.issues.into_vec());
        }
        build(reader, berths, calls)
    }
}

/// Derives slots and classes, and checks what only they can tell.
fn build(mut reader: Reader, berths: Vec<Berth>, calls: Vec<Call>) -> Result<Instance, Vec<Issue>> {
    let time_step = slots::time_step(&berths, &calls);
    let horizon = slots::horizon(&berths, &calls);
    let place = |call: &Call, berths: &[Berth]| -> Vec<Vec<slots::Slot>> {
        BerthIdx::all(berths.len()).map(|berth| slots::of(call, berth, &berths[berth.at()], horizon)).collect()
    };
    let frozen: Vec<Vec<Vec<slots::Slot>>> =
        calls.iter().map(|call| if call.frozen.is_some() { place(call, &berths) } else { Vec::new() }).collect();
    reader.frozen(&berths, &calls, &frozen);
    let left = slots::without_frozen(&berths, &calls, &frozen);
    let slots: Vec<Vec<slots::Slot>> = calls
        .iter()
        .zip(frozen)
        .flat_map(|(call, own)| if call.frozen.is_some() { own } else { place(call, &left) })
        .collect();
    match classes::of(&calls, &slots, time_step, horizon) {
        Ok(derived) => reader.issues.into_result(Instance {
            origin: reader.origin,
            berths,
            calls,
            slots,
            classes: derived.classes,
            class_of: derived.class_of,
            time_step,
            cost_step: derived.cost_step,
            settled: None,
        }),
        Err(issue) => {
            reader.issues.push(issue);
            Err(reader.issues.into_vec())
        }
    }
}

/// What turns a call's work into handling times.
struct Rates<'a> {
    names: &'a HashMap<&'a str, usize>,
    moves_per_hour: Vec<Option<i64>>,
    step: i64,
}

/// Reads values and notes what is wrong with them; an unusable value reads as a harmless one.
pub(super) struct Reader {
    pub(super) origin: Option<Timestamp>,
    pub(super) issues: Issues,
}

impl Reader {
    /// With times counted from this start of the horizon.
    pub(super) fn new(horizon_start: Option<Time>) -> Self {
        let mut reader = Self { origin: None, issues: Issues::new() };
        reader.origin = reader.horizon_start(horizon_start);
        reader
    }

    fn horizon_start(&mut self, start: Option<Time>) -> Option<Timestamp> {
        match start {
            None => None,
            Some(Time::Absolute(origin)) if origin.subsec_nanosecond() == 0 => Some(origin),
            Some(other) => {
                let cause = format!("horizon_start is {other}");
                self.issues.note(
                    "horizon_start_not_absolute",
                    "/horizon_start",
                    cause,
                    "give a whole second in RFC 3339, such as \"2026-03-02T00:00:00Z\"",
                );
                None
            }
        }
    }

    fn counts(&mut self, wire: &Wire) {
        let pairs = wire.calls.len().saturating_mul(wire.berths.len());
        let mut at_most = |code, path: &str, what: &str, count: usize, limit: usize| {
            if count > limit {
                self.issues.note(
                    code,
                    path,
                    format!("{count} {what}; the limit is {limit}"),
                    "plan a shorter horizon or fewer berths at once",
                );
            }
        };
        at_most("too_many_berths", "/berths", "berths", wire.berths.len(), limits::MAX_BERTHS);
        at_most("too_many_calls", "/calls", "calls", wire.calls.len(), limits::MAX_CALLS);
        at_most("too_many_pairs", "", "calls times berths", pairs, limits::MAX_PAIRS);
        for (at, berth) in wire.berths.iter().enumerate() {
            let tides = berth.tide.as_ref().map_or(0, |tide| tide.windows.len());
            let windows = berth.open.as_ref().map_or(0, Vec::len) + berth.closures.len() + tides;
            at_most("too_many_windows", &format!("/berths/{at}"), "windows", windows, limits::MAX_WINDOWS);
        }
        if wire.berths.is_empty() {
            self.issues.note("no_berths", "/berths", "there is no berth", "give at least one berth");
        }
    }

    pub(super) fn time(&mut self, path: &str, time: Time) -> Option<Seconds> {
        match time.after(self.origin) {
            Ok(seconds) => Some(seconds),
            Err(error) => {
                self.issues.note("unusable_time", path, error.to_string(), error.action());
                None
            }
        }
    }

    pub(super) fn metres(&mut self, path: &str, metres: f64) -> Option<Centimetres> {
        let length = Centimetres::from_metres(metres);
        if length.is_none() {
            self.issues.note(
                "length_out_of_range",
                path,
                format!("{metres} m is no usable length"),
                format!("give metres from 0 to {}", limits::MAX_METRES),
            );
        }
        length
    }

    fn window(&mut self, path: &str, window: &WindowWire) -> Option<Window> {
        let from = window.from.map_or(Some(Seconds::ZERO), |time| self.time(&format!("{path}/from"), time));
        let to = window.to.map_or(Some(slots::FOREVER), |time| self.time(&format!("{path}/to"), time));
        let (from, to) = (from?, to?);
        if from >= to {
            let shown = |time| Time::from_seconds(time, self.origin);
            let cause = format!("it begins at {} and ends at {}", shown(from), shown(to));
            self.issues.note("window_ends_before_it_begins", path, cause, "let `to` be later than `from`");
            return None;
        }
        Some(Window { from, to })
    }

    /// Windows that must not overlap: openings and tides. Sorted.
    pub(super) fn disjoint_windows(&mut self, path: &str, windows: &[WindowWire]) -> Vec<Window> {
        let mut read: Vec<(usize, Window)> = windows
            .iter()
            .enumerate()
            .filter_map(|(at, window)| Some((at, self.window(&format!("{path}/{at}"), window)?)))
            .collect();
        read.sort_by_key(|(_, window)| (window.from, window.to));
        for pair in read.windows(2) {
            let ((first, before), (second, after)) = (pair[0], pair[1]);
            if after.from <= before.to {
                let cause = format!("it overlaps or touches {path}/{first}");
                self.issues.note("windows_overlap", format!("{path}/{second}"), cause, "merge the two");
            }
        }
        read.into_iter().map(|(_, window)| window).collect()
    }

    fn berth(&mut self, at: usize, wire: &BerthWire) -> Berth {
        let path = format!("/berths/{at}");
        let open = match &wire.open {
            None => vec![Window { from: Seconds::ZERO, to: slots::FOREVER }],
            Some(windows) if windows.is_empty() => {
                self.issues.note(
                    "berth_never_open",
                    format!("{path}/open"),
                    "the list of windows is empty",
                    "leave the berth out, or `open` to keep it always open",
                );
                Vec::new()
            }
            Some(windows) => self.disjoint_windows(&format!("{path}/open"), windows),
        };
        let mut closures = Vec::with_capacity(wire.closures.len());
        for (at, closure) in wire.closures.iter().enumerate() {
            let path = format!("{path}/closures/{at}");
            if let Some(reason) = &closure.reason {
                self.issues.name(&format!("{path}/reason"), reason);
            }
            let window = WindowWire { from: Some(closure.from), to: Some(closure.to) };
            if let Some(window) = self.window(&path, &window) {
                closures.push(Closure { window, reason: closure.reason.clone() });
            }
        }
        closures.sort_by_key(|closure| (closure.window.from, closure.window.to));
        if let Some(rate) = wire.moves_per_hour {
            self.issues.whole(&format!("{path}/moves_per_hour"), rate, 1, 10_000);
        }
        Berth {
            id: wire.id.clone(),
            length: wire.length_m.and_then(|metres| self.metres(&format!("{path}/length_m"), metres)),
            draft: wire.draft_m.and_then(|metres| self.metres(&format!("{path}/draft_m"), metres)),
            open,
            closures,
            tide: wire.tide.as_ref().and_then(|tide| self.tide(&format!("{path}/tide"), tide)),
            clearance: Seconds(self.issues.whole(
                &format!("{path}/clearance_s"),
                wire.clearance_s.unwrap_or(0),
                0,
                7 * 86_400,
            )),
        }
    }

    fn tide(&mut self, path: &str, wire: &TideWire) -> Option<Tide> {
        let free_draft = self.metres(&format!("{path}/free_draft_m"), wire.free_draft_m)?;
        Some(Tide { free_draft, windows: self.disjoint_windows(&format!("{path}/windows"), &wire.windows) })
    }

    fn stability(&mut self, wire: StabilityWire) -> StabilityWire {
        StabilityWire {
            berth_change: self.issues.whole("/stability/berth_change", wire.berth_change, 0, limits::MAX_TIME_S),
            later_start: self.issues.whole("/stability/later_start", wire.later_start, 0, limits::MAX_TIME_S),
        }
    }

    fn call(&mut self, at: usize, wire: &CallWire, rates: &Rates<'_>, stability: StabilityWire) -> Call {
        let path = format!("/calls/{at}");
        if let Some(vessel) = &wire.vessel {
            self.issues.name(&format!("{path}/vessel"), vessel);
        }
        let due = wire.due.and_then(|time| self.time(&format!("{path}/due"), time));
        let tardiness_weight = self.issues.whole(
            &format!("{path}/tardiness_weight"),
            wire.tardiness_weight.unwrap_or(0),
            0,
            limits::MAX_WEIGHT,
        );
        if tardiness_weight > 0 && wire.due.is_none() {
            self.issues.note(
                "tardiness_without_due",
                format!("{path}/tardiness_weight"),
                "the call has no due time",
                "add `due`, or leave `tardiness_weight` out",
            );
        }
        let class = i64::from(wire.class.unwrap_or(0));
        Call {
            id: wire.id.clone(),
            vessel: wire.vessel.clone(),
            arrival: self.time(&format!("{path}/arrival"), wire.arrival).unwrap_or_default(),
            length: wire.length_m.and_then(|metres| self.metres(&format!("{path}/length_m"), metres)),
            draft: wire.draft_m.and_then(|metres| self.metres(&format!("{path}/draft_m"), metres)),
            class: self.issues.whole(&format!("{path}/class"), class, 0, i64::from(limits::MAX_CLASS)) as u8,
            due,
            latest_departure: wire
                .latest_departure
                .and_then(|time| self.time(&format!("{path}/latest_departure"), time)),
            handling: self.handling(&path, wire, rates),
            frozen: wire.frozen.as_ref().and_then(|place| self.assignment(&format!("{path}/frozen"), place, rates)),
            earlier: wire.earlier.as_ref().and_then(|place| self.assignment(&format!("{path}/earlier"), place, rates)),
            terms: CostTerms {
                weight: self.issues.whole(&format!("{path}/weight"), wire.weight.unwrap_or(1), 0, limits::MAX_WEIGHT),
                tardiness_weight,
                berth_change: stability.berth_change,
                later_start: stability.later_start,
            },
        }
    }

    /// Handling time by berth, given or derived from container moves.
    fn handling(&mut self, path: &str, wire: &CallWire, rates: &Rates<'_>) -> Vec<Option<Seconds>> {
        let mut handling = vec![None; rates.moves_per_hour.len()];
        match (&wire.handling_s, wire.moves) {
            (Some(by_berth), None) => {
                for (name, &seconds) in by_berth {
                    let path = format!("{path}/handling_s{}", pointer_token(name));
                    let seconds = self.issues.whole(&path, seconds, 1, 366 * 86_400);
                    match rates.names.get(name.as_str()) {
                        Some(&berth) => handling[berth] = Some(Seconds(seconds)),
                        None => self.unknown_berth(&path, name),
                    }
                }
            }
            (None, Some(moves)) => {
                let moves = self.issues.whole(&format!("{path}/moves"), moves, 1, 1_000_000);
                for (time, rate) in handling.iter_mut().zip(&rates.moves_per_hour) {
                    *time = rate.filter(|&rate| rate > 0).map(|rate| {
                        let seconds = (moves * 3600 + rate - 1) / rate;
                        Seconds((seconds + rates.step - 1) / rates.step * rates.step)
                    });
                }
            }
            (Some(_), Some(_)) => {
                self.issues.note(
                    "work_given_twice",
                    path,
                    "the call has both handling_s and moves",
                    "give one of them",
                );
            }
            (None, None) => {
                self.issues.note("work_missing", path, "the call has neither handling_s nor moves", "give one of them");
            }
        }
        handling
    }

    fn unknown_berth(&mut self, path: &str, name: &str) {
        let name: String = name.chars().take(limits::MAX_NAME_CHARS).collect();
        self.issues.note("unknown_berth", path, format!("no berth has the id {name:?}"), "use an id from /berths");
    }

    fn assignment(&mut self, path: &str, wire: &AssignmentWire, rates: &Rates<'_>) -> Option<Assignment> {
        let start = self.time(&format!("{path}/start"), wire.start);
        let Some(&berth) = rates.names.get(wire.berth.as_str()) else {
            self.unknown_berth(&format!("{path}/berth"), &wire.berth);
            return None;
        };
        Some(Assignment { berth: BerthIdx::new(berth), start: start? })
    }

    /// Every call must fit some berth by length, draft and handling.
    fn fits(&mut self, berths: &[Berth], calls: &[Call]) {
        for (at, call) in calls.iter().enumerate() {
            if berths
                .iter()
                .zip(&call.handling)
                .any(|(berth, handling)| slots::misfit(call, berth, *handling).is_none())
            {
                continue;
            }
            let why: Vec<String> = berths
                .iter()
                .zip(&call.handling)
                .take(8)
                .filter_map(|(berth, handling)| {
                    Some(format!("{}: {}", berth.id, slots::misfit(call, berth, *handling)?))
                })
                .collect();
            let more = if berths.len() > 8 { format!("; and {} more berths", berths.len() - 8) } else { String::new() };
            let cause = format!("{} fits no berth ({}{more})", call.id, why.join("; "));
            self.issues.note(
                "call_fits_no_berth",
                format!("/calls/{at}"),
                cause,
                "correct the vessel or the berths, or leave the call out",
            );
        }
    }

    /// Frozen calls must be possible, alone and together.
    fn frozen(&mut self, berths: &[Berth], calls: &[Call], slots: &[Vec<Vec<slots::Slot>>]) {
        let mut placed: Vec<(BerthIdx, Seconds, Seconds, CallIdx)> = Vec::new();
        for (at, call) in calls.iter().enumerate() {
            let Some(Assignment { berth, start }) = call.frozen else { continue };
            let Some(slot) = slots[at][berth.at()].first() else {
                let why = slots::why_not(call, &berths[berth.at()], berth, start);
                let cause = format!(
                    "{} cannot be at {} from {}: {why}",
                    call.id,
                    berths[berth.at()].id,
                    Time::from_seconds(start, self.origin)
                );
                self.issues.note(
                    "frozen_not_possible",
                    format!("/calls/{at}/frozen"),
                    cause,
                    "correct the frozen start, or what forbids it",
                );
                continue;
            };
            let handling = call.handling[berth.at()].unwrap_or_default();
            let free = (start + handling).max(slot.ready) + berths[berth.at()].clearance;
            placed.push((berth, start, free, CallIdx::new(at)));
        }
        placed.sort_unstable();
        // The stay that holds its berth longest so far: a long one may overlap several.
        let mut held: Option<(BerthIdx, Seconds, CallIdx)> = None;
        for (berth, start, free, call) in placed {
            let holder = held.filter(|&(held, until, _)| held == berth && start < until);
            if let Some((_, until, first)) = holder {
                let cause = format!(
                    "{} is frozen at {} until {}, clearance included, and {} is frozen there from {}",
                    calls[first.at()].id,
                    berths[berth.at()].id,
                    Time::from_seconds(until, self.origin),
                    calls[call.at()].id,
                    Time::from_seconds(start, self.origin)
                );
                self.issues.note(
                    "frozen_calls_overlap",
                    format!("/calls/{}/frozen", call.at()),
                    cause,
                    "move or unfreeze one of the two",
                );
            }
            if holder.is_none_or(|(_, until, _)| until < free) {
                held = Some((berth, free, call));
            }
        }
    }
}
