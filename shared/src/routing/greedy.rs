//! First plans: commodities in the order of what they lose by staying, each poured along its cheapest open way.
//!
//! Each round prices all commodities at once with the full arcs closed, and pours them in order while there is room; who found its way
//! filled by others waits for the next round. A few rounds place nearly everything. [`pour_chosen`] takes more from the
//! dual than its prices: which ways were chosen how often while prices moved about.

use std::cmp::Reverse;

use super::columns::Columns;
use super::lagrange::Dual;
use super::network::Network;
use super::paths::Paths;
use crate::budget::Budget;

/// Rounds after which nearly nothing more is placed; and as many as are worth their time while better plans are still to come.
pub(super) const ALL: usize = 8;
pub(super) const FEW: usize = 3;

/// Whole containers on columns.
#[derive(Clone, Debug)]
pub(super) struct Poured {
    /// (column, containers), the columns of not carrying left out.
    pub(super) flows: Vec<(u32, i64)>,
    /// Containers that are not carried, by commodity.
    pub(super) rest: Vec<i64>,
}

/// Everything waits to be poured.
pub(super) fn from_nothing(network: &Network) -> Pouring<'_> {
    let quantities: Vec<i64> = network.commodities.iter().map(|commodity| commodity.quantity).collect();
    Pouring::new(network, network.capacity.clone(), quantities)
}

/// Pours by how often a way was chosen under prices that moved about: first those commodities that always chose the same, then those that could not decide,
/// into what is left. What finds no room waits for the rounds.
pub(super) fn pour_chosen(
    network: &Network,
    paths: &mut Paths<'_>,
    columns: &mut Columns,
    dual: &Dual,
    weights: &[f64],
    budget: &mut Budget<'_>,
) -> Poured {
    let mut pouring = from_nothing(network);
    pouring.chosen(columns, dual);
    pouring.run(FEW, paths, columns, &dual.trial, weights, budget)
}

/// Pours what is left into the room that is left.
pub(super) struct Pouring<'n> {
    network: &'n Network,
    room: Vec<i64>,
    /// Rows that stopped a column.
    is_full: Vec<bool>,
    poured: Poured,
}

/// A commodity that waits to be poured.
struct Waiting {
    commodity: usize,
    gain: f64,
    column: u32,
}

impl<'n> Pouring<'n> {
    pub(super) fn new(network: &'n Network, room: Vec<i64>, rest: Vec<i64>) -> Self {
        let poured = Poured { flows: Vec::new(), rest };
        Self { network, is_full: vec![false; room.len()], room, poured }
    }

    /// Pours along the chosen ways of the pool, whatever they cost.
    fn chosen(&mut self, columns: &Columns, dual: &Dual) {
        // (commodity, how seldom, column)
        let mut chosen: Vec<(u32, u32, u32)> = Vec::new();
        for (column, &count) in dual.chosen.iter().enumerate() {
            if count > 0 {
                chosen.push((columns.commodity[column], u32::MAX - count, column as u32));
            }
        }
        chosen.sort_unstable();
        let mut order: Vec<&[(u32, u32, u32)]> = chosen.chunk_by(|a, b| a.0 == b.0).collect();
        order.sort_by_cached_key(|ways| {
            let (commodity, seldom, column) = ways[0];
            let gain = columns.cost[commodity as usize] - columns.priced(column, &dual.trial);
            // By how often, then by what it earns, the most first.
            (seldom, Reverse(gain.max(0.0).to_bits()), commodity)
        });
        for ways in order {
            for &(commodity, _, column) in ways {
                if column == commodity || self.poured.rest[commodity as usize] == 0 {
                    break;
                }
                self.one(columns, &Waiting { commodity: commodity as usize, gain: 0.0, column });
            }
        }
    }

    pub(super) fn run(
        mut self,
        rounds: usize,
        paths: &mut Paths<'_>,
        columns: &mut Columns,
        prices: &[f64],
        weights: &[f64],
        budget: &mut Budget<'_>,
    ) -> Poured {
        for _ in 0..rounds {
            if !self.round(paths, columns, prices, weights, budget) || budget.stopped().is_some() {
                break;
            }
        }
        self.poured
    }

    /// (column, containers) so far.
    pub(super) fn flows(&self) -> &[(u32, i64)] {
        &self.poured.flows
    }

    /// Returns whether anything was poured.
    pub(super) fn round(
        &mut self,
        paths: &mut Paths<'_>,
        columns: &mut Columns,
        prices: &[f64],
        weights: &[f64],
        budget: &mut Budget<'_>,
    ) -> bool {
        let network = self.network;
        let mut waiting = Vec::new();
        let mut class = None;
        for group in 0..paths.groups() {
            if paths.commodities(group).all(|at| self.poured.rest[at] == 0) {
                continue;
            }
            let of = paths.class(group);
            if class != Some(of) {
                class = Some(of);
                paths.weigh(prices, weights[of]);
                for arc in 0..network.tail.len() {
                    let has_room = |&(row, units): &(u32, u32)| {
                        !self.is_full[row as usize] && self.room[row as usize] >= i64::from(units)
                    };
                    if !network.uses(arc).iter().all(has_room) {
                        paths.close(arc);
                    }
                }
            }
            let rest = &self.poured.rest;
            let mut found = Vec::new();
            paths.visit(
                group,
                budget,
                &mut |at, priced| rest[at] > 0 && priced < network.commodities[at].rejection as f64,
                &mut |way| {
                    let (column, _) = columns.add(network, way.commodity, way.arcs, weights[of]);
                    let gain = (network.commodities[way.commodity].rejection as f64 - way.priced) * weights[of];
                    found.push(Waiting { commodity: way.commodity, gain, column });
                },
            );
            waiting.append(&mut found);
            if budget.stopped().is_some() {
                break;
            }
        }
        waiting.sort_by(|a, b| b.gain.total_cmp(&a.gain).then(a.commodity.cmp(&b.commodity)));
        let mut any = false;
        for next in waiting {
            any |= self.one(columns, &next);
        }
        any
    }

    fn one(&mut self, columns: &Columns, next: &Waiting) -> bool {
        let at = next.commodity;
        let entries = columns.entries(next.column);
        let room = |&(row, units): &(u32, u32)| {
            let left = if self.is_full[row as usize] { 0 } else { self.room[row as usize] / i64::from(units) };
            (left, row)
        };
        let (most, row) = entries.iter().map(room).min().unwrap_or((i64::MAX, 0));
        let rest = self.poured.rest[at];
        let amount = most.min(rest);
        if amount <= 0 || (self.network.commodities[at].whole && amount < rest) {
            return false;
        }
        for &(row, units) in entries {
            self.room[row as usize] -= amount * i64::from(units);
        }
        self.poured.rest[at] -= amount;
        self.poured.flows.push((next.column, amount));
        if amount < rest {
            self.is_full[row as usize] = true;
        }
        true
    }
}
