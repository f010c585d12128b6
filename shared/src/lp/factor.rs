//! Sparse LU factors of a simplex basis, updated in product form.
//!
//! The columns of a basis of a covering or flow master are nearly triangular. Singletons are therefore peeled off first (a
//! column with one entry in the rows that remain costs nothing, a row with one entry causes no fill); what is left is
//! factorised column by column, left-looking (Gilbert & Peierls 1988, doi:10.1137/0909058), with threshold pivoting that
//! prefers sparse rows (Markowitz 1957, doi:10.1287/mnsc.3.3.255). A change of basis appends one eta column (Dantzig &
//! Orchard-Hays 1954, doi:10.1090/S0025-5718-1954-0061469-8); the caller refactors when they pile up.

/// Entries below this are dropped.
const DROP: f64 = 1e-13;
/// A pivot must be at least this large, and at least `THRESHOLD` times the largest candidate.
const SMALLEST_PIVOT: f64 = 1e-9;
const THRESHOLD: f64 = 0.1;

/// Sparse columns, appended one after the other.
#[derive(Clone, Debug, Default)]
struct Columns {
    begin: Vec<u32>,
    index: Vec<u32>,
    value: Vec<f64>,
}

impl Columns {
    fn clear(&mut self) {
        self.begin.clear();
        self.begin.push(0);
        self.index.clear();
        self.value.clear();
    }
    fn push(&mut self, index: u32, value: f64) {
        self.index.push(index);
        self.value.push(value);
    }
    fn close(&mut self) {
        self.begin.push(self.index.len() as u32);
    }
    fn range(&self, k: usize) -> std::ops::Range<usize> {
        self.begin[k] as usize..self.begin[k + 1] as usize
    }
    fn iter(&self, k: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.range(k).map(|e| (self.index[e] as usize, self.value[e]))
    }
}

/// `B = L U E_1 .. E_k`, rows and columns permuted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Factor {
    rows: usize,
    /// Step -> row of its pivot, basis position of its column.
    pivot_row: Vec<u32>,
    pivot_col: Vec<u32>,
    diagonal: Vec<f64>,
    /// By step; indices are rows.
    lower: Columns,
    /// By step; indices are earlier steps.
    upper: Columns,
    /// Steps whose column of `lower` is not empty.
    lower_steps: Vec<u32>,
    etas: Columns,
    eta_pivot: Vec<(u32, f64)>,
    work: Vec<f64>,
    /// Every peeled column so far found its pivot where the peeling put it.
    peeled_as_planned: bool,
}

impl Factor {
    /// Number of eta columns since the last factorisation.
    pub(crate) fn updates(&self) -> usize {
        self.eta_pivot.len()
    }

    /// Entries of the eta columns.
    pub(crate) fn update_entries(&self) -> usize {
        self.etas.index.len()
    }

    /// Factorises; `column(p, out)` yields the entries of basis position `p`. Returns the (position, row) pairs whose column
    /// was dependent: there the factor holds the unit column of `row`, and the caller must put that row's logical in.
    #[allow(clippy::type_complexity)] // a callback that fills a column
    pub(crate) fn factorise(
        &mut self,
        rows: usize,
        column: &mut dyn FnMut(usize, &mut Vec<(u32, f64)>),
    ) -> Vec<(usize, usize)> {
        self.rows = rows;
        for columns in [&mut self.lower, &mut self.upper, &mut self.etas] {
            columns.clear();
        }
        self.pivot_row.clear();
        self.pivot_col.clear();
        self.diagonal.clear();
        self.lower_steps.clear();
        self.eta_pivot.clear();
        self.peeled_as_planned = true;
        self.work.clear();
        self.work.resize(rows, 0.0);
        let mut entries = Columns::default();
        entries.clear();
        let mut buffer = Vec::new();
        for p in 0..rows {
            buffer.clear();
            column(p, &mut buffer);
            for &(r, v) in &buffer {
                entries.push(r, v);
            }
            entries.close();
        }
        let (order, row_count) = peel(rows, &entries);
        let mut step_of_row = vec![u32::MAX; rows];
        let mut dependent = Vec::new();
        for (p, fixed_row) in order {
            if !self.eliminate(p, fixed_row, &entries, &mut step_of_row, &row_count) {
                dependent.push(p);
            }
        }
        let mut repaired = Vec::new();
        let mut free_rows = (0..rows).filter(|&r| step_of_row[r] == u32::MAX).collect::<Vec<_>>().into_iter();
        for p in dependent {
            let row = free_rows.next().expect("as many rows as columns are left");
            self.diagonal.push(1.0);
            self.pivot_row.push(row as u32);
            self.pivot_col.push(p as u32);
            self.lower.close();
            self.upper.close();
            repaired.push((p, row));
        }
        repaired
    }

