//! Exact: dynamic programming over sets of vessels, in the order in which they berth.
//!
//! Plans are built by adding vessels in the order of their starts. Each takes its earliest stay, at the last start or later,
//! that the quay's length allows beside the vessels that are still alongside (delaying it helps nobody: its earlier stay takes
//! less of what later vessels can use). So a partial plan has one child for each vessel left, and all that matters for what
//! follows is which vessels are placed and how much of the quay is taken from the last start on. Of two partial plans with the
//! same vessels, one that costs no more, starts its last vessel no later and leaves no less of the quay free at any time
//! **dominates** the other (Held and Karp 1962, doi:10.1137/0110015, for one machine; here with a profile instead of a time).
//!
//! Bounds make this practical. With prices on cuts (see `certificate`), the placed vessels pay the priced cost of their
//! stays, each vessel left pays at least that of the cheapest stay it can still reach, and the rent comes back: a partial plan
//! above `upper` is dropped. Good prices, from a linear relaxation with cuts, leave thousands of sets instead of millions.
//!
//! Positions are left out: the sweep solves the relaxation in which only the total length alongside counts. Its value is a lower
//! bound in any case; where the vessels of its plan find positions, that plan is optimal.
//!
//! Layers are cut to a width where they grow too large; the least bound of what was cut off then limits the proof.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::instance::Instance;
use super::lagrange::{Priced, SCALE, whole};
use super::separate::leaves_first;
use super::stays::{Stay, Stays};
use crate::budget::Budget;

/// No stay, no state.
const NONE: u32 = u32::MAX;
/// A layer that is being filled is thinned when it holds so many times its width.
const CROWD: usize = 6;
/// Priced cost of a vessel that has no stay left.
const NEVER: i64 = 1 << 55;

/// What the sweep found.
#[derive(Clone, Debug)]
pub(crate) struct Swept {
    /// The cheapest chain of stays found, by vessel; `None` where none is cheaper than `upper`.
    pub(crate) stays: Option<Vec<Stay>>,
    /// No plan costs less.
    pub(crate) bound: i64,
    /// Whether nothing was cut off.
    pub(crate) complete: bool,
    /// States kept in all layers.
    pub(crate) states: u64,
}

/// A partial plan.
#[derive(Clone, Debug)]
struct State {
    /// Vessels placed.
    placed: u64,
    cost: i64,
    /// Sum of the priced costs of the stays, less the rent.
    priced: i64,
    /// The bound of all plans that go on from here, in price units.
    bound: i64,
    /// The last start.
    time: i64,
    /// Vessels alongside after `time`: (departure, need), by departure, in the layer's arena.
    alongside: (u32, u32),
    trace: Trace,
    dead: bool,
    /// The next state with the same vessels.
    next: u32,
}

/// How a state came about.
#[derive(Clone, Copy, Debug)]
struct Trace {
    parent: u32,
    stay: u32,
}

/// Fibonacci hashing of a set.
#[derive(Default)]
struct SetHasher(u64);

impl Hasher for SetHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _: &[u8]) {
        unreachable!("sets are hashed as numbers");
    }
    fn write_u64(&mut self, set: u64) {
        let mixed = (set ^ (set >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        self.0 = (mixed ^ (mixed >> 32)).wrapping_mul(0x94D0_49BB_1331_11EB);
    }
}

#[derive(Default)]
struct Layer {
    states: Vec<State>,
    arena: Vec<(i64, i64)>,
    head: HashMap<u64, u32, BuildHasherDefault<SetHasher>>,
}

impl Layer {
    /// Keeps `width` states of least bound. The least bound of the others.
    fn thin(&mut self, width: usize) -> i64 {
        let mut order: Vec<u32> = (0..self.states.len() as u32).filter(|&k| !self.states[k as usize].dead).collect();
        let mut cut_off = i64::MAX;
        if order.len() > width {
            order.select_nth_unstable_by_key(width, |&k| (self.states[k as usize].bound, k));
            cut_off = order[width..].iter().map(|&k| self.states[k as usize].bound).min().unwrap_or(i64::MAX);
            order.truncate(width);
            order.sort_unstable();
        }
        let old = std::mem::take(self);
        for k in order {
            let mut state = old.states[k as usize].clone();
            let (first, count) = state.alongside;
            state.alongside.0 = self.arena.len() as u32;
            self.arena.extend_from_slice(&old.arena[first as usize..(first + count) as usize]);
            let number = self.states.len() as u32;
            state.next = self.head.insert(state.placed, number).unwrap_or(NONE);
            self.states.push(state);
        }
        cut_off
    }
}

/// The tables of a sweep.
pub(crate) struct Sweep<'a> {
    instance: &'a Instance,
    stays: &'a Stays,
    /// Priced cost by stay; [`NEVER`] where closed.
    cost: Vec<i64>,
    rent: i64,
    /// The first start.
    origin: i64,
    span: usize,
    /// By vessel and time after the origin: its first stay with a start at that time or later.
    first: Vec<u32>,
    /// By vessel and time after the origin: the least priced cost of those stays.
    least: Vec<i64>,
    /// By vessel: those that berth before it.
    before: Vec<u64>,
    /// By vessel: those that cannot be alongside with it.
    apart: Vec<u64>,
    need: Vec<i64>,
}

