//! What differs between two plans.

use std::collections::BTreeMap;

use super::super::Plan;
use super::super::plan::{Kpis, Route, Routed};
use super::LotChange;

/// `now - before`, figure by figure.
pub(super) fn difference(before: &Kpis, now: &Kpis) -> Kpis {
    Kpis {
        containers: now.containers - before.containers,
        carried: now.carried - before.carried,
        late: now.late - before.late,
        rejected: now.rejected - before.rejected,
        on_time_share: now.on_time_share - before.on_time_share,
        container_hours: now.container_hours - before.container_hours,
        teu_hours: now.teu_hours.zip(before.teu_hours).map(|(now, before)| now - before),
        transshipments: now.transshipments.zip(before.transshipments).map(|(now, before)| now - before),
        lots_in_full: now.lots_in_full - before.lots_in_full,
        lots_rejected: now.lots_rejected - before.lots_rejected,
        full_resources: now.full_resources - before.full_resources,
        carrying_cents: now.carrying_cents - before.carrying_cents,
        rejection_cents: now.rejection_cents - before.rejection_cents,
    }
}

/// Lots that fare otherwise: those of the scenario in its order, then those that are gone.
pub(super) fn lots(before: &Plan, now: &Plan) -> Vec<LotChange> {
    let mut known: BTreeMap<&str, &Routed> = before.lots.iter().map(|lot| (lot.lot.as_str(), lot)).collect();
    let mut changed: Vec<LotChange> = Vec::new();
    for lot in &now.lots {
        changed.extend(one(&lot.lot, known.remove(lot.lot.as_str()), Some(lot)));
    }
    for lot in before.lots.iter().filter(|lot| known.contains_key(lot.lot.as_str())) {
        changed.extend(one(&lot.lot, Some(lot), None));
    }
    changed
}

fn one(name: &str, before: Option<&Routed>, now: Option<&Routed>) -> Option<LotChange> {
    let routes = |of: Option<&Routed>| {
        let mut ways: BTreeMap<Vec<String>, i64> = BTreeMap::new();
        for route in of.into_iter().flat_map(|of| &of.routes) {
            *ways.entry(words(route)).or_default() += route.quantity;
        }
        ways
    };
    let (was, is) = (routes(before), routes(now));
    let moved = was.iter().map(|(way, count)| (count - is.get(way).copied().unwrap_or(0)).max(0)).sum();
    let change = LotChange {
        lot: name.to_owned(),
        carried_before: was.values().sum(),
        carried: is.values().sum(),
        rejected_before: before.map_or(0, |lot| lot.rejected),
        rejected: now.map_or(0, |lot| lot.rejected),
        moved,
    };
    let is_same = change.moved == 0
        && (change.carried_before, change.rejected_before) == (change.carried, change.rejected)
        && before.is_some() == now.is_some();
    (!is_same).then_some(change)
}

/// A way as people know it: what it travels by, from where to where. Another shift is no other way.
fn words(route: &Route) -> Vec<String> {
    let leg =
        |leg: &super::super::plan::Leg| format!("{}|{}|{}", leg.id.as_deref().unwrap_or_default(), leg.from, leg.to);
    route.legs.iter().map(leg).collect()
}
