//! Made-up berth problems for tests, benches and first steps: the same one for the same seed, on every machine.
//!
//! Three styles are shaped like the problems that the literature measures itself by (Lalla-Ruiz, Melián-Batista,
//! Moreno-Vega 2012, doi:10.1016/j.engappai.2012.06.001; Kramer, Lalla-Ruiz, Iori, Voß 2019,
//! doi:10.1016/j.ejor.2019.04.021; Cordeau, Laporte, Legato, Moccia 2005, doi:10.1287/trsc.1050.0120): more or less
//! crowded, with times on whole hours. The fourth is like a real port and uses everything that a request may
//! hold. No published instance is copied; the ranges are our own.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::wire::{AssignmentWire, BerthWire, CallWire, ClosureWire, StabilityWire, TideWire, WindowWire, Wire};
use crate::rng::Rng;
use crate::time::Time;

const HOUR: i64 = 3_600;
const QUARTER: i64 = 900;
const DAY: i64 = 24 * HOUR;
/// From one high water to the next in a semidiurnal tide: 12 h 25 min.
const TIDE_PERIOD: i64 = 12 * HOUR + 25 * 60;
/// Monday, 2 March 2026, 00:00 UTC.
const TERMINAL_START_S: i64 = 1_772_409_600;

/// What kind of port to make up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// Vessels arrive in bunches at a port with two fast berths and many slow ones; a few pairs are forbidden. About
    /// twice as much work arrives as the berths can do meanwhile, so nearly every vessel waits.
    Congested,
    /// Every berth is as fast as the other, and nearly half of the pairs are forbidden.
    Restricted,
    /// The berths are busy for about a third of the time, so few vessels wait.
    Light,
    /// A port as it is: dates, lengths, drafts, tides, opening hours, works, classes, due times, a frozen
    /// assignment and an earlier plan.
    Terminal,
}

impl Style {
    /// Every style.
    pub const ALL: [Self; 4] = [Self::Congested, Self::Restricted, Self::Light, Self::Terminal];

    /// Its name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Congested => "congested",
            Self::Restricted => "restricted",
            Self::Light => "light",
            Self::Terminal => "terminal",
        }
    }
}

/// Makes up a problem. At least one call and one berth are made.
///
/// ```
/// use portolan::berth::generate::{Style, generate};
/// assert_eq!(generate(Style::Congested, 30, 3, 1), generate(Style::Congested, 30, 3, 1));
/// ```
pub fn generate(style: Style, calls: usize, berths: usize, seed: u64) -> Wire {
    let (calls, berths) = (calls.max(1), berths.max(1));
    let rng = Rng::new(seed).fork(style.name());
    if style == Style::Terminal {
        return Terminal { rng }.wire(calls, berths);
    }
    let mut rng = rng.fork(&format!("{calls}x{berths}"));
    let opening = match style {
        Style::Light => 0,
        _ => hours(&mut rng, 8, 24),
    };
    let berth = |at: usize| BerthWire {
        id: berth_name(at),
        open: (opening > 0).then(|| vec![WindowWire { from: Some(Time::Offset(opening)), to: None }]),
        ..BerthWire::default()
    };
    let moments = moments(&mut rng, style, calls, berths);
    let call = |at: usize, rng: &mut Rng| CallWire {
        handling_s: Some(handling(rng, style, berths)),
        ..CallWire::new(format!("C{:03}", at + 1), Time::Offset(moments[rng.below(moments.len())]))
    };
    Wire {
        berths: (0..berths).map(berth).collect(),
        calls: (0..calls).map(|at| call(at, &mut rng)).collect(),
        ..Wire::default()
    }
}

/// Instants at which vessels arrive.
fn moments(rng: &mut Rng, style: Style, calls: usize, berths: usize) -> Vec<i64> {
    if style == Style::Light {
        // Handling takes 13 hours on average: about a third of the berths' time.
        let window = (calls * 13 * 3 / berths).max(24) as i64;
        return (0..4 * calls).map(|_| hours(rng, 0, window)).collect();
    }
    let count = (calls / 8).clamp(20, 120);
    (0..count).map(|_| hours(rng, 1, 144)).collect()
}

/// Handling times by berth; at least one berth takes the call.
fn handling(rng: &mut Rng, style: Style, berths: usize) -> BTreeMap<String, i64> {
    // The sum of two draws: middling times are common, very short and very long ones rare.
    let base = hours(rng, 2, 12) + hours(rng, 2, 14);
    let mut by_berth = BTreeMap::new();
    let sure = rng.below(berths);
    for berth in 0..berths {
        let is_outer = berth == 0 || 10 * berth >= 7 * berths;
        let (time, forbidden) = match style {
            Style::Restricted => (2 * base, 0.46),
            Style::Light => (base * [10, 12, 15, 20][rng.below(4)] / 15, 0.05),
            _ if berth < 2 => (base, if is_outer { 0.08 } else { 0.0 }),
            _ => (2 * base + hours(rng, 0, 4), if is_outer { 0.08 } else { 0.0 }),
        };
        let is_forbidden = rng.unit() < forbidden;
        if !is_forbidden || berth == sure {
            by_berth.insert(berth_name(berth), (time / HOUR).max(1) * HOUR);
        }
    }
    by_berth
}

