//! A quay plan as a planner reads it: who lies where and when, how long each vessel waits and for what, and the usual key figures.

use serde::{Deserialize, Serialize};

use super::explain::{self, Delay};
use super::port::{Port, metres};
use super::schedule::Schedule;
use crate::time::Time;

/// A quay plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = QuayPlan))]
pub struct Plan {
    /// Every call, by start.
    pub assignments: Vec<Visit>,
    /// Key figures.
    pub kpis: Kpis,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = QuayVisit))]
pub struct Visit {
    /// The call's `id`.
    pub call: String,
    /// The vessel's name, where the request gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vessel: Option<String>,
    /// Where its left end lies, from the left end of the quay.
    pub position_m: f64,
    /// Where its right end lies.
    pub end_m: f64,
    /// When it arrives.
    pub arrival: Time,
    /// When it is alongside and handling begins: the time to ask the vessel to be there for.
    pub start: Time,
    /// When it leaves.
    pub departure: Time,
    /// From arrival to start.
    pub waiting_s: i64,
    /// Handling time.
    pub handling_s: i64,
    /// From arrival to departure.
    pub turnaround_s: i64,
    /// What it costs.
    pub cost: i64,
    /// Whether the request had decided it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub frozen: bool,
    /// Why it waits, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<Delay>,
}

/// Key figures of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = QuayKpis))]
pub struct Kpis {
    /// Calls served: all of them.
    pub served: usize,
    /// Mean time from arrival to start.
    pub mean_waiting_s: f64,
    /// Longest time from arrival to start.
    pub max_waiting_s: i64,
    /// Mean time from arrival to departure.
    pub mean_turnaround_s: f64,
    /// When the last vessel leaves; not there where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_departure: Option<Time>,
    /// Share of the quay's length in use, from the first start to the last departure.
    pub utilisation: f64,
}

impl Plan {
    /// Writes a schedule out.
    pub(super) fn new(port: &Port, schedule: &Schedule) -> Self {
        let mut delays = explain::explain(port, schedule);
        let mut order: Vec<usize> = (0..schedule.0.len()).collect();
        order.sort_by_key(|&i| (schedule.0[i].stay.start, schedule.0[i].position, i));
        let assignments: Vec<Visit> = order.iter().map(|&i| visit(port, schedule, i, delays[i].take())).collect();
        let kpis = kpis(port, schedule, &assignments);
        Self { assignments, kpis }
    }
}

pub(super) fn visit(port: &Port, schedule: &Schedule, i: usize, delay: Option<Delay>) -> Visit {
    let (call, vessel, berth) = (&port.calls[i], &port.instance.vessels()[i], schedule.0[i]);
    let (from, to) = port.range(i, berth);
    let seconds = |instants: i64| instants * port.unit.0;
    Visit {
        call: call.id.clone(),
        vessel: call.vessel.clone(),
        position_m: metres(from),
        end_m: metres(to),
        arrival: port.shown(vessel.arrival),
        start: port.shown(berth.stay.start),
        departure: port.shown(berth.stay.departure),
        waiting_s: seconds(berth.stay.start - vessel.arrival),
        handling_s: seconds(vessel.handling),
        turnaround_s: seconds(berth.stay.departure - vessel.arrival),
        cost: port.cost_of(i, berth.stay.departure),
        frozen: vessel.fixed.is_some(),
        delay,
    }
}

pub(super) fn kpis(port: &Port, schedule: &Schedule, visits: &[Visit]) -> Kpis {
    let mean = |sum: i64| if visits.is_empty() { 0.0 } else { sum as f64 / visits.len() as f64 };
    let first = schedule.0.iter().map(|berth| berth.stay.start).min().unwrap_or(0);
    let last = schedule.0.iter().map(|berth| berth.stay.departure).max();
    let used: f64 = port
        .instance
        .vessels()
        .iter()
        .zip(&schedule.0)
        .map(|(v, berth)| v.length as f64 * (berth.stay.departure - berth.stay.start) as f64)
        .sum();
    let all = port.instance.quay() as f64 * (last.unwrap_or(first) - first) as f64;
    Kpis {
        served: visits.len(),
        mean_waiting_s: mean(visits.iter().map(|visit| visit.waiting_s).sum()),
        max_waiting_s: visits.iter().map(|visit| visit.waiting_s).max().unwrap_or(0),
        mean_turnaround_s: mean(visits.iter().map(|visit| visit.turnaround_s).sum()),
        last_departure: last.map(|last| port.shown(last)),
        utilisation: if all > 0.0 { used / all } else { 0.0 },
    }
}
