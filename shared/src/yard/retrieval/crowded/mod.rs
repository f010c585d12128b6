//! The relaxed bay, where containers that were moved are gone from their stack but take the place of others.
//!
//! Every badly placed container is relocated at least once. If that is all it ever is, it goes on top of a stack that it is not in the way
//! of, and stays until its turn. So when a target is free, each blocker that was moved so far and has not left stands on something of its
//! own: on a stack as the targets so far have left it, or on another blocker that leaves later and was not below it at first. (What stands
//! between them for a time, or was moved early, need not be known: without it the rest of the stack is still in falling order.) A matching
//! of blockers to what they stand on decides whether this is possible; it is never undone, as what holds a blocker leaves after it.
//!
//! Where it is not possible, the bay is *stuck*: some plan's **extra** relocation is of one of the blockers that compete, or of a well
//! placed container on the way to a higher level of some stack. All choices are tried, and the fewest extras bound those of the bay. Jin
//! and Tanaka (2023, doi:10.1016/j.ejor.2022.04.006) count one extra each time that no stack takes some blocker, and then take the tops of
//! all stacks away.

mod state;

use super::bay::Bay;
use crate::yard::layout::STAYS;
use state::{NONE, State};

/// Stacks of the bays that this is for.
pub(super) const STACKS: usize = 24;

/// Stacks and blockers that hold others.
const HOLDERS: usize = 64;

/// Blockers whose relocation was counted as extra.
const FREED: usize = 4;

/// Ways out that are tried for one bay.
const TRIES: u32 = 300;

/// Most extras left for which a container taken away must find something to stand on.
const STAND: u32 = 1;

/// Where containers go that are taken away for an extra relocation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lowered {
    /// Nobody knows.
    Gone,
    /// All that can go where they stay.
    Stands,
}

/// What is in the way of whom when the bay is stuck.
#[derive(Clone, Copy)]
struct Stuck {
    turn: u16,
    /// Blockers that compete.
    blockers: u64,
    /// Those that had been moved before are below this one.
    first: usize,
    /// Cell of the blocker that fits nowhere at all.
    cell: Option<u32>,
    /// Lowest group of them.
    least: u16,
    /// `[stack]`: what the stacks take when the group leaves.
    levels: [u16; STACKS],
}

/// What an extra relocation is spent on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Way {
    #[default]
    None,
    /// The blocker of this cell is relocated once more.
    Freed(u32),
    /// The blocker with this number, which was moved for an earlier turn, is relocated once more.
    Risen(usize),
    /// The highest well placed container of this stack goes, with what is above.
    Lowered(usize),
}

/// Extras left of which a way out is kept in mind.
const HINTS: usize = 4;

/// Where the bay is stuck first when no extra relocation is made. While those that compete all stay, taking away another top leaves them as
/// few places or fewer, so the bay is stuck there again; unless a well placed top uncovers a level that one of them can go to.
#[derive(Clone, Copy, Debug)]
pub(super) struct FirstStuck {
    least: u16,
    /// Tops that compete, by stack, as bits.
    tops: u32,
}

impl FirstStuck {
    /// Whether the bay may not be stuck there once the top of the stack is gone.
    pub(super) fn may_be_freed_by(self, bay: &Bay, stack: usize) -> bool {
        let top = bay.top(stack);
        if top.is_bad() { self.tops >> stack & 1 == 1 } else { bay.under(stack).low >= self.least }
    }
}

/// Scratch of the bound.
#[derive(Debug, Default)]
pub(super) struct Crowded {
    /// `[extras used]`
    states: Vec<State>,
    /// `[extras used]`: as it was at the beginning of the turn.
    begins: Vec<State>,
    /// `[holder]`: cell of the blocker.
    cells: Vec<[u32; HOLDERS]>,
    tries: u32,
    /// `[extras left]`: the way out that was enough last. Bays that follow each other often have the same.
    hints: [Way; HINTS],
    /// Where the last bay was stuck first, where no extra relocation was left and one stack held the group.
    last: Option<FirstStuck>,
    /// Stacks looked at so far.
    pub(super) work: u64,
}

