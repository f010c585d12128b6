//! Lower bounds: column generation over berth schedules.
//!
//! The master chooses one schedule for each berth so that every call is in one of them (set partitioning; Christiansen &
//! Nygreen 1998, doi:10.1023/A:1018973710126 in another port, Buhrkal et al. 2011, doi:10.1016/j.tre.2010.11.016 for berths). The pricing
//! problem is a cheapest path through the starts of one berth (`network`, `pricing`), from which the rule of `dominance`
//! removes most orders that no best plan needs. `generate` runs it all and fixes starts by reduced cost; with many calls, `approach` comes first.
//!
//! What did not help: plain subgradient steps beyond a few dozen stall percents below the master's bound, also where they are
//! cheap (on a problem of 250 calls and 20 berths, 200 more of them over the starts within a third of a call's mean cost of the
//! bound leave it 3 % below the master's); forbidding `i, k, i` on a path gains nothing once the dominance rule is there.

// `i` and `k` are calls, `a` and `b` arcs, `q` a kind of berth, `t` a time, as in the papers.
#![allow(clippy::many_single_char_names, clippy::similar_names)]

mod approach;
pub(crate) mod dominance;
pub(crate) mod generate;
pub(crate) mod master;
pub(crate) mod network;
pub(crate) mod pricing;
pub(crate) mod rounding;
