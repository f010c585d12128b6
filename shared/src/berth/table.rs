//! A plan for a terminal: what a planner reads on a screen of 120 columns.

use super::explain::{Blocker, LeftOut};
use super::instance::Instance;
use super::plan::{Kpis, Plan, Visit, WhyMoved};
use super::words::{Words, moment};
use crate::answer::Answer;
use crate::words::{self, clean, counted, fit, grouped, percent, width};

#[cfg(test)]
pub(super) mod tests;

/// Columns of the screen.
const COLUMNS: usize = 120;
/// Columns that "why" gets at least; names shrink for it.
const LEAST_WHY: usize = 24;
/// Rows of the lists below the table.
const MAX_LISTED: usize = 5;
/// Columns of the bar that shows a berth's use.
const BAR: usize = 30;

/// Writes the table.
pub(super) fn table<C>(instance: &Instance, answer: &Answer<Plan, C>) -> String {
    let words = Words::of(instance);
    let plan = &answer.plan;
    let mut text = header(instance, answer);
    if !plan.assignments.is_empty() {
        text.push('\n');
        text.push_str(&visits(instance, words, plan));
    }
    text.push_str(&long_waits(instance, words, plan));
    text.push_str(&left_out(instance, words, &plan.left_out));
    text.push_str(&berths(words, plan));
    text.push('\n');
    text.push_str(&key_figures(words, &plan.kpis));
    text
}

fn header<C>(instance: &Instance, answer: &Answer<Plan, C>) -> String {
    let mut text = words::heading(answer);
    if answer.levels.len() > 1 {
        let mut is_open = false;
        for level in &answer.levels {
            let bound = if is_open {
                "lower bound follows when the classes above are proven".to_owned()
            } else {
                let gap = crate::outcome::gap(level.objective, level.lower_bound);
                format!("lower bound {} · gap {}", grouped(level.lower_bound), percent(gap))
            };
            is_open |= level.lower_bound < level.objective;
            text.push_str(&format!("class {} · cost {} · {bound}\n", level.class, grouped(level.objective)));
        }
    }
    let (calls, berths) = (instance.calls().len(), instance.berths().len());
    text.push_str(&format!("{} on {}\n", counted(calls, "call"), counted(berths, "berth")));
    text
}

const HEADINGS: [&str; 10] = ["", "call", "vessel", "berth", "arrival", "start", "departure", "waits", "late", "why"];
/// Columns that give way, in this order, until "why" has room: vessel, berth, call; each with its least width.
const SHRINKING: [(usize, usize); 3] = [(2, 12), (3, 8), (1, 6)];
const WAITS: usize = 7;
const WHY: usize = 9;

fn visits(instance: &Instance, words: Words, plan: &Plan) -> String {
    let rows: Vec<([String; WHY], Vec<String>)> =
        plan.assignments.iter().map(|visit| (cells(words, plan, visit), why(instance, words, plan, visit))).collect();
    let mut widths: Vec<usize> = (0..WHY)
        .map(|column| {
            rows.iter().map(|(cells, _)| width(&cells[column])).max().unwrap_or(0).max(HEADINGS[column].len())
        })
        .collect();
    let has_vessels = plan.assignments.iter().any(|visit| visit.vessel.is_some());
    let shown: Vec<usize> = (0..WHY).filter(|&column| column != 2 || has_vessels).collect();
    let room = |widths: &[usize]| {
        let taken: usize = shown.iter().map(|&column| widths[column] + 2).sum();
        COLUMNS.saturating_sub(taken)
    };
    for (column, least) in SHRINKING {
        while room(&widths) < LEAST_WHY && widths[column] > least {
            widths[column] -= 1;
        }
    }
    let why_width = room(&widths);
    let mut text = row(&shown, &widths, &HEADINGS.map(str::to_owned), HEADINGS[WHY]);
    text.push_str(&format!("{}\n", "─".repeat(COLUMNS)));
    for (cells, phrases) in &rows {
        let phrase = phrases.iter().find(|phrase| width(phrase) <= why_width).or(phrases.last());
        let why = phrase.map_or_else(String::new, |phrase| fit(phrase, why_width));
        text.push_str(&row(&shown, &widths, cells, &why));
    }
    let marked = |mark: char| rows.iter().any(|(cells, _)| cells[0].contains(mark));
    let legend: Vec<&str> = [('F', "F frozen"), ('M', "M moved from the earlier plan")]
        .into_iter()
        .filter_map(|(mark, meaning)| marked(mark).then_some(meaning))
        .collect();
    if !legend.is_empty() {
        text.push_str(&format!("{}\n", legend.join(" · ")));
    }
    text
}

