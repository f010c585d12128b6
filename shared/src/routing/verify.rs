//! Checks an answer against the request alone: every leg, every capacity, every cost, and the bound from its prices.

use super::certificate::{self, Certificate};
use super::cost;
use super::instance::{Instance, Lot};
use super::plan::{Flow, Leg, Plan, Route, Routed, Solution};
use super::timetable;
use crate::answer::Answer;
use crate::problem::Violation;

#[cfg(test)]
mod tests;

/// Violations that are listed; a plan that is wrong throughout is not worth more.
const MAX_LISTED: usize = 20;

/// Confirms the answer and returns the bound that its certificate proves, or says what is not true.
pub(super) fn verify(instance: &Instance, answer: &Answer<Plan, Certificate>) -> Result<i64, Vec<Violation>> {
    let mut found = Vec::new();
    let mut flows = Vec::new();
    if answer.plan.lots.len() != instance.lots.len() {
        let cause =
            format!("the plan speaks of {} lots, the request of {}", answer.plan.lots.len(), instance.lots.len());
        return Err(vec![Violation::new("lots_differ", cause)]);
    }
    for (at, (lot, routed)) in instance.lots.iter().zip(&answer.plan.lots).enumerate() {
        if let Err(cause) = lot_is_served(instance, at, lot, routed, &mut flows) {
            found.push(Violation::new("lot_wrong", format!("lot {}: {cause}", lot.id)));
            if found.len() >= MAX_LISTED {
                return Err(found);
            }
        }
    }
    if !found.is_empty() {
        return Err(found);
    }
    for (resource, used) in instance.resources.iter().zip(cost::used(instance, &flows)) {
        if used > resource.capacity {
            let cause = format!("{} has {} units, and {used} are used", resource.id, resource.capacity);
            found.push(Violation::new("over_capacity", cause));
        }
    }
    let objective = cost::objective(instance, &cost::costs(instance, &flows));
    if answer.objective != objective {
        let cause = format!("the objective is {objective}, not {}", answer.objective);
        found.push(Violation::new("objective_differs", cause));
    }
    if answer.lower_bound > answer.objective {
        let cause = format!("the lower bound {} is above the objective {}", answer.lower_bound, answer.objective);
        found.push(Violation::new("bound_above_objective", cause));
    }
    if let Some(cause) = certificate::flaw(instance, &answer.certificate) {
        found.push(Violation::new("bound_not_certified", cause));
    }
    if found.is_empty() {
        // The rest of the plan follows from the flows and the prices.
        let again = Plan::new(instance, &Solution { flows, prices: answer.certificate.clone() });
        if again.kpis != answer.plan.kpis {
            found.push(Violation::new("kpis_differ", format!("the key figures are {:?}", again.kpis)));
        }
        let told = &answer.plan;
        if (&again.unserved, &again.most_valuable, &again.utilisation)
            != (&told.unserved, &told.most_valuable, &told.utilisation)
        {
            found.push(Violation::new(
                "explanation_differs",
                "what is said of unserved lots or of room does not follow",
            ));
        }
    }
    if !found.is_empty() {
        found.truncate(MAX_LISTED);
        return Err(found);
    }
    let bound = certificate::Judge::new(instance).bound(&answer.certificate);
    if bound < answer.lower_bound {
        let cause = format!("the prices prove {bound}, not {}", answer.lower_bound);
        return Err(vec![Violation::new("bound_not_certified", cause)]);
    }
    Ok(answer.lower_bound)
}

fn lot_is_served(
    instance: &Instance,
    at: usize,
    lot: &Lot,
    routed: &Routed,
    flows: &mut Vec<Flow>,
) -> Result<(), String> {
    if routed.lot != lot.id {
        return Err(format!("{} stands in its place", routed.lot));
    }
    let mut carried = 0_i64;
    for route in &routed.routes {
        if route.quantity < 1 || route.quantity > lot.quantity {
            return Err(format!("{} containers on a way", route.quantity));
        }
        carried += route.quantity;
        flows.push(Flow { lot: at as u32, quantity: route.quantity, arcs: follow(instance, lot, route)? });
    }
    let named: Vec<&String> = routed.routes.iter().flat_map(|route| &route.containers).collect();
    if named.len() as i64 != if lot.containers.is_empty() { 0 } else { carried }
        || named.iter().any(|number| !lot.containers.contains(number))
    {
        return Err("the containers on its ways are not its own".to_owned());
    }
    if routed.rejected < 0 || carried + routed.rejected != lot.quantity {
        return Err(format!("{carried} carried and {} rejected do not make {}", routed.rejected, lot.quantity));
    }
    if lot.whole && (routed.routes.len() > 1 || (routed.rejected != 0 && carried != 0)) {
        return Err("it may not be split".to_owned());
    }
    Ok(())
}

/// Goes along a route. Returns its arcs after the pinned ones.
fn follow(instance: &Instance, lot: &Lot, route: &Route) -> Result<Vec<u32>, String> {
    let Some(source) = lot.source else { return Err("it can begin nowhere".to_owned()) };
    let name = |node: u32| &instance.nodes[node as usize].id;
    let (mut at, mut cost, mut transit) = (source, 0_i64, 0_i64);
    for of in route.arcs() {
        let Some(arc) = instance.arcs.get(of as usize) else { return Err(format!("there is no arc {of}")) };
        if arc.from != at {
            return Err(format!("arc {of} does not go on from {}", name(at)));
        }
        cost += arc.cost;
        transit += arc.transit_s;
        at = arc.to;
    }
    let arcs: Vec<u32> = route.arcs().collect();
    let told: Vec<Leg> = if let Some(timetable) = &instance.timetable {
        timetable::tell(instance, timetable, &arcs).legs
    } else {
        let leg = |&of: &u32| {
            let arc = &instance.arcs[of as usize];
            let (from, to) = (name(arc.from).clone(), name(arc.to).clone());
            Leg { arc: Some(of), id: arc.id.clone(), from, to, ..Leg::default() }
        };
        arcs.iter().map(leg).collect()
    };
    if told != route.legs {
        return Err("its legs are not those of its way".to_owned());
    }
    if !arcs.starts_with(&lot.pinned) {
        return Err("it leaves the legs that are pinned".to_owned());
    }
    let Some(ending) = instance.ending(lot, at) else {
        return Err(format!("it may not end at {}", name(at)));
    };
    let ends = instance.nodes[at as usize].time_s;
    if ends.is_none() && lot.max_transit_s.is_some_and(|most| transit > most) {
        return Err(format!("it travels {transit} s"));
    }
    let arrives = ends.map(|ends| instance.time(ends));
    let told = (route.cost_cents, route.transit_s, route.arrives);
    if told != (cost + ending, transit, arrives) {
        return Err(format!("cost, transit and arrival are {:?}", (cost + ending, transit, arrives)));
    }
    Ok(arcs[lot.pinned.len()..].to_vec())
}
