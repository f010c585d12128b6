//! Mutable search state: a sequence of calls for each berth, timed semi-actively.
//!
//! Costs never fall as a start grows and departures never fall either, so for a given sequence it is optimal to start each
//! call at its first legal instant (Imai, Nishimura & Papadimitriou 2001, doi:10.1016/S0191-2615(99)00057-0). The state is
//! therefore just the sequences. A change at a position re-times the tail behind it, and stops as soon as a call starts at its
//! old time: everything after it is unchanged.
//!
//! Line `m` is the pool of calls that are left out; its visits have no times, only their penalty.

use crate::berth::model::{Model, Schedule};

/// "Free since for ever": the first legal start of the first call is set by its slots alone.
pub(crate) const OPEN: i64 = i64::MIN / 4;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Visit {
    pub(crate) call: u32,
    pub(crate) start: i64,
    /// When the berth is free again.
    pub(crate) free: i64,
    pub(crate) cost: i64,
}

#[derive(Clone)]
pub(crate) struct State<'a> {
    pub(crate) model: &'a Model,
    /// `m + 1` lines; the last is the pool.
    pub(crate) lines: Vec<Vec<Visit>>,
    /// Per call: line and position.
    pub(crate) place: Vec<(u32, u32)>,
    pub(crate) cost: i64,
    /// Re-timed positions so far.
    pub(crate) ticks: u64,
}

impl<'a> State<'a> {
    /// Every call left out.
    pub(crate) fn empty(model: &'a Model) -> Self {
        let pool: Vec<Visit> =
            (0..model.n).map(|i| Visit { call: i as u32, start: 0, free: 0, cost: model.calls[i].left_out }).collect();
        let mut lines = vec![Vec::new(); model.m];
        let cost = pool.iter().map(|v| v.cost).sum();
        lines.push(pool);
        let place = (0..model.n).map(|i| (model.m as u32, i as u32)).collect();
        Self { model, lines, place, cost, ticks: 0 }
    }

    /// Calls in the order of their starts on each berth, re-timed; a call that does not fit is left out.
    pub(crate) fn from_schedule(model: &'a Model, schedule: &Schedule) -> Self {
        let mut order: Vec<(usize, i64, usize)> =
            schedule.iter().enumerate().filter_map(|(i, p)| p.map(|(j, t)| (j, t, i))).collect();
        order.sort_unstable();
        let mut state = Self::empty(model);
        for (berth, _, call) in order {
            let free = state.free_before(berth, state.lines[berth].len());
            if model.next(call, berth, free).is_some() {
                state.take_out(call);
                let at = state.lines[berth].len();
                state.put_in(call, berth, at);
            }
        }
        state
    }
    pub(crate) fn schedule(&self) -> Schedule {
        let mut out = vec![None; self.model.n];
        for (berth, line) in self.lines[..self.model.m].iter().enumerate() {
            for v in line {
                out[v.call as usize] = Some((berth, v.start));
            }
        }
        out
    }

    #[inline]
    pub(crate) fn free_before(&self, berth: usize, at: usize) -> i64 {
        if at == 0 { OPEN } else { self.lines[berth][at - 1].free }
    }

    /// The visit of `call` on `berth` at its first legal start from `free` on.
    #[inline]
    pub(crate) fn visit(&self, call: u32, berth: usize, free: i64) -> Option<Visit> {
        let model = self.model;
        if berth < model.m {
            let pair = &model.simple[call as usize * model.m + berth];
            if pair.first <= pair.last {
                let start = free.max(pair.first);
                let visit = Visit { call, start, free: start + pair.span, cost: pair.weight * start + pair.offset };
                return (start <= pair.last).then_some(visit);
            }
        }
        self.visit_of_slots(call, berth, free)
    }

    fn visit_of_slots(&self, call: u32, berth: usize, free: i64) -> Option<Visit> {
        let model = self.model;
        if berth == model.m {
            return Some(Visit { call, start: 0, free: 0, cost: model.calls[call as usize].left_out });
        }
        let (start, departure) = model.next(call as usize, berth, free)?;
        let cost = model.cost(call as usize, berth, start, departure);
        Some(Visit { call, start, free: departure + model.clearance[berth], cost })
    }

    /// Change of cost of the visits `from..` of `berth` when the berth is free at `free` before them; something above `limit` where
    /// it is above it.
    #[inline]
    pub(crate) fn tail_change(&mut self, berth: usize, mut free: i64, from: usize, limit: i64) -> Option<i64> {
        if berth == self.model.m {
            return Some(0);
        }
        let mut change = 0;
        for v in &self.lines[berth][from..] {
            self.ticks += 1;
            let new = self.visit(v.call, berth, free)?;
            if new.start == v.start {
                return Some(change);
            }
            change += new.cost - v.cost;
            // From here on, nobody comes earlier than before.
            if change > limit && new.start > v.start {
                return Some(change);
            }
            free = new.free;
        }
        Some(change)
    }

    /// Re-times `from..` of `berth`. The caller has checked that everything fits.
    pub(crate) fn retime(&mut self, berth: usize, from: usize) {
        if berth == self.model.m {
            return;
        }
        let mut free = self.free_before(berth, from);
        for at in from..self.lines[berth].len() {
            let old = self.lines[berth][at];
            let new = self.visit(old.call, berth, free).expect("checked before");
            if new.start == old.start && new.cost == old.cost {
                return;
            }
            self.cost += new.cost - old.cost;
            self.lines[berth][at] = new;
            free = new.free;
        }
    }

    /// Removes a call from its line; the line is re-timed, the call belongs nowhere.
    pub(crate) fn take_out(&mut self, call: usize) {
        let (line, at) = (self.place[call].0 as usize, self.place[call].1 as usize);
        if line == self.model.m {
            let v = self.lines[line].swap_remove(at);
            self.cost -= v.cost;
            if let Some(moved) = self.lines[line].get(at) {
                self.place[moved.call as usize].1 = at as u32;
            }
            return;
        }
        let v = self.lines[line].remove(at);
        self.cost -= v.cost;
        self.renumber(line, at);
        self.retime(line, at);
    }

    /// Inserts a call that belongs nowhere. The caller has checked that everything fits.
    pub(crate) fn put_in(&mut self, call: usize, berth: usize, at: usize) {
        let at = if berth == self.model.m { self.lines[berth].len() } else { at };
        let free = self.free_before(berth, at);
        let v = self.visit(call as u32, berth, free).expect("checked before");
        self.cost += v.cost;
        self.lines[berth].insert(at, v);
        self.renumber(berth, at);
        self.retime(berth, at + 1);
    }

    /// Replaces the calls `at..` of a berth by `calls`. The caller has checked that everything fits.
    pub(crate) fn set_tail(&mut self, berth: usize, at: usize, calls: &[u32]) {
        for v in self.lines[berth].drain(at..) {
            self.cost -= v.cost;
        }
        let mut free = self.free_before(berth, at);
        for &call in calls {
            let v = self.visit(call, berth, free).expect("checked before");
            self.cost += v.cost;
            free = v.free;
            self.lines[berth].push(v);
        }
        self.renumber(berth, at);
    }

    fn renumber(&mut self, line: usize, from: usize) {
        for (at, v) in self.lines[line].iter().enumerate().skip(from) {
            self.place[v.call as usize] = (line as u32, at as u32);
        }
    }
}
