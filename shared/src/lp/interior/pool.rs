//! The ways that take part, side by side: what they carry and what they lose.

use super::cholesky::Cholesky;
use super::{NONE, Ways};

/// A way with a smaller part of its group carries next to nothing.
const NOTHING: f64 = 1e-3;
/// A way adds nothing to the matrix where it makes its rows stiffer by less than this part.
const NEGLIGIBLE: f64 = 1e-6;

/// What takes part between two solves.
#[derive(Default)]
pub(super) struct Part {
    /// `[column]`: units; zero where it takes no part.
    pub(super) share: Vec<f64>,
    /// `[column]`: whether it comes in now.
    pub(super) is_new: Vec<bool>,
    /// `[group]`: its price.
    pub(super) own: Vec<f64>,
    pub(super) mu: f64,
    /// A way that carries next to nothing and loses more takes no part from then on.
    pub(super) dear: f64,
}

/// Ways by group, that of not carrying first.
#[derive(Default)]
pub(super) struct Pool {
    /// `[group with a choice]`: which, and where its ways end.
    group: Vec<u32>,
    end: Vec<u32>,
    column: Vec<u32>,
    cost: Vec<f64>,
    /// `[way]`: where its entries end.
    entries_end: Vec<u32>,
    /// (number of a held row, units), by number.
    entries: Vec<(u32, f64)>,
    /// `[way]`: units, what one loses against the group's price, and their directions.
    x: Vec<f64>,
    z: Vec<f64>,
    dx: Vec<f64>,
    dz: Vec<f64>,
    /// `[way]`: `x / z`, of this step.
    theta: Vec<f64>,
    /// `[way]`: what the product `x z` is to grow by, and what that makes of `x` at the same prices.
    wanted: Vec<f64>,
    v: Vec<f64>,
    /// `[group]`: position of a way with a large part.
    key: Vec<u32>,
    /// `[way]`: where its entries less the key's begin and end.
    differences_at: Vec<u32>,
    differences_end: Vec<u32>,
    differences: Vec<(u32, f64)>,
    /// Groups without any way: (column of not carrying, units), and what they cost.
    fixed: Vec<(u32, f64)>,
    fixed_cost: f64,
}

impl Pool {
    /// The columns that take part, `share` of them, or are new.
    pub(super) fn new(columns: &impl Ways, prices: &[f64], slot: &[u32], quantity: &[f64], part: &Part) -> Self {
        let groups = quantity.len();
        let mut begin = vec![0_u32; groups + 1];
        // What no way has room for is turned down: there is always an interior.
        let takes_part = |column: usize| column < groups || part.share[column] > 0.0 || part.is_new[column];
        for column in (0..columns.len()).filter(|&column| takes_part(column)) {
            begin[columns.group(column as u32) as usize + 1] += 1;
        }
        for at in 0..groups {
            begin[at + 1] += begin[at];
        }
        let mut order = vec![0_u32; begin[groups] as usize];
        let mut next = begin.clone();
        for column in (0..columns.len()).filter(|&column| takes_part(column)) {
            let next = &mut next[columns.group(column as u32) as usize];
            order[*next as usize] = column as u32;
            *next += 1;
        }
        let mut pool = Self::default();
        for at in 0..groups {
            let ways = &order[begin[at] as usize..begin[at + 1] as usize];
            if let &[only] = ways {
                pool.fixed.push((only, quantity[at]));
                pool.fixed_cost += quantity[at] * columns.cost(only);
                continue;
            }
            let mut is_central = true;
            for &column in ways {
                let at_column = column as usize;
                pool.column.push(column);
                pool.cost.push(columns.cost(column));
                let (x, z) = (part.share[at_column], columns.priced(column, prices) - part.own[at]);
                is_central &= x * z > 0.1 * part.mu;
                pool.x.push(x);
                pool.z.push(z);
                let of = columns.entries(column).iter().filter(|&&(row, _)| slot[row as usize] != NONE);
                pool.entries.extend(of.map(|&(row, units)| (slot[row as usize], f64::from(units))));
                pool.entries_end.push(pool.entries.len() as u32);
            }
            pool.group.push(at as u32);
            pool.end.push(pool.column.len() as u32);
            if !is_central {
                pool.refit(pool.group.len() - 1, quantity[at], part.mu);
            }
        }
        for list in [&mut pool.dx, &mut pool.dz, &mut pool.v, &mut pool.wanted, &mut pool.theta] {
            list.resize(pool.column.len(), 0.0);
        }
        pool.key.resize(pool.group.len(), NONE);
        let mut size = 0;
        for at in 0..pool.group.len() {
            let longest = pool.ways(at).map(|way| pool.entries(way).len()).max().unwrap_or(0);
            for way in pool.ways(at) {
                pool.differences_at.push(size as u32);
                size += longest + pool.entries(way).len();
            }
        }
        pool.differences_end.clone_from(&pool.differences_at);
        pool.differences.resize(size, (0, 0.0));
        pool
    }

