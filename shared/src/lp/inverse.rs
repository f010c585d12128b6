//! The inverse of a basis, written out.
//!
//! A master of set partitioning has few rows, and its columns and the rows of the inverse fill up soon: then factors save
//! nothing, and what they cost is the time to make them anew for every solve. The inverse is kept from solve to solve instead:
//! a column with `k` entries is solved by adding `k` columns of it, a row of it is just there, and a change of basis is one
//! step of elimination (Dantzig & Orchard-Hays 1954, doi:10.1090/S0025-5718-1954-0061469-8). Whoever uses it looks at the
//! residuals now and then, and builds it anew where rounding has piled up.
//!
//! What did not help: looking at the columns of least reduced cost alone between two rounds over all of them. Each pivot is
//! cheaper, but there are more than twice as many.

use super::factor::Factor;

/// Changes of basis before it is built anew in any case.
const CHANGES: usize = 2_000;
/// Entries below this count as nothing.
const DROP: f64 = 1e-14;

#[derive(Clone, Debug, Default)]
pub(super) struct Inverse {
    rows: usize,
    /// `rows x rows`: for each row of the matrix, its column of the inverse by basis position.
    pub(super) value: Vec<f64>,
    changes: usize,
}

impl Inverse {
    pub(super) fn is_worn(&self) -> bool {
        self.changes >= CHANGES
    }

    /// Out of fresh factors.
    pub(super) fn build(&mut self, rows: usize, factor: &mut Factor) {
        self.rows = rows;
        self.changes = 0;
        self.value.clear();
        self.value.resize(rows * rows, 0.0);
        for r in 0..rows {
            let column = &mut self.value[r * rows..(r + 1) * rows];
            column[r] = 1.0;
            factor.ftran(column);
        }
    }

    fn column(&self, row: usize) -> &[f64] {
        &self.value[row * self.rows..(row + 1) * self.rows]
    }

    /// Adds the solution of `B x = a` to `out`; `entries` are those of `a`.
    pub(super) fn solve(&self, entries: impl Iterator<Item = (u32, f64)>, out: &mut [f64]) {
        for (r, v) in entries {
            for (x, &b) in out.iter_mut().zip(self.column(r as usize)) {
                *x += v * b;
            }
        }
    }

    /// Row `p`.
    pub(super) fn row(&self, p: usize, out: &mut Vec<f64>) {
        out.clear();
        out.extend((0..self.rows).map(|r| self.value[r * self.rows + p]));
    }

    /// Solves `y B = c`: `c` by basis position on entry, `y` by row on return.
    pub(super) fn prices(&self, c: &mut Vec<f64>) {
        let y = (0..self.rows).map(|r| self.column(r).iter().zip(c.iter()).map(|(b, c)| b * c).sum());
        *c = y.collect();
    }

    /// Basis position `p` is replaced by a column that solves to `alpha`.
    pub(super) fn update(&mut self, p: usize, alpha: &[f64]) {
        self.changes += 1;
        let pivot = alpha[p];
        for column in self.value.chunks_exact_mut(self.rows) {
            let own = column[p];
            if own.abs() < DROP {
                column[p] = 0.0;
                continue;
            }
            let step = own / pivot;
            for (x, &a) in column.iter_mut().zip(alpha) {
                *x -= step * a;
            }
            column[p] = step;
        }
    }
}
