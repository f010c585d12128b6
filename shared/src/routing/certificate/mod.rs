//! Evidence for the lower bound: a price for each scarce resource.
//!
//! With prices `p >= 0` on the resources, no plan costs less than
//!
//! ```text
//! L(p) = sum of sunk costs + sum over lots q * min(rejection, service + cheapest way under cost + p) - sum over resources p * capacity
//! ```
//!
//! because what is carried pays the prices of what it uses, and no resource is used beyond its capacity (Lagrangian relaxation; Geoffrion 1974,
//! doi:10.1007/BFb0120690). Prices are whole numbers in fractions of a unit of the objective (its `scale`), and all sums are exact, so `L` is a bound
//! whatever way the prices were found. The search finds them in floating point; nothing of that has to be believed.

mod sweep;
mod ways;

use serde::{Deserialize, Serialize};

use super::instance::{Goal, Instance, Lot};
use sweep::{LANES, Map, Number, Sweep, fits};
pub(super) use ways::Ways;

/// Arcs of all lanes that weigh as much as a tick.
const ARCS_A_TICK: u64 = 16;

/// The prices, for resources that have one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RoutingCertificate))]
pub struct Certificate {
    /// Parts of one unit of the objective in which prices are given.
    pub scale: i64,
    /// (position of the resource in the request, price of a unit of it)
    pub prices: Vec<(u32, i64)>,
}

/// Prices are given in such parts of a unit of the objective: as fine as exact sums allow.
pub(super) fn scale(instance: &Instance) -> i64 {
    let total: i128 = instance
        .lots
        .iter()
        .map(|lot| {
            let multiplier = i128::from(instance.classes[lot.class].multiplier);
            multiplier * i128::from(lot.quantity) * i128::from(lot.rejection.max(1))
        })
        .sum();
    let mut scale = 1024;
    while scale > 1 && total.saturating_mul(i128::from(scale)) > 1 << 61 {
        scale /= 2;
    }
    scale
}

/// Why prices prove nothing.
pub(super) fn flaw(instance: &Instance, certificate: &Certificate) -> Option<String> {
    if certificate.scale != scale(instance) {
        return Some(format!("prices are in parts of 1/{}, not of 1/{}", scale(instance), certificate.scale));
    }
    let mut last = None;
    for &(resource, price) in &certificate.prices {
        if resource as usize >= instance.resources.len() || last.is_some_and(|last| resource <= last) {
            return Some(format!("resource {resource} is not there, or not in order"));
        }
        if price < 0 {
            return Some(format!("the price of resource {resource} is {price}"));
        }
        last = Some(resource);
    }
    None
}

