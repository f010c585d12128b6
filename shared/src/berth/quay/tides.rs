//! Windows of time that come back with a period.

use super::instance::{Invalid, MAX_NUMBER};
use crate::limits;

/// High tides: closed windows, repeated for ever where there is a period.
///
/// invariant: windows are in order, do not touch, and fit one period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tides {
    windows: Vec<(i64, i64)>,
    period: Option<i64>,
}

impl Tides {
    /// Windows `[begin, end]`, both ends included, in any order; with a period they are repeated after the last, never before
    /// the first.
    ///
    /// # Errors
    /// A window ends before it begins or is out of range, there are too many, or the period is shorter than the span of the windows.
    pub fn new(mut windows: Vec<(i64, i64)>, period: Option<i64>) -> Result<Self, Invalid> {
        if windows.len() > limits::MAX_WINDOWS {
            return Err(Invalid::TooManyTides(windows.len()));
        }
        for &(begin, end) in &windows {
            if end < begin {
                return Err(Invalid::TideEndsFirst(begin, end));
            }
            if begin < 0 || end > MAX_NUMBER {
                return Err(Invalid::TideOutOfRange(begin, end));
            }
        }
        windows.sort_unstable();
        let mut merged: Vec<(i64, i64)> = Vec::new();
        for (begin, end) in windows {
            match merged.last_mut() {
                Some(last) if begin <= last.1 + 1 => last.1 = last.1.max(end),
                _ => merged.push((begin, end)),
            }
        }
        if let (Some(period), Some(first), Some(last)) = (period, merged.first(), merged.last())
            && !(last.1 - first.0 + 1..=2 * MAX_NUMBER + 1).contains(&period)
        {
            return Err(Invalid::Period(period));
        }
        Ok(Self { windows: merged, period })
    }

    /// Windows that go on at their mean distance, as a tide table that is too short for the schedule must: the whole table is
    /// repeated after `k / (k - 1)` times the distance from its first window to its last, rounded to the nearest instant.
    ///
    /// # Errors
    /// As [`Tides::new`].
    pub fn continued(windows: Vec<(i64, i64)>) -> Result<Self, Invalid> {
        let once = Self::new(windows, None)?;
        let count = once.windows.len() as i64;
        if count < 2 {
            return Ok(once);
        }
        let span = once.windows[once.windows.len() - 1].0 - once.windows[0].0;
        let period = (span * count + (count - 1) / 2) / (count - 1);
        let clear = once.windows[once.windows.len() - 1].1 - once.windows[0].0 + 1;
        Self::new(once.windows, Some(period.max(clear)))
    }

    /// Whether the windows come back for ever.
    pub fn goes_on(&self) -> bool {
        self.period.is_some() && !self.windows.is_empty()
    }

    /// The windows of the table, in order.
    pub fn windows(&self) -> &[(i64, i64)] {
        &self.windows
    }

    /// The first instant inside a window, at `time` or later.
    pub fn next(&self, time: i64) -> Option<i64> {
        let first = self.windows.first()?.0;
        let turn = self.period.map_or(0, |period| ((time - first) / period).max(0) * period);
        let from_turn = |turn: i64| {
            let at = self.windows.partition_point(|&(_, end)| end + turn < time);
            self.windows.get(at).map(|&(begin, _)| (begin + turn).max(time))
        };
        from_turn(turn).or_else(|| from_turn(turn + self.period?))
    }

    /// The last instant inside a window, at `time` or earlier.
    pub fn previous(&self, time: i64) -> Option<i64> {
        let first = self.windows.first()?.0;
        if time < first {
            return None;
        }
        let turn = self.period.map_or(0, |period| (time - first) / period * period);
        let at = self.windows.partition_point(|&(begin, _)| begin + turn <= time);
        // Never the table's start: its first window begins at `first + turn <= time`.
        self.windows[..at].last().map(|&(_, end)| (end + turn).min(time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_come_back_and_include_both_ends() {
        let tides = Tides::new(vec![(3, 5), (9, 10)], Some(12)).expect("in order");
        let inside = |t: i64| t >= 3 && [3, 4, 5, 9, 10].contains(&((t - 3) % 12 + 3));
        for t in 0..60 {
            assert_eq!(tides.next(t), (t..t + 30).find(|&u| inside(u)), "after {t}");
            assert_eq!(tides.previous(t), (0..=t).rev().find(|&u| inside(u)), "before {t}");
        }
    }

    #[test]
    fn a_table_without_a_period_ends() {
        let tides = Tides::new(vec![(3, 5)], None).expect("in order");
        assert_eq!((tides.next(6), tides.previous(9), tides.previous(2)), (None, Some(5), None));
    }

    #[test]
    fn hostile_tables_are_refused() {
        assert_eq!(Tides::new(vec![(5, 4)], None), Err(Invalid::TideEndsFirst(5, 4)));
        assert_eq!(Tides::new(vec![(0, i64::MAX)], None), Err(Invalid::TideOutOfRange(0, i64::MAX)));
        for period in [i64::MIN, 0, 8, i64::MAX] {
            assert_eq!(Tides::new(vec![(3, 5), (9, 11)], Some(period)), Err(Invalid::Period(period)));
        }
        assert!(Tides::continued(vec![(0, 0), (MAX_NUMBER, MAX_NUMBER)]).is_ok());
    }

    #[test]
    fn a_short_table_goes_on_at_its_mean_distance() {
        let tides = Tides::continued(vec![(1, 7), (13, 20), (26, 32)]).expect("in order");
        assert_eq!(tides.next(33), Some(39));
    }
}
