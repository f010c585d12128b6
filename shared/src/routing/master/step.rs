//! One step of the primal simplex method: what enters moves until something stops it.

use super::{Columns, Held, Master, NONE, PRIMAL, Place, REFACTOR};

/// Entries of a solved column below this do not count.
const NOTHING: f64 = 1e-11;
/// A pivot must be at least this large.
const PIVOT: f64 = 1e-7;

/// How keys and watched rows change with each unit of what enters.
#[derive(Clone, Debug)]
pub(super) struct Rates {
    pub(super) key: Vec<f64>,
    pub(super) keys: Vec<u32>,
    pub(super) row: Vec<f64>,
    pub(super) rows: Vec<u32>,
    has_key: Vec<bool>,
    has_row: Vec<bool>,
}

impl Rates {
    pub(super) fn new(rows: usize, commodities: usize) -> Self {
        Self {
            key: vec![0.0; commodities],
            keys: Vec::new(),
            row: vec![0.0; rows],
            rows: Vec::new(),
            has_key: vec![false; commodities],
            has_row: vec![false; rows],
        }
    }

    fn clear(&mut self) {
        for commodity in self.keys.drain(..) {
            self.key[commodity as usize] = 0.0;
            self.has_key[commodity as usize] = false;
        }
        for row in self.rows.drain(..) {
            self.row[row as usize] = 0.0;
            self.has_row[row as usize] = false;
        }
    }

    fn add_key(&mut self, commodity: u32, rate: f64) {
        if !std::mem::replace(&mut self.has_key[commodity as usize], true) {
            self.keys.push(commodity);
        }
        self.key[commodity as usize] += rate;
    }

    fn add_column(&mut self, columns: &Columns, column: u32, slot: &[u32], rate: f64) {
        for &(row, units) in columns.entries(column) {
            if slot[row as usize] == NONE {
                if !std::mem::replace(&mut self.has_row[row as usize], true) {
                    self.rows.push(row);
                }
                self.row[row as usize] += rate * f64::from(units);
            }
        }
    }
}

/// What stops a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    Position(u32),
    Key(u32),
    Row(u32),
}

impl Master {
    /// Lets a column enter that saves `-reduced` a container. Returns what the step saved; `None` where nothing stopped it,
    /// which only numerical trouble can bring about.
    pub(in super::super) fn enter(&mut self, columns: &Columns, column: u32, reduced: f64) -> Option<f64> {
        debug_assert!(!self.is_basic(column));
        self.step(columns, Held::Column(column), reduced)
    }

    /// Lets the slack of a held row enter, whose price is below zero.
    pub(in super::super) fn release(&mut self, columns: &Columns, row: u32) -> Option<f64> {
        let price = self.price[row as usize];
        self.step(columns, Held::Slack(row), price)
    }

    fn step(&mut self, columns: &Columns, entering: Held, reduced: f64) -> Option<f64> {
        self.solve_entering(columns, entering);
        let Some((leaving, length)) = self.blocking() else {
            // Numbers that went astray: begin again from exact ones.
            self.refactor(columns);
            return None;
        };
        self.advance(length);
        let p = match leaving {
            Leaving::Key(commodity) if self.takes_key(columns, entering, commodity) => {
                self.pivots += 1;
                return Some(-reduced * length);
            }
            leaving => self.position_of(columns, leaving),
        };
        self.change(columns, p, entering, length, reduced);
        Some(-reduced * length)
    }

