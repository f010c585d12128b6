//! A yard plan as a picture: the stacks before and after, drawn from the side, and the moves between.
//!
//! Colours run from dark (leaves soon) to light (leaves late), which prints and which colour-blind readers can tell; a badly
//! placed container has a red bar and a mark as well.

use super::instance::Instance;
use super::plan::{Plan, Why};
use super::table;
use super::wire::Task;
use crate::answer::Answer;
use crate::canvas::{Canvas, FAINT, INK, WIDTH, fitted, page};
use crate::words::clean;

const LEFT: f64 = 42.0;
const RIGHT: f64 = 18.0;
const TOP: f64 = 96.0;
/// A container drawn, at most.
const MOST_CELL: (f64, f64) = (74.0, 24.0);
/// Stacks side by side in one row of the picture.
const STACKS_A_BAND: usize = 40;
/// Stacks drawn; a larger yard is told by its figures.
const MAX_DRAWN: usize = 400;
/// Moves listed below.
const MAX_MOVES: usize = 120;
const BAD: &str = "#C1121F";

/// Draws the plan.
pub(super) fn svg<C>(instance: &Instance, answer: &Answer<Plan, C>) -> String {
    let plan = &answer.plan;
    let mut canvas = Canvas::new();
    let before: Vec<Vec<usize>> = instance.stacks.iter().map(|stack| stack.containers.clone()).collect();
    let mut y = stacks(&mut canvas, instance, "before", &before, TOP);
    if let Some(after) = table::after(instance, plan).filter(|after| after.iter().any(|held| !held.is_empty())) {
        y = stacks(&mut canvas, instance, "after", &after, y + 18.0);
    }
    y = moves(&mut canvas, plan, y + 18.0);
    y = left_out(&mut canvas, plan, y);
    let (containers, stacks) = (instance.containers.len(), instance.stacks.len());
    let task = match instance.task {
        Task::Retrieve => "Retrieval",
        Task::Premarshal => "Pre-marshalling",
    };
    let title = format!("{task}: {containers} containers in {stacks} stacks, {} relocations", plan.kpis.relocations);
    page(&title, "numbers are turns; darker leaves sooner", answer, y + 12.0, "", &canvas.into_string())
}

