//! The cheapest sequence of starts through each start of a berth.
//!
//! Time goes by once forward and once backward. Where a berth is set free and taken again at the same instant, point 2a of
//! `check` says which start may follow which. For *simple* calls - one slot, no tide, cost by the hour alone - let `a` start at
//! `s`, let `b` follow it, and let both fit the other way round. Then the other way ends at the same time, and is dearer
//! exactly where `a` comes before `b` by handling over weight; and if `b` cannot start at `s` yet, it ends later. So `b` may
//! follow `a` where `a` *ranks* before `b`, or where `s` lies before the first start of `b`: two sweeps over sorted lists
//! instead of a comparison of all pairs. What is not simple is compared one by one.

#![allow(clippy::many_single_char_names, clippy::similar_names)] // calls, berths and times, as in the papers

use super::Cells;
use super::starts::{Data, Start};

/// More than any sequence costs.
const FAR: i64 = i64::MAX / 4;

/// The open starts on berths that are alike.
#[derive(Clone)]
pub(super) struct Lane {
    pub(super) berths: Vec<usize>,
    pub(super) starts: Vec<Start>,
}

/// Positions in a list, sorted, by instant.
struct Meetings {
    at: Vec<u32>,
    list: Vec<u32>,
}

impl Meetings {
    /// Keeps the order of `list` within an instant.
    fn new(instants: usize, list: impl Iterator<Item = u32> + Clone, instant: impl Fn(u32) -> usize) -> Self {
        let mut at = vec![0_u32; instants + 1];
        for x in list.clone() {
            at[instant(x) + 1] += 1;
        }
        for t in 0..instants {
            at[t + 1] += at[t];
        }
        let mut out = vec![0; at[instants] as usize];
        let mut next = at.clone();
        for x in list {
            let place = &mut next[instant(x)];
            out[*place as usize] = x;
            *place += 1;
        }
        Self { at, list: out }
    }

    fn on(&self, t: usize) -> &[u32] {
        &self.list[self.at[t] as usize..self.at[t + 1] as usize]
    }
}

/// How the starts of one lane meet.
pub(super) struct Order<'a> {
    data: &'a Data<'a>,
    lane: &'a Lane,
    is_coarse: bool,
    instants: usize,
    /// Per call: place by handling over weight, and the first start.
    rank: Vec<u32>,
    first: Vec<i64>,
    /// Per call: handling and clearance, and the last start.
    busy: Vec<i64>,
    last: Vec<i64>,
    simple: Vec<bool>,
    /// Per start: the call is not simple, or may not fit behind another.
    odd_call: Vec<bool>,
    odd: Vec<bool>,
    any_odd: bool,
    starting_by_rank: Meetings,
    starting_by_first: Meetings,
    ending_by_rank: Meetings,
    ending_by_time: Meetings,
}

