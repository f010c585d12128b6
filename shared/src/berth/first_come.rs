//! For tests of what reads plans: a plan made without the search, first come, first served.

use super::instance::{Assignment, Instance};
use super::plan::{self, Plan, Schedule};
use crate::answer::Answer;
use crate::ids::{BerthIdx, CallIdx};
use crate::outcome::{Proof, Stats, Stop, Tier};
use crate::units::Seconds;

/// Frozen calls first, then by class and arrival, each where it leaves earliest.
pub(super) fn schedule(instance: &Instance) -> Schedule {
    let mut order: Vec<CallIdx> = CallIdx::all(instance.calls().len()).collect();
    order.sort_by_key(|&idx| {
        let call = instance.call(idx);
        (call.frozen.is_none(), call.class, call.arrival)
    });
    let mut taken: Vec<Vec<(Seconds, Seconds)>> = vec![Vec::new(); instance.berths().len()];
    let mut places = vec![None; order.len()];
    for call in order {
        let best = BerthIdx::all(taken.len())
            .filter_map(|berth| earliest(instance, call, berth, &taken[berth.at()]))
            .min_by_key(|(departure, place)| (*departure, place.berth));
        if let Some((departure, place)) = best {
            places[call.at()] = Some(place);
            taken[place.berth.at()].push((place.start, departure + instance.berth(place.berth).clearance));
            taken[place.berth.at()].sort_unstable();
        }
    }
    Schedule(places)
}

fn earliest(
    instance: &Instance,
    call: CallIdx,
    berth: BerthIdx,
    taken: &[(Seconds, Seconds)],
) -> Option<(Seconds, Assignment)> {
    let clearance = instance.berth(berth).clearance;
    let after = taken.iter().map(|&(_, free)| free);
    let mut found = None;
    for slot in instance.slots(call, berth) {
        for start in std::iter::once(slot.first).chain(after.clone()).filter(|t| slot.first <= *t && *t <= slot.last) {
            let departure = instance.departure(call, berth, slot, start);
            let is_free = taken.iter().all(|&(from, free)| departure + clearance <= from || free <= start);
            if is_free && found.is_none_or(|(earlier, _)| departure < earlier) {
                found = Some((departure, Assignment { berth, start }));
            }
        }
    }
    found
}

/// Its answer, with a made-up bound a little below the objective.
pub(super) fn answer(instance: &Instance, schedule: &Schedule) -> Answer<Plan, ()> {
    let by_class = plan::cost_by_class(instance, schedule);
    let objective: i64 = by_class.iter().zip(instance.classes()).map(|(cost, class)| cost * class.multiplier).sum();
    let lower_bound = objective / 100 * 98;
    Answer {
        problem: "berth".to_owned(),
        version: 1,
        objective,
        lower_bound,
        gap: instance.gap(objective, lower_bound),
        proof: Proof::Bound,
        stop: Stop::WorkLimit,
        tier: Tier::Bounded,
        seed: 1,
        ticks: 1_234_567,
        reproducible: true,
        levels: instance.levels(&by_class, lower_bound),
        stats: Stats::default(),
        plan: Plan::new(instance, schedule),
        certificate: (),
    }
}
