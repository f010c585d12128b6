//! temporary
use super::instance::Instance;
use super::layout::{Layout, Move, Relocation, STAYS};
use super::rules::{Anywhere, Placement};
use super::{certificate, plan};
use crate::budget::Budget;
use crate::outcome::{Found, Outcome, Progress, Stats};

fn greedy<P: Placement>(layout: &Layout, placement: &P) -> Vec<Relocation> {
    let mut st = layout.stacks.clone();
    let mut out = Vec::new();
    let g = |k: u16| layout.groups[k as usize];
    loop {
        let Some(t) = st.iter().flatten().map(|&k| g(k)).filter(|&x| x != STAYS).min() else { break };
        let s = st.iter().position(|s| s.iter().any(|&k| g(k) == t)).expect("some");
        while g(*st[s].last().expect("x")) != t {
            let k = *st[s].last().expect("x");
            let best = (0..st.len())
                .filter(|&d| {
                    d != s && st[d].len() < layout.heights[d] as usize && placement.allows(k, d, st[d].last().copied())
                })
                .min_by_key(|&d| {
                    let m = st[d].iter().map(|&k| g(k)).min().map_or(u32::from(u16::MAX) + 1, u32::from);
                    if m >= u32::from(g(k)) { (0, m) } else { (1, u32::MAX - m) }
                });
            let Some(d) = best else { return out };
            st[s].pop();
            st[d].push(k);
            out.push(Relocation { from: s as u16, to: d as u16 });
        }
        st[s].pop();
    }
    out
}

pub(super) fn solve(
    instance: &Instance,
    budget: &mut Budget<'_>,
    watch: &mut dyn FnMut(&Progress<'_, Vec<Move>>),
) -> Outcome<Vec<Move>, certificate::Certificate> {
    let r = match &instance.placement {
        None => greedy(&instance.layout, &Anywhere),
        Some(rules) => greedy(&instance.layout, rules),
    };
    let solution = instance.layout.with_retrievals(&r);
    let kpis = plan::Plan::new(instance, &solution).kpis;
    let objective = plan::objective(instance, kpis.left_out, kpis.relocations, kpis.crane_ms);
    let lower_bound = certificate::counted(instance);
    watch(&Progress { incumbent: &solution, objective, lower_bound, ticks: 0 });
    let certificate = certificate::of(instance, lower_bound);
    let gap = plan::gap(instance, objective, lower_bound);
    Outcome::new(Found { solution, objective, lower_bound, gap, certificate }, budget, Stats::default())
}
