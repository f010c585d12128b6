//! A bound for restricted retrieval: the blockers of the targets, placed as well as they can be.
//!
//! When a target's turn comes, the containers above it are relocated in a fixed order, from the top. One that goes where it is in the way
//! will be relocated once more: an **extra**. Blockers that are placed well in one stack lie on each other in falling order, so the
//! fewest extras of a target leave the most blockers in chains below the other stacks' levels (Tanaka and Takii 2016,
//! doi:10.1109/TASE.2015.2434417: their fourth bound, where the blockers of earlier targets count as gone).
//!
//! But a blocker that is placed well stays until its own turn. So the chains are looked for among the blockers of a **window** of targets
//! that follow each other, all that have not left when the last one is free, below the levels of the stacks as they are then; a stack
//! from which a target has left in between takes only what comes later. A window ends where it needs an extra, and the next begins with
//! all its blockers gone: the extras of windows that share no blocker add up.

use super::bay::Bay;
use crate::yard::layout::STAYS;

/// Tries for one window, after which what is proven so far has to do. Never met on published instances.
const TRIES: u32 = 2000;

/// Turns that are looked at for one bay, after which it counts as possible.
const TURNS: u32 = 2000;

/// Events and stacks that are looked at for one bay, after which it counts as possible as well: about a millisecond.
const WORK: u64 = 1 << 19;

/// What happens in a window, in order.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// A blocker of this group is relocated.
    Blocker(u16),
    /// The target has left the stack, which has this level now.
    Opened(u32, u16),
}

/// Scratch of the bound.
#[derive(Debug, Default)]
pub(super) struct Blockers {
    tops: Vec<u32>,
    window: Vec<Event>,
    /// The part of the window that matters to one target.
    events: Vec<Event>,
    /// `[stack]`: events of the window up to the last one that opened it.
    opened: Vec<u32>,
    /// Levels that blockers can be placed on, rising.
    levels: Vec<u16>,
    tries: u32,
    /// Events and stacks looked at so far.
    pub(super) work: u64,
    /// Those looked at when it is time to give up.
    work_limit: u64,
    /// All events until two stacks hold one group.
    story: Vec<Event>,
    /// Events of the story whose blocker counts as an extra.
    skipped: Vec<bool>,
    /// Turns that have blockers.
    turns: Vec<Turn>,
}

/// When a target with blockers is free.
#[derive(Clone, Copy, Debug)]
struct Turn {
    group: u16,
    stack: usize,
    /// Events before it leaves.
    events: usize,
}

impl Blockers {
    /// Whether so many extra relocations are enough, if the same blockers stand for them in all windows. Stronger than
    /// [`Self::extras`], and slower.
    pub(super) fn are_enough(&mut self, bay: &Bay, extras: u32) -> bool {
        self.tell(bay);
        self.tries = TURNS;
        self.work_limit = self.work + WORK;
        self.can_skip(bay, 0, extras)
    }

    /// Notes what happens, turn by turn.
    fn tell(&mut self, bay: &Bay) {
        self.tops.clear();
        self.tops.extend_from_slice(&bay.tops);
        self.restart(bay);
        self.turns.clear();
        let mut left = bay.bad;
        while left > 0 {
            let Some((turn, stack)) = self.turn(bay) else { break };
            let dug = self.dig(bay, stack, turn);
            if dug > 0 {
                left -= dug;
                self.turns.push(Turn { group: turn, stack, events: self.window.len() });
            }
            self.clear(bay, turn);
            self.window.push(Event::Opened(stack as u32, bay.cells[self.tops[stack] as usize].low));
        }
        std::mem::swap(&mut self.story, &mut self.window);
        self.skipped.clear();
        self.skipped.resize(self.story.len(), false);
    }

