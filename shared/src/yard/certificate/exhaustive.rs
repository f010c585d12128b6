//! Trying everything: whether a yard can be worked off within so many relocations.
//!
//! Written for being right, not for being fast, and sharing nothing with the searches: every allowed relocation is tried in every state, a
//! state is given up only when its badly placed containers alone are too many (each needs a move of its own), and a state
//! seen before with as many relocations to go, or more, is not entered again. States that differ only by the order of like
//! stacks count as one.

use std::collections::{HashMap, HashSet};

use crate::yard::instance::Instance;
use crate::yard::layout::STAYS;
use crate::yard::rules::Placement;
use crate::yard::wire::{Moves, Task};

/// The most relocations that are tried: the search goes as deep.
pub(in crate::yard) const MAX_RELOCATIONS: u32 = 500;
/// Containers and stacks looked at, over all states: some milliseconds.
const MAX_WORK: u64 = 2_000_000;

/// Whether trying everything shows that every plan has at least `relocations` relocations. `false` where it does not: there is a
/// plan with fewer, or trying everything takes too long.
pub(in crate::yard) fn shows_no_plan_below(instance: &Instance, relocations: u32) -> bool {
    let Some(most) = relocations.checked_sub(1) else { return true };
    let mut search = Search { instance, classes: classes(instance), refuted: HashMap::new(), work: 0 };
    let mut stacks = instance.layout.stacks.clone();
    search.settle(&mut stacks);
    search.has_plan(&mut stacks, most) == Some(false)
}

/// Whether trying everything shows that the containers of this turn and of those before cannot all leave, in however many relocations.
pub(in crate::yard) fn shows_that_stays(instance: &Instance, turn: u16) -> bool {
    if instance.task != Task::Retrieve {
        return false;
    }
    let mut search = Search { instance, classes: classes(instance), refuted: HashMap::new(), work: 0 };
    let mut stacks = instance.layout.stacks.clone();
    search.settle(&mut stacks);
    let mut known = HashSet::from([search.canonical(&stacks)]);
    let mut waiting = vec![stacks];
    while let Some(stacks) = waiting.pop() {
        if search.turn(&stacks).is_none_or(|next| next > turn) {
            return false;
        }
        for (from, to) in search.relocations(&stacks) {
            search.work += (instance.containers.len() + stacks.len()) as u64;
            if search.work > MAX_WORK {
                return false;
            }
            let mut next = stacks.clone();
            let moved = next[from].pop();
            next[to].extend(moved);
            search.settle(&mut next);
            if known.insert(search.canonical(&next)) {
                waiting.push(next);
            }
        }
    }
    true
}

/// `[stack]`: stacks of one class are interchangeable.
fn classes(instance: &Instance) -> Vec<u16> {
    let kinds = 0..instance.layout.groups.len() as u16;
    let profile = |stack: usize| {
        let fits: Vec<bool> = instance
            .placement
            .iter()
            .flat_map(|rules| kinds.clone().map(|kind| rules.allows(kind, stack, None)))
            .collect();
        (instance.layout.heights[stack], fits)
    };
    let profiles: Vec<_> = (0..instance.stacks.len()).map(profile).collect();
    profiles.iter().map(|own| profiles.iter().position(|other| other == own).unwrap_or(0) as u16).collect()
}

type State = Vec<(u16, Vec<u16>)>;

struct Search<'a> {
    instance: &'a Instance,
    classes: Vec<u16>,
    /// States from which no plan has this many relocations or fewer.
    refuted: HashMap<State, u32>,
    work: u64,
}

impl Search<'_> {
    /// Whether the task can be done from here with `most` relocations. `None` where that takes too long to tell.
    fn has_plan(&mut self, stacks: &mut [Vec<u16>], most: u32) -> Option<bool> {
        self.work += (self.instance.containers.len() + stacks.len()) as u64;
        if self.work > MAX_WORK {
            return None;
        }
        let needed: u32 = stacks.iter().map(|stack| self.badly_placed(stack)).sum();
        if needed == 0 {
            return Some(true);
        }
        if needed > most {
            return Some(false);
        }
        let state = self.canonical(stacks);
        if self.refuted.get(&state).is_some_and(|&refuted| refuted >= most) {
            return Some(false);
        }
        for (from, to) in self.relocations(stacks) {
            let Some(kind) = stacks[from].pop() else { continue };
            stacks[to].push(kind);
            let left = self.settle(stacks);
            let has_plan = self.has_plan(stacks, most - 1);
            for (stack, kind) in left.into_iter().rev() {
                stacks[stack].push(kind);
            }
            stacks[to].pop();
            stacks[from].push(kind);
            if has_plan != Some(false) {
                return has_plan;
            }
        }
        let refuted = self.refuted.entry(state).or_insert(most);
        *refuted = (*refuted).max(most);
        Some(false)
    }

    /// The relocations that are allowed: stacks from and to.
    fn relocations(&self, stacks: &[Vec<u16>]) -> Vec<(usize, usize)> {
        let layout = &self.instance.layout;
        let turn = self.turn(stacks);
        let mut allowed = Vec::new();
        for from in 0..stacks.len() {
            let may_move = self.instance.task == Task::Premarshal
                || self.instance.moves == Moves::Unrestricted
                || stacks[from].iter().any(|&kind| Some(self.group(kind)) == turn);
            let Some(&kind) = stacks[from].last().filter(|_| may_move) else { continue };
            let takes = |to: &usize| {
                let below = stacks[*to].last().copied();
                let rules = self.instance.placement.as_ref();
                *to != from
                    && stacks[*to].len() < usize::from(layout.heights[*to])
                    && rules.is_none_or(|rules| rules.allows(kind, *to, below))
            };
            allowed.extend((0..stacks.len()).filter(takes).map(|to| (from, to)));
        }
        allowed
    }

    fn group(&self, kind: u16) -> u16 {
        self.instance.layout.groups[usize::from(kind)]
    }

    /// The group whose turn it is.
    fn turn(&self, stacks: &[Vec<u16>]) -> Option<u16> {
        stacks.iter().flatten().map(|&kind| self.group(kind)).filter(|&group| group != STAYS).min()
    }

    /// Lets every container leave that is on top and whose turn it is. Returns which left which stack.
    fn settle(&self, stacks: &mut [Vec<u16>]) -> Vec<(usize, u16)> {
        let mut left = Vec::new();
        while let Some(turn) = self.turn(stacks).filter(|_| self.instance.task == Task::Retrieve) {
            let on_top = |stack: &Vec<u16>| stack.last().is_some_and(|&kind| self.group(kind) == turn);
            let Some(stack) = stacks.iter().position(on_top) else { break };
            left.extend(stacks[stack].pop().map(|kind| (stack, kind)));
        }
        left
    }

    /// Containers of a stack that have to be relocated.
    fn badly_placed(&self, stack: &[u16]) -> u32 {
        let mut earliest = STAYS;
        let mut count = 0;
        let mut is_bad = false;
        for &kind in stack {
            let group = self.group(kind);
            is_bad = group > earliest || (is_bad && self.instance.task == Task::Premarshal);
            count += u32::from(is_bad);
            earliest = earliest.min(group);
        }
        count
    }

    fn canonical(&self, stacks: &[Vec<u16>]) -> State {
        let mut state: State = self.classes.iter().copied().zip(stacks.iter().cloned()).collect();
        state.sort_unstable();
        state
    }
}
