//! The bay while containers leave: what every search step needs of a stack, kept up to date.

use crate::yard::heuristic::lanes::{find, padded, smallest};
use crate::yard::layout::{Layout, Relocation, STAYS};
use crate::yard::rules::Placement;

/// The group of what never leaves, and what an empty stack bears: everything is well placed on it.
pub(super) const NEVER: u16 = u16::MAX;

/// What does not change while containers move.
#[derive(Clone, Debug)]
pub(super) struct Shape<'a, P> {
    pub(super) placement: &'a P,
    pub(super) stacks: usize,
    /// Slots kept for a stack.
    pub(super) tiers: usize,
    /// `[stack]`: containers that it takes at most.
    pub(super) caps: Vec<u16>,
    /// `[kind]`: its turn, from 1 without holes; [`NEVER`] for what stays.
    pub(super) turns: Vec<u16>,
    /// Whether no two containers that leave share a turn.
    pub(super) distinct: bool,
    /// The turn of the last container that leaves; 0 when none does.
    pub(super) last_turn: u16,
    /// `[stack]`: stacks with equal seeds may be exchanged.
    seeds: Vec<u64>,
}

/// Stacks of an unlimited height are searched up to this many tiers above the highest, where there are many of them: a
/// higher stack would bury what it stands on, and its slots would cost memory in every state.
const HEADROOM: usize = 10;
const FULL_HEIGHT_SLOTS: usize = 8192;

impl<'a, P: Placement> Shape<'a, P> {
    pub(super) fn new(layout: &Layout, placement: &'a P) -> Self {
        let stacks = layout.stacks.len();
        let containers: usize = layout.stacks.iter().map(Vec::len).sum();
        let highest = layout.stacks.iter().map(Vec::len).max().unwrap_or(0);
        let enough = if stacks <= 8 || stacks * containers <= FULL_HEIGHT_SLOTS {
            containers
        } else {
            highest.max(containers.div_ceil(stacks)) + HEADROOM
        };
        let caps: Vec<u16> = layout.heights.iter().map(|&cap| cap.min(enough.min(usize::from(NEVER)) as u16)).collect();
        let tiers = caps.iter().map(|&cap| usize::from(cap)).max().unwrap_or(0).max(highest);
        let mut leaving: Vec<u16> =
            layout.stacks.iter().flatten().map(|&kind| layout.groups[usize::from(kind)]).collect();
        leaving.retain(|&group| group != STAYS);
        leaving.sort_unstable();
        let all = leaving.len();
        leaving.dedup();
        let distinct = leaving.len() == all;
        let turn = |group: u16| match leaving.binary_search(&group) {
            Ok(rank) if group != STAYS => (rank + 1).min(usize::from(NEVER) - 1) as u16,
            _ => NEVER,
        };
        let turns: Vec<u16> = layout.groups.iter().map(|&group| turn(group)).collect();
        let last_turn = leaving.len().min(usize::from(NEVER) - 1) as u16;
        let class = |stack: usize| if P::FREE { u64::from(caps[stack]) } else { stack as u64 };
        let seeds = (0..stacks).map(|stack| mix(class(stack) + 1)).collect();
        Self { placement, stacks, tiers, caps, turns, distinct, last_turn, seeds }
    }
}

/// The finisher of `SplitMix64`.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// One state. `[stack]` unless said otherwise, with stacks that do not exist at the end for `lanes`.
#[derive(Clone, Debug, Default)]
pub(super) struct Bay {
    pub(super) height: Vec<u16>,
    /// Turn of the top container; [`NEVER`] when empty.
    pub(super) top: Vec<u16>,
    /// The earliest turn in the stack; [`NEVER`] when empty. The top is badly placed where it is later.
    pub(super) first: Vec<u16>,
    /// `first` where the stack has room, else 0: a container of this turn or an earlier one is well placed on it.
    pub(super) open: Vec<u16>,
    /// `[stack * tiers + tier]`
    kinds: Vec<u16>,
    /// `[stack * tiers + tier]`: the earliest turn from the ground up to here.
    lows: Vec<u16>,
    /// `[turn]`: the stack of the container, where turns are distinct.
    holders: Vec<u16>,
    /// Containers above one that leaves earlier.
    pub(super) bad: u32,
    /// Whose turn it is; [`NEVER`] when all have left. Set by `settle`.
    pub(super) turn: u16,
}

