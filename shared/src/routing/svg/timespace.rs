//! A time-space diagram: ports are lanes, time runs to the right, sailings and transfers are lines between lanes, as thick as they are loaded.

use super::super::plan::Plan;
use super::super::timetable::{Room, Timetable};
use super::{Instance, used};
use crate::canvas::{Canvas, FAINT, INK, WIDTH, fitted};

/// Ports that are drawn, those where most is handled.
const MAX_PORTS: usize = 40;
/// Sailings that are named.
const MAX_NAMED: usize = 60;
const LANE: f64 = 56.0;
const LEFT: f64 = 150.0;
const RIGHT: f64 = 20.0;
/// Height of a bar that is full.
const BAR: f64 = 16.0;
const DAY_S: i64 = 86_400;
const FULL: &str = "#b5473c";
const LOADED: &str = "#2a7f9e";
const LAND: &str = "#7a6a3f";

/// Draws the diagram. Returns where it ends.
pub(super) fn draw(canvas: &mut Canvas, instance: &Instance, timetable: &Timetable, plan: &Plan, top: f64) -> f64 {
    let diagram = Diagram::new(instance, timetable, plan, top + 24.0);
    diagram.axis(canvas);
    diagram.lanes(canvas);
    diagram.sailings(canvas);
    diagram.transfers(canvas, plan);
    diagram.legend(canvas);
    diagram.bottom() + 24.0
}

struct Diagram<'a> {
    instance: &'a Instance,
    timetable: &'a Timetable,
    /// `[resource]`
    used: Vec<i64>,
    /// `[port]`: its lane, where it has one.
    lane: Vec<Option<usize>>,
    lanes: usize,
    top: f64,
}

impl<'a> Diagram<'a> {
    fn new(instance: &'a Instance, timetable: &'a Timetable, plan: &Plan, top: f64) -> Self {
        let used = used(instance, plan);
        let schedule = &timetable.schedule;
        let mut handled = vec![0_i64; schedule.ports.len()];
        for (of, used) in timetable.rooms.iter().zip(&used) {
            if let Room::Moves { port, .. } = of {
                handled[*port as usize] += used;
            }
        }
        let mut order: Vec<usize> = (0..handled.len()).collect();
        order.sort_by_key(|&port| (std::cmp::Reverse(handled[port]), port));
        order.truncate(MAX_PORTS);
        // In the order of the request, where neighbours mostly lie near each other.
        order.sort_unstable();
        let mut lane = vec![None; handled.len()];
        for (at, &port) in order.iter().enumerate() {
            lane[port] = Some(at);
        }
        Self { instance, timetable, used, lane, lanes: order.len(), top }
    }

    fn x(&self, seconds: i64) -> f64 {
        let horizon = self.timetable.schedule.horizon_s.max(1) as f64;
        LEFT + (WIDTH - LEFT - RIGHT) * (seconds as f64 / horizon).clamp(0.0, 1.0)
    }

    /// The line of a port.
    fn y(&self, port: usize) -> Option<f64> {
        self.lane[port].map(|lane| self.top + LANE * lane as f64 + 0.5 * LANE)
    }

    fn bottom(&self) -> f64 {
        self.top + LANE * self.lanes as f64
    }

