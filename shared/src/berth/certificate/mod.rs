//! What an independent checker needs to confirm a lower bound without solving.
//!
//! One stage for each priority class (classes are proven one after the other), and in each a tree. An inner node splits
//! all plans by one call: on these berths or on the others, started up to a time or after it, served or left out. Every plan follows exactly one way down (a call that is left out follows both sides of a berth or
//! start split). Each node carries dual vectors; each gives a Lagrangian bound over the starts that are still open, and closes
//! the starts through which no plan below `upper` can go. The bound of the tree is the least over its leaves of the best bound
//! on the way down to them.

mod check;
mod sequences;
mod starts;

use super::instance::Instance;

use serde::{Deserialize, Serialize};

use crate::ids::{BerthIdx, CallIdx};
use crate::units::Seconds;

/// A question that divides the plans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BerthSplit))]
pub enum Split {
    /// First child: on one of these berths; second: on another.
    Berth {
        /// Which call.
        call: CallIdx,
        /// The berths of the first child.
        berths: Vec<BerthIdx>,
    },
    /// First child: starts at `time` or before; second: after it.
    Start {
        /// Which call. Its twins (see the checker) that start before it, or after it, follow.
        call: CallIdx,
        /// The latest start of the first child.
        time: Seconds,
    },
    /// First child: served; second: left out.
    Served {
        /// Which call.
        call: CallIdx,
    },
}

/// A node of the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BerthNode))]
pub struct Node {
    /// Prices of the calls in cost steps times `scale`, in the order in which they are applied. Shape: any x calls.
    pub duals: Vec<Vec<i64>>,
    /// How the node is divided, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
    /// The two parts, as positions among the nodes; none without a split.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<u32>,
}

/// Evidence for the lower bound: a stage for each class, most urgent first, as far as the solve got.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BerthCertificate))]
pub struct Certificate {
    /// The stages.
    pub stages: Vec<Stage>,
}

/// A bound on one class, for plans that are as good as possible in every class before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BerthStage))]
pub struct Stage {
    /// What each class up to this one counts in the bound below; the last is 1. Shape: classes up to this one.
    pub multipliers: Vec<i64>,
    /// Proves a bound on the sum of those classes' costs, each times its multiplier.
    pub tree: Tree,
}

/// A branching tree with prices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BerthTree))]
pub struct Tree {
    /// What the prices are multiplied by.
    pub scale: i64,
    /// A coarse time grid on which starts in one cell are not told apart. Exact times without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<Cells>,
    /// In cost steps. Only plans cheaper than this are refuted; the bound is never above it.
    pub upper: i64,
    /// The tree; the root is the first.
    pub nodes: Vec<Node>,
}

/// A coarse time grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BerthCells))]
pub struct Cells {
    /// Where a cell begins.
    pub origin: Seconds,
    /// How long each cell is.
    pub step: Seconds,
}

/// The lower bound on the whole objective that a certificate proves.
///
/// A stage's tree proves `sum of multiplier x class cost >= bound` over the calls of its classes; leaving the calls of later
/// classes out of sight only takes vessels away. Where every earlier class costs no more than its own bound, what
/// remains of the stage's bound is one on its class alone.
///
/// # Errors
/// Says what is malformed. A certificate that proves little is not an error.
pub(super) fn check(instance: &Instance, certificate: &Certificate) -> Result<i64, String> {
    let mut by_class: Vec<i64> = Vec::new();
    for stage in &certificate.stages {
        let classes = by_class.len() + 1;
        let sane = stage.multipliers.iter().all(|multiplier| (1..=1 << 40).contains(multiplier));
        if classes > instance.classes().len() || stage.multipliers.len() != classes || !sane {
            return Err("a stage does not fit the classes".to_owned());
        }
        let part = instance.stage(&stage.multipliers, 0);
        let bound = check::check(&part, &stage.tree)?;
        by_class.push(on_last_class(bound, &stage.multipliers, &by_class));
    }
    Ok(instance.classes().iter().zip(by_class).map(|(class, bound)| class.multiplier * bound).sum())
}

/// What a stage's bound says about its last class, where the earlier ones cost what they are bounded by.
pub(super) fn on_last_class(bound: i64, multipliers: &[i64], earlier: &[i64]) -> i64 {
    let spent: i64 = multipliers.iter().zip(earlier).map(|(multiplier, cost)| multiplier * cost).sum();
    (bound - spent).max(0)
}
