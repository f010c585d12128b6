//! A vessel call: what is known of it now, and how its estimate came about.

use jiff::Timestamp;
use portolan::Issue;
use portolan::issue::Issues;
use serde::{Deserialize, Serialize};

use super::{check_id, check_range, check_text};

/// Estimates kept with a call; older ones are in the terminal's history.
pub const MAX_ESTIMATES: usize = 200;

/// A call as its agent describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CallSpec)]
pub struct Details {
    /// The vessel's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vessel: Option<String>,
    /// When it is expected.
    #[schema(value_type = String, format = DateTime)]
    pub eta: Timestamp,
    /// How far it is.
    #[serde(default)]
    pub status: Status,
    /// Where it lies, while it is alongside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub berth: Option<String>,
    /// Since when it lies there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    /// Container moves.
    pub moves: i64,
    /// Priority class, 0 to 9: a lower one is served strictly first.
    #[serde(default)]
    pub class: u8,
    /// Cost of a second in port within the class; 1 where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<i64>,
    /// Length over all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length_m: Option<f64>,
    /// Draft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft_m: Option<f64>,
    /// No departure after this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub latest_departure: Option<Timestamp>,
    /// When its departure is promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due: Option<Timestamp>,
    /// Cost of a second of departure past `due`; 0 where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tardiness_weight: Option<i64>,
    /// The berths that it may go to; all where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub berths: Vec<String>,
}

/// How far a call is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CallStatus)]
pub enum Status {
    /// It will come.
    #[default]
    Expected,
    /// It lies at a berth.
    Alongside,
    /// It has left.
    Departed,
    /// It will not come.
    Cancelled,
}

/// A call as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = StoredCall)]
pub struct Call {
    /// Name, unique in the terminal.
    pub id: String,
    /// What is known now.
    #[serde(flatten)]
    pub details: Details,
    /// Every estimate, oldest first.
    pub estimates: Vec<Estimate>,
}

/// When a call was expected, as somebody said at some time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = CallEstimate)]
pub struct Estimate {
    /// When it was expected.
    #[schema(value_type = String, format = DateTime)]
    pub eta: Timestamp,
    /// When that was said.
    #[schema(value_type = String, format = DateTime)]
    pub said_at: Timestamp,
    /// Who said it.
    pub by: String,
}

impl Details {
    /// Everything wrong with it.
    pub fn check(&self, issues: &mut Issues) {
        if let Some(vessel) = &self.vessel {
            check_text(issues, "/vessel", vessel);
        }
        check_range(issues, "/moves", self.moves as f64, 0.0, 100_000.0);
        check_range(issues, "/class", f64::from(self.class), 0.0, 9.0);
        if let Some(weight) = self.weight {
            check_range(issues, "/weight", weight as f64, 0.0, 1_000_000.0);
        }
        if let Some(weight) = self.tardiness_weight {
            check_range(issues, "/tardiness_weight", weight as f64, 0.0, 1_000_000.0);
            if weight > 0 && self.due.is_none() {
                let (cause, action) = ("the call has no due time", "give due, or leave tardiness_weight out");
                issues.push(Issue::new("tardiness_without_due", "/tardiness_weight", cause, action));
            }
        }
        for (path, metres) in [("/length_m", self.length_m), ("/draft_m", self.draft_m)] {
            if let Some(metres) = metres {
                check_range(issues, path, metres, 0.1, 1000.0);
            }
        }
        if let Some(berth) = &self.berth {
            check_id(issues, "/berth", berth);
        }
        if (self.status == Status::Alongside) != (self.berth.is_some() && self.since.is_some()) {
            let cause = "a call that is alongside has a berth and a time since when, and no other has";
            issues.push(Issue::new("berth_and_status", "/status", cause, "give berth and since with status alongside"));
        }
        if self.latest_departure.is_some_and(|latest| latest < self.eta) {
            let cause = "it would have to leave before it comes";
            issues.push(Issue::new("leaves_before_it_comes", "/latest_departure", cause, "give a later one"));
        }
    }
}
