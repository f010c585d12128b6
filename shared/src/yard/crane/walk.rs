//! A plan carried out step by step, with the clock of the crane: made for being done a million times.

use crate::yard::instance::Instance;
use crate::yard::layout::{Move, STAYS};
use crate::yard::wire::{Moves, Task};

/// What does not change. Containers are numbered stack by stack, from the ground up.
#[derive(Debug)]
pub(super) struct Site<'a> {
    pub(super) instance: &'a Instance,
    /// `[stack]`
    places: Vec<(u32, u32)>,
    caps: Vec<u16>,
    /// `[container]`
    groups: Vec<u16>,
    /// `[container]`
    kinds: Vec<u16>,
    clearance: i64,
    hoist: i64,
    retrieves: bool,
}

impl<'a> Site<'a> {
    pub(super) fn new(instance: &'a Instance) -> Self {
        let layout = &instance.layout;
        let kinds: Vec<u16> = layout.stacks.iter().flatten().copied().collect();
        Self {
            instance,
            places: instance.stacks.iter().map(|stack| (stack.bay, stack.row)).collect(),
            caps: layout.heights.clone(),
            groups: kinds.iter().map(|&kind| layout.groups[usize::from(kind)]).collect(),
            kinds,
            clearance: instance.stacks.iter().map(|stack| i64::from(stack.max_tiers)).max().unwrap_or(0) + 1,
            hoist: i64::from(instance.crane.hoist_empty_ms) + i64::from(instance.crane.hoist_loaded_ms),
            retrieves: instance.task == Task::Retrieve,
        }
    }

    pub(super) fn stacks(&self) -> usize {
        self.places.len()
    }

    pub(super) fn containers(&self) -> usize {
        self.kinds.len()
    }

    pub(super) fn kind(&self, container: u32) -> u16 {
        self.kinds[container as usize]
    }

    fn way(&self, from: (u32, u32), to: (u32, u32), pace: u32) -> i64 {
        let bays = i64::from(from.0.abs_diff(to.0));
        let crane = &self.instance.crane;
        let gantry = if bays > 0 { i64::from(crane.gantry_start_ms) + bays * i64::from(crane.gantry_ms) } else { 0 };
        gantry + i64::from(from.1.abs_diff(to.1)) * i64::from(pace)
    }

    /// Down to a tier, counted from 0, and up again, one of the ways loaded.
    fn down_and_up(&self, tier: usize) -> i64 {
        (self.clearance - tier as i64 - 1).max(0) * self.hoist
    }
}

/// Where everything is, and what time it is.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    stacks: Vec<Vec<u32>>,
    /// `[container]`
    places: Vec<u16>,
    /// Groups that leave with the number of their containers that have not, the next one last.
    waiting: Vec<(u16, u32)>,
    crane: (u32, u32),
    pub(super) time: i64,
}

impl Walk {
    /// The beginning; with what leaves at once gone.
    pub(super) fn new(site: &Site<'_>) -> Self {
        let mut sorted: Vec<u16> = site.groups.iter().copied().filter(|&group| group != STAYS).collect();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        let mut waiting: Vec<(u16, u32)> = Vec::new();
        for group in sorted.into_iter().filter(|_| site.retrieves) {
            match waiting.last_mut() {
                Some((last, count)) if *last == group => *count += 1,
                _ => waiting.push((group, 1)),
            }
        }
        let (mut stacks, mut places) = (Vec::new(), Vec::new());
        for (stack, kinds) in site.instance.layout.stacks.iter().enumerate() {
            let first = places.len() as u32;
            stacks.push((first..first + kinds.len() as u32).collect());
            places.resize(places.len() + kinds.len(), stack as u16);
        }
        let bay = site.places.first().map_or(1, |place| place.0);
        Self { stacks, places, waiting, crane: (bay, 0), time: 0 }
    }

    pub(super) fn copy_from(&mut self, other: &Self) {
        self.waiting.clone_from(&other.waiting);
        for (stack, other) in self.stacks.iter_mut().zip(&other.stacks) {
            stack.clone_from(other);
        }
        self.places.copy_from_slice(&other.places);
        (self.crane, self.time) = (other.crane, other.time);
    }

    /// Whether all that is asked is done.
    pub(super) fn is_done(&self, site: &Site<'_>) -> bool {
        if site.retrieves {
            return self.waiting.is_empty();
        }
        let group = |container: &u32| site.groups[*container as usize];
        self.stacks.iter().all(|stack| stack.is_sorted_by(|below, above| group(below) >= group(above)))
    }

    pub(super) fn has_room(&self, site: &Site<'_>, stack: usize) -> bool {
        self.stacks[stack].len() < usize::from(site.caps[stack])
    }

    pub(super) fn top(&self, stack: usize) -> Option<u32> {
        self.stacks[stack].last().copied()
    }

    /// The stack that a container was seen in last.
    pub(super) fn place(&self, container: u32) -> usize {
        usize::from(self.places[container as usize])
    }

    /// Whether the tops of the stack may be relocated now.
    pub(super) fn may_dig(&self, site: &Site<'_>, stack: usize) -> bool {
        if !site.retrieves || site.instance.moves == Moves::Unrestricted {
            return true;
        }
        let turn = self.waiting.last().map(|&(group, _)| group);
        self.stacks[stack].iter().any(|&container| Some(site.groups[container as usize]) == turn)
    }

    /// Relocates a top and lets leave what can, nearest first. `moves` sees each move.
    pub(super) fn relocate(&mut self, site: &Site<'_>, from: usize, to: usize, moves: &mut impl FnMut(Move)) {
        let Some(container) = self.lift(site, from) else { return };
        self.drive(site, site.places[to], site.instance.crane.trolley_loaded_ms);
        self.time += site.down_and_up(self.stacks[to].len());
        self.stacks[to].push(container);
        self.places[container as usize] = to as u16;
        moves(Move { from: from as u16, to: Some(to as u16) });
        self.settle(site, moves);
    }

    /// Lets leave what can, nearest first.
    pub(super) fn settle(&mut self, site: &Site<'_>, moves: &mut impl FnMut(Move)) {
        while let Some(&(group, count)) = self.waiting.last() {
            let is_ready = |top: u32| site.groups[top as usize] == group;
            let ready = (0..self.stacks.len()).filter(|&stack| self.top(stack).is_some_and(is_ready));
            let way = |&stack: &usize| site.way(self.crane, site.places[stack], site.instance.crane.trolley_empty_ms);
            let Some(stack) = ready.min_by_key(way) else { return };
            self.lift(site, stack);
            self.drive(site, (self.crane.0, 0), site.instance.crane.trolley_loaded_ms);
            self.time += i64::from(site.instance.crane.handover_ms);
            moves(Move { from: stack as u16, to: None });
            self.waiting.pop();
            if count > 1 {
                self.waiting.push((group, count - 1));
            }
        }
    }

    /// Goes to a stack and takes its top.
    fn lift(&mut self, site: &Site<'_>, stack: usize) -> Option<u32> {
        let container = self.stacks[stack].pop()?;
        self.drive(site, site.places[stack], site.instance.crane.trolley_empty_ms);
        self.time += site.down_and_up(self.stacks[stack].len());
        Some(container)
    }

    fn drive(&mut self, site: &Site<'_>, to: (u32, u32), pace: u32) {
        self.time += site.way(self.crane, to, pace);
        self.crane = to;
    }
}
