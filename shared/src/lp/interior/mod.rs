//! An interior point method for column generation: from a plan and guessed prices to the optimum.
//!
//! A primal-dual interior point method over the ways that are known (Mehrotra 1992, doi:10.1137/0802028), solved each time only as far as what pricing has
//! left open is worth, and gone on with from where it was when pricing has found more ways: the primal-dual column generation of Gondzio,
//! González-Brevis, Munari (2013, doi:10.1016/j.ejor.2012.07.024; multicommodity flows: 2016, doi:10.1007/s12532-015-0090-6). Prices from the middle of
//! what is open move little from one sweep to the next and prove much: a handful of sweeps does what some sixty at the vertices of the simplex method did.
//!
//! # Why a step is cheap
//!
//! With `x` on the ways, `z` what each loses against its group's price, `p` and `s` prices and slacks of resources, `theta = x / z`, a Newton step solves
//!
//! ```text
//! [ diag(s / p) + sum_k ( sum_j theta_j d_j d_j' - g_k g_k' / sum_j theta_j ) ] dp = rhs,      d_j = a_j - a_key,   g_k = sum_j theta_j d_j
//! ```
//!
//! The groups' equations are eliminated beforehand (generalised upper bounds; Dantzig, Van Slyke 1967, doi:10.1016/S0022-0000(67)80022-6), so that the matrix has a row for each
//! *held* resource only: those that are full, or were lately; the others have no price. Differences to a **key** way keep the terms from cancelling each
//! other out where one way carries nearly all. `kro_WorldLarge` holds some 180 rows, its network expanded in time over four weeks 420.
//!
//! # Within the capacities, always
//!
//! Slacks are what the ways leave, exactly, and the method begins from a plan. Where new ways join, or a resource is held from now on that was taken beyond
//! its capacity, the ways through it are scaled down and the rest is turned down for the moment ([`pool::Pool::scale_down`]). Without that, infeasible
//! starts were blocked at a tenth of a step again and again, three times as many steps in all. Dual feasible it is by construction: whatever the prices of
//! resources, a group's price just below its cheapest way is.
//!
//! What did not help: several centrality correctors a step (Gondzio 1996, doi:10.1007/BF00249643), which often made the step shorter; starting each solve
//! on the central path of its groups (`x = mu / z` exactly), which throws away that resources are not overloaded; an earlier answer's
//! plan and prices as the start after a small change: the basis is much nearer (`routing::master::cross`).

mod cholesky;
mod pool;
#[cfg(test)]
mod tests;

use cholesky::Cholesky;
use pool::{Part, Pool};

use crate::budget::Budget;

/// No row.
const NONE: u32 = u32::MAX;
/// Where prices have limits, products are made no smaller than this part of what is asked for: prices from the middle prove more.
const CENTRAL: f64 = 0.5;
/// A step goes this far towards the next limit.
const SHY: f64 = 0.99;
/// Steps of one solve at most.
const STEPS: usize = 40;
/// A row is dropped when its slack makes its price this many times as stiff as its ways do.
const STIFF: f64 = 100.0;
/// Rows that are held at first: priced at this part of the dearest or more, and full but for this part.
const PRICED: f64 = 1e-3;
const FULL: f64 = 0.2;
/// The part of its capacity that is kept free in a row that is held from now on.
const FREE: f64 = 0.02;
/// Prices that have a limit begin so far within.
const INSIDE: f64 = 0.01;
/// What a resource counts of which there is none: there has to be an interior.
const SOME: f64 = 0.01;
/// Rows at most: a step takes the third power of them.
const LARGEST: usize = 2_000;
/// Multiplications that weigh as much as a tick.
const A_TICK: u64 = 256;
/// A way that is cheaper than those that take part by this much, in hundredths, joins.
const SAVES: f64 = 1e-3;

