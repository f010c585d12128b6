//! What flows cost and take, class by class.

use super::certificate::{self, Certificate};
use super::instance::Instance;
use super::plan::Flow;
use crate::outcome::Level;

/// `[resource]`: units that flows and pinned arcs take.
pub(super) fn used(instance: &Instance, flows: &[Flow]) -> Vec<i64> {
    let mut used = vec![0; instance.resources.len()];
    let mut take = |arc: u32, quantity: i64| {
        for &(resource, units) in &instance.arcs[arc as usize].uses {
            used[resource as usize] += i64::from(units) * quantity;
        }
    };
    for lot in &instance.lots {
        lot.pinned.iter().for_each(|&arc| take(arc, lot.quantity));
    }
    for flow in flows {
        flow.arcs.iter().for_each(|&arc| take(arc, flow.quantity));
    }
    used
}

/// `[class]`: what flows cost, sunk costs among it, in hundredths.
pub(super) fn costs(instance: &Instance, flows: &[Flow]) -> Vec<i64> {
    let mut costs = instance.sunk.clone();
    for lot in &instance.lots {
        costs[lot.class] += lot.quantity * lot.rejection;
    }
    for flow in flows {
        let lot = &instance.lots[flow.lot as usize];
        let end = flow.arcs.last().map_or(lot.start, |&arc| Some(instance.arcs[arc as usize].to));
        let ending = end.and_then(|node| instance.ending(lot, node)).unwrap_or(0);
        let arcs: i64 = flow.arcs.iter().map(|&arc| instance.arcs[arc as usize].cost).sum();
        costs[lot.class] += flow.quantity * (ending + arcs - lot.rejection);
    }
    costs
}

/// One number over all classes.
pub(super) fn objective(instance: &Instance, costs: &[i64]) -> i64 {
    instance.classes.iter().zip(costs).map(|(class, cost)| class.multiplier * cost).sum()
}

/// A number over all classes, class by class; nothing of a plan worth looking at exceeds its class's share.
fn split(instance: &Instance, number: i64) -> Vec<i64> {
    // What carrying earns at most.
    let mut low = vec![0_i64; instance.classes.len()];
    for lot in &instance.lots {
        low[lot.class] += lot.quantity * lot.service.min(0);
    }
    let least: i64 = objective(instance, &low);
    let mut rest = (number - least).max(0);
    let mut parts = Vec::with_capacity(low.len());
    for (class, low) in instance.classes.iter().zip(low) {
        // invariant: all later classes together stay below one step of this one.
        let part = rest / class.multiplier / instance.step * instance.step;
        let is_last = parts.len() + 1 == instance.classes.len();
        let part = if is_last { rest / class.multiplier } else { part };
        rest -= part * class.multiplier;
        parts.push(low + part);
    }
    parts
}

/// The relative gap: that of the first class that is unproven.
pub(super) fn gap(instance: &Instance, objective: i64, lower_bound: i64) -> f64 {
    let parts = split(instance, objective).into_iter().zip(split(instance, lower_bound));
    let open = parts.into_iter().find(|(cost, bound)| cost > bound);
    open.map_or(0.0, |(cost, bound)| (cost - bound) as f64 / cost.abs().max(1) as f64)
}

/// What is proven of each class.
pub(super) fn levels(instance: &Instance, costs: &[i64], lower_bound: i64) -> Vec<Level> {
    let mut is_settled = true;
    let mut levels = Vec::with_capacity(costs.len());
    for ((class, &cost), bound) in instance.classes.iter().zip(costs).zip(split(instance, lower_bound)) {
        let lower_bound = if is_settled { bound.min(cost) } else { 0.min(cost) };
        is_settled &= cost <= bound;
        levels.push(Level { class: class.class, multiplier: class.multiplier, objective: cost, lower_bound });
    }
    levels
}

/// No prices: the bound by which everything goes its cheapest way.
pub(super) fn free(instance: &Instance) -> Certificate {
    Certificate { scale: certificate::scale(instance), prices: Vec::new() }
}