    fn axis(&self, canvas: &mut Canvas) {
        let schedule = &self.timetable.schedule;
        let days = schedule.horizon_s / DAY_S;
        let step = (days / 14).max(1);
        for day in (0..=days).step_by(step as usize) {
            let x = self.x(day * DAY_S);
            canvas.line((x, self.top), (x, self.bottom()), r##"stroke="#dde3e8" stroke-width="1""##);
            let text = schedule.words(day * DAY_S);
            let text = text.rsplit_once(' ').map_or(text.as_str(), |(date, _)| date);
            let text = text.get(5..).filter(|_| schedule.start.is_some()).unwrap_or(text);
            if x < WIDTH - RIGHT - 20.0 {
                canvas.text(x + 3.0, self.top - 6.0, &format!(r#"font-size="11" fill="{FAINT}""#), text);
            }
        }
    }

    /// A line for each port, with what it handles in each shift below, and what it cannot.
    fn lanes(&self, canvas: &mut Canvas) {
        let schedule = &self.timetable.schedule;
        for (port, of) in schedule.ports.iter().enumerate() {
            let Some(y) = self.y(port) else { continue };
            canvas.line((LEFT, y), (WIDTH - RIGHT, y), r##"stroke="#b9c4cd" stroke-width="1""##);
            let name = of.name.as_ref().unwrap_or(&of.id);
            if let Some(name) = fitted(name, LEFT - 26.0, 13.0) {
                canvas.text(20.0, y + 1.0, &format!(r#"font-size="13" font-weight="600" fill="{INK}""#), &name);
            }
            if of.name.is_some() {
                canvas.text(20.0, y + 15.0, &format!(r#"font-size="10" fill="{FAINT}""#), &of.id);
            }
            for &(from, to, moves) in of.changes.iter().filter(|change| change.0 < schedule.horizon_s) {
                canvas.open_group(&format!(
                    "{}: {moves} moves in a shift, {} to {}",
                    of.id,
                    schedule.words(from),
                    schedule.words(to)
                ));
                let colour = if moves == 0 { "#f3c9c4" } else { "#f7e6bf" };
                let (x, wide) = (self.x(from), self.x(to) - self.x(from));
                canvas.rect(x, y - 0.4 * LANE, wide, 0.8 * LANE, &format!(r#"fill="{colour}" fill-opacity="0.6""#));
                canvas.close_group();
            }
        }
        for ((of, &used), resource) in self.timetable.rooms.iter().zip(&self.used).zip(&self.instance.resources) {
            let Room::Moves { port, .. } = *of else { continue };
            let Some(y) = self.y(port as usize).filter(|_| used > 0) else { continue };
            let (from, to) = self.timetable.span(*of);
            let share = (used as f64 / resource.capacity.max(1) as f64).min(1.0);
            let colour = if used >= resource.capacity { FULL } else { "#9db8c6" };
            canvas.open_group(&format!("{}: {used} of {}", resource.id, resource.capacity));
            let wide = (self.x(to) - self.x(from) - 0.5).max(1.0);
            canvas.rect(self.x(from), y + 2.0, wide, BAR * share, &format!(r#"fill="{colour}""#));
            canvas.close_group();
        }
    }

    fn sailings(&self, canvas: &mut Canvas) {
        let schedule = &self.timetable.schedule;
        let mut loads = vec![Vec::new(); schedule.sailings.len()];
        for ((of, &used), resource) in self.timetable.rooms.iter().zip(&self.used).zip(&self.instance.resources) {
            if let Room::Slots { sailing, call } = *of {
                loads[sailing as usize].push((call as usize, used, resource.capacity));
            }
        }
        let is_named = schedule.sailings.len() <= MAX_NAMED;
        for (sailing, legs) in schedule.sailings.iter().zip(&mut loads) {
            // Each kind of container brings the same resource; the first one made it.
            legs.sort_unstable();
            let mut longest: Option<(f64, (f64, f64))> = None;
            for &mut (call, used, capacity) in legs {
                let from = &sailing.calls[call];
                let next = sailing.calls.get(call + 1);
                let Some(to) = next.or_else(|| schedule.sailings[sailing.continues?].calls.first()) else { continue };
                let (Some(y1), Some(y2)) = (self.y(from.port), self.y(to.port)) else { continue };
                let (x1, x2) = (self.x(from.depart), self.x(to.arrive));
                let share = (used as f64 / capacity.max(1) as f64).min(1.0);
                let (colour, width) = match used {
                    0 => ("#c3ccd3", 1.0),
                    used if used >= capacity => (FULL, 6.0),
                    _ => (LOADED, 1.5 + 4.5 * share),
                };
                let ports = (&schedule.ports[from.port].id, &schedule.ports[to.port].id);
                canvas.open_group(&format!("{}, {} > {}: {used} of {capacity} TEU", sailing.id, ports.0, ports.1));
                let style = format!(
                    r#"stroke="{colour}" stroke-width="{width:.1}" stroke-linecap="round" stroke-opacity="0.85""#
                );
                canvas.line((x1, y1), (x2, y2), &style);
                canvas.close_group();
                let long = (x2 - x1).hypot(y2 - y1);
                if used > 0 && longest.is_none_or(|(most, _)| long > most) {
                    longest = Some((long, (0.5 * (x1 + x2), 0.5 * (y1 + y2))));
                }
            }
            for call in &sailing.calls {
                if let Some(y) = self.y(call.port) {
                    let stay = (self.x(call.arrive), self.x(call.depart));
                    canvas.line(
                        (stay.0, y),
                        (stay.1, y),
                        &format!(r#"stroke="{INK}" stroke-width="3" stroke-linecap="round""#),
                    );
                }
            }
            if let Some((_, (x, y))) = longest.filter(|(long, _)| is_named && *long > 60.0) {
                let style = format!(
                    r##"font-size="10" fill="{INK}" text-anchor="middle" stroke="#ffffff" stroke-width="3" paint-order="stroke" stroke-linejoin="round""##
                );
                canvas.text(x, y - 4.0, &style, &sailing.id);
            }
        }
    }

    /// What goes by land, dashed.
    fn transfers(&self, canvas: &mut Canvas, plan: &Plan) {
        use super::super::timetable::Step;
        let mut loads = std::collections::BTreeMap::new();
        for route in plan.lots.iter().flat_map(|lot| &lot.routes) {
            for arc in route.arcs() {
                if let Some(Step::Transfer { transfer }) = self.timetable.steps.get(arc as usize) {
                    *loads.entry((*transfer, arc)).or_insert(0_i64) += route.quantity;
                }
            }
        }
        for ((transfer, arc), count) in loads {
            let of = &self.timetable.schedule.transfers[transfer as usize];
            let arc = &self.instance.arcs[arc as usize];
            let time = |node: u32| self.instance.nodes[node as usize].time_s.unwrap_or(0);
            let (Some(y1), Some(y2)) = (self.y(of.from), self.y(of.to)) else { continue };
            canvas.open_group(&format!(
                "{}, {}: {count} containers",
                of.id,
                self.timetable.schedule.words(time(arc.from))
            ));
            let width = 1.0 + (count as f64).sqrt().min(4.0);
            let style = format!(r#"stroke="{LAND}" stroke-width="{width:.1}" stroke-dasharray="3 3""#);
            canvas.line((self.x(time(arc.from)), y1), (self.x(time(arc.to)), y2), &style);
            canvas.close_group();
        }
    }

    fn legend(&self, canvas: &mut Canvas) {
        let y = self.bottom() + 14.0;
        let mut x = LEFT;
        for (colour, dash, text) in [
            (LOADED, "none", "sailing, thick as it is loaded"),
            (FULL, "none", "full"),
            ("#c3ccd3", "none", "empty"),
            (LAND, "3 3", "by land or barge"),
            ("#9db8c6", "none", "bars: moves in a shift, of what the port handles"),
        ] {
            let style = format!(r#"stroke="{colour}" stroke-width="4" stroke-dasharray="{dash}""#);
            canvas.line((x, y - 4.0), (x + 24.0, y - 4.0), &style);
            canvas.text(x + 30.0, y, &format!(r#"font-size="11" fill="{FAINT}""#), text);
            x += 46.0 + crate::canvas::text_width(text, 11.0);
        }
    }
}
