//! Checks an answer as it is sent: reads the plan back, has [`check`](super::check) confirm places, times and bound, and works every
//! figure out again.

use std::collections::HashMap;

use super::certificate::Certificate;
use super::check;
use super::plan::{Plan, Visit, kpis, visit};
use super::port::Port;
use super::schedule::{Berth, Schedule};
use super::stays::Stay;
use crate::answer::Answer;
use crate::berth::verify::check_claims;
use crate::outcome::Level;
use crate::problem::Violation;
use crate::time::Time;
use crate::units::Centimetres;

/// Checks that the plan keeps every rule, that it costs what the answer says, and that the certificate proves the bound.
pub(super) fn verify(port: &Port, answer: &Answer<Plan, Certificate>) -> Result<(), Vec<Violation>> {
    let schedule = read(port, &answer.plan)?;
    let mut found = Vec::new();
    match check::plan(&port.instance, &schedule) {
        Ok(objective) => check_objective(port.cost(objective), answer, &mut found),
        Err(why) => found.push(refuted(port, &why)),
    }
    for (at, now) in answer.plan.assignments.iter().enumerate() {
        let Some(call) = port.calls.iter().position(|call| call.id == now.call) else { continue };
        let right = visit(port, &schedule, call, now.delay.clone());
        if *now != right {
            let cause = format!("the figures of {} at {at} do not follow from its place and times", now.call);
            found.push(Violation::new("wrong_times", cause));
        }
    }
    if kpis(port, &schedule, &answer.plan.assignments) != answer.plan.kpis {
        found.push(Violation::new("wrong_kpis", "the key figures do not follow from the assignments"));
    }
    match check::certificate(&port.instance, &answer.certificate) {
        Ok(proven) if port.cost(proven) >= answer.lower_bound => {}
        Ok(proven) => {
            let claimed = answer.lower_bound;
            let cause = format!("the certificate proves {}, and the answer claims {claimed}", port.cost(proven));
            found.push(Violation::new("bound_not_certified", cause));
        }
        Err(why) => found.push(Violation::new("certificate_broken", why.to_string())),
    }
    check_claims(answer, crate::outcome::gap(answer.objective, answer.lower_bound), &mut found);
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// The places and times that a plan says, for every call once.
fn read(port: &Port, plan: &Plan) -> Result<Schedule, Vec<Violation>> {
    let at: HashMap<&str, usize> = port.calls.iter().enumerate().map(|(i, call)| (call.id.as_str(), i)).collect();
    let mut berths: Vec<Option<Berth>> = vec![None; port.calls.len()];
    let mut found = Vec::new();
    for now in &plan.assignments {
        let berth = berth(port, now);
        match (at.get(now.call.as_str()), berth) {
            (Some(&call), Some(berth)) if berths[call].is_none() => berths[call] = Some(berth),
            (Some(_), Some(_)) => {
                let cause = format!("{} is served more than once", now.call);
                found.push(Violation::new("call_not_planned_once", cause));
            }
            _ => {
                let cause = format!(
                    "{} at {} m from {} to {} names what the request does not have",
                    now.call, now.position_m, now.start, now.departure
                );
                found.push(Violation::new("unknown_reference", cause));
            }
        }
    }
    for (call, _) in port.calls.iter().zip(&berths).filter(|(_, berth)| berth.is_none()) {
        found.push(Violation::new("call_not_planned_once", format!("{} has no place", call.id)));
    }
    if found.is_empty() { Ok(Schedule(berths.into_iter().flatten().collect())) } else { Err(found) }
}

/// The place of a visit, where its times are whole instants.
fn berth(port: &Port, visit: &Visit) -> Option<Berth> {
    let instant = |time: Time| {
        let seconds = match time {
            Time::Offset(seconds) => seconds,
            Time::Absolute(instant) => instant.as_second().checked_sub(port.origin?.as_second())?,
        };
        (seconds.rem_euclid(port.unit.0) == 0).then_some(seconds / port.unit.0)
    };
    let Centimetres(position) = Centimetres::from_metres(visit.position_m)?;
    let stay = Stay { start: instant(visit.start)?, departure: instant(visit.departure)? };
    Some(Berth { position, stay })
}

fn refuted(port: &Port, why: &check::Refuted) -> Violation {
    let id = |i: usize| port.calls[i].id.as_str();
    match *why {
        check::Refuted::Berth(i) => {
            let cause = format!("{} lies outside its part of the quay, or its times are not legal", id(i));
            Violation::new("place_not_legal", cause)
        }
        check::Refuted::Overlap(i, j) => {
            let cause = format!("{} and {} are nearer than the clearance while both are alongside", id(i), id(j));
            Violation::new("quay_shared", cause)
        }
        ref other => Violation::new("plan_broken", other.to_string()),
    }
}

fn check_objective(objective: i64, answer: &Answer<Plan, Certificate>, found: &mut Vec<Violation>) {
    if objective != answer.objective {
        let cause = format!("the plan costs {objective}, not {}", answer.objective);
        found.push(Violation::new("wrong_objective", cause));
    }
    if answer.levels != levels(answer.objective, answer.lower_bound) {
        let cause = "the cost and bound of the one class are not those of the answer";
        found.push(Violation::new("wrong_levels", cause));
    }
}

/// All calls are of one class.
pub(super) fn levels(objective: i64, lower_bound: i64) -> Vec<Level> {
    vec![Level { class: 0, multiplier: 1, objective, lower_bound }]
}