/// A whole number of hours between the two, ends included, in seconds.
fn hours(rng: &mut Rng, least: i64, most: i64) -> i64 {
    between(rng, least, most) * HOUR
}

/// A number between the two, ends included.
fn between(rng: &mut Rng, least: i64, most: i64) -> i64 {
    least + rng.below((most - least + 1) as usize) as i64
}

fn berth_name(at: usize) -> String {
    format!("B{:02}", at + 1)
}

/// Makes up a port with everything in it. Each part draws from a stream of its own.
struct Terminal {
    rng: Rng,
}

/// Lengths and drafts of berths, in metres, and container moves an hour.
const QUAYS: [(f64, f64, i64); 5] =
    [(400.0, 16.5, 130), (366.0, 15.0, 110), (300.0, 13.5, 80), (210.0, 10.5, 45), (135.0, 4.5, 25)];

impl Terminal {
    fn wire(&self, calls: usize, berths: usize) -> Wire {
        // As many days as keep the berths busy for about three quarters of the time.
        let days = (calls.div_ceil(berths) as i64).clamp(2, 60);
        let berth_wires: Vec<BerthWire> =
            (0..berths).map(|at| Self::berth(at, days, &mut self.rng.fork(&format!("berth {at}")))).collect();
        let classes = classes(calls);
        let mut call_wires: Vec<CallWire> = (0..calls)
            .map(|at| Self::call(at, days, classes, &berth_wires, &mut self.rng.fork(&format!("call {at}"))))
            .collect();
        freeze(&mut call_wires, &berth_wires);
        Wire {
            horizon_start: Some(instant(0)),
            time_step_s: Some(QUARTER),
            berths: berth_wires,
            calls: call_wires,
            stability: Some(StabilityWire { berth_change: 8 * QUARTER, later_start: 4 * QUARTER }),
            options: None,
        }
    }

    fn berth(at: usize, days: i64, rng: &mut Rng) -> BerthWire {
        // The first berth takes every vessel at any time, so that no call is impossible from the start.
        let (length, draft, rate) = if at == 0 { QUAYS[0] } else { QUAYS[rng.below(QUAYS.len())] };
        let mut berth = BerthWire {
            id: berth_name(at),
            length_m: Some(length),
            draft_m: Some(draft),
            clearance_s: Some(between(rng, 0, 4) * QUARTER),
            moves_per_hour: Some(rate),
            ..BerthWire::default()
        };
        let kind = if at == 0 { 0 } else { rng.below(4) };
        match kind {
            1 => berth.closures = works(rng, days),
            2 if draft > 8.0 => {
                let free_draft_m = (draft - 3.0).max(5.0);
                berth.tide = Some(TideWire { free_draft_m, windows: tides(rng, days + 3) });
            }
            2 | 3 if draft < 8.0 => berth.open = Some(daylight(days + 3)),
            _ => {}
        }
        berth
    }

    fn call(at: usize, days: i64, classes: u8, berths: &[BerthWire], rng: &mut Rng) -> CallWire {
        let home = &berths[rng.below(berths.len())];
        let (length, draft) = (home.length_m.unwrap_or(100.0), home.draft_m.unwrap_or(4.0));
        // A vessel that fits its home berth with some room to spare.
        let length_m = (length * (0.55 + 0.45 * rng.unit())).floor();
        let draft_m = (draft * (0.6 + 0.4 * rng.unit()) * 10.0).floor() / 10.0;
        let rate = home.moves_per_hour.unwrap_or(25);
        let moves = between(rng, rate * 3, rate * 22);
        let arrival = between(rng, 0, days * DAY / QUARTER) * QUARTER;
        let is_big = length_m > 250.0;
        let class = if is_big { 0 } else { between(rng, 0, 2) as u8 };
        let mut call = CallWire {
            vessel: Some(vessel(rng)),
            length_m: Some(length_m),
            draft_m: Some(draft_m),
            moves: Some(moves),
            class: Some(class.min(classes - 1)),
            weight: Some(between(rng, 1, 2)),
            ..CallWire::new(format!("T{:03}", at + 1), instant(arrival))
        };
        if rng.below(2) == 0 {
            let quick = moves * HOUR / rate / QUARTER * QUARTER;
            call.due = Some(instant(arrival + quick + between(rng, 4, 48) * QUARTER));
            call.tardiness_weight = Some(1);
        }
        if rng.below(5) == 0 {
            let place = &berths[rng.below(berths.len())];
            let start = arrival + between(rng, 0, 24) * QUARTER;
            call.earlier = Some(AssignmentWire { berth: place.id.clone(), start: instant(start) });
        }
        // A call that may have to be left out makes its class dear, so only where there is one class.
        if classes == 1 && rng.below(15) == 0 {
            call.latest_departure = Some(instant(arrival + 5 * DAY));
        }
        call
    }
}

/// Priority classes that so many calls may have and still be counted exactly.
fn classes(calls: usize) -> u8 {
    match calls {
        0..=24 => 3,
        25..=120 => 2,
        _ => 1,
    }
}

