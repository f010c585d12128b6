//! The search's own view of an instance: flat arrays of plain integers.
//!
//! Times are counted in [`Instance::time_step`]s and costs in [`Instance::cost_step`]s, class multipliers included, so that
//! numbers are as small as the data allow.

use super::instance::{Assignment, Instance};
use super::plan;
use crate::ids::{BerthIdx, CallIdx};
use crate::units::Seconds;

/// Starts `first..=last`; departure is `max(start + handling, ready)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) ready: i64,
}

/// What a start of a call costs. Every weight is non-negative, so the cost never falls as the start grows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    pub(crate) arrival: i64,
    /// Cost of each unit between arrival and departure.
    pub(crate) weight: i64,
    /// Cost of each unit of departure after `due`.
    pub(crate) late_weight: i64,
    pub(crate) due: i64,
    /// Paid once when the call starts after `planned_start`.
    pub(crate) step: i64,
    pub(crate) planned_start: i64,
    /// Paid once when the call is not at `planned_berth`.
    pub(crate) moved: i64,
    pub(crate) planned_berth: Option<usize>,
    /// Paid when the call is not served at all.
    pub(crate) left_out: i64,
}

/// One (call, berth) pair; forbidden when `from == to`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    /// First and last start of the whole pair.
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) handling: i64,
    /// Range into `Model::slots`.
    pub(crate) from: u32,
    pub(crate) to: u32,
    /// One slot without `ready`: a start is legal exactly in `first..=last`.
    pub(crate) plain: bool,
}

impl Pair {
    /// With the slots from `from` on.
    fn new(handling: i64, slots: &[Slot], from: usize) -> Self {
        let own = &slots[from..];
        let plain = own.len() == 1 && own[0].ready <= own[0].first + handling;
        Self {
            first: own.first().map_or(i64::MAX, |s| s.first),
            last: own.last().map_or(i64::MIN, |s| s.last),
            handling,
            from: from as u32,
            to: slots.len() as u32,
            plain: plain || own.is_empty(),
        }
    }
}

/// A pair with one slot and a cost that is linear in the start, as most are: what a visit needs, side by side.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Simple {
    pub(crate) first: i64,
    /// Before `first` where the pair is none of these.
    pub(crate) last: i64,
    /// From the start until the berth is free again.
    pub(crate) span: i64,
    /// The cost is `weight * start + offset`.
    pub(crate) weight: i64,
    pub(crate) offset: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) n: usize,
    pub(crate) m: usize,
    pub(crate) calls: Vec<Call>,
    /// Per berth: time between a departure and the next start.
    pub(crate) clearance: Vec<i64>,
    /// `n * m`, call-major.
    pub(crate) pairs: Vec<Pair>,
    pub(crate) slots: Vec<Slot>,
    /// `n * m`, call-major.
    pub(crate) simple: Vec<Simple>,
    /// Per call: the cost is `weight * (departure - arrival)` and nothing else.
    pub(crate) linear: Vec<bool>,
    /// Rank of each call by (arrival, index): the order in which ties between calls are broken.
    pub(crate) order: Vec<u32>,
    /// Seconds of one unit of time.
    pub(crate) unit: i64,
}

/// Berth and start of each call; `None` is left out.
pub(crate) type Schedule = Vec<Option<(usize, i64)>>;

impl Model {
    /// The view of an instance.
    pub(crate) fn of(instance: &Instance) -> Self {
        let unit = instance.time_step().0;
        let time = |seconds: Seconds| seconds.0.div_euclid(unit);
        let clearance = instance.berths().iter().map(|berth| time(berth.clearance)).collect();
        let mut calls = Vec::with_capacity(instance.calls().len());
        let mut pairs = Vec::with_capacity(instance.calls().len() * instance.berths().len());
        let mut slots = Vec::with_capacity(pairs.capacity());
        for idx in CallIdx::all(instance.calls().len()) {
            let call = instance.call(idx);
            let class = instance.class_of(idx).multiplier;
            // A cost is a multiple of the cost step where all times are multiples of the time step.
            let rate = |weight: i64| weight * class * (unit / instance.cost_step());
            let fixed = |cost: i64| cost / instance.cost_step() * class;
            calls.push(Call {
                arrival: time(call.arrival),
                weight: rate(call.terms.weight),
                late_weight: call.due.map_or(0, |_| rate(call.terms.tardiness_weight)),
                due: call.due.map_or(0, time),
                step: call.earlier.map_or(0, |_| fixed(call.terms.later_start)),
                planned_start: call.earlier.map_or(0, |place| time(place.start)),
                moved: call.earlier.map_or(0, |_| fixed(call.terms.berth_change)),
                planned_berth: call.earlier.map(|place| place.berth.at()),
                left_out: instance.left_out_cost(idx) / instance.cost_step(),
            });
            for berth in BerthIdx::all(instance.berths().len()) {
                let from = slots.len();
                slots.extend(instance.slots(idx, berth).iter().filter_map(|slot| {
                    let (first, last) = (time(slot.first), time(slot.last));
                    (first <= last).then_some(Slot { first, last, ready: time(slot.ready) })
                }));
                pairs.push(Pair::new(call.handling[berth.at()].map_or(0, time), &slots, from));
            }
        }
        Self { unit, ..Self::new(calls, clearance, pairs, slots) }
    }