impl<'a> Order<'a> {
    pub(super) fn new(data: &'a Data<'a>, lane: &'a Lane, grid: Option<Cells>) -> Self {
        let (starts, berth, n) = (&lane.starts, lane.berths[0], data.n);
        let (from, step) = match grid {
            Some(cells) => (cells.origin.0, cells.step.0),
            None => (starts.first().map_or(0, |s| s.time), data.instance.time_step().0),
        };
        let low = starts.first().map_or(0, |s| (s.time - from).div_euclid(step));
        let instant = |time: i64| ((time - from).div_euclid(step) - low) as usize;
        let instants = starts.iter().map(|s| instant(s.free) + 1).max().unwrap_or(0);
        let busy: Vec<i64> = (0..n)
            .map(|i| if data.slots(i, berth).is_empty() { 0 } else { data.handling(i, berth) + data.clearance(berth) })
            .collect();
        let first: Vec<i64> = (0..n).map(|i| data.slots(i, berth).first().map_or(i64::MAX, |s| s.first.0)).collect();
        let last: Vec<i64> = (0..n).map(|i| data.slots(i, berth).last().map_or(i64::MIN, |s| s.last.0)).collect();
        let simple: Vec<bool> = (0..n).map(|i| data.is_linear(i) && data.is_at_will(i, berth)).collect();
        let mut by_rank: Vec<usize> = (0..n).collect();
        by_rank.sort_by(|&i, &k| {
            let (ahead, behind) = (i128::from(busy[i]) * data.rate(k), i128::from(busy[k]) * data.rate(i));
            ahead.cmp(&behind).then((data.call(i).arrival, i).cmp(&(data.call(k).arrival, k)))
        });
        let mut by_first: Vec<usize> = (0..n).collect();
        by_first.sort_by_key(|&i| first[i]);
        let longest = starts.iter().map(|s| busy[s.call as usize]).max().unwrap_or(0);
        let odd_call: Vec<bool> = starts.iter().map(|s| !simple[s.call as usize]).collect();
        let odd: Vec<bool> =
            starts.iter().zip(&odd_call).map(|(s, &o)| o || s.time + longest > last[s.call as usize]).collect();
        let all = 0..starts.len() as u32;
        let by_call = Meetings::new(n, all.clone(), |x| starts[x as usize].call as usize);
        let ranked = by_rank.iter().flat_map(|&i| by_call.on(i).iter().copied());
        let opened = by_first.iter().flat_map(|&i| by_call.on(i).iter().copied());
        let begin = |x: u32| instant(starts[x as usize].time);
        let end = |x: u32| instant(starts[x as usize].free);
        let mut rank = vec![0; n];
        for (place, &i) in by_rank.iter().enumerate() {
            rank[i] = place as u32;
        }
        Self {
            data,
            lane,
            is_coarse: grid.is_some(),
            instants,
            rank,
            first,
            busy,
            last,
            simple,
            any_odd: odd.contains(&true),
            odd_call,
            odd,
            starting_by_rank: Meetings::new(instants, ranked.clone(), begin),
            starting_by_first: Meetings::new(instants, opened, begin),
            ending_by_rank: Meetings::new(instants, ranked, end),
            ending_by_time: Meetings::new(instants, all, end),
        }
    }

    fn rank(&self, x: u32) -> i64 {
        i64::from(self.rank[self.lane.starts[x as usize].call as usize])
    }
    fn first(&self, x: u32) -> i64 {
        self.first[self.lane.starts[x as usize].call as usize]
    }
    fn time(&self, x: u32) -> i64 {
        self.lane.starts[x as usize].time
    }

    /// The cheapest sequence up to and including each start, where `own` is what each counts; `FAR` where there is none.
    pub(super) fn before(&self, own: &[i64]) -> Vec<i64> {
        let starts = &self.lane.starts;
        let mut value = vec![FAR; starts.len()];
        let mut direct = vec![FAR; starts.len()];
        let mut idle = 0;
        for t in 0..self.instants {
            let (ends, begins) = (self.ending_by_rank.on(t), self.starting_by_rank.on(t));
            if !ends.is_empty() && !begins.is_empty() {
                let met = |x: &u32| (*x, value[*x as usize]);
                if self.is_coarse {
                    self.of_other_calls(ends.iter().map(met), begins, &mut direct);
                } else {
                    let even = |x: &&u32| !self.odd[**x as usize];
                    sweep(
                        ends.iter().filter(even).map(met),
                        begins.iter(),
                        |a, b| self.rank(a) < self.rank(b),
                        &mut direct,
                    );
                    let (by_time, by_first) = (self.ending_by_time.on(t), self.starting_by_first.on(t));
                    sweep(
                        by_time.iter().filter(even).map(met),
                        by_first.iter(),
                        |a, b| self.time(a) < self.first(b),
                        &mut direct,
                    );
                    if self.any_odd {
                        self.one_by_one(
                            ends.iter().map(met),
                            begins,
                            &|a, b| (a, b),
                            (&self.odd, &self.odd_call),
                            &mut direct,
                        );
                    }
                }
            }
            for &b in begins {
                let b = b as usize;
                let least = if starts[b].opens { direct[b].min(idle) } else { direct[b] };
                if least < FAR {
                    value[b] = least + own[b];
                }
            }
            idle = ends.iter().map(|&a| value[a as usize]).fold(idle, i64::min);
        }
        value
    }

