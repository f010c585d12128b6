//! From a timetable's wire to a [`Schedule`], with everything that is wrong with it.

use std::collections::HashMap;

use jiff::Timestamp;

use super::super::wire::{CallWire, PortWire, SailingWire, ServiceWire, TransferWire, Wire};
use super::schedule::{Call, Port, Sailing, Schedule, Transfer};
use super::voyages;
use crate::issue::Issues;
use crate::limits::{self, MAX_QUANTITY, MAX_TIME_S, MAX_UNIT_COST, MIN_PERIOD_S};
use crate::locode;
use crate::time::Time;

const SHIFT_S: i64 = 8 * 3_600;
const DAY_S: i64 = 86_400;

/// Reads the sections of a timetable.
pub(in super::super) fn schedule(wire: &Wire, start: Option<Timestamp>, issues: &mut Issues) -> Option<Schedule> {
    for (path, what, count, limit) in [
        ("/ports", "ports", wire.ports.len(), limits::MAX_PORTS),
        ("/services", "services", wire.services.len(), limits::MAX_SAILINGS),
        ("/sailings", "sailings", wire.sailings.len(), limits::MAX_SAILINGS),
        ("/transfers", "transfers", wire.transfers.len(), limits::MAX_TRANSFERS),
    ] {
        if count > limit {
            let cause = format!("{count} {what}; the limit is {limit}");
            issues.note("too_large", path, cause, "split the horizon or the network");
        }
    }
    if !issues.is_empty() {
        return None;
    }
    let by_name = issues.ids("/ports", wire.ports.iter().map(|port| port.id.as_str()));
    let mut reader = Reader { start, by_name, issues };
    let ports = wire.ports.iter().enumerate().map(|(at, port)| reader.port(port, &format!("/ports/{at}"))).collect();
    let horizon_s = reader.horizon(wire);
    let sailings = reader.sailings(wire, horizon_s);
    let transfers = reader.transfers(&wire.transfers);
    issues.is_empty().then_some(Schedule { start, horizon_s, ports, sailings, transfers })
}

struct Reader<'a, 'i> {
    start: Option<Timestamp>,
    by_name: HashMap<&'a str, usize>,
    issues: &'i mut Issues,
}

impl Reader<'_, '_> {
    fn port(&mut self, wire: &PortWire, path: &str) -> Port {
        let (code, terminal) = wire.id.split_once('/').unwrap_or((&wire.id, "-"));
        if let Some(cause) = locode::flaw(code) {
            let action = "give the port's UN/LOCODE, such as PTSIE, with a terminal after a slash where it has several";
            self.issues.note("not_a_locode", format!("{path}/id"), cause, action);
        }
        if terminal.trim().is_empty() {
            self.issues.note(
                "name_empty",
                format!("{path}/id"),
                "the terminal's name is empty",
                "name it, or drop the slash",
            );
        }
        if wire.changes.len() > limits::MAX_CHANGES {
            let cause = format!("{} changes; the limit is {}", wire.changes.len(), limits::MAX_CHANGES);
            self.issues.note("too_large", format!("{path}/changes"), cause, "merge changes that follow each other");
        }
        let mut changes = Vec::new();
        for (at, change) in wire.changes.iter().enumerate().take(limits::MAX_CHANGES) {
            let path = format!("{path}/changes/{at}");
            let from = self.time(change.from, &format!("{path}/from"));
            let to = self.time(change.to, &format!("{path}/to"));
            if let (Some(from), Some(to)) = (from, to)
                && to <= from
            {
                self.issues.note(
                    "window_ends_before_it_begins",
                    &path,
                    format!("the change is from {} to {}", change.from, change.to),
                    "give an end after the beginning",
                );
            }
            let moves = self.issues.whole(&format!("{path}/moves_per_shift"), change.moves_per_shift, 0, MAX_QUANTITY);
            changes.extend(from.zip(to).map(|(from, to)| (from, to, moves)));
        }
        Port {
            id: wire.id.clone(),
            name: wire.name.clone(),
            shift_s: self.limit(path, "shift_s", wire.shift_s, MIN_PERIOD_S, MAX_TIME_S).unwrap_or(SHIFT_S),
            moves: self.limit(path, "moves_per_shift", wire.moves_per_shift, 0, MAX_QUANTITY),
            changes,
            yard_teu: self.limit(path, "yard_teu", wire.yard_teu, 0, MAX_QUANTITY),
            plugs: self.limit(path, "plugs", wire.plugs, 0, MAX_QUANTITY),
            move_cents: self.number(path, "move_cents", wire.move_cents, 0, MAX_UNIT_COST),
            storage_cents: self.number(path, "storage_cents_per_shift", wire.storage_cents_per_shift, 0, MAX_UNIT_COST),
            dwell_s: self.number(path, "dwell_s", wire.dwell_s, 0, MAX_TIME_S),
        }
    }

