//! Diving: take what the master is nearly sure of, solve again, and so on down to a whole plan.
//!
//! Each step fixes the calls of the schedules with the largest values to their berth and start, which only closes arcs, and
//! generates columns on what is left until the master is near its bound again (Joncour, Michel, Sadykov, Sverdlov & Vanderbeck 2010,
//! doi:10.1016/j.endm.2010.05.087). That matters: stopped after eight rounds, its values say nothing, and a dive on 200 calls ended 0.6 % above
//! the bound instead of 0.01 to 0.25 %. Every step offers its rounding to the annealer.
//!
//! What did not help: for each call and berth the best schedule through it as columns after each step; half as many rounds, each twice as long.

use crate::berth::bound::generate::{End, Generator};
use crate::berth::bound::master::Column;
use crate::budget::Budget;

/// So many schedules are taken together, and all with at least this value.
const TAKEN: usize = 2;
const SURE: f64 = 0.75;
/// How far pricing begins on the way to the centre after each step.
const SMOOTHING: f64 = 0.5;
/// Pricing rounds between two looks at the master, and looks after each step at most.
const ROUNDS: u64 = 3;
const LOOKS: usize = 15;
/// The master is near enough when it is above the bound by this share of it.
const NEARLY: f64 = 3e-4;
/// Starts that no plan has which costs so little more than the bound are left out.
const PROMISING: f64 = 2e-3;
/// Columns that are kept from step to step, for each call.
const COLUMNS: usize = 6;

/// Dives once; `visit` may improve `upper`, and says whether to go on. The generator is left as it was.
pub(crate) fn dive<'a>(
    g: &mut Generator<'a>,
    budget: &mut Budget<'_>,
    visit: &mut dyn FnMut(&mut Generator<'a>, &mut Budget<'_>) -> bool,
) {
    let (networks, center) = (g.networks.clone(), g.center.clone());
    g.keep_promising(PROMISING);
    let mut place: Vec<Option<(u32, u32)>> = vec![None; g.model.n];
    while budget.stopped().is_none() {
        g.master.forget(COLUMNS * g.model.n);
        let before = g.master.solution();
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
        repair(g, &before, &place);
        // The centre is that of the root; columns are wanted for what is left.
        g.smoothing = SMOOTHING;
        let end = converge(g, budget);
        if !visit(g, budget) || end == End::Closed {
            break;
        }
    }
    g.networks = networks;
    g.center = center;
    g.recenter();
}

/// Column generation until the master is near its bound.
fn converge(g: &mut Generator<'_>, budget: &mut Budget<'_>) -> End {
    for _ in 0..LOOKS {
        let end = g.run(budget, ROUNDS);
        let is_near = g.lp_value < g.center.value as f64 / g.scale as f64 * (1.0 + NEARLY);
        if end != End::Stopped || is_near {
            return end;
        }
    }
    End::Stopped
}

/// The schedules in use without the calls that are fixed elsewhere, so that the master goes on from where it was.
fn repair(g: &mut Generator<'_>, point: &[(usize, f64)], place: &[Option<(u32, u32)>]) {
    for &(c, _) in point {
        let column = &g.master.columns[c];
        let kind = column.kind;
        let net = &g.networks[kind as usize];
        let mut visits: Vec<(u32, u32)> = Vec::with_capacity(column.visits.len());
        let (mut free, mut cost) = (0, 0);
        for &(call, start) in &column.visits {
            if place[call as usize].is_some_and(|at| at != (kind, start)) || visits.iter().any(|v| v.0 == call) {
                continue;
            }
            let Some(arc) = net.find(call, free).or_else(|| net.find(call, start.max(free))) else { continue };
            (free, cost) = (net.end[arc], cost + net.cost[arc]);
            visits.push((call, net.start[arc]));
        }
        if !visits.is_empty() {
            g.master.add(Column { kind, visits }, cost);
        }
    }
}

/// Fixes the calls of the surest schedules. False when nothing is left to fix.
fn choose(g: &Generator<'_>, place: &mut [Option<(u32, u32)>]) -> bool {
    let mut list = g.master.solution();
    list.sort_by(|x, y| y.1.total_cmp(&x.1).then(x.0.cmp(&y.0)));
    let mut taken = 0;
    for (c, value) in list {
        if value < SURE && taken >= TAKEN {
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
        taken += 1;
    }
    taken > 0
}