    /// One left-looking step. False when the column depends on the earlier ones.
    fn eliminate(
        &mut self,
        p: usize,
        fixed_row: Option<u32>,
        entries: &Columns,
        step_of_row: &mut [u32],
        row_count: &[u32],
    ) -> bool {
        let step = self.pivot_row.len() as u32;
        let mut touched: Vec<u32> = Vec::new();
        for (r, v) in entries.iter(p) {
            self.work[r] = v;
            touched.push(r as u32);
        }
        // A peeled column has no entry that an earlier column of `lower` could act on, except row singletons' own rows,
        // which by construction no later column contains.
        if fixed_row.is_none() || !self.peeled_as_planned {
            for at in 0..self.lower_steps.len() {
                let k = self.lower_steps[at] as usize;
                let v = self.work[self.pivot_row[k] as usize];
                if v.abs() > DROP {
                    for e in self.lower.range(k) {
                        let r = self.lower.index[e] as usize;
                        if self.work[r] == 0.0 {
                            touched.push(r as u32);
                        }
                        self.work[r] -= self.lower.value[e] * v;
                    }
                }
            }
        }
        touched.sort_unstable();
        touched.dedup();
        let open = |r: &&u32| step_of_row[**r as usize] == u32::MAX;
        let largest = touched.iter().filter(open).map(|&r| self.work[r as usize].abs()).fold(0.0, f64::max);
        let good = |r: &&u32| self.work[**r as usize].abs() >= (THRESHOLD * largest).max(SMALLEST_PIVOT);
        let pivot = match fixed_row.filter(|r| open(&r) && good(&r)) {
            Some(r) => Some(r),
            None => touched.iter().filter(open).filter(good).min_by_key(|&&r| (row_count[r as usize], r)).copied(),
        };
        let Some(pivot) = pivot else {
            for &r in &touched {
                self.work[r as usize] = 0.0;
            }
            self.peeled_as_planned &= fixed_row.is_none();
            return false;
        };
        self.peeled_as_planned &= fixed_row.is_none_or(|r| r == pivot);
        let diagonal = self.work[pivot as usize];
        for &r in &touched {
            let v = std::mem::take(&mut self.work[r as usize]);
            if r == pivot || v.abs() <= DROP {
                continue;
            }
            match step_of_row[r as usize] {
                u32::MAX => self.lower.push(r, v / diagonal),
                s => self.upper.push(s, v),
            }
        }
        self.lower.close();
        self.upper.close();
        if !self.lower.range(step as usize).is_empty() {
            self.lower_steps.push(step);
        }
        self.diagonal.push(diagonal);
        self.pivot_row.push(pivot);
        self.pivot_col.push(p as u32);
        step_of_row[pivot as usize] = step;
        true
    }

    /// Solves `B x = a`: `a` by row on entry, `x` by basis position on return.
    pub(crate) fn ftran(&mut self, a: &mut [f64]) {
        for &k in &self.lower_steps {
            let v = a[self.pivot_row[k as usize] as usize];
            if v != 0.0 {
                for e in self.lower.range(k as usize) {
                    a[self.lower.index[e] as usize] -= self.lower.value[e] * v;
                }
            }
        }
        for k in (0..self.rows).rev() {
            let row = self.pivot_row[k] as usize;
            let v = a[row];
            if v == 0.0 {
                continue;
            }
            let v = v / self.diagonal[k];
            a[row] = v;
            for e in self.upper.range(k) {
                a[self.pivot_row[self.upper.index[e] as usize] as usize] -= self.upper.value[e] * v;
            }
        }
        for k in 0..self.rows {
            self.work[self.pivot_col[k] as usize] = a[self.pivot_row[k] as usize];
        }
        a[..self.rows].copy_from_slice(&self.work);
        for (k, &(p, pivot)) in self.eta_pivot.iter().enumerate() {
            let v = a[p as usize];
            if v != 0.0 {
                let v = v / pivot;
                a[p as usize] = v;
                for e in self.etas.range(k) {
                    a[self.etas.index[e] as usize] -= self.etas.value[e] * v;
                }
            }
        }
    }

