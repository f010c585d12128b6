//! Checks an answer from the raw data alone: windows, closures, tides and lengths as the caller gave them, not the slots that the
//! search works with. Shares no code with the search and prefers the plain way to the fast one.

use std::collections::HashMap;

use super::certificate::{self, Certificate};
use super::instance::{Assignment, Berth, Call, Instance};
use super::plan::{Plan, Visit};
use crate::answer::Answer;
use crate::ids::{BerthIdx, CallIdx};
use crate::outcome::{Proof, Stop, Tier};
use crate::problem::Violation;
use crate::time::Time;
use crate::units::Seconds;

/// A visit read back from a plan.
struct Stay<'a> {
    call: CallIdx,
    place: Assignment,
    departure: Seconds,
    visit: &'a Visit,
}

/// Checks that the plan keeps every rule, that it costs what the answer says, and that the certificate proves the bound.
pub(super) fn verify(instance: &Instance, answer: &Answer<Plan, Certificate>) -> Result<(), Vec<Violation>> {
    let mut found = Vec::new();
    let stays = read_stays(instance, &answer.plan, &mut found);
    let missing = read_left_out(instance, &answer.plan, &stays, &mut found);
    if !found.is_empty() {
        return Err(found);
    }
    for stay in &stays {
        check_stay(instance, stay, &mut found);
    }
    check_berths(instance, &stays, &mut found);
    check_objective(instance, answer, &stays, &missing, &mut found);
    check_bound(instance, answer, &mut found);
    check_figures(instance, answer, &stays, &missing, &mut found);
    check_changes(instance, answer, &stays, &mut found);
    if found.is_empty() { Ok(()) } else { Err(found) }
}

fn read_stays<'a>(instance: &Instance, plan: &'a Plan, found: &mut Vec<Violation>) -> Vec<Stay<'a>> {
    let calls: HashMap<&str, CallIdx> =
        CallIdx::all(instance.calls().len()).map(|idx| (instance.call(idx).id.as_str(), idx)).collect();
    let berths: HashMap<&str, BerthIdx> =
        BerthIdx::all(instance.berths().len()).map(|idx| (instance.berth(idx).id.as_str(), idx)).collect();
    let mut stays = Vec::with_capacity(plan.assignments.len());
    for visit in &plan.assignments {
        let seconds = |time: Time| time.after(instance.origin()).ok();
        let known = (calls.get(visit.call.as_str()), berths.get(visit.berth.as_str()));
        let ((Some(&call), Some(&berth)), Some(start), Some(departure)) =
            (known, seconds(visit.start), seconds(visit.departure))
        else {
            let cause = format!(
                "{} at {} from {} to {} names what the request does not have",
                visit.call, visit.berth, visit.start, visit.departure
            );
            found.push(Violation::new("unknown_reference", cause));
            continue;
        };
        stays.push(Stay { call, place: Assignment { berth, start }, departure, visit });
    }
    stays
}

