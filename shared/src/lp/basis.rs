//! The basis: its factors or its inverse, and all that is solved with them.

use super::inverse::Inverse;
use super::{LOGICAL, Lp, Place, resting};

/// What rounding may leave of an equation, relative to its numbers, before the inverse is built anew.
const RESIDUAL: f64 = 1e-9;

/// Where a solve stood, to go on from there later: columns may be added in between, rows may not.
#[derive(Clone, Debug)]
pub(crate) struct Basis {
    head: Vec<u32>,
    logicals: Vec<Place>,
    inverse: Option<Inverse>,
}

impl Lp {
    pub(crate) fn basis(&self) -> Basis {
        Basis { head: self.head.clone(), logicals: self.logicals.place.clone(), inverse: self.inverse.clone() }
    }

    /// Back to an earlier basis, with the bounds of now.
    pub(crate) fn set_basis(&mut self, basis: Basis) {
        self.enter(basis.head);
        self.logicals.place = basis.logicals;
        self.factored = basis.inverse.is_some() && self.factored;
        self.inverse = basis.inverse.or(self.inverse.take());
    }

    /// These are basic, one for each row, and everything else rests at a bound.
    pub(super) fn enter(&mut self, head: Vec<u32>) {
        for vars in [&mut self.columns, &mut self.logicals] {
            let bounds = vars.lower.iter().zip(&vars.upper);
            vars.place = bounds.map(|(&lower, &upper)| resting(lower, upper)).collect();
        }
        self.head = head;
        for p in 0..self.head.len() {
            self.set_place(self.head[p], Place::Basic(p as u32));
        }
    }

    /// Recomputes basic values, duals and reduced costs, from new factors or from the inverse while it is sound.
    pub(super) fn refresh(&mut self) {
        let rows = self.rows();
        self.active = (0..self.columns() as u32)
            .filter(|&j| self.columns.lower[j as usize] < self.columns.upper[j as usize])
            .collect();
        if self.inverse.is_none() {
            self.by_row.fill(rows, &self.active, &self.matrix);
        }
        self.stale = 0;
        let kept = self.factored && self.inverse.as_ref().is_some_and(|inverse| !inverse.is_worn());
        if kept {
            self.compute_basic();
            self.compute_reduced();
        }
        if !kept || !self.is_sound() {
            self.factorise();
            self.compute_basic();
            self.compute_reduced();
        }
    }

    fn factorise(&mut self) {
        let rows = self.rows();
        let (head, matrix) = (&self.head, &self.matrix);
        let repaired = self.factor.factorise(rows, &mut |p, out| match head[p] {
            v if v & LOGICAL != 0 => out.push((v & !LOGICAL, 1.0)),
            v => out.extend(matrix.iter(v as usize)),
        });
        for (p, row) in repaired {
            let gone = self.head[p];
            let (lower, upper) = self.bounds(gone);
            self.set_place(gone, resting(lower, upper));
            self.head[p] = LOGICAL | row as u32;
            self.set_place(LOGICAL | row as u32, Place::Basic(p as u32));
        }
        self.ticks += 4 * rows as u64;
        if let Some(inverse) = &mut self.inverse {
            inverse.build(rows, &mut self.factor);
            self.ticks += (rows * rows / 16) as u64;
        }
        self.factored = true;
    }

    /// Whether the basic values solve the rows, and the duals price the basic columns at nothing.
    fn is_sound(&self) -> bool {
        let mut rest = self.resting_rhs();
        let mut size = 1.0_f64;
        for (&v, &x) in self.head.iter().zip(&self.basic) {
            size = size.max(x.abs());
            if v & LOGICAL != 0 {
                rest[(v & !LOGICAL) as usize] -= x;
            } else {
                self.matrix.iter(v as usize).for_each(|(r, a)| rest[r as usize] -= a * x);
            }
        }
        let dear = self.dual.iter().fold(1.0_f64, |most, y| most.max(y.abs()));
        let priced = |v: u32| {
            let covered = if v & LOGICAL == 0 {
                self.matrix.dot(v as usize, &self.dual)
            } else {
                self.dual[(v & !LOGICAL) as usize]
            };
            (self.cost_of(v) - covered).abs() <= RESIDUAL * dear
        };
        rest.iter().all(|e| e.abs() <= RESIDUAL * size) && self.head.iter().all(|&v| priced(v))
    }

