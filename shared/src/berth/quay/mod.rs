//! Berths on a continuous quay with tidal departures.
//!
//! # Problem
//!
//! Ernst, Oğuz, Singh, Taherkhani 2017 (doi:10.1007/s10951-017-0510-8). Vessel `i` of length `l_i` arrives at `r_i`, takes `p_i`
//! to handle and lies anywhere along a quay of length `L`. Deep vessels leave only at high tide: vessel `i` sails at the first
//! instant of a tide at or after the end of its handling and lies alongside until then. No two vessels may share a place at the
//! same time. The sum of weighted departures is to be least. Beyond the paper: a safety gap between neighbours, weights, tides
//! for berthing, and vessels that need no tide.
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
//!     Vessel { length, handling, arrival: 0, weight: 1, berths_on_tide: false, sails_on_tide: true }
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
//! lack positions.

mod certificate;
mod check;
mod heuristic;
mod instance;
mod lagrange;
mod master;
mod open;
mod places;
mod plan;
mod root;
mod rules;
mod separate;
mod solve;
mod stays;
mod subgradient;
mod sweep;
#[cfg(test)]
mod tests;
mod text;
mod tides;

pub use certificate::{Certificate, Cut, Prices, Rule};
pub use check::{Refuted, certificate as check_certificate, plan as check_plan, verify};
pub use instance::{Instance, Invalid, MAX_NUMBER, MAX_VESSELS, Vessel};
pub use plan::{Berth, Plan};
pub use solve::solve;
pub use stays::Stay;
pub use text::{QUAY, UNITS, Unreadable, read_text};
pub use tides::Tides;
