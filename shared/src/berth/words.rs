//! How times, durations and reasons are said to people; the table and the picture say them alike.
//!
//! Names come from callers, so everything that reaches a terminal or a document goes through [`clean`] first.

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use super::explain::{Blocker, Delay, Lever, Remedy};
use super::instance::{Call, Instance};
use super::plan::Visit;
use crate::answer::Answer;
use crate::outcome::{Proof, Stop, Tier};
use crate::time::Time;

/// A name without characters that would steer a terminal, break an XML document or reverse the text around them.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if is_harmless(c) { c } else { '\u{FFFD}' }).collect()
}

fn is_harmless(c: char) -> bool {
    let turns_the_text = matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{061C}');
    !c.is_control() && !turns_the_text && !matches!(c, '\u{FFFE}' | '\u{FFFF}')
}

/// Columns that a text takes on a terminal.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text cut to at most `columns`, with an ellipsis where something is missing.
pub(super) fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if width(&kept) + 1 > columns {
            kept.pop();
            break;
        }
    }
    if columns > 0 {
        kept.push('…');
    }
    kept
}

/// Thousands set apart: `1,234,567`.
pub(super) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What a remedy costs: class by class where there are several, since their multipliers say nothing to people.
fn price(remedy: &Remedy) -> String {
    if remedy.class_changes.is_empty() {
        return format!("objective {}", signed(remedy.objective_change));
    }
    let classes = remedy.class_changes.iter();
    let changes: Vec<String> =
        classes.map(|change| format!("class {} {}", change.class, signed(change.cost_change))).collect();
    changes.join(", ")
}

/// A change of the objective, with its sign.
fn signed(number: i64) -> String {
    if number > 0 { format!("+{}", grouped(number)) } else { grouped(number) }
}

/// A share as a percentage: never `0.00 %` for a gap that stands.
pub(super) fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.000_05 { "<0.01 %".to_owned() } else { format!("{:.2} %", share * 100.0) }
}

/// How times are said: as dates where the request has a start of the horizon, as plain numbers where it has none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    origin: Option<Timestamp>,
}

impl Words {
    pub(super) fn of(instance: &Instance) -> Self {
        Self::new(instance.origin())
    }

    pub(super) fn new(origin: Option<Timestamp>) -> Self {
        Self { origin }
    }

    pub(super) fn origin(self) -> Option<Timestamp> {
        self.origin
    }

    pub(super) fn has_dates(self) -> bool {
        self.origin.is_some()
    }

    /// Seconds from the start of the horizon; `None` where the document mixes absolute times with no horizon.
    pub(super) fn seconds(self, time: Time) -> Option<i64> {
        match time {
            Time::Offset(seconds) => Some(seconds),
            Time::Absolute(instant) => Some(instant.as_second() - self.origin?.as_second()),
        }
    }

    /// `6h15`, rounded up to a minute; plain seconds where times are plain.
    pub(super) fn duration(self, seconds: i64) -> String {
        if !self.has_dates() {
            return seconds.to_string();
        }
        let minutes = seconds.unsigned_abs().div_ceil(60);
        let sign = if seconds < 0 { "-" } else { "" };
        format!("{sign}{}h{:02}", minutes / 60, minutes % 60)
    }

    /// Why a visit waits, longest phrase first; empty where nothing is known.
    pub(super) fn why(self, instance: &Instance, visit: &Visit, delay: &Delay) -> Vec<String> {
        let Some(binding) = delay.blocked_by.iter().max_by_key(|blocker| self.seconds(end(blocker))) else {
            return Vec::new();
        };
        let until = moment_near(end(binding), visit.start);
        match binding {
            Blocker::Call { call, .. } => {
                let id = clean(call);
                let name = vessel_of(instance, call).map_or_else(|| id.clone(), clean);
                vec![format!("behind {name} until {until}"), format!("behind {name}"), format!("behind {id}")]
            }
            Blocker::Closure { reason, .. } => {
                let reason = clean(reason.as_deref().unwrap_or("no reason given"));
                vec![format!("closure: {reason} until {until}"), format!("closure: {reason}"), "closure".to_owned()]
            }
            Blocker::NotOpen { .. } => vec![format!("berth opens {until}")],
            Blocker::Tide { .. } => vec![format!("tide {until}")],
        }
    }

