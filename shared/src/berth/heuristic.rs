//! First answers: a list greedy in microseconds, then simulated annealing over the berth sequences.
//!
//! Moves: relocate a call to a position near its own time on another berth, exchange two calls that are near in time, and
//! exchange the tails of two berths (Lalla-Ruiz, Melián-Batista & Moreno-Vega 2012, doi:10.1016/j.engappai.2012.06.001, use
//! the first two; the third is the classic 2-opt* of vehicle routing, Potvin & Rousseau 1995, doi:10.1057/jors.1995.204).
//! A move is evaluated without touching the state; the acceptance threshold is drawn before the evaluation so that a bad
//! move can be dropped as soon as it exceeds it (threshold drawn from the exponential distribution is the Metropolis rule).

#![allow(clippy::many_single_char_names, clippy::similar_names)] // calls, berths and times, as in the papers

use crate::berth::model::{Model, Schedule};
use crate::berth::state::State;
use crate::rng::Rng;

/// List greedy: calls by arrival, each to the berth where it is cheapest now.
pub(crate) fn greedy(model: &Model) -> State<'_> {
    let mut state = State::empty(model);
    let mut order: Vec<usize> = (0..model.n).collect();
    let shortest =
        |i: usize| (0..model.m).map(|j| model.pair(i, j)).filter(|p| p.from < p.to).map(|p| p.handling).min();
    order.sort_by_cached_key(|&i| (model.calls[i].arrival, shortest(i), i));
    for call in order {
        let best = (0..model.m)
            .filter_map(|j| {
                let at = state.lines[j].len();
                let v = state.visit(call as u32, j, state.free_before(j, at))?;
                (v.cost < model.calls[call].left_out).then_some((v.cost, v.free, j, at))
            })
            .min();
        if let Some((_, _, berth, at)) = best {
            state.take_out(call);
            state.put_in(call, berth, at);
        }
    }
    state
}

/// `-ln(u)` for `u = (k + 1/2) / 4096`: basic arithmetic only, so equal on every platform.
fn exponential_table() -> Vec<f64> {
    let ln = |x: f64| {
        // ln x = 2 artanh((x - 1) / (x + 1)), after scaling x into [1/2, 1].
        let (mut x, mut shift) = (x, 0.0);
        while x < 0.5 {
            x *= 2.0;
            shift -= std::f64::consts::LN_2;
        }
        let z = (x - 1.0) / (x + 1.0);
        let (mut term, mut sum) = (z, 0.0);
        for k in 0..24 {
            sum += term / f64::from(2 * k + 1);
            term *= z * z;
        }
        2.0 * sum + shift
    };
    (0..4096).map(|k| -ln((f64::from(k) + 0.5) / 4096.0)).collect()
}

/// Simulated annealing that can be continued: keeps its best state and its random stream.
pub(crate) struct Annealer<'a> {
    pub(crate) current: State<'a>,
    pub(crate) best: Schedule,
    pub(crate) best_cost: i64,
    rng: Rng,
    table: Vec<f64>,
    /// Per call: berths it may use.
    berths: Vec<Vec<u32>>,
    buffer: Vec<u32>,
    spare: Vec<u32>,
    /// Typical size of a worsening move.
    scale: f64,
    /// Berths that moves may touch; all by default.
    open: Vec<bool>,
    /// Calls on open berths (or in the pool).
    movable: Vec<u32>,
}

impl<'a> Annealer<'a> {
    pub(crate) fn new(start: State<'a>, rng: Rng) -> Self {
        let model = start.model;
        let berths = (0..model.n)
            .map(|i| (0..model.m).filter(|&j| model.pair(i, j).from < model.pair(i, j).to).map(|j| j as u32).collect())
            .collect();
        let mut scale = 0.0;
        for i in 0..model.n {
            let h = (0..model.m)
                .filter_map(|j| {
                    let p = model.pair(i, j);
                    (p.from < p.to).then_some(p.handling)
                })
                .min();
            scale += h.unwrap_or(0) as f64 * (model.calls[i].weight + model.calls[i].late_weight) as f64;
        }
        scale = (scale / model.n.max(1) as f64).max(1.0);
        let mut this = Self {
            best: start.schedule(),
            best_cost: start.cost,
            current: start,
            rng,
            table: exponential_table(),
            berths,
            buffer: Vec::new(),
            spare: Vec::new(),
            scale,
            open: vec![true; model.m + 1],
            movable: Vec::new(),
        };
        this.restrict(&[]);
        this
    }