/// Draws the stacks in bands. Returns where they end.
fn stacks(canvas: &mut Canvas, instance: &Instance, title: &str, held: &[Vec<usize>], top: f64) -> f64 {
    canvas.text(20.0, top, &format!(r#"font-size="14" font-weight="600" fill="{INK}""#), title);
    let mut y = top + 10.0;
    let shown = held.len().min(MAX_DRAWN);
    for first in (0..shown).step_by(STACKS_A_BAND) {
        let band = first..(first + STACKS_A_BAND).min(shown);
        y = self::band(canvas, instance, held, band, y);
    }
    if shown < held.len() {
        let style = format!(r#"font-size="12" fill="{FAINT}""#);
        canvas.text(20.0, y + 14.0, &style, &format!("and {} more stacks", held.len() - shown));
        y += 20.0;
    }
    y
}

fn band(canvas: &mut Canvas, instance: &Instance, held: &[Vec<usize>], band: std::ops::Range<usize>, top: f64) -> f64 {
    let room = (WIDTH - LEFT - RIGHT) / band.len().max(1) as f64;
    let (wide, high) = (room.min(MOST_CELL.0), MOST_CELL.1);
    let tiers = |at: usize| {
        let limit = usize::from(instance.stacks[at].max_tiers);
        if limit <= 12 { limit } else { limit.min(held[at].len() + 1) }
    };
    let highest = band.clone().map(tiers).max().unwrap_or(0);
    let ground = top + 8.0 + highest as f64 * high;
    for tier in 0..highest {
        let style = format!(r#"font-size="11" text-anchor="end" fill="{FAINT}""#);
        canvas.text(LEFT - 8.0, ground - tier as f64 * high - 8.0, &style, &(tier + 1).to_string());
    }
    for at in band.clone() {
        let x = LEFT + (at - band.start) as f64 * wide;
        let limit = tiers(at) as f64 * high;
        canvas.rect(x, ground - limit, wide, limit, r##"fill="#f5f7f9" stroke="#d3dae1""##);
        let mut earliest = u32::MAX;
        for (tier, &container) in held[at].iter().enumerate() {
            let y = ground - (tier + 1) as f64 * high;
            let turn = instance.containers[container].turn.map(u32::from);
            let is_bad = turn.unwrap_or(u32::MAX) > earliest;
            earliest = earliest.min(turn.unwrap_or(u32::MAX));
            one(canvas, instance, container, (x + 1.0, y + 1.0, wide - 2.0, high - 2.0), is_bad);
        }
        let style = format!(r#"font-size="11" text-anchor="middle" fill="{FAINT}""#);
        let name = fitted(&instance.stacks[at].id, wide, 11.0).unwrap_or_default();
        canvas.text(x + wide / 2.0, ground + 14.0, &style, &name);
    }
    let end = LEFT + band.len() as f64 * wide;
    canvas.line((LEFT, ground), (end, ground), &format!(r#"stroke="{INK}" stroke-width="1.5""#));
    ground + 22.0
}

/// Draws a container in its slot: x, y, width, height.
fn one(canvas: &mut Canvas, instance: &Instance, at: usize, (x, y, wide, high): (f64, f64, f64, f64), is_bad: bool) {
    let container = &instance.containers[at];
    let (fill, ink) = container.turn.map_or(("#ffffff", FAINT), |turn| shade(turn, instance.turns));
    let turn = container.turn.map_or_else(|| "stays".to_owned(), |turn| format!("turn {}", u32::from(turn) + 1));
    let mark = if is_bad { ", stands above one that leaves earlier" } else { "" };
    canvas.open_group(&format!("{}: {turn}{mark}", container.id));
    canvas.rect(x, y, wide, high, &format!(r##"rx="2" fill="{fill}" stroke="#5b6875" stroke-width="0.6""##));
    if is_bad {
        canvas.rect(x, y, 4.0_f64.min(wide / 4.0), high, &format!(r#"fill="{BAD}""#));
    }
    let number = container.turn.map_or_else(|| "–".to_owned(), |turn| (u32::from(turn) + 1).to_string());
    let label = if is_bad { format!("{number}*") } else { number };
    if let Some(label) = fitted(&label, wide, 12.0) {
        let style = format!(r#"font-size="12" text-anchor="middle" fill="{ink}""#);
        canvas.text(x + wide / 2.0, y + high / 2.0 + 4.0, &style, &label);
    }
    canvas.close_group();
}

/// Five shades of blue, the darkest for the containers that leave first.
fn shade(turn: u16, turns: u16) -> (&'static str, &'static str) {
    const SHADES: [(&str, &str); 5] = [
        ("#08306b", "#ffffff"),
        ("#2171b5", "#ffffff"),
        ("#6baed6", "#0b1f2a"),
        ("#bdd7ec", "#0b1f2a"),
        ("#e6eff8", "#0b1f2a"),
    ];
    SHADES[usize::from(turn) * SHADES.len() / usize::from(turns.max(1)).max(usize::from(turn) + 1)]
}

/// Lists the moves in three columns. Returns where they end.
fn moves(canvas: &mut Canvas, plan: &Plan, top: f64) -> f64 {
    if plan.moves.is_empty() {
        return top;
    }
    let bold = format!(r#"font-size="14" font-weight="600" fill="{INK}""#);
    canvas.text(20.0, top, &bold, &format!("moves: {}", plan.moves.len()));
    let shown = plan.moves.len().min(MAX_MOVES);
    let a_column = shown.div_ceil(3);
    let style = format!(r#"font-size="12" fill="{INK}""#);
    for (at, step) in plan.moves.iter().take(shown).enumerate() {
        let x = 20.0 + (at / a_column) as f64 * 390.0;
        let y = top + 20.0 + (at % a_column) as f64 * 17.0;
        let to = step.to.as_ref().map_or_else(|| "out".to_owned(), |to| format!("{}/{}", to.stack, to.tier));
        let why = match &step.why {
            Why::Leaves { .. } => String::new(),
            Why::Blocks { container, .. } => format!(", blocks {container}"),
            Why::MakesRoom => ", makes room".to_owned(),
        };
        let sentence =
            clean(&format!("{}. {}: {}/{} → {to}{why}", at + 1, step.container, step.from.stack, step.from.tier));
        canvas.text(x, y, &style, &fitted(&sentence, 380.0, 12.0).unwrap_or_default());
    }
    let end = top + 20.0 + a_column as f64 * 17.0;
    if shown < plan.moves.len() {
        canvas.text(20.0, end, &style, &format!("and {} more", plan.moves.len() - shown));
    }
    end + 8.0
}

/// Lists what is left undone. Returns where the picture ends.
fn left_out(canvas: &mut Canvas, plan: &Plan, top: f64) -> f64 {
    if plan.left_out.is_empty() {
        return top;
    }
    let mut y = top + 12.0;
    let bold = format!(r#"font-size="13" font-weight="600" fill="{BAD}""#);
    canvas.text(20.0, y, &bold, &format!("Left out: {}", plan.left_out.len()));
    let style = format!(r#"font-size="12" fill="{INK}""#);
    for container in plan.left_out.iter().take(8) {
        y += 19.0;
        let remedy =
            container.remedy.as_ref().map_or_else(String::new, |remedy| format!("; {}", table::remedy(remedy)));
        let sentence = clean(&format!("{}: {}{remedy}", container.container, container.cause));
        canvas.text(20.0, y, &style, &fitted(&sentence, WIDTH - 40.0, 12.0).unwrap_or_default());
    }
    y + 18.0
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::{BAY, TOO_FULL, solved};
    use super::*;

    #[test]
    fn a_picture_is_well_formed_and_names_every_container() {
        for json in [BAY, TOO_FULL] {
            let (instance, answer) = solved(json);
            let picture = svg(&instance, &answer);
            let document = roxmltree::Document::parse(&picture).expect("well formed");
            let texts: String = document.descendants().filter_map(|node| node.text()).collect();
            assert!(instance.containers.iter().all(|container| texts.contains(&container.id)), "{texts}");
            assert_eq!(texts.contains("Left out"), !answer.plan.left_out.is_empty());
        }
    }

    #[test]
    fn hostile_names_and_foreign_answers_leave_a_well_formed_picture() {
        let (instance, mut answer) = solved(&BAY.replace("Castor", "<script>\\\"&'</script>"));
        answer.plan.after.truncate(1);
        answer.plan.moves[0].from.stack = "]]><g>".to_owned();
        let picture = svg(&instance, &answer);
        let document = roxmltree::Document::parse(&picture).expect("well formed");
        assert!(!document.descendants().any(|node| node.has_tag_name("script")));
    }

    #[test]
    fn two_thousand_stacks_stay_a_picture() {
        let wire = super::super::generate::generate(super::super::generate::Style::Uneven, 2_000, 4, 1);
        let instance = Instance::try_from(&wire).expect("valid");
        let (_, answer) = solved(BAY);
        assert!(svg(&instance, &answer).len() < 1_000_000);
    }

    #[test]
    fn sooner_is_darker_for_any_number_of_turns() {
        for turns in [1, 2, 5, 7, u16::MAX] {
            let luminance = |turn: u16| i64::from_str_radix(&shade(turn, turns).0[1..3], 16).expect("a colour");
            assert!((1..turns).all(|turn| luminance(turn - 1) <= luminance(turn)));
        }
    }
}
