//! Random small networks: cyclic ones and ones in time, shared resources, every kind of lot.

use portolan::routing::wire::{ArcWire, LotWire, NodeWire, PinWire, ResourceWire, Wire};
use portolan::time::Time;
use proptest::collection::vec;
use proptest::prelude::*;

const DAY_S: i64 = 86_400;

/// An arc: ends, cost, days, resources.
type DrawnArc = (usize, usize, i64, i64, Vec<usize>);
/// A lot: ends, quantity, release and due, lateness, days allowed, class, rejection and service, whole, arcs that are pinned.
type DrawnLot = ((usize, usize), i64, (i64, Option<i64>), Option<i64>, Option<i64>, u8, (i64, i64), bool, usize);

/// A network of at most so many lots.
pub(crate) fn problem(lots: usize) -> impl Strategy<Value = Wire> {
    let arc = (0_usize..6, 0_usize..6, 0_i64..20, 0_i64..4, vec(0_usize..3, 0..3));
    let days = prop::option::weighted(0.5, 0_i64..7);
    let lot = (
        (0_usize..9, 0_usize..9),
        1_i64..4,
        (0_i64..3, days),
        prop::option::weighted(0.4, 0_i64..10),
        prop::option::weighted(0.3, 0_i64..8),
        0_u8..3,
        (0_i64..60, -10_i64..10),
        prop::bool::weighted(0.2),
        prop_oneof![4 => Just(0_usize), 1 => Just(1), 1 => Just(2)],
    );
    (any::<bool>(), 3_usize..7, vec(0_i64..6, 3), vec(arc, 2..9), vec(lot, 1..=lots))
        .prop_map(|(is_timed, nodes, capacities, arcs, lots)| network(is_timed, nodes, &capacities, &arcs, &lots))
}

fn network(is_timed: bool, nodes: usize, capacities: &[i64], arcs: &[DrawnArc], lots: &[DrawnLot]) -> Wire {
    let mut wire = Wire::default();
    for at in 0..nodes {
        let time_s = is_timed.then_some(at as i64 * DAY_S);
        wire.nodes.push(NodeWire { id: format!("n{at}"), port: Some(format!("P{}", at % 3)), time_s });
    }
    for (at, &capacity) in capacities.iter().enumerate() {
        wire.resources.push(ResourceWire { id: format!("r{at}"), capacity });
    }
    for (at, &(from, to, cost_cents, days, ref uses)) in arcs.iter().enumerate() {
        let (mut from, mut to) = (from % nodes, to % nodes);
        if is_timed && from > to {
            (from, to) = (to, from);
        }
        if from != to {
            wire.arcs.push(ArcWire {
                id: Some(format!("a{at}")),
                from: format!("n{from}"),
                to: format!("n{to}"),
                cost_cents,
                transit_s: (!is_timed).then_some(days * DAY_S),
                uses: uses.iter().map(|resource| format!("r{resource}")).collect(),
            });
        }
    }
    let place = |at: usize| if at < 6 { format!("n{}", at % nodes) } else { format!("P{}", at - 6) };
    for (at, lot) in lots.iter().enumerate() {
        let &(
            (from, to),
            quantity,
            (release, due),
            late,
            longest,
            class,
            (rejection_cents, service_cents),
            whole,
            pins,
        ) = lot;
        let due_s = due.filter(|_| is_timed).map(|days| (release + days) * DAY_S);
        let mut lot = LotWire {
            id: format!("L{at}"),
            origin: place(from),
            destination: place(to),
            quantity,
            release: is_timed.then_some(Time::Offset(release * DAY_S)),
            due: due_s.map(Time::Offset),
            late_cents_per_day: late.filter(|_| due_s.is_some()),
            max_transit_s: longest.map(|days| days * DAY_S),
            class,
            rejection_cents,
            service_cents,
            whole,
            ..LotWire::default()
        };
        let mut here = lot.origin.clone();
        for _ in 0..pins {
            let Some(arc) = wire.arcs.iter().find(|arc| arc.from == here) else { break };
            lot.pinned.extend(arc.id.clone().map(PinWire::Arc));
            here.clone_from(&arc.to);
        }
        wire.lots.push(lot);
    }
    wire
}
