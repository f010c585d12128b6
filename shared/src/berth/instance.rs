//! A validated berth instance: immutable, with everything derived that the search asks for often.
//!
//! The raw data (windows, closures, tides, lengths) stay readable here because the verifier judges a
//! plan by them alone; the search uses the derived [`Slot`]s and [`CostTerms`].

use jiff::Timestamp;

use crate::ids::{BerthIdx, CallIdx};
use crate::outcome::Level;
use crate::units::{Centimetres, Seconds};

#[cfg(test)]
mod tests;

/// A span of time, both ends included. `from < to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First instant.
    pub from: Seconds,
    /// Last instant.
    pub to: Seconds,
}

impl Window {
    /// Whether the instant lies in the window.
    pub fn holds(&self, instant: Seconds) -> bool {
        self.from <= instant && instant <= self.to
    }
}

/// A span in which a berth cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closure {
    /// When.
    pub window: Window,
    /// Why, in the caller's words.
    pub reason: Option<String>,
}

/// Water levels on the way to a berth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tide {
    /// Calls no deeper than this come and go at any time.
    pub free_draft: Centimetres,
    /// Deeper calls berth and sail only in these, sorted and disjoint.
    pub windows: Vec<Window>,
}

/// A place alongside, for one vessel at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Berth {
    /// The caller's name for it.
    pub id: String,
    /// The longest vessel it takes.
    pub length: Option<Centimetres>,
    /// The deepest vessel it takes.
    pub draft: Option<Centimetres>,
    /// When it may be used, sorted and disjoint; a vessel stays within one of them.
    pub open: Vec<Window>,
    /// When it may not, sorted by start; they may overlap.
    pub closures: Vec<Closure>,
    /// The tide on the way to it.
    pub tide: Option<Tide>,
    /// Time between a departure and the next start.
    pub clearance: Seconds,
}

/// A berth and a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Assignment {
    /// Where.
    pub berth: BerthIdx,
    /// When the vessel is alongside and handling begins.
    pub start: Seconds,
}

/// One visit of a vessel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The caller's name for it.
    pub id: String,
    /// The vessel's name.
    pub vessel: Option<String>,
    /// Earliest start.
    pub arrival: Seconds,
    /// Length over all.
    pub length: Option<Centimetres>,
    /// Draft.
    pub draft: Option<Centimetres>,
    /// Priority class; lower goes strictly first.
    pub class: u8,
    /// When the departure is promised.
    pub due: Option<Seconds>,
    /// No departure after this.
    pub latest_departure: Option<Seconds>,
    /// Handling time by berth; `None` where the berth cannot take the call at all. Shape: berths.
    pub handling: Vec<Option<Seconds>>,
    /// Already decided: this and nothing else.
    pub frozen: Option<Assignment>,
    /// What an earlier plan said.
    pub earlier: Option<Assignment>,
    /// What the start costs.
    pub terms: CostTerms,
}

/// The cost of a call's start, before its class multiplier. Every term is non-decreasing in the start, so that
/// left-shifted schedules suffice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CostTerms {
    /// For each second from arrival to departure.
    pub weight: i64,
    /// For each second of departure past `due`.
    pub tardiness_weight: i64,
    /// Once, for another berth than in the earlier plan.
    pub berth_change: i64,
    /// Once, for a later start than in the earlier plan.
    pub later_start: i64,
}

/// Starts a call may have on a berth: every `t` in `first..=last`, with departure `max(t + handling, ready)`.
///
/// A vessel that needs the tide to sail may have to wait alongside; `ready` is when that tide comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Earliest start.
    pub first: Seconds,
    /// Latest start.
    pub last: Seconds,
    /// No departure before this.
    pub ready: Seconds,
}

/// A priority class and what one unit of its cost counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// Number given by the caller.
    pub class: u8,
    /// Larger than all that later classes can save together, in units of [`Instance::cost_step`].
    pub multiplier: i64,
    /// What leaving out one call of this class costs, before the multiplier: more than everything else in the class.
    pub left_out: i64,
}

/// A berth allocation problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    pub(super) origin: Option<Timestamp>,
    pub(super) berths: Vec<Berth>,
    pub(super) calls: Vec<Call>,
    /// Shape: calls x berths, row by row.
    pub(super) slots: Vec<Vec<Slot>>,
    /// Sorted by class number.
    pub(super) classes: Vec<Class>,
    /// Position in `classes`. Shape: calls.
    pub(super) class_of: Vec<usize>,
    pub(super) time_step: Seconds,
    pub(super) cost_step: i64,
    /// In a [`Instance::stage`], what the earlier classes cost; the gap is one on what lies above it.
    pub(super) settled: Option<i64>,
}

impl Instance {
    /// The instant that time zero stands for, where the request had one.
    pub fn origin(&self) -> Option<Timestamp> {
        self.origin
    }

    /// The berths, in the order of the request.
    pub fn berths(&self) -> &[Berth] {
        &self.berths
    }

    /// The calls, in the order of the request.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// One berth.
    pub fn berth(&self, berth: BerthIdx) -> &Berth {
        &self.berths[berth.at()]
    }

    /// One call.
    pub fn call(&self, call: CallIdx) -> &Call {
        &self.calls[call.at()]
    }

    /// Handling time of a call on a berth that has slots for it.
    ///
    /// # Panics
    /// Where the berth cannot take the call.
    pub fn handling(&self, call: CallIdx, berth: BerthIdx) -> Seconds {
        self.calls[call.at()].handling[berth.at()].expect("asked only where the berth takes the call")
    }

