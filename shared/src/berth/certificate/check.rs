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

use std::collections::BTreeMap;

use super::{Split, Tree};
use crate::berth::instance::{Assignment, Call, Instance, Slot};
use crate::ids::{BerthIdx, CallIdx};
use crate::units::Seconds;

/// A call that starts at an instant on a berth.
#[derive(Clone, Debug)]
struct Start {
    call: usize,
    /// When; on a coarse grid the earliest instant of the cell.
    time: i64,
    /// When the berth is free again.
    free: i64,
    cost: i64,
    /// `time` and `free` as the sequence sees them: cells on a coarse grid.
    from: i64,
    to: i64,
    /// Idle time may precede it.
    opens: bool,
}

/// The instance in plain numbers: seconds, and costs in cost steps.
#[derive(Clone, Copy)]
struct Data<'a> {
    instance: &'a Instance,
    n: usize,
    m: usize,
}

impl Data<'_> {
    fn call(&self, call: usize) -> &Call {
        self.instance.call(CallIdx::new(call))
    }
    fn slots(&self, call: usize, berth: usize) -> &[Slot] {
        self.instance.slots(CallIdx::new(call), BerthIdx::new(berth))
    }
    fn handling(&self, call: usize, berth: usize) -> i64 {
        self.instance.handling(CallIdx::new(call), BerthIdx::new(berth)).0
    }
    fn clearance(&self, berth: usize) -> i64 {
        self.instance.berth(BerthIdx::new(berth)).clearance.0
    }
    fn left_out(&self, call: usize) -> i64 {
        self.instance.left_out_cost(CallIdx::new(call)) / self.instance.cost_step()
    }
    fn alone(&self, call: usize) -> i64 {
        let first = |berth: usize| {
            let slot = self.slots(call, berth).first()?;
            let departure = (slot.first.0 + self.handling(call, berth)).max(slot.ready.0);
            Some(self.cost(call, berth, slot.first.0, departure))
        };
        (0..self.m).filter_map(first).fold(self.left_out(call), i64::min)
    }
    fn cost(&self, call: usize, berth: usize, start: i64, departure: i64) -> i64 {
        let at = Assignment { berth: BerthIdx::new(berth), start: Seconds(start) };
        self.instance.cost(CallIdx::new(call), at, Seconds(departure)) / self.instance.cost_step()
    }
}

struct Checker<'a> {
    data: Data<'a>,
    certificate: &'a Tree,
    /// Objective values are `residue` modulo `step`.
    step: i64,
    residue: i64,
}

/// Which starts meet at each time.
struct Meetings {
    times: Vec<i64>,
    /// Where the starts of each time begin in `list`, and where the last ones end.
    begin: Vec<usize>,
    list: Vec<usize>,
}

impl Meetings {
    fn new(times: impl Iterator<Item = i64>) -> Self {
        let mut pairs: Vec<(i64, usize)> = times.enumerate().map(|(at, t)| (t, at)).collect();
        pairs.sort_unstable();
        let mut out = Self { times: Vec::new(), begin: Vec::new(), list: Vec::with_capacity(pairs.len()) };
        for (t, at) in pairs {
            if out.times.last() != Some(&t) {
                out.times.push(t);
                out.begin.push(out.list.len());
            }
            out.list.push(at);
        }
        out.begin.push(out.list.len());
        out
    }

    fn at(&self, time: i64) -> &[usize] {
        self.times.binary_search(&time).map_or(&[], |k| &self.list[self.begin[k]..self.begin[k + 1]])
    }
}

/// One branch of the tree: the starts that are open on each berth, and the calls that may not be left out.
#[derive(Clone)]
struct Branch {
    starts: Vec<Vec<Start>>,
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
    let starts: Vec<Vec<Start>> = (0..data.m).map(|j| all_starts(data, j, certificate)).collect();
    let (mut step, mut residue) = (0, 0);
    for i in 0..data.n {
        residue += data.left_out(i);
        for s in starts.iter().flatten().filter(|s| s.call == i) {
            step = greatest_common_divisor(step, s.cost - data.left_out(i));
        }
    }
    let step = step.max(1);
    let checker = Checker { data: *data, certificate, step, residue };
    let bound = checker.round_up(-1);
    let root = Branch { starts, served: vec![false; data.n], bound };
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
        for duals in &node.duals {
            if duals.len() != self.data.n {
                return Err("one dual per call, please".into());
            }
            if branch.bound >= self.certificate.upper {
                break;
            }
            self.apply(duals, &mut branch)?;
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
        for (j, list) in branch.starts.iter_mut().enumerate() {
            list.retain(|s| match split {
                Split::Berth { berths, .. } => s.call != call || berths.contains(&BerthIdx::new(j)) == (side == 0),
                Split::Start { time, .. } if side == 0 => {
                    s.time <= time.0 || s.call != call && !twins(&self.data, s.call, call)
                }
                Split::Start { time, .. } => s.time > time.0 || s.call != call && !twins(&self.data, call, s.call),
                Split::Served { .. } => s.call != call || side == 0,
            });
        }
        if matches!(split, Split::Served { .. }) && side == 0 {
            branch.served[call] = true;
        }
        Ok(())
    }

