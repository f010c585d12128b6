//! From a request to a [`Port`]: every issue at once, or a validated problem.

use super::instance::{Instance, Invalid, MAX_VESSELS, Vessel};
use super::port::{Call, Port};
use super::tides::Tides;
use super::wire::{CallWire, QuayWire, TideWire, Wire};
use crate::berth::instance::Window;
use crate::berth::slots::gcd;
use crate::berth::validate::Reader;
use crate::berth::wire::WindowWire;
use crate::issue::Issue;
use crate::limits;
use crate::units::{Centimetres, Seconds};

#[cfg(test)]
mod tests;

impl TryFrom<&Wire> for Port {
    type Error = Vec<Issue>;

    fn try_from(wire: &Wire) -> Result<Self, Vec<Issue>> {
        let mut reader = Reader::new(wire.horizon_start);
        counts(&mut reader, wire);
        if !reader.issues.is_empty() {
            return Err(reader.issues.into_vec());
        }
        if let Some(options) = &wire.options {
            options.check(&mut reader.issues);
        }
        let quay = Quay::read(&mut reader, &wire.quay);
        let step = reader.issues.whole("/time_step_s", wire.time_step_s.unwrap_or(900), 1, 86_400);
        reader.issues.ids("/calls", wire.calls.iter().map(|call| call.id.as_str()));
        let vessels: Vec<Vessel> =
            wire.calls.iter().enumerate().map(|(at, call)| quay.vessel(&mut reader, at, call, step)).collect();
        if !reader.issues.is_empty() {
            return Err(reader.issues.into_vec());
        }
        let unit = quay.unit(&vessels);
        quay.check_sums(&mut reader, &vessels);
        let calls = wire.calls.iter().map(|call| Call { id: call.id.clone(), vessel: call.vessel.clone() }).collect();
        match quay.instance(vessels, unit) {
            Ok(instance) => {
                reader.issues.into_result(Self { origin: reader.origin, unit: Seconds(unit), calls, instance })
            }
            Err(wrong) => {
                wrong.into_iter().for_each(|wrong| reader.issues.push(said(wrong, wire)));
                Err(reader.issues.into_vec())
            }
        }
    }
}

fn counts(reader: &mut Reader, wire: &Wire) {
    if wire.calls.len() > MAX_VESSELS {
        let cause = format!("{} calls at one quay; the limit is {MAX_VESSELS}", wire.calls.len());
        reader.issues.note("too_many_calls", "/calls", cause, "plan a shorter horizon at once");
    }
    let tide = wire.quay.tide.as_ref();
    for (name, windows) in [
        ("arrivals", tide.map_or(0, |tide| tide.arrivals.len())),
        ("departures", tide.map_or(0, |tide| tide.departures.len())),
    ] {
        if windows > limits::MAX_WINDOWS {
            let cause = format!("{windows} windows; the limit is {}", limits::MAX_WINDOWS);
            let action = "give one period of them and `period_s`";
            reader.issues.note("too_many_windows", format!("/quay/tide/{name}"), cause, action);
        }
    }
}

/// The quay's own data: lengths in centimetres, times in seconds.
struct Quay {
    length: i64,
    clearance: i64,
    draft: Option<Centimetres>,
    moves_per_hour: Option<i64>,
    /// Calls deeper than this wait for the tide; all of them where it is `None` within `Some`.
    tide: Option<Option<Centimetres>>,
    arrivals: Vec<(i64, i64)>,
    departures: Vec<(i64, i64)>,
    period: Option<i64>,
}

impl Quay {
    fn read(reader: &mut Reader, wire: &QuayWire) -> Self {
        let mut metres = |name: &str, metres: f64| reader.metres(&format!("/quay/{name}"), metres);
        let length = metres("length_m", wire.length_m);
        let clearance = wire.clearance_m.and_then(|clearance| metres("clearance_m", clearance));
        let draft = wire.draft_m.and_then(|draft| metres("draft_m", draft));
        let free = wire.tide.as_ref().map(|tide| tide.free_draft_m.and_then(|free| metres("tide/free_draft_m", free)));
        if length.is_some_and(|length| length.0 == 0) {
            reader.issues.note("length_out_of_range", "/quay/length_m", "the quay has no length", "give its length");
        }
        if let Some(rate) = wire.moves_per_hour {
            reader.issues.whole("/quay/moves_per_hour", rate, 1, 10_000);
        }
        let (arrivals, departures, period) =
            wire.tide.as_ref().map_or_else(Default::default, |tide| tides(reader, tide));
        Self {
            length: length.unwrap_or_default().0,
            clearance: clearance.unwrap_or_default().0,
            draft,
            moves_per_hour: wire.moves_per_hour,
            tide: free,
            arrivals,
            departures,
            period,
        }
    }

