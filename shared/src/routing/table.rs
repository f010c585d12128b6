//! A routing plan for a terminal: key figures, what is not carried and why, what room is worth, and the ways of the first lots.

use super::instance::Instance;
use super::plan::{Cause, Plan, Remedy, Route, Unserved};
use crate::answer::Answer;
use crate::time::Time;
use crate::words::{self, clean, counted, fit, grouped, width};

#[cfg(test)]
pub(super) mod tests;

/// Lots whose ways are listed; further ones are in the JSON.
const MAX_LOTS: usize = 40;
/// Lots that are listed as not carried.
const MAX_UNSERVED: usize = 15;
/// Columns of a name.
const NAME: usize = 28;
/// Columns of the screen.
const COLUMNS: usize = 120;

/// Writes the table.
pub(super) fn table<C>(instance: &Instance, answer: &Answer<Plan, C>) -> String {
    let plan = &answer.plan;
    let kpis = plan.kpis;
    let mut text = words::heading(answer);
    text.push_str(&format!(
        "{} in {} over {} and {}\n\n",
        counted(kpis.containers as usize, "container"),
        counted(instance.lots.len(), "lot"),
        counted(instance.arcs.len(), "leg"),
        counted(instance.resources.len(), "resource"),
    ));
    text.push_str(&ways(instance, plan));
    text.push_str(&unserved(plan));
    text.push_str(&valuable(plan));
    text.push_str(&format!(
        "\n{} carried · {} late · {} rejected · {} of {} lots in full · {} full resources\ncarrying costs {} · rejections cost {}\n",
        grouped(kpis.carried),
        grouped(kpis.late),
        grouped(kpis.rejected),
        kpis.lots_in_full,
        instance.lots.len(),
        kpis.full_resources,
        money(kpis.carrying_cents),
        money(kpis.rejection_cents),
    ));
    text
}

fn ways(instance: &Instance, plan: &Plan) -> String {
    let routed: Vec<_> = plan.lots.iter().filter(|lot| !lot.routes.is_empty()).collect();
    if routed.is_empty() {
        return String::new();
    }
    let mut rows = vec![["lot", "containers", "cost each", "way"].map(str::to_owned)];
    for lot in routed.iter().take(MAX_LOTS) {
        for route in &lot.routes {
            rows.push([named(&lot.lot), grouped(route.quantity), money(route.cost_cents), way(instance, route)]);
        }
    }
    let mut text = aligned(&rows, &[1, 2]);
    if routed.len() > MAX_LOTS {
        text.push_str(&format!("and {} more\n", counted(routed.len() - MAX_LOTS, "lot")));
    }
    text
}

/// The nodes that a way touches, but for those where it only waits.
fn way(instance: &Instance, route: &Route) -> String {
    if instance.timetable.is_some() {
        return ride(route);
    }
    let arcs = || route.arcs().filter_map(|arc| instance.arcs().get(arc as usize));
    let mut nodes: Vec<u32> = arcs().next().map(|arc| arc.from).into_iter().collect();
    nodes.extend(arcs().map(|arc| arc.to));
    let port = |node: u32| instance.nodes()[node as usize].port;
    let waits = |at: usize| {
        let is_inside = at > 0 && at + 1 < nodes.len() && port(nodes[at]).is_some();
        is_inside && port(nodes[at - 1]) == port(nodes[at]) && port(nodes[at + 1]) == port(nodes[at])
    };
    let kept = (0..nodes.len()).filter(|&at| !waits(at)).map(|at| clean(&instance.nodes()[nodes[at] as usize].id));
    kept.collect::<Vec<_>>().join(" > ")
}

/// The rides and transfers of a way, with when each leaves, and when the last is over.
fn ride(route: &Route) -> String {
    let mut text = String::new();
    for leg in &route.legs {
        let departs = leg.departs.map(|time| format!(" {}", short(time))).unwrap_or_default();
        let by = clean(leg.id.as_deref().unwrap_or_default());
        text.push_str(&format!("{}{departs} [{by}] > ", clean(&leg.from)));
    }
    let to = route.legs.last().map(|leg| clean(&leg.to)).unwrap_or_default();
    let arrives = route.arrives.map(|time| format!(" {}", short(time))).unwrap_or_default();
    format!("{text}{to}{arrives}")
}

