//! Berths on a continuous quay with tidal departures.
//!
//! # Problem
//!
//! Ernst, Oğuz, Singh, Taherkhani 2017 (doi:10.1007/s10951-017-0510-8). Vessel `i` of length `l_i` arrives at `r_i`, takes `p_i`
//! to handle and lies anywhere along a quay of length `L`. Deep vessels leave only at high tide: vessel `i` sails at the first
//! instant of a tide at or after the end of its handling and lies alongside until then. No two vessels may share a place at the
//! same time. The sum of weighted departures is to be least. Beyond the paper: a safety gap between neighbours, weights, tides
//! for berthing, vessels that need no tide, vessels that lie in a part of the quay only, and vessels whose place and start are decided.
//!
//! [`Quays`] is the problem as it is sent: [`wire`] and the benchmark's [`text`] become a [`Port`] by `validate`, and [`Plan`] writes the
//! result out with `explain`ed waits. What it costs there are weighted seconds in port: the same less the arrivals.
//!
//! All numbers are integers in units that the caller chooses. The time of a solve grows with the number of instants: an hour or a
//! quarter of an hour is a good unit of time, a second is not (annealing and a trivial bound are all that is left then).
//!
//! # Method
//!
//! 1. A vessel never needs to wait alongside: it can berth later and leave at the same time (`stays`). What remains is a
//!    rectangle packing with start times from a list.
//! 2. `heuristic`: list scheduling and annealing over the list.
//! 3. `subgradient`, then `root` (a time-indexed linear relaxation with `rules` and `separate`d cuts, by column generation on
//!    `master`): prices for quay and time. `lagrange` turns prices into bounds, in integers.
//! 4. `sweep`: dynamic programming over sets of vessels with dominance, pruned by the prices. This is what proves optimality,
//!    and cut to a width it finds better plans than annealing. It looks at the total length alongside only; `places` finds
//!    positions for its plan. Where a cheapest chain of stays has no positions, its cost stays a valid bound and the plan may be
//!    a little above it.
//! 5. Neighbourhoods of the incumbent, swept as well (`solve`).
//!
//! [`verify`], [`check_plan`] and [`check_certificate`] confirm plans and bounds (a [`Certificate`] of rules, cuts and prices)
//! with code of their own.
//!
//! # Example
//!
//! ```
//! use portolan::Budget;
//! use portolan::berth::quay::{Instance, Tides, Vessel, solve, verify};
//!
//! let vessel = |length, handling| {
//!     Vessel { length, handling, arrival: 0, weight: 1, sails_on_tide: true, ..Vessel::default() }
//! };
//! // High water from 0 to 2, from 12 to 14 and so on.
//! let tides = Tides::new(vec![(0, 2)], Some(12))?;
//! let vessels = vec![vessel(200, 8), vessel(150, 5), vessel(120, 9)];
//! let instance = Instance::new(400, 10, vessels, Tides::default(), tides).expect("nothing is wrong with it");
//! let clock = || std::time::Duration::ZERO;
//! let outcome = solve(&instance, &mut Budget::new(&clock), &mut |_| ());
//! // Two fit side by side and leave on the first tide; the third has to wait for the next.
//! assert_eq!((outcome.objective, outcome.lower_bound), (12 + 12 + 24, 48));
//! verify(&instance, &outcome)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Measured
//!
//! The 160 public files of the paper, limit 5 s, one thread, shared 2-core machine, 23 November 2026 (seconds on a quiet machine are
//! two to three times less):
//!
//! | vessels | lengths, handling | files | proven | mean gap % | max gap % | median s | max s |
//! |---|---|---|---|---|---|---|---|
//! | 16-20 | 2c 3c | 24 | 24 | 0.00 | 0.00 | 0.10 | 0.84 |
//! | 16-20 | Uniform 16 | 24 | 24 | 0.00 | 0.00 | 0.04 | 0.72 |
//! | 16-20 | Uniform 5 | 24 | 24 | 0.00 | 0.00 | 0.03 | 0.62 |
//! | 16-20 | Unit 16 | 24 | 24 | 0.00 | 0.00 | 0.05 | 0.13 |
//! | 16-20 | Unit 5 | 24 | 24 | 0.00 | 0.00 | 0.01 | 0.26 |
//! | 32 | 2c 3c | 8 | 0 | 2.57 | 4.96 | 5.03 | 5.11 |
//! | 32 | Uniform 16 | 8 | 0 | 3.41 | 5.54 | 5.01 | 5.08 |
//! | 32 | Uniform 5 | 8 | 4 | 1.26 | 3.18 | 3.52 | 5.01 |
//! | 32 | Unit 16 | 8 | 8 | 0.00 | 0.00 | 0.64 | 1.80 |
//! | 32 | Unit 5 | 8 | 8 | 0.00 | 0.00 | 0.34 | 1.18 |
//!
//! CP-SAT 9 (one worker, 60 s, intervals with time-indexed literals and clique rows; far weaker without those) on 16 of the
//! files: it proves 10 in 7 to 53 s, which this solver proves in 0.01 to 1.8 s; on the other six its gaps are 2.5 to 25 %, here 0
//! to 5 % after 5 s. On two files its bound after 60 s is above the one here after 5 s (`32_2_2c_Noon_3c_1`,
//! `32_2_2c_Uniform_3c_2`).
//!
//! # What did not help
//!
//! Branch and cut on departures over the same relaxation, with strong branching: on 16 vessels with a root gap of 4 % some
//! hundred nodes closed a third of it in the time in which the sweep needs 800 sets to close all. Windows without good positions
//! as cuts (as in combinatorial Benders decomposition) were never needed: on none of the benchmark's files did a sweep's plan
//! lack positions. With vessels that lie in parts of the quay it happens: the rules know the parts, the sweep does not. A small gap then
//! stays (21 of 400 random tiny instances).

