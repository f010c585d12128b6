//! One turn of the relaxed bay: a group leaves after what is in its way has been moved.

use super::super::bay::{Bay, RANKS, Ranks};
use super::STACKS;
use super::state::{Holders, NONE, State, each};

/// What is in the way of whom when the bay is stuck.
#[derive(Clone, Copy)]
pub(super) struct Stuck {
    pub(super) turn: usize,
    /// Blockers that compete.
    pub(super) blockers: Ranks,
    /// Those of them that were moved in this turn.
    pub(super) new: Ranks,
    /// Lowest group of them, by its first rank.
    pub(super) least: u8,
    /// `[stack]`: what the stacks take when the group leaves.
    pub(super) takes: [u8; STACKS],
    /// Stacks that must be dug in this turn.
    pub(super) digs: u32,
    /// Stacks that are full of those that compete.
    pub(super) full: u32,
    /// Where the only one that is stuck lands for a time if it is relocated once more: when it is due there, and the stack.
    pub(super) lands: Option<(u8, u8)>,
}

impl Stuck {
    /// Nothing is, when this group leaves.
    fn new(turn: usize) -> Self {
        Self { turn, blockers: 0, new: 0, least: 0, takes: [0; STACKS], digs: 0, full: 0, lands: None }
    }

    /// Whether several stacks hold the group and must be dug.
    pub(super) fn digs_several(&self) -> bool {
        self.digs & self.digs.wrapping_sub(1) != 0
    }

    /// Where a container from this stack that no other takes is in the way for the longest time: the turn before which it must leave again,
    /// and the stack, if there is only one. Nothing where that cannot be said.
    fn landing(&self, stacks: usize, from: usize) -> Option<(u8, u8)> {
        if self.digs_several() {
            return None;
        }
        let others = self.takes[..stacks].iter().enumerate().filter(|&(stack, _)| stack != from);
        let due = others.clone().map(|(_, &level)| level).max().filter(|&level| level > 0)?;
        let mut highest = others.filter(|&(_, &level)| level == due);
        let first = highest.next()?.0;
        Some((due, if highest.next().is_some() { NONE } else { first as u8 }))
    }

    /// This blocker from this stack fits nowhere.
    fn nowhere(self, blocker: Ranks, first: u8, stacks: usize, from: usize) -> Self {
        let lands = self.landing(stacks, from);
        Self { blockers: blocker, new: self.new | blocker, least: first, lands, ..self }
    }
}

/// The stacks that take a container of the group of this first rank.
pub(super) fn takers(takes: &[u8], first: u8) -> u32 {
    takes.iter().enumerate().fold(0, |choices, (stack, &level)| choices | u32::from(level >= first) << stack)
}

impl State {
    /// Lets the group leave after its blockers were moved. Or gives what is stuck; then only the blockers of this turn are left to take back.
    pub(super) fn take_turn(&mut self, bay: &Bay, turn: usize) -> Option<Stuck> {
        let mut stuck = Stuck::new(turn);
        self.look(bay, &mut stuck);
        let mut tops = self.tops;
        let mut rest = stuck.digs;
        while rest != 0 {
            let stack = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            match self.dig(bay, stack, &mut stuck) {
                Ok(top) => tops[stack] = top,
                Err(stuck) => return Some(stuck),
            }
        }
        let late = match self.take_late(bay, &mut stuck) {
            Ok(late) => late,
            Err(stuck) => return Some(stuck),
        };
        if let Some((blocker, seen)) = self.seat_all() {
            let Holders { blockers, mut stacks } = seen;
            stuck.blockers = each(blockers).fold(1 << blocker, |all, holder| all | 1 << self.holds[holder]);
            while stacks != 0 {
                stuck.blockers |= 1 << self.holds[RANKS + stacks.trailing_zeros() as usize];
                stacks &= stacks - 1;
            }
            return Some(Stuck { least: bay.first_of(stuck.blockers), ..stuck });
        }
        if bay.is_tight
            && let Some(stuck) = self.squeeze(bay, &tops, &stuck)
        {
            return Some(stuck);
        }
        self.late &= !late;
        self.tops = tops;
        self.turns &= self.turns - 1;
        None
    }

    /// Sees what stacks take when the group leaves, and which must be dug.
    fn look(&mut self, bay: &Bay, stuck: &mut Stuck) {
        let Stuck { turn, takes, digs, .. } = stuck;
        let above = Ranks::MAX << *turn << 1;
        for (stack, takes) in takes[..bay.stacks()].iter_mut().enumerate() {
            *takes = (self.levels[stack] & above).trailing_zeros() as u8;
            *digs |= ((self.digs[stack] >> *turn & 1) as u32) << stack;
        }
        let mut rest = self.full;
        while rest != 0 {
            let stack = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            if usize::from(bay.cells[self.tops[stack] as usize].first) > *turn {
                takes[stack] = 0;
            } else {
                self.full &= !(1 << stack);
            }
        }
        if digs.is_power_of_two() {
            // All are relocated before the group leaves its only stack.
            takes[digs.trailing_zeros() as usize] = 0;
        }
    }