    /// What takes part from now on: ways that carry next to nothing and lose too much leave, and the largest takes what they had.
    pub(super) fn leave(&self, columns: &impl Ways, prices: &[f64], quantity: &[f64], part: &mut Part) {
        part.share.fill(0.0);
        part.is_new.fill(false);
        for &(column, quantity) in &self.fixed {
            part.share[column as usize] = quantity;
        }
        for at in 0..self.group.len() {
            let of = self.group[at] as usize;
            let ways = self.ways(at);
            let mut key = ways.start;
            let mut rest = quantity[of];
            for way in ways.clone() {
                if self.x[way] > self.x[key] {
                    key = way;
                }
            }
            for way in ways {
                let stays = self.x[way] > NOTHING * quantity[of] || self.z[way] < part.dear;
                if way != key && (self.column[way] == of as u32 || stays) {
                    part.share[self.column[way] as usize] = self.x[way];
                    rest -= self.x[way];
                }
            }
            part.share[self.column[key] as usize] = rest;
            part.own[of] = columns.priced(self.column[key], prices) - self.z[key];
        }
    }

    /// Multiplications of a step beside those for the matrix, about.
    pub(super) fn work(&self) -> u64 {
        8 * (self.entries.len() + self.x.len()) as u64
    }

    pub(super) fn pairs(&self) -> usize {
        self.x.len()
    }

    fn ways(&self, at: usize) -> std::ops::Range<usize> {
        let begin = if at == 0 { 0 } else { self.end[at - 1] };
        begin as usize..self.end[at] as usize
    }

    fn entries(&self, way: usize) -> &[(u32, f64)] {
        let begin = if way == 0 { 0 } else { self.entries_end[way - 1] };
        &self.entries[begin as usize..self.entries_end[way] as usize]
    }

    fn differences(&self, way: usize) -> &[(u32, f64)] {
        &self.differences[self.differences_at[way] as usize..self.differences_end[way] as usize]
    }

    /// Moves a group into the interior: its price below its cheapest way, and units on every way, so that no product `x z` is far below `mu`.
    fn refit(&mut self, at: usize, q: f64, mu: f64) {
        let ways = self.ways(at);
        let z = &mut self.z[ways.clone()];
        let below = mu * z.len() as f64 / q - z.iter().copied().fold(f64::INFINITY, f64::min);
        let mut sum = 0.0;
        for (x, z) in self.x[ways.clone()].iter_mut().zip(z) {
            *z += below;
            *x = x.max(mu / *z);
            sum += *x;
        }
        self.x[ways].iter_mut().for_each(|x| *x *= q / sum);
    }

    /// Takes what the ways use off the room.
    pub(super) fn use_up(&self, room: &mut [f64]) {
        let mut begin = 0;
        for (&end, &x) in self.entries_end.iter().zip(&self.x) {
            for &(row, units) in &self.entries[begin..end as usize] {
                room[row as usize] -= x * units;
            }
            begin = end as usize;
        }
    }

