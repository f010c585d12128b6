//! A berth problem from a terminal: calls that have not departed, berths with their calendars and rates, cranes that are awake.
//!
//! A call that is alongside is frozen where it lies. One that is late counts as arriving now. Where quay cranes are registered at a
//! berth, its rate is what those that are awake make of it: the sum of their own rates, or their share of the berth's. A berth whose cranes
//! are all silent is left out, and with it whoever lies there. Cranes that are bound to no berth are in no berth's rate: those that
//! are silent are named, and change nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use portolan::berth::wire::{AssignmentWire, BerthWire, CallWire, ClosureWire, WindowWire, Wire};
use portolan::time::Time;
use portolan::{Issue, Options, Problem as _, berth::Berths, problem};
use serde::{Deserialize, Serialize};

use super::super::call::{Call, Status};
use super::super::equipment::{Awake, Kind};
use super::super::event::{Reason, Refusal};
use super::super::layout::{Spec, instant};
use super::super::port::All;
use super::{Drawn, NotPlanned, named, no_equipment, working_at};

/// Handling times are rounded up to this, as the problem does it where nothing is said.
const STEP_S: i64 = 900;

/// A berth plan that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = TerminalBerthRequest)]
pub struct Asked {
    /// These calls only; all that have not departed where none is named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<String>,
    /// Counts on equipment that is offline as well.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub include_offline: bool,
    /// How to solve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<Options>,
}

/// The problem.
pub fn draw(all: &All, equipment: &[Awake], asked: &Asked, now: Timestamp) -> Result<Drawn, Refusal> {
    let spec = all.spec().ok_or_else(|| Refusal::new(Reason::NoTerminal, "there is no such terminal"))?;
    let mut notes = Notes::default();
    // To the minute, so that the same request a little later is the same problem.
    let now = rounded_up(now, 60);
    let calls = wanted(all, asked)?;
    let origin = origin(&calls, now);
    let berths = berths(spec, equipment, asked, origin, &mut notes)?;
    let mut wires: Vec<CallWire> =
        calls.into_iter().filter_map(|call| wire(call, &berths, now, &mut notes.left_out)).collect();
    loop {
        if wires.is_empty() {
            let issue = Issue::new("no_calls", "/calls", notes.nothing(), "announce calls, or wait for some");
            return Err(Refusal::issues(vec![issue]));
        }
        let wire = Wire {
            horizon_start: Some(Time::Absolute(origin)),
            time_step_s: None,
            berths: berths.clone(),
            calls: wires.clone(),
            stability: None,
            options: asked.options.clone(),
        };
        // Plain data always serialises.
        let document = serde_json::to_vec(&wire).unwrap_or_default();
        let issues = match problem::find(Berths::NAME).map(|problem| problem.read(&document)) {
            Some(Ok(request)) => return Ok(Drawn { request, offline: notes.offline, left_out: notes.left_out }),
            Some(Err(issues)) => issues,
            None => Vec::new(),
        };
        // A call that fits nowhere does not keep the others from being planned.
        let misfits: BTreeMap<usize, String> = issues
            .iter()
            .filter(|issue| issue.code == "call_fits_no_berth")
            .filter_map(|issue| Some((issue.path.strip_prefix("/calls/")?.parse().ok()?, issue.cause.clone())))
            .collect();
        if misfits.is_empty() || misfits.len() < issues.len() {
            return Err(Refusal::issues(named(issues, |list, at| match list {
                "calls" => Some(wires.get(at)?.id.clone()),
                "berths" => Some(berths.get(at)?.id.clone()),
                _ => None,
            })));
        }
        for (at, cause) in misfits.into_iter().rev() {
            notes.left_out.push(NotPlanned::new(&wires.remove(at).id, cause));
        }
    }
}

#[derive(Default)]
struct Notes {
    offline: Vec<String>,
    left_out: Vec<NotPlanned>,
}

impl Notes {
    fn nothing(&self) -> String {
        let why: Vec<String> = self.left_out.iter().map(|it| format!("{}: {}", it.id, it.cause)).collect();
        let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join("; ")) };
        format!("no call is left to be planned{why}")
    }
}

