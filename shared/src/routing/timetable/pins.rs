//! Where a lot's way begins: in a port, on board, or at the end of rides that are settled.

use super::super::wire::{PinWire, RideWire};
use super::expand::{Expansion, NONE};
use super::schedule::Schedule;
use crate::issue::Issues;

/// Makes arcs of rides. Keeps count of what earlier lots took, so that rides are spread over the shifts that have room.
pub(in super::super) struct Pins<'a> {
    schedule: &'a Schedule,
    expansion: &'a Expansion,
    /// `[resource]`
    taken: Vec<i64>,
}

/// Where a container is.
#[derive(Clone, Copy)]
enum Place {
    /// In a port, at this node.
    Port(u32),
    /// On board of a sailing that arrived at a call.
    Aboard(usize, usize),
}

impl<'a> Pins<'a> {
    pub(in super::super) fn new(schedule: &'a Schedule, expansion: &'a Expansion) -> Self {
        Self { schedule, expansion, taken: vec![0; expansion.resources.len()] }
    }

    /// The node where what is on board of a sailing begins its way.
    pub(in super::super) fn aboard(&self, kind: usize, sailing: &str, path: &str, issues: &mut Issues) -> Option<u32> {
        let at = self.sailing(sailing, &format!("{path}/aboard"), issues)?;
        if self.schedule.sailings[at].calls.is_empty() {
            let cause = format!("{sailing:?} calls nowhere within the horizon");
            issues.note("sailing_outside_horizon", format!("{path}/aboard"), cause, "name another, or drop the lot");
            return None;
        }
        Some(self.expansion.calls[kind][self.expansion.first_call[at]].arrived)
    }