fn row(shown: &[usize], widths: &[usize], cells: &[String], why: &str) -> String {
    let mut text = String::new();
    for &column in shown {
        let cell = fit(&cells[column], widths[column]);
        let pad = " ".repeat(widths[column] - width(&cell));
        // Durations line up on the right, names and dates on the left.
        let is_duration = column == WAITS || column == WAITS + 1;
        text.push_str(&if is_duration { format!("{pad}{cell}  ") } else { format!("{cell}{pad}  ") });
    }
    text.push_str(why);
    format!("{}\n", text.trim_end())
}

fn cells(words: Words, plan: &Plan, visit: &Visit) -> [String; WHY] {
    let is_moved = plan.changes.iter().any(|change| change.call == visit.call);
    let marks = format!("{}{}", if visit.frozen { "F" } else { "" }, if is_moved { "M" } else { "" });
    let duration = |seconds: i64| if seconds == 0 { "-".to_owned() } else { words.duration(seconds) };
    [
        marks,
        clean(&visit.call),
        visit.vessel.as_deref().map_or_else(String::new, clean),
        clean(&visit.berth),
        moment(visit.arrival),
        moment(visit.start),
        moment(visit.departure),
        duration(visit.waiting_s),
        visit.tardiness_s.map_or_else(String::new, duration),
    ]
}

/// Why a visit stands where it does, longest phrase first.
fn why(instance: &Instance, words: Words, plan: &Plan, visit: &Visit) -> Vec<String> {
    if let Some(delay) = &visit.delay {
        return words.why(instance, visit, delay);
    }
    if let Some(change) = plan.changes.iter().find(|change| change.call == visit.call) {
        let when = match change.later_s.unwrap_or(0) {
            0 => String::new(),
            later @ 1.. => format!(", {} later", words.duration(later)),
            earlier => format!(", {} earlier", words.duration(-earlier)),
        };
        let from = clean(&change.from_berth);
        let elsewhere = change.to_berth.as_ref().is_some_and(|to| *to != change.from_berth);
        let moved = if elsewhere { format!("was at {from}{when}") } else { format!("was planned{when}") };
        let why = match &change.why {
            Some(WhyMoved::ArrivesLater { .. }) => "arrives later".to_owned(),
            Some(WhyMoved::PlaceLost) => "place lost".to_owned(),
            Some(WhyMoved::Displaced { by }) => {
                format!("gives way to {}", by.iter().map(|id| clean(id)).collect::<Vec<_>>().join(", "))
            }
            Some(WhyMoved::Cheaper) | None => return vec![moved],
        };
        return vec![format!("{moved}: {why}"), moved];
    }
    let is_only_frozen = visit.frozen && visit.waiting_s > 0;
    vec![if is_only_frozen { "frozen start".to_owned() } else { String::new() }]
}

