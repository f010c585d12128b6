//! The JSON shape of what-if questions and their answers.

use serde::{Deserialize, Serialize};

use super::super::plan::{Kpis, Valued};
use super::super::wire::LotWire;
use super::super::{Certificate, Plan};
use crate::options::Options;
use crate::outcome::{Proof, Stop, Tier};
use crate::time::Time;

/// Scenarios to look at, each on its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RoutingWhatIf))]
pub struct Question {
    /// One or more; none builds on another.
    pub scenarios: Vec<Scenario>,
    /// Whether each scenario comes with its whole plan and certificate.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub plans: bool,
    /// How to solve. The time limit is for all scenarios together, 5 s where it is not given and 29 s at most; the work limit is for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Options>,
}

/// Changes that are made together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RoutingScenario))]
pub struct Scenario {
    /// Comes back with the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What is other than in the request, in this order.
    pub changes: Vec<Change>,
}

/// Something that is other than in the request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RoutingChange))]
pub enum Change {
    /// A resource has another capacity. With a timetable it goes by the name that plans give it.
    Capacity {
        /// The resource.
        resource: String,
        /// Units there are.
        capacity: i64,
    },
    /// A sailing has other room, on every leg.
    Slots {
        /// The sailing, or the voyage of a service with its day.
        sailing: String,
        /// TEU.
        slots_teu: i64,
    },
    /// A sailing is late, from a port on or from its first call.
    Delay {
        /// The sailing.
        sailing: String,
        /// By so much; below zero where it is early.
        delay_s: i64,
        /// The first port where it is late.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
    },
    /// A sailing does not sail.
    Cancel {
        /// The sailing.
        sailing: String,
    },
    /// A port handles nothing in shifts that begin within a span.
    ClosePort {
        /// The port.
        port: String,
        /// From here on.
        from: Time,
        /// Up to here, this instant not among it.
        to: Time,
    },
    /// An arc of a network is closed.
    CloseArc {
        /// Its name.
        arc: String,
    },
    /// There is one more lot.
    AddLot {
        /// The lot.
        lot: Box<LotWire>,
    },
    /// A lot is other than it was.
    ChangeLot {
        /// The lot as it is now, by its name.
        lot: Box<LotWire>,
    },
    /// A lot is not there.
    RemoveLot {
        /// Its name.
        lot: String,
    },
}

/// What would be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RoutingWhatIfReply))]
pub struct Reply {
    /// Cost of the plan as it is.
    pub objective: i64,
    /// Its bound.
    pub lower_bound: i64,
    /// Its key figures.
    pub kpis: Kpis,
    /// The scenarios, in the order of the question.
    pub scenarios: Vec<Told>,
}

/// What would be in one scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RoutingScenarioReply))]
pub struct Told {
    /// As in the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Cost of the scenario's plan. With other lots or classes it does not compare with that of the plan as it is; the key figures do.
    pub objective: i64,
    /// No plan of the scenario costs less.
    pub lower_bound: i64,
    /// The gap between the two.
    pub gap: f64,
    /// What is proven.
    pub proof: Proof,
    /// Why the solve stopped.
    pub stop: Stop,
    /// The quality reached.
    pub tier: Tier,
    /// Work done.
    pub ticks: u64,
    /// Whether the same question gets the same answer again.
    pub reproducible: bool,
    /// Key figures.
    pub kpis: Kpis,
    /// How much they are above those of the plan as it is.
    pub difference: Kpis,
    /// Lots that fare otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lots: Vec<LotChange>,
    /// The resources of which one unit more would be worth most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub most_valuable: Vec<Valued>,
    /// The plan, where the question asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// What its bound rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Certificate>,
}

/// A lot that fares otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RoutingLotChange))]
pub struct LotChange {
    /// The lot.
    pub lot: String,
    /// Containers carried as it is; none where the lot is new.
    pub carried_before: i64,
    /// Containers carried in the scenario; none where the lot is gone.
    pub carried: i64,
    /// Containers turned down as it is.
    pub rejected_before: i64,
    /// Containers turned down in the scenario.
    pub rejected: i64,
    /// Containers that were carried and do not go the same way any more.
    pub moved: i64,
}
