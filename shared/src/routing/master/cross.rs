//! From any point to a vertex that costs no more.
//!
//! The point is taken for a basis with columns in between: each commodity's largest share is its key, and every other share waits at its value, out of
//! the basis. One after the other is pushed where that saves something, until it is at zero, or something else stops it and it takes that
//! one's place in the basis (Megiddo 1991, doi:10.1287/ijoc.3.1.63; Bixby, Saltzman 1994, doi:10.1016/0167-6377(94)90069-8). From a point near the optimum
//! most pushes end at once, at a resource that is full.

use super::{Columns, Held, Master, NONE, Place};
use crate::budget::Budget;

impl Master {
    /// Begins from containers on columns, `[column of any order]`, that serve every commodity and keep within the capacities.
    pub(in super::super) fn cross(&mut self, columns: &Columns, shares: &[(u32, f64)], budget: &mut Budget<'_>) {
        let (capacity, quantity) = (self.capacity.clone(), self.quantity.clone());
        let mut largest = vec![0.0; quantity.len()];
        for &(column, share) in shares {
            let of = columns.commodity[column as usize] as usize;
            if share > largest[of] {
                (largest[of], self.key[of]) = (share, column);
            }
        }
        self.place.clear();
        self.place.resize(columns.len(), Place::Nonbasic);
        for &key in &self.key {
            self.place[key as usize] = Place::Key;
        }
        self.slot.fill(NONE);
        self.row.clear();
        self.held.clear();
        let waiting: Vec<(u32, f64)> =
            shares.iter().copied().filter(|&(column, share)| share > 0.0 && !self.is_basic(column)).collect();
        for &(column, share) in &waiting {
            self.set_aside(columns, column, -share);
        }
        self.refactor(columns);
        for &(column, share) in &waiting {
            self.set_aside(columns, column, share);
            for &(row, units) in columns.entries(column) {
                self.used[row as usize] += share * f64::from(units);
            }
            let before = self.ticks;
            self.push(columns, column, share);
            if budget.spend(self.ticks - before) {
                break;
            }
        }
        self.capacity = capacity;
        self.quantity = quantity;
        self.refactor(columns);
    }

    /// Gives room to a column that is in no basis, and what it carries to its commodity; or takes both back.
    fn set_aside(&mut self, columns: &Columns, column: u32, share: f64) {
        for &(row, units) in columns.entries(column) {
            self.capacity[row as usize] += share * f64::from(units);
        }
        self.quantity[columns.commodity[column as usize] as usize] += share;
    }

    /// Moves a column that is at `share` to zero or into the basis.
    fn push(&mut self, columns: &Columns, column: u32, share: f64) {
        let reduced = self.reduced(columns, column);
        let rises = reduced < 0.0;
        let entering = Held::Column(column);
        self.solve_entering(columns, entering);
        if !rises {
            self.turn();
        }
        let blocking = self.blocking();
        let Some((leaving, length)) = blocking.filter(|&(_, length)| rises || length < share) else {
            // What rises without end is numbers that went astray; the next factorisation finds it at zero.
            if !rises {
                self.advance(share);
            }
            return;
        };
        self.advance(length);
        let value = if rises {
            share + length
        } else {
            self.turn();
            share - length
        };
        let p = match leaving {
            super::step::Leaving::Key(commodity) if self.takes_key(columns, entering, commodity) => {
                self.pivots += 1;
                return;
            }
            leaving => self.position_of(columns, leaving),
        };
        self.change(columns, p, entering, value, reduced);
    }

    /// The same step the other way.
    fn turn(&mut self) {
        self.alpha.iter_mut().for_each(|rate| *rate = -*rate);
        let rates = &mut self.rates;
        for &commodity in &rates.keys {
            rates.key[commodity as usize] = -rates.key[commodity as usize];
        }
        for &row in &rates.rows {
            rates.row[row as usize] = -rates.row[row as usize];
        }
    }
}
