//! Diving: take what the master is nearly sure of, solve again, and so on down to a whole plan.
//!
//! Each step fixes the calls of the schedules with the largest values to their berth and start, which only closes arcs, and
//! runs a few rounds of column generation on what is left (Joncour, Michel, Sadykov, Sverdlov & Vanderbeck 2010,
//! doi:10.1016/j.endm.2010.05.087). Every step offers its rounding to the annealer.

use crate::berth::bound::generate::{End, Generator};
use crate::budget::Budget;

/// Schedules with at least this value are taken together.
const SURE: f64 = 0.75;
/// Pricing rounds after each step.
const ROUNDS: u64 = 8;

/// Dives once; `visit` may improve `upper`, and says whether to go on. The generator is left as it was.
pub(crate) fn dive<'a>(
    g: &mut Generator<'a>,
    budget: &mut Budget<'_>,
    visit: &mut dyn FnMut(&mut Generator<'a>, &mut Budget<'_>) -> bool,
) {
    let (networks, center) = (g.networks.clone(), g.center.clone());
    let mut place: Vec<Option<(u32, u32)>> = vec![None; g.model.n];
    while budget.stopped().is_none() {
        if !choose(g, &mut place) {
            break;
        }
        let next = g
            .networks
            .iter()
            .enumerate()
            .map(|(q, net)| {
                net.filtered(&g.ranks[q], &mut |a| {
                    place[net.call[a] as usize].is_none_or(|at| at == (q as u32, net.start[a]))
                })
            })
            .collect();
        g.networks = next;
        g.recenter();
        let end = g.run(budget, ROUNDS);
        if !visit(g, budget) || end == End::Closed {
            break;
        }
    }
    g.networks = networks;
    g.center = center;
    g.recenter();
}

/// Fixes the calls of the surest schedules. False when nothing is left to fix.
fn choose(g: &Generator<'_>, place: &mut [Option<(u32, u32)>]) -> bool {
    let mut list = g.master.solution();
    list.sort_by(|x, y| y.1.total_cmp(&x.1).then(x.0.cmp(&y.0)));
    let mut any = false;
    for (c, value) in list {
        if any && value < SURE {
            break;
        }
        let column = &g.master.columns[c];
        let repeats = column.visits.iter().enumerate().any(|(k, v)| column.visits[..k].iter().any(|w| w.0 == v.0));
        let fits = |&(call, start): &(u32, u32)| place[call as usize].is_none_or(|at| at == (column.kind, start));
        let new = column.visits.iter().any(|v| place[v.0 as usize].is_none());
        if repeats || !new || !column.visits.iter().all(fits) {
            continue;
        }
        for &(call, start) in &column.visits {
            place[call as usize] = Some((column.kind, start));
        }
        any = true;
    }
    any
}
