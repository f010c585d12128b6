//! A plan of a timetable checked by what the request says in words, without the network that was made from it: every ride keeps to its
//! sailing's times, nothing is loaded before it is there, and no shift, vessel, yard or transfer takes more than it can.

use std::collections::BTreeMap;

use portolan::routing::Plan;
use portolan::routing::plan::{By, Leg};
use portolan::routing::wire::{PortWire, Wire};
use portolan::time::Time;

const DAY_S: i64 = 86_400;
const WEEK_S: i64 = 7 * DAY_S;
const SHIFT_S: i64 = 8 * 3_600;

/// A voyage with its calls: port, arrival, departure, moves.
struct Voyage {
    slots: i64,
    plugs: i64,
    calls: Vec<(String, i64, i64, Option<i64>)>,
    next: Option<String>,
}

struct Checker<'a> {
    wire: &'a Wire,
    voyages: BTreeMap<String, Voyage>,
    /// What is taken, and what there is.
    taken: BTreeMap<String, (i64, i64)>,
}

/// What is wrong with a plan, if anything.
pub(crate) fn flaw(wire: &Wire, plan: &Plan) -> Option<String> {
    let mut checker = Checker { wire, voyages: voyages(wire), taken: BTreeMap::new() };
    for (lot, routed) in wire.lots.iter().zip(&plan.lots) {
        for route in &routed.routes {
            let kind = Kind {
                teu: if matches!(lot.length_ft, Some(40 | 45)) { 2 } else { 1 },
                reefer: lot.reefer,
                quantity: route.quantity,
            };
            let release = lot.release.map_or(0, |time| seconds(wire, time));
            let place = if lot.aboard.is_some() { None } else { Some((lot.origin.clone(), release)) };
            let ended = match checker.travel(&route.legs, place, kind) {
                Ok(ended) => ended,
                Err(cause) => return Some(format!("{}: {cause}", lot.id)),
            };
            if ended.0 != lot.destination || route.arrives.map(|time| seconds(wire, time)) != Some(ended.1) {
                return Some(format!("{} ends in {} at {}, or says so wrongly", lot.id, ended.0, ended.1));
            }
            let due = lot.due.map(|time| seconds(wire, time));
            if lot.late_cents_per_day.is_none() && due.is_some_and(|due| ended.1 > due) {
                return Some(format!("{} is late", lot.id));
            }
        }
        // What is pinned travels even where the lot is turned down, and takes room; the solver's own checker looks at that.
    }
    let over = checker.taken.iter().find(|(_, (taken, capacity))| taken > capacity);
    over.map(|(what, (taken, capacity))| format!("{what}: {taken} of {capacity}"))
}

#[derive(Clone, Copy)]
struct Kind {
    teu: i64,
    reefer: bool,
    quantity: i64,
}

fn seconds(wire: &Wire, time: Time) -> i64 {
    match (time, wire.horizon_start) {
        (Time::Offset(seconds), _) => seconds,
        (Time::Absolute(at), Some(Time::Absolute(start))) => at.as_second() - start.as_second(),
        _ => panic!("a time without a horizon"),
    }
}

fn date(wire: &Wire, at: i64) -> String {
    let Some(Time::Absolute(start)) = wire.horizon_start else { panic!("the checker wants dates") };
    let at = start.checked_add(jiff::SignedDuration::from_secs(at)).expect("a date");
    at.to_string()[..10].to_owned()
}

