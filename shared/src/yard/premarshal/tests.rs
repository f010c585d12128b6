//! Against brute force: all plans of small bays, without a bound, without symmetry.

use super::*;
use crate::yard::layout::STAYS;
use crate::yard::rules::{Anywhere, Rules};
use std::collections::HashSet;
use std::time::Duration;

/// Whether a plan keeps to heights and rules, and sorts the bay.
fn sorts<P: Placement>(layout: &Layout, placement: &P, plan: &[Relocation]) -> bool {
    let mut stacks = layout.stacks.clone();
    for step in plan {
        let (from, to) = (usize::from(step.from), usize::from(step.to));
        let Some(kind) = stacks[from].pop() else { return false };
        let fits = stacks[to].len() < usize::from(layout.heights[to]);
        if from == to || !fits || !placement.allows(kind, to, stacks[to].last().copied()) {
            return false;
        }
        stacks[to].push(kind);
    }
    is_sorted(layout, &stacks)
}

fn is_sorted(layout: &Layout, stacks: &[Vec<u16>]) -> bool {
    let group = |kind: u16| layout.groups[usize::from(kind)];
    stacks.iter().all(|stack| stack.windows(2).all(|pair| group(pair[1]) <= group(pair[0])))
}

/// The fewest relocations; none where no plan exists; an error where too many bays can be reached.
fn brute_force<P: Placement>(layout: &Layout, placement: &P, most: usize) -> Result<Option<u32>, ()> {
    let mut seen = HashSet::from([layout.stacks.clone()]);
    let mut layer = vec![layout.stacks.clone()];
    let mut depth = 0;
    while !layer.is_empty() {
        let mut next = Vec::new();
        for stacks in &layer {
            if is_sorted(layout, stacks) {
                return Ok(Some(depth));
            }
            for after in neighbours(layout, placement, stacks) {
                if seen.insert(after.clone()) {
                    next.push(after);
                }
            }
        }
        if seen.len() > most {
            return Err(());
        }
        layer = next;
        depth += 1;
    }
    Ok(None)
}

/// The fewest badly placed containers after so many relocations.
fn fewest_within<P: Placement>(layout: &Layout, placement: &P, relocations: usize) -> u32 {
    let group = |kind: u16| layout.groups[usize::from(kind)];
    let bad = |stacks: &[Vec<u16>]| -> u32 {
        let in_stack = |stack: &Vec<u16>| {
            let first = (1..stack.len()).find(|&tier| group(stack[tier]) > group(stack[tier - 1]));
            first.map_or(0, |first| stack.len() - first) as u32
        };
        stacks.iter().map(in_stack).sum()
    };
    let mut seen = HashSet::from([layout.stacks.clone()]);
    let mut layer = vec![layout.stacks.clone()];
    let mut fewest = bad(&layout.stacks);
    for _ in 0..relocations {
        let mut next = Vec::new();
        for stacks in &layer {
            for after in neighbours(layout, placement, stacks) {
                if seen.insert(after.clone()) {
                    fewest = fewest.min(bad(&after));
                    next.push(after);
                }
            }
        }
        layer = next;
    }
    fewest
}

fn neighbours<P: Placement>(layout: &Layout, placement: &P, stacks: &[Vec<u16>]) -> Vec<Vec<Vec<u16>>> {
    let mut all = Vec::new();
    for from in 0..stacks.len() {
        let Some(&kind) = stacks[from].last() else { continue };
        for to in 0..stacks.len() {
            let fits = stacks[to].len() < usize::from(layout.heights[to]);
            if from != to && fits && placement.allows(kind, to, stacks[to].last().copied()) {
                let mut after = stacks.to_vec();
                after[from].pop();
                after[to].push(kind);
                all.push(after);
            }
        }
    }
    all
}

struct Case {
    layout: Layout,
    rules: Rules,
}

/// A small random bay: distinct groups or few, tight or loose, with or without containers that stay.
fn case(rng: &mut Rng) -> Case {
    let stacks = 2 + rng.below(3);
    let heights: Vec<u16> = if rng.below(2) == 0 {
        vec![2 + rng.below(3) as u16; stacks]
    } else {
        (0..stacks).map(|_| 1 + rng.below(4) as u16).collect()
    };
    let places: usize = heights.iter().map(|&height| usize::from(height)).sum();
    let containers = (1 + rng.below(8)).min(places.saturating_sub(rng.below(4)));
    let kinds = if rng.below(2) == 0 { containers.max(1) } else { 1 + rng.below(4) };
    let mut groups: Vec<u16> = (0..kinds as u16).collect();
    match rng.below(4) {
        0 => groups[kinds - 1] = STAYS,
        1 => groups.iter_mut().for_each(|group| *group /= 2),
        _ => {}
    }
    let mut pool: Vec<u16> = (0..containers).map(|index| (index % kinds) as u16).collect();
    rng.shuffle(&mut pool);
    let mut bay = vec![Vec::new(); stacks];
    for kind in pool {
        let open: Vec<usize> = (0..stacks).filter(|&stack| bay[stack].len() < usize::from(heights[stack])).collect();
        let stack = open[rng.below(open.len())];
        bay[stack].push(kind);
    }
    let share = 2 + rng.below(6);
    let fits: Vec<bool> = (0..kinds * stacks).map(|_| rng.below(share) > 0).collect();
    let bears: Vec<bool> = (0..kinds * kinds).map(|_| rng.below(share + 1) > 0).collect();
    let rules =
        Rules::new(kinds, stacks, |kind, stack| fits[kind * stacks + stack], |kind, on| bears[kind * kinds + on]);
    Case { layout: Layout { stacks: bay, heights, groups }, rules }
}

