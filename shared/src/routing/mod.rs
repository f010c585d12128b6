//! Cargo routing: which way each lot of containers takes through a network of legs that share capacities.
//!
//! # Formulation
//!
//! Nodes are places, or places at a time; **arcs** are sailings, transfers, waits, with a cost for each container. An arc takes units of
//! **resources** (slots of a sailing, moves of a terminal's day, plugs), each of which has a capacity. A **lot** is a number of containers with an
//! origin, a destination, and what it costs to turn one down; it may have a release, a due time, a limit of transit time, a priority class, and a
//! settled beginning of its way. Wanted are whole containers on paths:
//!
//! ```text
//! min  sum_k sum_{p of k} c_p x_p + sum_k r_k y_k
//!      sum_{p of k} x_p + y_k = q_k                 for each lot k
//!      sum_p a_rp x_p <= b_r                        for each resource r
//!      x, y >= 0 and whole
//! ```
//!
//! This is the multi-commodity flow of liner shipping (Brouer, Pisinger, Spoorendonk 2011, doi:10.1080/03155986.2011.11081866; transit-time
//! limits: Karsten, Pisinger, Ropke, Brouer 2015, doi:10.1016/j.tre.2015.01.003), on a cyclic weekly network or one that is expanded in time.
//! Classes are lexicographic: each weighs more than all later ones together could save. Vehicle tours (drayage) are another problem and not
//! here.
//!
//! # Reading order
//!
//! [`wire`] (the JSON) and [`text`] (the benchmark forms) become an [`instance`] by `validate`, with its reduced `network`. `paths` prices, `greedy` pours,
//! `lagrange`, `lp::interior` and `colgen` with its `master` bound, `round` makes whole, `search` orders them. [`plan`] writes the ways out, `explain` says what is in the way of
//! the rest, `certificate` is what the bound rests on, `verify` checks all of it. [`Warm`] carries what an earlier
//! answer says over to a changed request.

pub mod certificate;
mod colgen;
mod columns;
mod cost;
mod explain;
pub mod generate;
mod greedy;
pub mod import;
pub mod instance;
mod lagrange;
mod master;
mod network;
mod paths;
pub mod plan;
mod round;
mod search;
mod svg;
mod table;
pub mod text;
pub mod timetable;
mod validate;
mod verify;
mod warm;
pub mod whatif;
pub mod wire;

pub use certificate::Certificate;
pub use instance::Instance;
pub use plan::{Flow, Plan, Solution};
pub use search::solve_from;
pub use warm::Warm;
pub use wire::Wire;

use crate::answer::Answer;
use crate::budget::{Budget, Clock};
use crate::issue::{self, Issue};
use crate::options::Options;
use crate::outcome::{Level, Outcome, Progress};
use crate::problem::{Problem, Violation};

/// The cargo routing problem.
#[derive(Clone, Copy, Debug)]
pub struct Routing;

impl Problem for Routing {
    const NAME: &'static str = "routing";
    const VERSION: u32 = 3;
    const OFFERS_WHAT_IF: bool = true;
    type Wire = Wire;
    type Instance = Instance;
    type Solution = Solution;
    type Certificate = Certificate;
    type Plan = Plan;

    fn options(wire: &Wire) -> Option<&Options> {
        wire.options.as_ref()
    }

    fn with_options(wire: Wire, options: Option<Options>) -> Wire {
        Wire { options, ..wire }
    }

    fn instance(wire: &Wire) -> Result<Instance, Vec<Issue>> {
        Instance::try_from(wire)
    }

    fn is_request(json: &serde_json::Map<String, serde_json::Value>) -> bool {
        ["arcs", "lots", "sailings", "services"].iter().any(|section| json.contains_key(*section))
    }

    fn read_text(text: &str, _name: Option<&str>) -> Option<Result<Wire, Vec<Issue>>> {
        text::read(text)
    }

    fn size(instance: &Instance) -> String {
        format!("{} lots, {} arcs", instance.lots.len(), instance.arcs.len())
    }

    fn solve(
        instance: &Instance,
        budget: &mut Budget<'_>,
        watch: &mut dyn FnMut(&Progress<'_, Solution>),
    ) -> Outcome<Solution, Certificate> {
        search::solve(instance, budget, watch)
    }

    fn what_if(
        wire: &Wire,
        answer: &Answer<Plan, Certificate>,
        question: &serde_json::Value,
        clock: &dyn Clock,
    ) -> Option<Result<serde_json::Value, Vec<Issue>>> {
        let read = serde_path_to_error::deserialize(question).map_err(|error| vec![issue::from_json_error(&error)]);
        let reply = read.and_then(|question| whatif::answer(wire, answer, &question, clock));
        Some(reply.map(|reply| serde_json::to_value(reply).unwrap_or_default()))
    }

    fn gap(instance: &Instance, objective: i64, lower_bound: i64) -> f64 {
        cost::gap(instance, objective, lower_bound)
    }

    fn levels(instance: &Instance, solution: &Solution, lower_bound: i64) -> Vec<Level> {
        cost::levels(instance, &cost::costs(instance, &solution.flows), lower_bound)
    }

    fn plan(instance: &Instance, solution: &Solution) -> Plan {
        Plan::new(instance, solution)
    }

    fn verify(instance: &Instance, answer: &Answer<Plan, Certificate>) -> Result<i64, Vec<Violation>> {
        verify::verify(instance, answer)
    }

    fn table(instance: &Instance, answer: &Answer<Plan, Certificate>) -> String {
        table::table(instance, answer)
    }

    fn svg(instance: &Instance, answer: &Answer<Plan, Certificate>) -> String {
        svg::svg(instance, answer)
    }
}
