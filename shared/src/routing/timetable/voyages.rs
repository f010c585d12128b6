//! Liner services written out: each voyage within the horizon becomes a sailing.

use jiff::Timestamp;

use super::super::wire::{CallWire, SailingWire, ServiceWire, Wire};
use super::Timetable;
use super::schedule::words;
use crate::time::Time;

const WEEK_S: i64 = 7 * 86_400;
const DAY_S: i64 = 86_400;

/// Time between two voyages.
pub(super) fn every_s(service: &ServiceWire) -> i64 {
    service.every_s.unwrap_or(WEEK_S)
}

/// The voyages of a service that call somewhere within the horizon, earliest first. `first` is when one of them begins; the service's numbers
/// have been checked.
pub(super) fn voyages(service: &ServiceWire, first: i64, start: Option<Timestamp>, horizon_s: i64) -> Vec<SailingWire> {
    let every = every_s(service);
    let round = every * service.vessels;
    let last = service.rotation.last().map_or(0, |stop| stop.depart_s);
    // The earliest voyage whose last call is not over when the horizon begins.
    let earliest = (1 - last - first).div_euclid(every) + i64::from((1 - last - first).rem_euclid(every) > 0);
    let begins = (earliest..).map(|nth| first + nth * every).take_while(|&begin| begin < horizon_s);
    let name = |begin: i64| {
        let moment = words(start, begin);
        let is_daily = every % DAY_S == 0;
        let shown = if is_daily { moment.rsplit_once(' ').map_or(moment.as_str(), |(day, _)| day) } else { &moment };
        format!("{} {shown}", service.id)
    };
    let sailing = |begin: i64| SailingWire {
        id: name(begin),
        vessel: None,
        slots_teu: service.slots_teu,
        plugs: service.plugs,
        leg_cents: service.leg_cents,
        calls: service
            .rotation
            .iter()
            .map(|stop| CallWire {
                port: stop.port.clone(),
                arrive: Time::Offset(begin + stop.arrive_s),
                depart: Time::Offset(begin + stop.depart_s),
                leg_cents: stop.leg_cents,
                moves: stop.moves,
            })
            .collect(),
        continues: (begin + round < horizon_s).then(|| name(begin + round)),
    };
    begins.map(sailing).collect()
}

/// The sailings of a request whose timetable is known, voyages of services among them, before those that were sailings already.
pub(in super::super) fn written_out(wire: &Wire, timetable: &Timetable) -> Vec<SailingWire> {
    let schedule = &timetable.schedule;
    let of = |service: &ServiceWire| {
        let first = service.first.from_origin(schedule.start).unwrap_or(0).rem_euclid(every_s(service));
        voyages(service, first, schedule.start, schedule.horizon_s)
    };
    wire.services.iter().flat_map(of).chain(wire.sailings.iter().cloned()).collect()
}

/// How many voyages of a service there are at most, without writing them out.
pub(super) fn count(service: &ServiceWire, horizon_s: i64) -> i64 {
    horizon_s / every_s(service) + service.vessels + 2
}
