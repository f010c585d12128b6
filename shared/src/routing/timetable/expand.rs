//! Makes the network of a timetable.

use std::collections::{BTreeMap, BTreeSet};

use super::super::instance::{self, Arc, Node, Resource};
use super::schedule::{Call, Schedule};
use super::{DAY_S, Room, Step};
use crate::limits;

/// What a container takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Kind {
    pub(in super::super) teu: u32,
    pub(in super::super) reefer: bool,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let length = if self.teu > 1 { ", two TEU" } else { "" };
        write!(f, "{length}{}", if self.reefer { ", reefer" } else { "" })
    }
}

/// No arc.
pub(super) const NONE: u32 = u32::MAX;

/// The network of a timetable, with what its parts are.
#[derive(Debug, Default)]
pub(in super::super) struct Expansion {
    pub(in super::super) nodes: Vec<Node>,
    /// `[kind][port]`, one list: each kind has its own nodes of a port.
    pub(in super::super) ports: Vec<instance::Port>,
    pub(in super::super) resources: Vec<Resource>,
    pub(in super::super) arcs: Vec<Arc>,
    pub(in super::super) steps: Vec<Step>,
    pub(in super::super) rooms: Vec<Room>,
    /// The kinds, in order; each has a layer of its own.
    pub(in super::super) kinds: Vec<Kind>,
    /// `[sailing]`: where its calls begin in each layer's `calls`.
    pub(super) first_call: Vec<usize>,
    /// `[kind][call]`
    pub(super) calls: Vec<Vec<CallArcs>>,
    /// `[node]`: the arc by which a container waits for the port's next moment; [`NONE`] where there is none.
    pub(super) waits: Vec<u32>,
}

/// What can be done at a call of a sailing.
#[derive(Clone, Debug)]
pub(super) struct CallArcs {
    /// On board, arrived; the node of leaving follows it.
    pub(super) arrived: u32,
    pub(super) stay: u32,
    pub(super) sail: u32,
    /// By shift.
    pub(super) loads: Vec<u32>,
    pub(super) discharges: Vec<u32>,
}

/// The network for these kinds of containers, or what there is too much of.
/// `releases`: when something comes into a port.
pub(in super::super) fn expand(
    schedule: &Schedule,
    kinds: &BTreeSet<Kind>,
    releases: &BTreeSet<(usize, i64)>,
) -> Result<Expansion, String> {
    let mut builder = Builder {
        schedule,
        moments: moments(schedule, releases)?,
        out: Expansion::default(),
        known: BTreeMap::new(),
        arrived: Vec::new(),
        at_port: Vec::new(),
    };
    let mut calls = 0;
    for sailing in &schedule.sailings {
        builder.out.first_call.push(calls);
        calls += sailing.calls.len();
    }
    let nodes = kinds.len().max(1) * (2 * calls + builder.moments.iter().map(BTreeSet::len).sum::<usize>());
    if nodes > limits::MAX_NODES {
        return Err(format!("the timetable makes {nodes} nodes; the limit is {}", limits::MAX_NODES));
    }
    for &kind in kinds {
        builder.layer(kind)?;
    }
    let mut out = builder.out;
    out.kinds = kinds.iter().copied().collect();
    if out.resources.len() > limits::MAX_RESOURCES {
        let count = out.resources.len();
        return Err(format!("the timetable makes {count} resources; the limit is {}", limits::MAX_RESOURCES));
    }
    Ok(out)
}