impl Crowded {
    /// The fewest extra relocations that the relaxed bay needs, or `limit + 1` where it needs more than `limit`.
    pub(super) fn extras(&mut self, bay: &Bay, limit: u32) -> u32 {
        (0..=limit).find(|&allowed| self.are_enough(bay, allowed, None)).unwrap_or(limit + 1)
    }

    /// Whether so many extra relocations are enough for the relaxed bay, once the top of `without` is gone.
    pub(super) fn are_enough(&mut self, bay: &Bay, extras: u32, without: Option<usize>) -> bool {
        while self.states.len() <= extras as usize {
            self.states.push(State::new());
            self.begins.push(State::new());
            self.cells.push([0; HOLDERS]);
        }
        self.tries = TRIES;
        let state = &mut self.states[0];
        let stacks = bay.stacks();
        state.tops[..stacks].copy_from_slice(&bay.tops);
        state.left = bay.bad;
        state.count = stacks;
        state.standing = 0;
        state.present = (1 << stacks) - 1;
        state.taken = 0;
        state.freed_count = 0;
        if let Some(stack) = without {
            state.tops[stack] -= 1;
            state.left -= u32::from(bay.top(stack).is_bad());
        }
        self.enough(bay, 0, extras)
    }

    /// What is stuck where no extra relocation is made, if anything is, as far as the first bad turn of one stack.
    pub(super) fn first_stuck(&mut self, bay: &Bay) -> Option<FirstStuck> {
        self.last = None;
        if self.are_enough(bay, 0, None) {
            return None;
        }
        self.last
    }

    fn enough(&mut self, bay: &Bay, row: usize, extras: u32) -> bool {
        loop {
            let state = &mut self.states[row];
            if state.left == 0 {
                return true;
            }
            self.work += bay.stacks() as u64;
            // Until the next blocker is in the way, all leave as they are.
            let tops = &mut state.tops[..bay.stacks()];
            let turn = tops.iter().map(|&top| bay.cells[top as usize].dig).min().unwrap_or(STAYS);
            if turn == STAYS {
                return true;
            }
            let mut stacks_of_turn = 0;
            for top in tops {
                let mut cell = &bay.cells[*top as usize];
                while cell.low < turn || cell.group == turn {
                    *top -= 1;
                    cell = &bay.cells[*top as usize];
                }
                stacks_of_turn += u32::from(cell.low == turn);
            }
            state.leave(turn);
            if extras > 0 {
                self.begins[row].copy_from(state, bay.stacks());
            }
            if let Some(stuck) = self.take_turn(bay, row, turn) {
                if extras == 0 && row == 0 && stacks_of_turn == 1 {
                    self.last = Some(self.first_of(bay, &stuck));
                }
                // Where several stacks hold the group, one of them may be lowered after the group has left it: too many ways out.
                return extras > 0 && (stacks_of_turn > 1 || self.try_ways_out(bay, row, extras, &stuck));
            }
        }
    }

    /// Lets the group leave after its blockers were moved. Or gives what is stuck.
    fn take_turn(&mut self, bay: &Bay, row: usize, turn: u16) -> Option<Stuck> {
        let state = &mut self.states[row];
        let cells = &mut self.cells[row];
        let stacks = bay.stacks();
        self.work += 4 * stacks as u64;
        let before = state.tops;
        let (levels, mut digs) = levels(bay, &mut state.tops, turn);
        let first = state.count;
        while digs != 0 {
            let stack = digs.trailing_zeros() as usize;
            digs &= digs - 1;
            for index in (state.tops[stack] + 1..=before[stack]).rev() {
                let group = bay.cells[index as usize].group;
                if group == turn {
                    continue;
                }
                state.left -= 1;
                if state.freed[..state.freed_count].contains(&index) {
                    continue;
                }
                let mut choices = 0_u64;
                for (other, &level) in levels[..stacks].iter().enumerate() {
                    choices |= u64::from(level >= group) << other;
                }
                choices &= !(1 << stack);
                if choices == 0 {
                    return Some(Stuck { turn, blockers: 0, first, cell: Some(index), least: group, levels });
                }
                if let Some(holder) = state.stand(group, stack, stacks, choices) {
                    cells[holder] = index;
                }
            }
        }
        let mut rest = state.standing;
        while rest != 0 {
            let blocker = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            if state.holders[blocker].on != NONE {
                continue;
            }
            let mut seen = 0;
            if !state.seat(blocker, &mut seen) {
                return Some(Stuck { levels, ..state.stuck(turn, blocker, seen, first) });
            }
        }
        None
    }

