//! Cholesky factors of a dense symmetric matrix with an envelope.
//!
//! Row by row: the part of a row before its first entry stays empty in the factor too (Jennings 1966, doi:10.1093/comjnl/9.3.281), which in a network that
//! is expanded in time leaves out resources of other weeks. Four rows are taken together, so that each number of an earlier row that comes from memory is
//! used four times.

// The names are those of the textbooks.
#![allow(clippy::many_single_char_names)]

/// Rows that are taken together, and numbers of each.
const ROWS: usize = 4;
const LANES: usize = 4;
/// A pivot that keeps less than this share of its diagonal is noise: its unknown stays zero.
const LOST: f64 = 1e-13;
/// What stands for no freedom at all.
const FIXED: f64 = 1e150;

/// A symmetric matrix, later its factor; below the diagonal only.
#[derive(Clone, Debug, Default)]
pub(super) struct Cholesky {
    size: usize,
    /// Length of a row in memory.
    width: usize,
    /// `[row][column]`, rows of `width`.
    entry: Vec<f64>,
    /// `[row]`: its first entry.
    first: Vec<u32>,
    inverse: Vec<f64>,
}

impl Cholesky {
    /// A matrix of zeros.
    pub(super) fn clear(&mut self, size: usize) {
        self.size = size;
        self.width = size.next_multiple_of(LANES);
        self.entry.clear();
        self.entry.resize(size * self.width, 0.0);
        self.first.clear();
        self.first.extend(0..size as u32);
        self.inverse.clear();
    }

    /// Adds to an entry on or below the diagonal.
    #[inline]
    pub(super) fn add(&mut self, row: u32, column: u32, value: f64) {
        debug_assert!(column <= row);
        let first = &mut self.first[row as usize];
        *first = (*first).min(column);
        self.entry[row as usize * self.width + column as usize] += value;
    }

    pub(super) fn diagonal(&self, row: usize) -> f64 {
        self.entry[row * self.width + row]
    }

    /// Factorises in place. Returns the multiplications it took, about.
    pub(super) fn factorise(&mut self) -> u64 {
        let (size, width) = (self.size, self.width);
        let mut work = 0;
        let diagonal: Vec<f64> = (0..size).map(|row| self.diagonal(row)).collect();
        self.inverse.resize(size, 0.0);
        for block in (0..size).step_by(ROWS) {
            let rows = block..(block + ROWS).min(size);
            // The rows of a block share an envelope.
            let begin = rows.clone().map(|row| self.first[row] as usize).min().unwrap_or(0) / LANES * LANES;
            let (earlier, own) = self.entry.split_at_mut(block * width);
            for j in begin..block {
                let other = &earlier[j * width..j * width + j];
                let from = begin.max(self.first[j] as usize / LANES * LANES).min(j);
                let inverse = self.inverse[j];
                if rows.len() == ROWS {
                    let used = dots(own, width, other, from);
                    for (row, used) in used.into_iter().enumerate() {
                        own[row * width + j] = (own[row * width + j] - used) * inverse;
                    }
                } else {
                    for row in 0..rows.len() {
                        let used = dot(&own[row * width + from..row * width + j], &other[from..]);
                        own[row * width + j] = (own[row * width + j] - used) * inverse;
                    }
                }
                work += (ROWS * (j - from)) as u64;
            }
            for row in 0..rows.len() {
                for j in 0..=row {
                    let (a, b) = (row * width, j * width);
                    let used = dot(&own[a + begin..a + block + j], &own[b + begin..b + block + j]);
                    let rest = own[a + block + j] - used;
                    if j < row {
                        own[a + block + j] = rest * self.inverse[block + j];
                    } else {
                        let root = if rest > LOST * diagonal[block + j] { rest.sqrt() } else { FIXED };
                        own[a + block + j] = root;
                        self.inverse[block + j] = 1.0 / root;
                    }
                }
                self.first[block + row] = begin as u32;
            }
        }
        work
    }

