//! First prices, before any linear program: subgradient steps on two prices for each instant.
//!
//! Each instant has a price for the quay's length and one for the vessels longer than half of it (or the second rule there is).
//! Given prices, each vessel takes its cheapest stay by prefix sums, so that a step costs one pass over the stays. Step lengths
//! after Polyak, towards the incumbent. Subgradient steps come within a percent or so of the best prices and then stall; that is
//! enough to close most stays before the linear program is built.

use super::certificate::{Cut, Prices, Rule};
use super::instance::Instance;
use super::lagrange::{SCALE, in_range};
use super::open::Open;
use super::stays::Stays;
use crate::budget::Budget;

/// Steps without a better bound before the step length is halved.
const PATIENCE: u32 = 12;
/// Most steps.
const STEPS: u32 = 400;

/// A cut for every rule of the first two and every instant, and the best prices found for them.
pub(crate) fn prices(
    instance: &Instance,
    stays: &Stays,
    rules: &[Rule],
    open: &Open,
    upper: i64,
    budget: &mut Budget<'_>,
) -> (Vec<Cut>, Prices) {
    let begin = stays.begin();
    let span = (stays.end() - begin).max(0) as usize;
    let rules = &rules[..rules.len().min(2)];
    let share: Vec<Vec<f64>> =
        rules.iter().map(|rule| rule.coefficients.iter().map(|&a| a as f64 / rule.capacity as f64).collect()).collect();
    // By rule, then by instant.
    let mut price = vec![vec![0.0; span]; rules.len()];
    let (mut best, mut best_price) = (f64::NEG_INFINITY, price.clone());
    let (mut length, mut stalled) = (1.0, 0);
    for _ in 0..STEPS {
        let (value, load) = relaxed(instance, stays, open, &share, &price, begin);
        if value > best + 1e-9 {
            (best, best_price, stalled) = (value, price.clone(), 0);
        } else {
            stalled += 1;
            if stalled > PATIENCE {
                (length, stalled) = (length / 2.0, 0);
            }
        }
        let norm: f64 = load.iter().flatten().map(|&l| (l - 1.0) * (l - 1.0)).sum();
        if norm < 1e-12 || length < 1e-3 || best >= upper as f64 || budget.spend(stays.len() as u64) {
            break;
        }
        let step = length * (upper as f64 * 1.002 - value) / norm;
        for (row, load) in price.iter_mut().zip(&load) {
            for (price, load) in row.iter_mut().zip(load) {
                *price = (*price + step * (load - 1.0)).max(0.0);
            }
        }
    }
    let (mut cuts, mut prices) = (Vec::new(), Vec::new());
    for (r, row) in best_price.iter().enumerate() {
        for (t, &price) in row.iter().enumerate() {
            let at = begin + t as i64;
            let price = (price / rules[r].capacity as f64 * SCALE as f64).round() as i64;
            if price > 0 {
                prices.push((cuts.len() as u32, price));
            }
            cuts.push(Cut::Load { rule: r as u32, begin: at, end: at + 1, meeting: None });
        }
    }
    let prices = in_range(rules, &cuts, prices);
    (cuts, prices)
}

/// The Lagrangian bound, and the load of every rule at every instant as a share of its capacity.
fn relaxed(
    instance: &Instance,
    stays: &Stays,
    open: &Open,
    share: &[Vec<f64>],
    price: &[Vec<f64>],
    begin: i64,
) -> (f64, Vec<Vec<f64>>) {
    let span = price[0].len();
    let prefix: Vec<Vec<f64>> = price
        .iter()
        .map(|row| {
            let mut sums = Vec::with_capacity(span + 1);
            let mut sum = 0.0;
            sums.push(sum);
            for value in row {
                sum += value;
                sums.push(sum);
            }
            sums
        })
        .collect();
    let mut value = -price.iter().flatten().sum::<f64>();
    // Changes of the load from one instant to the next.
    let mut load = vec![vec![0.0; span + 1]; price.len()];
    for i in 0..stays.vessels() {
        let weight = instance.vessels()[i].weight as f64;
        let cost = |k: usize| {
            let stay = stays.stay(k);
            let (from, to) = ((stay.start - begin) as usize, (stay.departure - begin) as usize);
            let rent: f64 = share.iter().zip(&prefix).map(|(share, sums)| share[i] * (sums[to] - sums[from])).sum();
            (weight * stay.departure as f64 + rent, from, to)
        };
        let cheapest = stays.of(i).filter(|&k| open.has(k)).map(cost).min_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((cost, from, to)) = cheapest {
            value += cost;
            for (row, share) in load.iter_mut().zip(share) {
                row[from] += share[i];
                row[to] -= share[i];
            }
        }
    }
    for row in &mut load {
        for t in 1..=span {
            row[t] += row[t - 1];
        }
        row.truncate(span);
    }
    (value, load)
}
