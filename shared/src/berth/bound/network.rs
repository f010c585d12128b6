//! Time-indexed networks: for each kind of berth, every (call, start) that an optimal plan may use.
//!
//! Berths on which every call has the same handling and slots are one *kind* with a multiplicity: one network, one pricing
//! problem, and no symmetry between them in the master.
//!
//! Starts live on a grid whose step is the greatest common divisor of the data. Semi-active plans suffice (see `state`), so a
//! start is either the first instant of a slot or the instant at which another call sets the berth free; unreachable starts
//! are dropped. When the exact grid has too many arcs, a coarser one gives a relaxation: a start stands for every real start
//! in its cell, at the cost and the end of the earliest of them, and idle time is allowed anywhere (`Grid::exact` is false).

use crate::berth::model::Model;
use crate::budget::Budget;

/// More arcs than this make the grid coarser.
const MAX_ARCS: u64 = 3_000_000;
/// With more arcs than this on the coarsest useful grid there is no network: it would not fit a function's memory.
const TOO_MANY_ARCS: u64 = 6_000_000;

/// What an arc costs in ticks: to make, and for the checker to make its own and to go over it once or twice.
const BUILD: u64 = 5;
const CHECK: u64 = 15;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    pub(crate) origin: i64,
    pub(crate) step: i64,
    pub(crate) exact: bool,
}

/// Arcs of one kind of berth, ordered by (start, call).
#[derive(Clone, Debug, Default)]
pub(crate) struct Network {
    /// The berths of this kind; the first stands for all.
    pub(crate) berths: Vec<usize>,
    pub(crate) call: Vec<u32>,
    /// Grid index of the start and of the instant the berth is free again.
    pub(crate) start: Vec<u32>,
    pub(crate) end: Vec<u32>,
    pub(crate) cost: Vec<i64>,
    /// The start is the first instant of a slot: idle time may precede it.
    pub(crate) opening: Vec<bool>,
    /// Index in the network as first built.
    pub(crate) id: Vec<u32>,
    /// `steps + 1`: arcs that start at `t` are `start_at[t]..start_at[t + 1]`.
    pub(crate) start_at: Vec<u32>,
    /// Arcs by end: those that end at `t` are `ending[end_at[t]..end_at[t + 1]]`, in order of start.
    pub(crate) end_at: Vec<u32>,
    pub(crate) ending: Vec<u32>,
    pub(crate) order: Order,
}

/// The calls of one kind of berth in the order of the short dominance rule (see `dominance`): `rank` by handling over
/// weight, `first` by earliest start. Shape: calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ranks {
    pub(crate) rank: Vec<u32>,
    pub(crate) by_rank: Vec<u32>,
    pub(crate) first: Vec<u32>,
    pub(crate) by_first: Vec<u32>,
}

/// Arcs that meet at an instant, in the orders in which prefix minima answer the short dominance rule. An arc of a call
/// to which that rule does not apply is *odd*, and is looked at one by one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    /// Like `ending`, without odd arcs; by rank of the call, by start.
    pub(crate) ends_by_rank: Vec<u32>,
    pub(crate) ends_by_start: Vec<u32>,
    /// Like the arcs that start at `t`, without odd ones; by falling rank of the call, by falling earliest start.
    pub(crate) starts_by_rank: Vec<u32>,
    pub(crate) starts_by_first: Vec<u32>,
    /// Per instant (`steps + 1`): where its lists begin, and the odd ones that end (start) then.
    pub(crate) ends_at: Vec<u32>,
    pub(crate) starts_at: Vec<u32>,
    pub(crate) odd_ends_at: Vec<u32>,
    pub(crate) odd_ends: Vec<u32>,
    pub(crate) odd_starts_at: Vec<u32>,
    pub(crate) odd_starts: Vec<u32>,
    /// Per arc: how many of the lists at its start may precede it by rank, by start.
    pub(crate) before: Vec<(u32, u32)>,
    /// Per arc: how many of the lists at its end may follow it by rank, by earliest start.
    pub(crate) behind: Vec<(u32, u32)>,
    /// Per arc: `Odd` bits.
    pub(crate) odd: Vec<u8>,
}