    fn vessel(&self, reader: &mut Reader, at: usize, wire: &CallWire, step: i64) -> Vessel {
        let path = format!("/calls/{at}");
        if let Some(vessel) = &wire.vessel {
            reader.issues.name(&format!("{path}/vessel"), vessel);
        }
        let mut metres = |name: &str, metres: f64| reader.metres(&format!("{path}/{name}"), metres);
        let length = metres("length_m", wire.length_m).unwrap_or_default();
        let draft = wire.draft_m.and_then(|draft| metres("draft_m", draft));
        let section = wire.section.and_then(|section| {
            Some((metres("section/from_m", section.from_m)?.0, metres("section/to_m", section.to_m)?.0))
        });
        let frozen = wire.frozen.as_ref();
        let position = frozen.and_then(|place| metres("frozen/position_m", place.position_m));
        let fixed = frozen.and_then(|place| reader.time(&format!("{path}/frozen/start"), place.start));
        if let Some((vessel, limit)) = draft.zip(self.draft).filter(|(vessel, limit)| vessel > limit) {
            let cause = format!("the quay is {limit} deep, the vessel needs {vessel}");
            reader.issues.note("vessel_too_deep", format!("{path}/draft_m"), cause, "leave the call out of this quay");
        }
        let lies = position.map(|position| (position.0, position.0 + length.0));
        if lies.zip(section).is_some_and(|((from, to), (first, last))| from < first || last < to) {
            let cause = "the place does not lie within the call's section";
            let action = "move the place, or leave `section` out";
            reader.issues.note("frozen_outside_section", format!("{path}/frozen/position_m"), cause, action);
        }
        let waits = self.tide.is_some_and(|free| free.is_none_or(|free| draft.is_some_and(|draft| draft > free)));
        let weight = wire.weight.unwrap_or(1);
        Vessel {
            length: length.0,
            handling: self.handling(reader, &path, wire, step),
            arrival: reader.time(&format!("{path}/arrival"), wire.arrival).unwrap_or_default().0,
            weight: reader.issues.whole(&format!("{path}/weight"), weight, 1, limits::MAX_WEIGHT),
            berths_on_tide: waits && !self.arrivals.is_empty(),
            sails_on_tide: waits && !self.departures.is_empty(),
            section: lies.or(section),
            fixed: fixed.map(|start| start.0),
        }
    }

    fn handling(&self, reader: &mut Reader, path: &str, wire: &CallWire, step: i64) -> i64 {
        let (code, cause, action) = match (wire.handling_s, wire.moves, self.moves_per_hour) {
            (Some(seconds), None, _) => {
                return reader.issues.whole(&format!("{path}/handling_s"), seconds, 1, 366 * 86_400);
            }
            (None, Some(moves), Some(rate)) => {
                let moves = reader.issues.whole(&format!("{path}/moves"), moves, 1, 1_000_000);
                let rate = rate.max(1);
                let seconds = (moves * 3600 + rate - 1) / rate;
                return (seconds + step - 1) / step * step;
            }
            (None, Some(_), None) => {
                let action = "give the quay's `moves_per_hour`, or the call's `handling_s`";
                ("rate_missing", "the call gives moves, and the quay no moves an hour", action)
            }
            (Some(_), Some(_), _) => ("work_given_twice", "the call has both handling_s and moves", "give one of them"),
            (None, None, _) => ("work_missing", "the call has neither handling_s nor moves", "give one of them"),
        };
        reader.issues.note(code, path, cause, action);
        1
    }

    /// The largest number that divides every time: one instant of the instance.
    fn unit(&self, vessels: &[Vessel]) -> i64 {
        let of_vessel = |v: &Vessel| gcd(gcd(v.arrival, v.handling), v.fixed.unwrap_or(0));
        let windows = self.arrivals.iter().chain(&self.departures).map(|&(from, to)| gcd(from, to));
        vessels.iter().map(of_vessel).chain(windows).chain(self.period).fold(0, gcd).max(1)
    }

    /// The objective must stay within what is counted exactly, however late the last vessel sails.
    fn check_sums(&self, reader: &mut Reader, vessels: &[Vessel]) {
        let span = |windows: &[(i64, i64)]| windows.iter().map(|&(_, to)| to).max().unwrap_or(0);
        // A table goes on after twice its length at the most.
        let wait = 2 * (span(&self.arrivals) + span(&self.departures)) + self.period.unwrap_or(0);
        let latest = vessels.iter().map(|v| v.fixed.unwrap_or(v.arrival)).max().unwrap_or(0);
        let latest = latest + vessels.iter().map(|v| v.handling + wait).sum::<i64>();
        let worst: i128 = vessels.iter().map(|v| i128::from(v.weight) * i128::from(latest)).sum();
        if worst > i128::from(limits::MAX_OBJECTIVE) {
            reader.issues.note(
                "objective_too_large",
                "/calls",
                "with these weights and times the objective could grow past what is counted exactly",
                "use smaller weights",
            );
        }
    }

