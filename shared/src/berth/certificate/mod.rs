//! What an independent checker needs to confirm a lower bound without solving.
//!
//! A tree. An inner node splits all plans by one call: on these berths or on the others, started up to a time or after it,
//! served or left out. Every plan follows exactly one way down (a call that is left out follows both sides of a berth or
//! start split). Each node carries dual vectors; each gives a Lagrangian bound over the starts that are still open, and closes
//! the starts through which no plan below `upper` can go. The bound of the tree is the least over its leaves of the best bound
//! on the way down to them.

mod check;

pub(super) use check::check;

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

/// Evidence for the lower bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = BerthCertificate))]
pub struct Certificate {
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