impl Bay {
    pub(super) fn new<P: Placement>(shape: &Shape<'_, P>, layout: &Layout) -> Self {
        let mut bay = Self::empty(shape);
        for (stack, kinds) in layout.stacks.iter().enumerate() {
            for &kind in kinds {
                bay.push(shape, stack, kind);
            }
        }
        bay
    }

    pub(super) fn empty<P: Placement>(shape: &Shape<'_, P>) -> Self {
        let slots = shape.stacks * shape.tiers;
        let padded = padded(shape.stacks);
        let mut open: Vec<u16> = shape.caps.iter().map(|&cap| if cap > 0 { NEVER } else { 0 }).collect();
        open.resize(padded, 0);
        Self {
            height: vec![0; shape.stacks],
            top: vec![NEVER; padded],
            first: vec![NEVER; padded],
            open,
            kinds: vec![0; slots],
            lows: vec![0; slots],
            holders: vec![0; if shape.distinct { usize::from(shape.last_turn) + 1 } else { 0 }],
            bad: 0,
            turn: NEVER,
        }
    }

    pub(super) fn copy_from(&mut self, other: &Self) {
        self.height.copy_from_slice(&other.height);
        self.top.copy_from_slice(&other.top);
        self.first.copy_from_slice(&other.first);
        self.open.copy_from_slice(&other.open);
        self.kinds.copy_from_slice(&other.kinds);
        self.lows.copy_from_slice(&other.lows);
        self.holders.copy_from_slice(&other.holders);
        self.bad = other.bad;
        self.turn = other.turn;
    }

    /// Writes the heights, then the kinds from the ground up.
    pub(super) fn pack<P>(&self, shape: &Shape<'_, P>, packed: &mut [u16]) {
        let (heights, mut contents) = packed.split_at_mut(shape.stacks);
        heights.copy_from_slice(&self.height);
        for stack in 0..shape.stacks {
            let kinds = self.stack(shape, stack);
            let (here, rest) = contents.split_at_mut(kinds.len());
            here.copy_from_slice(kinds);
            contents = rest;
        }
    }

    pub(super) fn unpack<P: Placement>(&mut self, shape: &Shape<'_, P>, packed: &[u16]) {
        let (heights, mut contents) = packed.split_at(shape.stacks);
        self.bad = 0;
        for (stack, &height) in heights.iter().enumerate() {
            self.height[stack] = 0;
            self.look(shape, stack);
            let (here, rest) = contents.split_at(usize::from(height));
            for &kind in here {
                self.push(shape, stack, kind);
            }
            contents = rest;
        }
        self.turn = smallest(&self.first);
    }

    /// The kinds of a stack, from the ground up.
    pub(super) fn stack<P>(&self, shape: &Shape<'_, P>, stack: usize) -> &[u16] {
        let ground = stack * shape.tiers;
        &self.kinds[ground..ground + usize::from(self.height[stack])]
    }

    pub(super) fn top_kind<P>(&self, shape: &Shape<'_, P>, stack: usize) -> Option<u16> {
        self.stack(shape, stack).last().copied()
    }

    /// The earliest turn below the top; [`NEVER`] where nothing is.
    #[inline]
    pub(super) fn first_below<P>(&self, shape: &Shape<'_, P>, stack: usize) -> u16 {
        match self.height[stack] {
            0 | 1 => NEVER,
            height => self.lows[stack * shape.tiers + usize::from(height) - 2],
        }
    }

    /// What stands directly below the top.
    pub(super) fn kind_below<P>(&self, shape: &Shape<'_, P>, stack: usize) -> Option<u16> {
        self.stack(shape, stack).iter().rev().nth(1).copied()
    }

    #[inline]
    pub(super) fn is_bad(&self, stack: usize) -> bool {
        self.top[stack] > self.first[stack]
    }

    /// Recomputes what is known of a stack's top.
    #[inline]
    fn look<P>(&mut self, shape: &Shape<'_, P>, stack: usize) {
        let height = usize::from(self.height[stack]);
        let (top, first) = if height == 0 {
            (NEVER, NEVER)
        } else {
            let slot = stack * shape.tiers + height - 1;
            (shape.turns[usize::from(self.kinds[slot])], self.lows[slot])
        };
        self.top[stack] = top;
        self.first[stack] = first;
        self.open[stack] = if height < usize::from(shape.caps[stack]) { first } else { 0 };
    }