/// Columns as the method sees them: ways through rows, each way of a group. Group `k` carries nothing on way `k`, and the sum over its ways is its quantity.
pub(crate) trait Ways {
    fn len(&self) -> usize;
    fn group(&self, way: u32) -> u32;
    fn cost(&self, way: u32) -> f64;
    /// (row, units), by row.
    fn entries(&self, way: u32) -> &[(u32, u32)];

    /// What a way costs under these prices of rows.
    #[inline]
    fn priced(&self, way: u32, prices: &[f64]) -> f64 {
        let used: f64 = self.entries(way).iter().map(|&(row, units)| prices[row as usize] * f64::from(units)).sum();
        self.cost(way) + used
    }
}

/// A point within.
pub(crate) struct Interior {
    /// `[row]`
    capacity: Vec<f64>,
    /// `[group]`
    quantity: Vec<f64>,
    /// `[row]`: its number among those that are held, or none.
    slot: Vec<u32>,
    /// `[number]`, in the order of rows
    rows: Vec<u32>,
    /// `[number]`
    price: Vec<f64>,
    /// `[number]`: what the ways leave; zero where that is not known yet.
    slack: Vec<f64>,
    /// `[row]`: what a unit beyond the capacity costs at most, and how much is taken; none where it may not be.
    limit: Vec<f64>,
    over: Vec<f64>,
    /// Products become no smaller than this part of what is asked for.
    central: f64,
    part: Part,
    /// `[row]`: whether it was taken beyond its capacity while it was not held; it is not dropped again.
    stays: Vec<bool>,
    matrix: Cholesky,
}

/// How much on which ways. Rows that were not held may be taken beyond their capacity; they are from now on.
pub(crate) struct Shares {
    /// (column, how much)
    pub(crate) flows: Vec<(u32, f64)>,
    /// What they cost, with what is taken beyond capacities.
    pub(crate) value: f64,
}

/// A step, `[number of a held row]`.
struct Step {
    d_price: Vec<f64>,
    d_slack: Vec<f64>,
    /// What the product of price and slack is to grow by.
    wanted: Vec<f64>,
    d_over: Vec<f64>,
    wanted_over: Vec<f64>,
}

impl Step {
    fn none(rows: usize) -> Self {
        let none = || vec![0.0; rows];
        Self { d_price: none(), d_slack: none(), wanted: none(), d_over: none(), wanted_over: none() }
    }
}

impl Interior {
    /// From a plan, prices that are guessed, and how much is open for each way.
    pub(crate) fn new(
        capacity: Vec<f64>,
        quantity: Vec<f64>,
        columns: &impl Ways,
        prices: &[f64],
        plan: &[(u32, f64)],
        mu: f64,
    ) -> Self {
        let mut part = Part { mu, own: vec![0.0; quantity.len()], ..Part::default() };
        part.share.resize(columns.len(), 0.0);
        let (mut room, mut rest) = (capacity.clone(), quantity.clone());
        for &(column, share) in plan {
            part.share[column as usize] += share;
            rest[columns.group(column) as usize] -= share;
            for &(row, units) in columns.entries(column) {
                room[row as usize] -= share * f64::from(units);
            }
        }
        part.share[..rest.len()].copy_from_slice(&rest);
        let capacity: Vec<f64> = capacity.into_iter().map(|capacity| capacity.max(SOME)).collect();
        let (rows, price, slack) = (Vec::new(), Vec::new(), Vec::new());
        let slot = vec![NONE; capacity.len()];
        let (limit, over) = (vec![f64::INFINITY; capacity.len()], vec![0.0; capacity.len()]);
        let stays = vec![false; capacity.len()];
        let matrix = Cholesky::default();
        let mut interior =
            Self { capacity, quantity, slot, rows, price, slack, limit, over, central: 0.0, part, stays, matrix };
        let least = PRICED * prices.iter().copied().fold(0.0, f64::max);
        for (row, &price) in prices.iter().enumerate() {
            if price > least && room[row] < FULL * interior.capacity[row] {
                interior.hold(row as u32, price, 0.0);
            }
        }
        interior
    }

