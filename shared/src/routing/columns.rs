//! The ways that have been found so far: each a column of the master problem.
//!
//! Columns `0..commodities` say that a commodity's containers are not carried; each later one is a path.

use std::collections::BTreeMap;

use super::network::Network;
use crate::lp::interior::Ways;

/// A pool of columns.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    /// What a container costs, its class's weight in it.
    pub(super) cost: Vec<f64>,
    pub(super) commodity: Vec<u32>,
    /// Where each column's entries end.
    entries_end: Vec<u32>,
    /// (row, units), by row.
    entries: Vec<(u32, u32)>,
    arcs_end: Vec<u32>,
    arcs: Vec<u32>,
    /// Hash of a path -> its columns.
    known: BTreeMap<(u32, u64), u32>,
    scratch: Vec<(u32, u32)>,
}

impl Columns {
    /// Columns of not carrying; `weight[class]` is what a class counts.
    pub(super) fn new(network: &Network, weight: &[f64]) -> Self {
        let mut columns = Self::default();
        for (at, commodity) in network.commodities.iter().enumerate() {
            columns.cost.push(commodity.rejection as f64 * weight[commodity.class]);
            columns.commodity.push(at as u32);
            columns.entries_end.push(0);
            columns.arcs_end.push(0);
        }
        columns
    }

    pub(super) fn len(&self) -> usize {
        self.cost.len()
    }

    /// The column of a path, and whether it is new.
    pub(super) fn add(&mut self, network: &Network, commodity: usize, arcs: &[u32], weight: f64) -> (u32, bool) {
        let hash = arcs.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &arc| {
            (hash ^ u64::from(arc)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23)
        });
        let mut key = (commodity as u32, hash);
        while let Some(&column) = self.known.get(&key) {
            if self.arcs(column) == arcs {
                return (column, false);
            }
            key.1 = key.1.wrapping_add(1);
        }
        let column = self.len() as u32;
        self.known.insert(key, column);
        self.cost.push(network.cost_of(&network.commodities[commodity], arcs) as f64 * weight);
        self.commodity.push(commodity as u32);
        self.scratch.clear();
        self.scratch.extend(arcs.iter().flat_map(|&arc| network.uses(arc as usize)));
        self.scratch.sort_unstable();
        let first = self.entries.len();
        for &(row, units) in &self.scratch {
            match self.entries[first..].last_mut() {
                Some(last) if last.0 == row => last.1 += units,
                _ => self.entries.push((row, units)),
            }
        }
        self.entries_end.push(self.entries.len() as u32);
        self.arcs.extend_from_slice(arcs);
        self.arcs_end.push(self.arcs.len() as u32);
        (column, true)
    }

    /// (row, units)
    #[inline]
    pub(super) fn entries(&self, column: u32) -> &[(u32, u32)] {
        let at = column as usize;
        let begin = if at == 0 { 0 } else { self.entries_end[at - 1] };
        &self.entries[begin as usize..self.entries_end[at] as usize]
    }

    pub(super) fn arcs(&self, column: u32) -> &[u32] {
        let at = column as usize;
        let begin = if at == 0 { 0 } else { self.arcs_end[at - 1] };
        &self.arcs[begin as usize..self.arcs_end[at] as usize]
    }

    /// What a column costs under these prices.
    #[inline]
    pub(super) fn priced(&self, column: u32, prices: &[f64]) -> f64 {
        let used: f64 = self.entries(column).iter().map(|&(row, units)| prices[row as usize] * f64::from(units)).sum();
        self.cost[column as usize] + used
    }

    /// The columns that are dearer than the cheapest of their commodity by this share at most, at these prices.
    pub(super) fn near(&self, network: &Network, prices: &[f64], share: f64) -> Vec<u32> {
        let costs: Vec<f64> = (0..self.len() as u32).map(|column| self.priced(column, prices)).collect();
        let mut least = vec![f64::INFINITY; network.commodities.len()];
        for (&commodity, &cost) in self.commodity.iter().zip(&costs) {
            let least = &mut least[commodity as usize];
            *least = least.min(cost);
        }
        let is_near = |column: &u32| {
            let least = least[self.commodity[*column as usize] as usize];
            costs[*column as usize] <= least + share * least.abs()
        };
        (0..self.len() as u32).filter(is_near).collect()
    }
}

impl Ways for Columns {
    fn len(&self) -> usize {
        self.len()
    }

    fn group(&self, way: u32) -> u32 {
        self.commodity[way as usize]
    }

    fn cost(&self, way: u32) -> f64 {
        self.cost[way as usize]
    }

    #[inline]
    fn entries(&self, way: u32) -> &[(u32, u32)] {
        self.entries(way)
    }
}
