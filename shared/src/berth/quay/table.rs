//! A plan for a terminal: what a planner reads on a screen of 120 columns.

use super::explain::{Blocker, Delay, Lever, Remedy};
use super::plan::{Plan, Visit};
use super::port::{Port, metres};
use crate::answer::Answer;
use crate::berth::words::{Words, moment};
use crate::words::{clean, counted, fit, heading, percent, signed, width};

#[cfg(test)]
pub(super) mod tests;

/// Columns of the screen.
const COLUMNS: usize = 120;
/// Columns of names at most.
const NAME: usize = 18;
/// Rows of the list below the table.
const MAX_LISTED: usize = 5;

/// Writes the table.
pub(super) fn table<C>(port: &Port, answer: &Answer<Plan, C>) -> String {
    let words = Words::new(port.origin());
    let plan = &answer.plan;
    let mut text = heading(answer);
    let quay = metres(port.instance.quay());
    text.push_str(&format!("{} on a quay of {quay} m\n", counted(plan.assignments.len(), "call")));
    if !plan.assignments.is_empty() {
        text.push('\n');
        text.push_str(&visits(port, words, plan));
    }
    text.push_str(&long_waits(port, words, plan));
    text.push('\n');
    text.push_str(&key_figures(words, plan));
    text
}

const HEADINGS: [&str; 8] = ["", "call", "vessel", "along the quay, m", "arrival", "start", "departure", "waits"];

fn visits(port: &Port, words: Words, plan: &Plan) -> String {
    let rows: Vec<[String; 8]> = plan.assignments.iter().map(|visit| cells(words, visit)).collect();
    let widths: Vec<usize> = (0..8)
        .map(|column| rows.iter().map(|cells| width(&cells[column])).max().unwrap_or(0).max(HEADINGS[column].len()))
        .collect();
    let has_vessels = plan.assignments.iter().any(|visit| visit.vessel.is_some());
    let line = |cells: &[String; 8], why: &str| {
        let mut text = String::new();
        for (column, (cell, &width)) in cells.iter().zip(&widths).enumerate() {
            if column == 2 && !has_vessels {
                continue;
            }
            let pad = " ".repeat(width - crate::words::width(cell));
            // Numbers line up on the right, names and dates on the left.
            text.push_str(&if column == 3 || column == 7 {
                format!("{pad}{cell}  ")
            } else {
                format!("{cell}{pad}  ")
            });
        }
        let room = COLUMNS.saturating_sub(width(&text));
        format!("{}\n", (text + &fit(why, room)).trim_end())
    };
    let mut text = line(&HEADINGS.map(str::to_owned), "why");
    text.push_str(&format!("{}\n", "─".repeat(COLUMNS)));
    for (cells, visit) in rows.iter().zip(&plan.assignments) {
        let why = visit.delay.as_ref().map_or_else(String::new, |delay| why(port, delay));
        text.push_str(&line(cells, &why));
    }
    if plan.assignments.iter().any(|visit| visit.frozen) {
        text.push_str("F frozen\n");
    }
    text
}

fn cells(words: Words, visit: &Visit) -> [String; 8] {
    [
        if visit.frozen { "F".to_owned() } else { String::new() },
        fit(&clean(&visit.call), NAME),
        visit.vessel.as_deref().map_or_else(String::new, |vessel| fit(&clean(vessel), NAME)),
        format!("{:.2} - {:.2}", visit.position_m, visit.end_m),
        moment(visit.arrival),
        moment(visit.start),
        moment(visit.departure),
        if visit.waiting_s == 0 { "-".to_owned() } else { words.duration(visit.waiting_s) },
    ]
}

/// Why a visit waits, in a few words.
pub(super) fn why(port: &Port, delay: &Delay) -> String {
    let holders: Vec<String> = delay
        .blocked_by
        .iter()
        .filter_map(|blocker| match blocker {
            Blocker::Call { call, .. } => Some(clean(name(port, call))),
            Blocker::Tide { .. } => None,
        })
        .collect();
    match holders.as_slice() {
        [] => "sails with the tide".to_owned(),
        [one] => format!("beside {one}"),
        [.., last] => format!("beside {last} and {} more", holders.len() - 1),
    }
}

/// What people call a call: its vessel, where it has one.
fn name<'a>(port: &'a Port, id: &'a str) -> &'a str {
    port.calls().iter().find(|call| call.id == id).and_then(|call| call.vessel.as_deref()).unwrap_or(id)
}

/// A remedy as a sentence.
pub(super) fn sentence(port: &Port, words: Words, remedy: &Remedy) -> String {
    let change = match &remedy.change {
        Lever::GoFirst { before } => format!("go before {}", clean(name(port, before))),
        Lever::FreeQuay { by_m } => format!("have {by_m} m more of the quay free"),
        Lever::IgnoreTide => "come and go without the tide".to_owned(),
    };
    let price = signed(remedy.objective_change);
    format!("{change}: objective {price}; start {}, {} earlier", moment(remedy.start), words.duration(remedy.earlier_s))
}

/// The longest waits and the cheapest change that would shorten each.
fn long_waits(port: &Port, words: Words, plan: &Plan) -> String {
    let mut waits: Vec<(&Visit, &Remedy)> =
        plan.assignments.iter().filter_map(|visit| Some((visit, visit.delay.as_ref()?.remedies.first()?))).collect();
    if waits.is_empty() {
        return String::new();
    }
    waits.sort_by_key(|(visit, _)| -visit.waiting_s);
    let mut text = "\nlongest waits, and the cheapest change that would shorten each\n".to_owned();
    for (visit, remedy) in waits.iter().take(MAX_LISTED) {
        let who = format!("{} {}", clean(&visit.call), visit.vessel.as_deref().map(clean).unwrap_or_default());
        let waits = format!("  {} waits {}", who.trim_end(), words.duration(visit.waiting_s));
        text.push_str(&format!("{}\n", fit(&waits, COLUMNS)));
        text.push_str(&format!("    {}\n", fit(&sentence(port, words, remedy), COLUMNS - 4)));
    }
    text
}

fn key_figures(words: Words, plan: &Plan) -> String {
    let kpis = &plan.kpis;
    let mean = |seconds: f64| words.duration(seconds.round() as i64);
    let text = format!(
        "served {} · waits {} on average, {} at most · {} in port on average · {} of the quay in use\n",
        kpis.served,
        mean(kpis.mean_waiting_s),
        words.duration(kpis.max_waiting_s),
        mean(kpis.mean_turnaround_s),
        percent(kpis.utilisation)
    );
    text + &kpis.last_departure.map_or_else(String::new, |last| format!("last departure {}\n", moment(last)))
}
