//! Reads the benchmark form of Ernst, Oğuz, Singh, Taherkhani 2017.
//!
//! Six lines of comma separated numbers, each after a name: vessels, begin and end of each high tide, then processing time, length
//! and arrival of each vessel. The quay is 2 long. The files carry floating-point noise (`0.06850000000000001`); lengths are
//! rounded to the nearest 1e-4, which is what the authors' generator drew.
//!
//! Here a unit of length is 100 m and a unit of time a second, as in the text form of the discrete problem. The table of tides may
//! end before the last vessel can leave (total work exceeds it in some files); it goes on at its mean distance, as in any request
//! without a period.

use super::wire::{CallWire, QuayWire, TideWire, Wire};
use crate::berth::wire::WindowWire;
use crate::issue::Issue;
use crate::time::Time;

/// Lengths are kept to so many parts of one unit of the file.
const UNITS: i64 = 10_000;
/// Such parts in a metre.
const UNITS_PER_METRE: f64 = 100.0;
/// The row of the lengths, from 1.
const LENGTHS: usize = 5;
/// The quay, in metres.
const QUAY_M: f64 = 200.0;

/// Reads the text, or says why not; `None` where its first row does not begin with the vessels and so is of another form.
pub fn read(text: &str) -> Option<Result<Wire, Vec<Issue>>> {
    let first = text.trim_start().split(',').next()?;
    first.eq_ignore_ascii_case("vessels").then(|| wire(text).map_err(|issue| vec![issue]))
}

fn wrong(code: &'static str, cause: String) -> Issue {
    let action =
        "the form is six rows, each a name and numbers: vessels; begin, end of the tides; processing, length, arrival";
    Issue::new(code, "", cause, action)
}

fn wire(text: &str) -> Result<Wire, Issue> {
    let mut rows = Vec::new();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.len() != 6 {
        return Err(wrong("text_rows", format!("{} rows instead of six", lines.len())));
    }
    for (row, line) in (1..).zip(lines) {
        let values = line.split_once(',').map(|(_, values)| values);
        let values = values.ok_or_else(|| wrong("text_no_name", format!("row {row} has no comma after its name")))?;
        let unit = if row == LENGTHS { UNITS } else { 1 };
        let parsed: Option<Vec<i64>> =
            values.split(',').map(str::trim).filter(|v| !v.is_empty()).map(|v| scaled(v, unit)).collect();
        let cause = || format!("row {row} holds something else than numbers from zero on");
        rows.push(parsed.ok_or_else(|| wrong("text_not_a_number", cause()))?);
    }
    let lengths = || wrong("text_rows_differ", "rows of vessels or of tides differ in length".to_owned());
    let [count, begin, end, handling, length, arrival] = rows.as_slice() else { return Err(lengths()) };
    let n = *count.first().ok_or_else(lengths)?;
    if begin.len() != end.len() || [handling, length, arrival].iter().any(|row| row.len() as i64 != n) {
        return Err(lengths());
    }
    let call = |i: usize| CallWire {
        id: format!("V{}", i + 1),
        vessel: None,
        arrival: Time::Offset(arrival[i]),
        length_m: length[i] as f64 / UNITS_PER_METRE,
        draft_m: None,
        handling_s: Some(handling[i]),
        moves: None,
        weight: None,
        section: None,
        frozen: None,
    };
    let window = |(&from, &to): (&i64, &i64)| WindowWire { from: Some(Time::Offset(from)), to: Some(Time::Offset(to)) };
    let departures = begin.iter().zip(end).map(window).collect();
    Ok(Wire {
        horizon_start: None,
        time_step_s: None,
        quay: QuayWire {
            length_m: QUAY_M,
            tide: Some(TideWire { departures, ..TideWire::default() }),
            ..QuayWire::default()
        },
        calls: (0..handling.len()).map(call).collect(),
        options: None,
    })
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
        let wire = read(text).expect("of the form").expect("complete");
        let port = crate::berth::quay::Port::try_from(&wire).expect("valid");
        let instance = port.instance();
        assert_eq!(instance.room(), 20_000);
        assert_eq!(instance.need(0), 3215);
        assert_eq!(instance.sailing().next(21), Some(25));
    }

    #[test]
    fn other_texts_are_refused_with_a_reason() {
        assert!(read("").is_none());
        assert!(read("2 1 3 4").is_none());
        let code = |text: &str| read(text).expect("of the form").expect_err("broken")[0].code.to_string();
        assert_eq!(code("Vessels,1\n"), "text_rows");
        assert_eq!(code("Vessels,1\nb\nc\nd\ne\nf\n"), "text_no_name");
        let form = |handling: &str| format!("Vessels,1\nB,1,13\nE,7,20\nP,{handling}\nL,1\nA,0\n");
        assert_eq!(code(&form("7,8")), "text_rows_differ");
        assert_eq!(code(&form("-7")), "text_not_a_number");
    }
}
