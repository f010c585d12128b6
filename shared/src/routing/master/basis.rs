//! The working basis: sparse LU factors, and what changed since they were made.
//!
//! Three things change a basis: a column takes the place of another (product form; Dantzig, Orchard-Hays 1954,
//! doi:10.1090/S0025-5718-1954-0061469-8), a commodity's key changes place with another of its columns, and a row that was
//! slack all along joins. Each is one operation that solves go through in order.

use crate::lp::factor::Factor;

/// Entries below this are dropped.
const DROP: f64 = 1e-12;

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Position `p` is replaced by a column; the entries are those of the column solved against the basis before.
    Replace(f64),
    /// Position `p` held a column less the key; it now holds the key less that column. The entries are the commodity's other positions.
    Fold,
    /// Position `p` is new; the entries are those of its row in the basis before.
    Append,
}

#[derive(Clone, Copy, Debug)]
struct Change {
    kind: Kind,
    p: u32,
    begin: u32,
    end: u32,
}

/// A factorised basis. Rows and positions are both numbered from zero; a row that joins later has the number of its position.
#[derive(Clone, Debug, Default)]
pub(super) struct Basis {
    factor: Factor,
    /// Rows at the last factorisation.
    first: usize,
    size: usize,
    changes: Vec<Change>,
    index: Vec<u32>,
    value: Vec<f64>,
}

impl Basis {
    /// Factorises anew; as [`Factor::factorise`].
    #[allow(clippy::type_complexity)] // a callback that fills a column
    pub(super) fn factorise(
        &mut self,
        size: usize,
        column: &mut dyn FnMut(usize, &mut Vec<(u32, f64)>),
    ) -> Vec<(usize, usize)> {
        self.changes.clear();
        self.index.clear();
        self.value.clear();
        self.first = size;
        self.size = size;
        self.factor.factorise(size, column)
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Changes since the last factorisation.
    pub(super) fn changes(&self) -> usize {
        self.changes.len()
    }

    /// Entries of these changes.
    pub(super) fn change_entries(&self) -> usize {
        self.index.len()
    }

    /// Solves `B x = a`: `a` by row on entry, `x` by position on return.
    pub(super) fn ftran(&mut self, a: &mut [f64]) {
        self.factor.ftran(&mut a[..self.first]);
        for change in &self.changes {
            let (p, range) = (change.p as usize, change.begin as usize..change.end as usize);
            let entries = self.index[range.clone()].iter().zip(&self.value[range]);
            match change.kind {
                Kind::Replace(pivot) => {
                    if a[p] != 0.0 {
                        let v = a[p] / pivot;
                        a[p] = v;
                        for (&i, &e) in entries {
                            a[i as usize] -= e * v;
                        }
                    }
                }
                Kind::Fold => a[p] = -a[p] - entries.map(|(&i, _)| a[i as usize]).sum::<f64>(),
                Kind::Append => a[p] -= entries.map(|(&i, &e)| e * a[i as usize]).sum::<f64>(),
            }
        }
    }

    /// Solves `y B = c`: `c` by position on entry, `y` by row on return.
    pub(super) fn btran(&mut self, c: &mut [f64]) {
        for change in self.changes.iter().rev() {
            let (p, range) = (change.p as usize, change.begin as usize..change.end as usize);
            let entries = self.index[range.clone()].iter().zip(&self.value[range]);
            match change.kind {
                Kind::Replace(pivot) => {
                    let used: f64 = entries.map(|(&i, &e)| e * c[i as usize]).sum();
                    c[p] = (c[p] - used) / pivot;
                }
                Kind::Fold => {
                    let own = c[p];
                    if own != 0.0 {
                        entries.for_each(|(&i, _)| c[i as usize] -= own);
                        c[p] = -own;
                    }
                }
                Kind::Append => {
                    let own = c[p];
                    if own != 0.0 {
                        entries.for_each(|(&i, &e)| c[i as usize] -= e * own);
                    }
                }
            }
        }
        self.factor.btran(&mut c[..self.first]);
    }

    /// Position `p` is replaced by a column that solves to `alpha`.
    pub(super) fn replace(&mut self, p: usize, alpha: &[f64]) {
        let begin = self.index.len() as u32;
        for (i, &v) in alpha.iter().enumerate() {
            if i != p && v.abs() > DROP {
                self.index.push(i as u32);
                self.value.push(v);
            }
        }
        self.close(Kind::Replace(alpha[p]), p, begin);
    }

    /// Position `p` changes place with its commodity's key; `others` are the commodity's other positions.
    pub(super) fn fold(&mut self, p: usize, others: impl Iterator<Item = u32>) {
        let begin = self.index.len() as u32;
        self.index.extend(others);
        self.value.resize(self.index.len(), 1.0);
        self.close(Kind::Fold, p, begin);
    }

    /// A row joins with its logical in the basis; `row` are its (position, entry). Returns its position.
    pub(super) fn append(&mut self, row: impl Iterator<Item = (u32, f64)>) -> usize {
        let begin = self.index.len() as u32;
        for (i, v) in row {
            self.index.push(i);
            self.value.push(v);
        }
        let p = self.size;
        self.size += 1;
        self.close(Kind::Append, p, begin);
        p
    }

    fn close(&mut self, kind: Kind, p: usize, begin: u32) {
        self.changes.push(Change { kind, p: p as u32, begin, end: self.index.len() as u32 });
    }
}
