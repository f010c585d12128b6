//! One berth's lane: the ground it stands on (closed, not open, tide) and its visits.

use std::collections::HashMap;

use super::scale::Scale;
use super::{INK, LATE, LEFT, MOST_LANES_HEIGHT, colours};
use crate::berth::instance::{Berth, Instance, Window};
use crate::berth::plan::{Plan, Visit};
use crate::berth::slots::FOREVER;
use crate::berth::words::{Words, moment};
use crate::canvas::{Canvas, fitted, text_width};
use crate::units::Seconds;
use crate::words::clean;

pub(super) const NOT_OPEN: &str = r##"fill="#d5dae0""##;
pub(super) const TIDE: &str = r##"fill="#d8ecfa""##;
const CLOSED: &str = r#"fill="url(#portolan-closed)""#;
/// Height of a lane of the longest berth, of the shortest, and of one whose length is not known.
const TALL: f64 = 62.0;
const SHORT: f64 = 38.0;
const PLAIN: f64 = 46.0;
/// Space above the bars for due marks, between two lanes, and a row of waiting tails.
const MARKS: f64 = 13.0;
const TAIL_ROW: f64 = 7.0;
const MAX_TAIL_ROWS: usize = 3;
/// More shapes than this on one lane's ground would be noise.
const MAX_GROUND: usize = 400;
const NAME: f64 = 12.0;

pub(super) struct Lane<'a> {
    berth: &'a Berth,
    top: f64,
    height: f64,
    visits: Vec<Bar<'a>>,
    ghosts: Vec<(i64, i64, String, u8)>,
    rows: usize,
}

/// A visit with its times and the row of its waiting tail.
struct Bar<'a> {
    visit: &'a Visit,
    class: u8,
    arrival: i64,
    start: i64,
    departure: i64,
    due: Option<i64>,
    row: usize,
}

/// Lays the berths out from `top` down.
pub(super) fn lanes<'a>(instance: &'a Instance, words: Words, plan: &'a Plan, top: f64) -> Vec<Lane<'a>> {
    let at: HashMap<&str, usize> =
        instance.berths().iter().enumerate().map(|(at, berth)| (berth.id.as_str(), at)).collect();
    let calls: HashMap<&str, &crate::berth::instance::Call> =
        instance.calls().iter().map(|call| (call.id.as_str(), call)).collect();
    let mut lanes: Vec<Lane<'a>> = instance
        .berths()
        .iter()
        .map(|berth| Lane { berth, top: 0.0, height: 0.0, visits: Vec::new(), ghosts: Vec::new(), rows: 0 })
        .collect();
    for visit in &plan.assignments {
        let call = calls.get(visit.call.as_str());
        let times = [visit.arrival, visit.start, visit.departure].map(|time| words.seconds(time));
        if let (Some(&lane), [Some(arrival), Some(start), Some(departure)]) = (at.get(visit.berth.as_str()), times) {
            let class = call.map_or(0, |call| call.class);
            let due = call.and_then(|call| call.due).map(|due| due.0);
            lanes[lane].visits.push(Bar { visit, class, arrival, start, departure, due, row: 0 });
        }
    }
    for change in &plan.changes {
        let Some(call) = calls.get(change.call.as_str()) else { continue };
        let Some(earlier) = call.earlier else { continue };
        if let Some(handling) = call.handling[earlier.berth.at()] {
            let title = format!("{}: its place in the earlier plan", clean(&call.id));
            lanes[earlier.berth.at()].ghosts.push((earlier.start.0, (earlier.start + handling).0, title, call.class));
        }
    }
    lanes.iter_mut().for_each(Lane::stack_tails);
    place(&mut lanes, top);
    lanes
}

fn place(lanes: &mut [Lane<'_>], top: f64) {
    let longest = lanes.iter().filter_map(|lane| lane.berth.length).max().map_or(1, |length| length.0.max(1));
    let height = |lane: &Lane<'_>| {
        let bar = lane
            .berth
            .length
            .map_or(PLAIN, |length| SHORT + (TALL - SHORT) * (length.0 as f64 / longest as f64).clamp(0.0, 1.0));
        bar + lane.tails_height()
    };
    let total: f64 = lanes.iter().map(&height).sum();
    let squeeze = (MOST_LANES_HEIGHT / total.max(1.0)).min(1.0);
    let mut next = top;
    for lane in lanes {
        lane.top = next;
        lane.height = (height(lane) * squeeze).max(6.0);
        next += lane.height;
    }
}

