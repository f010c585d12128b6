//! Made-up quay problems: the same one for the same seed, on every machine.
//!
//! A week or more at a quay with a semidiurnal tide: feeders that come and go at any time, deep vessels that sail with the tide, some
//! of them only in the deep part of the quay, one already alongside. No published instance is copied; the ranges are our own.

use jiff::{SignedDuration, Timestamp};

use super::wire::{CallWire, PlaceWire, QuayWire, SectionWire, TideWire, Wire};
use crate::berth::wire::WindowWire;
use crate::rng::Rng;
use crate::time::Time;

const HOUR: i64 = 3_600;
const QUARTER: i64 = 900;
/// From one high water to the next: 12 h 30 min, a multiple of the grid of a quarter of an hour.
const TIDE_PERIOD: i64 = 12 * HOUR + HOUR / 2;
/// Monday, 2 March 2026, 00:00 UTC.
const START_S: i64 = 1_772_409_600;

/// Makes up a problem. At least one call is made; the quay is 400 m long at least.
///
/// ```
/// use portolan::berth::quay::generate::generate;
/// assert_eq!(generate(20, 1200, 1), generate(20, 1200, 1));
/// ```
pub fn generate(calls: usize, length_m: u32, seed: u64) -> Wire {
    let (calls, length) = (calls.max(1), i64::from(length_m.max(400)));
    let rng = Rng::new(seed).fork(&format!("quay {calls} on {length}"));
    let mut own = rng.fork("arrivals");
    // Half of the quay's length times time is asked for, so some vessels wait.
    let window = (calls as i64 * 260 * 16 * HOUR * 2 / length / QUARTER).max(96);
    let mut calls: Vec<CallWire> =
        (0..calls).map(|at| call(at, own.below(window as usize) as i64 * QUARTER, length, &rng)).collect();
    let first = &mut calls[0];
    first.arrival = instant(0);
    first.section = None;
    first.frozen = Some(PlaceWire { position_m: 0.0, start: instant(0) });
    Wire {
        horizon_start: Some(instant(0)),
        time_step_s: None,
        quay: QuayWire {
            length_m: length as f64,
            clearance_m: Some(20.0),
            draft_m: Some(17.0),
            moves_per_hour: Some(120),
            tide: Some(TideWire {
                free_draft_m: Some(12.5),
                arrivals: Vec::new(),
                departures: vec![WindowWire { from: Some(instant(3 * HOUR)), to: Some(instant(7 * HOUR + HOUR / 2)) }],
                period_s: Some(TIDE_PERIOD),
            }),
        },
        calls,
        options: None,
    }
}

fn call(at: usize, arrival: i64, quay: i64, rng: &Rng) -> CallWire {
    let mut rng = rng.fork(&format!("call {at}"));
    let is_deep = rng.below(3) == 0;
    let (length, draft, moves) = if is_deep {
        (280 + 10 * rng.below(12) as i64, 13.0 + rng.below(7) as f64 / 2.0, 1200 + 100 * rng.below(24) as i64)
    } else {
        (110 + 10 * rng.below(12) as i64, 7.0 + rng.below(10) as f64 / 2.0, 200 + 50 * rng.below(24) as i64)
    };
    let deep_part = (quay / 2).max(length);
    let section =
        (is_deep && rng.below(2) == 0).then_some(SectionWire { from_m: (quay - deep_part) as f64, to_m: quay as f64 });
    CallWire {
        id: format!("Q{:02}", at + 1),
        vessel: None,
        arrival: instant(arrival),
        length_m: length.min(quay) as f64,
        draft_m: Some(draft),
        handling_s: None,
        moves: Some(moves),
        weight: is_deep.then_some(2),
        section,
        frozen: None,
    }
}

fn instant(seconds: i64) -> Time {
    let start = Timestamp::from_second(START_S).expect("a date of our time");
    Time::Absolute(start + SignedDuration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::berth::quay::Port;

    #[test]
    fn every_size_makes_a_valid_problem() {
        for (calls, length) in [(0, 0), (1, 400), (20, 1_200), (64, 3_000)] {
            for seed in 1..4 {
                let port = Port::try_from(&generate(calls, length, seed)).unwrap_or_else(|issues| panic!("{issues:?}"));
                assert_eq!((port.calls().len(), port.unit().0 % QUARTER), (calls.max(1), 0));
            }
        }
    }
}