/// Calls to plan, by id.
fn wanted<'a>(all: &'a All, asked: &Asked) -> Result<Vec<&'a Call>, Refusal> {
    let open = |call: &&Call| matches!(call.details.status, Status::Expected | Status::Alongside);
    if asked.calls.is_empty() {
        return Ok(all.calls().filter(open).collect());
    }
    let mut issues = Vec::new();
    let mut found: Vec<&Call> = Vec::new();
    for (at, id) in asked.calls.iter().enumerate() {
        let path = format!("/calls/{at}");
        match all.calls().find(|call| call.id == *id) {
            None => {
                let cause = format!("there is no call {:?}", super::super::shortened(id));
                issues.push(Issue::new("unknown_call", path, cause, "use the id of a call of this terminal"));
            }
            Some(call) if !open(&call) => {
                let cause = format!("{id} has departed, or will not come");
                issues.push(Issue::new("call_is_over", path, cause, "leave it out"));
            }
            Some(call) if found.iter().any(|other| other.id == *id) => {
                let cause = format!("{} stands twice in the list", call.id);
                issues.push(Issue::new("duplicate_call", path, cause, "leave one of them out"));
            }
            Some(call) => found.push(call),
        }
    }
    if issues.is_empty() { Ok(found) } else { Err(Refusal::issues(issues)) }
}

/// The hour in which the earliest of it all begins. Not now, which would make a new problem of every request.
fn origin(calls: &[&Call], now: Timestamp) -> Timestamp {
    let first = calls.iter().map(|call| call.details.since.unwrap_or(call.details.eta).min(call.details.eta)).min();
    let second = first.unwrap_or(now).as_second();
    Timestamp::from_second(second - second.rem_euclid(3600)).unwrap_or(now)
}

/// Berths that can be used, each with its rate of today.
fn berths(
    spec: &Spec,
    equipment: &[Awake],
    asked: &Asked,
    origin: Timestamp,
    notes: &mut Notes,
) -> Result<Vec<BerthWire>, Refusal> {
    let mut berths = Vec::new();
    for berth in &spec.berths {
        let (awake, silent) = working_at(equipment, Some(&berth.id), &[Kind::QuayCrane], asked.include_offline);
        if awake.is_empty() && !silent.is_empty() {
            let cause = format!("all its cranes are offline: {}", silent.join(", "));
            notes.left_out.push(NotPlanned::new(&berth.id, cause));
            notes.offline.extend(silent);
            continue;
        }
        let moves_per_hour = rate(berth, &awake, silent.len());
        notes.offline.extend(silent);
        match since(berth, origin) {
            Some(calendar) => berths.push(BerthWire { moves_per_hour, ..calendar }),
            None => notes.left_out.push(NotPlanned::new(&berth.id, "it is not open any more")),
        }
    }
    if berths.is_empty() && !notes.offline.is_empty() {
        return Err(no_equipment("the quay", &notes.offline));
    }
    notes.offline.extend(working_at(equipment, None, &[Kind::QuayCrane], asked.include_offline).1);
    Ok(berths)
}

fn rate(berth: &BerthWire, awake: &[&Awake], silent: usize) -> Option<i64> {
    if awake.is_empty() {
        return berth.moves_per_hour;
    }
    let own: Option<i64> = awake.iter().map(|crane| crane.equipment.details.moves_per_hour.map(i64::from)).sum();
    let share = |rate: i64| (rate * awake.len() as i64 / (awake.len() + silent) as i64).max(1);
    own.or_else(|| berth.moves_per_hour.map(share))
}

/// A berth without what was over before the horizon begins; `None` where it is not open after that.
fn since(berth: &BerthWire, origin: Timestamp) -> Option<BerthWire> {
    let over = |time: Option<Time>| time.and_then(instant).is_some_and(|at| at <= origin);
    let clipped = |windows: &[WindowWire]| -> Vec<WindowWire> {
        let left = windows.iter().filter(|window| !over(window.to)).cloned();
        left.map(|window| WindowWire { from: window.from.filter(|from| !over(Some(*from))), ..window }).collect()
    };
    let mut berth = berth.clone();
    if let Some(open) = &berth.open {
        let left = clipped(open);
        if left.is_empty() {
            return None;
        }
        berth.open = Some(left);
    }
    if let Some(tide) = &mut berth.tide {
        tide.windows = clipped(&tide.windows);
    }
    let closures = berth.closures.iter().filter(|closure| !over(Some(closure.to)));
    let start = |from: Time| if over(Some(from)) { Time::Absolute(origin) } else { from };
    berth.closures = closures.map(|closure| ClosureWire { from: start(closure.from), ..closure.clone() }).collect();
    Some(berth)
}