fn voyages(wire: &Wire) -> BTreeMap<String, Voyage> {
    let mut all = BTreeMap::new();
    let horizon = wire.horizon_s.expect("given");
    for service in &wire.services {
        let (first, every) = (seconds(wire, service.first), service.every_s.unwrap_or(WEEK_S));
        let name = |begin: i64| format!("{} {}", service.id, date(wire, begin));
        for nth in -200..200 {
            let begin = first + nth * every;
            let calls = service.rotation.iter();
            let calls = calls.map(|stop| (stop.port.clone(), begin + stop.arrive_s, begin + stop.depart_s, stop.moves));
            let next = Some(name(begin + every * service.vessels));
            let voyage = Voyage { slots: service.slots_teu, plugs: service.plugs, calls: calls.collect(), next };
            if begin < horizon && voyage.calls.last().is_some_and(|call| call.2 > 0) {
                all.insert(name(begin), voyage);
            }
        }
    }
    for sailing in &wire.sailings {
        let calls = sailing.calls.iter();
        let calls =
            calls.map(|call| (call.port.clone(), seconds(wire, call.arrive), seconds(wire, call.depart), call.moves));
        let next = sailing.continues.clone();
        let voyage = Voyage { slots: sailing.slots_teu, plugs: sailing.plugs, calls: calls.collect(), next };
        all.insert(sailing.id.clone(), voyage);
    }
    all
}