fn check<P: Placement>(layout: &Layout, placement: &P) {
    let Ok(expected) = brute_force(layout, placement, 20_000) else { return };
    let clock = || Duration::ZERO;
    let mut budget = Budget::new(&clock);
    let mut last = None;
    let answer = solve(layout, placement, &mut budget, &mut |plan, bound, _| last = Some((plan.to_vec(), bound)));
    assert_eq!(answer.infeasible, expected.is_none(), "{layout:?}");
    assert_eq!(answer.plan.as_ref().map(|plan| plan.len() as u32), expected, "{layout:?}");
    if let Some(plan) = answer.plan {
        assert!(sorts(layout, placement, &plan), "{layout:?} {plan:?}");
        assert_eq!(answer.lower_bound, plan.len() as u32, "{layout:?}");
        assert_eq!(last, Some((plan, answer.lower_bound)));
    }
}

fn check_many(seed: u64, count: usize) {
    let mut rng = Rng::new(seed);
    for _ in 0..count {
        let Case { layout, rules } = case(&mut rng);
        check(&layout, &Anywhere);
        check(&layout, &rules);
    }
}

#[test]
fn small_bays_take_as_many_relocations_as_brute_force_says() {
    check_many(1, 1000);
}

/// The clearings end two relocations above the best plan here, and the bound two below it: the proof is the beams' over single
/// relocations.
#[test]
fn a_gap_that_clearings_leave_is_closed_all_the_same() {
    let stacks = vec![vec![0, 4, 0], vec![2, 3, 1], Vec::new()];
    check(&Layout { stacks, heights: vec![3, 4, 2], groups: (0..5).collect() }, &Anywhere);
}

/// A bay of middling size.
fn larger_case(rng: &mut Rng) -> Layout {
    let (stacks, height) = (4 + rng.below(5), 3 + rng.below(4));
    let places = stacks * height;
    let containers = places - height - rng.below(places / 3);
    let kinds = 2 + rng.below(containers);
    let mut bay = vec![Vec::new(); stacks];
    for _ in 0..containers {
        let open: Vec<usize> = (0..stacks).filter(|&stack| bay[stack].len() < height).collect();
        bay[open[rng.below(open.len())]].push(rng.below(kinds) as u16);
    }
    Layout { stacks: bay, heights: vec![height as u16; stacks], groups: (0..kinds as u16).collect() }
}

/// From no bay of a plan on may the bounds claim that more is needed than the plan still does.
#[test]
fn no_bound_exceeds_what_a_plan_still_does() {
    let mut rng = Rng::new(3);
    let clock = || Duration::ZERO;
    for _ in 0..60 {
        let layout = larger_case(&mut rng);
        let mut budget = Budget::new(&clock).work_limit(60_000);
        let answer = solve(&layout, &Anywhere, &mut budget, &mut |_, _, _| ());
        let Some(plan) = answer.plan else { continue };
        assert!(sorts(&layout, &Anywhere, &plan), "{layout:?} {plan:?}");
        assert!(answer.lower_bound <= plan.len() as u32);
        let site = Site::new(&layout, &Anywhere);
        let mut bay = Bay::new(&site, &layout, &Anywhere);
        for (done, step) in plan.iter().enumerate() {
            let left = (plan.len() - done) as u32;
            assert!(Bound::default().of(&site, &bay, u32::MAX) <= left, "{layout:?} {plan:?} at {done}");
            assert!(relaxed::Relaxed::default().may_do(&site, &bay, left, 2000), "{layout:?} {plan:?} at {done}");
            bay.shift(&site, usize::from(step.from), usize::from(step.to));
        }
    }
}

#[test]
fn a_work_limit_gives_the_same_answer_again() {
    let layout = larger_case(&mut Rng::new(4));
    let clock = || Duration::ZERO;
    let answer = || solve(&layout, &Anywhere, &mut Budget::new(&clock).work_limit(30_000), &mut |_, _, _| ());
    assert_eq!(answer(), answer());
}

#[test]
fn within_a_horizon_as_few_are_badly_placed_as_brute_force_says() {
    let mut rng = Rng::new(5);
    let clock = || Duration::ZERO;
    for _ in 0..150 {
        let Case { layout, rules } = case(&mut rng);
        let relocations = rng.below(5);
        let answer = solve_within(&layout, &Anywhere, relocations, None, &mut Budget::new(&clock));
        assert_eq!(answer.badly_placed, fewest_within(&layout, &Anywhere, relocations), "{relocations} {layout:?}");
        assert_eq!(answer.lower_bound, answer.badly_placed);
        let answer = solve_within(&layout, &rules, relocations, None, &mut Budget::new(&clock));
        assert_eq!(answer.badly_placed, fewest_within(&layout, &rules, relocations), "{relocations} {layout:?}");
        assert!(answer.plan.len() <= relocations);
    }
}
