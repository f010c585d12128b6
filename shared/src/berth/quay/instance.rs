//! A quay, its tides and the vessels that want a place alongside.
//!
//! All numbers are integers: lengths in any unit (0.1 mm, say), times in any unit (hours in the benchmark, seconds in a port).

use thiserror::Error;

use super::stays::{Stay, next_stay};
use super::tides::Tides;
use crate::limits;

/// The largest length or time that is accepted: sums of products then stay far below the limits of 64 bits.
pub const MAX_NUMBER: i64 = 1 << 24;
/// The largest number of vessels: the sets of the exact step have 64 bits.
pub const MAX_VESSELS: usize = 64;

/// One vessel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vessel {
    /// Along the quay, without the safety gap; zero where it takes no room (as in three files of the benchmark).
    pub length: i64,
    /// Time alongside until it could sail, positive.
    pub handling: i64,
    /// It cannot berth earlier.
    pub arrival: i64,
    /// Cost of a unit of time, from 1 to [`limits::MAX_WEIGHT`].
    pub weight: i64,
    /// Berths only inside a berthing tide.
    pub berths_on_tide: bool,
    /// Sails only inside a sailing tide.
    pub sails_on_tide: bool,
    /// Lies within this part of the quay, from its left end; anywhere where there is none.
    pub section: Option<(i64, i64)>,
    /// Berths at this instant and no other, tide or not; its section is then as long as the vessel.
    pub fixed: Option<i64>,
}

/// The problem: a place `x` along the quay and a start for every vessel such that the sum of weighted departures is least.
///
/// invariant: every vessel fits the quay and meets its tides; all numbers are in range (see [`Instance::new`]).
#[derive(Clone, Debug)]
pub struct Instance {
    quay: i64,
    gap: i64,
    vessels: Vec<Vessel>,
    berthing: Tides,
    sailing: Tides,
}

/// One thing that is wrong with the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Invalid {
    /// The quay's length is not from 1 to [`MAX_NUMBER`].
    #[error("the quay is {0} long; give a length from 1 to {MAX_NUMBER}")]
    Quay(i64),
    /// The safety gap is not from 0 to [`MAX_NUMBER`].
    #[error("the gap is {0}; give a length from 0 to {MAX_NUMBER}")]
    Gap(i64),
    /// More than [`MAX_VESSELS`].
    #[error("there are {0} vessels; split the plan into parts of at most {MAX_VESSELS}")]
    TooManyVessels(usize),
    /// This vessel is longer than the quay.
    #[error("vessel {0} is longer than the quay")]
    TooLong(usize),
    /// The section of this vessel does not lie on the quay, or is too short for it.
    #[error("the section of vessel {0} is too short for it, or does not lie on the quay")]
    Section(usize),
    /// The fixed start of this vessel is before its arrival or above [`MAX_NUMBER`], or its position is not fixed.
    #[error("vessel {0} is to berth before it arrives, later than {MAX_NUMBER}, or at no one position")]
    Fixed(usize),
    /// Two vessels whose starts are fixed meet whatever the others do.
    #[error("vessels {0} and {1} are fixed to the same place at the same time")]
    FixedMeet(usize, usize),
    /// The length or arrival of this vessel is not from 0 to [`MAX_NUMBER`], or its handling time not from 1.
    #[error("length, handling time or arrival of vessel {0} is negative, zero or above {MAX_NUMBER}")]
    OutOfRange(usize),
    /// The weight of this vessel is not from 1 to [`limits::MAX_WEIGHT`].
    #[error("the weight of vessel {0} is not from 1 to {max}", max = limits::MAX_WEIGHT)]
    Weight(usize),
    /// This vessel waits for tides that do not go on for ever: it may never sail.
    #[error("vessel {0} waits for tides that end; give their table a period")]
    NoTide(usize),
    /// A tide ends before it begins.
    #[error("a tide is from {0} to {1}: it ends before it begins")]
    TideEndsFirst(i64, i64),
    /// A tide begins or ends outside `0..=`[`MAX_NUMBER`].
    #[error("a tide is from {0} to {1}: give times from 0 to {MAX_NUMBER}")]
    TideOutOfRange(i64, i64),
    /// More tides in a table than [`limits::MAX_WINDOWS`].
    #[error("there are {0} tides in a table; give at most {max} and a period", max = limits::MAX_WINDOWS)]
    TooManyTides(usize),
    /// The period is shorter than the table, or above twice [`MAX_NUMBER`].
    #[error("the period {0} is shorter than the table of tides, or above twice {MAX_NUMBER}")]
    Period(i64),
}

