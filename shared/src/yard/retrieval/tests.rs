//! Optima against a search that knows no bound, no table and no symmetry.

use super::{Prover, root_bound};
use crate::budget::Budget;
use crate::rng::Rng;
use crate::yard::heuristic::{self, Improver};
use crate::yard::layout::{Layout, Moves, Relocation, STAYS};
use crate::yard::rules::{Anywhere, Placement, Rules};
use std::collections::BTreeSet;
use std::time::Duration;

type Stacks = Vec<Vec<u16>>;

fn turn(layout: &Layout, stacks: &Stacks) -> u16 {
    stacks.iter().flatten().map(|&kind| layout.groups[usize::from(kind)]).min().unwrap_or(STAYS)
}

fn settle(layout: &Layout, stacks: &mut Stacks) {
    loop {
        let turn = turn(layout, stacks);
        let leaves = |kind: &u16| layout.groups[usize::from(*kind)] == turn;
        if turn == STAYS || !stacks.iter_mut().any(|stack| stack.pop_if(|kind| leaves(kind)).is_some()) {
            return;
        }
    }
}

/// All bays that one relocation leads to.
fn next<P: Placement>(layout: &Layout, placement: &P, moves: Moves, stacks: &Stacks) -> Vec<Stacks> {
    let turn = turn(layout, stacks);
    let mut found = Vec::new();
    for from in 0..stacks.len() {
        let digs = stacks[from].iter().any(|&kind| layout.groups[usize::from(kind)] == turn);
        let Some(&kind) = stacks[from].last() else { continue };
        for to in (0..stacks.len()).filter(|&to| to != from) {
            let room = stacks[to].len() < usize::from(layout.heights[to]);
            if room && (digs || moves == Moves::Unrestricted) && placement.allows(kind, to, stacks[to].last().copied())
            {
                let mut stacks = stacks.clone();
                stacks[from].pop();
                stacks[to].push(kind);
                settle(layout, &mut stacks);
                found.push(stacks);
            }
        }
    }
    found
}

/// There are more bays than a test should look at.
struct TooMany;

/// The fewest relocations, or nothing where there is no plan.
fn fewest<P: Placement>(layout: &Layout, placement: &P, moves: Moves) -> Result<Option<u32>, TooMany> {
    let mut stacks = layout.stacks.clone();
    settle(layout, &mut stacks);
    let mut seen = BTreeSet::from([stacks.clone()]);
    let mut wave = vec![stacks];
    for relocations in 0.. {
        if wave.iter().any(|stacks| turn(layout, stacks) == STAYS) {
            return Ok(Some(relocations));
        }
        let mut following = Vec::new();
        for stacks in wave.iter().flat_map(|stacks| next(layout, placement, moves, stacks)) {
            if seen.insert(stacks.clone()) {
                following.push(stacks);
            }
        }
        if following.is_empty() {
            return Ok(None);
        }
        if seen.len() > 4000 {
            return Err(TooMany);
        }
        wave = following;
    }
    Err(TooMany)
}

fn replay<P: Placement>(layout: &Layout, placement: &P, moves: Moves, plan: &[Relocation]) {
    let mut stacks = layout.stacks.clone();
    settle(layout, &mut stacks);
    for step in plan {
        let (from, to) = (usize::from(step.from), usize::from(step.to));
        let turn = turn(layout, &stacks);
        let digs = stacks[from].iter().any(|&kind| layout.groups[usize::from(kind)] == turn);
        assert!(moves == Moves::Unrestricted || digs);
        let kind = stacks[from].pop().expect("something to relocate");
        assert!(from != to && stacks[to].len() < usize::from(layout.heights[to]));
        assert!(placement.allows(kind, to, stacks[to].last().copied()));
        stacks[to].push(kind);
        settle(layout, &mut stacks);
    }
    assert_eq!(turn(layout, &stacks), STAYS, "not empty after {plan:?}");
}

/// The best plan and the bound, as far as the ticks go; in slices, so that proofs are taken up again.
fn proof<P: Placement>(layout: &Layout, placement: &P, moves: Moves, ticks: u64) -> (Option<Vec<Relocation>>, u32) {
    let clock = || Duration::ZERO;
    let mut budget = Budget::new(&clock).work_limit(ticks);
    let mut prover = Prover::new(layout, placement, moves);
    let mut slice = 3;
    while budget.stopped().is_none() {
        let plan = budget.for_ticks(slice, |budget| prover.run(usize::MAX, budget, &mut |_| {}));
        if plan.is_some() {
            return (plan, prover.lower_bound());
        }
        slice *= 2;
    }
    (None, prover.lower_bound())
}

