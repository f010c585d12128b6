//! Duals to begin with.

use super::{Bound, Generator};
use crate::berth::model::Schedule;
use crate::berth::state::State;
use crate::budget::Budget;

impl Generator<'_> {
    /// First duals: what each call costs the others and itself in a plan; then a few deflected subgradient steps (Polyak
    /// step towards `upper`; Camerini, Fratta & Maffioli 1975, doi:10.1007/BFb0120697). They cost no LP and bring the bound
    /// close enough to remove most arcs.
    pub(crate) fn warm_up(&mut self, plan: &Schedule, steps: u64, budget: &mut Budget<'_>) -> bool {
        let mut duals = self.savings(plan);
        self.clamp(&mut duals);
        let mut direction = vec![0.0; self.model.n];
        let (mut length, mut idle) = (1.0, 0);
        for _ in 0..steps {
            if budget.stopped().is_some() {
                return false;
            }
            budget.spend(self.arcs() as u64);
            let value = self.evaluate(&duals);
            let gradient = self.gradient();
            self.harvest(None, 2);
            if gradient.iter().all(|&g| g == 0.0) {
                if value > self.center.value {
                    self.center = Bound { duals, value };
                }
                break;
            }
            if value > self.center.value {
                self.center = Bound { duals: duals.clone(), value };
                idle = 0;
                if self.lower() >= self.upper {
                    return true;
                }
            } else {
                idle += 1;
                if idle >= 4 {
                    idle = 0;
                    length *= 0.7;
                    duals.clone_from(&self.center.duals);
                }
            }
            for (d, g) in direction.iter_mut().zip(&gradient) {
                *d = g + 0.6 * *d;
            }
            let norm: f64 = direction.iter().map(|d| d * d).sum();
            if norm < 1e-6 {
                break;
            }
            let step = length * ((self.upper as f64) * self.scale as f64 - value as f64) / norm;
            for (y, d) in duals.iter_mut().zip(&direction) {
                *y += (step * d) as i64;
            }
            self.clamp(&mut duals);
            if self.worth_fixing() {
                self.fix(budget);
            }
        }
        false
    }

    /// Scaled: by how much the plan gets cheaper without each call.
    fn savings(&self, plan: &Schedule) -> Vec<i64> {
        let mut state = State::from_schedule(self.model, plan);
        (0..self.model.n)
            .map(|i| {
                let (line, at) = (state.place[i].0 as usize, state.place[i].1 as usize);
                let own = state.lines[line][at].cost;
                let free = if line == self.model.m { 0 } else { state.free_before(line, at) };
                let others = state.tail_change(line, free, at + 1, i64::MAX).unwrap_or(0);
                (own - others) * self.scale
            })
            .collect()
    }
}
