//! Every plan is replayed by a replay of its own and compared with the optimum of a search without any rule.

use crate::budget::Budget;
use crate::rng::Rng;
use crate::yard::heuristic::{Improver, first, lower_bound};
use crate::yard::layout::{Layout, Moves, Relocation, STAYS};
use crate::yard::rules::{Anywhere, Placement, Rules};
use std::collections::BTreeSet;
use std::time::Duration;

type Stacks = Vec<Vec<u16>>;

/// Lets everything leave that can; the group whose turn it is then.
fn settle(layout: &Layout, stacks: &mut Stacks) -> Option<u16> {
    let group = |kind: &u16| layout.groups[usize::from(*kind)];
    loop {
        let turn = stacks.iter().flatten().map(group).filter(|&group| group != STAYS).min()?;
        let Some(stack) = stacks.iter_mut().find(|stack| stack.last().is_some_and(|kind| group(kind) == turn)) else {
            return Some(turn);
        };
        stack.pop();
    }
}

/// All states one relocation away.
fn next<P: Placement>(
    layout: &Layout,
    rules: &P,
    moves: Moves,
    stacks: &Stacks,
    turn: u16,
) -> Vec<(Relocation, Stacks)> {
    let mut all = Vec::new();
    for from in 0..stacks.len() {
        let holds = stacks[from].iter().any(|&kind| layout.groups[usize::from(kind)] == turn);
        let Some(&kind) = stacks[from].last() else { continue };
        if moves == Moves::Restricted && !holds {
            continue;
        }
        for to in (0..stacks.len()).filter(|&to| to != from) {
            let below = stacks[to].last().copied();
            if stacks[to].len() < usize::from(layout.heights[to]) && rules.allows(kind, to, below) {
                let mut state = stacks.clone();
                state[from].pop();
                state[to].push(kind);
                all.push((Relocation { from: from as u16, to: to as u16 }, state));
            }
        }
    }
    all
}

/// The fewest relocations, breadth first.
fn optimum<P: Placement>(layout: &Layout, rules: &P, moves: Moves) -> Option<usize> {
    let mut root = layout.stacks.clone();
    if settle(layout, &mut root).is_none() {
        return Some(0);
    }
    let mut seen = BTreeSet::from([root.clone()]);
    let mut level = vec![root];
    for cost in 1.. {
        let mut deeper = Vec::new();
        for mut state in level {
            let turn = settle(layout, &mut state)?;
            for (_, mut child) in next(layout, rules, moves, &state, turn) {
                if settle(layout, &mut child).is_none() {
                    return Some(cost);
                }
                if seen.insert(child.clone()) {
                    deeper.push(child);
                }
            }
        }
        if deeper.is_empty() {
            return None;
        }
        level = deeper;
    }
    None
}

fn replay<P: Placement>(layout: &Layout, rules: &P, moves: Moves, plan: &[Relocation]) {
    let mut state = layout.stacks.clone();
    for step in plan {
        let turn = settle(layout, &mut state).expect("a relocation after the last retrieval");
        let children = next(layout, rules, moves, &state, turn);
        state = children.into_iter().find(|(allowed, _)| allowed == step).expect("not allowed").1;
    }
    assert_eq!(settle(layout, &mut state), None, "containers are left");
}

/// A small bay: distinct or grouped, with or without containers that stay, tight or not.
fn random(rng: &mut Rng) -> Layout {
    let stacks = 2 + rng.below(4);
    let highest = 2 + rng.below(3);
    let containers = 2 + rng.below((stacks * highest - 1).min(9));
    let groups = 1 + rng.below(containers);
    let distinct = rng.below(2) == 0;
    let mut kinds: Vec<u16> =
        (0..containers).map(|at| (if distinct { at } else { at * groups / containers }) as u16).collect();
    rng.shuffle(&mut kinds);
    let heights: Vec<u16> = match rng.below(4) {
        0 => vec![u16::MAX; stacks],
        1 => (0..stacks).map(|_| (highest - rng.below(2)) as u16).collect(),
        _ => vec![highest as u16; stacks],
    };
    let mut layout = Layout { stacks: vec![Vec::new(); stacks], heights, groups: (0..containers as u16).collect() };
    if rng.below(4) == 0 {
        let stay = 1 + rng.below(2);
        let from = containers.saturating_sub(stay);
        layout.groups[from..].fill(STAYS);
    }
    for kind in kinds {
        let open: Vec<usize> =
            (0..stacks).filter(|&s| layout.stacks[s].len() < usize::from(layout.heights[s]).min(highest)).collect();
        if !open.is_empty() {
            layout.stacks[open[rng.below(open.len())]].push(kind);
        }
    }
    layout
}

