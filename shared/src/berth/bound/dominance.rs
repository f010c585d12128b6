//! Which call may directly follow which, without idle time between them.
//!
//! Let `k` follow `i` the instant the berth is free, and let both orders be possible from the start of `i` on. When `k, i` does
//! not end later and is cheaper - or as cheap, and `k` comes first by (arrival, index) - the order `i, k` can be left out. Proof: among the optimal plans
//! take the one whose list of (start, berth, call), ordered by start and berth, is lexicographically smallest. Exchanging such
//! a pair and shifting everything left again gives a plan that is cheaper, or as cheap with a smaller list: a contradiction. The
//! argument uses the slots of the instance, never restrictions added by a search: that one plan lies in one leaf of any
//! branching tree, and no leaf loses it. (Adjacent interchange: Smith 1956, doi:10.1002/nav.3800030106; as an arc filter:
//! Pessoa, Uchoa, Poggi de Aragão & Rodrigues 2010, doi:10.1007/s12532-010-0019-z.)

use crate::berth::bound::network::{Grid, Network};
use crate::berth::model::Model;

/// Constant data of a call on one kind of berth.
#[derive(Clone, Copy, Debug)]
struct Fast {
    first: i64,
    last: i64,
    /// Handling plus clearance.
    busy: i64,
    weight: i64,
    /// Plain slots and linear cost: the short rule applies.
    simple: bool,
}

pub(crate) struct Dominance<'a> {
    model: &'a Model,
    grid: Grid,
    berth: usize,
    fast: Vec<Fast>,
}

impl<'a> Dominance<'a> {
    pub(crate) fn new(model: &'a Model, grid: Grid, berth: usize) -> Self {
        let fast = (0..model.n)
            .map(|i| {
                let p = model.pair(i, berth);
                Fast {
                    first: p.first,
                    last: p.last,
                    busy: p.handling + model.clearance[berth],
                    weight: model.calls[i].weight,
                    simple: p.plain && model.linear[i],
                }
            })
            .collect();
        Self { model, grid, berth, fast }
    }

    /// Arc `b` must not directly follow arc `a` (which ends where `b` starts).
    #[inline]
    pub(crate) fn forbids(&self, net: &Network, a: usize, b: usize) -> bool {
        let (i, k) = (net.call[a] as usize, net.call[b] as usize);
        if i == k {
            return true;
        }
        if !self.grid.exact {
            return false;
        }
        let start = self.grid.origin + i64::from(net.start[a]) * self.grid.step;
        let (x, y) = (&self.fast[i], &self.fast[k]);
        if start < y.first {
            // `k` cannot start before `i` ends early enough, except when `i` waits alongside for its tide.
            return !x.simple && self.swapped(net, a, b, start);
        }
        if x.simple && y.simple {
            if start + y.busy > x.last {
                return false;
            }
            let (ahead, behind) = (x.weight * y.busy, y.weight * x.busy);
            return ahead < behind || ahead == behind && self.model.order[k] < self.model.order[i];
        }
        self.swapped(net, a, b, start)
    }

    /// The rule by simulation of the other order.
    fn swapped(&self, net: &Network, a: usize, b: usize, start: i64) -> bool {
        let (i, k) = (net.call[a] as usize, net.call[b] as usize);
        let clearance = self.model.clearance[self.berth];
        let Some((s1, d1)) = self.model.next(k, self.berth, start) else { return false };
        let Some((s2, d2)) = self.model.next(i, self.berth, d1 + clearance) else { return false };
        let end = self.grid.origin + i64::from(net.end[b]) * self.grid.step;
        if d2 + clearance > end {
            return false;
        }
        let new = self.model.cost(k, self.berth, s1, d1) + self.model.cost(i, self.berth, s2, d2);
        let old = net.cost[a] + net.cost[b];
        new < old || new == old && self.model.order[k] < self.model.order[i]
    }
}
