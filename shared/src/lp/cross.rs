//! From any point that keeps the rows to a vertex that costs no more.
//!
//! The point's columns wait at their values, out of the basis. One after the other is pushed where that saves something, until it is at zero or
//! something in the basis stops it and it takes that one's place (Megiddo 1991, doi:10.1287/ijoc.3.1.63; Bixby, Saltzman 1994,
//! doi:10.1016/0167-6377(94)90069-8). From a point near the optimum most pushes end at once, and hardly a pivot is left for the simplex method.

use super::primal::Block;
use super::{LOGICAL, Lp};

impl Lp {
    /// Begins from `basis`, one column for each row or, numbered behind the columns, a logical, and `shares` of other columns, which have no upper bounds; together they solve the rows.
    pub(crate) fn cross(&mut self, basis: &[usize], shares: &[(usize, f64)]) {
        let rhs = self.rhs.clone();
        let columns = self.columns();
        let variable = |&j: &usize| if j < columns { j as u32 } else { LOGICAL | (j - columns) as u32 };
        self.enter(basis.iter().map(variable).collect());
        self.factored = false;
        for &(j, x) in shares {
            self.matrix.iter(j).for_each(|(r, a)| self.rhs[r as usize] -= a * x);
        }
        self.refresh();
        let (mut alpha, mut rho) = (Vec::new(), Vec::new());
        for &(j, x) in shares {
            self.matrix.iter(j).for_each(|(r, a)| self.rhs[r as usize] += a * x);
            let reduced = self.columns.cost[j] - self.matrix.dot(j, &self.dual);
            self.solved_column(j as u32, &mut alpha);
            let rises = reduced < 0.0;
            let direction = if rises { 1.0 } else { -1.0 };
            let (p, step, place) = match self.blocking(j as u32, direction, &alpha) {
                Block::At(p, step, place) if rises || step < x => (p, step, place),
                _ => {
                    // What rises without end is numbers that went astray; a refresh finds it at zero.
                    if !rises {
                        self.basic.iter_mut().zip(&alpha).for_each(|(basic, a)| *basic += a * x);
                    }
                    continue;
                }
            };
            self.inverse_row(p, &mut rho);
            let ratio = reduced / alpha[p];
            self.dual.iter_mut().zip(&rho).for_each(|(dual, a)| *dual += ratio * a);
            self.pivot(j as u32, p, direction * step, place, &alpha);
            self.basic[p] = x + direction * step;
        }
        self.rhs = rhs;
        self.factored = false;
        self.refresh();
    }
}
