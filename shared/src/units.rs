//! Quantities as integer newtypes.
//!
//! Everything the solver adds up is an integer, so a plan's objective is exact and the same on every
//! machine. Values that come from outside are held within [`crate::limits`] when an instance is
//! made; inside, sums of them cannot overflow an `i64`.

use std::iter::Sum;
use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// A number of seconds: a duration, or an instant counted from the start of the horizon.
///
/// invariant: between zero and [`crate::limits::MAX_TIME_S`] where it came from a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Seconds(pub i64);

impl Seconds {
    /// The start of the horizon, or an empty duration.
    pub const ZERO: Self = Self(0);

    /// `self - other`, but never below zero.
    #[must_use]
    pub fn past(self, other: Self) -> Self {
        Self((self.0 - other.0).max(0))
    }
}

impl Add for Seconds {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Seconds {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Sum for Seconds {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        Self(items.map(|s| s.0).sum())
    }
}

/// A length or a depth in whole centimetres.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Centimetres(pub i64);

impl Centimetres {
    /// From metres, rounded to the nearest centimetre; `None` where the number is not finite,
    /// negative, or above [`crate::limits::MAX_METRES`].
    pub fn from_metres(metres: f64) -> Option<Self> {
        let sane = metres.is_finite() && (0.0..=crate::limits::MAX_METRES).contains(&metres);
        sane.then(|| Self((metres * 100.0).round() as i64))
    }
}

impl std::fmt::Display for Centimetres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:02} m", self.0 / 100, self.0 % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metres_become_centimetres_and_nonsense_becomes_none() {
        assert_eq!(Centimetres::from_metres(14.35), Some(Centimetres(1435)));
        for nonsense in [f64::NAN, f64::INFINITY, -0.01, 1e9] {
            assert_eq!(Centimetres::from_metres(nonsense), None, "{nonsense}");
        }
        assert_eq!(Centimetres(1405).to_string(), "14.05 m");
    }

    #[test]
    fn past_stops_at_zero() {
        assert_eq!(Seconds(5).past(Seconds(3)), Seconds(2));
        assert_eq!(Seconds(3).past(Seconds(5)), Seconds::ZERO);
    }
}
