//! Priority classes as one integer objective.
//!
//! Classes are lexicographic: no saving in a later class is worth anything in an earlier one. That is kept by a
//! multiplier for each class, proven large enough from the instance itself: more than everything that all later classes together
//! can cost in any plan worth looking at.

use super::instance::{Call, Class, Slot};
use super::slots::gcd;
use crate::issue::Issue;
use crate::limits::{MAX_OBJECTIVE, MAX_OBJECTIVE_STEPS};
use crate::units::Seconds;

#[cfg(test)]
mod tests;

pub(super) struct Derived {
    pub(super) classes: Vec<Class>,
    pub(super) class_of: Vec<usize>,
    pub(super) cost_step: i64,
}

/// Derives the classes from the calls and their slots (shape: calls x berths); no start is later than `horizon`.
pub(super) fn of(calls: &[Call], slots: &[Vec<Slot>], time_step: Seconds, horizon: Seconds) -> Result<Derived, Issue> {
    let mut numbers: Vec<u8> = calls.iter().map(|call| call.class).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let class_of: Vec<usize> =
        calls.iter().map(|call| numbers.binary_search(&call.class).expect("every class is in the list")).collect();
    let cost_step = calls.iter().fold(time_step.0, |step, call| {
        let fixed = if call.earlier.is_some() { gcd(call.terms.berth_change, call.terms.later_start) } else { 0 };
        gcd(step, fixed)
    });

    let mut most = vec![0_i128; numbers.len()]; // what a class costs at the most with every call placed
    let mut size = vec![0_i128; numbers.len()];
    let mut tight = vec![false; numbers.len()]; // whether a call may have to be left out
    let berths = slots.len() / calls.len().max(1);
    for (at, call) in calls.iter().enumerate() {
        let own = &slots[at * berths..(at + 1) * berths];
        most[class_of[at]] += worst_cost(call, own);
        size[class_of[at]] += 1;
        tight[class_of[at]] |= !can_always_be_served(call, own, horizon);
    }

    let step = i128::from(cost_step);
    let mut classes = Vec::with_capacity(numbers.len());
    let mut multiplier = 1_i128;
    for at in (0..numbers.len()).rev() {
        let left_out = (most[at] / step + 1) * step;
        classes.push(Class { class: numbers[at], multiplier: fit(multiplier, step)?, left_out: fit(left_out, step)? });
        let whole = if tight[at] { size[at] * left_out } else { most[at] };
        // invariant: multiplier * cost_step exceeds what this and all later classes can cost.
        let total = whole * multiplier + multiplier * step;
        fit(total, step)?;
        multiplier = total / step + 1;
    }
    classes.reverse();
    Ok(Derived { classes, class_of, cost_step })
}

/// What a call costs at the most, in its class's units.
fn worst_cost(call: &Call, slots: &[Vec<Slot>]) -> i128 {
    let departures = slots.iter().zip(&call.handling).filter_map(|(slots, handling)| {
        let last = slots.last()?;
        Some((last.last + (*handling)?).max(last.ready))
    });
    let departure = departures.max().unwrap_or(call.arrival);
    let terms = &call.terms;
    let tardiness = call.due.map_or(0, |due| departure.past(due).0);
    let moved = if call.earlier.is_some() { terms.berth_change + terms.later_start } else { 0 };
    i128::from(terms.weight) * i128::from((departure - call.arrival).0)
        + i128::from(terms.tardiness_weight) * i128::from(tardiness)
        + i128::from(moved)
}

/// Whether a call can always be put behind everything else on some berth: a slot that reaches the horizon, which is past all other
/// work, and was cut off by nothing but it.
fn can_always_be_served(call: &Call, slots: &[Vec<Slot>], horizon: Seconds) -> bool {
    call.frozen.is_some() || slots.iter().any(|slots| slots.last().is_some_and(|slot| slot.last == horizon))
}

fn fit(value: i128, step: i128) -> Result<i64, Issue> {
    if value <= i128::from(MAX_OBJECTIVE) && value / step <= i128::from(MAX_OBJECTIVE_STEPS) {
        return Ok(value as i64);
    }
    Err(Issue::new(
        "objective_too_large",
        "/calls",
        "with these priority classes, weights and times the objective could grow past what is counted exactly",
        "use fewer priority classes, smaller weights, or times that are multiples of a quarter of an hour",
    ))
}