/// The call is not simple: neither side of the short rule applies.
pub(crate) const ODD_CALL: u8 = 1;
/// As a predecessor the call may run into its latest start when exchanged.
pub(crate) const ODD_LATE: u8 = 2;

impl Network {
    pub(crate) fn len(&self) -> usize {
        self.call.len()
    }
    pub(crate) fn is_empty(&self) -> bool {
        self.call.is_empty()
    }
    pub(crate) fn steps(&self) -> usize {
        self.start_at.len() - 1
    }
    pub(crate) fn starting(&self, t: usize) -> std::ops::Range<usize> {
        self.start_at[t] as usize..self.start_at[t + 1] as usize
    }
    pub(crate) fn ending(&self, t: usize) -> &[u32] {
        &self.ending[self.end_at[t] as usize..self.end_at[t + 1] as usize]
    }

    /// The arc of a (call, start), if it is still there.
    pub(crate) fn find(&self, call: u32, start: u32) -> Option<usize> {
        if start as usize >= self.steps() {
            return None;
        }
        let range = self.starting(start as usize);
        self.call[range.clone()].binary_search(&call).ok().map(|k| range.start + k)
    }

    /// The network with only the arcs for which `keep` holds.
    pub(crate) fn filtered(&self, ranks: &Ranks, keep: &mut dyn FnMut(usize) -> bool) -> Self {
        let mut out = Self { berths: self.berths.clone(), ..Self::default() };
        for a in 0..self.len() {
            if keep(a) {
                out.call.push(self.call[a]);
                out.start.push(self.start[a]);
                out.end.push(self.end[a]);
                out.cost.push(self.cost[a]);
                out.opening.push(self.opening[a]);
                out.id.push(self.id[a]);
                out.order.odd.push(self.order.odd[a]);
            }
        }
        out.index();
        out.sort_out(ranks);
        out
    }

    /// Fills `order`.
    fn sort_out(&mut self, ranks: &Ranks) {
        let steps = self.steps();
        let calls = ranks.rank.len();
        let odd = std::mem::take(&mut self.order.odd);
        let mut o = Order { odd, ..Order::default() };
        // Arcs by call, in order of start.
        let mut call_at = vec![0u32; calls + 1];
        for &c in &self.call {
            call_at[c as usize + 1] += 1;
        }
        for c in 0..calls {
            call_at[c + 1] += call_at[c];
        }
        let mut next = call_at.clone();
        let mut by_call = vec![0u32; self.len()];
        for a in 0..self.len() {
            let at = &mut next[self.call[a] as usize];
            by_call[*at as usize] = a as u32;
            *at += 1;
        }
        let group = |c: u32| by_call[call_at[c as usize] as usize..call_at[c as usize + 1] as usize].iter().copied();
        let plain_end = |a: &u32| o.odd[*a as usize] == 0;
        let plain_start = |a: &u32| o.odd[*a as usize] & ODD_CALL == 0;
        let all = 0..self.len() as u32;
        (o.ends_at, o.ends_by_start) = bucket(steps, all.clone().filter(plain_end), &self.end);
        (_, o.ends_by_rank) = bucket(steps, ranks.by_rank.iter().flat_map(|&c| group(c)).filter(plain_end), &self.end);
        (o.odd_ends_at, o.odd_ends) = bucket(steps, all.clone().filter(|a| !plain_end(a)), &self.end);
        (o.starts_at, o.starts_by_rank) =
            bucket(steps, ranks.by_rank.iter().rev().flat_map(|&c| group(c)).filter(plain_start), &self.start);
        (_, o.starts_by_first) =
            bucket(steps, ranks.by_first.iter().rev().flat_map(|&c| group(c)).filter(plain_start), &self.start);
        (o.odd_starts_at, o.odd_starts) = bucket(steps, all.filter(|a| !plain_start(a)), &self.start);
        o.before = vec![(0, 0); self.len()];
        o.behind = vec![(0, 0); self.len()];
        let (call, start) = (&self.call, &self.start);
        let rank = |a: u32| ranks.rank[call[a as usize] as usize];
        let first = |a: u32| ranks.first[call[a as usize] as usize];
        for t in 0..steps {
            let ends = o.ends_at[t] as usize..o.ends_at[t + 1] as usize;
            let starts = o.starts_at[t] as usize..o.starts_at[t + 1] as usize;
            if ends.is_empty() && o.odd_ends_at[t] == o.odd_ends_at[t + 1] || starts.is_empty() {
                continue;
            }
            let (by_rank, by_start) = (&o.ends_by_rank[ends.clone()], &o.ends_by_start[ends]);
            let (down_rank, down_first) = (&o.starts_by_rank[starts.clone()], &o.starts_by_first[starts]);
            let mut k = 0;
            for &b in down_rank.iter().rev() {
                while k < by_rank.len() && rank(by_rank[k]) < rank(b) {
                    k += 1;
                }
                o.before[b as usize].0 = k as u32;
            }
            k = 0;
            for &b in down_first.iter().rev() {
                while k < by_start.len() && start[by_start[k] as usize] < first(b) {
                    k += 1;
                }
                o.before[b as usize].1 = k as u32;
            }
            k = 0;
            for &a in by_rank.iter().rev() {
                while k < down_rank.len() && rank(down_rank[k]) > rank(a) {
                    k += 1;
                }
                o.behind[a as usize].0 = k as u32;
            }
            k = 0;
            for &a in by_start.iter().rev() {
                while k < down_first.len() && first(down_first[k]) > start[a as usize] {
                    k += 1;
                }
                o.behind[a as usize].1 = k as u32;
            }
        }
        self.order = o;
    }

