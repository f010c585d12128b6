//! The crane's time for a sequence of moves.
//!
//! The model of the literature (Lee, Lee 2010, doi:10.1016/j.cor.2009.10.005; Firmino, de Abreu Silva, Times 2019,
//! doi:10.1007/s10732-018-9390-0): the spreader travels one tier above the highest slot. For each move it goes empty to the stack, down, up with
//! the container, loaded to its new place, down, and up empty. At the truck lane, row 0, a container is handed over in a fixed time. Gantry and
//! trolley do not move at once, and the hoist moves only when they stand.
//!
//! | module | what |
//! |---|---|
//! | `bound` | time that every plan takes, by counting |
//! | `walk` | a plan carried out step by step, fast |
//! | `hasten` | the same containers elsewhere: quicker plans |

pub(super) mod bound;
pub(super) mod hasten;
#[cfg(test)]
mod tests;
mod walk;

use super::instance::Instance;
use super::layout::Move;
use super::wire::CraneWire;

/// The crane's time for these moves.
pub(super) fn time(instance: &Instance, moves: &[Move]) -> i64 {
    let mut crane = Crane::new(instance);
    let mut heights: Vec<usize> = instance.stacks.iter().map(|stack| stack.containers.len()).collect();
    let mut sum = 0;
    for &Move { from, to } in moves {
        let from = usize::from(from);
        let tier = heights[from];
        heights[from] = tier.saturating_sub(1);
        let to = to.map(|to| {
            heights[usize::from(to)] += 1;
            (usize::from(to), heights[usize::from(to)])
        });
        sum += crane.moves(from, tier, to);
    }
    sum
}

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
        let CraneWire { trolley_empty_ms, trolley_loaded_ms, hoist_empty_ms, hoist_loaded_ms, handover_ms, .. } =
            self.instance.crane;
        let source = &self.instance.stacks[from];
        let hoist = i64::from(hoist_empty_ms) + i64::from(hoist_loaded_ms);
        let down_and_up = |tier: usize| (self.clearance - tier as i64).max(0) * hoist;
        let (bay, row, put_down) = match to {
            Some((to, tier)) => {
                let target = &self.instance.stacks[to];
                (target.bay, target.row, down_and_up(tier))
            }
            None => (source.bay, 0, i64::from(handover_ms)),
        };
        let time = self.travel(source.bay, source.row, trolley_empty_ms) + down_and_up(from_tier) + put_down;
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

#[cfg(test)]
mod by_hand {
    use super::*;
    use crate::Problem;
    use crate::yard::Yards;

    #[test]
    fn moves_take_the_time_that_can_be_counted_by_hand() {
        let wire = serde_json::from_str(
            r#"{
                "stacks": [
                    {"id": "A", "max_tiers": 3, "containers": ["1"]},
                    {"id": "B", "max_tiers": 3},
                    {"id": "C", "max_tiers": 3, "bay": 3, "row": 1}
                ],
                "departures": ["1"],
                "crane": {"trolley_empty_ms": 10, "trolley_loaded_ms": 20, "hoist_empty_ms": 1, "hoist_loaded_ms": 2,
                          "gantry_ms": 100, "gantry_start_ms": 1000, "handover_ms": 7}
            }"#,
        );
        let instance = Yards::instance(&wire.expect("a request")).expect("valid");
        let mut crane = Crane::new(&instance);
        // One row empty; from tier 4 down to tier 1 and up; one row loaded; down to tier 1 and up.
        assert_eq!(crane.moves(0, 1, Some((1, 1))), 10 + 3 * 3 + 20 + 3 * 3);
        // It stands there already; two bays on, one row back.
        assert_eq!(crane.moves(1, 1, Some((2, 1))), 9 + 1000 + 2 * 100 + 20 + 9);
        // One row to the truck lane of that bay.
        assert_eq!(crane.moves(2, 1, None), 9 + 20 + 7);
    }
}