/// Returns whether the layout was small enough to compare, and has a plan.
fn compare<P: Placement>(layout: &Layout, placement: &P, moves: Moves) -> bool {
    let Ok(Some(fewest)) = fewest(layout, placement, moves) else { return false };
    let (plan, lower_bound) = proof(layout, placement, moves, 2_000_000);
    let plan = plan.expect("a plan");
    assert_eq!((plan.len() as u32, lower_bound), (fewest, fewest), "{moves:?} {layout:?}");
    assert!(root_bound(layout, placement, moves) <= fewest, "{moves:?} {layout:?}");
    replay(layout, placement, moves, &plan);
    true
}

/// A small bay: some have groups, containers that stay, tight or uneven heights.
fn random(rng: &mut Rng) -> Layout {
    let stacks = 2 + rng.below(3);
    let tall = 2 + rng.below(4) as u16;
    let heights: Vec<u16> = match rng.below(4) {
        0 => (0..stacks).map(|_| 1 + rng.below(5) as u16).collect(),
        1 => vec![u16::MAX; stacks],
        _ => vec![tall; stacks],
    };
    let places: usize = heights.iter().map(|&height| usize::from(height.min(4))).sum();
    let count = (1 + rng.below(places)).min(8);
    let grouped = rng.below(2) == 0;
    let kinds = if grouped { 1 + rng.below(count) } else { count };
    let mut groups: Vec<u16> = (0..kinds as u16).collect();
    if rng.below(4) == 0 {
        groups[kinds - 1] = STAYS;
    }
    let mut order: Vec<u16> = (0..count).map(|at| if grouped { rng.below(kinds) } else { at } as u16).collect();
    rng.shuffle(&mut order);
    let mut layout = Layout { stacks: vec![Vec::new(); stacks], heights, groups };
    for kind in order {
        loop {
            let stack = rng.below(stacks);
            if layout.stacks[stack].len() < usize::from(layout.heights[stack].min(4)) {
                layout.stacks[stack].push(kind);
                break;
            }
        }
    }
    layout
}

#[test]
fn small_bays_get_the_fewest_relocations() {
    let mut rng = Rng::new(11);
    let mut compared = 0;
    for _ in 0..1500 {
        let layout = random(&mut rng);
        compared += usize::from(compare(&layout, &Anywhere, Moves::Restricted));
        compared += usize::from(compare(&layout, &Anywhere, Moves::Unrestricted));
    }
    assert!(compared > 2000, "{compared}");
}

#[test]
fn small_bays_with_rules_get_the_fewest_relocations() {
    let mut rng = Rng::new(12);
    let mut compared = 0;
    for _ in 0..800 {
        let layout = random(&mut rng);
        let (kinds, stacks) = (layout.groups.len(), layout.stacks.len());
        let fits: Vec<bool> = (0..kinds * stacks).map(|_| rng.below(6) > 0).collect();
        let bears: Vec<bool> = (0..kinds * kinds).map(|_| rng.below(4) > 0).collect();
        let rules = Rules::new(
            kinds,
            stacks,
            |kind, stack| fits[kind * stacks + stack],
            |kind, below| bears[kind * kinds + below],
        );
        compared += usize::from(compare(&layout, &rules, Moves::Restricted));
        compared += usize::from(compare(&layout, &rules, Moves::Unrestricted));
    }
    assert!(compared > 1000, "{compared}");
}

#[test]
fn a_work_limit_gives_the_same_bytes_and_a_bound_that_holds() {
    let stacks = vec![vec![4, 9, 1, 13], vec![14, 2, 7, 11], vec![3, 12, 0, 8], vec![10, 5, 15, 6]];
    let layout = Layout { stacks, heights: vec![6; 4], groups: (0..16).collect() };
    let (plan, best) = proof(&layout, &Anywhere, Moves::Unrestricted, u64::MAX);
    assert_eq!(plan.map(|plan| plan.len()), Some(best as usize));
    for limit in [1, 10, 100] {
        let run = || proof(&layout, &Anywhere, Moves::Unrestricted, limit);
        assert_eq!(run(), run());
        assert!(run().1 <= best);
    }
    let clock = || Duration::ZERO;
    let mut prover = Prover::new(&layout, &Anywhere, Moves::Unrestricted);
    assert_eq!(prover.run(best as usize, &mut Budget::new(&clock), &mut |_| {}), None, "nothing is better");
    assert_eq!(prover.lower_bound(), best);
}

