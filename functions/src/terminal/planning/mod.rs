//! Problems from what is stored: a terminal's snapshot becomes the very request that a caller could have posted, so that a plan made from
//! it is checked, cached, deferred and drawn like any other.
//!
//! What cannot be planned with is left out, and the plan says so: equipment that is silent, calls that fit nowhere, containers that are not
//! here yet. The plan also says which terminal it was made for, at which version.
//!
//! Yard cranes and straddle carriers dig in the block they are bound to, or in any; quay cranes work a berth. Trucks and sensors are in
//! neither problem: no plan counts on them, and none names them.

pub mod berth;
pub mod yard;

use portolan::{Issue, Request};
use serde::{Deserialize, Serialize};

use super::equipment::{Awake, Kind};
use super::event::{Reason, Refusal};

/// What a plan was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = PlanOrigin)]
pub struct Origin {
    /// The terminal.
    pub id: String,
    /// Its version then: the number of its last event.
    pub version: u64,
    /// Digest of its state then, as its snapshot has it.
    pub fingerprint: String,
    /// Equipment that was left out because it was offline.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offline: Vec<String>,
    /// What else was left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<NotPlanned>,
}

/// A berth, call or container that was left out of a problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NotPlanned {
    /// Which.
    pub id: String,
    /// Why.
    pub cause: String,
}

/// A problem made from a terminal.
pub struct Drawn {
    /// The request.
    pub request: Box<dyn Request>,
    /// Equipment that is left out because it is offline.
    pub offline: Vec<String>,
    /// What else is left out.
    pub left_out: Vec<NotPlanned>,
}

impl NotPlanned {
    fn new(id: &str, cause: impl Into<String>) -> Self {
        Self { id: id.to_owned(), cause: cause.into() }
    }
}

/// Equipment of these kinds that is bound to a place, or with `None` to none: what is awake, and the ids of what is not.
fn working_at<'a>(
    equipment: &'a [Awake],
    place: Option<&str>,
    kinds: &[Kind],
    all: bool,
) -> (Vec<&'a Awake>, Vec<String>) {
    let there = equipment.iter().filter(|awake| {
        let details = &awake.equipment.details;
        details.at.as_deref() == place && kinds.contains(&details.kind)
    });
    let (awake, silent): (Vec<&Awake>, Vec<&Awake>) = there.partition(|awake| all || awake.online);
    (awake, silent.into_iter().map(|silent| silent.equipment.id.clone()).collect())
}

/// All that could do it is offline.
fn no_equipment(place: &str, offline: &[String]) -> Refusal {
    let cause = format!(
        "all equipment at {place} is offline: {}; wait for its heartbeats, or plan with `include_offline`",
        offline.join(", ")
    );
    Refusal::new(Reason::NoEquipment, cause)
}

/// Issues of a problem that the caller has not seen: they are told with the names of what is meant instead of its place in a list.
fn named(issues: Vec<Issue>, name: impl Fn(&str, usize) -> Option<String>) -> Vec<Issue> {
    let rename = |path: &str| {
        let mut parts = path.splitn(4, '/').skip(1);
        let (list, at) = (parts.next()?, parts.next()?.parse().ok()?);
        let rest = parts.next().map(|rest| format!("/{rest}")).unwrap_or_default();
        Some(format!("/{list}/{}{rest}", name(list, at)?.replace('~', "~0").replace('/', "~1")))
    };
    let named = issues.into_iter().map(|mut issue| {
        if let Some(path) = rename(&issue.path) {
            issue.path = path;
        }
        issue
    });
    named.collect()
}