    /// Leaves so much of what ways carry at least, `[row]`; the rest is turned down.
    pub(super) fn scale_down(&mut self, share: &[f64]) {
        for at in 0..self.group.len() {
            let ways = self.ways(at);
            // Not carrying comes first.
            let mut less = 0.0;
            for way in ways.clone() {
                let left = self.entries(way).iter().map(|&(row, _)| share[row as usize]).fold(1.0, f64::min);
                less += self.x[way] * (1.0 - left);
                self.x[way] *= left;
            }
            self.x[ways.start] += less;
        }
    }

    pub(super) fn complementarity(&self) -> f64 {
        self.x.iter().zip(&self.z).map(|(x, z)| x * z).sum()
    }

    pub(super) fn complementarity_after(&self, primal: f64, dual: f64) -> f64 {
        let mut sum = 0.0;
        for way in 0..self.x.len() {
            sum += (self.x[way] + primal * self.dx[way]) * (self.z[way] + dual * self.dz[way]);
        }
        sum
    }

    pub(super) fn value(&self) -> f64 {
        self.fixed_cost + self.x.iter().zip(&self.cost).map(|(x, cost)| x * cost).sum::<f64>()
    }

    /// `sum theta d d' - g g' / sum theta` of all groups into the matrix. Ways that weigh next to nothing beside `stiffness`, `[row]`, are passed over:
    /// the direction then is as good, and what it does to the ways is exact. Returns multiplications.
    pub(super) fn assemble(&mut self, matrix: &mut Cholesky, stiffness: &[f64]) -> u64 {
        let mut sum = vec![0.0; stiffness.len()];
        let mut touched: Vec<u32> = Vec::new();
        let mut work = 0;
        for ((theta, x), z) in self.theta.iter_mut().zip(&self.x).zip(&self.z) {
            *theta = x / z;
        }
        for at in 0..self.group.len() {
            self.choose_key(at);
            let ways = self.ways(at);
            let mut thetas = 0.0;
            for way in ways {
                let theta = self.theta[way];
                thetas += theta;
                let range = self.differences_at[way] as usize..self.differences_end[way] as usize;
                let list = &self.differences[range];
                if list.iter().all(|&(row, _)| theta < NEGLIGIBLE * stiffness[row as usize]) {
                    continue;
                }
                for (nth, &(row, units)) in list.iter().enumerate() {
                    let scaled = theta * units;
                    for &(column, units) in &list[..=nth] {
                        matrix.add(row, column, scaled * units);
                    }
                    if sum[row as usize] == 0.0 {
                        touched.push(row);
                    }
                    sum[row as usize] += scaled;
                }
                work += (list.len() * list.len()) as u64 / 2;
            }
            touched.sort_unstable();
            touched.dedup();
            for (nth, &row) in touched.iter().enumerate() {
                let scaled = sum[row as usize] / thetas;
                for &column in &touched[..=nth] {
                    matrix.add(row, column, -scaled * sum[column as usize]);
                }
            }
            work += (touched.len() * touched.len()) as u64 / 2;
            for row in touched.drain(..) {
                sum[row as usize] = 0.0;
            }
        }
        work
    }

