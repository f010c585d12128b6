//! A bay that moves forth and back, with everything the search asks of it kept up to date.
//!
//! Each stack begins with a cell for the ground, so that the top of an empty stack needs no special case. A cell knows the lowest group
//! from the ground up to itself: that of the top cell is the **level** of the stack, the latest group that may stand there without being
//! in the way. A container is badly placed where its group is above the level of its cell.
//!
//! The key of a bay is the sum of one hash a stack, so bays that differ in the order of their stacks alone have one key, and a move
//! changes two summands. Stacks that differ in height limit or rules differ in the hash of their ground.

use crate::yard::layout::{Layout, Relocation, STAYS};
use crate::yard::rules::Placement;

/// A set of ranks.
pub(super) type Ranks = u128;

/// Containers beyond have no rank of their own.
pub(super) const RANKS: usize = Ranks::BITS as usize;

/// One tier of one stack, or its ground.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    /// When the container leaves. The ground stays.
    pub(super) group: u16,
    /// Lowest group from the ground up to here.
    pub(super) low: u16,
    /// What kind of container it is.
    pub(super) kind: u16,
    /// Which relocation put it here: 0 where none did, else its number, from 1.
    pub(super) moved: u16,
    /// Its rank among all containers in the order in which they leave; [`RANKS`] where that is no rank.
    pub(super) rank: u8,
    /// Rank of the first container of its group.
    pub(super) first: u8,
    /// Lowest `first` from the ground up to here of what leaves.
    pub(super) level: u8,
    /// Levels from the ground up to here.
    pub(super) levels: Ranks,
    /// Levels from the ground up to here below which something is badly placed: it must have moved when these groups leave.
    pub(super) digs: Ranks,
    /// Well placed ranks from the ground up to here.
    pub(super) good: Ranks,
    /// Badly placed ranks from the ground up to here.
    pub(super) bad: Ranks,
    /// Hash of the stack up to here.
    hash: u64,
}

impl Cell {
    /// Whether a container that leaves earlier is below.
    pub(super) fn is_bad(self) -> bool {
        self.group > self.low
    }
}

/// A relocation that was made, and what is needed to take it back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) group: u16,
    moved: u16,
    /// Length of the list of retrievals before.
    retrieved: u32,
    /// When the two stacks were last changed before.
    changed: [u32; 2],
}

#[derive(Clone, Copy, Debug)]
struct Retrieval {
    stack: u32,
    cell: Cell,
    changed: u32,
}

/// 128 bits that tell bays apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) low: u64,
    pub(super) high: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Bay {
    pub(super) cells: Vec<Cell>,
    /// `[stack]`: index of the top cell.
    pub(super) tops: Vec<u32>,
    /// `[stack]`: index of the ground cell.
    pub(super) grounds: Vec<u32>,
    /// `[stack]`: index of the highest cell that may be filled.
    pub(super) limits: Vec<u32>,
    /// `[stack]`: class of stacks that can stand for each other.
    pub(super) classes: Vec<u16>,
    /// `[stack]`: twice the number of the relocation that last changed it, and one more where a retrieval after it did.
    pub(super) changed: Vec<u32>,
    /// Containers that will leave.
    pub(super) leaving: u32,
    /// Badly placed containers.
    pub(super) bad: u32,
    pub(super) key: Key,
    /// `[first rank of a group]`: all ranks up to this group's last.
    pub(super) through: Vec<Ranks>,
    /// Whether a stack can be full.
    pub(super) is_tight: bool,
    pub(super) steps: Vec<Step>,
    retrieved: Vec<Retrieval>,
}

