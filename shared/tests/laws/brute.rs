//! The optimum by enumeration: every choice of berth and order, each call as early as the raw rules allow.

use portolan::berth::{Assignment, Instance};
use portolan::ids::{BerthIdx, CallIdx};
use portolan::units::Seconds;

/// The least objective of any plan.
pub(crate) fn optimum(instance: &Instance) -> i64 {
    let mut search = Search { instance, free: vec![Seconds::ZERO; instance.berths().len()], best: i64::MAX };
    let calls: Vec<CallIdx> = CallIdx::all(instance.calls().len()).collect();
    search.extend(&calls, 0);
    search.best
}

struct Search<'a> {
    instance: &'a Instance,
    /// When each berth is free again. Shape: berths.
    free: Vec<Seconds>,
    best: i64,
}

impl Search<'_> {
    /// Every call may come next on every berth, or be left out: some order of these choices is the best plan.
    fn extend(&mut self, rest: &[CallIdx], cost: i64) {
        let left_out: i64 = rest.iter().map(|&call| self.instance.left_out_cost(call)).sum();
        self.best = self.best.min(cost + left_out);
        for (at, &call) in rest.iter().enumerate() {
            let mut others = rest.to_vec();
            others.remove(at);
            for berth in BerthIdx::all(self.free.len()) {
                let free = self.free[berth.at()];
                if let Some((start, departure)) = earliest(self.instance, call, berth, free) {
                    self.free[berth.at()] = departure + self.instance.berth(berth).clearance;
                    let added = self.instance.cost(call, Assignment { berth, start }, departure);
                    self.extend(&others, cost + added);
                    self.free[berth.at()] = free;
                }
            }
        }
    }
}

/// The first start at or after `free` that breaks no rule, and the departure, by trying every second.
fn earliest(instance: &Instance, call: CallIdx, berth: BerthIdx, free: Seconds) -> Option<(Seconds, Seconds)> {
    (free.0..free.0 + 300).find_map(|start| {
        let start = Seconds(start);
        Some((start, departure(instance, call, berth, start)?))
    })
}

/// The first departure that breaks no rule.
fn departure(instance: &Instance, idx: CallIdx, at: BerthIdx, start: Seconds) -> Option<Seconds> {
    let (call, berth) = (instance.call(idx), instance.berth(at));
    let handled = start + call.handling[at.at()]?;
    let too_big = call.length.zip(berth.length).is_some_and(|(vessel, limit)| vessel > limit)
        || call.draft.zip(berth.draft).is_some_and(|(vessel, limit)| vessel > limit);
    let frozen_elsewhere = call.frozen.is_some_and(|frozen| frozen != Assignment { berth: at, start });
    if too_big || frozen_elsewhere || start < call.arrival {
        return None;
    }
    let water = |instant: Seconds| match (&berth.tide, call.draft) {
        (Some(tide), Some(draft)) if draft > tide.free_draft => tide.windows.iter().any(|window| window.holds(instant)),
        _ => true,
    };
    let legal = |departure: Seconds| {
        water(start)
            && water(departure)
            && call.latest_departure.is_none_or(|latest| departure <= latest)
            && berth.open.iter().any(|open| open.holds(start) && open.holds(departure))
            && !berth.closures.iter().any(|closure| closure.window.from < departure && start < closure.window.to)
    };
    (handled.0..handled.0 + 100).map(Seconds).find(|&departure| legal(departure))
}
