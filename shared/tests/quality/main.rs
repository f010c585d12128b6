//! Plans must not get worse: a fixed number of ticks on made-up instances, against the committed table.
//!
//! `UPDATE_QUALITY=1 cargo test -p portolan --test quality` writes the table anew; a change that worsens a line says so in its commit.

use std::fmt::Write;
use std::time::Duration;

use portolan::{Budget, Problem, berth, routing, yard};

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/quality/table.csv");
const HEADING: &str = "problem,style,size,seed,ticks,objective,lower_bound";

/// Solves with these ticks; objective and bound.
fn solved<P: Problem>(wire: &P::Wire, ticks: u64) -> (i64, i64) {
    let instance = P::instance(wire).unwrap_or_else(|issues| panic!("{issues:?}"));
    let clock = || Duration::ZERO;
    let outcome = P::solve(&instance, &mut Budget::new(&clock).work_limit(ticks), &mut |_| ());
    (outcome.objective, outcome.lower_bound)
}

/// The lines of the table, as they come out today.
fn today() -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = |problem: &str, style: &str, (a, b): (usize, usize), ticks: u64, (objective, bound): (i64, i64)| {
        lines.push(format!("{problem},{style},{a}x{b},1,{ticks},{objective},{bound}"));
    };
    for (style, size, ticks) in [
        (berth::generate::Style::Congested, (30, 3), 3_000_000),
        (berth::generate::Style::Congested, (60, 7), 6_000_000),
        (berth::generate::Style::Congested, (102, 5), 40_000_000),
        (berth::generate::Style::Restricted, (40, 5), 6_000_000),
        (berth::generate::Style::Light, (40, 4), 2_000_000),
        (berth::generate::Style::Terminal, (32, 6), 6_000_000),
    ] {
        let wire = berth::generate::generate(style, size.0, size.1, 1);
        line("berth", style.name(), size, ticks, solved::<berth::Berths>(&wire, ticks));
    }
    for (style, size, ticks) in [
        (yard::generate::Style::Full, (5, 5), 300_000),
        (yard::generate::Style::Full, (6, 6), 600_000),
        (yard::generate::Style::Full, (10, 10), 600_000),
        (yard::generate::Style::Uneven, (8, 6), 300_000),
        (yard::generate::Style::Groups, (6, 6), 300_000),
        (yard::generate::Style::Premarshal, (12, 5), 300_000),
        (yard::generate::Style::Terminal, (10, 5), 300_000),
    ] {
        let wire = yard::generate::generate(style, size.0, size.1, 1);
        line("yard", style.name(), size, ticks, solved::<yard::Yards>(&wire, ticks));
        if style == yard::generate::Style::Full {
            let restricted = yard::Wire { moves: Some(yard::Moves::Restricted), ..wire.clone() };
            line("yard", "full-restricted", size, ticks, solved::<yard::Yards>(&restricted, ticks));
        }
        if style == yard::generate::Style::Groups {
            let timed = yard::Wire { objective: Some(yard::wire::Objective::CraneTime), ..wire };
            line("yard", "groups-crane-time", size, ticks, solved::<yard::Yards>(&timed, ticks));
        }
    }
    for (style, size, ticks) in [
        (routing::generate::Style::Weekly, (40, 600), 1_000_000),
        (routing::generate::Style::Dated, (20, 600), 2_000_000),
    ] {
        let wire = routing::generate::generate(style, size.0, size.1, 1);
        line("routing", style.name(), size, ticks, solved::<routing::Routing>(&wire, ticks));
    }
    lines
}

#[test]
fn plans_are_no_worse_than_in_the_committed_table() {
    let today = today();
    if std::env::var_os("UPDATE_QUALITY").is_some() {
        let text = today.iter().fold(format!("{HEADING}\n"), |mut text, line| {
            writeln!(text, "{line}").expect("a string takes all");
            text
        });
        std::fs::write(TABLE, text).expect("the table can be written");
    }
    let committed = std::fs::read_to_string(TABLE).expect("the table is committed");
    let committed: Vec<&str> = committed.lines().skip(1).collect();
    assert_eq!(committed.len(), today.len(), "the table has other lines; write it anew");
    let mut worse = Vec::new();
    for (then, now) in committed.iter().zip(&today) {
        let (then, now): (Vec<&str>, Vec<&str>) = (then.split(',').collect(), now.split(',').collect());
        assert_eq!(then[..5], now[..5], "the table has other lines; write it anew");
        let number = |cells: &[&str], at: usize| cells[at].parse::<i64>().expect("a number");
        if number(&now, 5) > number(&then, 5) || number(&now, 6) < number(&then, 6) {
            worse.push(format!("{}: {} and {}, was {} and {}", now[..5].join(" "), now[5], now[6], then[5], then[6]));
        }
    }
    assert!(worse.is_empty(), "objective or bound is worse:\n{}", worse.join("\n"));
}