/// `[port]`: when something can happen there.
fn moments(schedule: &Schedule, releases: &BTreeSet<(usize, i64)>) -> Result<Vec<BTreeSet<i64>>, String> {
    let horizon = schedule.horizon_s;
    let mut total = 0_i64;
    let mut moments: Vec<BTreeSet<i64>> = Vec::with_capacity(schedule.ports.len());
    for port in &schedule.ports {
        total += horizon / port.shift_s + 1;
        if total > limits::MAX_NODES as i64 {
            return Err(format!("the ports have more than {} shifts", limits::MAX_NODES));
        }
        moments.push((0..=horizon / port.shift_s).map(|shift| shift * port.shift_s).collect());
    }
    for call in schedule.sailings.iter().flat_map(|sailing| &sailing.calls) {
        let port = &schedule.ports[call.port];
        let times = handled(schedule, call).flat_map(|(_, load, discharged)| [load, discharged + port.dwell_s]);
        moments[call.port].extend(times.filter(|&time| time <= horizon));
    }
    for &(port, release) in releases.iter().filter(|(_, release)| (0..=horizon).contains(release)) {
        moments[port].insert(release);
    }
    for transfer in &schedule.transfers {
        total += horizon / transfer.every_s + 1;
        if total > 2 * limits::MAX_NODES as i64 {
            return Err(format!("there are more than {} departures of transfers and shifts", 2 * limits::MAX_NODES));
        }
        for departs in departures(schedule, transfer) {
            moments[transfer.from].insert(departs);
            moments[transfer.to].insert(departs + transfer.duration_s);
        }
    }
    Ok(moments)
}

/// The shifts of a call: which, from when on containers are loaded in it, and when those that are discharged in it are off.
fn handled<'a>(schedule: &'a Schedule, call: &'a Call) -> impl Iterator<Item = (i64, i64, i64)> + 'a {
    let port = &schedule.ports[call.port];
    let span = move |shift: i64| {
        let begins = (shift * port.shift_s).max(call.arrive);
        let ends = ((shift + 1) * port.shift_s).min(call.depart);
        (shift, begins, ends)
    };
    port.shifts(call.arrive, call.depart).map(span).take_while(|&(_, begins, _)| begins <= schedule.horizon_s)
}

/// When a transfer leaves so that it arrives within the horizon.
fn departures<'a>(schedule: &'a Schedule, transfer: &'a super::schedule::Transfer) -> impl Iterator<Item = i64> + 'a {
    let every = transfer.every_s;
    (0..).map(move |nth| transfer.first + nth * every).take_while(|&at| at + transfer.duration_s <= schedule.horizon_s)
}

struct Builder<'a> {
    schedule: &'a Schedule,
    moments: Vec<BTreeSet<i64>>,
    out: Expansion,
    known: BTreeMap<(u8, u32, u32), u32>,
    /// `[call]` of the layer at work.
    arrived: Vec<u32>,
    /// `[port]` of the layer at work: its nodes by moment.
    at_port: Vec<BTreeMap<i64, u32>>,
}