    /// The key of a group is a way with a large part in it. Where it changes, differences do.
    fn choose_key(&mut self, at: usize) {
        let ways = self.ways(at);
        let theta = |way: usize| self.theta[way];
        let mut largest = ways.start;
        for way in ways.clone() {
            if theta(way) > theta(largest) {
                largest = way;
            }
        }
        let old = self.key[at];
        if old != NONE && theta(old as usize) > 0.1 * theta(largest) {
            return;
        }
        self.key[at] = largest as u32;
        let key_begin = if largest == 0 { 0 } else { self.entries_end[largest - 1] } as usize;
        let key = &self.entries[key_begin..self.entries_end[largest] as usize];
        for way in ways {
            let begin = if way == 0 { 0 } else { self.entries_end[way - 1] } as usize;
            let own = &self.entries[begin..self.entries_end[way] as usize];
            let mut end = self.differences_at[way] as usize;
            // Two lists by row, side by side.
            let (mut a, mut b) = (0, 0);
            while a < own.len() || b < key.len() {
                let row_a = own.get(a).map_or(u32::MAX, |entry| entry.0);
                let row_b = key.get(b).map_or(u32::MAX, |entry| entry.0);
                let mut units = 0.0;
                if row_a <= row_b {
                    units += own[a].1;
                    a += 1;
                }
                if row_b <= row_a {
                    units -= key[b].1;
                    b += 1;
                }
                if units != 0.0 {
                    self.differences[end] = (row_a.min(row_b), units);
                    end += 1;
                }
            }
            self.differences_end[way] = end as u32;
        }
    }

    /// Products `x z` are to become `target`; the last directions' products are taken off as far as they are `trusted`.
    pub(super) fn want(&mut self, target: f64, trusted: f64) {
        for way in 0..self.x.len() {
            self.wanted[way] = target - self.x[way] * self.z[way] - trusted * self.dx[way] * self.dz[way];
        }
    }

    /// Adds what the wanted products ask of the rows.
    pub(super) fn right_hand_side(&mut self, rhs: &mut [f64]) {
        for at in 0..self.group.len() {
            let (mut moved, mut thetas) = (0.0, 0.0);
            let ways = self.ways(at);
            for way in ways.clone() {
                let v = self.wanted[way] / self.z[way];
                self.v[way] = v;
                moved += v;
                thetas += self.theta[way];
            }
            let share = moved / thetas;
            for way in ways {
                let v = self.v[way] - share * self.theta[way];
                let range = self.differences_at[way] as usize..self.differences_end[way] as usize;
                for &(row, units) in &self.differences[range] {
                    rhs[row as usize] += v * units;
                }
            }
        }
    }

    /// Directions that go with those of the prices.
    pub(super) fn directions(&mut self, d_price: &[f64]) {
        for at in 0..self.group.len() {
            let ways = self.ways(at);
            let key = self.key[at] as usize;
            let (mut moved, mut thetas, mut used) = (0.0, 0.0, 0.0);
            for way in ways.clone() {
                let theta = self.theta[way];
                let dearer: f64 = self.differences(way).iter().map(|&(row, units)| units * d_price[row as usize]).sum();
                self.dz[way] = dearer;
                moved += self.v[way];
                thetas += theta;
                used += theta * dearer;
            }
            // The group's price less what its key becomes dearer.
            let own = (used - moved) / thetas;
            let mut others = 0.0;
            for way in ways {
                let theta = self.theta[way];
                self.dz[way] -= own;
                self.dx[way] = self.v[way] - theta * self.dz[way];
                if way != key {
                    others += self.dx[way];
                }
            }
            self.dx[key] = -others;
        }
    }

    pub(super) fn lengths(&self) -> (f64, f64) {
        let (mut primal, mut dual) = (f64::INFINITY, f64::INFINITY);
        for way in 0..self.x.len() {
            if self.dx[way] < 0.0 {
                primal = primal.min(-self.x[way] / self.dx[way]);
            }
            if self.dz[way] < 0.0 {
                dual = dual.min(-self.z[way] / self.dz[way]);
            }
        }
        (primal, dual)
    }

    pub(super) fn advance(&mut self, primal: f64, dual: f64) {
        for way in 0..self.x.len() {
            self.x[way] += primal * self.dx[way];
            self.z[way] += dual * self.dz[way];
        }
    }

    /// (column, how much)
    pub(super) fn shares(&self) -> Vec<(u32, f64)> {
        self.fixed.iter().copied().chain(self.column.iter().copied().zip(self.x.iter().copied())).collect()
    }
}
