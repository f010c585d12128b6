//! Stacks drawn as text, side by side from the ground up.

use super::instance::Instance;
use crate::words::{clean, fit, width};

/// Columns of the screen.
const COLUMNS: usize = 120;
/// Columns of a container at most.
const MOST_CELL: usize = 11;

/// Draws the stacks: each container as the number of its turn, `-` where it stays, `*` behind it where it stands above one that leaves
/// earlier. `held`: containers of each stack, from the ground up, as positions in the instance.
pub(super) fn draw(instance: &Instance, held: &[Vec<usize>]) -> String {
    let cells: Vec<Vec<String>> = held.iter().map(|stack| labels(instance, stack)).collect();
    let name = |at: usize| clean(&instance.stacks[at].id);
    let widest = cells.iter().flatten().map(|cell| width(cell)).chain((0..held.len()).map(|at| width(&name(at))));
    let cell_width = widest.max().unwrap_or(1).clamp(2, MOST_CELL);
    let tiers =
        instance.stacks.iter().zip(held).map(|(stack, held)| shown_tiers(usize::from(stack.max_tiers), held.len()));
    let tiers: Vec<usize> = tiers.collect();
    let a_band = ((COLUMNS - 4) / (cell_width + 1)).max(1);
    let mut text = String::new();
    for first in (0..held.len()).step_by(a_band) {
        let band = first..(first + a_band).min(held.len());
        let highest = band.clone().map(|at| tiers[at]).max().unwrap_or(0);
        for tier in (0..highest).rev() {
            let row = band.clone().map(|at| match cells[at].get(tier) {
                Some(cell) => cell.as_str(),
                None if tier < tiers[at] => "·",
                None => "",
            });
            text.push_str(&line(&format!("{:>2} ", tier + 1), row, cell_width));
        }
        let names: Vec<String> = band.map(|at| fit(&name(at), cell_width)).collect();
        text.push_str(&line("   ", names.iter().map(String::as_str), cell_width));
    }
    text
}

/// Tiers drawn of a stack: all where its limit is one of a crane, otherwise those in use and one more.
fn shown_tiers(limit: usize, held: usize) -> usize {
    if limit <= 12 { limit } else { limit.min(held + 1) }
}

fn line<'a>(head: &str, cells: impl Iterator<Item = &'a str>, cell_width: usize) -> String {
    let mut text = head.to_owned();
    for cell in cells {
        text.push(' ');
        text.push_str(&" ".repeat(cell_width.saturating_sub(width(cell))));
        text.push_str(cell);
    }
    format!("{}\n", text.trim_end())
}

/// What is written on the containers of a stack.
fn labels(instance: &Instance, stack: &[usize]) -> Vec<String> {
    let mut earliest = u32::MAX;
    let mut labels = Vec::with_capacity(stack.len());
    for &at in stack {
        let turn = instance.containers[at].turn.map(u32::from);
        let is_bad = turn.unwrap_or(u32::MAX) > earliest;
        let number = turn.map_or_else(|| "-".to_owned(), |turn| (turn + 1).to_string());
        labels.push(if is_bad { format!("{number}*") } else { number });
        earliest = earliest.min(turn.unwrap_or(u32::MAX));
    }
    labels
}
