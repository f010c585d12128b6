//! Plans out of a solution of the relaxation: how much of which columns.

use super::generate::Generator;
use crate::berth::model::Schedule;

impl Generator<'_> {
    /// Each berth takes the schedule that it values most among what is left; calls that are in it twice or on
    /// another berth already are skipped.
    pub(crate) fn rounded_by_berth(&self, point: &[(usize, f64)]) -> Schedule {
        let mut list = point.to_vec();
        list.sort_by(|x, y| y.1.total_cmp(&x.1).then(x.0.cmp(&y.0)));
        let mut plan: Schedule = vec![None; self.model.n];
        let mut used: Vec<usize> = vec![0; self.networks.len()];
        for (c, _) in list {
            let column = &self.master.columns[c];
            let q = column.kind as usize;
            let Some(&berth) = self.networks[q].berths.get(used[q]) else { continue };
            let fresh = column.visits.iter().filter(|v| plan[v.0 as usize].is_none()).count();
            if fresh * 2 < column.visits.len() {
                continue;
            }
            used[q] += 1;
            for &(call, start) in &column.visits {
                if plan[call as usize].is_none() {
                    plan[call as usize] = Some((berth, self.time(start)));
                }
            }
        }
        plan
    }

    /// Each call takes the kind of berth and the start that it values most; berths of one kind share out their
    /// calls by start. Where the solution is whole, this is the plan that it stands for.
    pub(crate) fn rounded_by_start(&self, point: &[(usize, f64)]) -> Schedule {
        let n = self.model.n;
        // (value, kind, start) by call
        let mut votes: Vec<Vec<(f64, u32, u32)>> = vec![Vec::new(); n];
        for &(c, x) in point {
            let column = &self.master.columns[c];
            for &(call, start) in &column.visits {
                let list = &mut votes[call as usize];
                match list.iter_mut().find(|v| (v.1, v.2) == (column.kind, start)) {
                    Some(vote) => vote.0 += x,
                    None => list.push((x, column.kind, start)),
                }
            }
        }
        let mut chosen: Vec<(u32, u32, usize)> = Vec::with_capacity(n);
        for (call, list) in votes.iter().enumerate() {
            let best = list.iter().copied().reduce(|x, y| if y.0 > x.0 + 1e-9 { y } else { x });
            if let Some((_, kind, start)) = best {
                chosen.push((start, kind, call));
            }
        }
        chosen.sort_unstable();
        let mut plan: Schedule = vec![None; n];
        let mut free: Vec<Vec<u32>> = self.networks.iter().map(|net| vec![0; net.berths.len()]).collect();
        for (start, kind, call) in chosen {
            let net = &self.networks[kind as usize];
            let ends = &mut free[kind as usize];
            let at = (0..ends.len()).min_by_key(|&at| (ends[at], at)).expect("a kind has a berth");
            let end = net.find(call as u32, start).map_or(start, |a| net.end[a]);
            ends[at] = ends[at].max(start) + (end - start);
            plan[call] = Some((net.berths[at], self.time(start)));
        }
        plan
    }
}
