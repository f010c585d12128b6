//! Primal simplex: composite phase 1, Devex pricing (Harris 1973, doi:10.1007/BF01580108), two-pass ratio test with tolerances.

use super::{DUAL, LOGICAL, Lp, PRIMAL, Place, Status};

const PIVOT: f64 = 1e-7;

impl Lp {
    pub(super) fn primal_simplex(&mut self, limit: u64) -> Status {
        self.columns.weight.fill(1.0);
        self.logicals.weight.fill(1.0);
        let (mut alpha, mut rho) = (Vec::new(), Vec::new());
        let mut tolerance = PRIMAL;
        let mut phase1 = false;
        loop {
            let before = phase1;
            phase1 = self.infeasibility() > tolerance;
            if phase1 {
                self.price_infeasibility();
            } else if before {
                self.compute_reduced();
            }
            let Some((v, up)) = self.entering() else {
                // A verdict counts only on fresh factors.
                if self.stale > 0 {
                    self.refresh();
                    continue;
                }
                if !phase1 {
                    return Status::Optimal;
                }
                self.compute_reduced();
                if self.infeasibility() > 1e-6 {
                    return Status::Infeasible;
                }
                tolerance = 1e-6;
                continue;
            };
            if self.pivots >= limit {
                if phase1 {
                    self.compute_reduced();
                }
                return Status::Limit;
            }
            self.solved_column(v, &mut alpha);
            let direction = if up { 1.0 } else { -1.0 };
            match self.blocking(v, direction, &alpha) {
                Block::Never if phase1 => {
                    // Only rounding leads here; fresh factors decide.
                    if self.stale == 0 {
                        return Status::Infeasible;
                    }
                    self.refresh();
                }
                Block::Never => return Status::Unbounded,
                Block::Flip(step) => {
                    for (x, &a) in self.basic.iter_mut().zip(&alpha) {
                        *x -= direction * step * a;
                    }
                    self.set_place(v, if up { Place::Upper } else { Place::Lower });
                    self.pivots += 1;
                }
                Block::At(p, step, place) => {
                    if alpha[p].abs() < 1e-5 && self.stale > 0 {
                        self.refresh();
                        continue;
                    }
                    if phase1 {
                        self.pivot(v, p, direction * step, place, &alpha);
                        continue;
                    }
                    self.inverse_row(p, &mut rho);
                    self.tableau_row(&rho);
                    self.update_reduced(v, p, &rho, alpha[p]);
                    self.pivot(v, p, direction * step, place, &alpha);
                }
            }
        }
    }

    /// Phase 1: reduced costs of the sum of infeasibilities.
    fn price_infeasibility(&mut self) {
        let costs = self
            .head
            .iter()
            .zip(&self.basic)
            .map(|(&v, &x)| {
                let (lower, upper) = self.bounds(v);
                if x < lower - PRIMAL {
                    -1.0
                } else if x > upper + PRIMAL {
                    1.0
                } else {
                    0.0
                }
            })
            .collect();
        self.price(costs, true);
    }

    /// The best candidate by Devex, and whether it rises.
    fn entering(&self) -> Option<(u32, bool)> {
        let mut best = (0.0, None);
        let mut look = |vars: &super::Variables, k: usize, bit: u32| {
            let (d, place) = (vars.reduced[k], vars.place[k]);
            if place == Place::Lower && d >= -DUAL {
                return; // most of them
            }
            let up = match place {
                Place::Lower => true,
                Place::Upper if d > DUAL => false,
                Place::Free if d.abs() > DUAL => d < 0.0,
                _ => return,
            };
            let score = d * d / vars.weight[k];
            if score > best.0 && vars.lower[k] < vars.upper[k] {
                best = (score, Some((bit | k as u32, up)));
            }
        };
        for &j in &self.active {
            look(&self.columns, j as usize, 0);
        }
        for r in 0..self.rows() {
            look(&self.logicals, r, LOGICAL);
        }
        best.1
    }

