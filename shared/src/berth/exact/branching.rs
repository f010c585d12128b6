//! Which call to split on, and how.

use crate::berth::bound::generate::Generator;
use crate::berth::certificate;
use crate::budget::Budget;
use crate::ids::{BerthIdx, CallIdx};
use crate::units::Seconds;

/// Candidates that are tried on the master.
const TRIALS: usize = 10;
const FRACTION: f64 = 1e-6;

/// As [`certificate::Split`], in the search's numbers.
#[derive(Clone, Debug)]
pub(crate) enum Split {
    Berth { call: u32, berths: Vec<u32> },
    Start { call: u32, time: i64 },
    Served { call: u32 },
}

impl Split {
    pub(crate) fn written_out(&self, g: &Generator<'_>) -> certificate::Split {
        match *self {
            Self::Berth { call, ref berths } => {
                certificate::Split::Berth { call: CallIdx(call), berths: berths.iter().map(|&j| BerthIdx(j)).collect() }
            }
            Self::Start { call, time } => {
                certificate::Split::Start { call: CallIdx(call), time: Seconds(time * g.model.unit) }
            }
            Self::Served { call } => certificate::Split::Served { call: CallIdx(call) },
        }
    }
}

/// Whether arc `a` of network `q` stays open in a child.
pub(crate) fn stays(g: &Generator<'_>, split: &Split, side: usize, q: usize, a: usize) -> bool {
    let net = &g.networks[q];
    takes(g, split, side, q, net.call[a], net.start[a])
}

fn takes(g: &Generator<'_>, split: &Split, side: usize, q: usize, visit: u32, start: u32) -> bool {
    match *split {
        Split::Berth { call, ref berths } => {
            visit != call || berths.contains(&(g.networks[q].berths[0] as u32)) == (side == 0)
        }
        Split::Start { call, time } => {
            let early = g.time(start) <= time;
            if side == 0 {
                early || visit != call && !g.before[call as usize].contains(&visit)
            } else {
                !early || visit != call && !g.behind[call as usize].contains(&visit)
            }
        }
        Split::Served { call } => side == 0 || visit != call,
    }
}

/// The split whose worse side raises the master's value most, by product of the two rises.
pub(crate) fn choose(g: &mut Generator<'_>, served: &[bool], budget: &mut Budget<'_>) -> Option<Split> {
    let mut candidates = candidates(g, served);
    if candidates.is_empty() {
        return undecided(g, served);
    }
    candidates.sort_by(|x, y| y.0.total_cmp(&x.0));
    candidates.truncate(TRIALS);
    if candidates.len() < 2 {
        return candidates.pop().map(|c| c.1);
    }
    let base = g.master.lp.objective();
    let mut best: Option<(f64, Split)> = None;
    let limit = (g.upper as f64 / g.master.unit - base).max(0.0);
    // Columns whose reduced cost exceeds the gap cannot matter before a side is pruned.
    let first = g.master.base;
    let mut small = g.master.lp.clone();
    let kept: Vec<bool> = (0..small.columns()).map(|j| j < first || small.is_basic(j) || small.is_open(j)).collect();
    small.retain_columns(&|j| kept[j]);
    let columns: Vec<_> = g.master.columns.iter().zip(&kept[first..]).filter(|c| *c.1).map(|c| c.0).collect();
    for (_, split) in &candidates {
        if budget.stopped().is_some() && best.is_some() {
            break;
        }
        let mut rises = [0.0; 2];
        for (side, rise) in rises.iter_mut().enumerate() {
            let mut trial = small.clone();
            for (c, column) in columns.iter().enumerate() {
                let fits =
                    column.visits.iter().all(|&(call, start)| takes(g, split, side, column.kind as usize, call, start));
                if !fits {
                    trial.set_bounds(first + c, 0.0, 0.0);
                }
            }
            if let Split::Served { call } = *split
                && side == 0
            {
                trial.set_cost(call as usize, 2.0 * g.upper as f64 / g.master.unit);
            }
            let before = trial.ticks;
            trial.solve(100);
            budget.spend(4 * (trial.ticks - before));
            *rise = (trial.objective() - base).clamp(0.0, limit);
        }
        let score = rises[0].max(1e-6) * rises[1].max(1e-6);
        if best.as_ref().is_none_or(|b| score > b.0) {
            best = Some((score, split.clone()));
        }
    }
    best.map(|b| b.1)
}

/// Where the master decides everything and the bound still falls short of its value: halves the starts of the call with the most
/// of them, then its berths, then asks whether it is served. Nothing when a single plan is left.
fn undecided(g: &Generator<'_>, served: &[bool]) -> Option<Split> {
    let mut places: Vec<Vec<(i64, usize)>> = vec![Vec::new(); g.model.n];
    for (q, net) in g.networks.iter().enumerate() {
        for (&call, &start) in net.call.iter().zip(&net.start) {
            places[call as usize].push((g.time(start), q));
        }
    }
    let open = |i: &usize| places[*i].len() > 1 || places[*i].len() == 1 && !served[*i];
    let i = (0..places.len()).filter(open).max_by_key(|&i| (places[i].len(), std::cmp::Reverse(i)))?;
    let (call, open_at) = (i as u32, &mut places[i]);
    open_at.sort_unstable();
    let (first, middle, last) = (open_at[0], open_at[(open_at.len() - 1) / 2], open_at[open_at.len() - 1]);
    if first.0 < last.0 {
        let time = if middle.0 < last.0 { middle.0 } else { last.0 - 1 };
        return Some(Split::Start { call, time });
    }
    if first.1 != last.1 {
        let berths = g.networks[first.1].berths.iter().map(|&j| j as u32).collect();
        return Some(Split::Berth { call, berths });
    }
    Some(Split::Served { call })
}

/// (how undecided, split) for each call that the master splits.
fn candidates(g: &Generator<'_>, served: &[bool]) -> Vec<(f64, Split)> {
    let n = g.model.n;
    let kinds = g.networks.len();
    let mut on = vec![0.0; n * kinds];
    // (start, value) by call
    let mut starts: Vec<Vec<(u32, f64)>> = vec![Vec::new(); n];
    for (c, x) in g.master.solution() {
        let column = &g.master.columns[c];
        for &(call, start) in &column.visits {
            on[call as usize * kinds + column.kind as usize] += x;
            starts[call as usize].push((start, x));
        }
    }
    let mut out = Vec::new();
    for i in 0..n {
        let slack = g.master.lp.value(i);
        if slack > FRACTION && slack < 1.0 - FRACTION && !served[i] {
            out.push((2.0, Split::Served { call: i as u32 }));
        }
        for q in 0..kinds {
            let share = on[i * kinds + q];
            if share > FRACTION && share < 1.0 - FRACTION {
                let berths = g.networks[q].berths.iter().map(|&j| j as u32).collect();
                out.push((share.min(1.0 - share), Split::Berth { call: i as u32, berths }));
            }
        }
        let list = &mut starts[i];
        list.sort_unstable_by_key(|e| e.0);
        if list.is_empty() || list[0].0 == list[list.len() - 1].0 {
            continue;
        }
        let (mut sum, mut best) = (0.0, (0.0, 0));
        for w in 0..list.len() - 1 {
            sum += list[w].1;
            let score = sum.min(1.0 - sum);
            if list[w].0 != list[w + 1].0 && score > best.0 {
                best = (score, list[w].0 + (list[w + 1].0 - list[w].0 - 1) / 2);
            }
        }
        if best.0 > FRACTION {
            out.push((best.0, Split::Start { call: i as u32, time: g.time(best.1) }));
        }
    }
    out
}