    /// Freezes the given berths.
    pub(crate) fn restrict(&mut self, frozen: &[usize]) {
        let model = self.current.model;
        self.open = (0..=model.m).map(|j| !frozen.contains(&j)).collect();
        self.movable = (0..model.n as u32).filter(|&i| self.open[self.current.place[i as usize].0 as usize]).collect();
    }

    /// Continues from `schedule`.
    pub(crate) fn reset(&mut self, schedule: &Schedule) {
        let ticks = self.current.ticks;
        self.current = State::from_schedule(self.current.model, schedule);
        self.current.ticks = ticks;
        self.remember();
    }

    /// Puts every call that is left out where it costs least, the ones that arrive first first.
    pub(crate) fn insert_pool(&mut self) {
        let m = self.current.model.m;
        let mut pool: Vec<u32> = self.current.lines[m].iter().map(|v| v.call).collect();
        pool.sort_unstable_by_key(|&i| (self.current.model.calls[i as usize].arrival, i));
        for call in pool {
            let mut best = (self.current.model.calls[call as usize].left_out, m, 0);
            for k in 0..self.berths[call as usize].len() {
                let berth = self.berths[call as usize][k] as usize;
                for at in 0..=self.current.lines[berth].len() {
                    let Some(v) = self.current.visit(call, berth, self.current.free_before(berth, at)) else {
                        continue;
                    };
                    if v.cost < best.0
                        && let Some(change) = self.current.tail_change(berth, v.free, at, best.0 - v.cost)
                    {
                        best = best.min((v.cost + change, berth, at));
                    }
                }
            }
            if best.1 < m {
                self.current.take_out(call as usize);
                self.current.put_in(call as usize, best.1, best.2);
            }
        }
        self.remember();
    }

    fn remember(&mut self) -> bool {
        let better = self.current.cost < self.best_cost;
        if better {
            self.best_cost = self.current.cost;
            self.best = self.current.schedule();
        }
        better
    }

    /// One cooling run of about `work` ticks, from `hot` to `cold` (relative to the mean weighted handling time).
    /// `poll` gets the ticks spent since the last call and says whether to go on.
    pub(crate) fn run(&mut self, work: u64, hot: f64, cold: f64, poll: &mut dyn FnMut(u64, &Schedule, i64) -> bool) {
        if self.movable.len() < 2 || work == 0 {
            return;
        }
        let begin = self.current.ticks;
        let mut polled = begin;
        let cooling = cold / hot;
        loop {
            let spent = self.current.ticks - begin;
            if spent >= work {
                break;
            }
            let share = spent as f64 / work as f64;
            let temperature = self.scale * hot * power(cooling, share);
            let mut improved = false;
            for _ in 0..200 {
                self.current.ticks += 1;
                let limit = temperature * self.table[(self.rng.next_u64() >> 52) as usize];
                self.step(limit as i64);
                improved |= self.remember();
            }
            let ticks = self.current.ticks;
            if ticks - polled > 20_000 || improved {
                if !poll(ticks - polled, &self.best, self.best_cost) {
                    return;
                }
                polled = ticks;
            }
        }
        poll(self.current.ticks - polled, &self.best, self.best_cost);
    }

    fn step(&mut self, limit: i64) {
        let call = self.movable[self.rng.below(self.movable.len())];
        let kind = self.rng.below(100);
        if kind < 45 {
            self.relocate(call as usize, limit);
        } else if kind < 85 {
            self.exchange(call as usize, limit);
        } else {
            self.tails(call as usize, limit);
        }
    }

