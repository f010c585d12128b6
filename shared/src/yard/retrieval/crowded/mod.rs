//! The relaxed bay, where containers that were moved are gone from their stack but take the place of others.
//!
//! Every badly placed container is relocated at least once. If that is all it ever is, it goes on top of a stack that it is not in the way
//! of, and stays until its turn. So when a target is free, each blocker that was moved so far and has not left stands on something of its
//! own: on a stack as the targets so far have left it, or on another blocker that leaves later and was not below it at first. (What stands
//! between them for a time, or was moved early, need not be known: without it the rest of the stack is still in falling order.) A matching
//! of blockers to what they stand on decides whether this is possible; it is never undone, as what holds a blocker leaves after it.
//!
//! A blocker stands on one that must be dug for a later turn only where that may have been moved before it. What is below a well placed
//! container cannot, as long as that has not left. And all have a slot: a second matching gives blockers to stacks that have room for them
//! beside what is well placed there and what cannot have gone.
//!
//! Where it is not possible, the bay is *stuck*: some plan's **extra** relocation is of one of the blockers that compete, or of a well
//! placed container on the way to a higher level of some stack. All choices are tried, and the fewest extras bound those of the bay. A
//! blocker that no stack takes lands where it is in the way again, at best on the highest level, and must stand when that group leaves. Jin
//! and Tanaka (2023, doi:10.1016/j.ejor.2022.04.006) count one extra each time that no stack takes some blocker, and then take the tops of
//! all stacks away.
//!
//! Sets are of ranks, the order in which containers leave, in one word: levels, turns and blockers are read off in a few instructions.
//!
//! What did not help: to ask a weaker bound first (the relaxed bay without places, 28 % of the time); to put each of those that compete
//! on a stack that was lowered for them in turn (up to four times fewer bays, but too strong where another extra is left: it was wrong on one
//! small bay in two hundred); to let relocations wait that nothing needs before the next container leaves, with what is left loose as part of the key of a
//! bay (a tenth fewer plans, but fewer bays are met twice).

mod state;
mod turn;

use super::bay::{Bay, RANKS, Ranks};
use state::{NONE, State, each};
use turn::{Stuck, takers};

/// Stacks of the bays that this is for.
pub(super) const STACKS: usize = 24;

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

/// What an extra relocation is spent on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Way {
    #[default]
    None,
    /// This blocker is relocated once more.
    Freed(usize),
    /// The highest well placed container of this stack goes, with what is above.
    Lowered(usize),
}

/// Extras left of which a way out is kept in mind.
const HINTS: usize = 4;

/// Where the bay is stuck first when no extra relocation is made. While those that compete all stay, taking away another top leaves them as
/// few places or fewer, so the bay is stuck there again; unless a well placed top uncovers a level that one of them can go to.
#[derive(Clone, Copy, Debug)]
pub(super) struct FirstStuck {
    least: u8,
    blockers: Ranks,
    full: u32,
}

impl FirstStuck {
    /// Whether the bay may not be stuck there once the top of the stack is gone.
    pub(super) fn may_be_freed_by(self, bay: &Bay, stack: usize) -> bool {
        let top = bay.top(stack);
        if top.is_bad() {
            self.blockers >> top.rank & 1 == 1
        } else {
            self.full >> stack & 1 == 1 || bay.under(stack).level >= self.least
        }
    }
}

