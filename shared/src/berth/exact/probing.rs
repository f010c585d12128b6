//! Looks at what splits would prove before it makes one.
//!
//! The restricted master says nothing about a split: it lacks the columns with which either side would go on, and rises as far
//! as anyone looks. So a side is tried by column generation. Often one turns out to hold no plan of interest: then the other
//! is all there is, and the search goes on in it at once (probing; Savelsbergh 1994, doi:10.1287/ijoc.6.4.445). Of the splits
//! that leave two sides, the best by product of the two rises is made (strong branching; Achterberg, Koch & Martin 2005,
//! doi:10.1016/j.orl.2004.04.002; by column generation as in the last phase of Pecin, Pessoa, Poggi & Uchoa 2017,
//! doi:10.1007/s12532-016-0108-8).

use super::branching::{self, Split};
use super::{Search, Visit, settle};
use crate::berth::bound::generate::{Bound, End};
use crate::berth::bound::network::Network;
use crate::budget::Budget;
use crate::lp::Basis;

/// Splits that are tried on a problem at most, and after the best so far.
const LOOKS: usize = 12;
const PATIENCE: usize = 4;
/// Pricing rounds for each side.
const ROUNDS: u64 = 20;

/// One side of a split, as far as column generation got.
struct Side {
    networks: Vec<Network>,
    served: Vec<bool>,
    center: Bound,
    basis: Basis,
    /// It holds no plan of interest.
    closed: bool,
}

/// What comes of looking at splits.
enum Found {
    /// One side holds no plan of interest, or neither does.
    Closed(Split, Box<[Side; 2]>),
    /// The best of them, with the bounds of its sides.
    Best(Split, [Bound; 2]),
}

impl<'a> Search<'_, 'a> {
    /// Closes the generator's current problem, whose master is solved, or splits it and queues the parts. False where neither
    /// can be done.
    pub(super) fn expand(
        &mut self,
        mut record: usize,
        mut depth: u32,
        mut served: Vec<bool>,
        budget: &mut Budget<'_>,
        visit: Visit<'_, 'a>,
    ) -> bool {
        loop {
            let candidates = branching::candidates(self.generator, &served);
            let found = if candidates.is_empty() {
                let center = self.generator.center.clone();
                branching::undecided(self.generator, &served).map(|split| Found::Best(split, [center.clone(), center]))
            } else {
                self.compare(candidates, &served, budget)
            };
            match found {
                None => return false,
                Some(Found::Best(split, centers)) => {
                    let first = self.split(record, &split);
                    for (side, center) in centers.into_iter().enumerate() {
                        self.records[first + side].duals.push(center.duals.clone());
                        self.queue(first + side, depth, &split, side, after(&split, side, &served), center);
                    }
                    return true;
                }
                Some(Found::Closed(split, sides)) => {
                    let first = self.split(record, &split);
                    let mut open = None;
                    for (side, part) in (*sides).into_iter().enumerate() {
                        if part.closed {
                            self.records[first + side].duals.push(part.center.duals);
                        } else {
                            open = Some((first + side, part));
                        }
                    }
                    let Some((child, part)) = open else { return true };
                    (record, depth) = (child, depth + 1);
                    served.clone_from(&part.served);
                    let end = self.go_on(record, part, budget);
                    let overall = self.lower().min(self.generator.lower());
                    let goes_on = end == End::Converged && visit(self.generator, self.nodes, overall, budget);
                    if self.generator.lower() >= self.generator.upper {
                        return true;
                    }
                    if !goes_on {
                        return false;
                    }
                }
            }
        }
    }

    /// Makes the open side of a split the generator's current problem.
    fn go_on(&mut self, record: usize, part: Side, budget: &mut Budget<'_>) -> End {
        self.nodes += 1;
        let g = &mut *self.generator;
        g.networks = part.networks;
        g.center = part.center;
        g.set_served(&part.served);
        g.recenter();
        g.master.lp.set_basis(part.basis);
        g.fixings.clear();
        let end = settle(g, budget);
        self.note(record);
        end
    }

    /// Looks at both sides of splits until one closes a side or the best of them stays the best for long. The generator is
    /// left as it was. Nothing where the budget is spent.
    fn compare(&mut self, candidates: Vec<Split>, served: &[bool], budget: &mut Budget<'_>) -> Option<Found> {
        let networks = self.generator.networks.clone();
        let (center, basis) = (self.generator.center.clone(), self.generator.master.lp.basis());
        let mut best: Option<(i128, Split, [Bound; 2])> = None;
        let mut idle = 0;
        for split in candidates.into_iter().take(LOOKS) {
            let mut look = |side: usize| {
                let found = self.look(&split, side, served, budget);
                let g = &mut *self.generator;
                g.networks.clone_from(&networks);
                g.center.clone_from(&center);
                g.set_served(served);
                g.master.lp.set_basis(basis.clone());
                found
            };
            let sides = [look(0)?, look(1)?];
            if sides.iter().any(|side| side.closed) {
                return Some(Found::Closed(split, Box::new(sides)));
            }
            let rise = |side: &Side| i128::from(side.center.value - center.value).max(1);
            let score = rise(&sides[0]) * rise(&sides[1]);
            idle += 1;
            if best.as_ref().is_none_or(|b| score > b.0) {
                best = Some((score, split, sides.map(|side| side.center)));
                idle = 0;
            }
            if idle >= PATIENCE {
                break;
            }
        }
        best.map(|(_, split, centers)| Found::Best(split, centers))
    }

    /// Column generation on one side of a split of the generator's current problem. Nothing where the budget is spent.
    fn look(&mut self, split: &Split, side: usize, served: &[bool], budget: &mut Budget<'_>) -> Option<Side> {
        let g = &mut *self.generator;
        let part =
            |(q, net): (usize, &Network)| net.filtered(&g.ranks[q], &mut |a| branching::stays(g, split, side, q, a));
        let networks: Vec<Network> = g.networks.iter().enumerate().map(part).collect();
        g.networks.clone_from(&networks);
        let served = after(split, side, served);
        g.set_served(&served);
        g.recenter();
        let mut closed = g.lower() >= g.upper;
        if !closed {
            closed = g.run(budget, ROUNDS) == End::Closed;
        }
        (closed || budget.stopped().is_none()).then(|| Side {
            networks,
            served,
            center: g.center.clone(),
            basis: g.master.lp.basis(),
            closed,
        })
    }
}

/// The calls that may not be left out on one side.
fn after(split: &Split, side: usize, served: &[bool]) -> Vec<bool> {
    let mut served = served.to_vec();
    if let (Split::Served { call }, 0) = (split, side) {
        served[*call as usize] = true;
    }
    served
}
