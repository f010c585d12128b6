//! Makes changes to a request.

use super::super::network::Network;
use super::super::wire::{ChangeWire, LotWire, ResourceWire, SailingWire, Wire};
use super::super::{Instance, timetable};
use super::{Change, Scenario};
use crate::issue::{Issue, Issues};
use crate::limits::{self, MAX_QUANTITY, MAX_TIME_S};
use crate::time::Time;

/// What is closed on a network uses this, of which there is nothing.
const CLOSED: &str = "closed (what-if)";

/// The instance of a scenario. Capacities alone are changed in place, which is most of what is asked and need not read the request again.
pub(super) fn apply(wire: &Wire, before: &Instance, scenario: &Scenario, path: &str) -> Result<Instance, Vec<Issue>> {
    let mut issues = Issues::new();
    if scenario.changes.len() > limits::MAX_CHANGES {
        let cause = format!("{} changes; the limit is {}", scenario.changes.len(), limits::MAX_CHANGES);
        issues.note("too_large", format!("{path}/changes"), cause, "make several scenarios");
        return Err(issues.into_vec());
    }
    let is_plain = scenario.changes.iter().all(|change| matches!(change, Change::Capacity { .. }));
    let mut instance = if is_plain { before.clone() } else { rewritten(wire, before, scenario, path, &mut issues)? };
    let mut is_changed = false;
    for (at, change) in scenario.changes.iter().enumerate() {
        let Change::Capacity { resource, capacity } = change else { continue };
        let path = format!("{path}/changes/{at}");
        let capacity = issues.whole(&format!("{path}/capacity"), *capacity, 0, 1_000 * MAX_QUANTITY);
        if let Some(of) = instance.resources.iter_mut().find(|of| of.id == *resource) {
            of.capacity = capacity;
        } else {
            let cause = format!("there is no resource {resource:?}");
            let action = "name a resource as the plan does, in most_valuable or utilisation";
            issues.note("unknown_resource", format!("{path}/resource"), cause, action);
        }
        is_changed = true;
    }
    if !issues.is_empty() {
        return Err(issues.into_vec());
    }
    if is_changed {
        super::super::validate::pinned_fit(&instance, &mut issues);
        if issues.is_empty() {
            instance.network = Network::new(&instance);
        }
    }
    let below = |mut issue: Issue| {
        path.clone_into(&mut issue.path);
        issue
    };
    issues.into_result(instance).map_err(|issues| issues.into_iter().map(below).collect())
}

/// The request with all changes but those of capacities, read anew.
fn rewritten(
    wire: &Wire,
    before: &Instance,
    scenario: &Scenario,
    path: &str,
    issues: &mut Issues,
) -> Result<Instance, Vec<Issue>> {
    let mut wire = wire.clone();
    if let Some(of) = &before.timetable {
        // Voyages become sailings of the same names, each of which can be changed by itself.
        wire.sailings = timetable::written_out(&wire, of);
        wire.horizon_s = Some(of.schedule.horizon_s);
        wire.services.clear();
    }
    for (at, change) in scenario.changes.iter().enumerate() {
        one(&mut wire, before, change, &format!("{path}/changes/{at}"), issues);
    }
    if issues.count() > 0 {
        return Err(std::mem::take(issues).into_vec());
    }
    Instance::try_from(&wire).map_err(|found| {
        // The paths of a request that the caller never sees say little; what is wrong does.
        let told = |issue: Issue| {
            let place = if issue.path.is_empty() { String::new() } else { format!("{}: ", issue.path) };
            Issue { cause: format!("{place}{}", issue.cause), path: path.to_owned(), ..issue }
        };
        found.into_iter().map(told).collect()
    })
}

fn one(wire: &mut Wire, before: &Instance, change: &Change, path: &str, issues: &mut Issues) {
    match change {
        Change::Capacity { .. } => {}
        Change::Slots { sailing, slots_teu } => {
            let slots = issues.whole(&format!("{path}/slots_teu"), *slots_teu, 0, MAX_QUANTITY);
            if let Some(at) = find_sailing(wire, sailing, path, issues) {
                wire.sailings[at].slots_teu = slots;
            }
        }
        Change::Delay { sailing, delay_s, from } => {
            let delay = issues.whole(&format!("{path}/delay_s"), *delay_s, -MAX_TIME_S, MAX_TIME_S);
            let Some(at) = find_sailing(wire, sailing, path, issues) else { return };
            let calls = &mut wire.sailings[at].calls;
            let first = match from {
                None => Some(0),
                Some(port) => calls.iter().position(|call| call.port == *port),
            };
            let Some(first) = first else {
                let cause = format!("{sailing:?} does not call at {:?}", from.as_deref().unwrap_or_default());
                issues.note("sailing_does_not_call", format!("{path}/from"), cause, "name one of its ports");
                return;
            };
            for call in &mut calls[first..] {
                for time in [&mut call.arrive, &mut call.depart] {
                    if let Ok(seconds) = time.from_origin(before.start) {
                        *time = Time::Offset(seconds.saturating_add(delay));
                    }
                }
            }
        }
        Change::Cancel { sailing } => {
            if let Some(at) = find_sailing(wire, sailing, path, issues) {
                let gone = wire.sailings.remove(at);
                for other in wire.sailings.iter_mut().filter(|other| other.continues.as_ref() == Some(&gone.id)) {
                    other.continues = None;
                }
            }
        }
        Change::ClosePort { port, from, to } => {
            let Some(of) = wire.ports.iter_mut().find(|of| of.id == *port) else {
                let cause = format!("there is no port {port:?} in the request");
                issues.note("unknown_port", format!("{path}/port"), cause, "name a port of /ports");
                return;
            };
            of.changes.push(ChangeWire { from: *from, to: *to, moves_per_shift: 0, reason: None });
        }
        Change::CloseArc { arc } => {
            let Some(of) = wire.arcs.iter_mut().find(|of| of.id.as_ref() == Some(arc)) else {
                let cause = format!("there is no arc {arc:?} in the request");
                issues.note("unknown_arc", format!("{path}/arc"), cause, "name an arc that has this id");
                return;
            };
            of.uses.push(CLOSED.to_owned());
            if !wire.resources.iter().any(|resource| resource.id == CLOSED) {
                wire.resources.push(ResourceWire { id: CLOSED.to_owned(), capacity: 0 });
            }
        }
        Change::AddLot { lot } => wire.lots.push(LotWire::clone(lot)),
        Change::ChangeLot { lot } => {
            if let Some(at) = find_lot(wire, &lot.id, &format!("{path}/lot/id"), issues) {
                wire.lots[at] = LotWire::clone(lot);
            }
        }
        Change::RemoveLot { lot } => {
            if let Some(at) = find_lot(wire, lot, &format!("{path}/lot"), issues) {
                wire.lots.remove(at);
            }
        }
    }
}

fn find_sailing(wire: &Wire, name: &str, path: &str, issues: &mut Issues) -> Option<usize> {
    let found = wire.sailings.iter().position(|sailing: &SailingWire| sailing.id == name);
    if found.is_none() {
        let cause = format!("there is no sailing {name:?} in the request");
        let action = "name a sailing, or a voyage of a service with its day";
        issues.note("unknown_sailing", format!("{path}/sailing"), cause, action);
    }
    found
}

fn find_lot(wire: &Wire, name: &str, path: &str, issues: &mut Issues) -> Option<usize> {
    let found = wire.lots.iter().position(|lot| lot.id == name);
    if found.is_none() {
        issues.note("unknown_lot", path, format!("there is no lot {name:?} in the request"), "name a lot");
    }
    found
}