    /// How long the horizon is: what is given, or to the last instant that is named.
    fn horizon(&mut self, wire: &Wire) -> i64 {
        if let Some(horizon) = wire.horizon_s {
            return self.issues.whole("/horizon_s", horizon, MIN_PERIOD_S, MAX_TIME_S);
        }
        if !wire.services.is_empty() {
            let cause = "services go on for ever, and it is not said how far to plan";
            self.issues.note(
                "horizon_missing",
                "/horizon_s",
                cause,
                "give the seconds to plan for: 2419200 are 28 days",
            );
            return MIN_PERIOD_S;
        }
        let dwell = wire.ports.iter().map(|port| port.dwell_s).max().unwrap_or(0);
        let departures = wire.sailings.iter().flat_map(|sailing| &sailing.calls).map(|call| call.depart);
        let dues = wire.lots.iter().flat_map(|lot| [lot.release, lot.due]).flatten();
        let last = departures.chain(dues).filter_map(|time| time.from_origin(self.start).ok()).max();
        last.unwrap_or(0).saturating_add(dwell).clamp(DAY_S, MAX_TIME_S)
    }

    fn sailings(&mut self, wire: &Wire, horizon_s: i64) -> Vec<Sailing> {
        let mut written: Vec<SailingWire> = Vec::new();
        let voyages: i64 = wire
            .services
            .iter()
            .map(
                |service| {
                    if voyages::every_s(service) >= MIN_PERIOD_S { voyages::count(service, horizon_s) } else { 0 }
                },
            )
            .fold(0, i64::saturating_add);
        if voyages.saturating_add(wire.sailings.len() as i64) > limits::MAX_SAILINGS as i64 {
            let cause = format!("the services make about {voyages} voyages; the limit is {}", limits::MAX_SAILINGS);
            self.issues.note("too_large", "/services", cause, "shorten the horizon");
            return Vec::new();
        }
        self.issues.ids("/services", wire.services.iter().map(|service| service.id.as_str()));
        for (at, service) in wire.services.iter().enumerate() {
            let path = format!("/services/{at}");
            if let Some(first) = self.service(service, &path) {
                written.extend(voyages::voyages(service, first, self.start, horizon_s));
            }
        }
        let made = written.len();
        let mut read: Vec<Sailing> = Vec::with_capacity(made + wire.sailings.len());
        for sailing in &written {
            read.push(self.sailing(sailing, None, horizon_s));
        }
        for (at, sailing) in wire.sailings.iter().enumerate() {
            self.issues.name(&format!("/sailings/{at}/id"), &sailing.id);
            read.push(self.sailing(sailing, Some(&format!("/sailings/{at}")), horizon_s));
        }
        written.extend(wire.sailings.iter().cloned());
        self.link(&written, made, &mut read);
        read
    }

    /// Names are unique, and those that vessels go on as are there.
    fn link(&mut self, written: &[SailingWire], made: usize, read: &mut [Sailing]) {
        let mut by_name: HashMap<&str, usize> = HashMap::new();
        for (at, sailing) in written.iter().enumerate() {
            if let Some(other) = by_name.insert(&sailing.id, at)
                && at >= made
            {
                let cause = if other < made {
                    format!("a service has a voyage named {:?}", sailing.id)
                } else {
                    format!("{:?} is already the id of /sailings/{}", sailing.id, other - made)
                };
                self.issues.note("duplicate_id", format!("/sailings/{}/id", at - made), cause, "give each its own id");
            }
        }
        for (at, sailing) in written.iter().enumerate() {
            let Some(name) = &sailing.continues else { continue };
            let next = by_name.get(name.as_str()).copied();
            if at < made {
                read[at].continues = next;
                continue;
            }
            let path = format!("/sailings/{}/continues", at - made);
            let Some(next) = next else {
                let cause = format!("there is no sailing {name:?}");
                self.issues.note("unknown_sailing", path, cause, "name a sailing");
                continue;
            };
            let ends = read[at].calls.last().map(|call| call.depart);
            let begins = read[next].calls.first().map(|call| call.arrive);
            if let (Some(ends), Some(begins)) = (ends, begins)
                && begins <= ends
            {
                let cause = format!("{name:?} begins before the vessel has left its last port");
                self.issues.note("sailing_back_in_time", path, cause, "name a later sailing");
                continue;
            }
            read[at].continues = begins.map(|_| next);
        }
    }