impl<'a> Sweep<'a> {
    /// `None` where there is no stay.
    pub(crate) fn new(instance: &'a Instance, stays: &'a Stays, priced: &Priced) -> Option<Self> {
        let n = stays.vessels();
        debug_assert!(n <= 64, "a set is 64 bits");
        if stays.is_empty() {
            return None;
        }
        let origin = stays.begin();
        let span = (stays.end() - origin + 2) as usize;
        let cost: Vec<i64> = priced.cost.iter().map(|&c| c.min(NEVER)).collect();
        let (mut first, mut least) = (vec![NONE; n * span], vec![NEVER; n * span]);
        for i in 0..n {
            let mut rest = stays.of(i).rev().peekable();
            let (mut k, mut value) = (NONE, NEVER);
            for t in (0..span).rev() {
                while let Some(stay) = rest.next_if(|&stay| stays.stay(stay).start >= origin + t as i64) {
                    k = stay as u32;
                    value = value.min(cost[stay]);
                }
                first[i * span + t] = k;
                least[i * span + t] = value;
            }
        }
        let set = |holds: &dyn Fn(usize) -> bool| (0..n).filter(|&j| holds(j)).fold(0, |set, j| set | 1_u64 << j);
        let before = (0..n).map(|i| set(&|j| i != j && leaves_first(instance, j, i))).collect();
        let need: Vec<i64> = (0..n).map(|i| instance.need(i)).collect();
        let apart = (0..n).map(|i| set(&|j| i != j && need[i] + need[j] > instance.room())).collect();
        Some(Self { instance, stays, cost, rent: priced.rent, origin, span, first, least, before, apart, need })
    }

    /// Plans cheaper than `upper`, with at most `width` states a layer.
    pub(crate) fn run(&self, upper: i64, width: usize, budget: &mut Budget<'_>) -> Swept {
        let n = self.stays.vessels();
        let limit = (upper - 1) * SCALE;
        let mut cut_off = i64::MAX;
        let mut traces: Vec<Vec<Trace>> = Vec::new();
        let mut total = 0;
        let root = State {
            placed: 0,
            cost: 0,
            priced: -self.rent,
            bound: i64::MIN,
            time: self.origin,
            alongside: (0, 0),
            trace: Trace { parent: NONE, stay: NONE },
            dead: false,
            next: NONE,
        };
        let mut layer = Layer { states: vec![root], ..Layer::default() };
        let mut ready = vec![0_i64; n];
        for depth in 0..n {
            cut_off = cut_off.min(layer.thin(width));
            total += layer.states.len() as u64;
            let mut next = Layer::default();
            for k in 0..layer.states.len() as u32 {
                self.expand(&layer, k, limit, &mut ready, &mut next);
                if next.states.len() > CROWD * width {
                    cut_off = cut_off.min(next.thin(width));
                }
                if budget.spend(4 * (n - depth) as u64) {
                    let bound = layer.states.iter().map(|state| state.bound).min().unwrap_or(i64::MAX);
                    let bound = whole(bound.min(cut_off)).min(upper);
                    return Swept { stays: None, bound, complete: false, states: total };
                }
            }
            traces.push(layer.states.iter().map(|state| state.trace).collect());
            layer = next;
        }
        let best = layer.states.iter().filter(|state| !state.dead && state.cost < upper).min_by_key(|state| state.cost);
        let bound = whole(cut_off).min(best.map_or(upper, |state| state.cost)).min(upper);
        let stays = best.map(|state| self.trace_back(&traces, state.trace));
        Swept { stays, bound, complete: cut_off == i64::MAX, states: total }
    }

    fn trace_back(&self, traces: &[Vec<Trace>], last: Trace) -> Vec<Stay> {
        let mut found = vec![Stay { start: 0, departure: 0 }; self.stays.vessels()];
        let mut trace = last;
        for layer in traces.iter().rev() {
            found[self.stays.vessel(trace.stay as usize)] = self.stays.stay(trace.stay as usize);
            trace = layer[trace.parent as usize];
        }
        found
    }