    /// Sorts out which arcs start and end when; arcs must be ordered by start.
    fn index(&mut self) {
        let steps = self.end.iter().map(|&e| e as usize + 1).max().unwrap_or(0);
        self.start_at = vec![0; steps + 1];
        self.end_at = vec![0; steps + 1];
        for a in 0..self.len() {
            self.start_at[self.start[a] as usize + 1] += 1;
            self.end_at[self.end[a] as usize + 1] += 1;
        }
        for t in 0..steps {
            self.start_at[t + 1] += self.start_at[t];
            self.end_at[t + 1] += self.end_at[t];
        }
        self.ending = vec![0; self.len()];
        let mut next = self.end_at.clone();
        for a in 0..self.len() {
            let at = &mut next[self.end[a] as usize];
            self.ending[*at as usize] = a as u32;
            *at += 1;
        }
    }
}

/// Distributes `arcs` by `time`, keeping their order within an instant.
fn bucket(steps: usize, arcs: impl Iterator<Item = u32> + Clone, time: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let mut at = vec![0u32; steps + 1];
    for a in arcs.clone() {
        at[time[a as usize] as usize + 1] += 1;
    }
    for t in 0..steps {
        at[t + 1] += at[t];
    }
    let mut out = vec![0u32; at[steps] as usize];
    let mut next = at.clone();
    for a in arcs {
        let slot = &mut next[time[a as usize] as usize];
        out[*slot as usize] = a;
        *slot += 1;
    }
    (at, out)
}

/// The berths by kind.
pub(crate) fn kinds(model: &Model) -> Vec<Vec<usize>> {
    let mut out: Vec<Vec<usize>> = Vec::new();
    for j in 0..model.m {
        let same = |k: usize| {
            model.clearance[j] == model.clearance[k]
                && (0..model.n).all(|i| {
                    let planned = model.calls[i].planned_berth;
                    model.slots_of(i, j) == model.slots_of(i, k)
                        && (model.slots_of(i, j).is_empty() || model.pair(i, j).handling == model.pair(i, k).handling)
                        && (model.calls[i].moved == 0 || planned != Some(j) && planned != Some(k))
                })
        };
        match out.iter_mut().find(|kind| same(kind[0])) {
            Some(kind) => kind.push(j),
            None => out.push(vec![j]),
        }
    }
    out
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a.abs() } else { gcd(b, a % b) }
}