    /// A plan in the instance's units.
    pub(crate) fn written_out(schedule: &Schedule, instance: &Instance) -> plan::Schedule {
        let place = |&(berth, start): &(usize, i64)| Assignment {
            berth: BerthIdx::new(berth),
            start: Seconds(start * instance.time_step().0),
        };
        plan::Schedule(schedule.iter().map(|p| p.as_ref().map(place)).collect())
    }

    /// A plan of the instance in the model's units.
    pub(crate) fn read(schedule: &plan::Schedule, instance: &Instance) -> Schedule {
        let place = |place: &Assignment| (place.berth.at(), place.start.0 / instance.time_step().0);
        schedule.0.iter().map(|p| p.as_ref().map(place)).collect()
    }

    /// `pairs[i * m + j]` is call `i` on berth `j`.
    fn new(calls: Vec<Call>, clearance: Vec<i64>, pairs: Vec<Pair>, slots: Vec<Slot>) -> Self {
        let (n, m) = (calls.len(), clearance.len());
        assert_eq!(pairs.len(), n * m);
        let linear: Vec<bool> = calls.iter().map(|c| c.late_weight == 0 && c.step == 0 && c.moved == 0).collect();
        let simple = |at: usize| {
            let (call, pair, berth): (&Call, &Pair, usize) = (&calls[at / m], &pairs[at], at % m);
            if !linear[at / m] || !pair.plain {
                return Simple { first: 1, last: 0, ..Simple::default() };
            }
            Simple {
                first: pair.first,
                last: pair.last,
                span: pair.handling + clearance[berth],
                weight: call.weight,
                offset: call.weight * (pair.handling - call.arrival),
            }
        };
        let simple = (0..n * m).map(simple).collect();
        let mut by_arrival: Vec<usize> = (0..n).collect();
        by_arrival.sort_by_key(|&i| (calls[i].arrival, i));
        let mut order = vec![0; n];
        for (rank, &i) in by_arrival.iter().enumerate() {
            order[i] = rank as u32;
        }
        Self { n, m, calls, clearance, pairs, slots, simple, linear, order, unit: 1 }
    }

    #[inline]
    pub(crate) fn pair(&self, call: usize, berth: usize) -> &Pair {
        &self.pairs[call * self.m + berth]
    }
    pub(crate) fn slots_of(&self, call: usize, berth: usize) -> &[Slot] {
        let p = self.pair(call, berth);
        &self.slots[p.from as usize..p.to as usize]
    }

    /// Earliest legal start at or after `free`, and the departure it leads to.
    #[inline]
    pub(crate) fn next(&self, call: usize, berth: usize, free: i64) -> Option<(i64, i64)> {
        let p = &self.pairs[call * self.m + berth];
        let start = free.max(p.first);
        if start > p.last {
            return None;
        }
        if p.plain {
            return Some((start, start + p.handling));
        }
        self.next_slot(p, free)
    }

    #[allow(clippy::unnecessary_wraps)] // as its caller
    fn next_slot(&self, p: &Pair, free: i64) -> Option<(i64, i64)> {
        let list = &self.slots[p.from as usize..p.to as usize];
        let slot = &list[list.partition_point(|s| s.last < free)];
        let start = free.max(slot.first);
        Some((start, (start + p.handling).max(slot.ready)))
    }

    #[inline]
    pub(crate) fn cost(&self, call: usize, berth: usize, start: i64, departure: i64) -> i64 {
        let c = &self.calls[call];
        let mut cost = c.weight * (departure - c.arrival);
        if !self.linear[call] {
            cost += c.late_weight * (departure - c.due).max(0);
            if start > c.planned_start {
                cost += c.step;
            }
            if c.planned_berth != Some(berth) {
                cost += c.moved;
            }
        }
        cost
    }

    /// Whether some best plan starts `i` no later than `k` if it serves both.
    ///
    /// Twins have the same handling, last starts and weight everywhere; `i` may start wherever `k` may, and where `i` starts
    /// later than some start of `k`, so may `k`. Exchanging twins that start the other way round changes no cost.
    pub(crate) fn twins(&self, i: usize, k: usize) -> bool {
        if self.order[i] >= self.order[k] || !self.linear[i] || !self.linear[k] {
            return false;
        }
        if self.calls[i].weight != self.calls[k].weight {
            return false;
        }
        let Some(earliest) = (0..self.m).filter(|&j| self.allows(k, j)).map(|j| self.pair(k, j).first).min() else {
            return false;
        };
        (0..self.m).all(|j| {
            let (x, y) = (self.pair(i, j), self.pair(k, j));
            match (self.allows(i, j), self.allows(k, j)) {
                (false, false) => true,
                (true, true) => {
                    x.plain
                        && y.plain
                        && x.handling == y.handling
                        && x.last == y.last
                        && x.first <= y.first
                        && y.first <= x.first.max(earliest)
                }
                _ => false,
            }
        })
    }
    pub(crate) fn allows(&self, call: usize, berth: usize) -> bool {
        let pair = self.pair(call, berth);
        pair.from < pair.to
    }
}