    /// A position on `berth` near `time`.
    fn near(&mut self, berth: usize, time: i64, spread: usize) -> usize {
        let line = &self.current.lines[berth];
        let mut at = 0;
        while at < line.len() && line[at].start < time {
            at += 1;
        }
        let len = line.len();
        (at + self.rng.below(2 * spread + 1)).saturating_sub(spread).min(len)
    }

    fn time_of(&self, call: usize) -> i64 {
        let (line, at) = self.current.place[call];
        if line as usize == self.current.model.m {
            self.current.model.calls[call].arrival
        } else {
            self.current.lines[line as usize][at as usize].start
        }
    }

    fn relocate(&mut self, call: usize, limit: i64) {
        let m = self.current.model.m;
        if self.berths[call].is_empty() {
            return;
        }
        let (from, at) = (self.current.place[call].0 as usize, self.current.place[call].1 as usize);
        let pick = self.rng.below(self.berths[call].len());
        let to = self.berths[call][pick] as usize;
        if !self.open[to] {
            return;
        }
        let time = self.time_of(call);
        let target = self.near(to, time, 2);
        let old = self.current.lines[from][at];
        if from == to {
            if target == at || target == at + 1 {
                return;
            }
            self.move_within(from, at, target, limit);
            return;
        }
        // Left-out calls are rare, so trying to leave one out is not worth a move of its own: it happens in `evict`.
        let state = &mut self.current;
        let gain = if from == m {
            0
        } else {
            let free = state.free_before(from, at);
            state.tail_change(from, free, at + 1, i64::MAX).unwrap_or(0)
        } - old.cost;
        let Some(v) = state.visit(call as u32, to, state.free_before(to, target)) else { return };
        if gain + v.cost > limit {
            return;
        }
        match state.tail_change(to, v.free, target, limit - gain - v.cost) {
            Some(loss) if gain + v.cost + loss <= limit => {
                state.take_out(call);
                state.put_in(call, to, target);
            }
            Some(_) => {}
            None => self.evict(call, to, target, gain + v.cost, limit),
        }
    }

    /// The insertion makes a later call of the berth impossible: leave out the first call behind it instead.
    fn evict(&mut self, call: usize, to: usize, target: usize, change: i64, limit: i64) {
        let state = &mut self.current;
        let Some(&victim) = state.lines[to].get(target) else { return };
        let penalty = state.model.calls[victim.call as usize].left_out;
        if change + penalty - victim.cost > limit {
            return;
        }
        let Some(v) = state.visit(call as u32, to, state.free_before(to, target)) else { return };
        let left = limit - (change + penalty - victim.cost);
        let Some(loss) = state.tail_change(to, v.free, target + 1, left) else { return };
        if change + penalty - victim.cost + loss <= limit {
            state.take_out(victim.call as usize);
            state.put_in(victim.call as usize, state.model.m, 0);
            state.take_out(call);
            state.put_in(call, to, target);
        }
    }

    fn move_within(&mut self, berth: usize, at: usize, target: usize, limit: i64) {
        let line = &self.current.lines[berth];
        self.buffer.clear();
        let low = at.min(target);
        let high = if at < target {
            self.buffer.extend(line[at + 1..target].iter().map(|v| v.call));
            self.buffer.push(line[at].call);
            target
        } else {
            self.buffer.push(line[at].call);
            self.buffer.extend(line[target..at].iter().map(|v| v.call));
            at + 1
        };
        self.reorder(berth, low, high, limit);
    }

    /// Replaces `low..high` of a berth by `buffer` when the change of cost is at most `limit`.
    fn reorder(&mut self, berth: usize, low: usize, high: usize, limit: i64) {
        let mut change: i64 = -self.current.lines[berth][low..high].iter().map(|v| v.cost).sum::<i64>();
        let mut free = self.current.free_before(berth, low);
        for &call in &self.buffer {
            let Some(v) = self.current.visit(call, berth, free) else { return };
            change += v.cost;
            free = v.free;
        }
        self.current.ticks += self.buffer.len() as u64;
        let Some(tail) = self.current.tail_change(berth, free, high, limit - change) else { return };
        if change + tail <= limit {
            let line = &self.current.lines[berth];
            self.buffer.extend(line[high..].iter().map(|v| v.call));
            self.current.set_tail(berth, low, &self.buffer);
        }
    }