    /// The cheapest sequence behind each start, which may be empty.
    pub(super) fn behind(&self, own: &[i64]) -> Vec<i64> {
        let starts = &self.lane.starts;
        let mut direct = vec![FAR; starts.len()];
        let mut value = vec![0; starts.len()];
        let mut idle = 0;
        for t in (0..self.instants).rev() {
            let (ends, begins) = (self.ending_by_rank.on(t), self.starting_by_rank.on(t));
            let met = |x: &u32| (*x, own[*x as usize] + value[*x as usize]);
            if !ends.is_empty() && !begins.is_empty() {
                if self.is_coarse {
                    self.of_other_calls(begins.iter().map(met), ends, &mut direct);
                } else {
                    let even = |x: &&u32| !self.odd_call[**x as usize];
                    sweep(
                        begins.iter().rev().filter(even).map(met),
                        ends.iter().rev(),
                        |b, a| self.rank(a) < self.rank(b),
                        &mut direct,
                    );
                    let (by_time, by_first) = (self.ending_by_time.on(t), self.starting_by_first.on(t));
                    sweep(
                        by_first.iter().rev().filter(even).map(met),
                        by_time.iter().rev(),
                        |b, a| self.time(a) < self.first(b),
                        &mut direct,
                    );
                    if self.any_odd {
                        self.one_by_one(
                            begins.iter().map(met),
                            ends,
                            &|b, a| (a, b),
                            (&self.odd_call, &self.odd),
                            &mut direct,
                        );
                    }
                }
            }
            let rested = begins.iter().filter(|&&b| starts[b as usize].opens).map(|b| met(b).1).fold(idle, i64::min);
            for &a in ends {
                value[a as usize] = direct[a as usize].min(idle);
            }
            idle = rested;
        }
        value
    }

    /// On a coarse grid: the least value among those of other calls.
    fn of_other_calls(&self, met: impl Iterator<Item = (u32, i64)>, takers: &[u32], direct: &mut [i64]) {
        let call = |x: u32| self.lane.starts[x as usize].call;
        let (mut least, mut second) = ((u32::MAX, FAR), FAR);
        for (x, v) in met {
            if call(x) == least.0 {
                least.1 = least.1.min(v);
            } else if v < least.1 {
                second = least.1;
                least = (call(x), v);
            } else {
                second = second.min(v);
            }
        }
        for &x in takers {
            direct[x as usize] = if call(x) == least.0 { second } else { least.1 };
        }
    }

    /// Where one side or both are odd: the least value among those that may go together with each taker. Takers that are odd
    /// have been swept as if they were not: they start anew.
    fn one_by_one(
        &self,
        met: impl Iterator<Item = (u32, i64)>,
        takers: &[u32],
        pair: &dyn Fn(u32, u32) -> (u32, u32),
        (odd_giver, odd_taker): (&[bool], &[bool]),
        direct: &mut [i64],
    ) {
        let mut met: Vec<(i64, u32)> = met.map(|(x, v)| (v, x)).collect();
        let odd_met = |met: &[(i64, u32)]| met.iter().copied().filter(|m| odd_giver[m.1 as usize]).collect();
        if !takers.iter().any(|&y| odd_taker[y as usize]) {
            met = odd_met(&met);
        }
        met.sort_unstable();
        let some: Vec<(i64, u32)> = odd_met(&met);
        for &y in takers {
            let least = &mut direct[y as usize];
            let mut list = &some;
            if odd_taker[y as usize] {
                *least = FAR;
                list = &met;
            }
            let goes = |m: &&(i64, u32)| {
                let (a, b) = pair(m.1, y);
                self.may_follow(a, b)
            };
            let cheaper = list.iter().take_while(|m| m.0 < *least).find(goes);
            *least = cheaper.map_or(*least, |m| m.0);
        }
    }

