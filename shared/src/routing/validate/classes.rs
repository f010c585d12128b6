//! Priority classes: what each counts, so that their order is strict.

use super::super::instance::{Arc, Class, Lot};
use crate::issue::Issue;
use crate::limits;

/// The classes that occur with what each counts, and what the pinned arcs cost in each. `class` of a lot is still the number sent.
pub(super) fn classes(lots: &[Lot], arcs: &[Arc]) -> Result<(Vec<Class>, Vec<i64>), Issue> {
    let mut numbers: Vec<usize> = lots.iter().map(|lot| lot.class).collect();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.is_empty() {
        numbers.push(0);
    }
    // How far apart the costs of two plans worth looking at can be.
    let mut most = vec![0_i128; numbers.len()];
    let mut sunk = vec![0_i128; numbers.len()];
    for lot in lots {
        let class = numbers.binary_search(&lot.class).unwrap_or(0);
        let pinned: i64 = lot.pinned.iter().map(|&arc| arcs[arc as usize].cost).sum();
        sunk[class] += i128::from(lot.quantity) * i128::from(pinned);
        // Turning a lot down is always allowed, so a class costs no more than that in any plan worth looking at.
        most[class] += i128::from(lot.quantity) * i128::from(lot.rejection - lot.service.min(0));
    }
    let step = i128::from(step(arcs, lots));
    let too_large = || {
        Issue::new(
            "objective_too_large",
            "/lots",
            "with these priority classes, quantities and costs the objective could grow past what is counted exactly",
            "use fewer priority classes, smaller costs, or costs that are multiples of 100",
        )
    };
    let fit =
        |value: i128| i64::try_from(value).ok().filter(|&value| value <= limits::MAX_OBJECTIVE).ok_or_else(too_large);
    let mut classes = Vec::with_capacity(numbers.len());
    let mut multiplier = 1_i128;
    for at in (0..numbers.len()).rev() {
        classes.push(Class { class: numbers[at] as u8, multiplier: fit(multiplier)? });
        // invariant: multiplier * step exceeds what all later classes can cost or save.
        let total = (most[at] + sunk[at]) * multiplier + multiplier * step;
        fit(total)?;
        multiplier = total / step + 1;
    }
    classes.reverse();
    Ok((classes, sunk.into_iter().map(fit).collect::<Result<_, _>>()?))
}

/// The greatest number that divides every cost.
pub(super) fn step(arcs: &[Arc], lots: &[Lot]) -> i64 {
    let costs = arcs.iter().map(|arc| arc.cost);
    let terms = lots.iter().flat_map(|lot| [lot.rejection, lot.service, lot.late.unwrap_or(0)]);
    costs.chain(terms).map(i64::abs).fold(0, gcd).max(1)
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
