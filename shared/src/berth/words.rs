//! How times, durations and reasons are said to planners of berths; the table and the picture say them alike.

use jiff::Timestamp;

use super::explain::{Blocker, Delay, Lever, Remedy};
use super::instance::{Call, Instance};
use super::plan::Visit;
use crate::time::Time;
use crate::words::{clean, signed};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        let words = Words { origin: Some("2026-03-02T00:00:00Z".parse().expect("a timestamp")) };
        assert_eq!(words.duration(6 * 3600 + 15 * 60), "6h15");
        assert_eq!(words.duration(1), "0h01");
        assert_eq!(Words { origin: None }.duration(22_500), "22500");
    }
}