fn wire(call: &Call, berths: &[BerthWire], now: Timestamp, left_out: &mut Vec<NotPlanned>) -> Option<CallWire> {
    let details = &call.details;
    let mut wire = CallWire::new(&call.id, Time::Absolute(rounded_up(details.eta.max(now), 1)));
    wire.vessel.clone_from(&details.vessel);
    (wire.length_m, wire.draft_m) = (details.length_m, details.draft_m);
    (wire.class, wire.weight, wire.moves) = (Some(details.class), details.weight, Some(details.moves));
    wire.latest_departure = details.latest_departure.map(|at| Time::Absolute(rounded_up(at, 1)));
    (wire.due, wire.tardiness_weight) = (details.due.map(|at| Time::Absolute(second(at))), details.tardiness_weight);
    let Some((berth, since)) =
        details.berth.as_ref().zip(details.since).filter(|_| details.status == Status::Alongside)
    else {
        if details.latest_departure.is_some_and(|latest| latest <= now) {
            left_out.push(NotPlanned::new(&call.id, "its latest departure has passed, and it is not here"));
            return None;
        }
        if !details.berths.is_empty() {
            // The problem knows the berths of a call by its time at each.
            let allowed = berths.iter().filter(|berth| details.berths.contains(&berth.id));
            let times =
                allowed.filter_map(|at| Some((at.id.clone(), stepped(work(details.moves, at.moves_per_hour?)))));
            let times: BTreeMap<String, i64> = times.collect();
            if times.is_empty() {
                left_out.push(NotPlanned::new(&call.id, "none of the berths it may go to can be used"));
                return None;
            }
            (wire.moves, wire.handling_s) = (None, Some(times));
        }
        return Some(wire);
    };
    let Some(at) = berths.iter().find(|wire| wire.id == *berth) else {
        left_out.push(NotPlanned::new(&call.id, format!("it lies at {berth}, which is left out")));
        return None;
    };
    // It lies there, whatever was agreed; and at least until now.
    let start = second(since);
    let work = at.moves_per_hour.map_or(0, |rate| work(details.moves, rate));
    let lies = now.as_second() - start.as_second();
    (wire.moves, wire.handling_s) = (None, Some([(berth.clone(), stepped(work.max(lies)))].into()));
    (wire.length_m, wire.draft_m, wire.latest_departure) = (None, None, None);
    wire.arrival = Time::Absolute(second(details.eta.min(start)));
    wire.frozen = Some(AssignmentWire { berth: berth.clone(), start: Time::Absolute(start) });
    Some(wire)
}

/// Seconds that so many moves take.
fn work(moves: i64, rate: i64) -> i64 {
    (moves * 3600 + rate - 1) / rate.max(1)
}

/// In whole steps, one at least.
fn stepped(seconds: i64) -> i64 {
    (seconds.max(1) + STEP_S - 1) / STEP_S * STEP_S
}

