//! A picture of a routing plan: how much is carried, with a timetable who sails when and how full, and how full the scarcest resources are.

use super::instance::Instance;
use super::plan::Plan;
use super::table::money;
use crate::answer::Answer;
use crate::canvas::{Canvas, FAINT, INK, WIDTH, fitted, page};

mod timespace;

/// Resources that are drawn, below a diagram and without one.
const MAX_BARS: [usize; 2] = [10, 30];
const ROW: f64 = 22.0;
const LEFT: f64 = 330.0;
const RIGHT: f64 = 190.0;

/// Draws the plan.
pub(super) fn svg<C>(instance: &Instance, answer: &Answer<Plan, C>) -> String {
    let plan = &answer.plan;
    let mut canvas = Canvas::new();
    let y = outcome(&mut canvas, plan, 90.0);
    let y = match &instance.timetable {
        Some(timetable) => timespace::draw(&mut canvas, instance, timetable, plan, y + 14.0),
        None => y,
    };
    let y = resources(&mut canvas, instance, plan, y + 30.0);
    let kpis = plan.kpis;
    let title = format!("Routing: {} of {} containers carried", kpis.carried, kpis.containers);
    page(&title, "bars are what is used of a resource", answer, y + 14.0, "", &canvas.into_string())
}

/// One bar of what is carried in time, late, and turned down.
fn outcome(canvas: &mut Canvas, plan: &Plan, top: f64) -> f64 {
    let kpis = plan.kpis;
    let all = kpis.containers.max(1) as f64;
    let room = WIDTH - 40.0;
    let mut x = 20.0;
    let parts = [
        ("in time", kpis.carried - kpis.late, "#2a7f9e"),
        ("late", kpis.late, "#d9a441"),
        ("rejected", kpis.rejected, "#b5473c"),
    ];
    for (what, count, colour) in parts.into_iter().filter(|&(_, count, _)| count > 0) {
        let wide = room * count as f64 / all;
        canvas.open_group(&format!("{count} containers {what}"));
        canvas.rect(x, top, wide, 28.0, &format!(r#"fill="{colour}""#));
        if let Some(text) = fitted(&format!("{count} {what}"), wide - 12.0, 13.0) {
            canvas.text(x + 6.0, top + 19.0, r##"font-size="13" fill="#ffffff""##, &text);
        }
        canvas.close_group();
        x += wide;
    }
    top + 28.0
}

/// A bar for each of the fullest resources, the most valuable ones first.
fn resources(canvas: &mut Canvas, instance: &Instance, plan: &Plan, top: f64) -> f64 {
    let used = used(instance, plan);
    let most = MAX_BARS[usize::from(instance.timetable.is_none())];
    let worth = |at: usize| {
        let id = &instance.resources[at].id;
        plan.most_valuable.iter().find(|one| one.resource == *id).map_or(0, |one| one.worth_cents)
    };
    let share = |at: usize| used[at] as f64 / instance.resources[at].capacity.max(1) as f64;
    let worths: Vec<i64> = (0..used.len()).map(worth).collect();
    let mut order: Vec<usize> = (0..used.len()).filter(|&at| used[at] > 0).collect();
    order.sort_by(|&a, &b| worths[b].cmp(&worths[a]).then(share(b).total_cmp(&share(a))).then(a.cmp(&b)));
    canvas.text(20.0, top, &format!(r#"font-size="14" font-weight="600" fill="{INK}""#), "resources");
    let mut y = top + 12.0;
    let room = WIDTH - LEFT - RIGHT;
    let small = format!(r#"font-size="12" fill="{INK}""#);
    let faint = format!(r#"font-size="12" fill="{FAINT}""#);
    for &at in order.iter().take(most) {
        let of = &instance.resources[at];
        canvas.open_group(&format!("{}: {} of {}", of.id, used[at], of.capacity));
        if let Some(name) = fitted(&of.id, LEFT - 30.0, 12.0) {
            canvas.text(20.0, y + 14.0, &small, &name);
        }
        canvas.rect(LEFT, y + 3.0, room, ROW - 8.0, r##"fill="#e8edf1""##);
        let colour = if used[at] >= of.capacity { "#b5473c" } else { "#2a7f9e" };
        canvas.rect(LEFT, y + 3.0, room * share(at).min(1.0), ROW - 8.0, &format!(r#"fill="{colour}""#));
        let remark = if worths[at] > 0 { format!(", +1 is worth {}", money(worths[at])) } else { String::new() };
        canvas.text(LEFT + room + 8.0, y + 14.0, &faint, &format!("{}/{}{remark}", used[at], of.capacity));
        canvas.close_group();
        y += ROW;
    }
    if order.len() > most {
        canvas.text(20.0, y + 14.0, &faint, &format!("and {} more resources in use", order.len() - most));
        y += ROW;
    }
    y
}

/// `[resource]`: units that the plan uses.
fn used(instance: &Instance, plan: &Plan) -> Vec<i64> {
    let mut used = vec![0_i64; instance.resources.len()];
    for route in plan.lots.iter().flat_map(|lot| &lot.routes) {
        for arc in route.arcs().filter_map(|arc| instance.arcs.get(arc as usize)) {
            for &(resource, units) in &arc.uses {
                used[resource as usize] += i64::from(units) * route.quantity;
            }
        }
    }
    used
}