/// Freezes the first arrival on the first berth, which is always open.
fn freeze(calls: &mut [CallWire], berths: &[BerthWire]) {
    let time = |call: &CallWire| match call.arrival {
        Time::Absolute(instant) => instant.as_second(),
        Time::Offset(seconds) => seconds,
    };
    if let Some(first) = calls.iter_mut().min_by_key(|call| time(call)) {
        first.frozen = Some(AssignmentWire { berth: berths[0].id.clone(), start: first.arrival });
        first.latest_departure = None;
    }
}

fn works(rng: &mut Rng, days: i64) -> Vec<ClosureWire> {
    let reasons = ["fender repair", "crane maintenance", "dredging", "bollard inspection"];
    let from = between(rng, 0, days * DAY / QUARTER) * QUARTER;
    let to = from + between(rng, 24, 120) * QUARTER;
    let reason = reasons[rng.below(reasons.len())].to_owned();
    vec![ClosureWire { from: instant(from), to: instant(to), reason: Some(reason) }]
}

/// Enough water from two hours before high water to two hours after, on the quarter of an hour.
fn tides(rng: &mut Rng, days: i64) -> Vec<WindowWire> {
    let first = between(rng, 2 * HOUR, TIDE_PERIOD);
    (0..=2 * days)
        .map(|n| (first + n * TIDE_PERIOD) / QUARTER * QUARTER)
        .take_while(|&high| high < days * DAY)
        .map(|high| WindowWire { from: Some(instant(high - 2 * HOUR)), to: Some(instant(high + 2 * HOUR)) })
        .collect()
}

/// Open from six in the morning to ten at night.
fn daylight(days: i64) -> Vec<WindowWire> {
    (0..days)
        .map(|day| WindowWire { from: Some(instant(day * DAY + 6 * HOUR)), to: Some(instant(day * DAY + 22 * HOUR)) })
        .collect()
}

fn vessel(rng: &mut Rng) -> String {
    const FIRST: [&str; 12] = [
        "Aurora", "Boreal", "Cape", "Dogger", "Ems", "Faro", "Gannet", "Harbour", "Isla", "Kestrel", "Lumen", "Mistral",
    ];
    const SECOND: [&str; 12] = [
        "Trader", "Horizon", "Star", "Courier", "Bay", "Spirit", "Merchant", "Light", "Express", "Pioneer", "Tide",
        "Voyager",
    ];
    format!("{} {}", FIRST[rng.below(FIRST.len())], SECOND[rng.below(SECOND.len())])
}

/// An instant of the terminal's horizon.
fn instant(seconds: i64) -> Time {
    let start = Timestamp::constant(TERMINAL_START_S, 0);
    Time::Absolute(start + SignedDuration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::super::Berths;
    use super::*;
    use crate::Problem;

    #[test]
    fn every_style_and_size_makes_a_valid_problem() {
        for style in Style::ALL {
            for (calls, berths) in [(1, 1), (3, 2), (24, 3), (25, 4), (30, 3), (60, 7), (120, 9), (250, 20)] {
                for seed in 0..20 {
                    let wire = generate(style, calls, berths, seed);
                    assert_eq!((wire.calls.len(), wire.berths.len()), (calls, berths));
                    if let Err(issues) = Berths::instance(&wire) {
                        panic!("{style:?} {calls}x{berths} seed {seed}: {issues:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_seed_alone_decides() {
        for style in Style::ALL {
            assert_eq!(generate(style, 40, 5, 9), generate(style, 40, 5, 9), "{style:?}");
            assert_ne!(generate(style, 40, 5, 9), generate(style, 40, 5, 10), "{style:?}");
        }
    }

    #[test]
    fn styles_are_what_they_say() {
        let restricted = generate(Style::Restricted, 200, 10, 3);
        let allowed: usize =
            restricted.calls.iter().filter_map(|call| call.handling_s.as_ref()).map(BTreeMap::len).sum();
        assert!((1_000..1_250).contains(&allowed), "{allowed} of 2000 pairs are allowed");
        for call in &restricted.calls {
            let times: Vec<i64> = call.handling_s.iter().flatten().map(|(_, &time)| time).collect();
            assert!(times.windows(2).all(|pair| pair[0] == pair[1]));
        }
        let congested = generate(Style::Congested, 60, 7, 3);
        let arrivals: std::collections::BTreeSet<String> =
            congested.calls.iter().map(|call| call.arrival.to_string()).collect();
        assert!(arrivals.len() <= 20, "arrivals come in bunches");
        let terminal = generate(Style::Terminal, 100, 20, 3);
        assert!(terminal.calls.iter().any(|call| call.frozen.is_some()));
        assert!(terminal.calls.iter().any(|call| call.earlier.is_some()));
        assert!(terminal.calls.iter().any(|call| call.due.is_some()));
        assert!(terminal.berths.iter().any(|berth| berth.tide.is_some()));
        assert!(terminal.berths.iter().any(|berth| !berth.closures.is_empty()));
        assert!(terminal.berths.iter().any(|berth| berth.open.is_some()));
    }
}
