//! Positions along the quay for vessels whose times are fixed.
//!
//! With fixed times the question is the "dynamic storage" or interval colouring problem with contiguous colours: vessels that
//! are alongside together need disjoint ranges of the quay. It is NP-hard in general and easy here, as only a few vessels are
//! alongside at once. The search decides for each pair that meets which one lies to the left, and keeps for each vessel the
//! least and greatest position that the decisions imply (longest paths from both ends).

/// A vessel alongside: `[start, end)` in time, and how much of the quay it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// When it berths.
    pub(crate) start: i64,
    /// When it sails.
    pub(crate) end: i64,
    /// Its length with its gap.
    pub(crate) need: i64,
    /// The part of the room that it lies in, its gap included.
    pub(crate) within: (i64, i64),
}

/// What the search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Places {
    /// Positions, as long as the blocks.
    Found(Vec<i64>),
    /// There are none.
    Impossible,
    /// The search was given up.
    Unknown,
}

/// Decisions tried before giving up.
const TRIES: u64 = 20_000;

/// Positions within each block's part of the room, without overlap.
pub(crate) fn places(room: i64, blocks: &[Block]) -> Places {
    let mut open = Vec::new();
    for i in 0..blocks.len() {
        for j in i + 1..blocks.len() {
            if blocks[i].start < blocks[j].end && blocks[j].start < blocks[i].end {
                open.push((i, j));
            }
        }
    }
    // The pairs that leave least room first: deciding them moves the ranges most.
    open.sort_by_key(|&(i, j)| (room - blocks[i].need - blocks[j].need, i, j));
    if open.first().is_some_and(|&(i, j)| blocks[i].need + blocks[j].need > room) {
        return Places::Impossible;
    }
    let range: Vec<Range> = blocks.iter().map(|b| (b.within.0, b.within.1 - b.need)).collect();
    let is_symmetric = blocks.iter().all(|b| b.within == (0, room));
    let mut search = Search { blocks, is_symmetric, tries: 0 };
    match search.decide(State { range, open, arcs: Vec::new() }) {
        Some(range) => Places::Found(range.into_iter().map(|(low, _)| low).collect()),
        None if search.tries > TRIES => Places::Unknown,
        None => Places::Impossible,
    }
}

/// Least and greatest position of a block.
type Range = (i64, i64);

#[derive(Clone)]
struct State {
    range: Vec<Range>,
    /// Pairs that meet and are not decided.
    open: Vec<(usize, usize)>,
    /// Left, right.
    arcs: Vec<(usize, usize)>,
}

struct Search<'a> {
    blocks: &'a [Block],
    /// Whether the mirror image of a solution is one.
    is_symmetric: bool,
    tries: u64,
}

impl Search<'_> {
    /// Ranges whose lower ends together are a solution.
    fn decide(&mut self, mut state: State) -> Option<Vec<Range>> {
        self.tries += 1;
        if self.tries > TRIES || !self.propagate(&mut state) {
            return None;
        }
        // A pair whose lower ends are apart may stay undecided: they are a solution if that holds for all.
        let apart = |low: &[Range], i: usize, j: usize| low[j].0 >= low[i].0 + self.blocks[i].need;
        let range = &state.range;
        let Some(at) = state.open.iter().position(|&(i, j)| !apart(range, i, j) && !apart(range, j, i)) else {
            return Some(state.range);
        };
        let (i, j) = state.open.remove(at);
        // Where the mirror image of a solution is one, the first decision needs only one side.
        let sides = if self.is_symmetric && state.arcs.is_empty() { &[(i, j)][..] } else { &[(i, j), (j, i)][..] };
        for &arc in sides {
            let mut child = state.clone();
            child.arcs.push(arc);
            if let Some(found) = self.decide(child) {
                return Some(found);
            }
        }
        None
    }

    /// Longest paths along the arcs, and the arcs that they force. Whether the ranges stay non-empty.
    fn propagate(&self, state: &mut State) -> bool {
        let need = |i: usize| self.blocks[i].need;
        loop {
            let mut changed = false;
            let range = &mut state.range;
            for &(left, right) in &state.arcs {
                let low = range[left].0 + need(left);
                let high = range[right].1 - need(left);
                if low > range[right].0 {
                    range[right].0 = low;
                    changed = true;
                }
                if high < range[left].1 {
                    range[left].1 = high;
                    changed = true;
                }
                if range[left].0 > range[left].1 || range[right].0 > range[right].1 {
                    return false;
                }
            }
            let fits = |left: usize, right: usize| range[left].0 + need(left) <= range[right].1;
            let arcs = &mut state.arcs;
            let mut possible = true;
            state.open.retain(|&(i, j)| {
                let sides = (fits(i, j), fits(j, i));
                match sides {
                    (true, true) => return true,
                    (true, false) => arcs.push((i, j)),
                    (false, true) => arcs.push((j, i)),
                    (false, false) => possible = false,
                }
                changed = true;
                false
            });
            if !possible {
                return false;
            }
            if !changed {
                return true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    /// Whether the blocks `(start, end, need)` have positions within `room`, by enumeration.
    fn fits(room: i64, blocks: &[(i64, i64, i64)]) -> bool {
        place(room, blocks, &mut vec![None; blocks.len()])
    }

    /// Pushed to the left as far as it goes, every block touches the end or a block on its left. Placed by growing position, each
    /// lands at the right end of the placed blocks that it meets.
    fn place(room: i64, blocks: &[(i64, i64, i64)], at: &mut Vec<Option<i64>>) -> bool {
        let mut done = true;
        for i in 0..blocks.len() {
            if at[i].is_some() {
                continue;
            }
            done = false;
            let (start, end, need) = blocks[i];
            let position = (0..blocks.len())
                .filter(|&j| blocks[j].0 < end && start < blocks[j].1)
                .filter_map(|j| at[j].map(|p| p + blocks[j].2))
                .max()
                .unwrap_or(0);
            if position + need <= room {
                at[i] = Some(position);
                let found = place(room, blocks, at);
                at[i] = None;
                if found {
                    return true;
                }
            }
        }
        done
    }

    #[test]
    fn agrees_with_enumeration() {
        let mut rng = Rng::new(5);
        let mut impossible = 0;
        for _ in 0..3000 {
            let count = 2 + rng.below(5);
            let mut block = || {
                let start = rng.below(6) as i64;
                Block { start, end: start + 1 + rng.below(5) as i64, need: 1 + rng.below(6) as i64, within: (0, 10) }
            };
            let blocks: Vec<Block> = (0..count).map(|_| block()).collect();
            let tuples: Vec<(i64, i64, i64)> = blocks.iter().map(|b| (b.start, b.end, b.need)).collect();
            match places(10, &blocks) {
                Places::Found(at) => {
                    for i in 0..count {
                        assert!(at[i] >= 0 && at[i] + blocks[i].need <= 10);
                        for j in 0..i {
                            let (a, b) = (blocks[i], blocks[j]);
                            let meet = a.start < b.end && b.start < a.end;
                            assert!(!meet || at[i] + a.need <= at[j] || at[j] + b.need <= at[i]);
                        }
                    }
                }
                Places::Impossible => {
                    impossible += 1;
                    assert!(!fits(10, &tuples));
                }
                Places::Unknown => panic!("gave up on a tiny case"),
            }
        }
        assert!(impossible > 300);
    }
}