    /// Solves for one right-hand side, in place.
    pub(super) fn solve(&self, x: &mut [f64]) {
        let width = self.width;
        for row in 0..self.size {
            let first = self.first[row] as usize;
            let used = dot(&self.entry[row * width + first..row * width + row], &x[first..row]);
            x[row] = (x[row] - used) * self.inverse[row];
        }
        for row in (0..self.size).rev() {
            let first = self.first[row] as usize;
            x[row] *= self.inverse[row];
            let value = x[row];
            let of = &self.entry[row * width + first..row * width + row];
            x[first..row].iter_mut().zip(of).for_each(|(x, entry)| *x -= value * entry);
        }
    }
}

/// Four rows with another, from a lane's beginning to the other's end.
#[inline]
fn dots(own: &[f64], width: usize, other: &[f64], from: usize) -> [f64; ROWS] {
    let end = other.len();
    let [a, b, c, d] = [0, 1, 2, 3].map(|row| &own[row * width + from..row * width + end]);
    let other = &other[from..];
    let mut sums = [[0.0; LANES]; ROWS];
    let whole = other.len() / LANES * LANES;
    for at in (0..whole).step_by(LANES) {
        let chunk: [f64; LANES] = std::array::from_fn(|lane| other[at + lane]);
        for lane in 0..LANES {
            sums[0][lane] += a[at + lane] * chunk[lane];
            sums[1][lane] += b[at + lane] * chunk[lane];
            sums[2][lane] += c[at + lane] * chunk[lane];
            sums[3][lane] += d[at + lane] * chunk[lane];
        }
    }
    let mut total = sums.map(|sum| sum.iter().sum::<f64>());
    for at in whole..other.len() {
        total[0] += a[at] * other[at];
        total[1] += b[at] * other[at];
        total[2] += c[at] * other[at];
        total[3] += d[at] * other[at];
    }
    total
}

#[inline]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f64 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_chunks.zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Solves a random positive definite system of a size with entries within a band, and says how far the solution is off.
    fn miss(size: usize, band: usize) -> f64 {
        let mut state = 7_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / f64::from(1 << 24) - 0.5
        };
        // `[row][column]`, in one
        let mut full = vec![0.0; size * size];
        let mut cholesky = Cholesky::default();
        cholesky.clear(size);
        for row in 0..size {
            let begin = row.saturating_sub(band);
            let values: Vec<f64> =
                (begin..=row).map(|column| if row == column { 2.0 * band as f64 + 1.0 } else { random() }).collect();
            for (column, value) in (begin..).zip(values) {
                (full[row * size + column], full[column * size + row]) = (value, value);
                cholesky.add(row as u32, column as u32, value);
            }
        }
        let wanted: Vec<f64> = (0..size).map(|_| random()).collect();
        let mut x: Vec<f64> = full.chunks(size).map(|row| row.iter().zip(&wanted).map(|(a, b)| a * b).sum()).collect();
        cholesky.factorise();
        cholesky.solve(&mut x);
        x.iter().zip(&wanted).map(|(x, wanted)| (x - wanted).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn systems_of_all_sizes_and_bands_are_solved() {
        for size in [1, 2, 3, 4, 5, 7, 8, 9, 30, 61] {
            for band in [0, 1, 5, size] {
                let miss = miss(size, band);
                assert!(miss < 1e-9, "size {size}, band {band}: off by {miss}");
            }
        }
    }

    #[test]
    fn an_unknown_that_depends_on_others_stays_zero() {
        let mut cholesky = Cholesky::default();
        cholesky.clear(2);
        for (row, column) in [(0, 0), (1, 0), (1, 1)] {
            cholesky.add(row, column, 4.0);
        }
        cholesky.factorise();
        let mut x = [8.0, 8.0];
        cholesky.solve(&mut x);
        assert!((x[0] - 2.0).abs() < 1e-9 && x[1].abs() < 1e-9, "{x:?}");
    }
}
