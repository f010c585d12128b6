//! Exact bounds from integer prices.

use super::certificate::{Cut, Prices, Rule};
use super::instance::Instance;
use super::open::Open;
use super::stays::{Stay, Stays};

/// Price units in one unit of cost.
pub(crate) const SCALE: i64 = 1 << 28;

/// The most that all prices together may take, for the largest coefficient of each: with costs below [`MAX_COST`], no sum over 64 vessels
/// leaves 64 bits.
const MAX_RENT: i128 = 1 << 53;
/// Costs from here on, times [`SCALE`], would leave the range of the numbers.
pub(crate) const MAX_COST: i64 = 1 << 24;

/// The prices, or none where they are so large that sums could overflow (no price at all is as true as any).
pub(crate) fn in_range(rules: &[Rule], cuts: &[Cut], prices: Prices) -> Prices {
    let most = |cut: &Cut| match cut {
        // No coefficient is above the capacity.
        Cut::Load { rule, .. } => rules[*rule as usize].capacity,
        Cut::Order { .. } => 1,
    };
    let rent: i128 = prices.iter().map(|&(c, price)| i128::from(price) * i128::from(most(&cuts[c as usize]))).sum();
    if rent <= MAX_RENT { prices } else { Prices::new() }
}

/// In units of cost, rounded up; `i64::MAX` stays.
pub(crate) fn whole(priced: i64) -> i64 {
    if priced == i64::MAX { i64::MAX } else { priced.div_euclid(SCALE) + i64::from(priced.rem_euclid(SCALE) > 0) }
}

/// A Lagrangian relaxation of cuts, in price units.
#[derive(Clone, Debug, Default)]
pub(crate) struct Priced {
    /// The bound.
    pub(crate) total: i64,
    /// The sum of prices times limits.
    pub(crate) rent: i64,
    /// By vessel: the priced cost of its cheapest open stay.
    pub(crate) least: Vec<i64>,
    /// By stay: its priced cost; `i64::MAX` where closed.
    pub(crate) cost: Vec<i64>,
}

impl Priced {
    /// Prices all open stays. `None` where a vessel has none.
    pub(crate) fn new(
        instance: &Instance,
        stays: &Stays,
        rules: &[Rule],
        cuts: &[Cut],
        prices: &Prices,
        open: &Open,
    ) -> Option<Self> {
        let table = Table::new(stays, rules, cuts, prices);
        let mut cost = vec![i64::MAX; stays.len()];
        let mut least = Vec::with_capacity(stays.vessels());
        for i in 0..stays.vessels() {
            let mut cheapest = None::<i64>;
            for k in stays.of(i).filter(|&k| open.has(k)) {
                let stay = stays.stay(k);
                cost[k] = instance.vessels()[i].weight * stay.departure * SCALE + table.rent(i, stay, rules, cuts);
                cheapest = Some(cheapest.map_or(cost[k], |least| least.min(cost[k])));
            }
            least.push(cheapest?);
        }
        let rent = prices.iter().map(|&(c, price)| price * cuts[c as usize].limit(rules)).sum();
        Some(Self { total: least.iter().sum::<i64>() - rent, rent, least, cost })
    }

    /// In units of cost, rounded up.
    pub(crate) fn bound(&self) -> i64 {
        whole(self.total)
    }

    /// The bound of all plans with this stay, in price units.
    pub(crate) fn with(&self, vessel: usize, stay: usize) -> i64 {
        self.total - self.least[vessel] + self.cost[stay]
    }

    /// Closes the stays that no plan below `upper` can use; how many.
    pub(crate) fn close(&mut self, stays: &Stays, open: &mut Open, upper: i64) -> usize {
        let mut closed = 0;
        for k in 0..stays.len() {
            if open.has(k) && self.with(stays.vessel(k), k) > (upper - 1) * SCALE {
                open.close(k);
                self.cost[k] = i64::MAX;
                closed += 1;
            }
        }
        closed
    }
}

/// Prices sorted for fast sums: cuts on single instants by prefix sums, the others one by one.
struct Table {
    origin: i64,
    /// By rule with a price on any single instant: (rule, prefix sums of prices).
    instants: Vec<(u32, Vec<i64>)>,
    others: Prices,
}

impl Table {
    fn new(stays: &Stays, rules: &[Rule], cuts: &[Cut], prices: &Prices) -> Self {
        let origin = stays.begin();
        let span = (stays.end() - origin).max(0) as usize;
        let mut by_rule: Vec<Option<Vec<i64>>> = vec![None; rules.len()];
        let mut others = Prices::new();
        for &(c, price) in prices {
            match cuts[c as usize] {
                Cut::Load { rule, begin, end, meeting: None } if end == begin + 1 => {
                    let row = by_rule[rule as usize].get_or_insert_with(|| vec![0; span + 1]);
                    if (0..span as i64).contains(&(begin - origin)) {
                        row[(begin - origin) as usize + 1] += price;
                    }
                }
                _ => others.push((c, price)),
            }
        }
        let instants = (0..)
            .zip(by_rule)
            .filter_map(|(rule, row)| {
                let mut row = row?;
                for t in 1..row.len() {
                    row[t] += row[t - 1];
                }
                Some((rule, row))
            })
            .collect();
        Self { origin, instants, others }
    }

    fn rent(&self, vessel: usize, stay: Stay, rules: &[Rule], cuts: &[Cut]) -> i64 {
        let (from, to) = ((stay.start - self.origin) as usize, (stay.departure - self.origin) as usize);
        let along: i64 = self
            .instants
            .iter()
            .map(|(rule, sums)| rules[*rule as usize].coefficients[vessel] * (sums[to] - sums[from]))
            .sum();
        let single = |&(c, price): &(u32, i64)| price * cuts[c as usize].coefficient(rules, vessel, stay);
        along + self.others.iter().map(single).sum::<i64>()
    }
}