    /// Point 2a: false when exchanging the two is at least as good.
    fn may_follow(&self, a: u32, b: u32) -> bool {
        let (before, behind) = (self.rank(a), self.rank(b));
        let (a, b) = (&self.lane.starts[a as usize], &self.lane.starts[b as usize]);
        if a.call == b.call {
            return false;
        }
        let (i, k) = (a.call as usize, b.call as usize);
        if self.simple[i] && self.simple[k] {
            return before < behind || a.time < self.first[k] || a.time + self.busy[k] > self.last[i];
        }
        let (data, berth) = (&self.data, self.lane.berths[0]);
        let place = |call: usize, from: i64| {
            let slot = data.slots(call, berth).iter().find(|s| s.last.0 >= from)?;
            let start = from.max(slot.first.0);
            let departure = (start + data.handling(call, berth)).max(slot.ready.0);
            Some((departure + data.clearance(berth), data.cost(call, berth, start, departure)))
        };
        let Some((free, first)) = place(k, a.time) else { return true };
        let Some((free, second)) = place(i, free) else { return true };
        let ordered = data.comes_first(k, i);
        let (exchanged, cost) = (first + second, a.cost + b.cost);
        free > b.free || exchanged > cost || exchanged == cost && !ordered
    }
}

/// Gives each taker the least value among the givers that `goes` with it, where these are a growing head of the list.
fn sweep<'t>(
    givers: impl Iterator<Item = (u32, i64)>,
    takers: impl Iterator<Item = &'t u32>,
    goes: impl Fn(u32, u32) -> bool,
    direct: &mut [i64],
) {
    let mut givers = givers.peekable();
    let mut least = FAR;
    for &y in takers {
        while let Some((_, v)) = givers.next_if(|&(x, _)| goes(x, y)) {
            least = least.min(v);
        }
        let own = &mut direct[y as usize];
        *own = least.min(*own);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::berth::Instance;
    use crate::berth::certificate::starts::Worth;
    use crate::berth::certificate::{Node, Tree};
    use crate::berth::generate::{Style, generate};
    use crate::rng::Rng;

    /// The rule applied to every pair of starts that meet.
    fn plainly(order: &Order<'_>, own: &[i64]) -> (Vec<i64>, Vec<i64>) {
        let starts = &order.lane.starts;
        let goes = |a: usize, b: usize| {
            let (x, y) = (&starts[a], &starts[b]);
            x.free == y.time && order.may_follow(a as u32, b as u32) || x.free < y.time && y.opens
        };
        let (mut before, mut behind) = (vec![FAR; own.len()], vec![0; own.len()]);
        for b in 0..own.len() {
            let idle = if starts[b].opens { 0 } else { FAR };
            let least = (0..b).filter(|&a| goes(a, b)).map(|a| before[a]).fold(idle, i64::min);
            before[b] = if least < FAR { least + own[b] } else { FAR };
        }
        for a in (0..own.len()).rev() {
            behind[a] = (a + 1..own.len()).filter(|&b| goes(a, b)).map(|b| own[b] + behind[b]).fold(0, i64::min);
        }
        (before, behind)
    }

    #[test]
    fn sweeping_over_sorted_lists_finds_what_comparing_all_pairs_finds() {
        let mut rng = Rng::new(7);
        for (style, seed) in [Style::Terminal, Style::Congested, Style::Light].into_iter().zip(1..) {
            let instance = Instance::try_from(&generate(style, 9, 2, seed)).expect("valid");
            let data = Data { instance: &instance, n: 9, m: instance.berths().len() };
            let upper = (0..9).map(|i| data.left_out(i)).max().expect("nine calls") / 2;
            let tree = Tree { scale: 1, grid: None, upper, nodes: vec![Node::default()] };
            for berth in 0..data.m {
                let mut lane = Lane { berths: vec![berth], starts: Worth::new(&data, &tree).on(berth, None) };
                lane.starts.truncate(1500);
                let order = Order::new(&data, &lane, None);
                let most = lane.starts.iter().map(|s| s.cost).max().unwrap_or(1) as usize;
                let own: Vec<i64> = lane.starts.iter().map(|s| s.cost - rng.below(most + 1) as i64).collect();
                assert_eq!((order.before(&own), order.behind(&own)), plainly(&order, &own));
            }
        }
    }
}
