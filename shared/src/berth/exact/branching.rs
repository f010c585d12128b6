//! Which calls may be split on, and how.

use crate::berth::bound::generate::Generator;
use crate::berth::certificate;
use crate::ids::{BerthIdx, CallIdx};
use crate::units::Seconds;

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

/// Where the master decides everything and the bound still falls short of its value: halves the starts of the call with the most
/// of them, then its berths, then asks whether it is served. Nothing when a single plan is left.
pub(crate) fn undecided(g: &Generator<'_>, served: &[bool]) -> Option<Split> {
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

/// Splits that part the master's solution, the likely best first: starts tell more than berths.
pub(crate) fn candidates(g: &Generator<'_>, served: &[bool]) -> Vec<Split> {
    let mut list = parted(g, served);
    list.sort_by(|x, y| y.0.total_cmp(&x.0));
    list.into_iter().map(|c| c.1).collect()
}

/// (how much it parts, split) for each call that the master splits.
fn parted(g: &Generator<'_>, served: &[bool]) -> Vec<(f64, Split)> {
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
            out.push((1.0 + best.0, Split::Start { call: i as u32, time: g.time(best.1) }));
        }
    }
    out
}