    /// The group whose turn it is in the relaxed bay and its stack, if it has only one.
    fn turn(&mut self, bay: &Bay) -> Option<(u16, usize)> {
        self.work += 2 * self.tops.len() as u64;
        let (mut turn, mut stack, mut several) = (STAYS, 0, false);
        for (other, &top) in self.tops.iter().enumerate() {
            let low = bay.cells[top as usize].low;
            several = low == turn || several && low > turn;
            if low < turn {
                (turn, stack) = (low, other);
            }
        }
        (turn != STAYS && !several).then_some((turn, stack))
    }

    /// Whether all turns from this one on are possible with so many blockers left out.
    fn can_skip(&mut self, bay: &Bay, from: usize, extras: u32) -> bool {
        for index in from..self.turns.len() {
            let turn = self.turns[index];
            if self.tries == 0 || self.work > self.work_limit {
                return true;
            }
            self.tries -= 1;
            if self.is_possible(bay, turn) {
                continue;
            }
            if extras == 0 {
                return false;
            }
            for event in (0..turn.events).rev() {
                if let Event::Blocker(group) = self.story[event]
                    && group > turn.group
                    && !self.skipped[event]
                {
                    self.skipped[event] = true;
                    if self.can_skip(bay, index, extras - 1) {
                        return true;
                    }
                    self.skipped[event] = false;
                }
            }
            return false;
        }
        true
    }

    /// Whether the blockers that have not left when this target is free can all be placed well.
    fn is_possible(&mut self, bay: &Bay, turn: Turn) -> bool {
        self.work += 2 * (turn.events + bay.stacks()) as u64;
        self.opened.fill(0);
        for (index, event) in self.story[..turn.events].iter().enumerate() {
            if let Event::Opened(stack, _) = event {
                self.opened[*stack as usize] = index as u32 + 1;
            }
        }
        self.levels.clear();
        for other in 0..bay.stacks() {
            if other != turn.stack && self.opened[other] == 0 && bay.has_room(other) && bay.level(other) > turn.group {
                self.levels.push(bay.level(other));
            }
        }
        self.levels.sort_unstable();
        for index in 0..turn.events {
            match self.story[index] {
                Event::Blocker(group) if group > turn.group && !self.skipped[index] => {
                    let slot = self.levels.partition_point(|&level| level < group);
                    let Some(least) = self.levels.get_mut(slot) else { return false };
                    *least = group;
                }
                Event::Opened(stack, level)
                    if self.opened[stack as usize] == index as u32 + 1 && stack as usize != turn.stack =>
                {
                    let slot = self.levels.partition_point(|&other| other < level);
                    self.levels.insert(slot, level);
                }
                _ => {}
            }
        }
        true
    }

    /// The fewest extra relocations, or `limit + 1` where more than `limit` are needed.
    pub(super) fn extras(&mut self, bay: &Bay, limit: u32) -> u32 {
        self.tops.clear();
        self.tops.extend_from_slice(&bay.tops);
        self.restart(bay);
        let mut left = bay.bad;
        let mut extras = 0;
        while left > 0 && extras <= limit {
            self.work += 2 * self.tops.len() as u64;
            let (mut turn, mut stack, mut several) = (STAYS, 0, false);
            for (other, &top) in self.tops.iter().enumerate() {
                let low = bay.cells[top as usize].low;
                several = low == turn || several && low > turn;
                if low < turn {
                    (turn, stack) = (low, other);
                }
            }
            if turn == STAYS {
                break;
            }
            if several {
                // Nobody knows in which order the stacks of the group are dug: each of them alone.
                for stack in 0..bay.stacks() {
                    if bay.cells[self.tops[stack] as usize].low == turn {
                        self.restart(bay);
                        left -= self.dig(bay, stack, turn);
                        extras += self.need(bay, stack, turn, limit.saturating_sub(extras));
                    }
                }
                self.clear(bay, turn);
                self.restart(bay);
                continue;
            }
            let dug = self.dig(bay, stack, turn);
            left -= dug;
            if dug > 0 {
                let more = self.need(bay, stack, turn, limit.saturating_sub(extras));
                if more > 0 {
                    extras += more;
                    self.clear(bay, turn);
                    self.restart(bay);
                    continue;
                }
            }
            self.clear(bay, turn);
            let level = bay.cells[self.tops[stack] as usize].low;
            self.window.push(Event::Opened(stack as u32, level));
            self.opened[stack] = self.window.len() as u32;
        }
        extras.min(limit + 1)
    }

