//! A plan as a space-time diagram: time runs across, each berth has a lane, each visit is a bar.
//!
//! The picture stands alone (no script, no style sheet, no font of its own) and is safe to embed: every
//! name is escaped. Colours are those of Okabe and Ito (2008), which colour-blind readers tell apart;
//! nothing is said by colour only.

mod lane;
pub(super) mod scale;
#[cfg(test)]
mod tests;

use super::instance::Instance;
use super::plan::{Plan, Visit};
use super::slots::FOREVER;
use super::words::Words;
use crate::answer::Answer;
use crate::canvas::{Canvas, FAINT, INK, WIDTH, fitted, page, text_width};
use crate::words::clean;
use scale::Scale;

pub(super) const LEFT: f64 = 142.0;
pub(super) const RIGHT: f64 = 18.0;
pub(super) const TOP: f64 = 96.0;
/// Lanes share this height where there are many.
const MOST_LANES_HEIGHT: f64 = 2_400.0;
/// Above this number of visits only the bars are drawn.
const MAX_DETAILED: usize = 300;
/// Calls listed below the picture as left out.
const MAX_LISTED: usize = 8;

/// Fill and text colour by priority class; later classes share the last.
const CLASS_COLOURS: [(&str, &str); 6] = [
    ("#0072B2", "#ffffff"),
    ("#56B4E9", "#0b1f2a"),
    ("#E6C229", "#2b2400"),
    ("#009E73", "#ffffff"),
    ("#CC79A7", "#2a0b1b"),
    ("#9AA0A6", "#15181b"),
];
const LATE: &str = "#C1121F";

