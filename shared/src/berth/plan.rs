//! A berth plan as a planner reads it: who goes where and when, how long each vessel waits and for what,
//! what changed since the earlier plan, and the usual key figures.

use serde::{Deserialize, Serialize};

use super::explain::{self, Delay, LeftOut};
use super::instance::{Assignment, Instance};
use crate::ids::{BerthIdx, CallIdx};
use crate::time::Time;
use crate::units::Seconds;

/// A solution in dense indices. Shape: calls; `None` where a call is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(pub Vec<Option<Assignment>>);

/// A berth plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BerthPlan))]
pub struct Plan {
    /// Every call that is served, by start.
    pub assignments: Vec<Visit>,
    /// Every call that is not, with the reason.
    pub left_out: Vec<LeftOut>,
    /// What differs from the earlier plan.
    pub changes: Vec<Change>,
    /// Key figures.
    pub kpis: Kpis,
    /// Use of each berth.
    pub berths: Vec<BerthUse>,
}

/// One call, served.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BerthVisit))]
pub struct Visit {
    /// The call's `id`.
    pub call: String,
    /// The vessel's name, where the request gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vessel: Option<String>,
    /// The berth's `id`.
    pub berth: String,
    /// When it arrives.
    pub arrival: Time,
    /// When it is alongside and handling begins: the time to ask the vessel to be there for.
    pub start: Time,
    /// When it leaves.
    pub departure: Time,
    /// From arrival to start.
    pub waiting_s: i64,
    /// Handling time on this berth.
    pub handling_s: i64,
    /// From arrival to departure.
    pub turnaround_s: i64,
    /// Departure past `due`; not there where the call has no due time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tardiness_s: Option<i64>,
    /// What it costs, in its priority class.
    pub cost: i64,
    /// Whether the request had decided it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub frozen: bool,
    /// Why it waits, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<Delay>,
}

/// A difference from the earlier plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BerthChange))]
pub struct Change {
    /// The call's `id`.
    pub call: String,
    /// Where it was to go.
    pub from_berth: String,
    /// Where it goes now; not there where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_berth: Option<String>,
    /// How much later it starts; negative is earlier, not there where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub later_s: Option<i64>,
    /// When it was to start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_start: Option<Time>,
    /// Why it does not stay where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<WhyMoved>,
}

/// Why a call does not stay where an earlier plan had it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BerthWhyMoved))]
pub enum WhyMoved {
    /// It arrives after it was to start.
    ArrivesLater {
        /// By so much.
        by_s: i64,
    },
    /// It cannot start there then any more: the berth is closed, against the tide, too short, or held by a frozen call.
    PlaceLost,
    /// These calls hold the berth now in the time that it had.
    Displaced {
        /// Their `id`s, by start.
        by: Vec<String>,
    },
    /// The place is free; it moves because the whole plan is cheaper so, what the move costs included.
    Cheaper,
}

/// Key figures of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BerthKpis))]
pub struct Kpis {
    /// Calls served.
    pub served: usize,
    /// Calls left out.
    pub left_out: usize,
    /// Mean time from arrival to start.
    pub mean_waiting_s: f64,
    /// Longest time from arrival to start.
    pub max_waiting_s: i64,
    /// Mean time from arrival to departure.
    pub mean_turnaround_s: f64,
    /// Share of the calls with a due time that leave by it; not there where no call has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_time_share: Option<f64>,
    /// When the last vessel leaves; not there where none is served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_departure: Option<Time>,
}

/// Use of one berth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BerthUse {
    /// The berth's `id`.
    pub berth: String,
    /// Calls served there.
    pub calls: usize,
    /// Time with a vessel alongside.
    pub busy_s: i64,
    /// Share of the time until the plan's last departure in which it could be used and was.
    pub utilisation: f64,
}

impl Plan {
    /// Writes a schedule out.
    pub(super) fn new(instance: &Instance, schedule: &Schedule) -> Self {
        let explained = explain::explain(instance, schedule);
        let mut visits: Vec<(Seconds, Visit)> = Vec::new();
        let mut left_out = Vec::new();
        let mut changes = Vec::new();
        for (idx, reason) in CallIdx::all(instance.calls().len()).zip(explained) {
            let place = schedule.0[idx.at()];
            changes.extend(change(instance, schedule, idx));
            match (place, reason) {
                (Some(place), reason) => visits.push((place.start, visit(instance, idx, place, reason.delay))),
                (None, reason) => left_out.extend(reason.left_out),
            }
        }
        visits.sort_by(|(start, visit), (other_start, other)| {
            (start, &visit.berth, &visit.call).cmp(&(other_start, &other.berth, &other.call))
        });
        let (kpis, berths) = figures(instance, schedule);
        Self { assignments: visits.into_iter().map(|(_, visit)| visit).collect(), left_out, changes, kpis, berths }
    }
}

/// Departure of a call placed in one of its slots.
///
/// # Panics
/// Where the place is in no slot: the solver and [`super::verify`] both place calls in slots only.
pub(super) fn departure(instance: &Instance, call: CallIdx, place: Assignment) -> Seconds {
    let slot =
        instance.slots(call, place.berth).iter().find(|slot| slot.first <= place.start && place.start <= slot.last);
    instance.departure(call, place.berth, slot.expect("a placed call stands in a slot"), place.start)
}