    fn exchange(&mut self, call: usize, limit: i64) {
        let m = self.current.model.m;
        let (from, at) = (self.current.place[call].0 as usize, self.current.place[call].1 as usize);
        if self.berths[call].is_empty() {
            return;
        }
        let pick = self.rng.below(self.berths[call].len());
        let to = self.berths[call][pick] as usize;
        if !self.open[to] || from == m || self.current.lines[to].is_empty() {
            return;
        }
        let time = self.time_of(call);
        let target = self.near(to, time, 2).min(self.current.lines[to].len() - 1);
        let other = self.current.lines[to][target];
        if !self.berths[other.call as usize].contains(&(from as u32)) {
            return;
        }
        if from == to {
            if at == target {
                return;
            }
            let (low, high) = (at.min(target), at.max(target));
            self.buffer.clear();
            self.buffer.extend(self.current.lines[from][low..=high].iter().map(|v| v.call));
            let last = self.buffer.len() - 1;
            self.buffer.swap(0, last);
            self.reorder(from, low, high + 1, limit);
            return;
        }
        let state = &mut self.current;
        let mine = state.lines[from][at];
        let Some(a) = state.visit(other.call, from, state.free_before(from, at)) else { return };
        let Some(b) = state.visit(mine.call, to, state.free_before(to, target)) else { return };
        let change = a.cost + b.cost - mine.cost - other.cost;
        // What is delayed on the one berth can be saved on the other, where that goes on earlier.
        let most = |earlier: bool, left: i64| if earlier { i64::MAX } else { left };
        let Some(x) = state.tail_change(from, a.free, at + 1, most(b.free < other.free, limit - change)) else {
            return;
        };
        let Some(y) = state.tail_change(to, b.free, target + 1, limit - change - x) else { return };
        if change + x + y <= limit {
            state.cost += a.cost + b.cost - mine.cost - other.cost;
            state.lines[from][at] = a;
            state.lines[to][target] = b;
            state.place.swap(mine.call as usize, other.call as usize);
            state.retime(from, at + 1);
            state.retime(to, target + 1);
        }
    }

    fn tails(&mut self, call: usize, limit: i64) {
        let m = self.current.model.m;
        let (from, at) = (self.current.place[call].0 as usize, self.current.place[call].1 as usize);
        let to = self.rng.below(m);
        if from == m || from == to || !self.open[to] {
            return;
        }
        let time = self.time_of(call);
        let target = self.near(to, time, 1);
        let mut change = 0;
        self.buffer.clear();
        self.spare.clear();
        for (own, other, begin, cut, list) in
            [(from, to, at, target, &mut self.buffer), (to, from, target, at, &mut self.spare)]
        {
            // `own` keeps its head up to `begin` and gets the tail of `other` from `cut` on.
            let mut free = self.current.free_before(own, begin);
            for v in &self.current.lines[other][cut..] {
                let Some(new) = self.current.visit(v.call, own, free) else { return };
                change += new.cost - v.cost;
                free = new.free;
                list.push(v.call);
            }
            self.current.ticks += list.len() as u64;
        }
        if change <= limit {
            let (a, b) = (std::mem::take(&mut self.buffer), std::mem::take(&mut self.spare));
            self.current.set_tail(from, at, &[]);
            self.current.set_tail(to, target, &b);
            self.current.set_tail(from, at, &a);
            (self.buffer, self.spare) = (a, b);
        }
    }
}

/// `base ^ share` for `0 <= share <= 1` by repeated square roots: IEEE operations only.
fn power(base: f64, share: f64) -> f64 {
    let (mut root, mut out, mut rest) = (base.sqrt(), 1.0, share);
    for _ in 0..12 {
        rest *= 2.0;
        if rest >= 1.0 {
            out *= root;
            rest -= 1.0;
        }
        root = root.sqrt();
    }
    out
}