    /// Solves `y B = c`: `c` by basis position on entry, `y` by row on return.
    pub(crate) fn btran(&mut self, c: &mut [f64]) {
        for (k, &(p, pivot)) in self.eta_pivot.iter().enumerate().rev() {
            let mut v = c[p as usize];
            for e in self.etas.range(k) {
                v -= self.etas.value[e] * c[self.etas.index[e] as usize];
            }
            c[p as usize] = v / pivot;
        }
        for k in 0..self.rows {
            let mut v = c[self.pivot_col[k] as usize];
            for e in self.upper.range(k) {
                v -= self.upper.value[e] * self.work[self.upper.index[e] as usize];
            }
            self.work[k] = v / self.diagonal[k];
        }
        for k in 0..self.rows {
            c[self.pivot_row[k] as usize] = self.work[k];
        }
        for &k in self.lower_steps.iter().rev() {
            let row = self.pivot_row[k as usize] as usize;
            let mut v = c[row];
            for e in self.lower.range(k as usize) {
                v -= self.lower.value[e] * c[self.lower.index[e] as usize];
            }
            c[row] = v;
        }
    }

    /// Basis position `p` is replaced by a column whose `ftran` is `alpha`.
    pub(crate) fn update(&mut self, p: usize, alpha: &[f64]) {
        for (i, &v) in alpha.iter().enumerate() {
            if i != p && v.abs() > DROP {
                self.etas.push(i as u32, v);
            }
        }
        self.etas.close();
        self.eta_pivot.push((p as u32, alpha[p]));
    }
}

/// Elimination order: column and row singletons first, with their rows, then the rest by number of entries.
fn peel(rows: usize, entries: &Columns) -> (Vec<(usize, Option<u32>)>, Vec<u32>) {
    let mut by_row: Vec<Vec<u32>> = vec![Vec::new(); rows];
    for p in 0..rows {
        for (r, _) in entries.iter(p) {
            by_row[r].push(p as u32);
        }
    }
    let mut col_count: Vec<u32> = (0..rows).map(|p| entries.range(p).len() as u32).collect();
    let mut row_count: Vec<u32> = by_row.iter().map(|l| l.len() as u32).collect();
    let (mut col_done, mut row_done) = (vec![false; rows], vec![false; rows]);
    let mut order = Vec::with_capacity(rows);
    let mut columns: Vec<u32> = (0..rows as u32).filter(|&p| col_count[p as usize] == 1).collect();
    let mut singles: Vec<u32> = (0..rows as u32).filter(|&r| row_count[r as usize] == 1).collect();
    loop {
        let (p, r) = if let Some(p) = columns.pop() {
            if col_done[p as usize] || col_count[p as usize] != 1 {
                continue;
            }
            let row = entries.iter(p as usize).find(|&(r, _)| !row_done[r]).map(|(r, _)| r as u32);
            (p, row.expect("one entry is left"))
        } else if let Some(r) = singles.pop() {
            if row_done[r as usize] || row_count[r as usize] != 1 {
                continue;
            }
            let col = by_row[r as usize].iter().find(|&&p| !col_done[p as usize]).copied();
            (col.expect("one entry is left"), r)
        } else {
            break;
        };
        (col_done[p as usize], row_done[r as usize]) = (true, true);
        order.push((p as usize, Some(r)));
        for (row, _) in entries.iter(p as usize) {
            row_count[row] -= 1;
            if row_count[row] == 1 && !row_done[row] {
                singles.push(row as u32);
            }
        }
        for &col in &by_row[r as usize] {
            col_count[col as usize] -= 1;
            if col_count[col as usize] == 1 && !col_done[col as usize] {
                columns.push(col);
            }
        }
    }
    let mut rest: Vec<usize> = (0..rows).filter(|&p| !col_done[p]).collect();
    rest.sort_by_key(|&p| (col_count[p], p));
    order.extend(rest.into_iter().map(|p| (p, None)));
    (order, row_count)
}
