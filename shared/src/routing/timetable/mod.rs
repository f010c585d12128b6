//! Timetables: ports, services, sailings and transfers, expanded to the network that the solver sees, and its ways said in their words again.
//!
//! # The network
//!
//! Time is continuous; a port has a node at every moment at which something can happen there. A sailing has two nodes for each call: what is on board
//! when it arrives, and what is on board when it leaves.
//!
//! ```text
//!   port     o---------->o---------->o---------->o      waiting: yard and plugs at the end of each shift
//!                \       ^ dwell     |   load: a move of the shift in which it happens
//!       load      \      |           v
//!   sailing  arrived ---------> leaving ======> arrived   a leg: slots in TEU, plugs
//!                      stays               \
//!                                      discharge: a move of the shift, then dwell
//! ```
//!
//! - A call can load and discharge in every **shift** that the vessel's stay touches, up to what the port handles in that shift (and the call itself, where it has
//!   a limit). What is loaded in a shift must stand in the port when the shift begins, or when the vessel arrives if that is later. What is
//!   discharged in a shift is there when the shift ends, or when the vessel leaves if that is earlier, and `dwell_s` later it can go on.
//! - **Yards** are counted at the end of each shift: what stands there then takes its TEU, a reefer a plug, and costs what a shift costs.
//! - A **transfer** leaves at its times, with room for so many TEU on each day.
//! - Containers of another length, or with another need of plugs, take other amounts of the same resources. The network has therefore a layer for each **kind**
//!   of container that the lots name, and all layers share the resources.
//!
//! Handling by shifts is how terminals plan; the model is the time-space network of liner shipping (Brouer, Desaulniers, Pisinger 2014,
//! doi:10.1016/j.tre.2014.09.012) with the terminals' limits as resources.

mod expand;
mod pins;
mod read;
mod schedule;
mod voyages;
mod words;

#[cfg(test)]
pub(super) mod tests;

pub(super) use expand::{Expansion, Kind, expand};
pub(super) use pins::Pins;
pub(super) use read::schedule;
pub(super) use schedule::Schedule;
pub(super) use voyages::written_out;
pub(super) use words::tell;

/// What an arc is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Standing in a port.
    Wait,
    /// From the yard onto a vessel, for a call of a sailing.
    Load { sailing: u32, call: u32 },
    /// Staying on board while others are handled.
    Stay { sailing: u32, call: u32 },
    /// The leg of a sailing that begins at a call.
    Sail { sailing: u32, call: u32 },
    /// From the vessel into the yard.
    Discharge { sailing: u32, call: u32 },
    /// A transfer.
    Transfer { transfer: u32 },
}

/// What a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// TEU on a leg.
    Slots { sailing: u32, call: u32 },
    /// Plugs on a leg.
    Plugs { sailing: u32, call: u32 },
    /// Moves of a call.
    Call { sailing: u32, call: u32 },
    /// Moves of a port in a shift.
    Moves { port: u32, shift: u32 },
    /// TEU in a yard at the end of a shift.
    Yard { port: u32, shift: u32 },
    /// Plugs in a yard at the end of a shift.
    YardPlugs { port: u32, shift: u32 },
    /// TEU of a transfer on a day.
    Transfer { transfer: u32, day: u32 },
}

/// What an instance's nodes, arcs and resources are in a planner's words.
#[derive(Clone, Debug)]
pub struct Timetable {
    pub(super) schedule: Schedule,
    /// `[arc]`
    pub(super) steps: Vec<Step>,
    /// `[resource]`
    pub(super) rooms: Vec<Room>,
}

impl Timetable {
    /// The span in which a resource is used.
    pub(super) fn span(&self, room: Room) -> (i64, i64) {
        let schedule = &self.schedule;
        match room {
            Room::Slots { sailing, call } | Room::Plugs { sailing, call } => {
                let of = &schedule.sailings[sailing as usize];
                let from = &of.calls[call as usize];
                let to = of.calls.get(call as usize + 1);
                let to = to.or_else(|| schedule.sailings[of.continues?].calls.first());
                (from.depart, to.map_or(from.depart, |to| to.arrive))
            }
            Room::Call { sailing, call } => {
                let of = &schedule.sailings[sailing as usize].calls[call as usize];
                (of.arrive, of.depart)
            }
            Room::Moves { port, shift } => {
                let long = schedule.ports[port as usize].shift_s;
                (i64::from(shift) * long, (i64::from(shift) + 1) * long)
            }
            Room::Yard { port, shift } | Room::YardPlugs { port, shift } => {
                let end = (i64::from(shift) + 1) * schedule.ports[port as usize].shift_s;
                (end, end)
            }
            Room::Transfer { day, .. } => (i64::from(day) * DAY_S, (i64::from(day) + 1) * DAY_S),
        }
    }
}

const DAY_S: i64 = 86_400;