    /// Moves what is in the way of the group in this stack. Gives what is its top then.
    fn dig(&mut self, bay: &Bay, stack: usize, stuck: &mut Stuck) -> Result<u32, Stuck> {
        let (stacks, turn) = (bay.stacks(), stuck.turn);
        let window = (self.free_since(stack, turn), turn as u8);
        let mut top = self.tops[stack] as usize;
        while usize::from(bay.cells[top].level) < turn {
            top -= 1;
        }
        while usize::from(bay.cells[top].level) == turn {
            let cell = &bay.cells[top];
            top -= 1;
            let rank = usize::from(cell.rank);
            let own: Ranks = if rank < RANKS { 1 << rank } else { 0 };
            if usize::from(cell.first) == turn || self.freed & own != 0 {
                continue;
            }
            let choices = takers(&stuck.takes[..stacks], cell.first) & !(1 << stack);
            if choices == 0 {
                return Err(stuck.nowhere(own, cell.first, stacks, stack));
            }
            if rank < RANKS {
                self.stand(rank, stack, choices, cell.first, bay.through[usize::from(cell.first)], window);
                stuck.new |= own;
            }
        }
        Ok(top as u32)
    }

    /// Moves what was in the way once more, and is due. Gives what these are. In which order they lie on each other is not known.
    fn take_late(&mut self, bay: &Bay, stuck: &mut Stuck) -> Result<Ranks, Stuck> {
        let (stacks, turn) = (bay.stacks(), stuck.turn);
        let mut late = 0;
        for blocker in each(self.late) {
            if usize::from(self.due[blocker]) != turn {
                continue;
            }
            let (own, origin) = (1 << blocker, usize::from(self.origin[blocker]));
            let first = bay.first_of(own);
            let mut choices = takers(&stuck.takes[..stacks], first);
            // Where several stacks hold the group, one that is dug may be free of it before this one must go.
            if stuck.digs != 0 && !stuck.digs_several() {
                let dug = stuck.digs.trailing_zeros() as usize;
                let level = (self.levels[dug] & (Ranks::MAX << turn << 1)).trailing_zeros();
                choices |= u32::from(level >= u32::from(first)) << dug;
            }
            choices &= !(1_u32.checked_shl(origin as u32).unwrap_or(0));
            if choices == 0 {
                return Err(stuck.nowhere(own, first, stacks, origin));
            }
            self.stand(blocker, usize::from(NONE), choices, first, bay.through[usize::from(first)], (0, turn as u8));
            late |= own;
            stuck.new |= own;
        }
        Ok(late)
    }

    /// Gives each blocker a slot, or else what is stuck.
    ///
    /// What is well placed stays. What is badly placed and must not be dug yet may have gone early, but only from above what is well placed, and
    /// only where some other stack takes it.
    fn squeeze(&mut self, bay: &Bay, tops: &[u32; STACKS], stuck: &Stuck) -> Option<Stuck> {
        let stacks = bay.stacks();
        let (mut best, mut highest, mut second) = (usize::MAX, 0, 0);
        for (stack, &level) in stuck.takes[..stacks].iter().enumerate() {
            if level > highest {
                (best, highest, second) = (stack, level, highest);
            } else {
                second = second.max(level);
            }
        }
        let above = Ranks::MAX << stuck.turn << 1;
        let after = |level: u8| if usize::from(level) < RANKS { !bay.through[usize::from(level)] } else { 0 };
        let after = [after(highest), after(second)];
        let mut rooms = [0; STACKS];
        let mut stay = [0; STACKS];
        for stack in 0..stacks {
            let cell = &bay.cells[tops[stack] as usize];
            let mut top = tops[stack] as usize;
            let level = stuck.takes[stack];
            while level > 0
                && (bay.cells[top].level < level || bay.cells[top].level == level && bay.cells[top].is_bad())
            {
                top -= 1;
            }
            // What is below a well placed one cannot go before that has.
            let may_go = cell.bad & !bay.cells[top].bad & !after[usize::from(stack == best)];
            stay[stack] = cell.bad & !self.freed & !may_go;
            let kept = (cell.good & above).count_ones() + stay[stack].count_ones();
            rooms[stack] = (bay.limits[stack] - bay.grounds[stack]).saturating_sub(kept);
        }
        let (blocker, full) = self.place_all(&rooms)?;
        let mut blockers: Ranks = 1 << blocker;
        for (stack, stay) in stay.iter().enumerate() {
            if full >> stack & 1 == 1 {
                blockers |= self.placed[stack] | stay;
            }
        }
        Some(Stuck { blockers, least: bay.first_of(blockers), full, ..*stuck })
    }
}