/// A bay of up to six stacks and twenty containers, full or not, every third with groups.
fn larger(rng: &mut Rng) -> Layout {
    let stacks = 3 + rng.below(4);
    let tall = 3 + rng.below(3);
    let spare = 1 + rng.below(3);
    let count = (stacks * tall).min(20);
    let kinds = if rng.below(3) == 0 { 1 + rng.below(count) } else { count };
    let height = if rng.below(6) == 0 { u16::MAX } else { (tall + spare) as u16 };
    let mut order: Vec<u16> = (0..count).map(|at| (at % kinds) as u16).collect();
    rng.shuffle(&mut order);
    let mut layout =
        Layout { stacks: vec![Vec::new(); stacks], heights: vec![height; stacks], groups: (0..kinds as u16).collect() };
    for (at, kind) in order.into_iter().enumerate() {
        let stack = if rng.below(3) == 0 { rng.below(stacks) } else { at % stacks };
        let least = (0..stacks).min_by_key(|&stack| layout.stacks[stack].len()).unwrap_or(0);
        let is_full = layout.stacks[stack].len() > tall;
        layout.stacks[if is_full { least } else { stack }].push(kind);
    }
    layout
}

/// No bound is above what a plan needs from any bay on its way. The plans are found by a search that asks no bound of this module.
#[test]
fn bounds_hold_all_along_good_plans() {
    let mut rng = Rng::new(13);
    let clock = || Duration::ZERO;
    for _ in 0..400 {
        let layout = larger(&mut rng);
        for moves in [Moves::Unrestricted, Moves::Restricted] {
            let Ok(mut plan) = heuristic::first(&layout, &Anywhere, moves) else { continue };
            let mut budget = Budget::new(&clock).work_limit(3_000);
            let mut improver = Improver::new(&layout, &Anywhere, moves, &plan);
            let mut better = plan.clone();
            improver.run(0, &mut budget, &mut |found| better = found.to_vec());
            if better.len() < plan.len() {
                plan = better;
            }
            let mut stacks = layout.stacks.clone();
            settle(&layout, &mut stacks);
            for (done, step) in plan.iter().enumerate() {
                let here = Layout { stacks: stacks.clone(), ..layout.clone() };
                let bound = root_bound(&here, &Anywhere, moves) as usize;
                assert!(bound <= plan.len() - done, "{moves:?} {bound} {here:?}");
                let kind = stacks[usize::from(step.from)].pop().expect("something to relocate");
                stacks[usize::from(step.to)].push(kind);
                settle(&layout, &mut stacks);
            }
        }
    }
}

/// Bays that bounds got wrong that were too strong, and the relocations of the plans that they denied.
#[test]
fn bays_that_were_once_denied_their_plans() {
    let cases: [(u32, &[&[u16]], u16); 9] = [
        (3, &[&[1, 3], &[5, 2, 1], &[4, 0, 6]], 6),
        (5, &[&[3, 1, 7], &[0, 5, 4], &[8, 6, 2]], 6),
        (6, &[&[6, 9, 1], &[7, 2, 4], &[8, 0, 11], &[5, 3, 10]], u16::MAX),
        (6, &[&[6, 1], &[8, 4, 2, 0, 9], &[5, 7, 3, 10]], 5),
        (9, &[&[8, 3, 0, 4], &[9, 7, 2, 11, 10], &[6, 1, 5]], 7),
        (9, &[&[10, 6, 12, 5, 8], &[4, 7, 2, 13, 1], &[14, 3, 11, 9, 0]], 7),
        (8, &[&[7, 11, 13, 14, 0], &[8, 6, 3], &[10, 2, 15], &[12, 4, 9, 5, 1]], 7),
        (10, &[&[6, 7, 2, 3, 1], &[9, 0, 8, 12], &[4, 5, 10, 11]], 6),
        (12, &[&[6, 9, 7], &[8, 13, 1, 14, 12], &[16, 5, 0, 18], &[19, 17, 4], &[2, 10, 11, 15, 3]], 7),
    ];
    for (fewest, stacks, height) in cases {
        let stacks: Vec<Vec<u16>> = stacks.iter().map(|stack| stack.to_vec()).collect();
        let heights = vec![height; stacks.len()];
        let count = stacks.iter().flatten().max().map_or(0, |&last| last + 1);
        let layout = Layout { stacks, heights, groups: (0..count).collect() };
        let (plan, bound) = proof(&layout, &Anywhere, Moves::Unrestricted, u64::MAX);
        let plan = plan.expect("a plan");
        replay(&layout, &Anywhere, Moves::Unrestricted, &plan);
        assert_eq!((plan.len() as u32, bound), (fewest, fewest), "{layout:?}");
    }
}
