//! A plan: where and when every vessel lies.

use serde::{Deserialize, Serialize};

use super::instance::Instance;
use super::stays::Stay;

/// One vessel's berth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Berth {
    /// From the left end of the quay.
    pub position: i64,
    /// When it berths and sails.
    pub stay: Stay,
}

/// A berth for every vessel, in the order of the instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule(pub Vec<Berth>);

impl Schedule {
    /// The sum of weighted departures.
    pub fn objective(&self, instance: &Instance) -> i64 {
        self.0.iter().zip(instance.vessels()).map(|(berth, v)| v.weight * berth.stay.departure).sum()
    }
}