impl Lane<'_> {
    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    fn tails_height(&self) -> f64 {
        if self.rows == 0 { 0.0 } else { self.rows as f64 * TAIL_ROW + 4.0 }
    }

    /// Gives waiting tails that overlap rows of their own, as far as there are rows.
    fn stack_tails(&mut self) {
        self.visits.sort_by_key(|bar| (bar.arrival, bar.start));
        let mut free = [i64::MIN; MAX_TAIL_ROWS];
        for bar in self.visits.iter_mut().filter(|bar| bar.start > bar.arrival) {
            let row = free.iter().position(|&end| end <= bar.arrival).unwrap_or(0);
            bar.row = row;
            free[row] = free[row].max(bar.start);
            self.rows = self.rows.max(row + 1);
        }
    }

    /// Bars stand between the due marks and the waiting tails: top and height.
    fn bar(&self) -> (f64, f64) {
        let squeezed = self.height < 20.0;
        let above = if squeezed { 1.0 } else { MARKS };
        let below = if squeezed { 1.0 } else { self.tails_height().min(self.height / 2.0) + 4.0 };
        (self.top + above, (self.height - above - below).max(3.0))
    }

    /// Name, tide, openings and closures.
    pub(super) fn draw_ground(&self, canvas: &mut Canvas, scale: &Scale) {
        let berth = self.berth;
        let seen = |window: &Window| window.from.0 < scale.to && window.to.0 > scale.from;
        if let Some(tide) = &berth.tide {
            let windows: Vec<&Window> = tide.windows.iter().filter(|window| seen(window)).collect();
            if windows.len() <= MAX_GROUND {
                for window in windows {
                    self.ground(canvas, scale, *window, TIDE);
                }
            }
        }
        let mut closed_from = Seconds(scale.from.min(0));
        let mut drawn = 0;
        for open in berth.open.iter().chain([&Window { from: FOREVER, to: FOREVER }]) {
            let gap = Window { from: closed_from, to: open.from };
            if gap.from < gap.to && seen(&gap) && drawn < MAX_GROUND {
                self.ground(canvas, scale, gap, NOT_OPEN);
                drawn += 1;
            }
            closed_from = open.to;
        }
        for closure in berth.closures.iter().filter(|closure| seen(&closure.window)).take(MAX_GROUND) {
            let reason = closure.reason.as_deref().unwrap_or("no reason given");
            canvas.open_group(&format!("{} is closed: {reason}", berth.id));
            self.ground(canvas, scale, closure.window, CLOSED);
            let (left, right) = (scale.x(closure.window.from.0), scale.x(closure.window.to.0));
            if self.height >= 20.0
                && let Some(label) = fitted(&clean(reason), right - left - 14.0, 11.0)
            {
                let (x, y, room) = (f64::midpoint(left, right), self.top + self.height / 2.0, text_width(&label, 11.0));
                canvas.rect(x - room / 2.0 - 4.0, y - 9.0, room + 8.0, 17.0, r##"rx="3" fill="#ffffff""##);
                canvas.text(x, y + 4.0, r##"font-size="11" text-anchor="middle" fill="#6b3f26""##, &label);
            }
            canvas.close_group();
        }
        canvas.line((20.0, self.bottom()), (scale.right(), self.bottom()), r##"stroke="#cfd6dd""##);
        self.draw_name(canvas);
    }

    fn ground(&self, canvas: &mut Canvas, scale: &Scale, window: Window, style: &str) {
        let (left, right) = (scale.x(window.from.0), scale.x(window.to.0));
        canvas.rect(left, self.top, right - left, self.height, style);
    }

    fn draw_name(&self, canvas: &mut Canvas) {
        if self.height < 12.0 {
            return;
        }
        let berth = self.berth;
        let limits: Vec<String> = [(berth.length, "m"), (berth.draft, "m deep")]
            .into_iter()
            .filter_map(|(limit, unit)| limit.map(|limit| format!("{} {unit}", limit.0 as f64 / 100.0)))
            .collect();
        let has_two_lines = self.height >= 34.0 && !limits.is_empty();
        let middle = self.top + self.height / 2.0;
        let y = if has_two_lines { middle - 2.0 } else { middle + 4.0 };
        let room = LEFT - 28.0;
        let name = fitted(&clean(&berth.id), room, 13.0).unwrap_or_default();
        canvas.text(20.0, y, &format!(r#"font-size="13" font-weight="600" fill="{INK}""#), &name);
        if has_two_lines {
            let text = fitted(&limits.join(", "), room, 10.0).unwrap_or_default();
            canvas.text(20.0, y + 14.0, r##"font-size="10" fill="#5b6875""##, &text);
        }
    }

    pub(super) fn draw_visits(
        &self,
        canvas: &mut Canvas,
        instance: &Instance,
        words: Words,
        scale: &Scale,
        is_detailed: bool,
    ) {
        let (top, height) = self.bar();
        if is_detailed {
            for (from, to, title, class) in &self.ghosts {
                canvas.open_group(title);
                let (left, right) = (scale.x(*from), scale.x(*to));
                let stroke = colours(*class).0;
                let style =
                    format!(r#"rx="3" fill="none" stroke="{stroke}" stroke-width="1.5" stroke-dasharray="4 3""#);
                canvas.rect(left, top - 3.0, right - left, height + 6.0, &style);
                canvas.close_group();
            }
        }
        for bar in &self.visits {
            if is_detailed {
                canvas.open_group(&tooltip(instance, words, bar));
                self.draw_visit(canvas, words, scale, bar);
                canvas.close_group();
            } else {
                let (left, right) = (scale.x(bar.start), scale.x(bar.departure));
                let style = format!(r##"fill="{}" stroke="#ffffff" stroke-width="0.3""##, colours(bar.class).0);
                canvas.rect(left, top, (right - left).max(0.4), height, &style);
            }
        }
    }

    fn draw_visit(&self, canvas: &mut Canvas, words: Words, scale: &Scale, bar: &Bar<'_>) {
        let (top, height) = self.bar();
        let (left, right) = (scale.x(bar.start), scale.x(bar.departure));
        let width = (right - left).max(1.5);
        let (fill, ink) = colours(bar.class);
        if bar.start > bar.arrival {
            let y = top + height + 5.0 + bar.row as f64 * TAIL_ROW;
            tail(canvas, scale.x(bar.arrival), left, y.min(self.bottom() - 2.0), fill);
        }
        canvas.rect(left, top, width, height, &format!(r##"rx="3" fill="{fill}" stroke="#ffffff" stroke-width="1""##));
        let mut room = width - 8.0;
        if bar.visit.frozen {
            canvas.rect(left + 1.0, top + 1.0, 5.0, height - 2.0, r#"fill="url(#portolan-frozen)""#);
            room -= 5.0;
            if width > 40.0 {
                lock(canvas, right - 14.0, top + 4.0, ink);
                room -= 12.0;
            }
        }
        let x = left + if bar.visit.frozen { 9.0 } else { 4.0 };
        draw_label(canvas, bar.visit, (x, top, height, room), ink);
        if let Some(due) = bar.due {
            if bar.departure > due {
                let from = scale.x(due.max(bar.start));
                canvas.rect(from, top - 4.0, (right - from).max(2.0), 4.0, &format!(r#"fill="{LATE}""#));
                let late = format!("+{}", words.duration(bar.departure - due));
                if text_width(&late, 10.0) < width {
                    let style = format!(
                        r##"font-size="10" font-weight="600" text-anchor="end" fill="{LATE}" stroke="#ffffff" stroke-width="2.5" paint-order="stroke""##
                    );
                    canvas.text(right, top - 5.0 + 1.0, &style, &late);
                }
            } else if due <= scale.to {
                due_mark(canvas, scale.x(due), top - 7.0, fill);
            }
        }
    }
}

/// Vessel, or call where the vessel does not fit; with a second line for the times where the bar is tall.
fn draw_label(canvas: &mut Canvas, visit: &Visit, (x, top, height, room): (f64, f64, f64, f64), ink: &str) {
    if height < NAME {
        return;
    }
    let id = clean(&visit.call);
    let vessel = visit.vessel.as_ref().map_or_else(|| id.clone(), |vessel| clean(vessel));
    let whole = |text: &str, size: f64| text_width(text, size) <= room;
    let name = if whole(&vessel, NAME) || !whole(&id, NAME) { fitted(&vessel, room, NAME) } else { Some(id.clone()) };
    let name = name.filter(|name| name.chars().count() > 3 || *name == id || *name == vessel);
    let Some(name) = name else {
        draw_upright(canvas, &id, (x, top, height, room), ink);
        return;
    };
    let has_two_lines = height >= 30.0 && name == vessel && vessel != id && whole(&id, 10.0);
    let y = top + height / 2.0 + if has_two_lines { -1.0 } else { 4.0 };
    canvas.text(x, y, &format!(r#"font-size="12" font-weight="600" fill="{ink}""#), &name);
    if has_two_lines {
        canvas.text(x, y + 13.0, &format!(r#"font-size="10" fill="{ink}" fill-opacity="0.85""#), &id);
    }
}

/// The call's id from the bottom up, for a bar that is narrow but tall.
fn draw_upright(canvas: &mut Canvas, id: &str, (x, top, height, room): (f64, f64, f64, f64), ink: &str) {
    if room < 4.0 || text_width(id, 11.0) > height - 4.0 {
        return;
    }
    let (x, y) = (x + room / 2.0 + 4.0, top + height / 2.0);
    let turned = format!(
        r#"font-size="11" font-weight="600" fill="{ink}" text-anchor="middle" transform="rotate(-90 {x:.1} {y:.1})""#
    );
    canvas.text(x, y, &turned, id);
}

fn tooltip(instance: &Instance, words: Words, bar: &Bar<'_>) -> String {
    let visit = bar.visit;
    let vessel = visit.vessel.as_ref().map_or_else(String::new, |vessel| format!(" {vessel}"));
    let mut text = format!(
        "{}{vessel} at {}\narrives {}, starts {}, leaves {}",
        visit.call,
        visit.berth,
        moment(visit.arrival),
        moment(visit.start),
        moment(visit.departure)
    );
    if visit.waiting_s > 0 {
        let why = visit.delay.as_ref().and_then(|delay| words.why(instance, visit, delay).into_iter().next());
        let why = why.map_or_else(String::new, |why| format!(": {why}"));
        text.push_str(&format!("\nwaits {}{why}", words.duration(visit.waiting_s)));
    }
    match visit.tardiness_s {
        Some(0) => text.push_str("\non time"),
        Some(late) => text.push_str(&format!("\nlate by {}", words.duration(late))),
        None => {}
    }
    if visit.frozen {
        text.push_str("\nfrozen");
    }
    if let Some(remedy) = visit.delay.as_ref().and_then(|delay| delay.remedies.first()) {
        text.push_str(&format!("\ncheapest change: {}", words.remedy(instance, remedy)));
    }
    text
}

/// A wait: a ring at the arrival, a dotted line up to the start.
pub(super) fn tail(canvas: &mut Canvas, from: f64, to: f64, y: f64, colour: &str) {
    let style = format!(r#"stroke="{colour}" stroke-width="1.8" stroke-dasharray="2.5 2""#);
    canvas.line((from, y), (to, y), &style);
    canvas.raw(&format!(
        r##"<circle cx="{from:.1}" cy="{y:.1}" r="2.6" fill="#ffffff" stroke="{colour}" stroke-width="1.6"/>"##
    ));
}

/// A due time: a small wedge that points down at it.
pub(super) fn due_mark(canvas: &mut Canvas, x: f64, y: f64, colour: &str) {
    canvas.raw(&format!(
        r##"<path d="M{:.1} {y:.1}h7l-3.5 6z" fill="{colour}" stroke="#ffffff" stroke-width="0.6"/>"##,
        x - 3.5
    ));
}

/// A padlock, 9 by 11.
pub(super) fn lock(canvas: &mut Canvas, x: f64, y: f64, colour: &str) {
    canvas.raw(&format!(
        r#"<path d="M{:.1} {:.1}v-2.5a2.5 2.5 0 0 1 5 0v2.5" fill="none" stroke="{colour}" stroke-width="1.4"/>"#,
        x + 2.0,
        y + 5.0
    ));
    canvas.rect(x, y + 5.0, 9.0, 6.5, &format!(r#"rx="1.2" fill="{colour}""#));
}
