//! Reads the benchmark form of Ernst, Oğuz, Singh, Taherkhani 2017.
//!
//! Six lines of comma separated numbers, each after a name: vessels, begin and end of each high tide, then processing time, length
//! and arrival of each vessel. The quay is 2 long. The files carry floating-point noise (`0.06850000000000001`); lengths are
//! rounded to the nearest 1e-4, which is what the authors' generator drew.
//!
//! The table of tides may end before the last vessel can leave (total work exceeds it in some files); it is continued at its mean
//! distance, see [`Tides::continued`].

use thiserror::Error;

use super::instance::{Instance, Invalid, Vessel};
use super::tides::Tides;

/// Units of length in one unit of the file.
pub const UNITS: i64 = 10_000;
/// The row of the lengths, from 1.
const LENGTHS: usize = 5;
/// The quay of the benchmark, in the file's unit.
pub const QUAY: i64 = 2;

/// Why a text is no instance.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// Not six rows that are not empty.
    #[error("{0} rows instead of six")]
    Rows(usize),
    /// This row (from 1) has no comma after its name.
    #[error("row {0} has no comma after its name")]
    NoName(usize),
    /// This row (from 1) holds something that is not a number from zero on.
    #[error("row {0} holds something else than numbers from zero on")]
    NotANumber(usize),
    /// The rows of vessels or of tides differ in length.
    #[error("rows differ in length")]
    Lengths,
    /// The numbers are no legal instance.
    #[error("the instance is not valid: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<Invalid>),
}

/// The instance in a benchmark file.
///
/// # Errors
/// It is not of that form, or the data is out of range.
pub fn read_text(text: &str) -> Result<Instance, Unreadable> {
    let mut rows = Vec::new();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.len() != 6 {
        return Err(Unreadable::Rows(lines.len()));
    }
    for (row, line) in (1..).zip(lines) {
        let (_, values) = line.split_once(',').ok_or(Unreadable::NoName(row))?;
        let unit = if row == LENGTHS { UNITS } else { 1 };
        let parsed: Option<Vec<i64>> =
            values.split(',').map(str::trim).filter(|v| !v.is_empty()).map(|v| scaled(v, unit)).collect();
        rows.push(parsed.ok_or(Unreadable::NotANumber(row))?);
    }
    let [count, begin, end, handling, length, arrival] = rows.as_slice() else {
        return Err(Unreadable::Rows(rows.len()));
    };
    let n = *count.first().ok_or(Unreadable::Lengths)? as usize;
    if begin.len() != end.len() || [handling, length, arrival].iter().any(|row| row.len() != n) {
        return Err(Unreadable::Lengths);
    }
    let vessels = (0..n)
        .map(|i| Vessel {
            length: length[i],
            handling: handling[i],
            arrival: arrival[i],
            weight: 1,
            berths_on_tide: false,
            sails_on_tide: true,
        })
        .collect();
    let windows = begin.iter().copied().zip(end.iter().copied()).collect();
    let sailing = Tides::continued(windows).map_err(|what| Unreadable::Invalid(vec![what]))?;
    Instance::new(QUAY * UNITS, 0, vessels, Tides::default(), sailing).map_err(Unreadable::Invalid)
}

/// A decimal number times `unit`, to the nearest integer; exact for up to 15 digits, and further ones do not matter.
fn scaled(number: &str, unit: i64) -> Option<i64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits: String = fraction.chars().chain(std::iter::repeat('0')).take(12).collect();
    if !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (whole, fraction): (i64, i64) = (whole.parse().ok()?, digits.parse().ok()?);
    let one = 1_000_000_000_000_i64;
    let numerator = i128::from(fraction) * i128::from(unit) * 2 + i128::from(one);
    whole.checked_mul(unit)?.checked_add((numerator / (2 * i128::from(one))) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn float_noise_is_rounded_away() {
        assert_eq!(scaled("0.06850000000000001", UNITS), Some(685));
        assert_eq!(scaled("0.09329999999999999", UNITS), Some(933));
        assert_eq!(scaled("1.9406", UNITS), Some(19_406));
        assert_eq!(scaled("12", 1), Some(12));
        for bad in ["1e3", "-0.5", "-1", "", ".5", "9223372036854775807.9", "0.5x", "½"] {
            assert_eq!(scaled(bad, UNITS), None, "{bad}");
        }
    }

    #[test]
    fn a_file_of_the_benchmark_form() {
        let text = "Vessels,2\r\nBegin, 1,13 \r\nEnd, 7,20 \nProcessin, 7,12 \nLength, 0.3215,2 \nArrival, 0,3 \n";
        let instance = read_text(text).expect("of the form");
        assert_eq!(instance.room(), 20_000);
        assert_eq!(instance.need(0), 3215);
        assert_eq!(instance.sailing().next(21), Some(25));
    }

    #[test]
    fn other_texts_are_refused_with_a_reason() {
        assert_eq!(read_text("").unwrap_err(), Unreadable::Rows(0));
        assert_eq!(read_text("a\nb\nc\nd\ne\nf\n").unwrap_err(), Unreadable::NoName(1));
        let form = |handling: &str, length: &str| format!("V,1\nB,1,13\nE,7,20\nP,{handling}\nL,{length}\nA,0\n");
        assert_eq!(read_text(&form("7,8", "1")).unwrap_err(), Unreadable::Lengths);
        assert_eq!(read_text(&form("-7", "1")).unwrap_err(), Unreadable::NotANumber(4));
        let too_long = read_text(&form("7", "2.5")).unwrap_err();
        assert_eq!(too_long, Unreadable::Invalid(vec![Invalid::TooLong(0)]));
        assert_eq!(too_long.to_string(), "the instance is not valid: vessel 0 is longer than the quay");
    }
}