/// Scratch of the bound.
#[derive(Debug, Default)]
pub(super) struct Crowded {
    /// `[extras used]`
    states: Vec<State>,
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
        }
        self.tries = TRIES;
        let state = &mut self.states[0];
        state.clear();
        (state.turns, state.full) = (0, 0);
        for (stack, &top) in bay.tops.iter().enumerate() {
            let top = top - u32::from(without == Some(stack));
            let cell = &bay.cells[top as usize];
            state.tops[stack] = top;
            state.levels[stack] = cell.levels;
            state.digs[stack] = cell.digs;
            state.turns |= cell.digs;
            // A full stack takes something as soon as a badly placed container has left it.
            state.full |= u32::from(top >= bay.limits[stack] && !cell.is_bad()) << stack;
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
        let mut turns = 0;
        loop {
            let state = &mut self.states[row];
            if state.turns == 0 {
                self.work += turns * bay.stacks() as u64;
                return true;
            }
            turns += 1;
            // Until the next blocker is in the way, all leave as they are.
            let turn = state.turns.trailing_zeros() as usize;
            state.leave(bay.through[turn]);
            let Some(stuck) = state.take_turn(bay, turn) else { continue };
            self.work += turns * bay.stacks() as u64;
            let is_alone = !stuck.digs_several();
            if extras == 0 && row == 0 && is_alone {
                self.last = Some(FirstStuck { least: stuck.least, blockers: stuck.blockers, full: stuck.full });
            }
            // Where several stacks hold the group, one of them may be lowered after the group has left it: too many ways out.
            // What has no rank is not looked after.
            return extras > 0
                && (!is_alone || stuck.blockers == 0 || {
                    state.free(stuck.new & state.moved);
                    self.try_ways_out(bay, row, extras, &stuck)
                });
        }
    }

    /// Whether one of the ways out leaves few enough extras.
    fn try_ways_out(&mut self, bay: &Bay, row: usize, extras: u32, stuck: &Stuck) -> bool {
        let slot = (extras as usize).min(HINTS - 1);
        let hint = self.hints[slot];
        if self.try_way(bay, row, extras, stuck, hint) {
            return true;
        }
        let freed = each(stuck.blockers).map(Way::Freed);
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
            Way::Freed(blocker) => {
                if stuck.blockers >> blocker & 1 == 0 {
                    return false;
                }
                if self.tries == 0 {
                    return true;
                }
                self.tries -= 1;
                let [begin, state] = &mut self.states[row..row + 2] else { return true };
                state.copy_from(begin, bay.stacks());
                if state.moved >> blocker & 1 == 1 {
                    state.free(1 << blocker);
                } else {
                    state.freed |= 1 << blocker;
                    state.late &= !(1 << blocker);
                    if let Some((due, origin)) = stuck.lands {
                        state.late |= 1 << blocker;
                        state.turns |= 1 << due;
                        state.due[blocker] = due;
                        state.origin[blocker] = origin;
                    }
                }
                self.enough(bay, row + 1, extras - 1)
            }
            Way::Lowered(stack) => stack < bay.stacks() && self.try_lower(bay, row, extras, stuck, stack),
        }
    }

    /// Whether it is enough to take a well placed container away from this stack, with what is above.
    fn try_lower(&mut self, bay: &Bay, row: usize, extras: u32, stuck: &Stuck, stack: usize) -> bool {
        // What is gone costs nobody a place. Where few extras are left, it must be enough as well if they go where they stay, or if one of
        // them is relocated once more. Where none is left, the first of these alone tells.
        let cost = self.lower(bay, row, stack, stuck, Lowered::Gone, extras);
        let Some(left) = cost.map(|cost| extras - cost) else { return false };
        if self.tries == 0 {
            return true;
        }
        self.tries -= 1;
        if left > 0 || self.lower(bay, row, stack, stuck, Lowered::Stands, extras).is_none() {
            self.lower(bay, row, stack, stuck, Lowered::Gone, extras);
            if !self.enough(bay, row + 1, left) {
                return false;
            }
            if left > STAND || self.lower(bay, row, stack, stuck, Lowered::Stands, extras).is_none() {
                return true;
            }
        }
        if self.enough(bay, row + 1, left) {
            return true;
        }
        left > 0
            && self.lower(bay, row, stack, stuck, Lowered::Gone, extras).is_some()
            && self.enough(bay, row + 1, left - 1)
    }

    /// Takes the highest well placed container off the stack, with what is above. Gives the extras that this costs at least.
    fn lower(&mut self, bay: &Bay, row: usize, stack: usize, stuck: &Stuck, how: Lowered, extras: u32) -> Option<u32> {
        let stacks = bay.stacks();
        self.work += 4 * stacks as u64;
        let [begin, state] = &mut self.states[row..row + 2] else { return None };
        let mut top = begin.tops[stack] as usize;
        while usize::from(bay.cells[top].level) < stuck.turn
            || stuck.digs != 0 && usize::from(bay.cells[top].first) == stuck.turn
        {
            top -= 1;
        }
        state.copy_from(begin, stacks);
        let since = match usize::from(bay.cells[top].level) {
            RANKS => 0,
            level => begin.free_since(stack, level),
        };
        let mut cost = 0;
        loop {
            let cell = &bay.cells[top];
            if top == bay.grounds[stack] as usize {
                return None;
            }
            let choices = takers(&stuck.takes[..stacks], cell.first) & !(1 << stack);
            if how == Lowered::Stands && choices != 0 && usize::from(cell.rank) < RANKS {
                let before = bay.through[usize::from(cell.first)];
                state.stand(usize::from(cell.rank), stack, choices, cell.first, before, (since, stuck.turn as u8));
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
        }
        let cell = &bay.cells[top];
        if cost > extras || cost == extras && cell.level < stuck.least && stuck.full >> stack & 1 == 0 {
            return None;
        }
        state.tops[stack] = top as u32;
        state.levels[stack] = cell.levels;
        state.digs[stack] = cell.digs;
        state.full &= !(1 << stack);
        state.turns = state.digs[..stacks].iter().fold(0, |turns, digs| turns | digs) >> stuck.turn << stuck.turn;
        for blocker in each(state.late) {
            state.turns |= 1 << state.due[blocker];
            if usize::from(state.origin[blocker]) == stack {
                state.origin[blocker] = NONE;
            }
        }
        let up_to = if usize::from(cell.level) < RANKS { bay.through[usize::from(cell.level)] } else { Ranks::MAX };
        for blocker in each(state.moved & up_to) {
            if usize::from(state.origin[blocker]) != stack && since <= state.moved_by[blocker] {
                state.choices[blocker].stacks |= 1 << stack;
                // Those that were moved for earlier turns may stand on others that go there early.
                for other in each(state.moved & up_to & !(1 << blocker)) {
                    if state.moved_by[other] > state.moved_by[blocker]
                        && bay.through[other] >= bay.through[blocker]
                        && state.since[other] <= state.moved_by[blocker]
                        && (state.origin[other] != state.origin[blocker] || state.origin[other] == NONE)
                    {
                        state.choices[blocker].blockers |= 1 << other;
                    }
                }
            }
        }
        Some(cost)
    }
}
