//! Dual simplex: Devex pricing of the rows (Forrest, Goldfarb 1992, doi:10.1007/BF01581089), Harris ratio test on the pivot row.

use super::{LOGICAL, Lp, PRIMAL, Place, Status};

const PIVOT: f64 = 1e-7;
/// Reduced costs may have the wrong sign by this much within the ratio test.
const SLACK: f64 = 1e-9;

impl Lp {
    /// From a dual feasible basis. `None` says that numerical trouble got in the way.
    pub(super) fn dual_simplex(&mut self, limit: u64) -> Option<Status> {
        let (mut alpha, mut rho) = (Vec::new(), Vec::new());
        // Devex reference weight of each position.
        let mut weight = vec![1.0_f64; self.rows()];
        loop {
            let Some((p, below)) = self.leaving(&weight) else { return Some(Status::Optimal) };
            if self.pivots >= limit {
                return Some(Status::Limit);
            }
            self.inverse_row(p, &mut rho);
            let Some(v) = self.entering_for(&rho, below) else {
                if self.stale > 0 {
                    self.refresh();
                    continue;
                }
                return (self.infeasibility() > 1e-6).then_some(Status::Infeasible);
            };
            self.solved_column(v, &mut alpha);
            let pivot = alpha[p];
            let expected = self.row_entry(v, &rho);
            if (pivot - expected).abs() > 1e-6 * (1.0 + pivot.abs()) || pivot.abs() < PIVOT {
                if self.stale == 0 {
                    return None;
                }
                self.refresh();
                continue;
            }
            let (lower, upper) = self.bounds(self.head[p]);
            let (bound, place) = if below { (lower, Place::Lower) } else { (upper, Place::Upper) };
            let step = (self.basic[p] - bound) / pivot;
            let own = weight[p];
            for (w, &a) in weight.iter_mut().zip(&alpha) {
                if a != 0.0 {
                    *w = w.max(own * (a / pivot) * (a / pivot));
                }
            }
            weight[p] = (own / (pivot * pivot)).max(1.0);
            self.update_reduced(v, p, &rho, pivot);
            self.pivot(v, p, step, place, &alpha);
        }
    }

    /// The most violated position by Devex, and whether it is below its lower bound.
    fn leaving(&self, weight: &[f64]) -> Option<(usize, bool)> {
        let mut best = (0.0, None);
        for (p, (&v, &x)) in self.head.iter().zip(&self.basic).enumerate() {
            let (lower, upper) = self.bounds(v);
            let (miss, below) = if x < lower { (lower - x, true) } else { (x - upper, false) };
            if miss > PRIMAL && miss * miss / weight[p] > best.0 {
                best = (miss * miss / weight[p], Some((p, below)));
            }
        }
        best.1
    }

    fn entering_for(&mut self, rho: &[f64], below: bool) -> Option<u32> {
        let sign = if below { -1.0 } else { 1.0 };
        let mut candidates: Vec<(u32, f64, f64)> = Vec::new();
        let mut longest = f64::INFINITY;
        self.tableau_row(rho);
        let touched = self.by_row.touched.iter().map(|&j| (j, self.by_row.entry[j as usize]));
        let logicals = rho.iter().enumerate().filter(|&(_, &a)| a != 0.0).map(|(r, &a)| (LOGICAL | r as u32, a));
        for (v, entry) in touched.chain(logicals) {
            let (vars, k) = self.vars(v);
            let place = vars.place[k];
            if matches!(place, Place::Basic(_)) || vars.lower[k] == vars.upper[k] {
                continue;
            }
            let a = sign * entry;
            let fits = match place {
                Place::Lower => a > PIVOT,
                Place::Upper => a < -PIVOT,
                _ => a.abs() > PIVOT,
            };
            if fits {
                let d = vars.reduced[k].abs();
                longest = longest.min((d + SLACK) / a.abs());
                candidates.push((v, a.abs(), d));
            }
        }
        let mut best: Option<(f64, u32)> = None;
        for (v, a, d) in candidates {
            if d / a <= longest && best.is_none_or(|(size, _)| a > size) {
                best = Some((a, v));
            }
        }
        best.map(|(_, v)| v)
    }
}
