//! A small linear programming solver for column generation and cutting planes.
//!
//! Minimises `c x` subject to `A x + s = b`, bounds on `x`, and bounds on the logical `s` of each row (`[0, 0]` makes an
//! equation, `[0, inf)` a `<=` row, `(-inf, 0]` a `>=` row). Columns and rows can be added and bounds and costs changed between
//! solves; the basis is kept, so that a re-solve costs a few pivots: the primal simplex after new columns, the dual simplex
//! after new rows or bounds. Both are revised simplex methods, on sparse LU factors (`factor`) or, where there are few rows
//! and many solves, on the inverse itself (`inverse`). Where a simplex method would begin with thousands of pivots, an interior point method (`interior`)
//! comes near the optimum first, and `cross` takes its point over to a basis.
//!
//! Tolerances are absolute: primal `PRIMAL`, dual `DUAL`. Nothing here is exact; callers that need a proof must recompute
//! it from the duals in integers.

// Fixed bounds are compared exactly: they are copied, never computed. The names are those of the textbooks.
#![allow(clippy::float_cmp, clippy::many_single_char_names)]

mod basis;
mod by_row;
mod cross;
mod dual;
pub(crate) mod factor;
pub(crate) mod interior;
mod inverse;
mod primal;
#[cfg(test)]
mod tests;

pub(crate) use basis::Basis;
use by_row::ByRow;
use factor::Factor;
use inverse::Inverse;

/// A bound may be missed by this much.
pub(crate) const PRIMAL: f64 = 1e-9;
/// A reduced cost may have the wrong sign by this much.
pub(crate) const DUAL: f64 = 1e-9;
/// Eta columns before a new factorisation.
const REFACTOR: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Optimal,
    Infeasible,
    Unbounded,
    /// The pivot limit was reached.
    Limit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Basic(u32),
    Lower,
    Upper,
    /// Nonbasic at zero without a finite bound.
    Free,
}

/// A variable: a column, or (with this bit) the logical of a row.
const LOGICAL: u32 = 1 << 31;

#[derive(Clone, Debug, Default)]
struct Variables {
    cost: Vec<f64>,
    lower: Vec<f64>,
    upper: Vec<f64>,
    place: Vec<Place>,
    /// Reduced cost, meaningful while nonbasic.
    reduced: Vec<f64>,
    /// Devex reference weight.
    weight: Vec<f64>,
}

impl Variables {
    fn push(&mut self, cost: f64, lower: f64, upper: f64, place: Place) {
        self.cost.push(cost);
        self.lower.push(lower);
        self.upper.push(upper);
        self.place.push(place);
        self.reduced.push(0.0);
        self.weight.push(1.0);
    }
}

/// Where a nonbasic variable rests.
fn resting(lower: f64, upper: f64) -> Place {
    if lower.is_finite() {
        Place::Lower
    } else if upper.is_finite() {
        Place::Upper
    } else {
        Place::Free
    }
}

/// Sparse columns.
#[derive(Clone, Debug, Default)]
struct Matrix {
    /// Where each column ends.
    end: Vec<u32>,
    row: Vec<u32>,
    value: Vec<f64>,
}