/// The finalizer of `SplitMix64`.
pub(super) fn mix(value: u64) -> u64 {
    let z = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Bay {
    /// The bay of a layout, after everything has left that can.
    pub(super) fn new<P: Placement>(layout: &Layout, placement: &P) -> Self {
        let count = layout.stacks.iter().map(Vec::len).sum::<usize>();
        let classes = classes(layout, placement);
        let mut bay = Self {
            cells: Vec::new(),
            tops: Vec::new(),
            grounds: Vec::new(),
            limits: Vec::new(),
            changed: vec![0; layout.stacks.len()],
            leaving: 0,
            bad: 0,
            key: Key::default(),
            through: Vec::new(),
            is_tight: layout.heights.iter().any(|&height| usize::from(height) < count),
            steps: Vec::new(),
            retrieved: Vec::new(),
            classes,
        };
        let (firsts, mut ranks) = bay.rank(layout);
        for (stack, kinds) in layout.stacks.iter().enumerate() {
            let tiers = usize::from(layout.heights[stack]).min(count).max(kinds.len());
            let ground = bay.cells.len() as u32;
            let hash = mix(0x5851_F42D_4C95_7F2D ^ u64::from(bay.classes[stack]));
            let empty = Cell {
                group: STAYS,
                low: STAYS,
                kind: u16::MAX,
                moved: 0,
                rank: RANKS as u8,
                first: RANKS as u8,
                level: RANKS as u8,
                levels: 0,
                digs: 0,
                good: 0,
                bad: 0,
                hash,
            };
            bay.cells.resize(bay.cells.len() + tiers + 1, empty);
            bay.grounds.push(ground);
            bay.tops.push(ground);
            bay.limits.push(ground + u32::from(layout.heights[stack]).min(tiers as u32));
            bay.count_key(hash, true);
            for &kind in kinds {
                let group = layout.groups[usize::from(kind)];
                // Without rules a group is all there is to know of a container.
                let kind_known = if P::FREE { group } else { kind };
                let rank = ranks[usize::from(kind)];
                ranks[usize::from(kind)] += 1;
                let first = firsts[usize::from(kind)].min(RANKS) as u8;
                bay.push(stack, Cell { group, kind: kind_known, rank: rank.min(RANKS) as u8, first, ..empty }, 0);
                bay.leaving += u32::from(group != STAYS);
            }
        }
        bay.settle(0);
        bay.retrieved.clear();
        bay
    }

    /// The first rank of the lowest group in the set.
    pub(super) fn first_of(&self, ranks: Ranks) -> u8 {
        let least = (ranks.trailing_zeros() as usize).min(RANKS - 1);
        self.through[..=least].partition_point(|&through| through < self.through[least]) as u8
    }

    /// `[kind]`: the first rank of its group, and the first rank of the kind.
    fn rank(&mut self, layout: &Layout) -> (Vec<usize>, Vec<usize>) {
        let mut counts = vec![0; layout.groups.len()];
        for &kind in layout.stacks.iter().flatten() {
            counts[usize::from(kind)] += 1;
        }
        let mut order: Vec<usize> = (0..counts.len()).collect();
        order.sort_by_key(|&kind| layout.groups[kind]);
        let (mut firsts, mut ranks) = (vec![0; counts.len()], vec![0; counts.len()]);
        let mut next = 0;
        for kinds in order.chunk_by(|&one, &other| layout.groups[one] == layout.groups[other]) {
            let first = next;
            for &kind in kinds {
                (firsts[kind], ranks[kind]) = (first, next);
                next += counts[kind];
            }
            while self.through.len() < next.min(RANKS) {
                self.through.push(if next < RANKS { (1 << next) - 1 } else { Ranks::MAX });
            }
        }
        (firsts, ranks)
    }

    pub(super) fn stacks(&self) -> usize {
        self.tops.len()
    }

    pub(super) fn top(&self, stack: usize) -> Cell {
        self.cells[self.tops[stack] as usize]
    }

    /// Latest group that may be put on the stack without being in the way.
    pub(super) fn level(&self, stack: usize) -> u16 {
        self.top(stack).low
    }

    /// What the top container stands on.
    pub(super) fn under(&self, stack: usize) -> Cell {
        self.cells[self.tops[stack] as usize - 1]
    }

    pub(super) fn is_empty(&self, stack: usize) -> bool {
        self.tops[stack] == self.grounds[stack]
    }

    pub(super) fn has_room(&self, stack: usize) -> bool {
        self.tops[stack] < self.limits[stack]
    }

    /// The group whose turn it is.
    pub(super) fn turn(&self) -> u16 {
        (0..self.stacks()).map(|stack| self.level(stack)).min().unwrap_or(STAYS)
    }

    /// Whether the top container of one stack may be put on another: there is room, and the rules agree.
    pub(super) fn takes<P: Placement>(&self, placement: &P, kind: u16, to: usize) -> bool {
        self.has_room(to) && (P::FREE || placement.allows(kind, to, (!self.is_empty(to)).then(|| self.top(to).kind)))
    }

    fn count_key(&mut self, hash: u64, comes: bool) {
        let other = hash.rotate_left(23).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let other = other ^ (other >> 29);
        if comes {
            self.key.low = self.key.low.wrapping_add(hash);
            self.key.high = self.key.high.wrapping_add(other);
        } else {
            self.key.low = self.key.low.wrapping_sub(hash);
            self.key.high = self.key.high.wrapping_sub(other);
        }
    }

    /// Puts a container on the stack that was in this cell before.
    fn push(&mut self, stack: usize, container: Cell, moved: u16) {
        let Cell { group, kind, first, .. } = container;
        let top = self.tops[stack] as usize;
        let below = self.cells[top];
        let hash = mix(below.hash.wrapping_add(0xD6E8_FEB8_6659_FD93_u64.wrapping_mul(u64::from(kind) + 1)));
        let low = below.low.min(group);
        let level = if group == STAYS { below.level } else { below.level.min(first) };
        let bit = Ranks::from(usize::from(level) < RANKS) << (usize::from(level) & (RANKS - 1));
        let (levels, digs) = (below.levels | bit, if group > low { below.digs | bit } else { below.digs });
        let own = Ranks::from(usize::from(container.rank) < RANKS) << (usize::from(container.rank) & (RANKS - 1));
        let (good, bad) = if group > low { (below.good, below.bad | own) } else { (below.good | own, below.bad) };
        let cell = Cell { low, moved, level, levels, digs, good, bad, hash, ..container };
        self.cells[top + 1] = cell;
        self.tops[stack] += 1;
        self.bad += u32::from(cell.is_bad());
        self.count_key(below.hash, false);
        self.count_key(hash, true);
    }

    fn pop(&mut self, stack: usize) -> Cell {
        let top = self.tops[stack] as usize;
        let cell = self.cells[top];
        self.tops[stack] -= 1;
        self.bad -= u32::from(cell.is_bad());
        self.count_key(cell.hash, false);
        self.count_key(self.cells[top - 1].hash, true);
        cell
    }

    /// Lets everything leave that can. `clock` is when this happens.
    fn settle(&mut self, clock: u32) {
        while self.leaving > 0 {
            let mut turn = STAYS;
            let mut ready = None;
            for stack in 0..self.stacks() {
                let top = self.top(stack);
                if top.low < turn {
                    turn = top.low;
                    ready = None;
                }
                if top.group == turn && ready.is_none() && turn != STAYS {
                    ready = Some(stack);
                }
            }
            let Some(stack) = ready else { return };
            let cell = self.pop(stack);
            self.retrieved.push(Retrieval { stack: stack as u32, cell, changed: self.changed[stack] });
            self.changed[stack] = clock;
            self.leaving -= 1;
        }
    }

    /// Relocates the top container, and lets everything leave that can then.
    pub(super) fn relocate(&mut self, from: usize, to: usize) {
        let retrieved = self.retrieved.len() as u32;
        let number = self.steps.len() as u32 + 1;
        let cell = self.pop(from);
        self.push(to, cell, number as u16);
        self.steps.push(Step {
            from: from as u32,
            to: to as u32,
            group: cell.group,
            moved: cell.moved,
            retrieved,
            changed: [self.changed[from], self.changed[to]],
        });
        self.changed[from] = 2 * number;
        self.changed[to] = 2 * number;
        // Only what the container stood on can have become free, unless it is itself what all wait for.
        self.settle(2 * number + 1);
    }

    /// Takes the last relocation back.
    pub(super) fn undo(&mut self) {
        let Some(step) = self.steps.pop() else { return };
        while self.retrieved.len() > step.retrieved as usize {
            let Some(Retrieval { stack, cell, changed }) = self.retrieved.pop() else { break };
            self.push(stack as usize, cell, cell.moved);
            self.changed[stack as usize] = changed;
            self.leaving += 1;
        }
        let (from, to) = (step.from as usize, step.to as usize);
        let cell = self.pop(to);
        self.push(from, cell, step.moved);
        self.changed[from] = step.changed[0];
        self.changed[to] = step.changed[1];
    }

    /// What left after the last relocation: the relocation that had put it there, by number, and its group.
    pub(super) fn left(&self) -> impl Iterator<Item = (u16, u16)> + '_ {
        let first = self.steps.last().map_or(0, |step| step.retrieved as usize);
        self.retrieved[first..].iter().map(|retrieval| (retrieval.cell.moved, retrieval.cell.group))
    }

    /// The relocations made so far.
    pub(super) fn plan(&self) -> Vec<Relocation> {
        self.steps.iter().map(|step| Relocation { from: step.from as u16, to: step.to as u16 }).collect()
    }
}

/// Numbers the classes of stacks that can stand for each other: of one height, and with rules only of one stack each, as two stacks
/// rarely agree in all rules.
fn classes<P: Placement>(layout: &Layout, _placement: &P) -> Vec<u16> {
    if !P::FREE {
        return (0..layout.stacks.len() as u16).collect();
    }
    let count = layout.stacks.iter().map(Vec::len).sum::<usize>();
    let limits: Vec<usize> = layout.heights.iter().map(|&height| usize::from(height).min(count)).collect();
    let mut known = limits.clone();
    known.sort_unstable();
    known.dedup();
    limits.iter().map(|limit| known.partition_point(|other| other < limit) as u16).collect()
}
