//! A yard plan for a terminal: the stacks before and after, and the moves between, on a screen of 120 columns.

use std::collections::HashMap;

use super::instance::Instance;
use super::picture;
use super::plan::{LeftOut, Place, Plan, Remedy, Step, Why};
use super::wire::{Moves, Task};
use crate::answer::Answer;
use crate::words::{self, clean, counted, fit, grouped, width};

#[cfg(test)]
pub(super) mod tests;

/// Columns of the screen.
const COLUMNS: usize = 120;
/// Moves that are listed; further ones are in the JSON.
const MAX_MOVES: usize = 400;
/// Stacks that are drawn; a yard with more is a map, not a picture.
const MAX_DRAWN: usize = 60;
/// Rows of the lists below the moves.
const MAX_LISTED: usize = 10;

/// Writes the table.
pub(super) fn table<C>(instance: &Instance, answer: &Answer<Plan, C>) -> String {
    let plan = &answer.plan;
    let mut text = words::heading(answer);
    text.push_str(&task(instance));
    if instance.stacks.len() <= MAX_DRAWN {
        let before: Vec<Vec<usize>> = instance.stacks.iter().map(|stack| stack.containers.clone()).collect();
        text.push_str("\nbefore, each container as its turn; * stands above one that leaves earlier, - stays\n");
        text.push_str(&picture::draw(instance, &before));
        if let Some(after) = after(instance, plan).filter(|after| after.iter().any(|held| !held.is_empty())) {
            text.push_str("\nafter\n");
            text.push_str(&picture::draw(instance, &after));
        }
    }
    if !plan.moves.is_empty() {
        text.push('\n');
        text.push_str(&moves(plan));
    }
    text.push_str(&left_out(&plan.left_out));
    text.push('\n');
    text.push_str(&key_figures(plan));
    text
}

/// The stacks before the first move and after each, as pictures.
pub(super) fn frames<C>(instance: &Instance, answer: &Answer<Plan, C>) -> Vec<String> {
    let stacks: HashMap<&str, usize> =
        instance.stacks.iter().enumerate().map(|(at, stack)| (stack.id.as_str(), at)).collect();
    let mut held: Vec<Vec<usize>> = instance.stacks.iter().map(|stack| stack.containers.clone()).collect();
    let count = answer.plan.moves.len();
    let mut frames = vec![format!("before\n{}", picture::draw(instance, &held))];
    for (at, step) in answer.plan.moves.iter().enumerate() {
        // An answer to another request has moves that make no sense here; its pictures end there.
        let Some(container) = stacks.get(step.from.stack.as_str()).and_then(|&from| held[from].pop()) else { break };
        if let Some(place) = &step.to {
            let Some(&to) = stacks.get(place.stack.as_str()) else { break };
            held[to].push(container);
        }
        let to = step.to.as_ref().map_or_else(|| "out".to_owned(), place);
        let what = format!("{} {} -> {to}: {}", clean(&step.container), place(&step.from), why(&step.why));
        let title = fit(&format!("move {} of {count}: {what}", at + 1), COLUMNS);
        frames.push(format!("{title}\n{}", picture::draw(instance, &held)));
    }
    frames
}

fn task(instance: &Instance) -> String {
    let moves = match instance.moves {
        Moves::Unrestricted => "any top may move",
        Moves::Restricted => "only what stands above the next container may move",
    };
    let task = match instance.task {
        Task::Retrieve => format!("retrieve, {moves}"),
        Task::Premarshal => "pre-marshal, nothing leaves".to_owned(),
    };
    let (containers, stacks) = (instance.containers.len(), instance.stacks.len());
    let leaving = instance.containers.iter().filter(|container| container.turn.is_some()).count();
    format!(
        "{task} · {} in {} · {} to leave in {}\n",
        counted(containers, "container"),
        counted(stacks, "stack"),
        grouped(leaving as i64),
        counted(usize::from(instance.turns), "turn")
    )
}

/// The stacks when all is done; `None` where the plan is not one for this instance.
pub(super) fn after(instance: &Instance, plan: &Plan) -> Option<Vec<Vec<usize>>> {
    let names: HashMap<&str, usize> =
        instance.containers.iter().enumerate().map(|(at, container)| (container.id.as_str(), at)).collect();
    let held =
        plan.after.iter().map(|stack| stack.containers.iter().map(|id| names.get(id.as_str()).copied()).collect());
    let held: Option<Vec<Vec<usize>>> = held.collect();
    held.filter(|held| held.len() == instance.stacks.len())
}