impl Builder<'_> {
    fn layer(&mut self, kind: Kind) -> Result<(), String> {
        self.nodes(kind);
        self.waits(kind);
        let mut calls = Vec::with_capacity(self.arrived.len());
        for sailing in 0..self.schedule.sailings.len() {
            for call in 0..self.schedule.sailings[sailing].calls.len() {
                calls.push(self.call(kind, sailing, call));
                if self.out.arcs.len() > limits::MAX_ARCS {
                    return Err(format!("the timetable makes more than {} arcs", limits::MAX_ARCS));
                }
            }
        }
        self.out.calls.push(calls);
        for transfer in 0..self.schedule.transfers.len() {
            self.transfer(kind, transfer);
            if self.out.arcs.len() > limits::MAX_ARCS {
                return Err(format!("the timetable makes more than {} arcs", limits::MAX_ARCS));
            }
        }
        Ok(())
    }

    /// Names are the same for the same timetable, and one of a kind: an earlier plan finds its way by them.
    fn nodes(&mut self, kind: Kind) {
        let layer = self.out.ports.len();
        self.at_port.clear();
        for (port, moments) in self.schedule.ports.iter().zip(&self.moments) {
            let first = self.out.nodes.len() as u32;
            let at = self.out.ports.len() as u32;
            self.out.nodes.extend(moments.iter().map(|&time| Node {
                id: format!("{} {}{kind}", port.id, self.schedule.words(time)),
                port: Some(at),
                time_s: Some(time),
            }));
            let nodes: Vec<u32> = (first..self.out.nodes.len() as u32).collect();
            self.at_port.push(moments.iter().copied().zip(nodes.iter().copied()).collect());
            self.out.ports.push(instance::Port { id: port.id.clone(), nodes });
        }
        debug_assert!(self.out.ports.len() - layer == self.schedule.ports.len());
        self.arrived.clear();
        for sailing in &self.schedule.sailings {
            for (nth, call) in sailing.calls.iter().enumerate() {
                self.arrived.push(self.out.nodes.len() as u32);
                let port = &self.schedule.ports[call.port].id;
                for (what, time) in [("arrived", call.arrive), ("leaving", call.depart)] {
                    let id = format!("{} {what} {port} {}{kind}", sailing.id, nth + 1);
                    self.out.nodes.push(Node { id, port: None, time_s: Some(time) });
                }
            }
        }
        self.out.waits.resize(self.out.nodes.len(), NONE);
    }

    fn waits(&mut self, kind: Kind) {
        for port in 0..self.schedule.ports.len() {
            let of = &self.schedule.ports[port];
            let nodes: Vec<(i64, u32)> = self.at_port[port].iter().map(|(&time, &node)| (time, node)).collect();
            for pair in nodes.windows(2) {
                let [(_, from), (until, to)] = [pair[0], pair[1]];
                let mut uses = Vec::new();
                let mut cost = 0;
                // What lasts to the end of a shift is counted there; every end of a shift is a moment.
                if until % of.shift_s == 0 {
                    let (port, shift) = (port as u32, (until / of.shift_s - 1) as u32);
                    cost = of.storage_cents;
                    if let Some(teu) = of.yard_teu {
                        let id = || format!("yard {} {}", of.id, self.schedule.words(until));
                        uses.push((
                            room(&mut self.out, &mut self.known, Room::Yard { port, shift }, teu, id),
                            kind.teu,
                        ));
                    }
                    if let Some(plugs) = of.plugs.filter(|_| kind.reefer) {
                        let id = || format!("plugs {} {}", of.id, self.schedule.words(until));
                        let of_room = Room::YardPlugs { port, shift };
                        uses.push((room(&mut self.out, &mut self.known, of_room, plugs, id), 1));
                    }
                }
                self.out.waits[from as usize] = self.out.arcs.len() as u32;
                self.arc(from, to, cost, uses, Step::Wait);
            }
        }
    }

    fn call(&mut self, kind: Kind, sailing: usize, call: usize) -> CallArcs {
        let schedule = self.schedule;
        let of = &schedule.sailings[sailing];
        let at = &of.calls[call];
        let port = &schedule.ports[at.port];
        let flat = self.out.first_call[sailing] + call;
        let (arrived, leaving) = (self.arrived[flat], self.arrived[flat] + 1);
        let (sailing_of, call_of) = (sailing as u32, call as u32);
        let own = at.moves.map(|moves| {
            let id = || format!("call {} {}", of.id, port.id);
            room(&mut self.out, &mut self.known, Room::Call { sailing: sailing_of, call: call_of }, moves, id)
        });
        let stay = self.arc(arrived, leaving, 0, Vec::new(), Step::Stay { sailing: sailing_of, call: call_of });
        let (mut loads, mut discharges) = (Vec::new(), Vec::new());
        for (shift, begins, ends) in handled(schedule, at) {
            let mut uses: Vec<(u32, u32)> = own.iter().map(|&own| (own, 1)).collect();
            if let Some(moves) = port.moves_in(shift) {
                let id = || format!("moves {} {}", port.id, schedule.words(shift * port.shift_s));
                let of_room = Room::Moves { port: at.port as u32, shift: shift as u32 };
                uses.push((room(&mut self.out, &mut self.known, of_room, moves, id), 1));
            }
            if let Some(&from) = self.at_port[at.port].get(&begins) {
                let step = Step::Load { sailing: sailing_of, call: call_of };
                loads.push(self.arc(from, leaving, port.move_cents, uses.clone(), step));
            }
            if let Some(&to) = self.at_port[at.port].get(&(ends + port.dwell_s)) {
                let step = Step::Discharge { sailing: sailing_of, call: call_of };
                discharges.push(self.arc(arrived, to, port.move_cents, uses, step));
            }
        }
        let sail = self.leg(kind, sailing, call, leaving);
        CallArcs { arrived, stay, sail, loads, discharges }
    }

    /// The leg to the next call, or to the first one of the sailing as which the vessel goes on.
    fn leg(&mut self, kind: Kind, sailing: usize, call: usize, leaving: u32) -> u32 {
        let schedule = self.schedule;
        let of = &schedule.sailings[sailing];
        let next =
            if call + 1 < of.calls.len() { Some((sailing, call + 1)) } else { of.continues.map(|next| (next, 0)) };
        let Some((to, of_call)) = next else { return NONE };
        let Some(there) = schedule.sailings[to].calls.get(of_call) else { return NONE };
        let (from, to_port) = (&schedule.ports[of.calls[call].port].id, &schedule.ports[there.port].id);
        let (sailing_of, call_of) = (sailing as u32, call as u32);
        let id = || format!("slots {} {from} > {to_port}", of.id);
        let slots = Room::Slots { sailing: sailing_of, call: call_of };
        let mut uses = vec![(room(&mut self.out, &mut self.known, slots, of.slots_teu, id), kind.teu)];
        if kind.reefer {
            let id = || format!("plugs {} {from} > {to_port}", of.id);
            let plugs = Room::Plugs { sailing: sailing_of, call: call_of };
            uses.push((room(&mut self.out, &mut self.known, plugs, of.plugs, id), 1));
        }
        let to = self.arrived[self.out.first_call[to] + of_call];
        let cost = of.calls[call].leg_cents * i64::from(kind.teu);
        self.arc(leaving, to, cost, uses, Step::Sail { sailing: sailing_of, call: call_of })
    }

    fn transfer(&mut self, kind: Kind, transfer: usize) {
        let schedule = self.schedule;
        let of = &schedule.transfers[transfer];
        let departures: Vec<i64> = departures(schedule, of).collect();
        for departs in departures {
            let day = (departs / DAY_S) as u32;
            let mut uses = Vec::new();
            if let Some(teu) = of.teu_per_day {
                let from = &schedule.ports[of.from].id;
                let id = || format!("{} from {from} {}", of.id, schedule.words(i64::from(day) * DAY_S));
                let of_room = Room::Transfer { transfer: transfer as u32, day };
                uses.push((room(&mut self.out, &mut self.known, of_room, teu, id), kind.teu));
            }
            let (from, to) = (self.at_port[of.from][&departs], self.at_port[of.to][&(departs + of.duration_s)]);
            self.arc(from, to, of.cost, uses, Step::Transfer { transfer: transfer as u32 });
        }
    }

    fn arc(&mut self, from: u32, to: u32, cost: i64, mut uses: Vec<(u32, u32)>, step: Step) -> u32 {
        let time = |node: u32| self.out.nodes[node as usize].time_s.unwrap_or(0);
        let transit_s = time(to) - time(from);
        uses.sort_unstable();
        self.out.arcs.push(Arc { id: None, from, to, cost, transit_s, uses });
        self.out.steps.push(step);
        self.out.arcs.len() as u32 - 1
    }
}

/// The resource of this room, made where it is first used.
fn room(
    out: &mut Expansion,
    known: &mut BTreeMap<(u8, u32, u32), u32>,
    room: Room,
    capacity: i64,
    id: impl Fn() -> String,
) -> u32 {
    let key = match room {
        Room::Slots { sailing, call } => (0, sailing, call),
        Room::Plugs { sailing, call } => (1, sailing, call),
        Room::Call { sailing, call } => (2, sailing, call),
        Room::Moves { port, shift } => (3, port, shift),
        Room::Yard { port, shift } => (4, port, shift),
        Room::YardPlugs { port, shift } => (5, port, shift),
        Room::Transfer { transfer, day } => (6, transfer, day),
    };
    *known.entry(key).or_insert_with(|| {
        out.resources.push(Resource { id: id(), capacity });
        out.rooms.push(room);
        out.resources.len() as u32 - 1
    })
}
