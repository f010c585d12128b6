//! The text form of the public discrete benchmarks (Lalla-Ruiz et al. 2012, Kramer et al. 2019).
//!
//! Whitespace-separated whole numbers: N calls; M berths; N arrivals; M berth openings; N rows of M handling times, 99999 where forbidden;
//! M berth closings; N latest departures. What follows is not documented by the authors and is ignored. Times are read as
//! seconds; the weights are one.

use crate::issue::Issue;
use crate::limits;
use crate::time::Time;

use super::wire::{BerthWire, CallWire, WindowWire, Wire};

const FORBIDDEN: i64 = 99_999;

/// Reads the text, or says why not; `None` where it does not begin with a number and so is of another form.
pub fn read(text: &str) -> Option<Result<Wire, Vec<Issue>>> {
    if !text.trim_start().starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    Some(Numbers { tokens: text.split_ascii_whitespace(), read: 0 }.wire().map_err(|issue| vec![issue]))
}

struct Numbers<'a> {
    tokens: std::str::SplitAsciiWhitespace<'a>,
    read: usize,
}

impl Numbers<'_> {
    fn next(&mut self, what: &str) -> Result<i64, Issue> {
        self.read += 1;
        let action = "the form is: N M arrivals openings handling-rows closings latest-departures";
        let Some(token) = self.tokens.next() else {
            return Err(Issue::new(
                "text_too_short",
                "",
                format!("the text ends before number {}, {what}", self.read),
                action,
            ));
        };
        token.parse().map_err(|_| {
            let shown: String = token.chars().take(20).collect();
            Issue::new("text_not_a_number", "", format!("number {}, {what}, is {shown:?}", self.read), action)
        })
    }

    fn many(&mut self, count: usize, what: &str) -> Result<Vec<i64>, Issue> {
        (0..count).map(|_| self.next(what)).collect()
    }

    fn count(&mut self, what: &str, limit: usize) -> Result<usize, Issue> {
        let count = self.next(what)?;
        usize::try_from(count).ok().filter(|count| (1..=limit).contains(count)).ok_or_else(|| {
            Issue::new(
                "number_out_of_range",
                "",
                format!("{what} is {count}"),
                format!("give a number from 1 to {limit}"),
            )
        })
    }

    fn wire(mut self) -> Result<Wire, Issue> {
        let n = self.count("the number of calls", limits::MAX_CALLS)?;
        let m = self.count("the number of berths", limits::MAX_BERTHS)?;
        let arrivals = self.many(n, "an arrival")?;
        let openings = self.many(m, "a berth opening")?;
        let rows = (0..n).map(|_| self.many(m, "a handling time")).collect::<Result<Vec<_>, _>>()?;
        let closings = self.many(m, "a berth closing")?;
        let latest = self.many(n, "a latest departure")?;
        let berths = openings.iter().zip(&closings).enumerate().map(|(at, (&from, &to))| BerthWire {
            id: berth_id(at),
            open: Some(vec![WindowWire { from: Some(Time::Offset(from)), to: Some(Time::Offset(to)) }]),
            ..BerthWire::default()
        });
        let calls = arrivals.iter().zip(rows).zip(latest).enumerate().map(|(at, ((&arrival, row), latest))| {
            let allowed = row.into_iter().enumerate().filter(|(_, time)| *time != FORBIDDEN);
            CallWire {
                handling_s: Some(allowed.map(|(berth, time)| (berth_id(berth), time)).collect()),
                latest_departure: Some(Time::Offset(latest)),
                ..CallWire::new(format!("V{}", at + 1), Time::Offset(arrival))
            }
        });
        Ok(Wire { berths: berths.collect(), calls: calls.collect(), ..Wire::default() })
    }
}

fn berth_id(at: usize) -> String {
    format!("B{}", at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_reads_as_written() {
        let wire = read("2 1\n3 4\n1\n10\n99999\n60\n50 55 77\n").expect("numbers").expect("complete");
        assert_eq!(wire.calls.len(), 2);
        assert_eq!(wire.calls[0].handling_s.as_ref().map(|map| map["B1"]), Some(10));
        assert!(wire.calls[1].handling_s.as_ref().is_some_and(std::collections::BTreeMap::is_empty));
        assert_eq!(wire.calls[1].latest_departure, Some(Time::Offset(55)));
    }

    #[test]
    fn what_is_broken_is_named() {
        let code = |text: &str| read(text).expect("starts with a number").expect_err("broken")[0].code.to_string();
        assert_eq!(code("2 1 3"), "text_too_short");
        assert_eq!(code("2 1 3 x"), "text_not_a_number");
        assert_eq!(code("99999999 1"), "number_out_of_range");
        assert!(read("{}").is_none());
    }
}