    /// A remedy as a sentence.
    pub(super) fn remedy(self, instance: &Instance, remedy: &Remedy) -> String {
        let change = match &remedy.change {
            Lever::GoFirst { berth, before: Some(other) } => {
                let name = vessel_of(instance, other).unwrap_or(other);
                format!("go before {} on {}", clean(name), clean(berth))
            }
            Lever::GoFirst { berth, before: None } => format!("go to {}", clean(berth)),
            Lever::LiftClosure { berth, from, reason } => {
                let reason = reason.as_ref().map_or_else(String::new, |reason| format!(" ({})", clean(reason)));
                format!("lift the closure of {} from {}{reason}", clean(berth), moment(*from))
            }
            Lever::LeaveLater { berth, by_s } => {
                format!("let it leave {} {} later", clean(berth), self.duration(*by_s))
            }
            Lever::KeepOpen { berth, from, by_s } => {
                format!("keep {} open {} longer from {}", clean(berth), self.duration(*by_s), moment(*from))
            }
        };
        let earlier = remedy.earlier_s.map_or_else(String::new, |s| format!(", {} earlier", self.duration(s)));
        format!("{change}: {}; start {}{earlier}", price(remedy), moment(remedy.start))
    }
}

/// `Mon 02 06:30`, or plain seconds.
pub(super) fn moment(time: Time) -> String {
    formatted(time, "%a %d %H:%M")
}

/// `06:30` where `near` is on the same day, otherwise as [`moment`].
fn moment_near(time: Time, near: Time) -> String {
    let is_same_day = match (time, near) {
        (Time::Absolute(a), Time::Absolute(b)) => a.as_second().div_euclid(86_400) == b.as_second().div_euclid(86_400),
        _ => false,
    };
    if is_same_day { formatted(time, "%H:%M") } else { moment(time) }
}

/// A date in this format, or plain seconds.
pub(super) fn formatted(time: Time, format: &str) -> String {
    match time {
        Time::Absolute(instant) => instant.strftime(format).to_string(),
        Time::Offset(seconds) => seconds.to_string(),
    }
}

fn end(blocker: &Blocker) -> Time {
    match blocker {
        Blocker::Call { to, .. } | Blocker::Closure { to, .. } => *to,
        Blocker::NotOpen { until } | Blocker::Tide { until } => *until,
    }
}

/// The vessel of a call, where the request names it.
fn vessel_of<'a>(instance: &'a Instance, call: &str) -> Option<&'a str> {
    find(instance, call)?.vessel.as_deref()
}

/// The call of this id.
pub(super) fn find<'a>(instance: &'a Instance, id: &str) -> Option<&'a Call> {
    instance.calls().iter().find(|call| call.id == id)
}

/// What the answer claims, in the words of its JSON.
pub(super) fn claim<P, C>(answer: &Answer<P, C>) -> [(&'static str, String); 6] {
    let proof = match answer.proof {
        Proof::Optimal => "optimal",
        Proof::Bound => "bound",
    };
    let stop = match answer.stop {
        Stop::Proven => "proven",
        Stop::TargetGap => "target_gap",
        Stop::Exhausted => "exhausted",
        Stop::WorkLimit => "work_limit",
        Stop::Deadline => "deadline",
        Stop::Cancelled => "cancelled",
    };
    let tier = match answer.tier {
        Tier::Proven => "proven",
        Tier::Bounded => "bounded",
        Tier::Heuristic => "heuristic",
        Tier::Cached => "cached",
        Tier::Stale => "stale",
    };
    [
        ("objective", grouped(answer.objective)),
        ("lower bound", grouped(answer.lower_bound)),
        ("gap", percent(answer.gap)),
        ("proof", proof.to_owned()),
        ("stop", stop.to_owned()),
        ("tier", tier.to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_by_columns_not_by_characters() {
        assert_eq!(fit("Aurora", 6), "Aurora");
        assert_eq!(fit("Aurora Meridian", 7), "Aurora…");
        assert_eq!(fit("東京丸東京丸", 7), "東京丸…");
        assert_eq!(fit("東京丸", 5), "東京…");
        assert_eq!(fit("東京丸", 0), "");
        assert!((0..20).all(|columns| width(&fit("e\u{301}東🚢é Aurora", columns)) <= columns));
    }

    #[test]
    fn names_cannot_steer_a_terminal() {
        assert_eq!(clean("a\u{1b}[31mb\n\u{202E}c\u{85}"), "a\u{FFFD}[31mb\u{FFFD}\u{FFFD}c\u{FFFD}");
        assert_eq!(clean("Ría de Arosa 東京丸 🚢"), "Ría de Arosa 東京丸 🚢");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 999, 1000, -1_234_567].map(grouped), ["0", "999", "1,000", "-1,234,567"]);
        assert_eq!([0.0, 0.000_01, 0.001_234].map(percent), ["0.00 %", "<0.01 %", "0.12 %"]);
        let words = Words { origin: Some("2026-03-02T00:00:00Z".parse().expect("a timestamp")) };
        assert_eq!(words.duration(6 * 3600 + 15 * 60), "6h15");
        assert_eq!(words.duration(1), "0h01");
        assert_eq!(Words { origin: None }.duration(22_500), "22500");
    }
}
