//! Made-up routing problems for tests, benches and first steps: the same one for the same seed, on every machine.
//!
//! All styles have the shape of liner networks as LINERLIB describes them (Brouer, Alvarez, Plum, Pisinger, Sigurd 2014,
//! doi:10.1287/trsc.2013.0471): ports of uneven weight on a map, services that call at some of them in a round trip, transshipment between services at a port,
//! demand that falls with distance, and less room than demand. No published instance is copied.

mod timetable;

use super::wire::{ArcWire, LotWire, NodeWire, ResourceWire, Wire};
use crate::rng::Rng;
use crate::time::Time;

/// What kind of network to make up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// A week of cyclic services.
    Weekly,
    /// Four weeks of dated sailings, with terminal limits for each day, release and due times, and two classes.
    Dated,
    /// Four weeks in a planner's words: ports with shifts and yards, services, a single sailing, transfers, reefers, containers under way.
    Timetable,
}

impl Style {
    /// Every style.
    pub const ALL: [Self; 3] = [Self::Weekly, Self::Dated, Self::Timetable];

    /// Its name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Weekly => "weekly",
            Self::Dated => "dated",
            Self::Timetable => "timetable",
        }
    }
}

const DAYS: usize = 28;
const DAY_S: i64 = 86_400;

/// Makes up a problem of this many ports and lots. At least three ports and one lot are made.
///
/// ```
/// use portolan::routing::generate::{Style, generate};
/// assert_eq!(generate(Style::Weekly, 12, 60, 1), generate(Style::Weekly, 12, 60, 1));
/// ```
pub fn generate(style: Style, ports: usize, lots: usize, seed: u64) -> Wire {
    let (ports, lots) = (ports.max(3), lots.max(1));
    let mut rng = Rng::new(seed).fork("routing").fork(style.name()).fork(&format!("{ports}x{lots}"));
    let sea = Sea::new(&mut rng, ports);
    let demand: Vec<Demand> = (0..lots).map(|_| sea.demand(&mut rng)).collect();
    match style {
        Style::Weekly => weekly(&sea, &demand),
        Style::Dated => dated(&sea, &demand, &mut rng),
        Style::Timetable => timetable::timetable(&sea, &demand, &mut rng),
    }
}

/// Ports on a map, and services between them.
struct Sea {
    places: Vec<(i64, i64)>,
    /// `[port]`: how much trade it has; the first have most.
    weights: Vec<usize>,
    /// Ports in the order of the calls, and slots.
    services: Vec<(Vec<usize>, i64)>,
}

struct Demand {
    from: usize,
    to: usize,
    quantity: i64,
    revenue: i64,
}

impl Sea {
    fn new(rng: &mut Rng, ports: usize) -> Self {
        let places: Vec<(i64, i64)> = (0..ports).map(|_| (rng.below(10_000) as i64, rng.below(5_000) as i64)).collect();
        let weights: Vec<usize> = (0..ports).map(|port| 1 + 4 * ports / (port + 2)).collect();
        let mut services = Vec::new();
        let mut unserved: Vec<usize> = (0..ports).collect();
        rng.shuffle(&mut unserved);
        while !unserved.is_empty() || services.len() < 1 + ports / 4 {
            // Each service joins a few ports that have none yet to a large one.
            let mut calls = vec![rng.below(1 + ports / 5)];
            for _ in 0..3 + rng.below(5) {
                let port = unserved.pop().unwrap_or_else(|| rng.below(ports));
                if !calls.contains(&port) {
                    calls.push(port);
                }
            }
            if calls.len() > 1 {
                // Around the middle of the calls, so that the round trip does not cross itself.
                let centre = calls.iter().fold((0, 0), |sum, &port| (sum.0 + places[port].0, sum.1 + places[port].1));
                let count = calls.len() as i64;
                let angle = |port: usize| {
                    let (x, y) = (places[port].0 * count - centre.0, places[port].1 * count - centre.1);
                    (x < 0, if x == 0 { 0 } else { y * 1_000 / x }, port)
                };
                calls.sort_by_key(|&port| angle(port));
                services.push((calls, [40, 60, 90, 140][rng.below(4)]));
            }
        }
        Self { places, weights, services }
    }

    fn pick(&self, rng: &mut Rng) -> usize {
        let mut at = rng.below(self.weights.iter().sum());
        for (port, &weight) in self.weights.iter().enumerate() {
            if at < weight {
                return port;
            }
            at -= weight;
        }
        0
    }

    fn demand(&self, rng: &mut Rng) -> Demand {
        let from = self.pick(rng);
        let mut to = self.pick(rng);
        while to == from {
            to = rng.below(self.places.len());
        }
        let far = self.distance(from, to);
        Demand { from, to, quantity: 1 + rng.below(12) as i64, revenue: 30_000 + 10 * far + rng.below(40_000) as i64 }
    }

    fn distance(&self, a: usize, b: usize) -> i64 {
        (self.places[a].0 - self.places[b].0).abs() + (self.places[a].1 - self.places[b].1).abs()
    }