    /// The arcs of settled rides and the node that they end at.
    pub(in super::super) fn follow(
        &mut self,
        kind: usize,
        source: u32,
        pins: &[PinWire],
        quantity: i64,
        path: &str,
        issues: &mut Issues,
    ) -> (Vec<u32>, Option<u32>) {
        let mut arcs = Vec::new();
        let mut at = self.place(kind, source);
        for (nth, pin) in pins.iter().enumerate() {
            let path = format!("{path}/pinned/{nth}");
            let PinWire::Ride(ride) = pin else {
                let cause = "with a timetable a lot is pinned to rides on sailings";
                issues.note("unknown_arc", path, cause, r#"write {"sailing": …, "from": …, "to": …}"#);
                return (arcs, None);
            };
            match self.ride(kind, at, ride, quantity, &path, &mut arcs, issues) {
                Some(next) => at = next,
                None => return (arcs, None),
            }
        }
        for &arc in &arcs {
            for &(resource, units) in &self.expansion.arcs[arc as usize].uses {
                self.taken[resource as usize] += i64::from(units) * quantity;
            }
        }
        let end = match at {
            Place::Port(node) => node,
            Place::Aboard(sailing, call) => {
                self.expansion.calls[kind][self.expansion.first_call[sailing] + call].arrived
            }
        };
        (arcs, Some(end))
    }

    fn place(&self, kind: usize, node: u32) -> Place {
        if self.expansion.nodes[node as usize].port.is_some() {
            return Place::Port(node);
        }
        let flat = self.expansion.calls[kind].partition_point(|call| call.arrived < node);
        let sailing = self.expansion.first_call.partition_point(|&first| first <= flat) - 1;
        Place::Aboard(sailing, flat - self.expansion.first_call[sailing])
    }

    fn sailing(&self, name: &str, path: &str, issues: &mut Issues) -> Option<usize> {
        let found = self.schedule.sailings.iter().position(|sailing| sailing.id == name);
        if found.is_none() {
            let cause = format!("there is no sailing {name:?} within the horizon");
            issues.note("unknown_sailing", path, cause, "name a sailing, or a voyage of a service with its day");
        }
        found
    }

    /// Goes along a ride. Returns where it ends: on board at the port where it is to be discharged, which the next ride or the solver does.
    #[allow(clippy::too_many_arguments)] // what is known of the lot, and where its arcs and issues go
    fn ride(
        &self,
        kind: usize,
        at: Place,
        ride: &RideWire,
        quantity: i64,
        path: &str,
        arcs: &mut Vec<u32>,
        issues: &mut Issues,
    ) -> Option<Place> {
        let sailing = self.sailing(&ride.sailing, &format!("{path}/sailing"), issues)?;
        let (mut sailing, mut call) = match at {
            Place::Aboard(on, call) if on == sailing => (on, call),
            Place::Aboard(on, call) => {
                let off = &self.expansion.calls[kind][self.expansion.first_call[on] + call].discharges;
                let Some(arc) = self.with_room(off.iter().copied(), quantity) else {
                    let cause = "the containers cannot be discharged within the horizon";
                    issues.note("pinned_gap", path, cause, "list rides in order, each from where the last one ended");
                    return None;
                };
                arcs.push(arc);
                self.board(kind, self.expansion.arcs[arc as usize].to, sailing, ride, quantity, path, arcs, issues)?
            }
            Place::Port(node) => self.board(kind, node, sailing, ride, quantity, path, arcs, issues)?,
        };
        // invariant: not yet over the stay at `call` unless the ride was boarded there, in which case the last arc is its load.
        let mut is_boarded = !matches!(at, Place::Aboard(on, _) if on == sailing);
        loop {
            let of = &self.expansion.calls[kind][self.expansion.first_call[sailing] + call];
            if !is_boarded {
                arcs.push(of.stay);
            }
            is_boarded = false;
            if of.sail == NONE {
                let cause = format!("{:?} does not go on to {} within the horizon", ride.sailing, ride.to);
                issues.note("sailing_does_not_call", format!("{path}/to"), cause, "name a later port of the sailing");
                return None;
            }
            arcs.push(of.sail);
            let Place::Aboard(on, next) = self.place(kind, self.expansion.arcs[of.sail as usize].to) else {
                return None;
            };
            (sailing, call) = (on, next);
            let port = self.schedule.sailings[sailing].calls[call].port;
            if self.schedule.ports[port].id == ride.to {
                return Some(Place::Aboard(sailing, call));
            }
        }
    }

    /// Waits for a sailing and is loaded. Returns the call at which it is.
    #[allow(clippy::too_many_arguments)] // as for a ride
    fn board(
        &self,
        kind: usize,
        mut node: u32,
        sailing: usize,
        ride: &RideWire,
        quantity: i64,
        path: &str,
        arcs: &mut Vec<u32>,
        issues: &mut Issues,
    ) -> Option<(usize, usize)> {
        let expansion = self.expansion;
        let time = |node: u32| expansion.nodes[node as usize].time_s.unwrap_or(0);
        let calls = &self.schedule.sailings[sailing].calls;
        let boards = (0..calls.len()).find_map(|call| {
            if self.schedule.ports[calls[call].port].id != ride.from {
                return None;
            }
            let loads = &expansion.calls[kind][expansion.first_call[sailing] + call].loads;
            let from = |arc: u32| expansion.arcs[arc as usize].from;
            let is_same = |arc: u32| expansion.nodes[from(arc) as usize].port == expansion.nodes[node as usize].port;
            let open = loads.iter().copied().filter(|&arc| is_same(arc) && time(from(arc)) >= time(node));
            Some((call, self.with_room(open, quantity)?))
        });
        let Some((call, load)) = boards else {
            let cause = format!("{:?} does not load at {} when the containers are there", ride.sailing, ride.from);
            issues.note("pinned_gap", path, cause, "list rides in order, from the lot's origin on");
            return None;
        };
        while node != expansion.arcs[load as usize].from {
            let wait = expansion.waits[node as usize];
            arcs.push(wait);
            node = expansion.arcs[wait as usize].to;
        }
        arcs.push(load);
        Some((sailing, call))
    }

    /// The first of the arcs that has room for so many containers, or the first at all.
    fn with_room(&self, mut arcs: impl Iterator<Item = u32> + Clone, quantity: i64) -> Option<u32> {
        let has_room = |&arc: &u32| {
            self.expansion.arcs[arc as usize].uses.iter().all(|&(resource, units)| {
                let left = self.expansion.resources[resource as usize].capacity - self.taken[resource as usize];
                i64::from(units) * quantity <= left
            })
        };
        let first = arcs.clone().next();
        arcs.find(has_room).or(first)
    }
}