/// The latest start of `call` on `berth` whose cost is at most `cap`; costs never fall with the start.
fn latest_within(model: &Model, call: usize, berth: usize, cap: i64, horizon: i64) -> i64 {
    let pair = model.pair(call, berth);
    let (mut low, mut high) = (pair.first - 1, pair.last.min(horizon));
    while low < high {
        let middle = low + (high - low + 1) / 2;
        let within = model
            .next(call, berth, middle)
            .is_none_or(|(start, departure)| start > middle || model.cost(call, berth, start, departure) <= cap);
        // Between slots the next start decides; it is looked at when `middle` falls into its slot.
        if within { low = middle } else { high = middle - 1 }
    }
    low
}

/// Cheapest way to serve each call, or to leave it out.
pub(crate) fn cheapest(model: &Model) -> Vec<i64> {
    (0..model.n)
        .map(|i| {
            (0..model.m)
                .filter_map(|j| model.next(i, j, i64::MIN / 4).map(|(t, d)| model.cost(i, j, t, d)))
                .fold(model.calls[i].left_out, i64::min)
        })
        .collect()
}

/// No semi-active plan starts a call after this: a block of calls without idle time begins at the first instant of a slot.
pub(crate) fn horizon(model: &Model) -> i64 {
    let latest = model.slots.iter().map(|s| s.first.max(s.ready)).max().unwrap_or(0).max(0);
    let clearance = model.clearance.iter().copied().max().unwrap_or(0);
    let work: i64 = (0..model.n)
        .map(|i| {
            (0..model.m).map(|j| model.pair(i, j)).filter(|p| p.from < p.to).map(|p| p.handling).max().unwrap_or(0)
        })
        .sum();
    latest + work + clearance * (model.n as i64 + 1)
}

/// Networks that contain every plan cheaper than `upper` (in canonical form, see `dominance`). Nothing where the budget does not
/// last for them, or where they would be too large to hold.
pub(crate) fn build(model: &Model, upper: i64, budget: &mut Budget<'_>) -> Option<(Grid, Vec<Network>, Vec<Ranks>)> {
    let cheapest = cheapest(model);
    let floor: i64 = cheapest.iter().sum();
    let horizon = horizon(model);
    let kinds = kinds(model);
    let origin = model.slots.iter().map(|s| s.first).min().unwrap_or(0);
    let mut step = 0;
    let mut shortest = i64::MAX;
    for p in model.pairs.iter().filter(|p| p.from < p.to) {
        step = gcd(step, p.handling);
        shortest = shortest.min(p.handling);
        for s in &model.slots[p.from as usize..p.to as usize] {
            step = gcd(step, s.first - origin);
            if s.ready > s.first + p.handling {
                step = gcd(step, s.ready - origin);
            }
        }
    }
    for &c in &model.clearance {
        step = gcd(step, c);
    }
    let step = step.max(1);
    let mut windows = vec![i64::MIN; model.n * kinds.len()];
    let mut arcs = 0u64;
    for (q, kind) in kinds.iter().enumerate() {
        for i in 0..model.n {
            let pair = model.pair(i, kind[0]);
            if pair.from < pair.to {
                let cap = upper.saturating_sub(1).saturating_sub(floor).saturating_add(cheapest[i]);
                let last = latest_within(model, i, kind[0], cap, horizon);
                windows[i * kinds.len() + q] = last;
                arcs += ((last - pair.first) / step + 1).max(0) as u64;
            }
        }
    }
    let factor = (arcs.div_ceil(MAX_ARCS) as i64).clamp(1, (shortest / step).max(1));
    if arcs / factor as u64 > TOO_MANY_ARCS {
        return None;
    }
    let grid = Grid { origin, step: step * factor, exact: factor == 1 };
    let ranks: Vec<Ranks> = kinds.iter().map(|kind| rank(model, kind[0], grid)).collect();
    budget.reserve(CHECK * arcs.min(MAX_ARCS));
    let mut networks = Vec::with_capacity(kinds.len());
    for (q, kind) in kinds.iter().enumerate() {
        if budget.stopped().is_some() {
            return None;
        }
        let net = network(model, kind, grid, &ranks[q], &|i| windows[i * kinds.len() + q]);
        budget.spend(BUILD * net.len() as u64);
        networks.push(net);
    }
    Some((grid, networks, ranks))
}