/// The cost of a schedule in each class.
pub(super) fn cost_by_class(instance: &Instance, schedule: &Schedule) -> Vec<i64> {
    let mut by_class = vec![0; instance.classes().len()];
    for (call, place) in CallIdx::all(instance.calls().len()).zip(&schedule.0) {
        by_class[instance.class_of[call.at()]] += match place {
            Some(place) => instance.class_cost(call, *place, departure(instance, call, *place)),
            None => instance.class_of(call).left_out,
        };
    }
    by_class
}

fn visit(instance: &Instance, idx: CallIdx, place: Assignment, delay: Option<Delay>) -> Visit {
    let call = instance.call(idx);
    let departure = departure(instance, idx, place);
    let shown = |time| Time::from_seconds(time, instance.origin());
    Visit {
        call: call.id.clone(),
        vessel: call.vessel.clone(),
        berth: instance.berth(place.berth).id.clone(),
        arrival: shown(call.arrival),
        start: shown(place.start),
        departure: shown(departure),
        waiting_s: (place.start - call.arrival).0,
        handling_s: instance.handling(idx, place.berth).0,
        turnaround_s: (departure - call.arrival).0,
        tardiness_s: call.due.map(|due| departure.past(due).0),
        cost: instance.class_cost(idx, place, departure),
        frozen: call.frozen.is_some(),
        delay,
    }
}

fn change(instance: &Instance, schedule: &Schedule, idx: CallIdx) -> Option<Change> {
    let call = instance.call(idx);
    let earlier = call.earlier?;
    let place = schedule.0[idx.at()];
    let later = place.map(|place| (place.start - earlier.start).0);
    (place != Some(earlier)).then(|| Change {
        call: call.id.clone(),
        from_berth: instance.berth(earlier.berth).id.clone(),
        to_berth: place.map(|place| instance.berth(place.berth).id.clone()),
        later_s: later,
        from_start: Some(Time::from_seconds(earlier.start, instance.origin())),
        why: Some(why_moved(instance, schedule, idx, earlier)),
    })
}

fn why_moved(instance: &Instance, schedule: &Schedule, idx: CallIdx, earlier: Assignment) -> WhyMoved {
    let late = instance.call(idx).arrival.past(earlier.start);
    if late > Seconds::ZERO {
        return WhyMoved::ArrivesLater { by_s: late.0 };
    }
    let slots = instance.slots(idx, earlier.berth);
    let Some(slot) = slots.iter().find(|slot| slot.first <= earlier.start && earlier.start <= slot.last) else {
        return WhyMoved::PlaceLost;
    };
    let clearance = instance.berth(earlier.berth).clearance;
    let end = instance.departure(idx, earlier.berth, slot, earlier.start) + clearance;
    let mut by: Vec<(Seconds, String)> = CallIdx::all(schedule.0.len())
        .filter(|&other| other != idx)
        .filter_map(|other| Some((other, schedule.0[other.at()].filter(|place| place.berth == earlier.berth)?)))
        .filter(|&(other, place)| place.start < end && earlier.start < departure(instance, other, place) + clearance)
        .map(|(other, place)| (place.start, instance.call(other).id.clone()))
        .collect();
    by.sort();
    if by.is_empty() {
        WhyMoved::Cheaper
    } else {
        WhyMoved::Displaced { by: by.into_iter().map(|(_, id)| id).collect() }
    }
}

fn figures(instance: &Instance, schedule: &Schedule) -> (Kpis, Vec<BerthUse>) {
    let mut waits = Vec::new();
    let mut turnaround = Seconds::ZERO;
    let mut on_time = (0, 0);
    let mut end = Seconds::ZERO;
    let mut busy = vec![(0, Seconds::ZERO); instance.berths().len()];
    for (idx, place) in CallIdx::all(instance.calls().len()).zip(&schedule.0) {
        let call = instance.call(idx);
        let Some(place) = *place else {
            on_time.1 += usize::from(call.due.is_some());
            continue;
        };
        let departure = departure(instance, idx, place);
        waits.push(place.start - call.arrival);
        turnaround = turnaround + (departure - call.arrival);
        if let Some(due) = call.due {
            on_time.0 += usize::from(departure <= due);
            on_time.1 += 1;
        }
        end = end.max(departure);
        let (calls, time) = &mut busy[place.berth.at()];
        *calls += 1;
        *time = *time + (departure - place.start);
    }
    let served = waits.len();
    let mean = |total: Seconds| if served == 0 { 0.0 } else { total.0 as f64 / served as f64 };
    let kpis = Kpis {
        served,
        left_out: schedule.0.len() - served,
        mean_waiting_s: mean(waits.iter().copied().sum()),
        max_waiting_s: waits.iter().max().map_or(0, |wait| wait.0),
        mean_turnaround_s: mean(turnaround),
        on_time_share: (on_time.1 > 0).then(|| on_time.0 as f64 / on_time.1 as f64),
        last_departure: (served > 0).then(|| Time::from_seconds(end, instance.origin())),
    };
    let berths = BerthIdx::all(busy.len())
        .zip(busy)
        .map(|(idx, (calls, busy))| {
            let berth = instance.berth(idx);
            let open = super::slots::open_time(berth, end);
            let utilisation = if open.0 == 0 { 0.0 } else { busy.0 as f64 / open.0 as f64 };
            BerthUse { berth: berth.id.clone(), calls, busy_s: busy.0, utilisation }
        })
        .collect();
    (kpis, berths)
}
