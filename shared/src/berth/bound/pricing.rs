//! The pricing problem: cheapest path through one network at given integer duals.
//!
//! The state is the last arc. For simple calls (see `dominance`) the arcs that may precede a given one at an instant are a
//! prefix by rank together with a prefix by start, so prefix minima answer in constant time where both prefixes end: these
//! positions do not depend on the duals and are kept with the network. The cost is `O(arcs)`; only arcs of calls with tides,
//! due times or the like are compared one by one.

use crate::berth::bound::dominance::Dominance;
use crate::berth::bound::network::{Network, ODD_CALL};

pub(crate) const INFINITE: i64 = i64::MAX / 4;
pub(crate) const NONE: u32 = u32::MAX;

/// Values of one pass; kept between calls to save allocations.
#[derive(Clone, Debug, Default)]
pub(crate) struct Labels {
    /// Forward: cheapest path that ends with this arc. Backward: cheapest continuation behind it.
    pub(crate) value: Vec<i64>,
    /// The arc before (forward) or behind (backward) on that path.
    pub(crate) link: Vec<u32>,
    by_rank: Vec<(i64, u32)>,
    by_time: Vec<(i64, u32)>,
}

/// Prefix minima of (value, arc) over `arcs`; entry 0 is the empty prefix.
#[inline]
fn prefix_minima(arcs: &[u32], value: impl Fn(u32) -> i64, out: &mut Vec<(i64, u32)>) {
    out.clear();
    let mut least = (INFINITE, NONE);
    out.push(least);
    for &a in arcs {
        let v = value(a);
        if v < least.0 {
            least = (v, a);
        }
        out.push(least);
    }
}

/// Scaled reduced cost of an arc.
#[inline]
pub(crate) fn reduced(net: &Network, arc: usize, duals: &[i64], scale: i64) -> i64 {
    net.cost[arc] * scale - duals[net.call[arc] as usize]
}

/// Fills `labels` forward; returns the cheapest (value, last arc), or `(0, NONE)` for the empty schedule.
pub(crate) fn forward(
    net: &Network,
    rule: &Dominance<'_>,
    duals: &[i64],
    scale: i64,
    labels: &mut Labels,
) -> (i64, u32) {
    labels.value.clear();
    labels.value.resize(net.len(), INFINITE);
    labels.link.clear();
    labels.link.resize(net.len(), NONE);
    let Labels { value, link, by_rank, by_time } = labels;
    let order = &net.order;
    let (mut idle, mut best) = ((0, NONE), (0, NONE));
    for t in 0..net.steps() {
        let ending = net.ending(t);
        let starting = net.starting(t);
        if starting.is_empty() {
            for &a in ending {
                if value[a as usize] < idle.0 {
                    idle = (value[a as usize], a);
                }
            }
            continue;
        }
        let ends = order.ends_at[t] as usize..order.ends_at[t + 1] as usize;
        prefix_minima(&order.ends_by_rank[ends.clone()], |a| value[a as usize], by_rank);
        prefix_minima(&order.ends_by_start[ends], |a| value[a as usize], by_time);
        let odd = &order.odd_ends[order.odd_ends_at[t] as usize..order.odd_ends_at[t + 1] as usize];
        for b in starting {
            let mut least = if net.opening[b] { idle } else { (INFINITE, NONE) };
            let mut one_by_one = odd;
            if order.odd[b] & ODD_CALL == 0 {
                let (x, y) = order.before[b];
                least = least.min(by_rank[x as usize]).min(by_time[y as usize]);
            } else {
                one_by_one = ending;
            }
            for &a in one_by_one {
                if value[a as usize] < least.0 && !rule.forbids(net, a as usize, b) {
                    least = (value[a as usize], a);
                }
            }
            if least.0 < INFINITE {
                let v = least.0 + reduced(net, b, duals, scale);
                value[b] = v;
                link[b] = least.1;
                if v < best.0 {
                    best = (v, b as u32);
                }
            }
        }
        idle = idle.min(*by_rank.last().expect("entry 0"));
        for &a in odd {
            idle = idle.min((value[a as usize], a));
        }
    }
    best
}

/// Fills `labels` backward: the value of an arc is the cheapest continuation behind it (0: none).
pub(crate) fn backward(net: &Network, rule: &Dominance<'_>, duals: &[i64], scale: i64, labels: &mut Labels) {
    labels.value.clear();
    labels.value.resize(net.len(), 0);
    labels.link.clear();
    labels.link.resize(net.len(), NONE);
    let Labels { value, link, by_rank, by_time } = labels;
    let order = &net.order;
    let mut idle = (0, NONE);
    for t in (0..net.steps()).rev() {
        let starting = net.starting(t);
        let ending = net.ending(t);
        if starting.is_empty() {
            for &a in ending {
                (value[a as usize], link[a as usize]) = idle;
            }
            continue;
        }
        let starts = order.starts_at[t] as usize..order.starts_at[t + 1] as usize;
        let whole = |b: usize, value: &[i64]| reduced(net, b, duals, scale) + value[b];
        if !ending.is_empty() {
            prefix_minima(&order.starts_by_rank[starts.clone()], |b| whole(b as usize, value), by_rank);
            prefix_minima(&order.starts_by_first[starts], |b| whole(b as usize, value), by_time);
        }
        let odd = &order.odd_starts[order.odd_starts_at[t] as usize..order.odd_starts_at[t + 1] as usize];
        for &a in ending {
            let mut least = idle;
            let mut try_one = |b: usize, value: &[i64]| {
                let v = whole(b, value);
                if v < least.0 && !rule.forbids(net, a as usize, b) {
                    least = (v, b as u32);
                }
            };
            if order.odd[a as usize] == 0 {
                for &b in odd {
                    try_one(b as usize, value);
                }
                let (x, y) = order.behind[a as usize];
                least = least.min(by_rank[x as usize]).min(by_time[y as usize]);
            } else {
                for b in starting.clone() {
                    try_one(b, value);
                }
            }
            (value[a as usize], link[a as usize]) = least;
        }
        for b in starting {
            if net.opening[b] {
                idle = idle.min((whole(b, value), b as u32));
            }
        }
    }
}

/// The arcs of a path, in order, through `through`: forward links before it, backward links behind it.
pub(crate) fn path(through: u32, before: &Labels, behind: Option<&Labels>) -> Vec<u32> {
    let mut arcs = vec![through];
    let mut a = before.link[through as usize];
    while a != NONE {
        arcs.push(a);
        a = before.link[a as usize];
    }
    arcs.reverse();
    if let Some(labels) = behind {
        let mut a = labels.link[through as usize];
        while a != NONE {
            arcs.push(a);
            a = labels.link[a as usize];
        }
    }
    arcs
}
