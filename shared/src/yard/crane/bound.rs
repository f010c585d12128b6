//! Time that every plan takes which does all that is asked: what the crane must lift, and how far it must carry it.
//!
//! - **Hoist.** The first lift of a container is from where it stands now. Every relocation puts a container down, and whatever is
//!   lifted a second time has been put down: no deeper than from the travelling height to the highest tier.
//! - **Trolley.** What leaves ends in row 0. Between two retrievals the crane comes from row 0 to a container's last row; what it is
//!   not carried outwards, it goes empty. So all leaving containers' rows count once loaded and once at the cheaper pace, wherever
//!   they are in between, and a first relocation that cannot go inwards counts its way outwards twice.
//! - **Gantry.** Two retrievals in different bays have a crossing between them, unless a container was brought to another bay, which is a
//!   crossing as well, and spares two at most. So a third of the changes of bay in the order of turns are crossings.

use crate::yard::explain;
use crate::yard::instance::Instance;
use crate::yard::wire::{CraneWire, Task};

/// The least crane time, by the number of relocations.
#[derive(Clone, Copy, Debug)]
pub(in crate::yard) struct CraneBound {
    /// Milliseconds with one relocation for each badly placed container.
    base: i64,
    /// Milliseconds of each one more.
    each: i64,
}

impl CraneBound {
    /// `stacks`: the containers as they stand before the first move.
    pub(in crate::yard) fn new(instance: &Instance, stacks: &[Vec<usize>]) -> Self {
        let bad = explain::badly_placed(instance, stacks);
        let leaves = |at: usize| instance.task == Task::Retrieve && instance.containers[at].turn.is_some();
        let mut is_bad = vec![false; instance.containers.len()];
        for &at in &bad {
            is_bad[at] = true;
        }
        let CraneWire { trolley_empty_ms, trolley_loaded_ms, hoist_empty_ms, hoist_loaded_ms, handover_ms, .. } =
            instance.crane;
        let hoist = i64::from(hoist_empty_ms) + i64::from(hoist_loaded_ms);
        let loaded = i64::from(trolley_loaded_ms);
        let out_and_in = loaded + i64::from(trolley_empty_ms.min(trolley_loaded_ms));
        let highest = instance.stacks.iter().map(|stack| i64::from(stack.max_tiers)).max().unwrap_or(0);
        let mut base = 0;
        for (stack, held) in instance.stacks.iter().zip(stacks) {
            let row = i64::from(stack.row);
            for (tier, &at) in held.iter().enumerate() {
                if leaves(at) {
                    base += i64::from(handover_ms) + row * out_and_in;
                }
                if leaves(at) || is_bad[at] {
                    base += (highest - tier as i64).max(0) * hoist;
                }
                if is_bad[at] {
                    // Put down, and lifted again where it leaves afterwards.
                    base += hoist * (1 + i64::from(leaves(at)));
                }
            }
        }
        base += way_out(instance, stacks, &is_bad, leaves) + crossings(instance);
        // One more is a put-down and a lift more.
        Self { base, each: 2 * hoist }
    }

    /// Milliseconds that a plan takes at least with so many relocations beyond one for each badly placed container.
    pub(in crate::yard) fn with(&self, more: u32) -> i64 {
        self.base + self.each * i64::from(more)
    }
}

/// What the first relocations of badly placed containers add along the rows, each to the stack where that is least.
fn way_out(instance: &Instance, stacks: &[Vec<usize>], is_bad: &[bool], leaves: impl Fn(usize) -> bool) -> i64 {
    let loaded = i64::from(instance.crane.trolley_loaded_ms);
    let spared = i64::from(instance.crane.trolley_empty_ms.min(instance.crane.trolley_loaded_ms));
    let mut sum = 0;
    for (stack, held) in stacks.iter().enumerate() {
        let row = i64::from(instance.stacks[stack].row);
        let ways = |cost: &dyn Fn(i64) -> i64| {
            let others = instance.stacks.iter().enumerate().filter(|&(other, _)| other != stack);
            others.map(|(_, other)| cost(i64::from(other.row) - row)).min().unwrap_or(0)
        };
        let counts = |leaving: bool| held.iter().filter(|&&at| is_bad[at] && leaves(at) == leaving).count() as i64;
        let (leaving, staying) = (counts(true), counts(false));
        if leaving > 0 {
            // Its way back from there is longer by as much.
            sum += leaving * ways(&|rows| if rows > 0 { 2 * loaded * rows } else { 0 });
        }
        if staying > 0 {
            // Carried outwards, it spares the crane an empty way.
            let spared = if instance.task == Task::Retrieve { spared } else { 0 };
            sum += staying * ways(&|rows| loaded * rows.abs() - spared * rows);
        }
    }
    sum
}

/// What the gantry must do: turn by turn, and once to each bay.
fn crossings(instance: &Instance) -> i64 {
    let start = i64::from(instance.crane.gantry_start_ms);
    let each = i64::from(instance.crane.gantry_ms);
    let Some(first) = instance.stacks.first().map(|stack| stack.bay) else { return 0 };
    if instance.task != Task::Retrieve {
        return 0;
    }
    let mut of_turn: Vec<Vec<u32>> = vec![Vec::new(); usize::from(instance.turns)];
    for container in &instance.containers {
        if let Some(turn) = container.turn {
            of_turn[usize::from(turn)].push(instance.stacks[container.stack].bay);
        }
    }
    let mut before = vec![first];
    let mut changes = 0;
    for bays in &mut of_turn {
        bays.sort_unstable();
        bays.dedup();
        if bays.is_empty() {
            continue;
        }
        changes += bays.len() as i64 - 1 + i64::from(!bays.iter().any(|bay| before.contains(bay)));
        before.clone_from(bays);
    }
    let mut bays: Vec<u32> = of_turn.into_iter().flatten().collect();
    bays.push(first);
    bays.sort_unstable();
    bays.dedup();
    let (Some(&low), Some(&high)) = (bays.first(), bays.last()) else { return 0 };
    let (below, above) = (i64::from(first - low), i64::from(high - first));
    let visits = (bays.len() as i64 - 1) * start + (below + above + below.min(above)) * each;
    let mut all: Vec<u32> = instance.stacks.iter().map(|stack| stack.bay).collect();
    all.sort_unstable();
    all.dedup();
    let gap = all.windows(2).map(|pair| i64::from(pair[1] - pair[0])).min().unwrap_or(0);
    visits.max((changes + 2) / 3 * (start + gap * each))
}