mod certificate;
mod check;
mod explain;
pub mod generate;
mod heuristic;
mod instance;
mod lagrange;
mod master;
mod open;
mod places;
mod plan;
mod port;
mod root;
mod rules;
mod schedule;
mod separate;
mod solve;
mod stays;
mod subgradient;
mod svg;
mod sweep;
mod table;
#[cfg(test)]
mod tests;
pub mod text;
mod tides;
mod validate;
mod verify;
pub mod wire;

pub use certificate::{Certificate, Cut, Prices, Rule};
pub use check::{Refuted, certificate as check_certificate, plan as check_plan, verify};
pub use explain::{Blocker, Delay, Lever, Remedy};
pub use instance::{Instance, Invalid, MAX_NUMBER, MAX_VESSELS, Vessel};
pub use plan::{Kpis, Plan, Visit};
pub use port::{Call, Port};
pub use schedule::{Berth, Schedule};
pub use solve::solve;
pub use stays::Stay;
pub use tides::Tides;
pub use wire::Wire;

use crate::answer::Answer;
use crate::budget::Budget;
use crate::issue::Issue;
use crate::options::Options;
use crate::outcome::{Level, Outcome, Progress};
use crate::problem::{Problem, Violation};

/// Berth allocation along a quay: the other model of [`Berths`](super::Berths), under the same name. Costs are weighted times in port.
#[derive(Clone, Copy, Debug)]
pub struct Quays;

impl Problem for Quays {
    const NAME: &'static str = super::Berths::NAME;
    const VERSION: u32 = 1;
    type Wire = Wire;
    type Instance = Port;
    type Solution = Schedule;
    type Certificate = Certificate;
    type Plan = Plan;

    fn options(wire: &Wire) -> Option<&Options> {
        wire.options.as_ref()
    }

    fn with_options(wire: Wire, options: Option<Options>) -> Wire {
        Wire { options, ..wire }
    }

    fn instance(wire: &Wire) -> Result<Port, Vec<Issue>> {
        Port::try_from(wire)
    }

    fn is_request(json: &serde_json::Map<String, serde_json::Value>) -> bool {
        json.contains_key("quay")
    }

    fn read_text(text: &str, _name: Option<&str>) -> Option<Result<Wire, Vec<Issue>>> {
        text::read(text)
    }

    fn size(port: &Port) -> String {
        format!("{} on {} m", port.calls().len(), port::metres(port.instance.quay()))
    }

    fn solve(
        port: &Port,
        budget: &mut Budget<'_>,
        watch: &mut dyn FnMut(&Progress<'_, Schedule>),
    ) -> Outcome<Schedule, Certificate> {
        let outcome = solve(&port.instance, budget, &mut |progress| {
            let Progress { incumbent, ticks, .. } = *progress;
            let (objective, lower_bound) = (port.cost(progress.objective), port.cost(progress.lower_bound));
            watch(&Progress { incumbent, objective, lower_bound, ticks });
        });
        let (objective, lower_bound) = (port.cost(outcome.objective), port.cost(outcome.lower_bound));
        Outcome { objective, lower_bound, ..outcome }
    }

    fn gap(_: &Port, objective: i64, lower_bound: i64) -> f64 {
        crate::outcome::gap(objective, lower_bound)
    }

    fn levels(port: &Port, solution: &Schedule, lower_bound: i64) -> Vec<Level> {
        verify::levels(port.objective(solution), lower_bound)
    }

    fn plan(port: &Port, solution: &Schedule) -> Plan {
        Plan::new(port, solution)
    }

    fn verify(port: &Port, answer: &Answer<Plan, Certificate>) -> Result<i64, Vec<Violation>> {
        verify::verify(port, answer)?;
        Ok(answer.lower_bound)
    }

    fn table(port: &Port, answer: &Answer<Plan, Certificate>) -> String {
        table::table(port, answer)
    }

    fn svg(port: &Port, answer: &Answer<Plan, Certificate>) -> String {
        svg::svg(port, answer)
    }
}