    /// The right-hand sides less what the nonbasic variables take.
    fn resting_rhs(&self) -> Vec<f64> {
        let mut b = self.rhs.clone();
        for j in 0..self.columns() {
            let value = match self.columns.place[j] {
                Place::Basic(_) | Place::Free => continue,
                Place::Lower => self.columns.lower[j],
                Place::Upper => self.columns.upper[j],
            };
            if value != 0.0 {
                for (r, v) in self.matrix.iter(j) {
                    b[r as usize] -= v * value;
                }
            }
        }
        for (r, rest) in b.iter_mut().enumerate() {
            match self.logicals.place[r] {
                Place::Lower => *rest -= self.logicals.lower[r],
                Place::Upper => *rest -= self.logicals.upper[r],
                _ => {}
            }
        }
        b
    }

    fn compute_basic(&mut self) {
        let mut b = self.resting_rhs();
        if let Some(inverse) = &self.inverse {
            self.basic.fill(0.0);
            inverse.solve((0..).zip(b), &mut self.basic);
        } else {
            self.factor.ftran(&mut b);
            self.basic = b;
        }
    }

    pub(super) fn compute_reduced(&mut self) {
        let costs: Vec<f64> = self.head.iter().map(|&v| self.cost_of(v)).collect();
        self.price(costs, false);
    }

    /// Duals and reduced costs for the given basic costs; `phase1` ignores the costs of nonbasic variables.
    pub(super) fn price(&mut self, mut costs: Vec<f64>, phase1: bool) {
        match &self.inverse {
            Some(inverse) => inverse.prices(&mut costs),
            None => self.factor.btran(&mut costs),
        }
        for &j in &self.active {
            let j = j as usize;
            self.columns.reduced[j] = if matches!(self.columns.place[j], Place::Basic(_)) {
                0.0
            } else {
                let base = if phase1 { 0.0 } else { self.columns.cost[j] };
                base - self.matrix.dot(j, &costs)
            };
        }
        for (r, &y) in costs.iter().enumerate() {
            let base = if phase1 { 0.0 } else { self.logicals.cost[r] };
            self.logicals.reduced[r] = if matches!(self.logicals.place[r], Place::Basic(_)) { 0.0 } else { base - y };
        }
        self.ticks += self.active.len() as u64;
        self.dual = costs;
    }

    /// The column of `v`, solved against the basis.
    pub(super) fn solved_column(&mut self, v: u32, out: &mut Vec<f64>) {
        out.clear();
        out.resize(self.rows(), 0.0);
        self.ticks += 1 + self.rows() as u64 / 16;
        if let Some(inverse) = &self.inverse {
            if v & LOGICAL != 0 {
                inverse.solve(std::iter::once((v & !LOGICAL, 1.0)), out);
            } else {
                inverse.solve(self.matrix.iter(v as usize), out);
            }
            return;
        }
        if v & LOGICAL != 0 {
            out[(v & !LOGICAL) as usize] = 1.0;
        } else {
            for (r, value) in self.matrix.iter(v as usize) {
                out[r as usize] = value;
            }
        }
        self.factor.ftran(out);
    }

    /// Row `p` of the basis inverse.
    pub(super) fn inverse_row(&mut self, p: usize, out: &mut Vec<f64>) {
        self.ticks += 1 + self.rows() as u64 / 16;
        if let Some(inverse) = &self.inverse {
            inverse.row(p, out);
            return;
        }
        out.clear();
        out.resize(self.rows(), 0.0);
        out[p] = 1.0;
        self.factor.btran(out);
    }

    /// The entries of all active columns in the row `rho` of the tableau.
    pub(super) fn tableau_row(&mut self, rho: &[f64]) {
        self.ticks += match self.inverse {
            Some(_) => self.by_row.dots(rho, &self.active, &self.matrix),
            None => self.by_row.row(rho),
        };
    }
}