fn rank(model: &Model, berth: usize, grid: Grid) -> Ranks {
    let n = model.n;
    let busy = |i: usize| i128::from(model.pair(i, berth).handling + model.clearance[berth]);
    let weight = |i: usize| i128::from(model.calls[i].weight);
    let cell = |i: usize| {
        (model.pair(i, berth).first - grid.origin).div_euclid(grid.step).clamp(0, i64::from(u32::MAX)) as u32
    };
    let mut by_rank: Vec<u32> =
        (0..n).filter(|&i| model.pair(i, berth).from < model.pair(i, berth).to).map(|i| i as u32).collect();
    let mut by_first = by_rank.clone();
    by_rank.sort_by(|&i, &k| {
        let (x, y) = (i as usize, k as usize);
        (busy(x) * weight(y)).cmp(&(busy(y) * weight(x))).then(model.order[x].cmp(&model.order[y]))
    });
    by_first.sort_by_key(|&i| (cell(i as usize), i));
    let mut out = Ranks { rank: vec![u32::MAX; n], first: (0..n).map(cell).collect(), by_rank, by_first };
    for (k, &i) in out.by_rank.iter().enumerate() {
        out.rank[i as usize] = k as u32;
    }
    out
}

/// All starts of one kind of berth up to the last one of each call, reachable ones only.
fn network(model: &Model, kind: &[usize], grid: Grid, ranks: &Ranks, last: &dyn Fn(usize) -> i64) -> Network {
    let berth = kind[0];
    let mut all: Vec<(u32, u32, u32, i64, bool)> = Vec::new();
    for i in 0..model.n {
        let handling = model.pair(i, berth).handling;
        let mut previous = i64::MIN;
        for slot in model.slots_of(i, berth) {
            let end = slot.last.min(last(i));
            let mut cell = (slot.first - grid.origin).div_euclid(grid.step);
            loop {
                let start = (grid.origin + cell * grid.step).max(slot.first);
                if start > end {
                    break;
                }
                // On a coarse grid two slots may share a cell; the earlier one has the earlier end and the lower cost.
                if cell > previous {
                    let departure = (start + handling).max(slot.ready);
                    let free = (departure + model.clearance[berth] - grid.origin).div_euclid(grid.step);
                    let cost = model.cost(i, berth, start, departure);
                    let opening = start == slot.first || !grid.exact;
                    all.push((cell as u32, i as u32, free as u32, cost, opening));
                    previous = cell;
                }
                cell += 1;
            }
        }
    }
    all.sort_unstable_by_key(|a| (a.0, a.1));
    let mut out = Network { berths: kind.to_vec(), ..Network::default() };
    let steps = all.iter().map(|a| a.2 as usize + 1).max().unwrap_or(0);
    let mut reached = vec![false; steps];
    let longest = ranks.by_rank.iter().map(|&i| model.pair(i as usize, berth).handling).max().unwrap_or(0);
    let longest = longest + model.clearance[berth];
    for (start, call, end, cost, opening) in all {
        if opening || reached[start as usize] {
            reached[end as usize] = true;
            out.id.push(out.call.len() as u32);
            out.call.push(call);
            out.start.push(start);
            out.end.push(end);
            out.cost.push(cost);
            out.opening.push(opening);
            let pair = model.pair(call as usize, berth);
            let odd_call = !(pair.plain && model.linear[call as usize] && grid.exact);
            let late = grid.origin + i64::from(start) * grid.step + longest > pair.last;
            out.order.odd.push(u8::from(odd_call) * ODD_CALL + u8::from(late) * ODD_LATE);
        }
    }
    out.index();
    out.sort_out(ranks);
    out
}
