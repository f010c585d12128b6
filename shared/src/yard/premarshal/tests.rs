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
            for from in 0..stacks.len() {
                let Some(&kind) = stacks[from].last() else { continue };
                for to in 0..stacks.len() {
                    let fits = stacks[to].len() < usize::from(layout.heights[to]);
                    if from == to || !fits || !placement.allows(kind, to, stacks[to].last().copied()) {
                        continue;
                    }
                    let mut after = stacks.clone();
                    after[from].pop();
                    after[to].push(kind);
                    if seen.insert(after.clone()) {
                        next.push(after);
                    }
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
    let answer = solve(layout, placement, &mut budget, &mut |plan, bound| last = Some((plan.to_vec(), bound)));
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

/// `YARD_CASES=100000 cargo test --release -- --ignored many_small_bays`
#[test]
#[ignore = "minutes"]
fn many_small_bays_take_as_many_relocations_as_brute_force_says() {
    let count = std::env::var("YARD_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(50_000);
    check_many(2, count);
}
