//! The crane's time for a sequence of moves.
//!
//! The model of Firmino, de Abreu Silva and Times 2019 (doi:10.1007/s10732-018-9390-0), with the gantry of Lee and Lee 2010
//! (doi:10.1016/j.cor.2009.10.005) for several bays. The spreader travels above the highest tier. For each move it goes empty to the stack, goes down,
//! comes up with the container, goes loaded to the target, goes down, and comes up empty. The truck lane is row 0, a truck's bed is
//! tier 1. Gantry and trolley do not move at once; the hoist moves only when they stand.

use super::instance::Instance;
use super::wire::CraneWire;

/// Where the crane is. It begins at the truck lane of the first stack's bay.
pub(super) struct Crane<'a> {
    instance: &'a Instance,
    bay: u32,
    row: u32,
    /// Tier above all containers, where the spreader travels.
    clearance: i64,
}

impl<'a> Crane<'a> {
    pub(super) fn new(instance: &'a Instance) -> Self {
        let highest = instance.stacks.iter().map(|stack| i64::from(stack.max_tiers)).max().unwrap_or(0);
        let bay = instance.stacks.first().map_or(1, |stack| stack.bay);
        Self { instance, bay, row: 0, clearance: highest + 1 }
    }

    /// Milliseconds to take the container at this stack and tier to another, or to the truck lane of its bay. Tiers count from 1.
    pub(super) fn moves(&mut self, from: usize, from_tier: usize, to: Option<(usize, usize)>) -> i64 {
        let CraneWire { trolley_empty_ms, trolley_loaded_ms, hoist_empty_ms, hoist_loaded_ms, .. } =
            self.instance.crane;
        let source = &self.instance.stacks[from];
        let (bay, row, tier) = match to {
            Some((to, tier)) => (self.instance.stacks[to].bay, self.instance.stacks[to].row, tier),
            None => (source.bay, 0, 1),
        };
        let hoist = i64::from(hoist_empty_ms) + i64::from(hoist_loaded_ms);
        let down_and_up = |tier: usize| (self.clearance - tier as i64).max(0) * hoist;
        let time = self.travel(source.bay, source.row, trolley_empty_ms) + down_and_up(from_tier) + down_and_up(tier);
        (self.bay, self.row) = (source.bay, source.row);
        let time = time + self.travel(bay, row, trolley_loaded_ms);
        (self.bay, self.row) = (bay, row);
        time
    }

    fn travel(&self, bay: u32, row: u32, trolley_ms: u32) -> i64 {
        let CraneWire { gantry_ms, gantry_start_ms, .. } = self.instance.crane;
        let bays = i64::from(self.bay.abs_diff(bay));
        let gantry = if bays > 0 { i64::from(gantry_start_ms) + bays * i64::from(gantry_ms) } else { 0 };
        gantry + i64::from(self.row.abs_diff(row)) * i64::from(trolley_ms)
    }
}