impl Checker<'_> {
    fn port(&self, name: &str) -> Result<&PortWire, String> {
        self.wire.ports.iter().find(|port| port.id == name).ok_or_else(|| format!("there is no port {name}"))
    }

    fn take(&mut self, what: String, amount: i64, capacity: Option<i64>) {
        if let Some(capacity) = capacity {
            self.taken.entry(what).or_insert((0, capacity)).0 += amount;
        }
    }

    /// Follows the legs from a place, or from on board. Returns where and when it ends.
    fn travel(&mut self, legs: &[Leg], mut place: Option<(String, i64)>, kind: Kind) -> Result<(String, i64), String> {
        for leg in legs {
            let at = |time: Option<Time>| time.map(|time| seconds(self.wire, time));
            let (loaded, discharged) = (at(leg.loaded), at(leg.discharged));
            let (departs, arrives) = (at(leg.departs), at(leg.arrives).ok_or("a leg arrives at no time")?);
            if leg.by != Some(By::Sailing) {
                let (from, since) = place.take().ok_or("a transfer begins on board")?;
                let departs = departs.ok_or("a transfer leaves at no time")?;
                self.transfer(leg, &from, since, departs, arrives, kind)?;
                place = Some((leg.to.clone(), arrives));
                continue;
            }
            match (loaded, place.take()) {
                (Some(loaded), Some((from, since))) => {
                    if from != leg.from {
                        return Err(format!("is loaded in {} while in {from}", leg.from));
                    }
                    self.stand(&from, since, loaded, kind)?;
                    let departs = departs.ok_or("is loaded on what never leaves")?;
                    self.handle(leg, &leg.from, (loaded, departs), loaded, kind)?;
                }
                (None, None) => {}
                (Some(_), None) => return Err("is loaded while on board".to_owned()),
                (None, Some(_)) => return Err("travels without being loaded".to_owned()),
            }
            if let Some(departs) = departs {
                self.sail(leg, departs, arrives, kind)?;
            }
            if let Some(discharged) = discharged {
                let off = discharged - self.port(&leg.to)?.dwell_s;
                self.handle(leg, &leg.to, (arrives, off), (off - 1).max(arrives), kind)?;
                place = Some((leg.to.clone(), discharged));
            }
        }
        place.ok_or_else(|| "ends on board".to_owned())
    }

    /// A yard is counted at the end of each shift.
    fn stand(&mut self, port: &str, since: i64, until: i64, kind: Kind) -> Result<(), String> {
        if until < since {
            return Err(format!("leaves {port} at {until}, and is there from {since} on"));
        }
        let of = self.port(port)?;
        let (shift, yard, plugs) = (of.shift_s.unwrap_or(SHIFT_S), of.yard_teu, of.plugs);
        for end in (since / shift + 1)..=(until / shift) {
            self.take(format!("yard {port} {end}"), kind.teu * kind.quantity, yard);
            if kind.reefer {
                self.take(format!("plugs {port} {end}"), kind.quantity, plugs);
            }
        }
        Ok(())
    }

    /// Loading or discharging at `when`, within the stay of the vessel.
    fn handle(&mut self, leg: &Leg, port: &str, span: (i64, i64), when: i64, kind: Kind) -> Result<(), String> {
        let voyage = leg.id.as_ref().and_then(|id| self.voyages.get(id)).ok_or("an unknown sailing")?;
        // At the end of a round trip the vessel is at the first port of the next one.
        let next = voyage.next.as_ref().and_then(|next| Some((next, self.voyages.get(next)?.calls.first()?)));
        let own = voyage.calls.iter().map(|call| (leg.id.as_ref().expect("named"), call));
        let call = own.chain(next).find(|(_, call)| call.0 == port && call.1.max(0) <= span.0 && span.1 <= call.2);
        let Some((sailing, call)) = call else {
            return Err(format!("is handled in {port} from {} to {}, without the vessel", span.0, span.1));
        };
        let (what, moves) = (format!("call {sailing} {port} {}", call.1), call.3);
        self.take(what, kind.quantity, moves);
        let of = self.port(port)?;
        let shift = when / of.shift_s.unwrap_or(SHIFT_S);
        let begins = shift * of.shift_s.unwrap_or(SHIFT_S);
        let fits = |change: &&portolan::routing::wire::ChangeWire| {
            seconds(self.wire, change.from) <= begins && begins < seconds(self.wire, change.to)
        };
        let changed = of.changes.iter().rev().find(fits).map(|change| change.moves_per_shift);
        let capacity = changed.or(of.moves_per_shift);
        self.take(format!("moves {port} {shift}"), kind.quantity, capacity);
        Ok(())
    }

    fn sail(&mut self, leg: &Leg, departs: i64, arrives: i64, kind: Kind) -> Result<(), String> {
        let id = leg.id.clone().ok_or("a sailing without a name")?;
        let voyage = self.voyages.get(&id).ok_or("an unknown sailing")?;
        let (slots, plugs) = (voyage.slots, voyage.plugs);
        let next = voyage.next.as_ref().and_then(|next| self.voyages.get(next)?.calls.first());
        let calls: Vec<(String, i64, i64)> =
            voyage.calls.iter().chain(next).map(|call| (call.0.clone(), call.1, call.2)).collect();
        let find = |port: &str, from: usize, is_it: &dyn Fn(&(String, i64, i64)) -> bool| {
            (from..calls.len()).find(|&at| calls[at].0 == port && is_it(&calls[at]))
        };
        let from =
            find(&leg.from, 0, &|call| call.2 == departs).ok_or(format!("{id} leaves {} at another time", leg.from))?;
        let to = find(&leg.to, from + 1, &|call| call.1 == arrives)
            .ok_or(format!("{id} is in {} at another time", leg.to))?;
        for hop in from..to {
            self.take(format!("slots {id} {hop}"), kind.teu * kind.quantity, Some(slots));
            if kind.reefer {
                self.take(format!("plugs {id} {hop}"), kind.quantity, Some(plugs));
            }
        }
        Ok(())
    }

    fn transfer(
        &mut self,
        leg: &Leg,
        at: &str,
        since: i64,
        departs: i64,
        arrives: i64,
        kind: Kind,
    ) -> Result<(), String> {
        let of = self.wire.transfers.iter().find(|transfer| Some(&transfer.id) == leg.id.as_ref());
        let of = of.ok_or("an unknown transfer")?.clone();
        let is_there = (&of.from, &of.to) == (&leg.from, &leg.to);
        let is_back = of.both_ways && (&of.to, &of.from) == (&leg.from, &leg.to);
        if at != leg.from || !(is_there || is_back) || arrives - departs != of.duration_s {
            return Err(format!("goes from {at} by {}, which does not", of.id));
        }
        let first = of.first.map_or(0, |first| seconds(self.wire, first));
        if departs < first || (departs - first) % of.every_s.unwrap_or(DAY_S) != 0 {
            return Err(format!("leaves by {} at {departs}", of.id));
        }
        self.stand(at, since, departs, kind)?;
        self.take(format!("{} {at} {}", of.id, departs / DAY_S), kind.teu * kind.quantity, of.teu_per_day);
        Ok(())
    }
}
