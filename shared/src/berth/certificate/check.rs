//! Confirms a lower bound from its certificate, without solving. Shares nothing with the search but the instance.
//!
//! What it relies on:
//! 1. Costs and departures never fall as a start grows, so some best plan starts every call at the first instant of a slot or
//!    at the instant its berth becomes free (*semi-active*).
//! 2. Among the best semi-active plans, take the one whose list of (start, berth, call), ordered by start and berth and with
//!    calls compared by (arrival, index), is smallest. In it (a) no two calls that follow each other without idle time could
//!    be exchanged without ending later, at lower cost, or at equal cost with the smaller call first; and (b) twins -
//!    calls that can take each other's place at no cost - start in order. Exchanging would give a cheaper plan or a smaller
//!    list. So plans that violate (a) or (b) may be ignored, whatever splits surround that one plan.
//! 3. For any prices `y`, every plan costs at least `sum(y)` plus, for each berth, the cheapest sequence of starts at cost minus
//!    price (weak duality); a call that may be left out has a price of at most its penalty.
//! 4. A start through which even the cheapest sequence puts that sum at `upper` or more is in no plan below `upper`.

#![allow(clippy::many_single_char_names, clippy::similar_names)] // calls, berths and times, as in the papers

use super::sequences::{Lane, Order};
use super::starts::{Data, Worth, kinds};
use super::{Split, Tree};
use crate::berth::instance::Instance;
use crate::ids::BerthIdx;

struct Checker<'a> {
    data: Data<'a>,
    certificate: &'a Tree,
    /// Objective values are `residue` modulo `step`.
    step: i64,
    residue: i64,
}

/// One branch of the tree: the starts that are open on each kind of berth, and the calls that may not be left out.
#[derive(Clone)]
struct Branch {
    lanes: Vec<Lane>,
    served: Vec<bool>,
    bound: i64,
}

/// The lower bound that the certificate proves.
///
/// # Errors
/// Says what is malformed. A certificate that proves little is not an error.
pub(super) fn check(instance: &Instance, certificate: &Tree) -> Result<i64, String> {
    if certificate.scale <= 0 || certificate.nodes.is_empty() || certificate.grid.is_some_and(|g| g.step.0 <= 0) {
        return Err("scale, grid and tree must not be empty".into());
    }
    let data = &Data { instance, n: instance.calls().len(), m: instance.berths().len() };
    if certificate.nodes.iter().all(|node| node.duals.is_empty()) {
        // No prices: what each call costs in an empty port. Costs never fall as a start grows, so first starts are cheapest.
        return Ok((0..data.n).map(|call| data.alone(call)).sum::<i64>() * instance.cost_step());
    }
    let worth = Worth::new(data, certificate);
    let lanes: Vec<Lane> =
        kinds(data).into_iter().map(|berths| Lane { starts: worth.on(berths[0], certificate.grid), berths }).collect();
    let left_out: Vec<i64> = (0..data.n).map(|i| data.left_out(i)).collect();
    let mut step = 0;
    for s in lanes.iter().flat_map(|lane| &lane.starts) {
        step = greatest_common_divisor(s.cost - left_out[s.call as usize], step);
        if step == 1 {
            break;
        }
    }
    let checker = Checker { data: *data, certificate, step: step.max(1), residue: left_out.iter().sum() };
    let bound = checker.round_up(-1);
    let root = Branch { lanes, served: vec![false; data.n], bound };
    let mut seen = vec![false; certificate.nodes.len()];
    Ok(checker.node(0, root, &mut seen)? * instance.cost_step())
}