    /// Checks a service. Returns when its voyage begins.
    fn service(&mut self, wire: &ServiceWire, path: &str) -> Option<i64> {
        let before = self.issues.count();
        let every = self.number(path, "every_s", voyages::every_s(wire), MIN_PERIOD_S, MAX_TIME_S);
        let vessels = self.number(path, "vessels", wire.vessels, 1, 1_000);
        self.vessel(path, wire.slots_teu, wire.plugs, wire.leg_cents);
        if wire.rotation.len() < 2 {
            self.issues.note(
                "rotation_too_short",
                format!("{path}/rotation"),
                "a service calls at two ports or more",
                "name them in order",
            );
        }
        let round = every.saturating_mul(vessels);
        let mut last: Option<(&str, i64)> = None;
        if wire.rotation.len() > limits::MAX_SAILING_CALLS {
            self.too_many_calls(&format!("{path}/rotation"), wire.rotation.len());
            return None;
        }
        for (at, stop) in wire.rotation.iter().enumerate() {
            let path = format!("{path}/rotation/{at}");
            self.known_port(&stop.port, &format!("{path}/port"));
            let arrive = self.number(&path, "arrive_s", stop.arrive_s, 0, MAX_TIME_S);
            let depart = self.number(&path, "depart_s", stop.depart_s, 0, MAX_TIME_S);
            if at == 0 && arrive != 0 {
                let cause = format!("the voyage begins at its first port, which it reaches after {arrive} s");
                self.issues.note("voyage_begins_late", format!("{path}/arrive_s"), cause, "give 0, and move `first`");
            }
            self.order(&path, last, (&stop.port, arrive, depart));
            if depart >= round {
                let cause = format!("the vessel leaves after {depart} s, and its round trip takes {round} s");
                self.issues.note(
                    "round_trip_too_short",
                    format!("{path}/depart_s"),
                    cause,
                    "give the service more vessels, or correct the times",
                );
            }
            self.leg(&path, stop.leg_cents, stop.moves);
            last = Some((&stop.port, depart));
        }
        let first = wire.first.from_origin(self.start);
        if let Err(error) = &first {
            self.issues.note("bad_time", format!("{path}/first"), error.to_string(), error.action());
        }
        // A week more or less is the same service.
        first.ok().filter(|_| self.issues.count() == before).map(|first| first.rem_euclid(every))
    }

    /// Reads a sailing; `path` only where it was not made from a service, which has been checked.
    fn sailing(&mut self, wire: &SailingWire, path: Option<&str>, horizon_s: i64) -> Sailing {
        if let Some(path) = path {
            self.vessel(path, wire.slots_teu, wire.plugs, wire.leg_cents);
            if wire.calls.len() > limits::MAX_SAILING_CALLS {
                self.too_many_calls(&format!("{path}/calls"), wire.calls.len());
            }
            if wire.calls.is_empty() {
                let cause = "the sailing calls nowhere";
                self.issues.note("sailing_calls_nowhere", format!("{path}/calls"), cause, "give its calls, or drop it");
            }
        }
        let mut calls = Vec::with_capacity(wire.calls.len());
        let mut last: Option<(&str, i64)> = None;
        for (at, call) in wire.calls.iter().enumerate().take(limits::MAX_SAILING_CALLS) {
            let path = path.map(|path| format!("{path}/calls/{at}"));
            let Some((arrive, depart)) = self.times(call, path.as_deref()) else { continue };
            if let Some(path) = &path {
                self.known_port(&call.port, &format!("{path}/port"));
                self.order(path, last, (&call.port, arrive, depart));
                self.leg(path, call.leg_cents, call.moves);
                last = Some((&call.port, depart));
            }
            let Some(&port) = self.by_name.get(call.port.as_str()) else { continue };
            if depart <= 0 || arrive >= horizon_s {
                continue;
            }
            let leg_cents = call.leg_cents.unwrap_or(wire.leg_cents);
            calls.push(Call { port, arrive: arrive.max(0), depart, leg_cents, moves: call.moves });
        }
        let (id, vessel) = (wire.id.clone(), wire.vessel.clone());
        Sailing { id, vessel, slots_teu: wire.slots_teu, plugs: wire.plugs, calls, continues: None }
    }

    fn times(&mut self, call: &CallWire, path: Option<&str>) -> Option<(i64, i64)> {
        let mut of = |field: &str, time: Time| match (time.from_origin(self.start), path) {
            (Ok(seconds), _) => Some(seconds),
            // A voyage that was made here and goes on for years leaves the horizon anyway.
            (Err(_), None) => None,
            (Err(error), Some(path)) => {
                self.issues.note("bad_time", format!("{path}/{field}"), error.to_string(), error.action());
                None
            }
        };
        of("arrive", call.arrive).zip(of("depart", call.depart))
    }