/// Draws the plan.
pub(super) fn svg<C>(instance: &Instance, answer: &Answer<Plan, C>) -> String {
    let words = Words::of(instance);
    let plan = &answer.plan;
    let (first, last) = span(words, plan);
    let scale = Scale::new(words, first, last, LEFT, WIDTH - LEFT - RIGHT);
    let lanes = lane::lanes(instance, words, plan, TOP);
    let bottom = lanes.last().map_or(TOP, lane::Lane::bottom);
    let is_detailed = plan.assignments.len() <= MAX_DETAILED;

    let mut canvas = Canvas::new();
    axis(&mut canvas, words, &scale, bottom);
    for lane in &lanes {
        lane.draw_ground(&mut canvas, &scale);
    }
    grid(&mut canvas, &scale, bottom);
    for lane in &lanes {
        lane.draw_visits(&mut canvas, instance, words, &scale, is_detailed);
    }
    canvas.rect(LEFT, TOP, scale.width, bottom - TOP, r##"fill="none" stroke="#9aa5b1""##);
    let legend_end = legend(&mut canvas, instance, plan, bottom + 24.0);
    let height = left_out(&mut canvas, instance, words, plan, legend_end);
    document(instance, words, answer, height, &canvas.into_string())
}

/// First arrival to last departure.
fn span(words: Words, plan: &Plan) -> (i64, i64) {
    let times = |visit: &Visit| [visit.arrival, visit.start, visit.departure].map(|time| words.seconds(time));
    let all = || plan.assignments.iter().flat_map(times).flatten();
    let first = all().min().unwrap_or(0);
    let last = all().max().unwrap_or(86_400);
    // A picture of ten thousand years is no use to anybody; it must only not break.
    let most = 4 * crate::limits::MAX_TIME_S;
    (first.clamp(-most, most), last.clamp(-most, most))
}

fn document<C>(instance: &Instance, words: Words, answer: &Answer<Plan, C>, height: f64, body: &str) -> String {
    let (calls, berths) = (instance.calls().len(), instance.berths().len());
    let title = format!("Berth plan: {calls} calls on {berths} berths");
    let zone = if words.has_dates() { "times in UTC" } else { "times in seconds" };
    page(&title, zone, answer, height, DEFS, body)
}

const DEFS: &str = concat!(
    r##"<pattern id="portolan-closed" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">"##,
    r##"<rect width="7" height="7" fill="#f3e9e4"/><rect width="2" height="7" fill="#b5846b"/></pattern>"##,
    "\n",
    r##"<pattern id="portolan-frozen" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">"##,
    r##"<rect width="4" height="4" fill="#ffffff"/><rect width="2" height="4" fill="#1c2733"/></pattern>"##,
    "\n"
);

pub(super) fn axis(canvas: &mut Canvas, words: Words, scale: &Scale, bottom: f64) {
    let style = format!(r#"font-size="12" fill="{FAINT}""#);
    let mut free_from = f64::MIN;
    for tick in scale.ticks() {
        let label = scale.label(words, tick);
        let x = scale.x(tick) + 3.0;
        let width = text_width(&label, 12.0);
        if x >= free_from && x + width <= scale.right() + RIGHT {
            canvas.text(x, TOP - 7.0, &style, &label);
            free_from = x + width + 6.0;
        }
        canvas.line((scale.x(tick), TOP - 18.0), (scale.x(tick), bottom), r##"stroke="#b9c2cc" stroke-width="1""##);
    }
}

pub(super) fn grid(canvas: &mut Canvas, scale: &Scale, bottom: f64) {
    for tick in scale.minor_ticks() {
        let x = scale.x(tick);
        canvas.line((x, TOP), (x, bottom), r##"stroke="#8b98a5" stroke-opacity="0.22" stroke-width="1""##);
    }
    for tick in scale.ticks() {
        let x = scale.x(tick);
        canvas.line((x, TOP), (x, bottom), r##"stroke="#8b98a5" stroke-opacity="0.6" stroke-width="1""##);
    }
}

/// Fill and text colour of a visit.
fn colours(class: u8) -> (&'static str, &'static str) {
    CLASS_COLOURS[usize::from(class).min(CLASS_COLOURS.len() - 1)]
}

/// Explains what the picture shows, and only that. Returns where it ends.
fn legend(canvas: &mut Canvas, instance: &Instance, plan: &Plan, top: f64) -> f64 {
    let mut x = LEFT;
    let mut y = top;
    let style = format!(r#"font-size="12" fill="{FAINT}""#);
    let mut entry = |swatch: &dyn Fn(&mut Canvas, f64, f64), text: &str| {
        let width = 34.0 + text_width(text, 12.0) + 12.0;
        if x + width > WIDTH - RIGHT {
            x = LEFT;
            y += 22.0;
        }
        swatch(canvas, x, y);
        canvas.text(x + 30.0, y, &style, text);
        x += width;
    };
    for class in instance.classes() {
        let (fill, _) = colours(class.class);
        let swatch = |canvas: &mut Canvas, x: f64, y: f64| {
            canvas.rect(x, y - 11.0, 24.0, 13.0, &format!(r#"rx="2" fill="{fill}""#));
        };
        entry(&swatch, &format!("priority class {}", class.class));
    }
    let filled =
        |style: &'static str| move |canvas: &mut Canvas, x: f64, y: f64| canvas.rect(x, y - 11.0, 24.0, 13.0, style);
    if plan.assignments.iter().any(|visit| visit.waiting_s > 0) {
        entry(&|canvas, x, y| lane::tail(canvas, x + 3.0, x + 24.0, y - 4.0, FAINT), "waits, from arrival");
    }
    if plan.assignments.iter().any(|visit| visit.tardiness_s > Some(0)) {
        entry(&|canvas, x, y| canvas.rect(x, y - 6.0, 24.0, 4.0, &format!(r#"fill="{LATE}""#)), "late");
    }
    if plan.assignments.iter().any(|visit| visit.tardiness_s.is_some()) {
        entry(&|canvas, x, y| lane::due_mark(canvas, x + 12.0, y - 10.0, INK), "due");
    }
    if plan.assignments.iter().any(|visit| visit.frozen) {
        entry(&|canvas, x, y| lane::lock(canvas, x + 8.0, y - 11.0, INK), "frozen");
    }
    if !plan.changes.is_empty() {
        let ghost = filled(r##"rx="2" fill="none" stroke="#5b6875" stroke-dasharray="3 2""##);
        entry(&ghost, "place in the earlier plan");
    }
    let berths = instance.berths();
    if berths.iter().any(|berth| !berth.closures.is_empty()) {
        entry(&filled(r#"fill="url(#portolan-closed)""#), "closed");
    }
    if berths.iter().any(|berth| berth.open.iter().any(|open| open.from.0 > 0 || open.to < FOREVER)) {
        entry(&filled(lane::NOT_OPEN), "not open");
    }
    if berths.iter().any(|berth| berth.tide.is_some()) {
        entry(&filled(lane::TIDE), "tide for deep vessels");
    }
    y + 22.0
}

/// Lists the calls that are not in the picture. Returns the height of the whole.
fn left_out(canvas: &mut Canvas, instance: &Instance, words: Words, plan: &Plan, top: f64) -> f64 {
    if plan.left_out.is_empty() {
        return top;
    }
    let mut y = top + 12.0;
    let bold = format!(r#"font-size="13" font-weight="600" fill="{LATE}""#);
    canvas.text(20.0, y, &bold, &format!("Left out: {}", plan.left_out.len()));
    let style = format!(r#"font-size="12" fill="{INK}""#);
    for call in plan.left_out.iter().take(MAX_LISTED) {
        y += 19.0;
        let vessel = call.vessel.as_ref().map_or_else(String::new, |vessel| format!(" {vessel}"));
        let remedy = call
            .remedies
            .first()
            .map_or_else(String::new, |remedy| format!("; cheapest change: {}", words.remedy(instance, remedy)));
        let sentence = clean(&format!("{}{vessel}: {}{remedy}", call.call, call.cause));
        canvas.text(20.0, y, &style, &fitted(&sentence, WIDTH - 40.0, 12.0).unwrap_or_default());
    }
    let more = plan.left_out.len().saturating_sub(MAX_LISTED);
    if more > 0 {
        y += 19.0;
        canvas.text(20.0, y, &style, &format!("and {more} more"));
    }
    y + 18.0
}
