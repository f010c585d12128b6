//! The ways in which each vessel can lie alongside.
//!
//! A vessel that berths at `t` leaves at the first sailing tide after its handling, and lies alongside until then. Where a plan
//! lets it wait alongside, berthing it later costs nothing and frees the quay, as long as it leaves at the same time: its new
//! rectangle is part of the old one. So one stay is enough for every departure: the latest start that reaches it. Without
//! berthing tides that is `departure - handling`, and the tides only thin out the legal departures. Where two departures have
//! the same latest start, only the earlier one is kept.

use serde::{Deserialize, Serialize};

use super::instance::Instance;

/// A vessel lies alongside in `[start, departure)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stay {
    /// When it berths.
    pub start: i64,
    /// When it sails.
    pub departure: i64,
}

impl Stay {
    /// Whether the two are alongside at the same time.
    pub fn meets(&self, other: &Self) -> bool {
        self.start < other.departure && other.start < self.departure
    }
}

/// The stay with the first departure at `time` or later; starts and departures grow together. `None` where no tide is left.
pub(crate) fn next_stay(instance: &Instance, vessel: usize, time: i64) -> Option<Stay> {
    let v = &instance.vessels()[vessel];
    if let Some(start) = v.fixed {
        let done = start + v.handling;
        let departure = if v.sails_on_tide { instance.sailing().next(done)? } else { done };
        return (departure >= time).then_some(Stay { start, departure });
    }
    let mut earliest = time.max(v.arrival + v.handling);
    if v.berths_on_tide {
        earliest = earliest.max(instance.berthing().next(v.arrival)? + v.handling);
    }
    let departure = if v.sails_on_tide { instance.sailing().next(earliest)? } else { earliest };
    let start = departure - v.handling;
    let start = if v.berths_on_tide { instance.berthing().previous(start)? } else { start };
    Some(Stay { start, departure })
}

/// All stays of all vessels that depart within a limit each.
///
/// invariant: for each vessel, starts and departures both strictly grow.
#[derive(Clone, Debug)]
pub(crate) struct Stays {
    /// Where the stays of each vessel begin in `list`; one more entry than vessels.
    first: Vec<u32>,
    list: Vec<Stay>,
    vessel: Vec<u32>,
}

impl Stays {
    /// The stays that depart at `limit[vessel]` or earlier.
    pub(crate) fn new(instance: &Instance, limit: &[i64]) -> Self {
        let (mut first, mut list, mut vessel) = (vec![0], Vec::<Stay>::new(), Vec::new());
        for (i, &limit) in limit.iter().enumerate() {
            let begin = list.len();
            let mut next = next_stay(instance, i, 0);
            while let Some(stay) = next.filter(|stay| stay.departure <= limit) {
                if list.len() == begin || list[list.len() - 1].start < stay.start {
                    list.push(stay);
                    vessel.push(i as u32);
                }
                next = next_stay(instance, i, stay.departure + 1);
            }
            first.push(list.len() as u32);
        }
        Self { first, list, vessel }
    }

    /// Number of all stays.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Number of vessels.
    pub(crate) fn vessels(&self) -> usize {
        self.first.len() - 1
    }

    /// Where the stays of a vessel stand.
    pub(crate) fn of(&self, vessel: usize) -> std::ops::Range<usize> {
        self.first[vessel] as usize..self.first[vessel + 1] as usize
    }

    /// A stay.
    pub(crate) fn stay(&self, index: usize) -> Stay {
        self.list[index]
    }

    /// Whose stay it is.
    pub(crate) fn vessel(&self, index: usize) -> usize {
        self.vessel[index] as usize
    }

    /// The first start of any stay.
    pub(crate) fn begin(&self) -> i64 {
        self.list.iter().map(|stay| stay.start).min().unwrap_or(0)
    }

    /// The first instant after all stays.
    pub(crate) fn end(&self) -> i64 {
        self.list.iter().map(|stay| stay.departure).max().unwrap_or(0)
    }
}

/// The earliest departure of every vessel if it were alone, where each has one.
pub(crate) fn earliest(instance: &Instance) -> Option<Vec<i64>> {
    (0..instance.vessels().len()).map(|i| next_stay(instance, i, 0).map(|stay| stay.departure)).collect()
}

/// The latest departure of each vessel in any plan that costs less than `upper`: all others leave at their earliest.
///
/// This is the only horizon there is. A cap at the end of some heuristic plan would not be safe.
pub(crate) fn limits(instance: &Instance, earliest: &[i64], upper: i64) -> Vec<i64> {
    let vessels = instance.vessels();
    let least: i64 = vessels.iter().zip(earliest).map(|(v, &d)| v.weight * d).sum();
    let slack = upper - 1 - least;
    vessels.iter().zip(earliest).map(|(v, &d)| if slack < 0 { -1 } else { d + slack / v.weight }).collect()
}
