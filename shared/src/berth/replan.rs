//! From an earlier plan to today's: what can stay where it was stays, the rest is put in where it costs least.
//!
//! A call keeps its place where it can still start there: it has arrived by then, and the berth is open to it. What cannot (a vessel
//! that is late, a berth that is lost) is taken out of its sequence, so that it does not hold up those behind it, and inserted
//! at the cheapest position. A short and cold annealing run, with the price of every departure from the earlier plan in its objective,
//! then trades what one insertion at a time cannot. This is the usual repair of a disrupted berth plan (Zhen, Lee, Chew 2011,
//! doi:10.1016/j.ejor.2011.01.021, price deviations in the same way).

use super::heuristic::{Annealer, greedy};
use super::instance::Instance;
use super::model::Model;
use super::plan::{Schedule, departure};
use crate::budget::Budget;
use crate::ids::CallIdx;
use crate::rng::Rng;

#[cfg(test)]
mod tests;

/// Annealing in ticks for each call.
const POLISH: u64 = 2_500;
/// Temperatures relative to the mean weighted handling time: nothing much is given up for a while.
const WARM: f64 = 0.02;
const COLD: f64 = 0.002;

/// The earlier plan, as far as it can be kept; `None` where the request has none.
pub(super) fn kept(instance: &Instance) -> Option<Schedule> {
    let keeps = |idx: CallIdx| {
        let call = instance.call(idx);
        let place = call.frozen.or(call.earlier)?;
        let slots = instance.slots(idx, place.berth);
        slots.iter().any(|slot| slot.first <= place.start && place.start <= slot.last).then_some(place)
    };
    let is_planned = instance.calls().iter().any(|call| call.earlier.is_some());
    is_planned.then(|| Schedule(CallIdx::all(instance.calls().len()).map(keeps).collect()))
}

/// Whether the kept places are a plan as they stand: none of them holds up another.
pub(super) fn stands(instance: &Instance, kept: &Schedule) -> bool {
    let mut stays: Vec<_> = CallIdx::all(kept.0.len())
        .filter_map(|idx| {
            let place = kept.0[idx.at()]?;
            let free = departure(instance, idx, place) + instance.berth(place.berth).clearance;
            Some((place.berth, place.start, free))
        })
        .collect();
    stays.sort_unstable();
    stays.windows(2).all(|pair| pair[0].0 != pair[1].0 || pair[0].2 <= pair[1].1)
}

/// A whole plan from the part that is kept.
pub(super) fn repaired(instance: &Instance, kept: &Schedule) -> Schedule {
    let model = Model::of(instance);
    let mut annealer = Annealer::new(greedy(&model), Rng::new(0));
    annealer.reset(&Model::read(kept, instance));
    annealer.insert_pool();
    Model::written_out(&annealer.current.schedule(), instance)
}

/// The same, traded further within the budget.
pub(super) fn polished(instance: &Instance, repaired: &Schedule, budget: &mut Budget<'_>) -> Schedule {
    let model = Model::of(instance);
    let mut annealer = Annealer::new(greedy(&model), Rng::new(budget.seed_value()).fork("berth replanning"));
    annealer.reset(&Model::read(repaired, instance));
    annealer.run(POLISH * model.n as u64, WARM, COLD, &mut |ticks, _, _| !budget.spend(ticks));
    Model::written_out(&annealer.best, instance)
}
