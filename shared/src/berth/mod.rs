//! Berth allocation: which berth and when, for each vessel call.
//!
//! # Formulation
//!
//! The dynamic berth allocation problem (Imai, Nishimura, Papadimitriou 2001, doi:10.1016/S0191-2615(99)00057-0; Cordeau, Laporte, Legato,
//! Moccia 2005, doi:10.1287/trsc.1050.0120) on discrete berths. Call `i` arrives at `a_i` and takes `h_ij` on berth `j`, or cannot go there. A
//! berth serves one vessel at a time. Berths open in windows and close for works; vessels have latest departures; deep ones wait for the tide to come
//! and to go. Chosen are a berth and a start for every call so that, class by class, the sum of
//!
//! ```text
//! weight_i * (departure_i - a_i)  +  tardiness_weight_i * max(0, departure_i - due_i)
//!                                 +  berth_change [other berth than earlier]  +  later_start [later than earlier]
//! ```
//!
//! is least. A call that cannot be served is left out at a price above everything its class could save (see [`instance::Class`]).
//!
//! # Reading order
//!
//! [`wire`] (the JSON) and [`text`] (the benchmark form) become an [`instance`] by `validate`, with `slots` and `classes` derived. `heuristic`,
//! `bound` and `exact` search; [`plan`] writes the result out, `explain` says why vessels wait, `verify` checks it all again from the
//! raw data.
//!
//! [`quay`] is the same question on a continuous quay with tidal departures: a second model behind the same address, with a solver and
//! a JSON shape of its own. A request that has a `quay` is one of it.

mod bound;
pub mod certificate;
mod classes;
mod exact;
mod explain;
#[cfg(test)]
mod first_come;
pub mod generate;
mod heuristic;
pub mod instance;
mod lexicographic;
mod model;
#[cfg(test)]
mod naive;
pub mod plan;
pub mod quay;
mod replan;
mod search;
mod slots;
mod state;
mod svg;
mod table;
pub mod text;
mod validate;
mod verify;
pub mod wire;
mod words;

pub use certificate::Certificate;
pub use explain::{Blocker, ClassChange, Delay, LeftOut, Lever, Remedy};
pub use instance::{Assignment, Instance, Slot};
pub use plan::{Plan, Schedule, WhyMoved};
pub use wire::Wire;

use crate::answer::Answer;
use crate::budget::Budget;
use crate::issue::Issue;
use crate::options::Options;
use crate::outcome::{Level, Outcome, Progress};
use crate::problem::{Problem, Violation};

/// The berth allocation problem.
#[derive(Clone, Copy, Debug)]
pub struct Berths;

impl Problem for Berths {
    const NAME: &'static str = "berth";
    const VERSION: u32 = 1;
    type Wire = Wire;
    type Instance = Instance;
    type Solution = Schedule;
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
        json.contains_key("calls") || json.contains_key("berths")
    }

    fn read_text(text: &str, _name: Option<&str>) -> Option<Result<Wire, Vec<Issue>>> {
        text::read(text)
    }

    fn size(instance: &Instance) -> String {
        format!("{} x {}", instance.calls().len(), instance.berths().len())
    }

    fn solve(
        instance: &Instance,
        budget: &mut Budget<'_>,
        watch: &mut dyn FnMut(&Progress<'_, Schedule>),
    ) -> Outcome<Schedule, Certificate> {
        lexicographic::solve(instance, budget, watch)
    }

    fn gap(instance: &Instance, objective: i64, lower_bound: i64) -> f64 {
        instance.gap(objective, lower_bound)
    }

    fn levels(instance: &Instance, solution: &Schedule, lower_bound: i64) -> Vec<Level> {
        instance.levels(&plan::cost_by_class(instance, solution), lower_bound)
    }

    fn plan(instance: &Instance, solution: &Schedule) -> Plan {
        Plan::new(instance, solution)
    }

    fn verify(instance: &Instance, answer: &Answer<Plan, Certificate>) -> Result<i64, Vec<Violation>> {
        verify::verify(instance, answer)?;
        Ok(answer.lower_bound)
    }

    fn table(instance: &Instance, answer: &Answer<Plan, Certificate>) -> String {
        table::table(instance, answer)
    }

    fn svg(instance: &Instance, answer: &Answer<Plan, Certificate>) -> String {
        svg::svg(instance, answer)
    }
}