    #[inline]
    pub(super) fn push<P>(&mut self, shape: &Shape<'_, P>, stack: usize, kind: u16) {
        let turn = shape.turns[usize::from(kind)];
        let slot = stack * shape.tiers + usize::from(self.height[stack]);
        let first = self.first[stack];
        self.bad += u32::from(turn > first);
        self.kinds[slot] = kind;
        self.lows[slot] = first.min(turn);
        if let Some(holder) = self.holders.get_mut(usize::from(turn)) {
            *holder = stack as u16;
        }
        self.height[stack] += 1;
        self.look(shape, stack);
    }

    #[inline]
    pub(super) fn pop<P>(&mut self, shape: &Shape<'_, P>, stack: usize) -> u16 {
        self.bad -= u32::from(self.is_bad(stack));
        self.height[stack] -= 1;
        let kind = self.kinds[stack * shape.tiers + usize::from(self.height[stack])];
        self.look(shape, stack);
        kind
    }

    #[inline]
    pub(super) fn relocate<P>(&mut self, shape: &Shape<'_, P>, step: Relocation) {
        let kind = self.pop(shape, usize::from(step.from));
        self.push(shape, usize::from(step.to), kind);
    }

    /// Retrieves every container whose turn it is, as long as one is on top. `changed` sees their stacks. Returns whether
    /// containers are left that leave.
    #[inline]
    pub(super) fn settle<P>(&mut self, shape: &Shape<'_, P>, mut changed: impl FnMut(usize)) -> bool {
        if shape.distinct {
            return self.settle_distinct(shape, changed);
        }
        loop {
            self.turn = smallest(&self.first);
            if self.turn == NEVER {
                return false;
            }
            let Some(mut stack) = find(&self.top, self.turn) else { return true };
            loop {
                while self.top[stack] == self.turn {
                    self.pop(shape, stack);
                    changed(stack);
                }
                match find(&self.top, self.turn) {
                    Some(next) => stack = next,
                    None => break,
                }
            }
        }
    }

    /// Turns are counted up, and the stack of each is known.
    #[inline]
    fn settle_distinct<P>(&mut self, shape: &Shape<'_, P>, mut changed: impl FnMut(usize)) -> bool {
        if self.turn == NEVER {
            self.turn = smallest(&self.first);
        }
        while let Some(stack) = self.holder(self.turn) {
            if self.top[stack] != self.turn {
                return true;
            }
            self.pop(shape, stack);
            self.turn += 1;
            changed(stack);
        }
        self.turn = NEVER;
        false
    }

    /// Whether the stack has room and the rules let the kind stand on its top.
    #[inline]
    pub(super) fn takes<P: Placement>(&self, shape: &Shape<'_, P>, stack: usize, kind: u16) -> bool {
        self.height[stack] < shape.caps[stack]
            && (P::FREE || shape.placement.allows(kind, stack, self.top_kind(shape, stack)))
    }

    /// The stack of the container whose turn this is, where turns are distinct and it has not left.
    #[inline]
    pub(super) fn holder(&self, turn: u16) -> Option<usize> {
        self.holders.get(usize::from(turn)).map(|&holder| usize::from(holder))
    }

    /// Containers above the highest one of the current turn, in a stack that holds one.
    pub(super) fn blockers<P>(&self, shape: &Shape<'_, P>, stack: usize) -> usize {
        let turn = self.turn;
        let above = self.stack(shape, stack).iter().rev().take_while(|&&kind| shape.turns[usize::from(kind)] != turn);
        above.count()
    }

    /// The stack to dig in: of those with a container whose turn it is the one with the fewest above it.
    #[inline]
    pub(super) fn target<P>(&self, shape: &Shape<'_, P>) -> usize {
        if let Some(holder) = self.holder(self.turn) {
            return holder;
        }
        let Some(mut best) = find(&self.first, self.turn) else { return 0 };
        let mut fewest = usize::MAX;
        for stack in (best + 1..shape.stacks).filter(|&stack| self.first[stack] == self.turn) {
            if fewest == usize::MAX {
                fewest = self.blockers(shape, best);
            }
            let blockers = self.blockers(shape, stack);
            if blockers < fewest {
                (best, fewest) = (stack, blockers);
            }
        }
        best
    }

    /// The same for states that differ in the order of like stacks only.
    pub(super) fn hash<P>(&self, shape: &Shape<'_, P>) -> u64 {
        let one = |stack: usize| {
            let seed = shape.seeds[stack];
            mix(self
                .stack(shape, stack)
                .iter()
                .fold(seed, |hash, &kind| (hash ^ u64::from(kind)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29)))
        };
        (0..shape.stacks).fold(0, |sum: u64, stack| sum.wrapping_add(one(stack)))
    }
}
