//! Plans quickly: list scheduling, and annealing over the list.
//!
//! A plan is coded as a list of vessels and a side for each: in the order of the list, each vessel takes its earliest stay for
//! which a range of the quay is free, at the range's left or right end. Annealing (Kirkpatrick, Gelatt, Vecchi 1983,
//! doi:10.1126/science.220.4598.671) moves, swaps and turns vessels in the list. Three things make a step cheap: the plan up to
//! the first changed place is kept; when a stay does not fit, nothing can fit before the first vessel alongside leaves; and the
//! random number of the acceptance test is drawn first, so that decoding stops as soon as the cost so far, with the least cost
//! of those still to come, is above what would be accepted.

use super::instance::Instance;
use super::schedule::{Berth, Schedule};
use super::stays::{Stay, next_stay};
use crate::budget::Budget;
use crate::rng::Rng;

/// A vessel placed: its range of the quay with the gap, and its stay.
#[derive(Clone, Copy, Debug)]
struct Placed {
    left: i64,
    right: i64,
    stay: Stay,
}

/// A list of vessels with sides, and its decoding.
#[derive(Clone, Debug)]
struct List {
    order: Vec<u32>,
    /// By vessel: at the right end of the free range.
    at_right: Vec<bool>,
    /// By place in the list.
    placed: Vec<Placed>,
    /// Cost of the places before; one more entry than places.
    cost: Vec<i64>,
}

impl List {
    fn new(order: Vec<u32>) -> Self {
        let n = order.len();
        let nowhere = Placed { left: 0, right: 0, stay: Stay { start: 0, departure: 0 } };
        Self { order, at_right: vec![false; n], placed: vec![nowhere; n], cost: vec![0; n + 1] }
    }

    fn objective(&self) -> i64 {
        self.cost[self.order.len()]
    }

    fn plan(&self) -> Schedule {
        let mut berths = vec![Berth { position: 0, stay: Stay { start: 0, departure: 0 } }; self.order.len()];
        for (&vessel, placed) in self.order.iter().zip(&self.placed) {
            berths[vessel as usize] = Berth { position: placed.left, stay: placed.stay };
        }
        Schedule(berths)
    }

    /// Takes over the decoding of `other` from a place on.
    fn copy_from(&mut self, other: &Self, from: usize) {
        self.order[from..].copy_from_slice(&other.order[from..]);
        self.placed[from..].copy_from_slice(&other.placed[from..]);
        self.cost[from..].copy_from_slice(&other.cost[from..]);
    }
}

/// The decoder and its tables.
#[derive(Debug)]
pub(crate) struct Heuristic<'a> {
    instance: &'a Instance,
    /// By vessel: the first stay with a start at arrival plus this many instants, or later.
    table: Vec<Vec<Option<Stay>>>,
    /// By vessel: the cost of its earliest departure.
    least: Vec<i64>,
    /// Ranges of the quay in use; a buffer.
    used: Vec<(i64, i64)>,
}

/// Instants after the arrival for which the next stay is looked up in a table; later ones are computed.
const TABLE: i64 = 1 << 9;
/// Acceptance at the first and last step: a change for the worse by this share of the mean handling time has a chance of 1 in e.
const WARM: f64 = 0.5;
const COLD: f64 = 0.05;

impl<'a> Heuristic<'a> {
    /// `None` where a vessel never meets its tides.
    pub(crate) fn new(instance: &'a Instance) -> Option<Self> {
        let (mut table, mut least) = (Vec::new(), Vec::new());
        for (i, v) in instance.vessels().iter().enumerate() {
            table.push((0..TABLE).map(|k| stay_from(instance, i, v.arrival + k)).collect());
            least.push(v.weight * next_stay(instance, i, 0)?.departure);
        }
        Some(Self { instance, table, least, used: Vec::new() })
    }

    /// The plan of the vessels in this order, each at the left; `None` where the tides end too soon.
    pub(crate) fn in_order(&mut self, order: &[u32], budget: &mut Budget<'_>) -> Option<Schedule> {
        let mut list = List::new(order.to_vec());
        self.decode(&mut list, 0, i64::MAX, budget).then(|| list.plan())
    }

    /// The plan of the vessels in the order of their arrivals.
    pub(crate) fn first_come(&mut self, budget: &mut Budget<'_>) -> Option<Schedule> {
        let vessels = self.instance.vessels();
        let mut order: Vec<u32> = (0..vessels.len() as u32).collect();
        order.sort_by_key(|&i| {
            let v = &vessels[i as usize];
            (v.fixed.is_none(), v.arrival, v.handling, i)
        });
        self.in_order(&order, budget)
    }

