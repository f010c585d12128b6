//! The optimum by trying every way for every container. Uses the request's own data only.

use portolan::routing::Instance;
use portolan::routing::instance::{Goal, Lot};

const DAY_S: i64 = 86_400;

/// A way of a lot after its pinned arcs: what a container costs, and what it takes of each resource.
struct Way {
    cost: i64,
    takes: Vec<i64>,
}

/// The least objective.
pub(crate) fn optimum(instance: &Instance) -> i64 {
    let mut room: Vec<i64> = instance.resources().iter().map(|resource| resource.capacity).collect();
    let mut sunk = 0;
    for lot in instance.lots() {
        for arc in lot.pinned.iter().map(|&arc| &instance.arcs()[arc as usize]) {
            sunk += arc.cost * lot.quantity * multiplier(instance, lot);
            for &(resource, units) in &arc.uses {
                room[resource as usize] -= i64::from(units) * lot.quantity;
            }
        }
    }
    let ways: Vec<Vec<Way>> = instance.lots().iter().map(|lot| ways(instance, lot)).collect();
    let mut best = i64::MAX;
    lots(instance, &ways, 0, &mut room, sunk, &mut best);
    best
}

fn multiplier(instance: &Instance, lot: &Lot) -> i64 {
    instance.classes()[lot.class].multiplier
}

fn lots(instance: &Instance, ways: &[Vec<Way>], at: usize, room: &mut [i64], spent: i64, best: &mut i64) {
    let Some(lot) = instance.lots().get(at) else {
        *best = spent.min(*best);
        return;
    };
    if lot.whole {
        let all = lot.quantity * multiplier(instance, lot);
        lots(instance, ways, at + 1, room, spent + all * lot.rejection, best);
        for way in &ways[at] {
            if take(room, way, lot.quantity) {
                lots(instance, ways, at + 1, room, spent + all * way.cost, best);
            }
            give_back(room, way, lot.quantity);
        }
        return;
    }
    containers(instance, ways, (at, 0, lot.quantity), room, spent, best);
}

/// Shares a lot's last `left` containers out between its ways from `first` on, and rejection.
fn containers(
    instance: &Instance,
    ways: &[Vec<Way>],
    (at, first, left): (usize, usize, i64),
    room: &mut [i64],
    spent: i64,
    best: &mut i64,
) {
    let lot = &instance.lots()[at];
    let weight = multiplier(instance, lot);
    let Some(way) = ways[at].get(first) else {
        lots(instance, ways, at + 1, room, spent + left * weight * lot.rejection, best);
        return;
    };
    for count in 0..=left {
        if take(room, way, count) {
            let spent = spent + count * weight * way.cost;
            containers(instance, ways, (at, first + 1, left - count), room, spent, best);
        }
        give_back(room, way, count);
    }
}

/// Whether there was room.
fn take(room: &mut [i64], way: &Way, count: i64) -> bool {
    room.iter_mut().zip(&way.takes).for_each(|(room, units)| *room -= units * count);
    room.iter().zip(&way.takes).all(|(&room, &units)| room >= 0 || units == 0)
}

fn give_back(room: &mut [i64], way: &Way, count: i64) {
    room.iter_mut().zip(&way.takes).for_each(|(room, units)| *room += units * count);
}

/// Every way that touches no node twice.
fn ways(instance: &Instance, lot: &Lot) -> Vec<Way> {
    let mut found = Vec::new();
    if let Some(start) = lot.start {
        let travelled = lot.pinned.iter().map(|&arc| instance.arcs()[arc as usize].transit_s).sum();
        let mut way = Way { cost: 0, takes: vec![0; instance.resources().len()] };
        go_on(instance, lot, &mut vec![start], travelled, &mut way, &mut found);
    }
    found
}

fn go_on(instance: &Instance, lot: &Lot, nodes: &mut Vec<u32>, travelled: i64, way: &mut Way, found: &mut Vec<Way>) {
    let here = nodes[nodes.len() - 1];
    if let Some(extra) = ending(instance, lot, here, travelled) {
        found.push(Way { cost: way.cost + extra, takes: way.takes.clone() });
    }
    for arc in instance.arcs().iter().filter(|arc| arc.from == here) {
        if nodes.contains(&arc.to) {
            continue;
        }
        nodes.push(arc.to);
        way.cost += arc.cost;
        arc.uses.iter().for_each(|&(resource, units)| way.takes[resource as usize] += i64::from(units));
        go_on(instance, lot, nodes, travelled + arc.transit_s, way, found);
        arc.uses.iter().for_each(|&(resource, units)| way.takes[resource as usize] -= i64::from(units));
        way.cost -= arc.cost;
        nodes.pop();
    }
}

/// What ending here costs beyond the way; none where the lot may not.
fn ending(instance: &Instance, lot: &Lot, node: u32, travelled: i64) -> Option<i64> {
    let at = &instance.nodes()[node as usize];
    let is_there = match lot.goal {
        Goal::Node(goal) => goal == node,
        Goal::Port(port) => at.port == Some(port) && at.time_s.is_none_or(|time| time >= lot.release_s),
    };
    let took = at.time_s.map_or(travelled, |time| time - lot.release_s);
    if !is_there || lot.max_transit_s.is_some_and(|most| took > most) {
        return None;
    }
    let over = at.time_s.zip(lot.due_s).map_or(0, |(time, due)| (time - due).max(0));
    let days = (over + DAY_S - 1) / DAY_S;
    match lot.late {
        None if days > 0 => None,
        late => Some(lot.service + days * late.unwrap_or(0)),
    }
}
