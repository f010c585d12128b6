//! The instance in plain numbers, and every start that a plan worth refuting can have.

#![allow(clippy::many_single_char_names, clippy::similar_names)] // calls, berths and times, as in the papers

use std::collections::BTreeMap;

use super::{Cells, Tree};
use crate::berth::instance::{Assignment, Call, Instance, Slot};
use crate::ids::{BerthIdx, CallIdx};
use crate::units::Seconds;

/// A call that starts at an instant on a berth.
#[derive(Clone, Debug)]
pub(super) struct Start {
    /// When; on a coarse grid the earliest instant of the cell.
    pub(super) time: i64,
    /// When the berth is free again.
    pub(super) free: i64,
    pub(super) cost: i64,
    pub(super) call: u32,
    /// Idle time may precede it.
    pub(super) opens: bool,
}

/// The instance in plain numbers: seconds, and costs in cost steps.
#[derive(Clone, Copy)]
pub(super) struct Data<'a> {
    pub(super) instance: &'a Instance,
    pub(super) n: usize,
    pub(super) m: usize,
}

impl Data<'_> {
    pub(super) fn call(&self, call: usize) -> &Call {
        self.instance.call(CallIdx::new(call))
    }
    pub(super) fn slots(&self, call: usize, berth: usize) -> &[Slot] {
        self.instance.slots(CallIdx::new(call), BerthIdx::new(berth))
    }
    pub(super) fn handling(&self, call: usize, berth: usize) -> i64 {
        self.instance.handling(CallIdx::new(call), BerthIdx::new(berth)).0
    }
    pub(super) fn clearance(&self, berth: usize) -> i64 {
        self.instance.berth(BerthIdx::new(berth)).clearance.0
    }
    pub(super) fn left_out(&self, call: usize) -> i64 {
        self.instance.left_out_cost(CallIdx::new(call)) / self.instance.cost_step()
    }
    pub(super) fn cost(&self, call: usize, berth: usize, start: i64, departure: i64) -> i64 {
        let at = Assignment { berth: BerthIdx::new(berth), start: Seconds(start) };
        self.instance.cost(CallIdx::new(call), at, Seconds(departure)) / self.instance.cost_step()
    }
    /// What a call costs in an empty port.
    pub(super) fn alone(&self, call: usize) -> i64 {
        (0..self.m).filter_map(|berth| self.first_cost(call, berth)).fold(self.left_out(call), i64::min)
    }
    /// Cost of the earliest start of a call on a berth, if there is one.
    fn first_cost(&self, call: usize, berth: usize) -> Option<i64> {
        let slot = self.slots(call, berth).first()?;
        let departure = (slot.first.0 + self.handling(call, berth)).max(slot.ready.0);
        Some(self.cost(call, berth, slot.first.0, departure))
    }
    /// Whether every call finds the same on both berths.
    fn alike(&self, j: usize, k: usize) -> bool {
        self.clearance(j) == self.clearance(k)
            && (0..self.n).all(|i| {
                self.slots(i, j) == self.slots(i, k)
                    && (self.slots(i, j).is_empty() || self.handling(i, j) == self.handling(i, k))
                    && self.first_cost(i, j) == self.first_cost(i, k)
            })
    }
    /// What each second costs a call whose cost is linear.
    pub(super) fn rate(&self, call: usize) -> i128 {
        let class = self.instance.class_of(CallIdx::new(call));
        i128::from(self.call(call).terms.weight) * i128::from(class.multiplier)
    }
    /// Whether a call costs by the second and nothing else.
    pub(super) fn is_linear(&self, call: usize) -> bool {
        let call = self.call(call);
        (call.due.is_none() || call.terms.tardiness_weight == 0)
            && (call.earlier.is_none() || call.terms.later_start == 0 && call.terms.berth_change == 0)
    }
    /// Whether a call may come and go on a berth as it likes in a single slot.
    pub(super) fn is_at_will(&self, call: usize, berth: usize) -> bool {
        match self.slots(call, berth) {
            [] => true,
            [slot] => slot.ready.0 <= slot.first.0 + self.handling(call, berth),
            _ => false,
        }
    }
    /// Whether `i` comes before `k` by (arrival, index).
    pub(super) fn comes_first(&self, i: usize, k: usize) -> bool {
        (self.call(i).arrival, i) < (self.call(k).arrival, k)
    }
}

