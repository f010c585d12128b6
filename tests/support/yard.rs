//! Yards to plan.

use portolan_functions::plans::record::PlanId;
use serde_json::{Value, json};

/// A yard that nobody asked for before. Ten stacks of ten are not proven within minutes.
pub fn fresh(stacks: usize, tiers: usize, time_limit_ms: u64) -> Value {
    // Names and turns from a random id, so that no two runs ask for the same.
    let mut state = PlanId::fresh().number() as u64 | 1;
    let mut turns: Vec<usize> = (1..=stacks * tiers).collect();
    for at in (1..turns.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        turns.swap(at, (state >> 33) as usize % (at + 1));
    }
    let stacks: Vec<Value> = turns
        .chunks(tiers)
        .enumerate()
        .map(|(at, turns)| {
            let containers: Vec<String> = turns.iter().map(|turn| format!("c{turn:03}")).collect();
            json!({"id": format!("s{at}"), "max_tiers": tiers + 2, "containers": containers})
        })
        .collect();
    let mut departures = turns.clone();
    departures.sort_unstable();
    let departures: Vec<String> = departures.iter().map(|turn| format!("c{turn:03}")).collect();
    json!({"stacks": stacks, "departures": departures, "options": {"time_limit_ms": time_limit_ms}})
}