    /// Legs of a service: position of the call, the next one, ports, hours.
    fn legs(&self, calls: &[usize]) -> Vec<(usize, usize, i64)> {
        let leg = |at: usize| {
            let next = (at + 1) % calls.len();
            (at, next, 12 + self.distance(calls[at], calls[next]) / 60)
        };
        (0..calls.len()).map(leg).collect()
    }
}

fn weekly(sea: &Sea, demand: &[Demand]) -> Wire {
    let mut wire = Wire::default();
    let node = |id: String| NodeWire { id, ..NodeWire::default() };
    for port in 0..sea.places.len() {
        wire.nodes.extend([node(format!("out P{port}")), node(format!("in P{port}"))]);
    }
    for (service, (calls, slots)) in sea.services.iter().enumerate() {
        let call = |at: usize| format!("S{service} call {at} P{}", calls[at]);
        wire.nodes.extend((0..calls.len()).map(|at| node(call(at))));
        for (at, next, hours) in sea.legs(calls) {
            let id = format!("S{service} leg {at}");
            wire.resources.push(ResourceWire { id: id.clone(), capacity: *slots });
            let (from, to) = (call(at), call(next));
            let cost_cents = 500 + 20 * hours;
            let transit_s = Some(3_600 * hours);
            wire.arcs.push(ArcWire { id: Some(id.clone()), from, to, cost_cents, transit_s, uses: vec![id] });
            let handling = |from: String, to: String, cost_cents: i64| ArcWire {
                from,
                to,
                cost_cents,
                transit_s: Some(0),
                ..ArcWire::default()
            };
            wire.arcs.push(handling(format!("out P{}", calls[at]), call(at), 3_000));
            wire.arcs.push(handling(call(at), format!("in P{}", calls[at]), 3_000));
        }
    }
    // From each call at a port to those of other services there.
    for (service, (calls, _)) in sea.services.iter().enumerate() {
        for (other, (others, _)) in sea.services.iter().enumerate().filter(|&(other, _)| other != service) {
            for (at, port) in calls.iter().enumerate() {
                for there in (0..others.len()).filter(|&there| others[there] == *port) {
                    let from = format!("S{service} call {at} P{port}");
                    let to = format!("S{other} call {there} P{port}");
                    let transit_s = Some(3 * DAY_S);
                    wire.arcs.push(ArcWire { from, to, cost_cents: 7_500, transit_s, ..ArcWire::default() });
                }
            }
        }
    }
    for (at, one) in demand.iter().enumerate() {
        wire.lots.push(LotWire {
            id: format!("L{at}"),
            origin: format!("out P{}", one.from),
            destination: format!("in P{}", one.to),
            quantity: one.quantity,
            rejection_cents: one.revenue,
            ..LotWire::default()
        });
    }
    wire
}

fn dated(sea: &Sea, demand: &[Demand], rng: &mut Rng) -> Wire {
    let mut wire = Wire::default();
    let berth = |port: usize, day: usize| format!("P{port} day {day}");
    for port in 0..sea.places.len() {
        for day in 0..DAYS {
            let time_s = Some(day as i64 * DAY_S);
            wire.nodes.push(NodeWire { id: berth(port, day), port: Some(format!("P{port}")), time_s });
            wire.resources.push(ResourceWire { id: format!("moves P{port} day {day}"), capacity: 90 });
            if day + 1 < DAYS {
                let (from, to) = (berth(port, day), berth(port, day + 1));
                wire.arcs.push(ArcWire { from, to, cost_cents: 200, ..ArcWire::default() });
            }
        }
    }
    for (service, (calls, slots)) in sea.services.iter().enumerate() {
        for week in 0..DAYS / 7 {
            let mut day = 7 * week + service % 7;
            for (at, next, hours) in sea.legs(calls) {
                let arrives = day + 1 + (hours / 24) as usize;
                if arrives >= DAYS {
                    break;
                }
                let id = format!("S{service} week {week} leg {at}");
                wire.resources.push(ResourceWire { id: id.clone(), capacity: *slots });
                wire.arcs.push(ArcWire {
                    id: Some(id.clone()),
                    from: berth(calls[at], day),
                    to: berth(calls[next], arrives),
                    cost_cents: 6_500 + 20 * hours,
                    uses: vec![
                        id,
                        format!("moves P{} day {day}", calls[at]),
                        format!("moves P{} day {arrives}", calls[next]),
                    ],
                    ..ArcWire::default()
                });
                day = arrives;
            }
        }
    }
    for (at, one) in demand.iter().enumerate() {
        let release = rng.below(DAYS / 2) as i64;
        let due = (release + 7 + rng.below(15) as i64).min(DAYS as i64 - 1);
        let class = u8::from(rng.below(5) > 0);
        wire.lots.push(LotWire {
            id: format!("L{at}"),
            origin: format!("P{}", one.from),
            destination: format!("P{}", one.to),
            quantity: one.quantity,
            release: Some(Time::Offset(release * DAY_S)),
            due: Some(Time::Offset(due * DAY_S)),
            late_cents_per_day: (rng.below(2) == 0).then_some(1_500),
            class,
            rejection_cents: one.revenue,
            whole: rng.below(10) == 0,
            ..LotWire::default()
        });
    }
    wire
}