impl Checker<'_> {
    /// The least objective value above `value` (which is a scaled bound minus one).
    fn round_up(&self, value: i64) -> i64 {
        let whole = (value + 1).div_euclid(self.certificate.scale)
            + i64::from((value + 1).rem_euclid(self.certificate.scale) > 0);
        whole + (self.residue - whole).rem_euclid(self.step)
    }

    fn node(&self, at: usize, mut branch: Branch, seen: &mut [bool]) -> Result<i64, String> {
        let node = self.certificate.nodes.get(at).ok_or("a child is missing")?;
        if std::mem::replace(&mut seen[at], true) {
            return Err("a node is reached twice".into());
        }
        for (at, duals) in node.duals.iter().enumerate() {
            if duals.len() != self.data.n {
                return Err("one dual per call, please".into());
            }
            if branch.bound >= self.certificate.upper {
                break;
            }
            // The last prices of a leaf only bound: nobody asks for the starts that they would close.
            let closes = at + 1 < node.duals.len() || node.split.is_some();
            self.apply(duals, closes, &mut branch)?;
        }
        let Some(split) = &node.split else { return Ok(branch.bound.min(self.certificate.upper)) };
        if node.children.len() != 2 {
            return Err("a split has two parts".into());
        }
        if branch.bound >= self.certificate.upper {
            return Ok(self.certificate.upper);
        }
        let mut least = i64::MAX;
        for (side, &child) in node.children.iter().enumerate() {
            let mut part = branch.clone();
            self.restrict(split, side, &mut part)?;
            least = least.min(self.node(child as usize, part, seen)?);
        }
        Ok(least)
    }

    fn restrict(&self, split: &Split, side: usize, branch: &mut Branch) -> Result<(), String> {
        let call = match split {
            Split::Berth { call, .. } | Split::Start { call, .. } | Split::Served { call } => call.at(),
        };
        if call >= self.data.n {
            return Err("a split names no call".into());
        }
        for lane in &mut branch.lanes {
            let side_of = |j: usize| matches!(split, Split::Berth { berths, .. } if berths.contains(&BerthIdx::new(j)));
            let first = side_of(lane.berths[0]);
            if lane.berths.iter().any(|&j| side_of(j) != first) {
                return Err("a split parts berths that are alike".into());
            }
            lane.starts.retain(|s| {
                let own = s.call as usize;
                match split {
                    Split::Berth { .. } => own != call || first == (side == 0),
                    Split::Start { time, .. } if side == 0 => {
                        s.time <= time.0 || own != call && !twins(&self.data, own, call)
                    }
                    Split::Start { time, .. } => s.time > time.0 || own != call && !twins(&self.data, call, own),
                    Split::Served { .. } => own != call || side == 0,
                }
            });
        }
        if matches!(split, Split::Served { .. }) && side == 0 {
            branch.served[call] = true;
        }
        Ok(())
    }

    /// Raises the bound of the branch by the prices, and where `closes`, closes the starts that they refute.
    fn apply(&self, duals: &[i64], closes: bool, branch: &mut Branch) -> Result<(), String> {
        let scale = self.certificate.scale;
        let prices: Vec<i64> = (0..self.data.n)
            .map(|i| {
                let most = if branch.served[i] { i64::MAX } else { self.data.left_out(i).saturating_mul(scale) };
                duals[i].min(most)
            })
            .collect();
        if prices.iter().any(|y| y.unsigned_abs() > 1 << 60) {
            return Err("a dual is out of range".into());
        }
        let mut total: i128 = prices.iter().map(|&y| i128::from(y)).sum();
        // Per lane: the cheapest sequence through each start, and the cheapest of all (at most 0: the empty one).
        let mut through = Vec::with_capacity(branch.lanes.len());
        for lane in &branch.lanes {
            let own: Vec<i64> = lane.starts.iter().map(|s| s.cost * scale - prices[s.call as usize]).collect();
            let order = Order::new(&self.data, lane, self.certificate.grid);
            let mut values = order.before(&own);
            let best = values.iter().copied().fold(0, i64::min);
            if closes {
                values.iter_mut().zip(order.behind(&own)).for_each(|(value, behind)| *value += behind);
            }
            total += i128::from(best) * lane.berths.len() as i128;
            through.push((values, best));
        }
        let total = i64::try_from(total).map_err(|_| "a bound is out of range")?;
        branch.bound = branch.bound.max(self.round_up(total - 1));
        if closes {
            // The largest attainable objective value below `upper`.
            let last = self.certificate.upper - 1;
            let most = i128::from(last - (last - self.residue).rem_euclid(self.step)) * i128::from(scale);
            for (lane, (values, best)) in branch.lanes.iter_mut().zip(through) {
                let mut value = values.into_iter();
                lane.starts.retain(|_| {
                    let v = value.next().unwrap_or(i64::MAX);
                    i128::from(total) - i128::from(best) + i128::from(v) <= most
                });
            }
        }
        Ok(())
    }
}

/// Point 2b: `i` starts no later than `k` when both are served.
fn twins(data: &Data<'_>, i: usize, k: usize) -> bool {
    if !data.comes_first(i, k) || data.rate(i) != data.rate(k) || !data.is_linear(i) || !data.is_linear(k) {
        return false;
    }
    let earliest = (0..data.m).filter_map(|j| data.slots(k, j).first()).map(|s| s.first).min();
    (0..data.m).all(|j| match (data.slots(i, j), data.slots(k, j)) {
        ([], []) => true,
        ([a], [b]) => {
            let same = data.handling(i, j) == data.handling(k, j);
            let at_will = data.is_at_will(i, j) && data.is_at_will(k, j);
            // `i` may start wherever `k` may; where `i` starts after some start of `k`, so may `k`.
            at_will && same && a.last == b.last && a.first <= b.first && Some(b.first) <= Some(a.first).max(earliest)
        }
        _ => false,
    })
}

fn greatest_common_divisor(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a.abs(), b.abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