    /// Notes which tops compete.
    fn first_of(&self, bay: &Bay, stuck: &Stuck) -> FirstStuck {
        let mut tops = 0;
        for stack in 0..bay.stacks() {
            let top = bay.tops[stack];
            let mut rest = stuck.blockers;
            let mut competes = stuck.cell == Some(top);
            while rest != 0 {
                competes |= self.cells[0][rest.trailing_zeros() as usize] == top;
                rest &= rest - 1;
            }
            tops |= u32::from(competes) << stack;
        }
        FirstStuck { least: stuck.least, tops }
    }

    /// Whether one of the ways out leaves few enough extras.
    fn try_ways_out(&mut self, bay: &Bay, row: usize, extras: u32, stuck: &Stuck) -> bool {
        let slot = (extras as usize).min(HINTS - 1);
        let hint = self.hints[slot];
        if self.try_way(bay, row, extras, stuck, hint) {
            return true;
        }
        let cells = self.cells[row];
        let mut rest = stuck.blockers;
        let competing = std::iter::from_fn(|| {
            let blocker = (rest != 0).then_some(rest.trailing_zeros() as usize)?;
            rest &= rest - 1;
            Some(if blocker >= stuck.first { Way::Freed(cells[blocker]) } else { Way::Risen(blocker) })
        });
        let freed = stuck.cell.map(Way::Freed).into_iter().chain(competing);
        for way in freed.chain((0..bay.stacks()).map(Way::Lowered)).filter(|&way| way != hint) {
            if self.try_way(bay, row, extras, stuck, way) {
                self.hints[slot] = way;
                return true;
            }
        }
        false
    }

    /// Whether this way out is one here, and leaves few enough extras.
    fn try_way(&mut self, bay: &Bay, row: usize, extras: u32, stuck: &Stuck, way: Way) -> bool {
        match way {
            Way::None => false,
            Way::Freed(cell) => {
                let is_new = |&blocker: &usize| stuck.blockers >> blocker & 1 == 1 && self.cells[row][blocker] == cell;
                let competes = stuck.cell == Some(cell) || (stuck.first..HOLDERS).any(|blocker| is_new(&blocker));
                competes && self.try_freed(bay, row, extras, cell)
            }
            Way::Risen(blocker) => {
                if blocker >= stuck.first || stuck.blockers >> blocker & 1 == 0 {
                    return false;
                }
                if self.tries == 0 {
                    return true;
                }
                self.tries -= 1;
                self.states[row + 1].copy_from(&self.begins[row], bay.stacks());
                self.states[row + 1].free(blocker);
                self.enough(bay, row + 1, extras - 1)
            }
            Way::Lowered(stack) => stack < bay.stacks() && self.try_lower(bay, row, extras, stuck, stack),
        }
    }

    /// Whether it is enough to take a well placed container away from this stack, with what is above.
    fn try_lower(&mut self, bay: &Bay, row: usize, extras: u32, stuck: &Stuck, stack: usize) -> bool {
        // What is gone costs nobody a place. Where that is enough, it must be enough as well if they go where they stay, or if one of
        // them is relocated once more.
        let levels = stuck.levels;
        let Some(cost) = self.lower(bay, row, stack, stuck, &levels, Lowered::Gone, extras) else { return false };
        if self.tries == 0 {
            return true;
        }
        self.tries -= 1;
        if !self.enough(bay, row + 1, extras - cost) {
            return false;
        }
        if extras - cost > STAND || self.lower(bay, row, stack, stuck, &levels, Lowered::Stands, extras).is_none() {
            return true;
        }
        if self.enough(bay, row + 1, extras - cost) {
            return true;
        }
        cost < extras
            && self.lower(bay, row, stack, stuck, &levels, Lowered::Gone, extras).is_some()
            && self.enough(bay, row + 1, extras - cost - 1)
    }

