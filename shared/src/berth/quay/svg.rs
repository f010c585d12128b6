//! A plan as a time-space diagram: time runs across, the quay down, each visit is a rectangle of its stay and its length.

use super::plan::{Plan, Visit};
use super::port::{Port, metres};
use super::table::why;
use crate::answer::Answer;
use crate::berth::svg::scale::Scale;
use crate::berth::svg::{LEFT, RIGHT, TOP, axis, grid};
use crate::berth::words::Words;
use crate::canvas::{Canvas, FAINT, INK, WIDTH, fitted, page};
use crate::words::clean;

#[cfg(test)]
mod tests;

/// Height of the quay in the picture.
const QUAY: f64 = 520.0;
/// Marks along the quay at most.
const MARKS: i64 = 13;
const FREE: &str = r##"rx="2" fill="#0072B2" stroke="#ffffff""##;
const FROZEN: &str = r##"rx="2" fill="#5b6875" stroke="#ffffff""##;
const TIDE: &str = r##"fill="#d8ecfa""##;
/// More tides than this would be noise.
const MAX_TIDES: usize = 200;

/// Draws the plan.
pub(super) fn svg<C>(port: &Port, answer: &Answer<Plan, C>) -> String {
    let words = Words::new(port.origin());
    let plan = &answer.plan;
    let times = |visit: &Visit| [visit.arrival, visit.departure].map(|time| words.seconds(time));
    let all = || plan.assignments.iter().flat_map(times).flatten();
    let (first, last) = (all().min().unwrap_or(0), all().max().unwrap_or(86_400));
    let scale = Scale::new(words, first, last, LEFT, WIDTH - LEFT - RIGHT);
    let bottom = TOP + QUAY;
    let mut canvas = Canvas::new();
    tides(port, &mut canvas, &scale);
    axis(&mut canvas, words, &scale, bottom);
    grid(&mut canvas, &scale, bottom);
    marks(port, &mut canvas, &scale);
    for visit in &plan.assignments {
        draw(port, &mut canvas, words, &scale, visit);
    }
    canvas.rect(LEFT, TOP, scale.width, QUAY, r##"fill="none" stroke="#9aa5b1""##);
    legend(port, &mut canvas, plan, bottom + 24.0);
    let quay = metres(port.instance.quay());
    let title = format!("Quay plan: {} calls on {quay} m", plan.assignments.len());
    let zone = if words.has_dates() { "times in UTC" } else { "times in seconds" };
    page(&title, zone, answer, bottom + 46.0, "", &canvas.into_string())
}

/// Where a place along the quay stands, its left end on top.
fn y(port: &Port, position_m: f64) -> f64 {
    let share = position_m / metres(port.instance.quay()).max(0.01);
    TOP + share.clamp(0.0, 1.0) * QUAY
}

/// Tides on which deep vessels sail, over the whole height.
fn tides(port: &Port, canvas: &mut Canvas, scale: &Scale) {
    let unit = port.unit().0;
    let tides = port.instance.sailing();
    let mut time = scale.from.max(0) / unit;
    for _ in 0..MAX_TIDES {
        let Some(begin) = tides.next(time).filter(|begin| begin * unit < scale.to) else { return };
        let window = tides.windows().iter().map(|(from, to)| to - from).max().unwrap_or(0);
        // The end of the window that `begin` lies in: the last instant before a gap.
        let end = tides.previous(begin + window).unwrap_or(begin).max(begin);
        let (left, right) = (scale.x(begin * unit), scale.x(end * unit));
        canvas.rect(left, TOP, right - left, QUAY, TIDE);
        time = end + 1;
    }
}

fn marks(port: &Port, canvas: &mut Canvas, scale: &Scale) {
    let quay = port.instance.quay();
    let steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].map(|metres| metres * 100);
    let step = steps.into_iter().find(|step| quay / step < MARKS).unwrap_or(1_000_000);
    let style = format!(r#"font-size="12" text-anchor="end" fill="{FAINT}""#);
    for k in 0..=quay / step {
        let at = y(port, metres(k * step));
        canvas.text(LEFT - 8.0, at + 4.0, &style, &format!("{} m", metres(k * step)));
        canvas.line((LEFT, at), (scale.right(), at), r##"stroke="#8b98a5" stroke-opacity="0.3" stroke-width="1""##);
    }
}

fn draw(port: &Port, canvas: &mut Canvas, words: Words, scale: &Scale, visit: &Visit) {
    let [Some(arrival), Some(start), Some(departure)] =
        [visit.arrival, visit.start, visit.departure].map(|time| words.seconds(time))
    else {
        return;
    };
    let reason = visit.delay.as_ref().map_or_else(String::new, |delay| format!("; waits: {}", why(port, delay)));
    let name = clean(visit.vessel.as_deref().unwrap_or(&visit.call));
    canvas.open_group(&format!(
        "{} {name}: {} to {} m, from {} to {}{reason}",
        clean(&visit.call),
        visit.position_m,
        visit.end_m,
        visit.start,
        visit.departure
    ));
    let (top, bottom) = (y(port, visit.position_m), y(port, visit.end_m));
    let (left, right) = (scale.x(start), scale.x(departure));
    let middle = f64::midpoint(top, bottom);
    if arrival < start {
        let style = format!(r#"stroke="{FAINT}" stroke-width="1.5" stroke-dasharray="3 2""#);
        canvas.line((scale.x(arrival), middle), (left, middle), &style);
        canvas.line((scale.x(arrival), middle - 4.0), (scale.x(arrival), middle + 4.0), &style);
    }
    let style = if visit.frozen { FROZEN } else { FREE };
    canvas.rect(left, top, right - left, (bottom - top).max(1.0), style);
    if bottom - top > 12.0
        && let Some(text) = fitted(&name, right - left - 8.0, 12.0)
    {
        canvas.text(left + 4.0, middle + 4.0, r##"font-size="12" fill="#ffffff""##, &text);
    }
    canvas.close_group();
}

/// Explains what the picture shows, and only that.
fn legend(port: &Port, canvas: &mut Canvas, plan: &Plan, top: f64) {
    let style = format!(r#"font-size="12" fill="{INK}""#);
    let mut x = LEFT;
    let mut entry = |swatch: &str, text: &str| {
        canvas.rect(x, top - 11.0, 24.0, 13.0, swatch);
        canvas.text(x + 30.0, top, &style, text);
        x += 60.0 + 7.2 * text.len() as f64;
    };
    entry(FREE, "alongside, dashed from its arrival");
    if plan.assignments.iter().any(|visit| visit.frozen) {
        entry(FROZEN, "frozen");
    }
    if !port.instance.sailing().windows().is_empty() {
        entry(TIDE, "tide for deep vessels to sail");
    }
}