/// The berths, those that are alike together.
pub(super) fn kinds(data: &Data<'_>) -> Vec<Vec<usize>> {
    let mut kinds: Vec<Vec<usize>> = Vec::new();
    for j in 0..data.m {
        match kinds.iter_mut().find(|kind| data.alike(kind[0], j)) {
            Some(kind) => kind.push(j),
            None => kinds.push(vec![j]),
        }
    }
    kinds
}

/// The starts that a semi-active plan below `upper` can have.
pub(super) struct Worth<'a> {
    data: &'a Data<'a>,
    /// Per call: the most that it may cost.
    most: Vec<i128>,
    horizon: i64,
}

impl<'a> Worth<'a> {
    pub(super) fn new(data: &'a Data<'a>, certificate: &Tree) -> Self {
        let cheapest: Vec<i64> = (0..data.n)
            .map(|i| (0..data.m).filter_map(|j| data.first_cost(i, j)).fold(data.left_out(i), i64::min))
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
        let most = cheapest.iter().map(|&c| spare + i128::from(c)).collect();
        Self { data, most, horizon: latest + work + clearance }
    }

    /// The start of a call at a time, unless it is too dear. Later ones are no cheaper.
    fn make(&self, call: usize, berth: usize, time: i64, slot: &Slot) -> Option<Start> {
        let data = self.data;
        let departure = (time + data.handling(call, berth)).max(slot.ready.0);
        let cost = data.cost(call, berth, time, departure);
        let free = departure + data.clearance(berth);
        let worth = i128::from(cost) <= self.most[call] && time <= self.horizon;
        worth.then_some(Start { call: call as u32, time, free, cost, opens: slot.first.0 == time })
    }

    /// All on one berth, in order of time.
    pub(super) fn on(&self, berth: usize, grid: Option<Cells>) -> Vec<Start> {
        match grid {
            Some(cells) => self.by_cell(berth, cells),
            None => self.exact(berth),
        }
    }

    fn by_cell(&self, berth: usize, cells: Cells) -> Vec<Start> {
        let (origin, step) = (cells.origin.0, cells.step.0);
        let mut out = Vec::new();
        for call in 0..self.data.n {
            let mut previous = i64::MIN;
            for slot in self.data.slots(call, berth) {
                let mut time = slot.first.0;
                while time <= slot.last.0 {
                    let Some(start) = self.make(call, berth, time, slot) else { break };
                    let cell = (time - origin).div_euclid(step);
                    if cell > previous {
                        previous = cell;
                        out.push(Start { opens: true, ..start });
                    }
                    time = origin + (cell + 1) * step;
                }
            }
        }
        out.sort_by_key(|s| s.time);
        out
    }

    fn exact(&self, berth: usize) -> Vec<Start> {
        let data = self.data;
        let mut out = Vec::new();
        // Calls with starts still to come, and whether a berth is set free at a time, for every time at which one may start.
        let mut waiting: Vec<usize> = (0..data.n).filter(|&i| !data.slots(i, berth).is_empty()).collect();
        let mut times: BTreeMap<i64, bool> =
            (0..data.n).flat_map(|i| data.slots(i, berth)).map(|s| (s.first.0, false)).collect();
        while let Some((time, freed)) = times.pop_first() {
            waiting.retain(|&call| {
                let slots = data.slots(call, berth);
                let Some(slot) = slots.iter().find(|s| time <= s.last.0) else { return false };
                if slot.first.0 == time || freed && slot.first.0 < time {
                    let Some(start) = self.make(call, berth, time, slot) else { return false };
                    times.insert(start.free, true);
                    out.push(start);
                }
                true
            });
        }
        out
    }
}