    /// Raises the bound of the branch by the prices, and closes the starts that they refute.
    fn apply(&self, duals: &[i64], branch: &mut Branch) -> Result<(), String> {
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
        // A first pass that ignores point 2a is quick, proves a little less, and leaves few starts for the second.
        for ordered in [false, true] {
            let mut through = Vec::with_capacity(self.data.m);
            let mut total: i128 = prices.iter().map(|&y| i128::from(y)).sum();
            for (j, starts) in branch.starts.iter().enumerate() {
                let (values, best) = self.sequences(j, starts, &prices, ordered);
                total += i128::from(best);
                through.push((values, best));
            }
            let total = i64::try_from(total).map_err(|_| "a bound is out of range")?;
            branch.bound = branch.bound.max(self.round_up(total - 1));
            // The largest attainable objective value below `upper`.
            let last = self.certificate.upper - 1;
            let most = i128::from(last - (last - self.residue).rem_euclid(self.step)) * i128::from(scale);
            for (starts, (values, best)) in branch.starts.iter_mut().zip(through) {
                let mut value = values.into_iter();
                starts.retain(|_| {
                    let v = value.next().flatten();
                    v.is_some_and(|v| i128::from(total) - i128::from(best) + i128::from(v) <= most)
                });
            }
        }
        Ok(())
    }

    /// For each start of a berth the cheapest sequence through it, at cost minus price; and the cheapest of all (at most 0:
    /// the empty one).
    fn sequences(&self, berth: usize, starts: &[Start], prices: &[i64], ordered: bool) -> (Vec<Option<i64>>, i64) {
        let own: Vec<i64> = starts.iter().map(|s| s.cost * self.certificate.scale - prices[s.call]).collect();
        let starting = Meetings::new(starts.iter().map(|s| s.from));
        let ending = Meetings::new(starts.iter().map(|s| s.to));
        let mut times: Vec<i64> = starting.times.iter().chain(&ending.times).copied().collect();
        times.sort_unstable();
        times.dedup();
        let follows = |a: usize, b: usize| !ordered || self.may_follow(berth, &starts[a], &starts[b]);
        // Up to and including each start.
        let mut before: Vec<Option<i64>> = vec![None; starts.len()];
        let mut idle = 0;
        let mut met: Vec<(i64, usize)> = Vec::new();
        for &t in &times {
            met.clear();
            met.extend(ending.at(t).iter().filter_map(|&a| before[a].map(|v| (v, a))));
            met.sort_unstable();
            for &b in starting.at(t) {
                let direct = met.iter().find(|m| follows(m.1, b)).map(|m| m.0);
                let rested = starts[b].opens.then_some(idle);
                before[b] = direct.into_iter().chain(rested).min().map(|v| v + own[b]);
            }
            idle = met.first().map_or(idle, |m| idle.min(m.0));
        }
        // Behind each start.
        let mut behind = vec![0; starts.len()];
        let mut idle = 0;
        for &t in times.iter().rev() {
            met.clear();
            met.extend(starting.at(t).iter().map(|&b| (own[b] + behind[b], b)));
            met.sort_unstable();
            for &a in ending.at(t) {
                let direct = met.iter().find(|m| follows(a, m.1)).map(|m| m.0);
                behind[a] = direct.map_or(idle, |v| v.min(idle));
            }
            for &(v, b) in &met {
                if starts[b].opens {
                    idle = idle.min(v);
                }
            }
        }
        let best = before.iter().flatten().copied().fold(0, i64::min);
        let through = before.iter().zip(&behind).map(|(b, r)| b.map(|b| b + r)).collect();
        (through, best)
    }

    /// Point 2a: false when exchanging the two is at least as good.
    fn may_follow(&self, berth: usize, a: &Start, b: &Start) -> bool {
        if a.call == b.call {
            return false;
        }
        if self.certificate.grid.is_some() {
            return true;
        }
        let data = &self.data;
        let place = |call: usize, from: i64| {
            let slot = data.slots(call, berth).iter().find(|s| s.last.0 >= from)?;
            let start = from.max(slot.first.0);
            let departure = (start + data.handling(call, berth)).max(slot.ready.0);
            Some((departure + data.clearance(berth), data.cost(call, berth, start, departure)))
        };
        let Some((free, first)) = place(b.call, a.time) else { return true };
        let Some((free, second)) = place(a.call, free) else { return true };
        let ordered = comes_first(data, b.call, a.call);
        let (exchanged, cost) = (first + second, a.cost + b.cost);
        free > b.free || exchanged > cost || exchanged == cost && !ordered
    }
}