    /// Rows may be taken beyond their capacity at these prices, `[row]`, and are all held.
    pub(crate) fn with_limits(mut self, limit: &[f64], prices: &[f64]) -> Self {
        self.limit = limit.to_vec();
        self.stays.fill(true);
        self.central = CENTRAL;
        (self.rows, self.price, self.slack) = (Vec::new(), Vec::new(), Vec::new());
        for (row, (&limit, &price)) in limit.iter().zip(prices).enumerate() {
            self.hold(row as u32, price.clamp(INSIDE * limit, (1.0 - INSIDE) * limit), 0.0);
        }
        self
    }

    fn hold(&mut self, row: u32, price: f64, slack: f64) {
        self.slot[row as usize] = self.rows.len() as u32;
        self.rows.push(row);
        self.price.push(price);
        self.slack.push(slack);
    }

    /// Ways that carry next to nothing stay while they lose less than this; by default they leave until they are cheaper than those that
    /// take part. The simplex method's degenerate vertices have their like here: a way that leaves too soon comes back and drives out another.
    pub(crate) fn leave_out_above(&mut self, dear: f64) {
        self.part.dear = dear;
    }

    /// Puts up the price of a row that has a limit, and the limit; the caller takes as much off the cost of every way through it, for each unit.
    pub(crate) fn raise(&mut self, row: u32, more: f64) {
        self.limit[row as usize] += more;
        self.price[self.slot[row as usize] as usize] += more;
    }

    /// Whether a step would take too long.
    pub(crate) fn is_too_large(&self) -> bool {
        self.rows.len() > LARGEST
    }

    /// `[row]`
    pub(crate) fn prices(&self) -> Vec<f64> {
        let mut prices = vec![0.0; self.slot.len()];
        for (&row, &price) in self.rows.iter().zip(&self.price) {
            prices[row as usize] = price;
        }
        prices
    }

    /// `[group]`: what its cheapest way that takes part costs at the prices; and columns that take no part and are cheaper.
    pub(crate) fn pays(&self, columns: &impl Ways, prices: &[f64]) -> (Vec<f64>, Vec<u32>) {
        let mut pays: Vec<f64> = (0..self.quantity.len() as u32).map(|nothing| columns.cost(nothing)).collect();
        let costs: Vec<f64> = (0..columns.len() as u32).map(|column| columns.priced(column, prices)).collect();
        for column in (0..columns.len()).filter(|&column| self.part.share[column] > 0.0) {
            let pays = &mut pays[columns.group(column as u32) as usize];
            *pays = pays.min(costs[column]);
        }
        let is_cheaper = |&column: &u32| costs[column as usize] < pays[columns.group(column) as usize] - SAVES;
        let cheaper = (0..columns.len() as u32).filter(is_cheaper).collect();
        (pays, cheaper)
    }

    /// Comes to within `target` of the optimum over the columns that take part, `new` ones among them.
    pub(crate) fn improve(&mut self, columns: &impl Ways, new: &[u32], target: f64, budget: &mut Budget<'_>) -> Shares {
        self.part.share.resize(columns.len(), 0.0);
        self.part.is_new.resize(columns.len(), false);
        for &column in new {
            self.part.is_new[column as usize] = self.part.share[column as usize] == 0.0;
        }
        let mut pool = Pool::new(columns, &self.prices(), &self.slot, &self.quantity, &self.part);
        let pairs =
            (pool.pairs() + self.rows.len() + self.limit.iter().filter(|limit| limit.is_finite()).count()) as f64;
        self.make_room(&mut pool);
        let mut is_stiff = vec![false; self.rows.len()];
        let mut stiffness: Vec<f64> = self.slack.iter().zip(&self.price).map(|(slack, price)| slack / price).collect();
        for _ in 0..STEPS {
            self.part.mu = self.complementarity(&pool) / pairs;
            let goes_on = self.part.mu * pairs > target && budget.stopped().is_none();
            if !goes_on {
                break;
            }
            let work = self.step(&mut pool, &mut is_stiff, &mut stiffness, self.central * target / pairs);
            budget.spend(1 + (work + pool.work()) / A_TICK);
            self.slack = self.room(&pool);
            // Rounding must not take the last of it.
            let least = |(slack, &row): (&mut f64, &u32)| *slack = slack.max(1e-12 * self.capacity[row as usize]);
            self.slack.iter_mut().zip(&self.rows).for_each(least);
        }
        self.part.mu = self.complementarity(&pool) / pairs;
        pool.leave(columns, &self.prices(), &self.quantity, &mut self.part);
        let flows = pool.shares();
        self.watch(columns, &flows, &is_stiff);
        let over: f64 = self.limited().map(|(_, row)| self.limit[row] * self.over[row]).sum();
        Shares { value: pool.value() + over, flows }
    }