/// Month, day and hour; or the seconds.
fn short(time: Time) -> String {
    let text = moment(time);
    text.get(5..).filter(|_| matches!(time, Time::Absolute(_))).map_or(text.clone(), str::to_owned)
}

fn unserved(plan: &Plan) -> String {
    if plan.unserved.is_empty() {
        return String::new();
    }
    let mut rows = vec![["not carried, or late", "containers", "why", "what would admit one more"].map(str::to_owned)];
    for one in plan.unserved.iter().take(MAX_UNSERVED) {
        rows.push([named(&one.lot), grouped(one.rejected.max(one.late)), why(one), remedy(one)]);
    }
    let mut text = format!("\n{}", aligned(&rows, &[1]));
    if plan.unserved.len() > MAX_UNSERVED {
        text.push_str(&format!("and {} more\n", counted(plan.unserved.len() - MAX_UNSERVED, "lot")));
    }
    text
}

fn why(unserved: &Unserved) -> String {
    match &unserved.cause {
        Cause::Unreachable => "no way leads there".to_owned(),
        Cause::TooSlow => "no way is quick enough".to_owned(),
        Cause::NoRoom { blocking } => match &blocking[..] {
            [one] => format!("{} is full", named(&one.resource)),
            [one, ..] => format!("{} is full, and {} more", named(&one.resource), blocking.len() - 1),
            [] => "there is no room".to_owned(),
        },
        Cause::NotWorthIt { .. } => "costs no less than turning it down".to_owned(),
    }
}

fn remedy(unserved: &Unserved) -> String {
    match &unserved.remedy {
        None if unserved.cause == Cause::Unreachable => "a leg that leads there".to_owned(),
        None => "several changes".to_owned(),
        Some(Remedy::RaiseCapacity { resource, units }) => format!("{units} more of {}", named(resource)),
        Some(Remedy::AllowUntil { due }) => format!("due {}", moment(*due)),
        Some(Remedy::AllowTransit { max_transit_s }) => format!("transit of {} s", grouped(*max_transit_s)),
        Some(Remedy::RaiseRejection { rejection_cents }) => format!("a rejection above {}", money(*rejection_cents)),
    }
}

fn valuable(plan: &Plan) -> String {
    if plan.most_valuable.is_empty() {
        return String::new();
    }
    let mut rows = vec![["most valuable room", "used", "of", "one more is worth"].map(str::to_owned)];
    for one in &plan.most_valuable {
        rows.push([named(&one.resource), grouped(one.used), grouped(one.capacity), money(one.worth_cents)]);
    }
    format!("\n{}", aligned(&rows, &[1, 2, 3]))
}

fn named(name: &str) -> String {
    fit(&clean(name), NAME)
}

/// An instant: its date and time, or seconds.
fn moment(time: Time) -> String {
    match time {
        Time::Offset(seconds) => format!("{} s", grouped(seconds)),
        Time::Absolute(_) => time.to_string().get(..16).unwrap_or_default().replace('T', " "),
    }
}

/// Hundredths, written with two decimals.
pub(super) fn money(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", grouped((cents.unsigned_abs() / 100) as i64), cents.unsigned_abs() % 100)
}

/// Rows in columns, the first row being the heading; `right` are flush right.
fn aligned<const N: usize>(rows: &[[String; N]], right: &[usize]) -> String {
    let wide: Vec<usize> = (0..N).map(|column| rows.iter().map(|row| width(&row[column])).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let pad = " ".repeat(wide[column] - width(cell));
            line.push_str(&if right.contains(&column) { format!("{pad}{cell}") } else { format!("{cell}{pad}") });
            line.push_str("  ");
        }
        text.push_str(&fit(line.trim_end(), COLUMNS));
        text.push('\n');
    }
    text
}