    /// The entering variable solved against the basis, and the rates of all that is not in it.
    pub(super) fn solve_entering(&mut self, columns: &Columns, entering: Held) {
        let mut alpha = std::mem::take(&mut self.alpha);
        alpha.clear();
        alpha.resize(self.basis.size(), 0.0);
        self.rates.clear();
        match entering {
            Held::Slack(row) => alpha[self.slot[row as usize] as usize] = 1.0,
            Held::Column(column) => {
                let commodity = columns.commodity[column as usize];
                for (of, sign) in [(column, 1.0), (self.key[commodity as usize], -1.0)] {
                    for &(row, units) in columns.entries(of) {
                        let number = self.slot[row as usize];
                        if number != NONE {
                            alpha[number as usize] += sign * f64::from(units);
                        }
                    }
                }
                self.rates.add_key(commodity, -1.0);
                self.rates.add_column(columns, column, &self.slot, 1.0);
            }
        }
        self.basis.ftran(&mut alpha);
        let mut work = 0;
        for (p, value) in alpha.iter_mut().enumerate() {
            if value.abs() <= NOTHING {
                *value = 0.0;
            } else if let Held::Column(column) = self.held[p] {
                self.rates.add_key(columns.commodity[column as usize], *value);
                self.rates.add_column(columns, column, &self.slot, -*value);
                work += 1;
            }
        }
        let keys = std::mem::take(&mut self.rates.keys);
        for &commodity in &keys {
            let rate = self.rates.key[commodity as usize];
            if rate.abs() > NOTHING {
                self.rates.add_column(columns, self.key[commodity as usize], &self.slot, rate);
            }
        }
        self.rates.keys = keys;
        self.ticks += 4 + work + (self.basis.size() + self.basis.change_entries() / 2) as u64 / 16;
        self.alpha = alpha;
    }

    /// Ratio test in two passes (Harris 1973, doi:10.1007/BF01580108): the longest step with limits relaxed by the tolerance, then the largest
    /// rate among those that stop it.
    pub(super) fn blocking(&self) -> Option<(Leaving, f64)> {
        let positions = self.alpha.iter().zip(&self.value).enumerate();
        let positions = positions.map(|(p, (&rate, &room))| (Leaving::Position(p as u32), rate, room));
        let keys = self.rates.keys.iter().map(|&commodity| {
            let at = commodity as usize;
            (Leaving::Key(commodity), -self.rates.key[at], self.key_value[at])
        });
        let rows = self.rates.rows.iter().map(|&row| {
            let at = row as usize;
            (Leaving::Row(row), self.rates.row[at], self.capacity[at] - self.used[at])
        });
        let all = positions.chain(keys).chain(rows).filter(|&(_, rate, _)| rate > PIVOT);
        let mut longest = f64::INFINITY;
        for (_, rate, room) in all.clone() {
            longest = longest.min((room.max(0.0) + PRIMAL) / rate);
        }
        let mut best: Option<(f64, Leaving, f64)> = None;
        for (leaving, rate, room) in all {
            let length = room.max(0.0) / rate;
            if length <= longest && best.is_none_or(|(size, ..)| rate > size) {
                best = Some((rate, leaving, length));
            }
        }
        best.map(|(_, leaving, length)| (leaving, length))
    }

    /// Moves all values along.
    pub(super) fn advance(&mut self, length: f64) {
        for (value, &rate) in self.value.iter_mut().zip(&self.alpha) {
            *value -= length * rate;
        }
        for &commodity in &self.rates.keys {
            self.key_value[commodity as usize] += length * self.rates.key[commodity as usize];
        }
        for &row in &self.rates.rows {
            self.used[row as usize] += length * self.rates.row[row as usize];
        }
    }

    /// Where a commodity has its key alone and another of its columns enters, that one becomes the key and the basis stays.
    pub(super) fn takes_key(&mut self, columns: &Columns, entering: Held, commodity: u32) -> bool {
        let Held::Column(column) = entering else { return false };
        let at = commodity as usize;
        if columns.commodity[column as usize] != commodity || !self.others[at].is_empty() {
            return false;
        }
        self.place[self.key[at] as usize] = Place::Nonbasic;
        self.place[column as usize] = Place::Key;
        self.key[at] = column;
        self.key_value[at] = self.quantity[at];
        true
    }