fn place(place: &Place) -> String {
    format!("{}/{}", clean(&place.stack), place.tier)
}

fn why(why: &Why) -> String {
    match why {
        Why::Leaves { turn } => format!("its turn, {turn}"),
        Why::Blocks { container, turn } => format!("blocks {}, turn {turn}", clean(container)),
        Why::MakesRoom => "makes room".to_owned(),
    }
}

const HEADINGS: [&str; 6] = ["move", "container", "from", "to", "why", "crane"];

fn moves(plan: &Plan) -> String {
    let rows: Vec<[String; 6]> =
        plan.moves.iter().take(MAX_MOVES).enumerate().map(|(at, step)| cells(at, step)).collect();
    let widest = |column: usize| rows.iter().map(|cells| width(&cells[column])).max().unwrap_or(0);
    let most = [6, 24, 20, 20, 40, 10];
    let widths: Vec<usize> =
        (0..6).map(|column| widest(column).max(HEADINGS[column].len()).min(most[column])).collect();
    let line = |cells: &[String; 6]| {
        let padded = cells.iter().zip(&widths).enumerate().map(|(column, (cell, &wide))| {
            let cell = fit(cell, wide);
            let pad = " ".repeat(wide - width(&cell));
            if matches!(column, 0 | 5) { format!("{pad}{cell}") } else { format!("{cell}{pad}") }
        });
        let padded: Vec<String> = padded.collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let mut text = line(&HEADINGS.map(str::to_owned));
    for cells in &rows {
        text.push_str(&line(cells));
    }
    let more = plan.moves.len().saturating_sub(MAX_MOVES);
    if more > 0 {
        text.push_str(&format!("and {}; the JSON has them all\n", counted(more, "further move")));
    }
    text
}

fn cells(at: usize, step: &Step) -> [String; 6] {
    let to = step.to.as_ref().map_or_else(|| "out".to_owned(), place);
    [(at + 1).to_string(), clean(&step.container), place(&step.from), to, why(&step.why), time(step.crane_ms)]
}

/// `1:23.4`, minutes and seconds.
fn time(ms: i64) -> String {
    let tenths = ms.max(0).saturating_add(50) / 100;
    let (minutes, rest) = (tenths / 600, tenths % 600);
    format!("{}:{:02}.{}", grouped(minutes), rest / 10, rest % 10)
}

fn left_out(left_out: &[LeftOut]) -> String {
    if left_out.is_empty() {
        return String::new();
    }
    let mut text = format!("\nleft out: {}\n", counted(left_out.len(), "container"));
    for container in left_out.iter().take(MAX_LISTED) {
        let turn = container.turn.map_or_else(|| "stays".to_owned(), |turn| format!("turn {turn}"));
        let head = format!("  {}, {turn}: {}", clean(&container.container), clean(&container.cause));
        text.push_str(&format!("{}\n", fit(&head, COLUMNS)));
        if let Some(remedy) = &container.remedy {
            text.push_str(&format!("    cheapest change: {}\n", self::remedy(remedy)));
        }
    }
    let more = left_out.len().saturating_sub(MAX_LISTED);
    if more > 0 {
        text.push_str(&format!("  and {more} more\n"));
    }
    text
}

/// A remedy as a phrase.
pub(super) fn remedy(remedy: &Remedy) -> String {
    match remedy {
        Remedy::FreeSlots { slots } => format!("{} more elsewhere", counted(*slots as usize, "free slot")),
        Remedy::MoreRelocations { relocations } => {
            format!("about {} more", counted(*relocations as usize, "relocation"))
        }
    }
}

fn key_figures(plan: &Plan) -> String {
    let kpis = plan.kpis;
    let mut text = format!(
        "{} · {} · left out {} · badly placed {} before, {} after · crane {}\n",
        counted(kpis.relocations as usize, "relocation"),
        counted(kpis.retrievals as usize, "retrieval"),
        kpis.left_out,
        kpis.badly_placed_before,
        kpis.badly_placed_after,
        time(kpis.crane_ms)
    );
    let often: Vec<String> = plan
        .relocated
        .iter()
        .filter(|relocated| relocated.times > 1)
        .take(MAX_LISTED)
        .map(|relocated| format!("{} {} times", clean(&relocated.container), relocated.times))
        .collect();
    if !often.is_empty() {
        text.push_str(&format!("{}\n", fit(&format!("relocated more than once: {}", often.join(", ")), COLUMNS)));
    }
    text
}