    /// Whether it is enough to count the relocation of the container in this cell as extra.
    fn try_freed(&mut self, bay: &Bay, row: usize, extras: u32, cell: u32) -> bool {
        let state = &mut self.states[row + 1];
        state.copy_from(&self.begins[row], bay.stacks());
        if self.tries == 0 || state.freed_count == FREED {
            return true;
        }
        self.tries -= 1;
        state.freed[state.freed_count] = cell;
        state.freed_count += 1;
        self.enough(bay, row + 1, extras - 1)
    }

    /// Takes the highest well placed container off the stack, with what is above. Gives the extras that this costs at least.
    #[expect(clippy::too_many_arguments, reason = "one try, described in full")]
    fn lower(
        &mut self,
        bay: &Bay,
        row: usize,
        stack: usize,
        stuck: &Stuck,
        levels: &[u16; STACKS],
        how: Lowered,
        extras: u32,
    ) -> Option<u32> {
        let stacks = bay.stacks();
        self.work += 4 * stacks as u64;
        let begin = &self.begins[row];
        let mut top = begin.tops[stack] as usize;
        if bay.cells[top].low == stuck.turn {
            return None;
        }
        let state = &mut self.states[row + 1];
        state.copy_from(begin, stacks);
        let mut cost = 0;
        loop {
            let cell = bay.cells[top];
            if top == bay.grounds[stack] as usize {
                return None;
            }
            let mut choices = 0_u64;
            for (other, &level) in levels[..stacks].iter().enumerate() {
                choices |= u64::from(level >= cell.group) << other;
            }
            choices &= !(1 << stack);
            if how == Lowered::Stands && choices != 0 {
                state.stand(cell.group, stack, stacks, choices);
            }
            top -= 1;
            cost += u32::from(choices == 0);
            if !cell.is_bad() {
                cost += 1;
                if how == Lowered::Stands && choices == 0 {
                    return None;
                }
                break;
            }
            state.left -= 1;
        }
        let level = bay.cells[top].low;
        if cost > extras || cost == extras && level < stuck.least {
            return None;
        }
        state.tops[stack] = top as u32;
        let mut rest = state.standing;
        while rest != 0 {
            let blocker = &mut state.holders[rest.trailing_zeros() as usize];
            rest &= rest - 1;
            if blocker.group <= level && usize::from(blocker.origin) != stack {
                blocker.choices |= 1 << stack;
            }
        }
        Some(cost)
    }
}

/// `[stack]`: what the stacks take when the group leaves, 0 where nothing; and the stacks from which it does, as bits, which have left
/// these tops. A stack takes none of its own blockers.
fn levels(bay: &Bay, tops: &mut [u32; STACKS], turn: u16) -> ([u16; STACKS], u32) {
    let mut digs = 0_u32;
    let mut levels = [0_u16; STACKS];
    for (stack, top) in tops[..bay.stacks()].iter_mut().enumerate() {
        let cell = bay.cells[*top as usize];
        if cell.low == turn {
            digs |= 1 << stack;
            while bay.cells[*top as usize].low == turn {
                *top -= 1;
            }
            levels[stack] = bay.cells[*top as usize].low;
        } else if *top < bay.limits[stack] || cell.is_bad() {
            // A full stack takes something as soon as a badly placed container has left it.
            levels[stack] = cell.low;
        }
    }
    if digs.is_power_of_two() {
        // All are relocated before the group leaves its only stack.
        levels[digs.trailing_zeros() as usize] = 0;
    }
    (levels, digs)
}

impl State {
    /// The blocker finds nothing to stand on, and neither do those that stand on what it could.
    fn stuck(&self, turn: u16, blocker: usize, seen: u64, first: usize) -> Stuck {
        let mut stuck = Stuck {
            turn,
            blockers: 1 << blocker,
            first,
            cell: None,
            least: self.holders[blocker].group,
            levels: [0; STACKS],
        };
        let mut rest = seen;
        while rest != 0 {
            let other = self.holders[rest.trailing_zeros() as usize].holds;
            rest &= rest - 1;
            stuck.blockers |= 1 << other;
            stuck.least = stuck.least.min(self.holders[usize::from(other)].group);
        }
        stuck
    }
}