    fn complementarity(&self, pool: &Pool) -> f64 {
        let over: f64 = self.limited().map(|(at, row)| (self.limit[row] - self.price[at]) * self.over[row]).sum();
        let slack: f64 = self.price.iter().zip(&self.slack).map(|(price, slack)| price * slack).sum();
        pool.complementarity() + slack + over
    }

    /// (number, row) of the held rows that may be taken beyond their capacity.
    fn limited(&self) -> impl Iterator<Item = (usize, usize)> {
        let rows = self.rows.iter().map(|&row| row as usize).enumerate();
        rows.filter(|&(_, row)| self.limit[row].is_finite())
    }

    /// What the ways leave of each held row and what is taken beyond it.
    fn room(&self, pool: &Pool) -> Vec<f64> {
        let mut room: Vec<f64> =
            self.rows.iter().map(|&row| self.capacity[row as usize] + self.over[row as usize]).collect();
        pool.use_up(&mut room);
        room
    }

    /// Brings the ways within the capacities, with some room left.
    fn make_room(&mut self, pool: &mut Pool) {
        let mut left = vec![1.0; self.rows.len()];
        for (at, room) in self.room(pool).into_iter().enumerate() {
            let row = self.rows[at] as usize;
            let capacity = self.capacity[row];
            let is_known = self.slack[at] > 0.0;
            let central = self.part.mu / self.price[at];
            if self.limit[row].is_finite() {
                self.over[row] =
                    (self.part.mu / (self.limit[row] - self.price[at])).max(self.over[row] + central - room);
                continue;
            }
            let kept = if is_known { 0.5 * self.slack[at].min(central) } else { FREE * capacity };
            if room < kept {
                left[at] = (capacity - kept) / (capacity - room);
            }
        }
        pool.scale_down(&left);
        self.slack = self.room(pool);
    }

    /// One predictor and corrector. Returns the multiplications of the matrix.
    fn step(&mut self, pool: &mut Pool, is_stiff: &mut [bool], stiffness: &mut [f64], least: f64) -> u64 {
        let rows = self.rows.len();
        self.matrix.clear(rows);
        let mut work = pool.assemble(&mut self.matrix, stiffness);
        for at in 0..rows {
            let row = self.rows[at] as usize;
            let mut own = self.slack[at] / self.price[at];
            if self.limit[row].is_finite() {
                own += self.over[row] / (self.limit[row] - self.price[at]);
            }
            is_stiff[at] = own > STIFF * self.matrix.diagonal(at);
            self.matrix.add(at as u32, at as u32, own);
            stiffness[at] = self.matrix.diagonal(at);
        }
        work += self.matrix.factorise();
        let mut step = Step::none(rows);
        self.direction(pool, &mut step, 0.0, 0.0);
        let (primal, dual) = self.lengths(pool, &step, 1.0);
        let mut after = pool.complementarity_after(primal, dual);
        for at in 0..rows {
            after += (self.price[at] + dual * step.d_price[at]) * (self.slack[at] + primal * step.d_slack[at]);
        }
        for (at, row) in self.limited() {
            let saved = self.limit[row] - self.price[at] - dual * step.d_price[at];
            after += saved * (self.over[row] + primal * step.d_over[at]);
        }
        let share = (after / self.complementarity(pool)).clamp(0.0, 1.0);
        let target = (self.part.mu * (share * share * share).max(1e-6)).max(least.min(self.part.mu));
        // A predictor that did not get far says little about the second order.
        self.direction(pool, &mut step, target, primal.min(dual));
        let (primal, dual) = self.lengths(pool, &step, SHY);
        pool.advance(primal, dual);
        for (price, d_price) in self.price.iter_mut().zip(&step.d_price) {
            *price += dual * d_price;
        }
        for (&row, d_over) in self.rows.iter().zip(&step.d_over) {
            self.over[row as usize] += primal * d_over;
        }
        work
    }

