//! A timetable without issues: ports, sailings and transfers in seconds and positions.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use super::super::wire::{LotWire, Mode};
use crate::time::Time;
use crate::units::Seconds;

/// Ports, sailings and transfers.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Schedule {
    /// What time zero stands for.
    pub(in super::super) start: Option<Timestamp>,
    pub(in super::super) horizon_s: i64,
    pub(in super::super) ports: Vec<Port>,
    pub(in super::super) sailings: Vec<Sailing>,
    /// One for each direction.
    pub(in super::super) transfers: Vec<Transfer>,
}

/// Where containers are handled and stand.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Port {
    pub(in super::super) id: String,
    pub(in super::super) name: Option<String>,
    pub(in super::super) shift_s: i64,
    pub(in super::super) moves: Option<i64>,
    /// From, to, moves in a shift; the last that fits counts.
    pub(in super::super) changes: Vec<(i64, i64, i64)>,
    pub(in super::super) yard_teu: Option<i64>,
    pub(in super::super) plugs: Option<i64>,
    pub(in super::super) move_cents: i64,
    pub(in super::super) storage_cents: i64,
    pub(in super::super) dwell_s: i64,
}

impl Port {
    /// Containers that are handled in a shift; none where there is no limit.
    pub(in super::super) fn moves_in(&self, shift: i64) -> Option<i64> {
        let begins = shift * self.shift_s;
        let change = self.changes.iter().rev().find(|&&(from, to, _)| (from..to).contains(&begins));
        change.map_or(self.moves, |&(_, _, moves)| Some(moves))
    }

    /// The shifts that a stay touches.
    pub(in super::super) fn shifts(&self, arrive: i64, depart: i64) -> std::ops::RangeInclusive<i64> {
        let first = arrive.div_euclid(self.shift_s);
        first..=(depart - 1).div_euclid(self.shift_s).max(first)
    }
}

/// A voyage.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Sailing {
    pub(in super::super) id: String,
    pub(in super::super) vessel: Option<String>,
    pub(in super::super) slots_teu: i64,
    pub(in super::super) plugs: i64,
    /// Those within the horizon.
    pub(in super::super) calls: Vec<Call>,
    /// Position of the sailing as which the vessel goes on.
    pub(in super::super) continues: Option<usize>,
}

/// A call of a sailing. `arrive <= depart`, and the vessel leaves before it arrives at the next.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Call {
    pub(in super::super) port: usize,
    pub(in super::super) arrive: i64,
    pub(in super::super) depart: i64,
    /// Of the leg that begins here, for each TEU.
    pub(in super::super) leg_cents: i64,
    pub(in super::super) moves: Option<i64>,
}

/// A transfer in one direction.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Transfer {
    pub(in super::super) id: String,
    pub(in super::super) mode: Option<Mode>,
    pub(in super::super) from: usize,
    pub(in super::super) to: usize,
    pub(in super::super) duration_s: i64,
    pub(in super::super) cost: i64,
    pub(in super::super) teu_per_day: Option<i64>,
    pub(in super::super) first: i64,
    pub(in super::super) every_s: i64,
}

impl Schedule {
    /// When lots come into ports.
    pub(in super::super) fn releases(&self, lots: &[LotWire]) -> BTreeSet<(usize, i64)> {
        let ports: HashMap<&str, usize> =
            self.ports.iter().enumerate().map(|(at, port)| (port.id.as_str(), at)).collect();
        let release =
            |lot: &LotWire| Some((*ports.get(lot.origin.as_str())?, lot.release?.from_origin(self.start).ok()?));
        lots.iter().filter_map(release).collect()
    }

    /// An instant as the caller writes it.
    pub(in super::super) fn time(&self, seconds: i64) -> Time {
        Time::from_seconds(Seconds(seconds), self.start)
    }

    /// An instant for people: `2026-03-02 08:00`, or `day 3 08:00` where days have no dates.
    pub(in super::super) fn words(&self, seconds: i64) -> String {
        words(self.start, seconds)
    }
}

/// As [`Schedule::words`].
pub(in super::super) fn words(start: Option<Timestamp>, seconds: i64) -> String {
    match Time::from_seconds(Seconds(seconds), start) {
        Time::Absolute(instant) => {
            let text = instant.to_string();
            let (day, time) = text.split_once('T').unwrap_or((&text, ""));
            format!("{day} {}", time.get(..5).unwrap_or_default())
        }
        Time::Offset(_) => {
            let (day, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
            format!("day {day} {:02}:{:02}", rest / 3_600, rest % 3_600 / 60)
        }
    }
}