    #[inline]
    fn cell(&self, vessel: usize, time: i64) -> usize {
        vessel * self.span + ((time - self.origin).max(0) as usize).min(self.span - 1)
    }

    /// Adds the children of a state to the next layer. `ready` is a buffer.
    fn expand(&self, layer: &Layer, k: u32, limit: i64, ready: &mut [i64], next: &mut Layer) {
        let state = &layer.states[k as usize];
        let alongside = &layer.arena[state.alongside.0 as usize..(state.alongside.0 + state.alongside.1) as usize];
        let taken: i64 = alongside.iter().map(|&(_, need)| need).sum();
        let n = self.stays.vessels();
        let left = if n == 64 { !state.placed } else { ((1 << n) - 1) & !state.placed };
        // When the quay has room for each vessel that is left.
        let mut bound = state.priced;
        for i in bits(left) {
            let mut free = self.instance.room() - taken;
            let mut time = state.time;
            for &(departure, need) in alongside {
                if free >= self.need[i] {
                    break;
                }
                free += need;
                time = departure;
            }
            ready[i] = time;
            bound += self.least[self.cell(i, time)];
        }
        if bound > limit {
            return;
        }
        for j in bits(left) {
            let stay = self.first[self.cell(j, ready[j])];
            if stay == NONE || self.before[j] & left != 0 {
                continue;
            }
            let own = self.cost[stay as usize];
            let Stay { start, departure } = self.stays.stay(stay as usize);
            let mut child_bound = state.priced + own;
            for i in bits(left & !(1 << j)) {
                let from = if self.apart[j] >> i & 1 == 1 { departure } else { start };
                child_bound += self.least[self.cell(i, ready[i].max(from))];
                if child_bound > limit {
                    break;
                }
            }
            if child_bound > limit {
                continue;
            }
            let first = next.arena.len() as u32;
            next.arena.extend(alongside.iter().filter(|&&(end, _)| end > start));
            let at = first as usize + next.arena[first as usize..].partition_point(|&(end, _)| end <= departure);
            next.arena.insert(at, (departure, self.need[j]));
            let child = State {
                placed: state.placed | 1 << j,
                cost: state.cost + self.instance.vessels()[j].weight * departure,
                priced: state.priced + own,
                bound: child_bound,
                time: start,
                alongside: (first, next.arena.len() as u32 - first),
                trace: Trace { parent: k, stay },
                dead: false,
                next: NONE,
            };
            self.insert(child, left & !(1 << j), next);
        }
    }

    /// Adds a state, unless one dominates it; marks those that it dominates.
    fn insert(&self, mut state: State, left: u64, layer: &mut Layer) {
        let smallest = bits(left).map(|i| self.need[i]).min().unwrap_or(i64::MAX);
        let range = |s: &State| s.alongside.0 as usize..(s.alongside.0 + s.alongside.1) as usize;
        let head = layer.head.get(&state.placed).copied().unwrap_or(NONE);
        let mut at = head;
        while at != NONE {
            let other = &layer.states[at as usize];
            if !other.dead {
                let (a, b) = (&layer.arena[range(other)], &layer.arena[range(&state)]);
                if other.cost <= state.cost && other.time <= state.time && self.leaves_more(a, b, state.time, smallest)
                {
                    layer.arena.truncate(state.alongside.0 as usize);
                    return;
                }
                if state.cost <= other.cost && state.time <= other.time && self.leaves_more(b, a, other.time, smallest)
                {
                    layer.states[at as usize].dead = true;
                }
            }
            at = layer.states[at as usize].next;
        }
        state.next = head;
        layer.head.insert(state.placed, layer.states.len() as u32);
        layer.states.push(state);
    }

    /// Whether profile `a` leaves at least as much free as `b` at every instant from `time` on, as far as a vessel of the
    /// `smallest` need can tell.
    fn leaves_more(&self, a: &[(i64, i64)], b: &[(i64, i64)], time: i64, smallest: i64) -> bool {
        let room = self.instance.room();
        let load = |profile: &[(i64, i64)], t: i64| -> i64 {
            profile.iter().filter(|&&(end, _)| end > t).map(|&(_, need)| need).sum()
        };
        // The load of `a` is largest just after `time` and where `b` drops.
        let no_less_free = |t: i64| {
            let theirs = load(b, t);
            room - theirs < smallest || load(a, t) <= theirs
        };
        no_less_free(time) && b.iter().all(|&(end, _)| end <= time || no_less_free(end))
    }
}

/// The members of a set.
fn bits(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = set.trailing_zeros() as usize;
        set = set & set.wrapping_sub(1);
        (at < 64).then_some(at)
    })
}
