//! Cuts that a fractional solution violates.
//!
//! **Loads.** In a window `[b, e)` a rule holds for the vessels that are alongside throughout, plus one vessel that meets it
//! anywhere: there is an instant at which all of them are alongside. With the rule "one at a time" these are the inequalities
//! with right-hand side 1 of van den Akker, van Hoesel, Savelsbergh 1999 (doi:10.1007/s10107990083a) for the time-indexed model
//! of one machine; they shut out the half-and-half solutions in which two vessels alternate. All windows between the ends of
//! fractional stays are tried with all rules.
//!
//! **Order.** Two vessels that can change places (same handling, weight, tides and section, and same length or both leaving room for
//! nobody else) may be taken in the order of their arrivals: swapping them costs nothing.

use std::collections::HashMap;

use super::certificate::{Cut, Rule};
use super::instance::{Instance, Vessel};
use super::stays::Stays;

/// A cut is violated by more than this share of its limit.
const VIOLATED: f64 = 1e-3;

/// Everything that cuts are made from.
#[derive(Debug)]
pub(crate) struct Separator {
    /// (first, second): vessels that can change places, in the order in which they leave.
    pairs: Vec<(u32, u32)>,
    longest: i64,
}

/// The part of a window that each vessel has in a fractional solution.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    throughout: f64,
    meeting: f64,
}

impl Separator {
    pub(crate) fn new(instance: &Instance) -> Self {
        let n = instance.vessels().len();
        let mut pairs = Vec::new();
        for i in 0..n {
            for j in 0..n {
                if i != j && leaves_first(instance, i, j) {
                    pairs.push((i as u32, j as u32));
                }
            }
        }
        let longest = instance.vessels().iter().map(|v| v.handling).max().unwrap_or(1);
        Self { pairs, longest }
    }

    /// At most `most` violated cuts, the most violated first, few of them alike.
    pub(crate) fn cuts(
        &self,
        stays: &Stays,
        rules: &[Rule],
        solution: &[(usize, f64)],
        most: usize,
    ) -> Vec<(f64, Cut)> {
        let mut found = self.loads(stays, rules, solution);
        found.extend(self.orders(stays, solution));
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut times_at: HashMap<i64, u32> = HashMap::new();
        found.retain(|(_, cut)| match cut {
            Cut::Load { begin, .. } => {
                let times = times_at.entry(*begin).or_default();
                *times += 1;
                *times <= 2
            }
            Cut::Order { .. } => true,
        });
        found.truncate(most);
        found
    }

    fn loads(&self, stays: &Stays, rules: &[Rule], solution: &[(usize, f64)]) -> Vec<(f64, Cut)> {
        let mut begins = Vec::new();
        let mut ends = Vec::new();
        for &(k, value) in solution {
            let stay = stays.stay(k);
            begins.push(stay.start);
            ends.push(stay.departure);
            if value < 1.0 - 1e-6 {
                begins.push(stay.departure - 1);
                ends.push(stay.start + 1);
            }
        }
        for list in [&mut begins, &mut ends] {
            list.sort_unstable();
            list.dedup();
        }
        let mut found = Vec::new();
        let mut share = vec![Share::default(); stays.vessels()];
        let mut present = Vec::new();
        for &begin in &begins {
            let first_end = ends.partition_point(|&end| end <= begin);
            for &end in ends[first_end..].iter().take_while(|&&end| end <= begin + self.longest) {
                present.clear();
                let mut fractional = false;
                for &(k, value) in solution {
                    let stay = stays.stay(k);
                    if stay.start < end && begin < stay.departure {
                        let vessel = stays.vessel(k);
                        if !present.contains(&vessel) {
                            present.push(vessel);
                            share[vessel] = Share::default();
                        }
                        share[vessel].meeting += value;
                        if stay.start <= begin && end <= stay.departure {
                            share[vessel].throughout += value;
                        }
                        fractional |= value < 1.0 - 1e-6;
                    }
                }
                if fractional && let Some(best) = most_violated(rules, &present, &share, begin, end) {
                    found.push(best);
                }
            }
        }
        found
    }

    fn orders(&self, stays: &Stays, solution: &[(usize, f64)]) -> Vec<(f64, Cut)> {
        let by = |vessel: u32, time: i64| -> f64 {
            let range = stays.of(vessel as usize);
            let up_to = |&&(k, _): &&(usize, f64)| range.contains(&k) && stays.stay(k).departure <= time;
            solution.iter().filter(up_to).map(|&(_, value)| value).sum()
        };
        let mut found = Vec::new();
        for &(first, second) in &self.pairs {
            let times = solution.iter().filter(|&&(k, _)| stays.vessel(k) == second as usize);
            let best = times
                .map(|&(k, _)| stays.stay(k).departure)
                .map(|time| (by(second, time) - by(first, time), time))
                .max_by(|a, b| a.0.total_cmp(&b.0));
            if let Some((violation, time)) = best
                && violation > 1e-2
            {
                found.push((violation, Cut::Order { first, second, time }));
            }
        }
        found
    }
}

/// The rule that is violated most in a window, with the vessel that gains most by only meeting it.
fn most_violated(rules: &[Rule], present: &[usize], share: &[Share], begin: i64, end: i64) -> Option<(f64, Cut)> {
    let mut best = (VIOLATED, None);
    for (r, rule) in rules.iter().enumerate() {
        let mut load = 0.0;
        let mut gain = (1e-9, None);
        for &vessel in present {
            let a = rule.coefficients[vessel] as f64;
            load += a * share[vessel].throughout;
            let more = a * (share[vessel].meeting - share[vessel].throughout);
            if more > gain.0 {
                gain = (more, Some(vessel as u32));
            }
        }
        if gain.1.is_some() {
            load += gain.0;
        }
        let violation = load / rule.capacity as f64 - 1.0;
        if violation > best.0 {
            best = (violation, Some(Cut::Load { rule: r as u32, begin, end, meeting: gain.1 }));
        }
    }
    best.1.map(|cut| (best.0, cut))
}

/// Whether `first` may be taken to leave no later than `second`.
pub(crate) fn leaves_first(instance: &Instance, first: usize, second: usize) -> bool {
    let (a, b) = (&instance.vessels()[first], &instance.vessels()[second]);
    let alone = |i: usize| {
        (0..instance.vessels().len()).all(|j| i == j || instance.need(i) + instance.need(j) > instance.room())
    };
    let rules = |v: &Vessel| (v.handling, v.weight, v.berths_on_tide, v.sails_on_tide, v.section, v.fixed.is_some());
    rules(a) == rules(b)
        && a.fixed.is_none()
        && (a.arrival, first) < (b.arrival, second)
        && (a.length == b.length || alone(first) && alone(second))
}
