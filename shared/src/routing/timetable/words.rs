//! Says a way over the network in the words of the timetable.

use super::super::instance::Instance;
use super::super::plan::{By, Leg};
use super::{Step, Timetable};

/// A way in words.
pub(in super::super) struct Told {
    pub(in super::super) legs: Vec<Leg>,
    /// Times that a container goes from one vessel or transfer to another.
    pub(in super::super) transshipments: i64,
}

/// The rides and transfers of a way, given as positions of arcs.
#[allow(clippy::too_many_lines)] // one arm for each kind of step
pub(in super::super) fn tell(instance: &Instance, timetable: &Timetable, arcs: &[u32]) -> Told {
    let schedule = &timetable.schedule;
    let time = |node: u32| instance.nodes[node as usize].time_s.unwrap_or(0);
    let port = |sailing: u32, call: u32| {
        let call = &schedule.sailings[sailing as usize].calls[call as usize];
        schedule.ports[call.port].id.clone()
    };
    let after = |sailing: u32, call: u32| match &schedule.sailings[sailing as usize] {
        of if (call as usize) + 1 < of.calls.len() => port(sailing, call + 1),
        of => of.continues.map_or_else(String::new, |next| port(next as u32, 0)),
    };
    let mut legs: Vec<Leg> = Vec::new();
    let mut boardings = 0;
    // When what is being loaded stood ready.
    let mut loaded = None;
    for &arc in arcs {
        let of = &instance.arcs[arc as usize];
        match timetable.steps[arc as usize] {
            Step::Wait | Step::Stay { .. } => {}
            Step::Load { .. } => {
                loaded = Some(schedule.time(time(of.from)));
                boardings += 1;
            }
            Step::Sail { sailing, call } => {
                let sailing_of = &schedule.sailings[sailing as usize];
                let next = after(sailing, call);
                let arrives = Some(schedule.time(time(of.to)));
                match legs.last_mut() {
                    // The same ride goes on.
                    Some(last)
                        if loaded.is_none()
                            && last.discharged.is_none()
                            && last.by == Some(By::Sailing)
                            && last.id.as_deref() == Some(&sailing_of.id) =>
                    {
                        last.to = next;
                        last.arrives = arrives;
                    }
                    _ => legs.push(Leg {
                        by: Some(By::Sailing),
                        id: Some(sailing_of.id.clone()),
                        from: port(sailing, call),
                        to: next,
                        loaded: loaded.take(),
                        departs: Some(schedule.time(time(of.from))),
                        arrives,
                        ..Leg::default()
                    }),
                }
            }
            Step::Discharge { sailing, call } => {
                // What was on board when the horizon began and goes no further has no leg yet.
                if legs.is_empty() {
                    legs.push(Leg {
                        by: Some(By::Sailing),
                        id: Some(schedule.sailings[sailing as usize].id.clone()),
                        from: port(sailing, call),
                        to: port(sailing, call),
                        arrives: Some(schedule.time(time(of.from))),
                        ..Leg::default()
                    });
                }
                if let Some(last) = legs.last_mut() {
                    last.discharged = Some(schedule.time(time(of.to)));
                }
            }
            Step::Transfer { transfer } => {
                let transfer = &schedule.transfers[transfer as usize];
                boardings += 1;
                legs.push(Leg {
                    by: Some(By::of(transfer.mode)),
                    id: Some(transfer.id.clone()),
                    from: schedule.ports[transfer.from].id.clone(),
                    to: schedule.ports[transfer.to].id.clone(),
                    departs: Some(schedule.time(time(of.from))),
                    arrives: Some(schedule.time(time(of.to))),
                    ..Leg::default()
                });
            }
        }
    }
    let is_aboard = arcs.first().is_some_and(|&arc| {
        matches!(timetable.steps[arc as usize], Step::Stay { .. } | Step::Sail { .. } | Step::Discharge { .. })
    });
    Told { legs, transshipments: (boardings - i64::from(!is_aboard)).max(0) }
}
