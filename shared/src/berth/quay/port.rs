//! A validated quay problem with the names that its planner gave: what the solver's [`Instance`] leaves out.

use jiff::Timestamp;

use super::instance::Instance;
use super::schedule::{Berth, Schedule};
use crate::time::Time;
use crate::units::Seconds;

/// A call's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The caller's name for it.
    pub id: String,
    /// The vessel's name.
    pub vessel: Option<String>,
}

/// A quay problem: the instance counts lengths in centimetres and times in [`Port::unit`]s from the start of the horizon.
#[derive(Clone, Debug)]
pub struct Port {
    pub(super) origin: Option<Timestamp>,
    pub(super) unit: Seconds,
    /// In the order of the request, as the vessels of the instance.
    pub(super) calls: Vec<Call>,
    pub(super) instance: Instance,
}

impl Port {
    /// The instant that time zero stands for, where the request had one.
    pub fn origin(&self) -> Option<Timestamp> {
        self.origin
    }

    /// The largest number of seconds that divides every time in the request.
    pub fn unit(&self) -> Seconds {
        self.unit
    }

    /// The calls, in the order of the request.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// What is solved.
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// An instant of the instance as a time.
    pub(super) fn shown(&self, instant: i64) -> Time {
        Time::from_seconds(Seconds(instant * self.unit.0), self.origin)
    }

    /// The sum of weighted departures as one of weighted seconds in port.
    pub(super) fn cost(&self, weighted_departures: i64) -> i64 {
        (weighted_departures - self.instance.weighted_arrivals()) * self.unit.0
    }

    /// What one call's stay costs: its weighted seconds in port.
    pub(super) fn cost_of(&self, call: usize, departure: i64) -> i64 {
        let vessel = &self.instance.vessels()[call];
        vessel.weight * (departure - vessel.arrival) * self.unit.0
    }

    /// What a schedule costs.
    pub(super) fn objective(&self, schedule: &Schedule) -> i64 {
        self.cost(schedule.objective(&self.instance))
    }

    /// The part of the quay that a vessel takes.
    pub(super) fn range(&self, call: usize, berth: Berth) -> (i64, i64) {
        (berth.position, berth.position + self.instance.vessels()[call].length)
    }
}

/// Centimetres in metres.
pub(super) fn metres(centimetres: i64) -> f64 {
    centimetres as f64 / 100.0
}