/// The second in which an instant lies.
fn second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// The first multiple of so many seconds at or after an instant.
fn rounded_up(at: Timestamp, seconds: i64) -> Timestamp {
    let whole = at.as_second() + i64::from(at.subsec_nanosecond() > 0);
    Timestamp::from_second((whole + seconds - 1).div_euclid(seconds) * seconds).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::super::super::call::Details;
    use super::super::super::equipment::{self, Equipment};
    use super::super::super::event::{Body, Record, Stamp};
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-03-{text}:00Z").parse().expect("a time")
    }

    fn terminal(calls: &[(&str, &str)]) -> All {
        let spec = r#"{"berths":[
            {"id":"N","moves_per_hour":60,"closures":[
                {"from":"2026-03-01T00:00:00Z","to":"2026-03-01T12:00:00Z"},{"from":"2026-03-01T20:00:00Z","to":"2026-03-02T04:00:00Z"}]},
            {"id":"S","moves_per_hour":30,"open":[{"to":"2026-03-01T00:00:00Z"}]}]}"#;
        let stamp = Stamp { version: 1, at: at("01T00:00"), by: "t".to_owned() };
        let record = |body| Record { body, stamp: stamp.clone() };
        let spec = Body::Terminal(Box::new(serde_json::from_str(spec).expect("a layout")));
        let call = |(id, json): &(&str, &str)| {
            let details: Details = serde_json::from_str(json).expect("a call");
            record(Body::Call(Call { id: (*id).to_owned(), details, estimates: Vec::new() }))
        };
        All { version: 9, records: std::iter::once(record(spec)).chain(calls.iter().map(call)).collect() }
    }

    fn crane(id: &str, at: &str, rate: Option<u32>, online: bool) -> Awake {
        let details =
            equipment::Details { kind: Kind::QuayCrane, name: None, at: Some(at.to_owned()), moves_per_hour: rate };
        Awake { equipment: Equipment { id: id.to_owned(), details }, online, last_seen: None }
    }

    fn drawn(all: &All, equipment: &[Awake], now: &str) -> Result<(serde_json::Value, Drawn), Refusal> {
        let drawn = draw(all, equipment, &Asked::default(), at(now))?;
        Ok((drawn.request.to_json(), drawn))
    }

    const NEXT: (&str, &str) = ("NEXT", r#"{"eta":"2026-03-02T08:30:00Z","moves":120}"#);

    #[test]
    fn what_is_over_is_left_out_and_what_goes_on_is_clipped() {
        let (wire, drawn) = drawn(&terminal(&[NEXT]), &[], "02T01:00").expect("a problem");
        assert_eq!(wire["horizon_start"], "2026-03-02T08:00:00Z");
        assert_eq!(wire["berths"].as_array().map(Vec::len), Some(1));
        assert_eq!(wire["berths"][0].get("closures"), None, "{wire:#}");
        assert_eq!(drawn.left_out, [NotPlanned::new("S", "it is not open any more")]);
        let early = ("EARLY", r#"{"eta":"2026-03-02T01:10:00Z","moves":60}"#);
        let (wire, _) = self::drawn(&terminal(&[NEXT, early]), &[], "02T01:00").expect("a problem");
        let closure = serde_json::json!([{"from": "2026-03-02T01:00:00Z", "to": "2026-03-02T04:00:00Z"}]);
        assert_eq!(wire["berths"][0]["closures"], closure, "it began before the horizon does");
    }

    #[test]
    fn cranes_make_the_rate_of_a_berth() {
        let all = terminal(&[NEXT]);
        let rate = |cranes: &[Awake]| {
            drawn(&all, cranes, "02T01:00")
                .map(|(wire, drawn)| (wire["berths"][0]["moves_per_hour"].clone(), drawn.offline))
        };
        let own = [crane("1", "N", Some(28), true), crane("2", "N", Some(25), true), crane("3", "N", Some(25), false)];
        assert_eq!(rate(&own), Ok((53.into(), vec!["3".to_owned()])));
        let share = [crane("1", "N", None, true), crane("2", "N", Some(25), true), crane("3", "N", None, false)];
        assert_eq!(rate(&share).map(|(rate, _)| rate), Ok(40.into()));
        let mut roaming = crane("9", "N", Some(25), false);
        roaming.equipment.details.at = None;
        let named = rate(&[own.to_vec(), vec![roaming]].concat());
        assert_eq!(named, Ok((53.into(), vec!["3".to_owned(), "9".to_owned()])), "it is named, and changes no rate");
        let refusal = rate(&[crane("1", "N", None, false)]).expect_err("nothing is awake");
        assert_eq!(refusal.reason, Reason::NoEquipment);
    }

    #[test]
    fn whoever_is_alongside_stays_until_now_at_least() {
        let here = r#"{"eta":"2026-03-02T05:00:00Z","moves":60,"status":"alongside","berth":"N","since":"2026-03-02T05:10:30Z"}"#;
        let (wire, _) = drawn(&terminal(&[("HERE", here), NEXT]), &[], "02T09:40").expect("a problem");
        assert_eq!(wire["horizon_start"], "2026-03-02T05:00:00Z");
        // An hour's work; it has been there for four and a half.
        assert_eq!(wire["calls"][0]["handling_s"]["N"], 18 * 900);
        assert_eq!(wire["calls"][0]["frozen"]["start"], "2026-03-02T05:10:30Z");
        assert_eq!(wire["calls"][1]["arrival"], "2026-03-02T09:40:00Z", "it is late, so it comes now");
    }

    #[test]
    fn what_a_call_is_bound_to_is_in_the_problem() {
        let due = r#"{"eta":"2026-03-02T05:00:00Z","moves":120,"due":"2026-03-02T07:00:00Z","tardiness_weight":5,"berths":["S","N"]}"#;
        let gone = r#"{"eta":"2026-03-02T05:00:00Z","moves":60,"berths":["S"]}"#;
        let (wire, drawn) =
            drawn(&terminal(&[("DUE", due), ("GONE", gone), NEXT]), &[], "02T01:00").expect("a problem");
        let call = &wire["calls"][0];
        assert_eq!((&call["due"], &call["tardiness_weight"]), (&"2026-03-02T07:00:00Z".into(), &5.into()));
        assert_eq!((call["handling_s"].to_string(), call.get("moves")), (r#"{"N":7200}"#.to_owned(), None));
        assert_eq!(wire["calls"][1]["moves"], 120, "it may go anywhere");
        assert_eq!(drawn.left_out[1], NotPlanned::new("GONE", "none of the berths it may go to can be used"));
    }

    #[test]
    fn nobody_to_plan_for_is_no_problem() {
        let gone = ("GONE", r#"{"eta":"2026-03-02T05:00:00Z","moves":60,"status":"departed"}"#);
        let missed =
            ("MISSED", r#"{"eta":"2026-03-02T05:00:00Z","moves":60,"latest_departure":"2026-03-02T07:00:00Z"}"#);
        let refusal = drawn(&terminal(&[gone, missed]), &[], "02T09:40").err().expect("no call is left");
        assert!(refusal.issues[0].cause.contains("MISSED: its latest departure has passed"), "{refusal:?}");
    }
}
