//! The time axis: from seconds to picture units, and where its ticks stand.

use super::super::words::{Words, formatted};
use crate::time::Time;
use crate::units::Seconds;

const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;
/// Labelled ticks at most.
const MAX_TICKS: i64 = 11;
/// Steps between labelled ticks where times are dates.
const DATE_STEPS: [i64; 9] = [HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 28 * DAY, 364 * DAY];

/// A span of time laid over a span of the picture.
#[derive(Clone, Copy, Debug)]
pub(in crate::berth) struct Scale {
    pub(in crate::berth) from: i64,
    pub(in crate::berth) to: i64,
    pub(in crate::berth) left: f64,
    pub(in crate::berth) width: f64,
    step: i64,
    /// Where a tick stands: a midnight, or time zero.
    anchor: i64,
}

impl Scale {
    /// Covers `first..=last`, rounded out to whole ticks.
    pub(in crate::berth) fn new(words: Words, first: i64, last: i64, left: f64, width: f64) -> Self {
        let span = (last - first).max(1);
        let step = if words.has_dates() {
            DATE_STEPS.into_iter().find(|step| span / step < MAX_TICKS).unwrap_or(10 * 364 * DAY)
        } else {
            round_step(span)
        };
        let anchor = match Time::from_seconds(Seconds(0), words.origin()) {
            Time::Absolute(origin) => -origin.as_second().rem_euclid(DAY),
            Time::Offset(_) => 0,
        };
        // Half a day at the most is given to white space, so that a short plan fills the picture.
        let rounding = if words.has_dates() { step.min(DAY / 2) } else { step };
        let from = anchor + (first - anchor).div_euclid(rounding) * rounding;
        let to = anchor + ((last - anchor).div_euclid(rounding) + 1) * rounding;
        Self { from, to, left, width, step, anchor }
    }

    /// Where an instant stands, kept within the axis.
    pub(in crate::berth) fn x(&self, time: i64) -> f64 {
        let share = (time.clamp(self.from, self.to) - self.from) as f64 / (self.to - self.from) as f64;
        self.left + share * self.width
    }

    pub(in crate::berth) fn right(&self) -> f64 {
        self.left + self.width
    }

    /// Labelled ticks.
    pub(in crate::berth) fn ticks(&self) -> impl Iterator<Item = i64> {
        let first = self.anchor + (self.from - self.anchor + self.step - 1).div_euclid(self.step) * self.step;
        let (to, step) = (self.to, self.step);
        (0..).map(move |n| first + n * step).take_while(move |&tick| tick <= to)
    }

    /// Ticks without a label between two labelled ones.
    pub(in crate::berth) fn minor_ticks(&self) -> impl Iterator<Item = i64> {
        let parts = if self.step == DAY { 4 } else { 2 };
        let step = self.step;
        let part = (step / parts).max(1);
        let before_first = self.ticks().next().unwrap_or(self.from) - step;
        let (from, to) = (self.from, self.to);
        (1..)
            .filter(move |n| n % parts != 0)
            .map(move |n| before_first + n * part)
            .skip_while(move |&tick| tick < from)
            .take_while(move |&tick| tick < to)
    }

    /// What stands at a tick.
    pub(in crate::berth) fn label(&self, words: Words, tick: i64) -> String {
        let time = Time::from_seconds(Seconds(tick), words.origin());
        if self.step >= 28 * DAY {
            formatted(time, "%-d %b %Y")
        } else if self.step >= DAY {
            formatted(time, "%a %-d %b")
        } else if (tick - self.anchor).rem_euclid(DAY) == 0 {
            formatted(time, "%a %-d")
        } else {
            formatted(time, "%H:%M")
        }
    }
}

/// The least of 1, 2, 5, 10, 20, ... that gives few enough ticks.
fn round_step(span: i64) -> i64 {
    let mut decade = 1_i64;
    loop {
        for factor in [1, 2, 5] {
            if span / (factor * decade) < MAX_TICKS {
                return factor * decade;
            }
        }
        decade = decade.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(origin: Option<&str>) -> Words {
        Words::new(origin.map(|origin| origin.parse().expect("a timestamp")))
    }

    #[test]
    fn a_week_has_a_tick_a_day_at_midnight_whenever_the_horizon_starts() {
        let words = words(Some("2026-03-02T05:00:00Z"));
        let scale = Scale::new(words, 0, 6 * DAY, 0.0, 100.0);
        let labels: Vec<String> = scale.ticks().map(|tick| scale.label(words, tick)).collect();
        assert_eq!(labels[..2], ["Mon 2 Mar", "Tue 3 Mar"]);
        assert!(scale.minor_ticks().all(|tick| (tick + 5 * HOUR) % (6 * HOUR) == 0));
    }

    #[test]
    fn ticks_stay_few_for_any_span() {
        for origin in [None, Some("2026-03-02T05:00:00Z")] {
            for span in [0, 1, 59, 3_600, 86_400, 30 * DAY, 5 * 366 * DAY, 40 * 366 * DAY] {
                let scale = Scale::new(words(origin), 7, 7 + span, 0.0, 100.0);
                assert!(scale.ticks().count() <= 20, "{span}");
                assert!(scale.minor_ticks().count() <= 80, "{span}");
                assert!(scale.from <= 7 && 7 + span <= scale.to);
            }
        }
    }
}