impl Matrix {
    fn len(&self) -> usize {
        self.end.len()
    }
    fn range(&self, column: usize) -> std::ops::Range<usize> {
        let begin = if column == 0 { 0 } else { self.end[column - 1] };
        begin as usize..self.end[column] as usize
    }
    fn iter(&self, column: usize) -> impl Iterator<Item = (u32, f64)> + '_ {
        let range = self.range(column);
        self.row[range.clone()].iter().copied().zip(self.value[range].iter().copied())
    }
    fn push(&mut self, entries: impl Iterator<Item = (u32, f64)>) {
        for (r, v) in entries {
            self.row.push(r);
            self.value.push(v);
        }
        self.end.push(self.row.len() as u32);
    }
    #[inline]
    fn dot(&self, column: usize, dense: &[f64]) -> f64 {
        self.iter(column).map(|(r, v)| v * dense[r as usize]).sum()
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Lp {
    rhs: Vec<f64>,
    columns: Variables,
    logicals: Variables,
    matrix: Matrix,
    /// Columns that are not fixed, as of the last `refresh`; the others take no part in pricing.
    active: Vec<u32>,
    by_row: ByRow,
    /// Basis position -> variable.
    head: Vec<u32>,
    /// Value of the basic variable of each position.
    basic: Vec<f64>,
    factor: Factor,
    /// Kept instead of factors, if at all.
    inverse: Option<Inverse>,
    /// The factors, or the inverse, are those of rows and basis.
    factored: bool,
    /// Pivots since values, duals and reduced costs were computed afresh.
    stale: usize,
    /// Duals of the last solve, by row.
    dual: Vec<f64>,
    /// Pivots in all solves.
    pub(crate) pivots: u64,
    /// Elementary operations in all solves, a deterministic measure of effort.
    pub(crate) ticks: u64,
}

impl Lp {
    /// For few rows and many solves.
    pub(crate) fn with_inverse() -> Self {
        Self { inverse: Some(Inverse::default()), ..Self::default() }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rhs.len()
    }
    pub(crate) fn columns(&self) -> usize {
        self.matrix.len()
    }

    /// Appends the row `a x + s = rhs` with `lower <= s <= upper`; `entries` are (column, value).
    pub(crate) fn add_row(&mut self, rhs: f64, lower: f64, upper: f64, entries: &[(usize, f64)]) -> usize {
        let row = self.rows();
        self.rhs.push(rhs);
        self.logicals.push(0.0, lower, upper, Place::Basic(row as u32));
        self.head.push(LOGICAL | row as u32);
        self.basic.push(0.0);
        self.dual.push(0.0);
        if !entries.is_empty() {
            let mut by_column = vec![0.0; self.columns()];
            for &(column, value) in entries {
                by_column[column] += value;
            }
            let old = std::mem::take(&mut self.matrix);
            for (column, &value) in by_column.iter().enumerate() {
                let new = (value != 0.0).then_some((row as u32, value));
                self.matrix.push(old.iter(column).chain(new));
            }
        }
        self.factored = false;
        row
    }

    /// Appends rows `a x + s = rhs` with `lower <= s <= upper` for all of them at once; `entries` are (column, value), by row.
    pub(crate) fn add_rows(&mut self, lower: f64, upper: f64, rows: &[(f64, Vec<(usize, f64)>)]) {
        let first = self.rows();
        let mut by_column: Vec<Vec<(u32, f64)>> = vec![Vec::new(); self.columns()];
        for (k, (_, entries)) in rows.iter().enumerate() {
            for &(column, value) in entries {
                by_column[column].push(((first + k) as u32, value));
            }
        }
        let old = std::mem::take(&mut self.matrix);
        for (column, new) in by_column.iter().enumerate() {
            self.matrix.push(old.iter(column).chain(new.iter().copied()));
        }
        for &(rhs, _) in rows {
            self.add_row(rhs, lower, upper, &[]);
        }
    }

    /// Appends a column; `entries` are (row, value).
    pub(crate) fn add_column(&mut self, cost: f64, lower: f64, upper: f64, entries: &[(usize, f64)]) -> usize {
        self.columns.push(cost, lower, upper, resting(lower, upper));
        self.matrix.push(entries.iter().map(|&(r, v)| (r as u32, v)));
        self.columns() - 1
    }

    pub(crate) fn set_bounds(&mut self, column: usize, lower: f64, upper: f64) {
        self.columns.lower[column] = lower;
        self.columns.upper[column] = upper;
        if !matches!(self.columns.place[column], Place::Basic(_)) {
            self.columns.place[column] = resting(lower, upper);
        }
    }

    pub(crate) fn set_cost(&mut self, column: usize, cost: f64) {
        self.columns.cost[column] = cost;
    }

    /// Keeps only the columns for which `keep` holds; basic columns must be kept. Returns the new index of each.
    pub(crate) fn retain_columns(&mut self, keep: &dyn Fn(usize) -> bool) -> Vec<Option<usize>> {
        let mut map = vec![None; self.columns()];
        let mut next = 0;
        let mut matrix = Matrix::default();
        for (old, new) in map.iter_mut().enumerate() {
            if !keep(old) {
                continue;
            }
            *new = Some(next);
            matrix.push(self.matrix.iter(old));
            let v = &mut self.columns;
            v.cost[next] = v.cost[old];
            v.lower[next] = v.lower[old];
            v.upper[next] = v.upper[old];
            v.place[next] = v.place[old];
            v.reduced[next] = v.reduced[old];
            v.weight[next] = v.weight[old];
            next += 1;
        }
        self.matrix = matrix;
        let v = &mut self.columns;
        for list in [&mut v.cost, &mut v.lower, &mut v.upper, &mut v.reduced, &mut v.weight] {
            list.truncate(next);
        }
        v.place.truncate(next);
        for head in &mut self.head {
            if *head & LOGICAL == 0 {
                *head = map[*head as usize].expect("basic columns are kept") as u32;
            }
        }
        map
    }

    pub(crate) fn is_open(&self, column: usize) -> bool {
        self.columns.lower[column] < self.columns.upper[column]
    }
    pub(crate) fn is_basic(&self, column: usize) -> bool {
        matches!(self.columns.place[column], Place::Basic(_))
    }
    pub(crate) fn value(&self, column: usize) -> f64 {
        match self.columns.place[column] {
            Place::Basic(p) => self.basic[p as usize],
            Place::Lower => self.columns.lower[column],
            Place::Upper => self.columns.upper[column],
            Place::Free => 0.0,
        }
    }
    pub(crate) fn objective(&self) -> f64 {
        (0..self.columns()).map(|j| self.columns.cost[j] * self.value(j)).sum()
    }

    /// Dual price of each row: the reduced cost of a column is `cost - sum(dual * entry)`.
    pub(crate) fn duals(&self) -> &[f64] {
        &self.dual
    }

    /// Solves from the current basis: dual simplex where that basis is dual feasible, primal otherwise.
    pub(crate) fn solve(&mut self, pivot_limit: u64) -> Status {
        let limit = self.pivots + pivot_limit;
        self.refresh();
        if self.infeasibility() > PRIMAL && self.dual_feasible() {
            match self.dual_simplex(limit) {
                Some(Status::Infeasible) => return Status::Infeasible,
                Some(Status::Limit) => return Status::Limit,
                // Optimal up to tolerances, or numerical trouble: the primal confirms or repairs.
                _ => {}
            }
        }
        self.primal_simplex(limit)
    }

    fn vars(&self, v: u32) -> (&Variables, usize) {
        if v & LOGICAL == 0 { (&self.columns, v as usize) } else { (&self.logicals, (v & !LOGICAL) as usize) }
    }

    fn vars_mut(&mut self, v: u32) -> (&mut Variables, usize) {
        if v & LOGICAL == 0 { (&mut self.columns, v as usize) } else { (&mut self.logicals, (v & !LOGICAL) as usize) }
    }

    fn bounds(&self, v: u32) -> (f64, f64) {
        let (vars, k) = self.vars(v);
        (vars.lower[k], vars.upper[k])
    }

    fn cost_of(&self, v: u32) -> f64 {
        let (vars, k) = self.vars(v);
        vars.cost[k]
    }

    fn set_place(&mut self, v: u32, place: Place) {
        let (vars, k) = self.vars_mut(v);
        vars.place[k] = place;
    }

    /// Every variable that is not a fixed column, columns first.
    fn all(&self) -> impl Iterator<Item = u32> + '_ {
        self.active.iter().copied().chain((0..self.rows() as u32).map(|r| LOGICAL | r))
    }

    /// Largest violation of a bound by a basic variable.
    fn infeasibility(&self) -> f64 {
        self.head
            .iter()
            .zip(&self.basic)
            .map(|(&v, &x)| {
                let (lower, upper) = self.bounds(v);
                (lower - x).max(x - upper)
            })
            .fold(0.0, f64::max)
    }

    fn dual_feasible(&self) -> bool {
        self.all().all(|v| {
            let (vars, k) = self.vars(v);
            let d = vars.reduced[k];
            match vars.place[k] {
                Place::Basic(_) => true,
                _ if vars.lower[k] == vars.upper[k] => true,
                Place::Lower => d >= -1e-7,
                Place::Upper => d <= 1e-7,
                Place::Free => d.abs() <= 1e-7,
            }
        })
    }

    /// Entry of nonbasic `v` in the row `rho` of the tableau.
    fn row_entry(&self, v: u32, rho: &[f64]) -> f64 {
        if v & LOGICAL != 0 { rho[(v & !LOGICAL) as usize] } else { self.matrix.dot(v as usize, rho) }
    }

    /// `v` enters at position `p`, moving by `step`; the leaving variable rests at `place`. `alpha` is the solved column.
    fn pivot(&mut self, v: u32, p: usize, step: f64, place: Place, alpha: &[f64]) {
        let start = {
            let (vars, k) = self.vars(v);
            match vars.place[k] {
                Place::Lower => vars.lower[k],
                Place::Upper => vars.upper[k],
                _ => 0.0,
            }
        };
        for (x, &a) in self.basic.iter_mut().zip(alpha) {
            *x -= step * a;
        }
        let gone = self.head[p];
        self.set_place(gone, place);
        self.set_place(v, Place::Basic(p as u32));
        self.head[p] = v;
        self.basic[p] = start + step;
        self.pivots += 1;
        self.stale += 1;
        if let Some(inverse) = &mut self.inverse {
            inverse.update(p, alpha);
            self.ticks += (self.head.len() * self.head.len() / 128) as u64;
            return;
        }
        self.factor.update(p, alpha);
        if self.factor.updates() >= REFACTOR || self.factor.update_entries() > 64 * (self.rows() + 64) {
            self.refresh();
        }
    }
}