    /// Ratio test. First pass: the longest step with bounds relaxed by the tolerance; second pass: the largest pivot among
    /// the positions that block within it.
    pub(super) fn blocking(&self, v: u32, direction: f64, alpha: &[f64]) -> Block {
        let target = |p: usize| -> Option<(f64, Place)> {
            let rate = -direction * alpha[p];
            let (lower, upper) = self.bounds(self.head[p]);
            let x = self.basic[p];
            // An infeasible variable blocks where it becomes feasible, one that worsens does not block.
            if rate > PIVOT {
                if x < lower - PRIMAL {
                    Some((lower, Place::Lower))
                } else {
                    (upper.is_finite() && x <= upper + PRIMAL).then_some((upper, Place::Upper))
                }
            } else if rate < -PIVOT {
                if x > upper + PRIMAL {
                    Some((upper, Place::Upper))
                } else {
                    (lower.is_finite() && x >= lower - PRIMAL).then_some((lower, Place::Lower))
                }
            } else {
                None
            }
        };
        let mut longest = f64::INFINITY;
        for (p, &a) in alpha.iter().enumerate() {
            if let Some((bound, _)) = target(p) {
                longest = longest.min(((bound - self.basic[p]).abs() + PRIMAL) / a.abs());
            }
        }
        let (lower, upper) = self.bounds(v);
        if upper - lower <= longest && upper.is_finite() && lower.is_finite() {
            return Block::Flip(upper - lower);
        }
        if longest.is_infinite() {
            return Block::Never;
        }
        let mut best: Option<(f64, usize, f64, Place)> = None;
        for (p, &a) in alpha.iter().enumerate() {
            if let Some((bound, place)) = target(p) {
                let towards = if place == Place::Upper { bound - self.basic[p] } else { self.basic[p] - bound };
                let towards = if self.is_outside(p) { towards.abs() } else { towards.max(0.0) };
                let step = towards / a.abs();
                if step <= longest && best.is_none_or(|(size, ..)| a.abs() > size) {
                    best = Some((a.abs(), p, step, place));
                }
            }
        }
        best.map_or(Block::Never, |(_, p, step, place)| Block::At(p, step, place))
    }

    fn is_outside(&self, p: usize) -> bool {
        let (lower, upper) = self.bounds(self.head[p]);
        self.basic[p] < lower - PRIMAL || self.basic[p] > upper + PRIMAL
    }

    /// Reduced costs, weights and duals after `v` enters at `p`; `rho` is row `p` of the inverse, `pivot` the entry of `v` in it, and
    /// `by_row` holds the row of the tableau.
    pub(super) fn update_reduced(&mut self, v: u32, p: usize, rho: &[f64], pivot: f64) {
        let (entering, weight) = {
            let (vars, k) = self.vars(v);
            (vars.reduced[k], vars.weight[k])
        };
        let ratio = entering / pivot;
        for &j in &self.by_row.touched {
            let j = j as usize;
            if matches!(self.columns.place[j], Place::Basic(_)) {
                continue;
            }
            let a = self.by_row.entry[j];
            if a != 0.0 {
                self.columns.reduced[j] -= ratio * a;
                let w = weight * (a / pivot) * (a / pivot);
                if w > self.columns.weight[j] {
                    self.columns.weight[j] = w;
                }
            }
        }
        for (r, &a) in rho.iter().enumerate() {
            if a == 0.0 {
                continue;
            }
            self.dual[r] += ratio * a;
            if !matches!(self.logicals.place[r], Place::Basic(_)) {
                self.logicals.reduced[r] -= ratio * a;
                let w = weight * (a / pivot) * (a / pivot);
                self.logicals.weight[r] = self.logicals.weight[r].max(w);
            }
        }
        let gone = self.head[p];
        {
            let (vars, k) = self.vars_mut(gone);
            vars.reduced[k] = -ratio;
            vars.weight[k] = (weight / (pivot * pivot)).max(1.0);
        }
        let (vars, k) = self.vars_mut(v);
        vars.reduced[k] = 0.0;
        self.ticks += 1 + self.by_row.touched.len() as u64 / 4;
    }
}

pub(super) enum Block {
    Never,
    /// The entering variable reaches its other bound.
    Flip(f64),
    At(usize, f64, Place),
}