    /// The starts a call may have on a berth: sorted, disjoint, none where it cannot go there.
    pub fn slots(&self, call: CallIdx, berth: BerthIdx) -> &[Slot] {
        &self.slots[call.at() * self.berths.len() + berth.at()]
    }

    /// When a call that starts at `start` in `slot` leaves.
    pub fn departure(&self, call: CallIdx, berth: BerthIdx, slot: &Slot, start: Seconds) -> Seconds {
        (start + self.handling(call, berth)).max(slot.ready)
    }

    /// The class of a call.
    pub fn class_of(&self, call: CallIdx) -> &Class {
        &self.classes[self.class_of[call.at()]]
    }

    /// Every class, most urgent first.
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// What a call costs that starts and departs so, class multiplier included.
    pub fn cost(&self, call: CallIdx, at: Assignment, departure: Seconds) -> i64 {
        self.class_cost(call, at, departure) * self.class_of(call).multiplier
    }

    /// The same in the units of its class.
    pub fn class_cost(&self, call: CallIdx, at: Assignment, departure: Seconds) -> i64 {
        let Call { arrival, due, earlier, terms, .. } = &self.calls[call.at()];
        let mut cost = terms.weight * (departure - *arrival).0;
        if let Some(due) = due {
            cost += terms.tardiness_weight * departure.past(*due).0;
        }
        if let Some(earlier) = earlier {
            cost += if earlier.berth == at.berth { 0 } else { terms.berth_change };
            cost += if at.start > earlier.start { terms.later_start } else { 0 };
        }
        cost
    }

    /// What leaving a call out costs: more than all it could save in its own and every later class.
    pub fn left_out_cost(&self, call: CallIdx) -> i64 {
        let class = self.class_of(call);
        class.left_out * class.multiplier
    }

    /// The largest number that divides every time in the instance: the natural grid of a dynamic program.
    pub fn time_step(&self) -> Seconds {
        self.time_step
    }

    /// The largest number known to divide every objective: a lower bound may be rounded up to a multiple of it.
    pub fn cost_step(&self) -> i64 {
        self.cost_step
    }

    /// Splits an objective and a lower bound into their classes.
    pub fn levels(&self, by_class: &[i64], lower_bound: i64) -> Vec<Level> {
        let mut rest = lower_bound;
        let mut all_proven = true;
        let mut levels = Vec::with_capacity(self.classes.len());
        for (class, &objective) in self.classes.iter().zip(by_class) {
            // With x the class cost in cost steps and `unit` what one such step counts: unit * x + (less than
            // unit) >= rest, hence x >= floor(rest / unit). The last class has nothing behind it: round up.
            let unit = class.multiplier * self.cost_step;
            let is_last = levels.len() + 1 == self.classes.len();
            let steps = if is_last { (rest + unit - 1).div_euclid(unit) } else { rest.div_euclid(unit) };
            let bound = if all_proven { (steps * self.cost_step).clamp(0, objective) } else { 0 };
            all_proven &= bound == objective;
            rest -= objective * class.multiplier;
            levels.push(Level { class: class.class, multiplier: class.multiplier, objective, lower_bound: bound });
        }
        levels
    }

    /// The same problem with the calls of the first classes only, counted by these multipliers instead of the strict ones; the
    /// gap leaves `settled` out. Calls keep their order.
    ///
    /// Sound as a relaxation: without the later calls there is only more room. What is frozen among them is out of everybody's
    /// slots already.
    pub(super) fn stage(&self, multipliers: &[i64], settled: i64) -> Self {
        let keep: Vec<CallIdx> = self.stage_calls(multipliers.len()).collect();
        let berths = self.berths.len();
        let classes = self.classes.iter().zip(multipliers);
        Self {
            origin: self.origin,
            berths: self.berths.clone(),
            calls: keep.iter().map(|call| self.calls[call.at()].clone()).collect(),
            slots: keep.iter().flat_map(|call| self.slots[call.at() * berths..][..berths].iter().cloned()).collect(),
            classes: classes.map(|(class, &multiplier)| Class { multiplier, ..*class }).collect(),
            class_of: keep.iter().map(|call| self.class_of[call.at()]).collect(),
            time_step: self.time_step,
            cost_step: self.cost_step,
            settled: Some(settled),
        }
    }

    /// The calls of the first classes, in order.
    pub(super) fn stage_calls(&self, classes: usize) -> impl Iterator<Item = CallIdx> {
        CallIdx::all(self.calls.len()).filter(move |call| self.class_of[call.at()] < classes)
    }

    /// The gap a caller cares about: that of the first class that is unproven.
    pub fn gap(&self, objective: i64, lower_bound: i64) -> f64 {
        if let Some(settled) = self.settled {
            return crate::outcome::gap(objective - settled, lower_bound - settled);
        }
        let mut rest = objective;
        let by_class: Vec<i64> = self
            .classes
            .iter()
            .map(|class| {
                let steps = rest.div_euclid(class.multiplier * self.cost_step);
                rest -= steps * class.multiplier * self.cost_step;
                steps * self.cost_step
            })
            .collect();
        let levels = self.levels(&by_class, lower_bound);
        levels
            .iter()
            .map(|level| crate::outcome::gap(level.objective, level.lower_bound))
            .find(|&gap| gap > 0.0)
            .unwrap_or(0.0)
    }
}