    fn instance(&self, vessels: Vec<Vessel>, unit: i64) -> Result<Instance, Vec<Invalid>> {
        let tides = |windows: &[(i64, i64)]| {
            let windows = windows.iter().map(|&(from, to)| (from / unit, to / unit)).collect();
            let period = self.period.map(|period| period / unit);
            if period.is_some() { Tides::new(windows, period) } else { Tides::continued(windows) }
        };
        let vessels = vessels.into_iter().map(|v| Vessel {
            handling: v.handling / unit,
            arrival: v.arrival / unit,
            fixed: v.fixed.map(|start| start / unit),
            ..v
        });
        let (berthing, sailing) = (tides(&self.arrivals), tides(&self.departures));
        let (in_tides, out_tides) = (berthing.clone().unwrap_or_default(), sailing.clone().unwrap_or_default());
        let instance = Instance::new(self.length, self.clearance, vessels.collect(), in_tides, out_tides);
        let broken: Vec<Invalid> = [berthing, sailing].into_iter().filter_map(Result::err).collect();
        if broken.is_empty() {
            return instance;
        }
        // That no vessel finds a tide then only repeats what is said of the table.
        let others = instance.err().unwrap_or_default();
        let others = others.into_iter().filter(|wrong| !matches!(wrong, Invalid::NoTide(_)));
        Err(broken.into_iter().chain(others).collect())
    }
}

type Spans = Vec<(i64, i64)>;

/// The windows for berthing and for sailing, and their period.
fn tides(reader: &mut Reader, wire: &TideWire) -> (Spans, Spans, Option<i64>) {
    if wire.arrivals.is_empty() && wire.departures.is_empty() {
        let action = "give `arrivals` or `departures`, or leave `tide` out";
        reader.issues.note("tide_without_windows", "/quay/tide", "the tide has no windows", action);
    }
    let mut read = |name: &str, windows: &[WindowWire]| -> Spans {
        let path = format!("/quay/tide/{name}");
        for (at, _) in windows.iter().enumerate().filter(|(_, window)| window.to.is_none()) {
            let action = "give `to`; where vessels may come and go at any time, leave the list out";
            reader.issues.note("tide_without_end", format!("{path}/{at}"), "the window has no end", action);
        }
        let read = reader.disjoint_windows(&path, windows);
        read.into_iter().map(|Window { from, to }| (from.0, to.0)).collect()
    };
    let (arrivals, departures) = (read("arrivals", &wire.arrivals), read("departures", &wire.departures));
    let most = limits::MAX_TIME_S;
    let period = wire.period_s.map(|period| reader.issues.whole("/quay/tide/period_s", period, 1, most));
    (arrivals, departures, period)
}

/// What is wrong with the instance, in the words of the request.
fn said(wrong: Invalid, wire: &Wire) -> Issue {
    let id = |at: usize| wire.calls[at].id.as_str();
    match wrong {
        Invalid::TooLong(at) => {
            let cause = format!("{} is {} m long, the quay {} m", id(at), wire.calls[at].length_m, wire.quay.length_m);
            Issue::new("vessel_too_long", format!("/calls/{at}/length_m"), cause, "leave the call out of this quay")
        }
        Invalid::Section(at) => {
            let which = if wire.calls[at].frozen.is_some() { "frozen" } else { "section" };
            let cause = format!("{} does not fit there, or it does not lie on the quay", id(at));
            let action = "keep it between 0 and the quay's length, at least as long as the vessel";
            Issue::new("place_impossible", format!("/calls/{at}/{which}"), cause, action)
        }
        Invalid::Fixed(at) => {
            let cause = format!("{} would berth before it arrives", id(at));
            let action = "let `start` be the arrival or later";
            Issue::new("frozen_before_arrival", format!("/calls/{at}/frozen/start"), cause, action)
        }
        Invalid::FixedMeet(first, second) => {
            let cause =
                format!("{} and {} would lie at the same place at the same time, or too near", id(first), id(second));
            let action = "move or unfreeze one of the two";
            Issue::new("frozen_calls_overlap", format!("/calls/{second}/frozen"), cause, action)
        }
        Invalid::NoTide(at) => {
            let cause = format!("{} waits for a tide of which one window is given", id(at));
            let action = "give `period_s`, or more windows of the table";
            Issue::new("tide_ends", "/quay/tide", cause, action)
        }
        Invalid::Period(_) => {
            let cause = "the period is shorter than the windows from the first to the last";
            Issue::new("period_too_short", "/quay/tide/period_s", cause, "give the windows of one period only")
        }
        other => {
            let cause = format!("counted in the largest unit that divides every time: {other}");
            let action = "use times that are multiples of a quarter of an hour, or a shorter horizon";
            Issue::new("times_too_fine", "", cause, action)
        }
    }
}