    fn vessel(&mut self, path: &str, slots_teu: i64, plugs: i64, leg_cents: i64) {
        self.number(path, "slots_teu", slots_teu, 0, MAX_QUANTITY);
        self.number(path, "plugs", plugs, 0, MAX_QUANTITY);
        self.number(path, "leg_cents", leg_cents, 0, MAX_UNIT_COST / 2);
    }

    fn leg(&mut self, path: &str, leg_cents: Option<i64>, moves: Option<i64>) {
        self.limit(path, "leg_cents", leg_cents, 0, MAX_UNIT_COST / 2);
        self.limit(path, "moves", moves, 0, MAX_QUANTITY);
    }

    /// A call is not over before it begins, and after the last one was over.
    fn order(&mut self, path: &str, last: Option<(&str, i64)>, (port, arrive, depart): (&str, i64, i64)) {
        if depart < arrive {
            let cause = format!("the vessel leaves at {depart} s, before it arrives at {arrive} s");
            self.issues.note("departs_before_it_arrives", path, cause, "correct one of the two");
        }
        let Some((before, left)) = last else { return };
        if arrive <= left {
            let cause = format!("the vessel arrives at {arrive} s, and leaves {before} before that at {left} s");
            self.issues.note("sailing_back_in_time", path, cause, "put the calls in order, and correct their times");
        }
        if before == port {
            let cause = format!("the vessel sails from {port} to {port}");
            self.issues.note("sails_to_itself", path, cause, "make one call of the two");
        }
    }

    fn too_many_calls(&mut self, path: &str, count: usize) {
        let cause = format!("{count} calls; the limit is {}", limits::MAX_SAILING_CALLS);
        self.issues.note("too_large", path, cause, "make two sailings of it, of which one continues the other");
    }

    fn transfers(&mut self, wires: &[TransferWire]) -> Vec<Transfer> {
        self.issues.ids("/transfers", wires.iter().map(|transfer| transfer.id.as_str()));
        let mut transfers = Vec::with_capacity(wires.len());
        for (at, wire) in wires.iter().enumerate() {
            let path = format!("/transfers/{at}");
            let from = self.known_port(&wire.from, &format!("{path}/from"));
            let to = self.known_port(&wire.to, &format!("{path}/to"));
            if wire.from == wire.to {
                self.issues.note("leads_to_itself", &path, "the transfer ends where it begins", "drop it");
            }
            let first = wire.first.map_or(Some(0), |first| self.time(first, &format!("{path}/first")));
            let duration_s = self.number(&path, "duration_s", wire.duration_s, 1, MAX_TIME_S);
            let cost = self.number(&path, "cost_cents", wire.cost_cents, 0, MAX_UNIT_COST);
            let teu_per_day = self.limit(&path, "teu_per_day", wire.teu_per_day, 0, MAX_QUANTITY);
            let every_s = self.limit(&path, "every_s", wire.every_s, MIN_PERIOD_S, MAX_TIME_S).unwrap_or(DAY_S);
            let (Some(from), Some(to), Some(first)) = (from, to, first) else { continue };
            let (id, mode) = (wire.id.clone(), wire.mode);
            let there = Transfer { id, mode, from, to, duration_s, cost, teu_per_day, first, every_s };
            let back = wire.both_ways.then(|| Transfer { from: to, to: from, ..there.clone() });
            transfers.push(there);
            transfers.extend(back);
        }
        transfers
    }

    fn known_port(&mut self, name: &str, path: &str) -> Option<usize> {
        let port = self.by_name.get(name).copied();
        if port.is_none() {
            let cause = format!("there is no port {name:?}");
            self.issues.note("unknown_port", path, cause, "name a port of /ports");
        }
        port
    }

    fn time(&mut self, time: Time, path: &str) -> Option<i64> {
        match time.from_origin(self.start) {
            Ok(seconds) => Some(seconds.max(0)),
            Err(error) => {
                self.issues.note("bad_time", path, error.to_string(), error.action());
                None
            }
        }
    }

    fn number(&mut self, path: &str, field: &str, value: i64, least: i64, most: i64) -> i64 {
        self.issues.whole(&format!("{path}/{field}"), value, least, most)
    }

    fn limit(&mut self, path: &str, field: &str, value: Option<i64>, least: i64, most: i64) -> Option<i64> {
        value.map(|value| self.number(path, field, value, least, most))
    }
}