    /// Brings what leaves to a position of the basis; `alpha` and the values follow.
    pub(super) fn position_of(&mut self, columns: &Columns, leaving: Leaving) -> usize {
        match leaving {
            Leaving::Position(p) => p as usize,
            Leaving::Row(row) => self.join(columns, row),
            Leaving::Key(commodity) => {
                let at = commodity as usize;
                let size = |&&p: &&u32| self.alpha[p as usize].abs();
                let best = self.others[at].iter().max_by(|a, b| size(a).total_cmp(&size(b)).then(b.cmp(a)));
                let p = *best.expect("a key moves where another column of its commodity does") as usize;
                self.fold(commodity, p);
                p
            }
        }
    }

    /// The column at position `p` becomes its commodity's key, and the key takes its position.
    pub(super) fn fold(&mut self, commodity: u32, p: usize) {
        let at = commodity as usize;
        let Held::Column(column) = self.held[p] else { return };
        self.basis.fold(p, self.others[at].iter().copied().filter(|&other| other as usize != p));
        let old = self.key[at];
        self.key[at] = column;
        self.held[p] = Held::Column(old);
        self.place[column as usize] = Place::Key;
        self.place[old as usize] = Place::At(p as u32);
        std::mem::swap(&mut self.key_value[at], &mut self.value[p]);
        if p < self.alpha.len() {
            // The rate of the key, with the sign of a position's.
            self.alpha[p] = -self.rates.key[at];
        }
    }

    /// A watched row joins the basis with its slack. Returns its position.
    pub(super) fn join(&mut self, columns: &Columns, row: u32) -> usize {
        let units = |column: u32| {
            let found = columns.entries(column).iter().find(|&&(other, _)| other == row);
            found.map_or(0.0, |&(_, units)| f64::from(units))
        };
        let (held, key) = (&self.held, &self.key);
        let entries = held.iter().enumerate().filter_map(|(p, held)| {
            let Held::Column(column) = *held else { return None };
            let value = units(column) - units(key[columns.commodity[column as usize] as usize]);
            (value != 0.0).then_some((p as u32, value))
        });
        let p = self.basis.append(entries);
        self.ticks += p as u64 / 8;
        self.slot[row as usize] = p as u32;
        self.row.push(row);
        self.held.push(Held::Slack(row));
        self.value.push(self.capacity[row as usize] - self.used[row as usize]);
        self.alpha.push(self.rates.row[row as usize]);
        p
    }

    /// The entering variable takes position `p`; prices follow.
    pub(super) fn change(&mut self, columns: &Columns, p: usize, entering: Held, length: f64, reduced: f64) {
        let mut row_of_inverse = vec![0.0; self.basis.size()];
        row_of_inverse[p] = 1.0;
        self.basis.btran(&mut row_of_inverse);
        self.change_with(columns, p, entering, length, reduced, &row_of_inverse);
    }

    pub(super) fn change_with(
        &mut self,
        columns: &Columns,
        p: usize,
        entering: Held,
        length: f64,
        reduced: f64,
        row_of_inverse: &[f64],
    ) {
        let ratio = reduced / self.alpha[p];
        for (&row, &entry) in self.row.iter().zip(row_of_inverse) {
            self.price[row as usize] -= ratio * entry;
        }
        self.basis.replace(p, &self.alpha);
        if let Held::Column(gone) = self.held[p] {
            self.place[gone as usize] = Place::Nonbasic;
            self.others[columns.commodity[gone as usize] as usize].retain(|&other| other as usize != p);
        }
        if let Held::Column(column) = entering {
            self.place[column as usize] = Place::At(p as u32);
            self.others[columns.commodity[column as usize] as usize].push(p as u32);
        }
        self.held[p] = entering;
        self.value[p] = length;
        self.pivots += 1;
        self.ticks += 4 + (self.basis.size() + self.basis.change_entries() / 2) as u64 / 16;
        if self.basis.changes() >= REFACTOR {
            self.refactor(columns);
        }
    }
}
