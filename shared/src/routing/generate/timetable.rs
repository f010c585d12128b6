//! A made-up month in a planner's words.

use super::{DAY_S, DAYS, Demand, Sea};
use crate::rng::Rng;
use crate::routing::wire::{
    CallWire, ChangeWire, LotWire, Mode, PinWire, PortWire, RideWire, SailingWire, ServiceWire, StopWire, TransferWire,
    Wire,
};
use crate::time::Time;

const HOUR_S: i64 = 3_600;
const WEEK_S: i64 = 7 * DAY_S;

pub(super) fn timetable(sea: &Sea, demand: &[Demand], rng: &mut Rng) -> Wire {
    let mut wire = Wire {
        horizon_start: "2026-03-02T00:00:00Z".parse().ok().map(Time::Absolute),
        horizon_s: Some(DAYS as i64 * DAY_S),
        ports: (0..sea.places.len()).map(|port| self::port(sea, port, demand.len(), rng)).collect(),
        services: (0..sea.services.len()).map(|service| self::service(sea, service)).collect(),
        ..Wire::default()
    };
    wire.sailings.push(extra(sea));
    // Ports that are near each other are joined by land.
    for from in 1..sea.places.len() {
        let Some(to) = (0..from).min_by_key(|&to| sea.distance(from, to)).filter(|&to| sea.distance(from, to) < 1_500)
        else {
            continue;
        };
        wire.transfers.push(TransferWire {
            id: format!("by land {}-{}", code(from), code(to)),
            mode: Some([Mode::Truck, Mode::Rail, Mode::Barge][from % 3]),
            from: code(from),
            to: code(to),
            both_ways: from % 2 == 0,
            duration_s: (6 + sea.distance(from, to) / 50) * HOUR_S,
            cost_cents: 8_000 + 40 * sea.distance(from, to),
            teu_per_day: Some(6 + 2 * rng.below(8) as i64),
            first: Some(Time::Offset(rng.below(24) as i64 * HOUR_S)),
            every_s: Some([DAY_S / 2, DAY_S][from % 2]),
        });
    }
    wire.lots = demand.iter().enumerate().map(|(at, one)| lot(at, one, rng)).collect();
    under_way(&mut wire);
    wire
}

/// A code of the right form, of no real place.
fn code(port: usize) -> String {
    let letter = |nth: usize| char::from(b'A' + (nth % 26) as u8);
    format!("XZ{}{}{}", letter(port / 676), letter(port / 26), letter(port))
}

fn port(sea: &Sea, port: usize, lots: usize, rng: &mut Rng) -> PortWire {
    // Large ports handle more; together the ports handle less than everybody wants on some days.
    let weight = sea.weights[port] as i64;
    let all = sea.weights.iter().sum::<usize>() as i64;
    let moves = 6 + 8 * lots as i64 * weight / all / 20;
    let from = rng.below(DAYS) as i64 * DAY_S;
    let change = ChangeWire {
        from: Time::Offset(from),
        to: Time::Offset(from + DAY_S),
        moves_per_shift: moves / 3,
        reason: Some("cranes in repair".to_owned()),
    };
    PortWire {
        id: code(port),
        shift_s: (port % 4 == 3).then_some(6 * HOUR_S),
        moves_per_shift: Some(moves),
        changes: if rng.below(3) == 0 { vec![change] } else { Vec::new() },
        yard_teu: port.is_multiple_of(2).then_some(10 * moves),
        plugs: Some(2 + moves / 4),
        move_cents: 3_000 + 100 * rng.below(20) as i64,
        storage_cents_per_shift: 100,
        dwell_s: 6 * HOUR_S,
        ..PortWire::default()
    }
}

fn service(sea: &Sea, service: usize) -> ServiceWire {
    let (calls, slots) = &sea.services[service];
    let mut clock = 0;
    let mut rotation = Vec::with_capacity(calls.len());
    for (at, _, hours) in sea.legs(calls) {
        let stay = if at % 2 == 0 { 24 } else { 12 };
        rotation.push(StopWire {
            port: code(calls[at]),
            arrive_s: clock * HOUR_S,
            depart_s: (clock + stay) * HOUR_S,
            leg_cents: Some(500 + 20 * hours),
            moves: (service % 3 == 2).then_some(*slots / 2),
        });
        clock += stay + hours;
    }
    ServiceWire {
        id: format!("S{service}"),
        first: Time::Offset((service % 7) as i64 * DAY_S),
        vessels: (clock * HOUR_S + WEEK_S - 1) / WEEK_S,
        slots_teu: *slots,
        plugs: slots / 10,
        rotation,
        ..ServiceWire::default()
    }
}

/// One more sailing, on the way of the first service.
fn extra(sea: &Sea) -> SailingWire {
    let (calls, slots) = &sea.services[0];
    let mut clock = 10 * 24;
    let mut written = Vec::with_capacity(calls.len());
    for (at, _, hours) in sea.legs(calls) {
        written.push(CallWire {
            port: code(calls[at]),
            arrive: Time::Offset(clock * HOUR_S),
            depart: Time::Offset((clock + 10) * HOUR_S),
            leg_cents: None,
            moves: None,
        });
        clock += 10 + hours;
    }
    SailingWire {
        id: "extra loader".to_owned(),
        vessel: Some("Cape Verga".to_owned()),
        slots_teu: slots / 2,
        plugs: 2,
        leg_cents: 2_500,
        calls: written,
        continues: None,
    }
}

fn lot(at: usize, one: &Demand, rng: &mut Rng) -> LotWire {
    let release = rng.below(DAYS / 2) as i64 * DAY_S + 12 * HOUR_S * rng.below(2) as i64;
    let due = (release + (8 + rng.below(14) as i64) * DAY_S).min(DAYS as i64 * DAY_S);
    LotWire {
        id: format!("L{at}"),
        origin: code(one.from),
        destination: code(one.to),
        quantity: one.quantity,
        length_ft: Some([20, 40, 40, 45][rng.below(4)]),
        reefer: rng.below(10) == 0,
        release: Some(Time::Offset(release)),
        due: Some(Time::Offset(due)),
        late_cents_per_day: (rng.below(2) == 0).then_some(1_500),
        max_transit_s: (rng.below(5) == 0).then_some(20 * DAY_S),
        class: u8::from(rng.below(5) > 0),
        rejection_cents: one.revenue + 30_000,
        whole: rng.below(10) == 0,
        ..LotWire::default()
    }
}

/// A lot that is at sea when the month begins, and one that is booked on the first sailing from its port.
fn under_way(wire: &mut Wire) {
    let Some(service) = wire.services.first() else { return };
    let id = format!("{} 2026-03-02", service.id);
    let [from, to] = [0, 1].map(|stop| service.rotation[stop].port.clone());
    let one = LotWire { quantity: 1, rejection_cents: 100_000, ..LotWire::default() };
    wire.lots.push(LotWire {
        id: "at sea".to_owned(),
        aboard: Some(id.clone()),
        destination: to.clone(),
        ..one.clone()
    });
    let pinned = vec![PinWire::Ride(RideWire { sailing: id, from: from.clone(), to: to.clone() })];
    wire.lots.push(LotWire { id: "booked".to_owned(), origin: from, destination: to, pinned, ..one });
}
