//! Plans for a container port, each with a proof of how good it is.
//!
//! # The field
//!
//! A **vessel** makes a **call** at a port: it arrives, is given a **berth** for some time, has its
//! containers handled, and leaves. Calls differ in urgency, berths in length, depth and speed; berths
//! close for repairs, and deep vessels wait for the tide. [`berth`] decides who goes where and when.
//!
//! Containers stand in **stacks** in the **yard**, and only the top of a stack can be reached. To take one out, what stands above it has to be
//! **relocated**. [`yard`] decides which containers go where, so that this happens as seldom as it can.
//!
//! Containers travel in **lots** along **legs**: sailings, transfers, waits. Every leg has room for so many. [`routing`] decides which way each lot
//! takes, and which lots are turned down where there is no room for all.
//!
//! # The way of a request
//!
//! ```text
//! JSON -> Wire -> Instance -> solve(Budget) -> Outcome -> Plan + certificate -> Answer -> JSON
//!          |        |                                                              |
//!       one shape   every issue at once                                       verify, on its own
//! ```
//!
//! Each [`Problem`] walks it the same way. The crate is pure: no file, socket, thread of its own, environment or
//! wall clock. Time comes in through a [`Clock`] that the caller lends to the [`Budget`].
//!
//! # Modules, in reading order
//!
//! | module | what |
//! |---|---|
//! | [`units`], [`ids`], [`time`], [`limits`] | the small words: seconds, indices, instants, caps |
//! | [`issue`], [`options`] | what is wrong with a document; what a caller may ask |
//! | [`budget`], [`rng`], [`outcome`], [`answer`] | how a solve is limited, seeded and reported |
//! | [`problem`] | the contract all problems keep, and the list of them |
//! | [`berth`] | berth allocation |
//! | [`yard`] | container relocation and pre-marshalling |
//! | [`routing`] | cargo routing: lots over legs with shared capacities |
//!
//! # Example
//!
//! ```
//! use portolan::{Budget, Problem, berth::Berths};
//!
//! let wire = serde_json::from_str(r#"{
//!   "berths": [{"id": "north"}, {"id": "south"}],
//!   "calls": [
//!     {"id": "A", "arrival": 0, "handling_s": {"north": 7200, "south": 3600}},
//!     {"id": "B", "arrival": 0, "handling_s": {"north": 7200, "south": 3600}}
//!   ]
//! }"#)?;
//! let instance = Berths::instance(&wire).expect("nothing is wrong with it");
//! let clock = || std::time::Duration::ZERO;
//! let outcome = Berths::solve(&instance, &mut Budget::new(&clock), &mut |_| ());
//! // Both on the fast berth, one after the other, or one on each: 3600 + 7200.
//! assert_eq!((outcome.objective, outcome.lower_bound), (10_800, 10_800));
//! # Ok::<(), serde_json::Error>(())
//! ```

pub mod answer;
pub mod berth;
pub mod budget;
mod canvas;
pub mod ids;
mod iso6346;
pub mod issue;
pub mod limits;
mod locode;
mod lp;
pub mod options;
pub mod outcome;
pub mod problem;
pub mod rng;
pub mod routing;
mod sheet;
pub mod time;
pub mod units;
mod words;
pub mod yard;

pub use answer::{Answer, AnyAnswer, Document};
pub use budget::{Budget, Clock};
pub use issue::Issue;
pub use options::Options;
pub use outcome::{Outcome, Progress, Proof, Stop, Tier, gap};
pub use problem::{AnyProblem, Problem, Request, Violation};