impl Instance {
    /// Checks the data. `gap` is kept free between neighbours, not at the ends of the quay.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn new(
        quay: i64,
        gap: i64,
        vessels: Vec<Vessel>,
        berthing: Tides,
        sailing: Tides,
    ) -> Result<Self, Vec<Invalid>> {
        let in_range = |low: i64, value: i64| (low..=MAX_NUMBER).contains(&value);
        let mut wrong = Vec::new();
        let mut check = |holds: bool, otherwise: Invalid| {
            if !holds {
                wrong.push(otherwise);
            }
        };
        check(in_range(1, quay), Invalid::Quay(quay));
        check(in_range(0, gap), Invalid::Gap(gap));
        check(vessels.len() <= MAX_VESSELS, Invalid::TooManyVessels(vessels.len()));
        for (i, v) in vessels.iter().enumerate().take(MAX_VESSELS) {
            let numbers = in_range(0, v.length) && in_range(1, v.handling) && in_range(0, v.arrival);
            check(numbers, Invalid::OutOfRange(i));
            check(v.length <= quay, Invalid::TooLong(i));
            let fits = |(from, to): (i64, i64)| (0..=to).contains(&from) && to <= quay && v.length <= to - from;
            check(v.section.is_none_or(fits), Invalid::Section(i));
            let decided =
                |start| (v.arrival..=MAX_NUMBER).contains(&start) && v.section.is_some_and(|(a, b)| b - a == v.length);
            check(v.fixed.is_none_or(decided), Invalid::Fixed(i));
            check((1..=limits::MAX_WEIGHT).contains(&v.weight), Invalid::Weight(i));
            let goes_on = (!v.berths_on_tide || berthing.goes_on()) && (!v.sails_on_tide || sailing.goes_on());
            check(goes_on, Invalid::NoTide(i));
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let instance = Self { quay, gap, vessels, berthing, sailing };
        let meetings = instance.fixed_meetings();
        if meetings.is_empty() { Ok(instance) } else { Err(meetings) }
    }

    /// The quay's length plus one gap, so that every vessel can carry its gap with it.
    pub fn room(&self) -> i64 {
        self.quay + self.gap
    }

    /// What the vessel takes of [`Instance::room`]: its length and one gap.
    pub fn need(&self, vessel: usize) -> i64 {
        self.vessels[vessel].length + self.gap
    }

    /// Vessels whose places are decided, and are the same place at the same time.
    fn fixed_meetings(&self) -> Vec<Invalid> {
        let fixed: Vec<(usize, Stay)> = (0..self.vessels.len())
            .filter(|&i| self.vessels[i].fixed.is_some())
            .filter_map(|i| Some((i, next_stay(self, i, 0)?)))
            .collect();
        let mut wrong = Vec::new();
        for (at, &(j, second)) in fixed.iter().enumerate() {
            for &(i, first) in &fixed[..at] {
                let ((a, b), (c, d)) = (self.section(i), self.section(j));
                if first.meets(&second) && a < d + self.gap && c < b + self.gap {
                    wrong.push(Invalid::FixedMeet(i, j));
                }
            }
        }
        wrong
    }

    /// Where along the quay a vessel lies, from and to.
    pub fn section(&self, vessel: usize) -> (i64, i64) {
        self.vessels[vessel].section.unwrap_or((0, self.quay))
    }

    /// The relative gap, as one on the sum of weighted times in port.
    pub fn relative_gap(&self, objective: i64, lower_bound: i64) -> f64 {
        let arrivals = self.weighted_arrivals();
        crate::outcome::gap(objective - arrivals, lower_bound - arrivals)
    }

    /// The quay's length.
    pub fn quay(&self) -> i64 {
        self.quay
    }

    /// The gap between neighbours.
    pub fn gap(&self) -> i64 {
        self.gap
    }

    /// The vessels, in the order of the input.
    pub fn vessels(&self) -> &[Vessel] {
        &self.vessels
    }

    /// The tides on which vessels come in.
    pub fn berthing(&self) -> &Tides {
        &self.berthing
    }

    /// The tides on which vessels leave.
    pub fn sailing(&self) -> &Tides {
        &self.sailing
    }

    /// The sum of weighted arrivals: what [`Schedule::objective`](super::Schedule::objective) is above the sum of
    /// weighted times in port.
    pub fn weighted_arrivals(&self) -> i64 {
        self.vessels.iter().map(|v| v.weight * v.arrival).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wrong_is_said() {
        let vessel = |length, handling, weight, sails_on_tide| Vessel {
            length,
            handling,
            arrival: 0,
            weight,
            sails_on_tide,
            ..Vessel::default()
        };
        let vessels = vec![vessel(11, 1, 1, false), vessel(5, 0, 0, false), vessel(i64::MAX, i64::MIN, 1, true)];
        let wrong = Instance::new(10, -1, vessels, Tides::default(), Tides::default()).expect_err("much is wrong");
        let expected = [
            Invalid::Gap(-1),
            Invalid::TooLong(0),
            Invalid::OutOfRange(1),
            Invalid::Weight(1),
            Invalid::OutOfRange(2),
            Invalid::TooLong(2),
            Invalid::NoTide(2),
        ];
        assert_eq!(wrong, expected);
        assert_eq!(wrong[1].to_string(), "vessel 0 is longer than the quay");
        let crowd = vec![vessel(1, 1, 1, false); MAX_VESSELS + 1];
        let wrong = Instance::new(10, 0, crowd, Tides::default(), Tides::default()).expect_err("too many");
        assert_eq!(wrong, [Invalid::TooManyVessels(65)]);
    }
}