    fn restart(&mut self, bay: &Bay) {
        self.window.clear();
        self.opened.clear();
        self.opened.resize(bay.stacks(), 0);
    }

    /// Notes the blockers above the group in this stack. Returns how many they are.
    fn dig(&mut self, bay: &Bay, stack: usize, turn: u16) -> u32 {
        let mut top = self.tops[stack] as usize;
        let mut dug = 0;
        while bay.cells[top].low == turn {
            let group = bay.cells[top].group;
            if group > turn {
                self.window.push(Event::Blocker(group));
                dug += 1;
            }
            top -= 1;
        }
        dug
    }

    /// Takes the group, and what is above it, out of the relaxed bay.
    fn clear(&mut self, bay: &Bay, turn: u16) {
        for top in &mut self.tops {
            while bay.cells[*top as usize].low == turn {
                *top -= 1;
            }
        }
    }

    /// The fewest extras of the blockers in the window that have not left when the target in this stack is free.
    fn need(&mut self, bay: &Bay, stack: usize, turn: u16, limit: u32) -> u32 {
        self.work += (self.window.len() + bay.stacks()) as u64;
        self.events.clear();
        let (mut least, mut blockers) = (STAYS, 0);
        for (index, &event) in self.window.iter().enumerate() {
            match event {
                Event::Blocker(group) if group > turn => {
                    least = least.min(group);
                    blockers += 1;
                    self.events.push(event);
                }
                Event::Opened(other, _)
                    if self.opened[other as usize] == index as u32 + 1 && other as usize != stack =>
                {
                    self.events.push(event);
                }
                _ => {}
            }
        }
        if blockers == 0 {
            return 0;
        }
        self.levels.clear();
        for other in (0..bay.stacks()).filter(|&other| other != stack && self.opened[other] == 0) {
            let mut top = self.tops[other];
            let mut room = top < bay.limits[other];
            // The other stacks of the group may go first.
            while bay.cells[top as usize].low == turn {
                top -= 1;
                room = true;
            }
            let level = bay.cells[top as usize].low;
            if room && level >= least {
                self.levels.push(level);
            }
        }
        self.levels.sort_unstable();
        let spare = self.levels.len().saturating_sub(blockers);
        self.levels.drain(..spare);
        self.tries = TRIES;
        (0..=limit).find(|&extras| self.fits(0, extras)).unwrap_or(limit + 1)
    }

    /// Whether the events from this one on can take place with so many blockers in the way.
    fn fits(&mut self, from: usize, extras: u32) -> bool {
        let Some(&event) = self.events.get(from) else { return true };
        if self.tries == 0 {
            return true;
        }
        self.tries -= 1;
        self.work += 2;
        match event {
            Event::Opened(_, level) => {
                let slot = self.levels.partition_point(|&other| other < level);
                self.levels.insert(slot, level);
                let fits = self.fits(from + 1, extras);
                self.levels.remove(slot);
                fits
            }
            Event::Blocker(group) => {
                // The lowest level that is high enough: any other leaves less for those that follow.
                let slot = self.levels.partition_point(|&level| level < group);
                if slot < self.levels.len() {
                    let level = self.levels[slot];
                    self.levels[slot] = group;
                    let fits = self.fits(from + 1, extras);
                    self.levels[slot] = level;
                    if fits {
                        return true;
                    }
                }
                extras > 0 && self.fits(from + 1, extras - 1)
            }
        }
    }
}