    /// Directions that bring products to `target`; the last directions' products are taken off as far as they are `trusted`.
    fn direction(&self, pool: &mut Pool, step: &mut Step, target: f64, trusted: f64) {
        pool.want(target, trusted);
        let mut rhs: Vec<f64> = Vec::with_capacity(self.rows.len());
        for (at, (price, slack)) in self.price.iter().zip(&self.slack).enumerate() {
            step.wanted[at] = target - price * slack - trusted * step.d_price[at] * step.d_slack[at];
            rhs.push(step.wanted[at] / price);
        }
        for (at, row) in self.limited() {
            let saved = self.limit[row] - self.price[at];
            step.wanted_over[at] = target - saved * self.over[row] + trusted * step.d_price[at] * step.d_over[at];
            rhs[at] -= step.wanted_over[at] / saved;
        }
        pool.right_hand_side(&mut rhs);
        self.matrix.solve(&mut rhs);
        pool.directions(&rhs);
        for (at, &d_price) in rhs.iter().enumerate() {
            step.d_slack[at] = (step.wanted[at] - self.slack[at] * d_price) / self.price[at];
        }
        for (at, row) in self.limited() {
            step.d_over[at] = (step.wanted_over[at] + self.over[row] * rhs[at]) / (self.limit[row] - self.price[at]);
        }
        step.d_price = rhs;
    }

    /// How far a step may go: ways and slacks, prices and what ways lose.
    fn lengths(&self, pool: &Pool, step: &Step, shy: f64) -> (f64, f64) {
        let (mut primal, mut dual) = pool.lengths();
        for (at, (&d_price, &d_slack)) in step.d_price.iter().zip(&step.d_slack).enumerate() {
            if d_slack < 0.0 {
                primal = primal.min(-self.slack[at] / d_slack);
            }
            if d_price < 0.0 {
                dual = dual.min(-self.price[at] / d_price);
            }
        }
        for (at, row) in self.limited() {
            if step.d_over[at] < 0.0 {
                primal = primal.min(-self.over[row] / step.d_over[at]);
            }
            if step.d_price[at] > 0.0 {
                dual = dual.min((self.limit[row] - self.price[at]) / step.d_price[at]);
            }
        }
        ((shy * primal).min(1.0), (shy * dual).min(1.0))
    }

    /// Drops rows that are far from full, and holds those that have been taken beyond their capacity.
    fn watch(&mut self, columns: &impl Ways, flows: &[(u32, f64)], is_stiff: &[bool]) {
        let mut used = vec![0.0; self.slot.len()];
        for &(column, share) in flows {
            for &(row, units) in columns.entries(column) {
                used[row as usize] += share * f64::from(units);
            }
        }
        let (slot, price, slack) = (self.slot.clone(), self.price.clone(), self.slack.clone());
        self.rows.clear();
        self.price.clear();
        self.slack.clear();
        self.slot.fill(NONE);
        for (row, &at) in slot.iter().enumerate() {
            let capacity = self.capacity[row];
            let at = at as usize;
            if at < is_stiff.len() && (!is_stiff[at] || self.stays[row]) {
                self.hold(row as u32, price[at], slack[at]);
            } else if used[row] > capacity {
                self.stays[row] = true;
                self.hold(row as u32, self.part.mu / (FREE * capacity), 0.0);
            }
        }
    }
}
