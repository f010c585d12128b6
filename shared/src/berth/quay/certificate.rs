//! What an independent checker needs to confirm a lower bound.
//!
//! A **rule** says which vessels can be alongside together: at any instant, the coefficients of the vessels alongside sum to its
//! capacity at most. A **cut** is an inequality over stays that some plan as good as any satisfies. **Prices** on cuts turn them
//! into a Lagrangian relaxation: every vessel takes its cheapest stay, and the prices times the limits are paid back.
//!
//! The checker confirms the rules (a knapsack each) and the cuts (by their form), closes the stays that no plan below `upper`
//! can use, one vector of prices after another, and then, where `swept` says so, enumerates sets of vessels in the order of
//! berthing as `sweep` describes, with its own plain tables, dropping what the last prices rule out. If nothing cheaper than
//! `upper` is left, `upper` is a lower bound. Else the Lagrangian bound of the best vector is.

use serde::{Deserialize, Serialize};

use super::stays::Stay;

/// At any instant the coefficients of the vessels alongside sum to `capacity` at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = QuayRule))]
pub struct Rule {
    /// By vessel, none negative.
    pub coefficients: Vec<i64>,
    /// The most they may sum to.
    pub capacity: i64,
}

/// A linear inequality over stays: the coefficients of the chosen stays sum to [`Cut::limit`] at most.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = QuayCut))]
pub enum Cut {
    /// A rule in the window `[begin, end)`: vessels count that are alongside throughout, and the one `meeting` vessel as soon as
    /// it is alongside at any instant of it. (There is an instant at which all that count are alongside.)
    Load {
        /// Position in [`Certificate::rules`].
        rule: u32,
        /// First instant of the window.
        begin: i64,
        /// First instant after the window.
        end: i64,
        /// The vessel that need not be alongside throughout.
        meeting: Option<u32>,
    },
    /// Of two vessels that can change places, `first` leaves no later than `second`: where `second` leaves at `time` or before,
    /// so does `first`.
    Order {
        /// Leaves first.
        first: u32,
        /// Leaves second.
        second: u32,
        /// Up to this departure.
        time: i64,
    },
}

impl Cut {
    /// What a stay of a vessel counts.
    pub fn coefficient(&self, rules: &[Rule], vessel: usize, stay: Stay) -> i64 {
        let throughout = |begin: i64, end: i64| stay.start <= begin && end <= stay.departure;
        match self {
            Self::Load { rule, begin, end, meeting } => {
                let meets = *meeting == Some(vessel as u32) && stay.start < *end && *begin < stay.departure;
                if meets || throughout(*begin, *end) { rules[*rule as usize].coefficients[vessel] } else { 0 }
            }
            Self::Order { first, second, time } => {
                let side = i64::from(*second as usize == vessel) - i64::from(*first as usize == vessel);
                if stay.departure <= *time { side } else { 0 }
            }
        }
    }

    /// The most that the coefficients may sum to.
    pub fn limit(&self, rules: &[Rule]) -> i64 {
        match self {
            Self::Load { rule, .. } => rules[*rule as usize].capacity,
            Self::Order { .. } => 0,
        }
    }
}

/// A price for each cut that has one: position in [`Certificate::cuts`], price times [`Certificate::scale`].
pub type Prices = Vec<(u32, i64)>;

/// Evidence for a lower bound.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = QuayCertificate))]
pub struct Certificate {
    /// Stays are closed, and sets dropped, where they cannot be part of a plan cheaper than this.
    pub upper: i64,
    /// Prices are in units of one in so many.
    pub scale: i64,
    /// Which vessels can be alongside together.
    pub rules: Vec<Rule>,
    /// The inequalities that have a price.
    pub cuts: Vec<Cut>,
    /// In the order in which they are applied.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Vec<Vec<i64>>>))]
    pub prices: Vec<Prices>,
    /// Whether the sets of vessels leave no plan cheaper than `upper`.
    pub swept: bool,
}