fn random_rules(rng: &mut Rng, layout: &Layout) -> Rules {
    let (kinds, stacks) = (layout.groups.len(), layout.stacks.len());
    let fits: Vec<bool> = (0..kinds * stacks).map(|_| rng.below(5) > 0).collect();
    let bears: Vec<bool> = (0..kinds * kinds).map(|_| rng.below(5) > 0).collect();
    Rules::new(kinds, stacks, |kind, stack| fits[kind * stacks + stack], |kind, below| bears[kind * kinds + below])
}

/// Checks one bay; how much longer the plan is than the shortest.
fn check<P: Placement>(layout: &Layout, rules: &P, moves: Moves) -> usize {
    let best = optimum(layout, rules, moves);
    let plan = match first(layout, rules, moves) {
        Ok(plan) => plan,
        Err(stuck) => {
            assert_eq!(best, None, "{layout:?} {moves:?} has a plan, but {stuck}");
            assert!(stuck.proven);
            return 0;
        }
    };
    replay(layout, rules, moves, &plan);
    let bound = lower_bound(layout, moves);
    assert!(best.is_none_or(|best| bound as usize <= best), "{layout:?} {moves:?}: bound {bound}, optimum {best:?}");
    let best = best.expect("a plan where there is none");
    let clock = || Duration::ZERO;
    let mut budget = Budget::new(&clock).work_limit(8000);
    let mut shortest = plan;
    Improver::new(layout, rules, moves, &shortest.clone()).run(best as u32, &mut budget, &mut |plan| {
        assert!(plan.len() < shortest.len());
        shortest = plan.to_vec();
    });
    replay(layout, rules, moves, &shortest);
    assert!(shortest.len() >= best, "{layout:?} {moves:?}: {shortest:?} is shorter than {best}");
    shortest.len() - best
}

fn excess(seed: u64, bays: usize) -> (usize, usize) {
    let mut rng = Rng::new(seed);
    let mut sum = (0, 0);
    for _ in 0..bays {
        let layout = random(&mut rng);
        let rules = random_rules(&mut rng, &layout);
        for moves in [Moves::Restricted, Moves::Unrestricted] {
            sum.0 += check(&layout, &Anywhere, moves);
            sum.1 += check(&layout, &rules, moves);
        }
    }
    sum
}

#[test]
fn plans_are_valid_and_found_where_one_exists_and_nearly_always_shortest() {
    let (free, ruled) = excess(1, 3000);
    assert!(free <= 2 && ruled <= 2, "{free} {ruled}");
}

#[test]
fn an_empty_bay_and_one_where_everything_stays_need_nothing() {
    let layout = Layout { stacks: vec![vec![], vec![0, 0]], heights: vec![0, 1], groups: vec![STAYS] };
    assert_eq!(first(&layout, &Anywhere, Moves::Restricted), Ok(Vec::new()));
    let layout = Layout { stacks: Vec::new(), heights: Vec::new(), groups: Vec::new() };
    assert_eq!(first(&layout, &Anywhere, Moves::Unrestricted), Ok(Vec::new()));
}

#[test]
fn a_full_bay_names_the_container_that_cannot_be_dug_out() {
    let layout = Layout { stacks: vec![vec![0, 1], vec![2, 3]], heights: vec![2, 2], groups: vec![0, 1, 2, 3] };
    let stuck = first(&layout, &Anywhere, Moves::Unrestricted).unwrap_err();
    assert_eq!((stuck.stack, stuck.tier, stuck.kind, stuck.proven), (0, 0, 0, true));
}

#[test]
fn the_same_work_limit_gives_the_same_plans() {
    let mut rng = Rng::new(5);
    let mut kinds: Vec<u16> = (0..36).collect();
    rng.shuffle(&mut kinds);
    let stacks = kinds.chunks(6).map(<[u16]>::to_vec).collect();
    let layout = Layout { stacks, heights: vec![8; 6], groups: (0..36).collect() };
    let run = || {
        let clock = || Duration::ZERO;
        let mut budget = Budget::new(&clock).work_limit(20_000);
        let start = first(&layout, &Anywhere, Moves::Unrestricted).unwrap();
        let mut plans = Vec::new();
        let mut improver = Improver::new(&layout, &Anywhere, Moves::Unrestricted, &start);
        improver.run(0, &mut budget, &mut |plan| plans.push(plan.to_vec()));
        (plans, budget.ticks())
    };
    assert_eq!(run(), run());
}