fn comes_first(data: &Data<'_>, i: usize, k: usize) -> bool {
    (data.call(i).arrival, i) < (data.call(k).arrival, k)
}

/// Point 2b: `i` starts no later than `k` when both are served.
fn twins(data: &Data<'_>, i: usize, k: usize) -> bool {
    let (x, y) = (data.call(i), data.call(k));
    let linear = |c: &Call| {
        (c.due.is_none() || c.terms.tardiness_weight == 0)
            && (c.earlier.is_none() || c.terms.later_start == 0 && c.terms.berth_change == 0)
    };
    let rate = |call: usize| data.call(call).terms.weight * data.instance.class_of(CallIdx::new(call)).multiplier;
    if !comes_first(data, i, k) || rate(i) != rate(k) || !linear(x) || !linear(y) {
        return false;
    }
    let earliest = (0..data.m).filter_map(|j| data.slots(k, j).first()).map(|s| s.first).min();
    (0..data.m).all(|j| match (data.slots(i, j), data.slots(k, j)) {
        ([], []) => true,
        ([a], [b]) => {
            let (h, g) = (data.handling(i, j), data.handling(k, j));
            let at_will = a.ready.0 <= a.first.0 + h && b.ready.0 <= b.first.0 + g;
            // `i` may start wherever `k` may; where `i` starts after some start of `k`, so may `k`.
            at_will && h == g && a.last == b.last && a.first <= b.first && Some(b.first) <= Some(a.first).max(earliest)
        }
        _ => false,
    })
}

/// Every start that a semi-active plan below `upper` can have on a berth.
fn all_starts(data: &Data<'_>, berth: usize, certificate: &Tree) -> Vec<Start> {
    let cheapest: Vec<i64> = (0..data.n)
        .map(|i| {
            let places = (0..data.m).filter_map(|j| {
                let slot = data.slots(i, j).first()?;
                let departure = (slot.first.0 + data.handling(i, j)).max(slot.ready.0);
                Some(data.cost(i, j, slot.first.0, departure))
            });
            places.fold(data.left_out(i), i64::min)
        })
        .collect();
    let spare = i128::from(certificate.upper) - 1 - cheapest.iter().map(|&c| i128::from(c)).sum::<i128>();
    // No semi-active start is later: a block without idle time begins at the first instant of a slot.
    let clearance = (0..data.m).map(|j| data.clearance(j)).max().unwrap_or(0);
    let slots = || (0..data.n).flat_map(|i| (0..data.m).flat_map(move |j| data.slots(i, j)));
    let latest = slots().map(|s| s.first.max(s.ready).0).max().unwrap_or(0).max(0);
    let work: i64 = (0..data.n)
        .map(|i| (0..data.m).filter(|&j| !data.slots(i, j).is_empty()).map(|j| data.handling(i, j)).max())
        .map(|h| h.unwrap_or(0) + clearance)
        .sum();
    let horizon = latest + work + clearance;
    let make = |call: usize, time: i64, ready: i64, opens: bool| {
        let departure = (time + data.handling(call, berth)).max(ready);
        let cost = data.cost(call, berth, time, departure);
        let free = departure + data.clearance(berth);
        let affordable = i128::from(cost) <= spare + i128::from(cheapest[call]);
        (affordable && time <= horizon).then_some(Start { call, time, free, cost, from: time, to: free, opens })
    };
    let mut out = Vec::new();
    if let Some(cells) = certificate.grid {
        let (origin, step) = (cells.origin.0, cells.step.0);
        for call in 0..data.n {
            let mut previous = i64::MIN;
            for slot in data.slots(call, berth) {
                let mut time = slot.first.0;
                while time <= slot.last.0 {
                    let Some(mut start) = make(call, time, slot.ready.0, true) else { break };
                    start.from = (start.time - origin).div_euclid(step);
                    start.to = (start.free - origin).div_euclid(step);
                    if start.from > previous {
                        previous = start.from;
                        out.push(start.clone());
                    }
                    time = origin + (start.from + 1) * step;
                }
            }
        }
        return out;
    }
    // Whether a berth is set free at a time, for every time at which something may start.
    let mut times: BTreeMap<i64, bool> =
        (0..data.n).flat_map(|i| data.slots(i, berth)).map(|s| (s.first.0, false)).collect();
    while let Some((time, freed)) = times.pop_first() {
        for call in 0..data.n {
            let slots = data.slots(call, berth);
            let Some(slot) = slots.iter().find(|s| s.first.0 <= time && time <= s.last.0) else { continue };
            let opens = slot.first.0 == time;
            if !(opens || freed) {
                continue;
            }
            if let Some(start) = make(call, time, slot.ready.0, opens) {
                times.insert(start.free, true);
                out.push(start);
            }
        }
    }
    out
}

fn greatest_common_divisor(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a.abs(), b.abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