/// What prices prove of one instance. Made once, asked often.
pub(super) struct Judge<'a> {
    instance: &'a Instance,
    map: Map,
    /// Lots by class and start.
    order: Vec<u32>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(instance: &'a Instance) -> Self {
        let mut order: Vec<u32> = (0..instance.lots.len() as u32).collect();
        order.sort_by_key(|&at| (key(instance, at), at));
        Self { instance, map: Map::new(instance), order }
    }

    /// The bound that prices without a [`flaw`] prove.
    pub(super) fn bound(&self, certificate: &Certificate) -> i64 {
        self.bound_within(certificate, &mut |_| false).unwrap_or(i64::MIN)
    }

    /// The bound that prices without a [`flaw`] prove; none where `spend`, which hears of the work step by step, says that it is enough.
    pub(super) fn bound_within(&self, certificate: &Certificate, spend: &mut dyn FnMut(u64) -> bool) -> Option<i64> {
        let instance = self.instance;
        let scale = certificate.scale;
        let mut price = vec![0_i64; instance.resources.len()];
        let mut sum = 0_i128;
        for &(resource, of) in &certificate.prices {
            price[resource as usize] = of;
            sum -= i128::from(of) * i128::from(instance.resources[resource as usize].capacity);
        }
        // What pinned arcs use is paid for, and is no choice.
        for lot in &instance.lots {
            for &(resource, units) in lot.pinned.iter().flat_map(|&arc| &instance.arcs[arc as usize].uses) {
                sum += i128::from(price[resource as usize]) * i128::from(units) * i128::from(lot.quantity);
            }
        }
        for (class, &sunk) in instance.classes.iter().zip(&instance.sunk) {
            sum += i128::from(sunk) * i128::from(class.multiplier) * i128::from(scale);
        }
        for lots in self.order.chunk_by(|&a, &b| key(instance, a).0 == key(instance, b).0) {
            let unit = scale.saturating_mul(instance.classes[key(instance, lots[0]).0].multiplier);
            let weight = |arc: &super::instance::Arc| {
                let used = arc.uses.iter().fold(0_i64, |sum, &(resource, units)| {
                    sum.saturating_add(price[resource as usize].saturating_mul(i64::from(units)))
                });
                unit.saturating_mul(arc.cost).saturating_add(used)
            };
            let weights: Vec<i64> = instance.arcs.iter().map(weight).collect();
            sum += if fits(&weights, instance.nodes.len()) {
                self.class::<f64>(lots, unit, &weights, spend)?
            } else {
                self.class::<i64>(lots, unit, &weights, spend)?
            };
        }
        // Every plan costs a multiple of the step.
        let whole = i128::from(scale) * i128::from(instance.step);
        let steps = sum.div_euclid(whole) + i128::from(sum.rem_euclid(whole) > 0);
        Some(i64::try_from(steps * i128::from(instance.step)).unwrap_or(i64::MIN))
    }

    /// What the lots of a class cost at the least, in parts of the objective's unit.
    fn class<N: Number>(
        &self,
        lots: &[u32],
        unit: i64,
        weights: &[i64],
        spend: &mut dyn FnMut(u64) -> bool,
    ) -> Option<i128> {
        let instance = self.instance;
        let mut sum = 0_i128;
        let mut take = |lot: &Lot, carried: i64| {
            sum += i128::from(lot.quantity) * i128::from(unit.saturating_mul(lot.rejection).min(carried));
        };
        let of_start: Vec<&[u32]> = lots.chunk_by(|&a, &b| key(instance, a).1 == key(instance, b).1).collect();
        let mut sweep = Sweep::<N>::new(&self.map, weights);
        for group in of_start.chunks(LANES) {
            let starts: Vec<u32> = group.iter().filter_map(|lots| key(instance, lots[0]).1).collect();
            let work = sweep.from(&starts);
            if spend(1 + work / ARCS_A_TICK) {
                return None;
            }
            let nowhere = group.len() - starts.len();
            for (lane, lots) in group.iter().enumerate() {
                for lot in lots.iter().map(|&at| &instance.lots[at as usize]).filter(|lot| !is_limited(instance, lot)) {
                    // Lots that can begin nowhere come first.
                    let carried =
                        if lane < nowhere { i64::MAX } else { sweep.cheapest(instance, lot, lane - nowhere, unit) };
                    take(lot, carried);
                }
            }
        }
        let mut ways = None;
        for group in of_start {
            let limited =
                || group.iter().map(|&at| &instance.lots[at as usize]).filter(|lot| is_limited(instance, lot));
            let Some(longest) = limited().filter_map(|lot| lot.max_transit_s).max() else { continue };
            let ways = ways.get_or_insert_with(|| Ways::new(instance));
            if let Some(start) = key(instance, group[0]).1 {
                ways.from(start, Some(longest), weights);
            }
            if spend(1 + instance.arcs.len() as u64 / 4) {
                return None;
            }
            for lot in limited() {
                let carried = lot.start.and_then(|_| ways.cheapest(lot, unit)).map_or(i64::MAX, |(cost, _)| cost);
                take(lot, carried);
            }
        }
        Some(sum)
    }
}

fn key(instance: &Instance, at: u32) -> (usize, Option<u32>) {
    let lot = &instance.lots[at as usize];
    (lot.class, lot.start)
}

/// A bound for which no way has to be found: legs cost nothing. No prices prove less.
pub(super) fn trivial(instance: &Instance) -> i64 {
    let of = |lot: &Lot| instance.classes[lot.class].multiplier * lot.quantity * lot.rejection.min(lot.service);
    let sunk = instance.classes.iter().zip(&instance.sunk).map(|(class, &sunk)| class.multiplier * sunk);
    instance.lots.iter().map(of).sum::<i64>() + sunk.sum::<i64>()
}

/// Whether the time on the way counts, and is not that of the nodes.
fn is_limited(instance: &Instance, lot: &Lot) -> bool {
    let is_timed = |node: u32| instance.nodes[node as usize].time_s.is_some();
    lot.max_transit_s.is_some()
        && match lot.goal {
            Goal::Node(node) => !is_timed(node),
            Goal::Port(port) => !instance.ports[port as usize].nodes.iter().all(|&node| is_timed(node)),
        }
}
