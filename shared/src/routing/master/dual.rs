//! The dual simplex method: from prices that are right to values that are, after capacities or quantities have changed.

use super::step::Leaving;
use super::{Columns, Held, Master, PRIMAL, Place};
use crate::budget::Budget;

const PIVOT: f64 = 1e-7;

impl Master {
    /// Mends what is below zero or above capacity, with columns among `candidates`. Returns whether it came to an end.
    pub(in super::super) fn mend(&mut self, columns: &Columns, candidates: &[u32], budget: &mut Budget<'_>) -> bool {
        let mut by_row = vec![0.0; self.price.len()];
        let mut doubts = 0;
        // A dual degenerate basis may go in circles; nothing depends on an end.
        let most = 200 + 2 * self.basis.size();
        for _ in 0..most {
            let Some(worst) = self.worst() else { return true };
            self.alpha.clear();
            let p = self.bring(columns, worst);
            let mut row = vec![0.0; self.basis.size()];
            row[p] = 1.0;
            self.basis.btran(&mut row);
            for (&of, &entry) in self.row.iter().zip(&row) {
                by_row[of as usize] = entry;
            }
            let found = self.entering(columns, candidates, &by_row, &row);
            for &of in &self.row {
                by_row[of as usize] = 0.0;
            }
            let before = self.ticks;
            self.ticks += candidates.len() as u64 / 4 + 1;
            let Some((entering, reduced)) = found else {
                if doubts > 2 || self.basis.changes() == 0 {
                    return false;
                }
                doubts += 1;
                self.refactor(columns);
                continue;
            };
            self.solve_entering(columns, entering);
            if self.alpha[p] > -PIVOT {
                doubts += 1;
                if doubts > 20 {
                    return false;
                }
                self.refactor(columns);
                continue;
            }
            let length = self.value[p] / self.alpha[p];
            self.advance(length);
            self.change_with(columns, p, entering, length, reduced, &row);
            if budget.spend(self.ticks - before) {
                return false;
            }
        }
        false
    }

    /// What is furthest from where it may be.
    fn worst(&self) -> Option<Leaving> {
        let mut best = (-PRIMAL, None);
        let mut look = |value: f64, leaving: Leaving| {
            if value < best.0 {
                best = (value, Some(leaving));
            }
        };
        for (p, &value) in self.value.iter().enumerate() {
            look(value, Leaving::Position(p as u32));
        }
        for (commodity, &value) in self.key_value.iter().enumerate() {
            if value < -PRIMAL {
                look(value, Leaving::Key(commodity as u32));
            }
        }
        for (row, (&used, &capacity)) in self.used.iter().zip(&self.capacity).enumerate() {
            if used > capacity && self.slot[row] == super::NONE {
                look(capacity - used, Leaving::Row(row as u32));
            }
        }
        best.1
    }

    fn bring(&mut self, columns: &Columns, leaving: Leaving) -> usize {
        match leaving {
            Leaving::Position(p) => p as usize,
            Leaving::Row(row) => self.join(columns, row),
            Leaving::Key(commodity) => {
                let p = self.others[commodity as usize][0] as usize;
                self.fold(commodity, p);
                p
            }
        }
    }

    /// What can raise the row at the least loss, with its reduced cost.
    fn entering(&self, columns: &Columns, candidates: &[u32], by_row: &[f64], row: &[f64]) -> Option<(Held, f64)> {
        let mut best: Option<(f64, f64, Held, f64)> = None;
        let mut look = |entry: f64, reduced: &dyn Fn() -> f64, held: Held| {
            if entry < -PIVOT {
                let reduced = reduced().max(0.0);
                let ratio = reduced / -entry;
                let better = |&(least, size, ..): &(f64, f64, Held, f64)| {
                    ratio < least - 1e-9 || (ratio < least + 1e-9 && -entry > size)
                };
                if best.as_ref().is_none_or(better) {
                    best = Some((ratio, -entry, held, reduced));
                }
            }
        };
        let mut is_slack = vec![false; self.row.len()];
        for held in &self.held {
            if let Held::Slack(of) = held {
                is_slack[self.slot[*of as usize] as usize] = true;
            }
        }
        for ((&of, &entry), is_slack) in self.row.iter().zip(row).zip(is_slack) {
            if !is_slack {
                look(entry, &|| self.price[of as usize], Held::Slack(of));
            }
        }
        let entry_of = |column: u32| -> f64 {
            columns.entries(column).iter().map(|&(of, units)| by_row[of as usize] * f64::from(units)).sum()
        };
        for &column in candidates {
            if self.place[column as usize] == Place::Nonbasic {
                let key = self.key[columns.commodity[column as usize] as usize];
                let entry = entry_of(column) - entry_of(key);
                look(entry, &|| self.reduced(columns, column), Held::Column(column));
            }
        }
        best.map(|(_, _, held, reduced)| (held, reduced))
    }
}