    /// Anneals from a plan for a number of steps; the best plan seen, never worse than `start`.
    pub(crate) fn anneal(&mut self, start: &Schedule, steps: u64, rng: &mut Rng, budget: &mut Budget<'_>) -> Schedule {
        let n = start.0.len();
        let vessels = self.instance.vessels();
        let mut order: Vec<u32> = (0..n as u32).collect();
        order.sort_by_key(|&i| {
            let berth = start.0[i as usize];
            (vessels[i as usize].fixed.is_none(), berth.stay.start, berth.position, i)
        });
        let fixed = vessels.iter().filter(|v| v.fixed.is_some()).count();
        let mut current = List::new(order);
        if n - fixed < 2 || !self.decode(&mut current, 0, i64::MAX, budget) {
            return start.clone();
        }
        let mut best = start.clone();
        let mut best_cost = start.objective(self.instance);
        let scale = vessels.iter().map(|v| v.handling as f64 * v.weight as f64).sum::<f64>() / n as f64;
        let mut trial = current.clone();
        for step in 0..steps {
            let temperature = scale * WARM * (COLD / WARM).powf(step as f64 / steps as f64);
            let accepted = current.objective() + (-temperature * rng.unit().max(1e-12).ln()) as i64;
            let (from, turned) = change(&mut trial, fixed, rng);
            if self.decode(&mut trial, from, accepted, budget) {
                current.copy_from(&trial, from);
                if let Some(vessel) = turned {
                    current.at_right[vessel] = trial.at_right[vessel];
                }
                if current.objective() < best_cost {
                    best_cost = current.objective();
                    best = current.plan();
                }
            } else {
                trial.copy_from(&current, from);
                if let Some(vessel) = turned {
                    trial.at_right[vessel] = current.at_right[vessel];
                }
            }
            if budget.stopped().is_some() {
                break;
            }
        }
        best
    }

    fn next_start(&self, vessel: usize, start: i64) -> Option<Stay> {
        let after = (start - self.instance.vessels()[vessel].arrival).max(0);
        self.table[vessel].get(after as usize).copied().unwrap_or_else(|| stay_from(self.instance, vessel, start))
    }

    /// Places the vessels of the list from place `from` on. Whether all of them were placed, at a cost of `limit` or less.
    fn decode(&mut self, list: &mut List, from: usize, limit: i64, budget: &mut Budget<'_>) -> bool {
        let n = list.order.len();
        let mut to_come: i64 = list.order[from..].iter().map(|&v| self.least[v as usize]).sum();
        for place in from..n {
            let vessel = list.order[place] as usize;
            to_come -= self.least[vessel];
            let weight = self.instance.vessels()[vessel].weight;
            let latest = (limit - list.cost[place]).saturating_sub(to_come).div_euclid(weight);
            budget.spend(place as u64 + 1);
            let Some(placed) = self.earliest(vessel, list.at_right[vessel], &list.placed[..place], latest) else {
                return false;
            };
            list.placed[place] = placed;
            list.cost[place + 1] = list.cost[place] + weight * placed.stay.departure;
        }
        true
    }

    /// The earliest stay that fits beside the placed ones and departs at `latest` or earlier.
    fn earliest(&mut self, vessel: usize, at_right: bool, placed: &[Placed], latest: i64) -> Option<Placed> {
        let need = self.instance.need(vessel);
        let (from, to) = self.instance.section(vessel);
        let range = (from, to + self.instance.gap());
        let mut stay = self.next_start(vessel, 0)?;
        while stay.departure <= latest {
            self.used.clear();
            let mut first_to_leave = i64::MAX;
            for other in placed.iter().filter(|other| other.stay.meets(&stay)) {
                self.used.push((other.left, other.right));
                first_to_leave = first_to_leave.min(other.stay.departure);
            }
            if let Some(left) = free_range(&mut self.used, range, need, at_right) {
                return Some(Placed { left, right: left + need, stay });
            }
            stay = self.next_start(vessel, first_to_leave)?;
        }
        None
    }
}

/// The first stay that berths at `start` or later.
fn stay_from(instance: &Instance, vessel: usize, start: i64) -> Option<Stay> {
    let v = &instance.vessels()[vessel];
    if let Some(fixed) = v.fixed {
        return if start <= fixed { next_stay(instance, vessel, 0) } else { None };
    }
    let begin = if v.berths_on_tide { instance.berthing().next(start)? } else { start };
    next_stay(instance, vessel, begin + v.handling)
}

/// The leftmost or rightmost position in the range from `low` to `high` where `need` is free.
fn free_range(used: &mut [(i64, i64)], (low, high): (i64, i64), need: i64, at_right: bool) -> Option<i64> {
    if at_right {
        used.sort_unstable_by_key(|&(_, right)| std::cmp::Reverse(right));
        let mut free = high;
        for &(left, right) in used.iter() {
            if right.max(low) + need <= free {
                break;
            }
            free = free.min(left);
        }
        (free >= low + need).then_some(free - need)
    } else {
        used.sort_unstable();
        let mut free = low;
        for &(left, right) in used.iter() {
            if free + need <= left.min(high) {
                break;
            }
            free = free.max(right);
        }
        (free + need <= high).then_some(free)
    }
}

/// Changes the list at random, behind the `fixed` vessels: the first place that changes, and the vessel that was turned.
fn change(list: &mut List, fixed: usize, rng: &mut Rng) -> (usize, Option<usize>) {
    let n = list.order.len();
    let movable = n - fixed;
    let place = fixed + rng.below(movable);
    match rng.below(8) {
        0 => {
            let vessel = list.order[place] as usize;
            list.at_right[vessel] = !list.at_right[vessel];
            (place, Some(vessel))
        }
        1..=3 => {
            let other = fixed + (place - fixed + 1 + rng.below(movable - 1)) % movable;
            list.order.swap(place, other);
            (place.min(other), None)
        }
        _ => {
            let reach = 1 + rng.below(movable.min(8) - 1);
            let other =
                if rng.below(2) == 0 { place.saturating_sub(reach).max(fixed) } else { (place + reach).min(n - 1) };
            if other < place {
                list.order[other..=place].rotate_right(1);
            } else {
                list.order[place..=other].rotate_left(1);
            }
            (place.min(other), None)
        }
    }
}
