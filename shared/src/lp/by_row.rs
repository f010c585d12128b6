//! Rows of the tableau, computed from a row-wise copy of the matrix: a row of the inverse is sparse, so that few entries are touched.

use super::Matrix;

/// The matrix of the active columns by row, and one row of the tableau.
#[derive(Clone, Debug, Default)]
pub(super) struct ByRow {
    /// Where each row begins; one more entry than rows.
    start: Vec<u32>,
    column: Vec<u32>,
    value: Vec<f64>,
    /// By column: its entry in the row computed last, where listed in `touched`.
    pub(super) entry: Vec<f64>,
    is_touched: Vec<bool>,
    pub(super) touched: Vec<u32>,
}

impl ByRow {
    pub(super) fn fill(&mut self, rows: usize, active: &[u32], matrix: &Matrix) {
        self.start.clear();
        self.start.resize(rows + 1, 0);
        for &j in active {
            for (r, _) in matrix.iter(j as usize) {
                self.start[r as usize + 1] += 1;
            }
        }
        for r in 0..rows {
            self.start[r + 1] += self.start[r];
        }
        let mut at = self.start.clone();
        let entries = self.start[rows] as usize;
        self.column.resize(entries, 0);
        self.value.resize(entries, 0.0);
        for &j in active {
            for (r, v) in matrix.iter(j as usize) {
                let here = &mut at[r as usize];
                self.column[*here as usize] = j;
                self.value[*here as usize] = v;
                *here += 1;
            }
        }
        self.touched.clear();
        self.is_touched.clear();
        self.is_touched.resize(matrix.len(), false);
        self.entry.resize(matrix.len(), 0.0);
    }

    /// The entries of all active columns in the row `rho` of the tableau; elementary operations.
    pub(super) fn row(&mut self, rho: &[f64]) -> u64 {
        for &j in &self.touched {
            self.is_touched[j as usize] = false;
        }
        self.touched.clear();
        let mut work = 0;
        for (r, &factor) in rho.iter().enumerate() {
            if factor.abs() < 1e-14 {
                continue;
            }
            let range = self.start[r] as usize..self.start[r + 1] as usize;
            work += range.len() as u64;
            for (&j, &v) in self.column[range.clone()].iter().zip(&self.value[range]) {
                let j = j as usize;
                if !self.is_touched[j] {
                    self.is_touched[j] = true;
                    self.entry[j] = 0.0;
                    self.touched.push(j as u32);
                }
                self.entry[j] += factor * v;
            }
        }
        work / 8
    }

    /// The same column by column, which is faster where `rho` is full; needs no `fill`.
    pub(super) fn dots(&mut self, rho: &[f64], active: &[u32], matrix: &Matrix) -> u64 {
        self.touched.clear();
        self.entry.resize(matrix.len(), 0.0);
        for &j in active {
            let entry = matrix.dot(j as usize, rho);
            if entry.abs() > 1e-14 {
                self.entry[j as usize] = entry;
                self.touched.push(j);
            }
        }
        active.len() as u64 / 4
    }
}