/// The longest waits and the cheapest change that would shorten each.
fn long_waits(instance: &Instance, words: Words, plan: &Plan) -> String {
    let mut waits: Vec<(&Visit, &super::explain::Remedy)> =
        plan.assignments.iter().filter_map(|visit| Some((visit, visit.delay.as_ref()?.remedies.first()?))).collect();
    if waits.is_empty() {
        return String::new();
    }
    waits.sort_by_key(|(visit, _)| -visit.waiting_s);
    let mut text = "\nlongest waits, and the cheapest change that would shorten each\n".to_owned();
    for (visit, remedy) in waits.iter().take(MAX_LISTED) {
        let who = name(&visit.call, visit.vessel.as_deref());
        text.push_str(&line(&format!("  {who} waits {}", words.duration(visit.waiting_s))));
        text.push_str(&line(&format!("    {}", words.remedy(instance, remedy))));
    }
    text
}

fn left_out(instance: &Instance, words: Words, left_out: &[LeftOut]) -> String {
    if left_out.is_empty() {
        return String::new();
    }
    let mut text = format!("\nleft out: {}\n", counted(left_out.len(), "call"));
    for call in left_out {
        let who = name(&call.call, call.vessel.as_deref());
        text.push_str(&line(&format!("  {who}: {}{}", clean(&call.cause), held_by(call))));
        let remedy = match call.remedies.first() {
            Some(remedy) => format!("cheapest change: {}", words.remedy(instance, remedy)),
            None => "no single change would let it in".to_owned(),
        };
        text.push_str(&line(&format!("    {remedy}")));
    }
    text
}

/// Whom a call that is left out would have to come before.
fn held_by(call: &LeftOut) -> String {
    let holders = call.blocked_by.iter().filter_map(|blocker| match blocker {
        Blocker::Call { call, berth, .. } => Some((clean(call), clean(berth))),
        _ => None,
    });
    let holders: Vec<(String, String)> = holders.collect();
    let Some((_, berth)) = holders.first() else { return String::new() };
    let names: Vec<&str> = holders.iter().map(|(call, _)| call.as_str()).collect();
    format!(", {berth} by {}", names.join(", "))
}

fn name(call: &str, vessel: Option<&str>) -> String {
    let id = fit(&clean(call), 24);
    vessel.map_or(id.clone(), |vessel| format!("{id} {}", fit(&clean(vessel), 24)))
}

fn line(text: &str) -> String {
    format!("{}\n", fit(text, COLUMNS))
}

fn berths(words: Words, plan: &Plan) -> String {
    let names: Vec<String> = plan.berths.iter().map(|berth| fit(&clean(&berth.berth), 24)).collect();
    let name_width = names.iter().map(|name| width(name)).max().unwrap_or(0).max("berth".len());
    let mut text = format!("\n{:<name_width$}  calls      busy  utilisation\n", "berth");
    for (berth, name) in plan.berths.iter().zip(&names) {
        let pad = " ".repeat(name_width - width(name));
        let filled = ((berth.utilisation.clamp(0.0, 1.0) * BAR as f64).round() as usize).min(BAR);
        let bar = format!("{}{}", "█".repeat(filled), "░".repeat(BAR - filled));
        text.push_str(&format!(
            "{name}{pad}  {:>5}  {:>8}  {:>5.1} % {bar}\n",
            berth.calls,
            words.duration(berth.busy_s),
            berth.utilisation * 100.0
        ));
    }
    text
}

fn key_figures(words: Words, kpis: &Kpis) -> String {
    let mut text = format!("served {} · left out {}", kpis.served, kpis.left_out);
    let mean = |seconds: f64| words.duration(seconds.round() as i64);
    text.push_str(&format!(
        " · waits {} on average, {} at most",
        mean(kpis.mean_waiting_s),
        words.duration(kpis.max_waiting_s)
    ));
    text.push_str(&format!(" · {} in port on average", mean(kpis.mean_turnaround_s)));
    if let Some(share) = kpis.on_time_share {
        text.push_str(&format!(" · {:.0} % on time", share * 100.0));
    }
    let last = kpis.last_departure.map_or_else(String::new, |last| line(&format!("last departure {}", moment(last))));
    line(&text) + &last
}