/// The calls that are left out; each call must be served or left out, once.
fn read_left_out(instance: &Instance, plan: &Plan, stays: &[Stay<'_>], found: &mut Vec<Violation>) -> Vec<CallIdx> {
    let mut times = vec![0_usize; instance.calls().len()];
    for stay in stays {
        times[stay.call.at()] += 1;
    }
    let mut missing = Vec::new();
    for (idx, call) in CallIdx::all(times.len()).zip(instance.calls()) {
        let left_out = plan.left_out.iter().filter(|left_out| left_out.call == call.id).count();
        if times[idx.at()] + left_out != 1 {
            let cause = format!("{} is served {} times and left out {left_out} times", call.id, times[idx.at()]);
            found.push(Violation::new("call_not_planned_once", cause));
        }
        if left_out > 0 {
            missing.push(idx);
        }
    }
    missing
}

fn check_stay(instance: &Instance, stay: &Stay<'_>, found: &mut Vec<Violation>) {
    let (call, berth) = (instance.call(stay.call), instance.berth(stay.place.berth));
    let (start, departure) = (stay.place.start, stay.departure);
    let mut violated = |code: &str, why: &str| {
        let cause = format!("{} at {} from {} to {}: {why}", call.id, berth.id, stay.visit.start, stay.visit.departure);
        found.push(Violation::new(code, cause));
    };
    if start < call.arrival {
        violated("starts_before_arrival", "the vessel has not arrived");
    }
    match call.handling[stay.place.berth.at()] {
        None => violated("berth_cannot_take_call", "the berth cannot handle it"),
        Some(handling) if departure < start + handling => violated("leaves_unhandled", "handling takes longer"),
        Some(_) => {}
    }
    if call.length.zip(berth.length).is_some_and(|(vessel, limit)| vessel > limit) {
        violated("vessel_too_long", "the vessel is longer than the berth takes");
    }
    if call.draft.zip(berth.draft).is_some_and(|(vessel, limit)| vessel > limit) {
        violated("vessel_too_deep", "the vessel is deeper than the berth");
    }
    if call.latest_departure.is_some_and(|latest| departure > latest) {
        violated("leaves_too_late", "it leaves after its latest departure");
    }
    if !berth.open.iter().any(|open| open.holds(start) && open.holds(departure)) {
        violated("berth_not_open", "the berth is not open all that time");
    }
    if berth.closures.iter().any(|closure| closure.window.from < departure && start < closure.window.to) {
        violated("berth_closed", "the berth is closed for some of that time");
    }
    if !tide_allows(call, berth, start) || !tide_allows(call, berth, departure) {
        violated("against_the_tide", "it is too deep to come or go then");
    }
    if call.frozen.is_some_and(|frozen| frozen != stay.place) {
        violated("frozen_call_moved", "the request had decided otherwise");
    }
}

fn tide_allows(call: &Call, berth: &Berth, instant: Seconds) -> bool {
    match (&berth.tide, call.draft) {
        (Some(tide), Some(draft)) if draft > tide.free_draft => tide.windows.iter().any(|window| window.holds(instant)),
        _ => true,
    }
}

fn check_berths(instance: &Instance, stays: &[Stay<'_>], found: &mut Vec<Violation>) {
    for berth in BerthIdx::all(instance.berths().len()) {
        let clearance = instance.berth(berth).clearance;
        let mut there: Vec<&Stay<'_>> = stays.iter().filter(|stay| stay.place.berth == berth).collect();
        there.sort_by_key(|stay| stay.place.start);
        for pair in there.windows(2) {
            if pair[1].place.start < pair[0].departure + clearance {
                let cause = format!(
                    "{} holds {} until {}, and {} starts there at {}",
                    pair[0].visit.call,
                    pair[0].visit.berth,
                    pair[0].visit.departure,
                    pair[1].visit.call,
                    pair[1].visit.start
                );
                found.push(Violation::new("berth_shared", cause));
            }
        }
    }
}

/// The cost of one stay in its class, from the formula in the module's docs.
fn cost(call: &Call, stay: &Stay<'_>) -> i64 {
    let mut cost = call.terms.weight * (stay.departure.0 - call.arrival.0);
    if let Some(due) = call.due {
        cost += call.terms.tardiness_weight * (stay.departure.0 - due.0).max(0);
    }
    if let Some(earlier) = call.earlier {
        if earlier.berth != stay.place.berth {
            cost += call.terms.berth_change;
        }
        if stay.place.start > earlier.start {
            cost += call.terms.later_start;
        }
    }
    cost
}

fn check_objective(
    instance: &Instance,
    answer: &Answer<Plan, Certificate>,
    stays: &[Stay<'_>],
    missing: &[CallIdx],
    found: &mut Vec<Violation>,
) {
    let mut by_class: HashMap<u8, i64> = instance.classes().iter().map(|class| (class.class, 0)).collect();
    for stay in stays {
        let call = instance.call(stay.call);
        let cost = cost(call, stay);
        if cost != stay.visit.cost {
            let cause = format!("{} costs {cost}, not {}", call.id, stay.visit.cost);
            found.push(Violation::new("wrong_cost", cause));
        }
        *by_class.entry(call.class).or_default() += cost;
    }
    for &idx in missing {
        *by_class.entry(instance.call(idx).class).or_default() += instance.class_of(idx).left_out;
    }
    let objective: i64 = instance.classes().iter().map(|class| class.multiplier * by_class[&class.class]).sum();
    if objective != answer.objective {
        let cause = format!("the plan costs {objective}, not {}", answer.objective);
        found.push(Violation::new("wrong_objective", cause));
    }
    let costs: Vec<i64> = instance.classes().iter().map(|class| by_class[&class.class]).collect();
    if instance.levels(&costs, answer.lower_bound) != answer.levels {
        found.push(Violation::new(
            "wrong_levels",
            "the costs and bounds by class do not follow from the plan and its bound",
        ));
    }
}

fn check_bound(instance: &Instance, answer: &Answer<Plan, Certificate>, found: &mut Vec<Violation>) {
    match certificate::check(instance, &answer.certificate) {
        Ok(proven) if proven >= answer.lower_bound => {}
        Ok(proven) => {
            let cause = format!("the certificate proves {proven}, and the answer claims {}", answer.lower_bound);
            found.push(Violation::new("bound_not_certified", cause));
        }
        Err(why) => found.push(Violation::new("certificate_broken", why)),
    }
    check_claims(answer, instance.gap(answer.objective, answer.lower_bound), found);
}

/// Checks what an answer says about itself; `gap` is the one that its objective and bound make.
pub(super) fn check_claims<P, C>(answer: &Answer<P, C>, gap: f64, found: &mut Vec<Violation>) {
    if answer.lower_bound > answer.objective {
        let cause = format!("the bound {} is above the objective {}", answer.lower_bound, answer.objective);
        found.push(Violation::new("bound_above_objective", cause));
    }
    let proven = answer.lower_bound == answer.objective;
    let proof = if proven { Proof::Optimal } else { Proof::Bound };
    if answer.proof != proof || (answer.stop == Stop::Proven) != proven {
        found.push(Violation::new("wrong_proof", "proof and stop do not follow from objective and bound"));
    }
    if (answer.tier == Tier::Proven && !proven && answer.stop != Stop::TargetGap)
        || answer.reproducible != answer.stop.is_reproducible()
    {
        found.push(Violation::new("wrong_tier", "tier and reproducible do not follow from proof and stop"));
    }
    if (gap - answer.gap).abs() > 1e-12 {
        let cause = format!("the gap is {gap}, not {}", answer.gap);
        found.push(Violation::new("wrong_gap", cause));
    }
}

/// Whatever is not where the earlier plan had it is listed, and nothing else.
fn check_changes(
    instance: &Instance,
    answer: &Answer<Plan, Certificate>,
    stays: &[Stay<'_>],
    found: &mut Vec<Violation>,
) {
    for (idx, call) in CallIdx::all(instance.calls().len()).zip(instance.calls()) {
        let place = stays.iter().find(|stay| stay.call == idx).map(|stay| stay.place);
        let moved = call.earlier.is_some_and(|earlier| place != Some(earlier));
        let listed = answer.plan.changes.iter().filter(|change| change.call == call.id).count();
        if listed != usize::from(moved) {
            let cause = format!("{} is listed {listed} times among the changes", call.id);
            found.push(Violation::new("wrong_changes", cause));
        }
    }
}

/// The figures a planner reads.
fn check_figures(
    instance: &Instance,
    answer: &Answer<Plan, Certificate>,
    stays: &[Stay<'_>],
    missing: &[CallIdx],
    found: &mut Vec<Violation>,
) {
    let kpis = &answer.plan.kpis;
    let waiting = |stay: &Stay<'_>| stay.visit.waiting_s;
    let mean = |total: i64| if stays.is_empty() { 0.0 } else { total as f64 / stays.len() as f64 };
    let right = kpis.served == stays.len()
        && kpis.left_out == missing.len()
        && kpis.max_waiting_s == stays.iter().map(waiting).max().unwrap_or(0)
        && (kpis.mean_waiting_s - mean(stays.iter().map(waiting).sum())).abs() < 1e-6
        && (kpis.mean_turnaround_s - mean(stays.iter().map(|stay| stay.visit.turnaround_s).sum())).abs() < 1e-6;
    if !right {
        found.push(Violation::new("wrong_kpis", "the key figures do not follow from the assignments"));
    }
    for stay in stays {
        let call = instance.call(stay.call);
        let turnaround = stay.departure.0 - call.arrival.0;
        let waiting = stay.place.start.0 - call.arrival.0;
        let tardiness = call.due.map(|due| (stay.departure.0 - due.0).max(0));
        let visit = stay.visit;
        if (visit.turnaround_s, visit.waiting_s, visit.tardiness_s) != (turnaround, waiting, tardiness) {
            let cause = format!("waiting, turnaround or tardiness of {} do not follow from its times", visit.call);
            found.push(Violation::new("wrong_times", cause));
        }
    }
}
