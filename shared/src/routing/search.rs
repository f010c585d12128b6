//! The order of methods: pour, price, sweep, round.
//!
//! 1. Containers are **poured** along their cheapest open ways: a plan after some milliseconds.
//! 2. Some rounds of the **Lagrangian dual** price the resources, and containers are poured by what was chosen under these prices. The first round has no
//!    prices, and its bound comes out at once.
//! 3. An **interior point** method approaches the optimum of the relaxation, with a sweep for more ways after each of a handful of solves.
//! 4. Its point is **crossed over** to a vertex, from which the simplex method with **column generation** closes what is open: some hundred pivots
//!    instead of thirteen thousand from a poured plan on `kro_WorldLarge`.
//! 5. The relaxation is **rounded** by diving, and what is left is poured.
//!
//! From an earlier answer ([`solve_from`]) its ways are taken again as far as there is room, its prices are proven for the request at hand, and the plan is
//! crossed over: after a small change the vertex is nearly that of the optimum. The interior would take longer there.
//!
//! What did not help: prices held in a box around those of the dual while the simplex method begins (du Merle, Villeneuve, Desrosiers, Hansen 1999,
//! doi:10.1016/S0012-365X(98)00213-1), everything on its cheapest way at first. The vertex is as good as the prices, but on `kro_WorldLarge` as many steps
//! went into the boxed problems, one after the other as boxes were widened, as were saved at the start; wide boxes cost as much as none. More rounds of
//! the dual from an earlier answer's prices: its noise is larger than what a small change moves.
//!
//! Every bound that is claimed is recomputed from whole prices in exact sums ([`super::certificate`]).

use super::certificate::{self, Certificate, Judge};
use super::colgen::{self, Relaxation};
use super::columns::Columns;
use super::cost;
use super::greedy::{self, Pouring};
use super::instance::Instance;
use super::lagrange::Dual;
use super::master::Master;
use super::network::Network;
use super::paths::Paths;
use super::plan::{Flow, Solution};
use super::round::{self, Whole};
use super::warm::Warm;
use crate::budget::Budget;
use crate::lp::interior::Interior;
use crate::outcome::{Found, Outcome, Progress, Stats};

/// Rounds of the dual, and the first whose prices are proven.
const ROUNDS: usize = 5;
const SOON: usize = 3;
/// How far off the first prices may be, in parts of what a unit of room earns: from nothing, and from an earlier answer.
const FAR: f64 = 0.5;
const NEARBY: f64 = 0.05;
/// The bound is recomputed exactly, and the master's solution rounded, when what is open has shrunk by this factor; the bound sooner while the gap is large.
const SHRUNK: f64 = 0.25;
const EARLY: f64 = 0.75;
const LARGE: f64 = 0.01;
/// Ways that take part at first are dearer than the cheapest by this share at most.
const NEAR: f64 = 0.05;
/// What is open at first, as a share of the bound; an interior solve closes all but a part of what is open; it is near the optimum when so little is open.
const OPEN: f64 = 0.1;
const CLOSER: f64 = 0.2;
const NEARLY: f64 = 3e-5;
/// Interior solves at most.
const SOLVES: usize = 25;
/// The relaxation is solved to this gap.
const CLOSED: f64 = 1e-9;

pub(super) fn solve(
    instance: &Instance,
    budget: &mut Budget<'_>,
    watch: &mut dyn FnMut(&Progress<'_, Solution>),
) -> Outcome<Solution, Certificate> {
    let mut search = Search::new(instance, watch);
    search.run(None, budget);
    search.finish(budget)
}

/// As [`Routing::solve`](super::Routing), from what an earlier answer to a similar request says: some hundred times less work where little has changed.
/// What is proven is proven of this request alone.
pub fn solve_from(
    instance: &Instance,
    warm: &Warm,
    budget: &mut Budget<'_>,
    watch: &mut dyn FnMut(&Progress<'_, Solution>),
) -> Outcome<Solution, Certificate> {
    let mut search = Search::new(instance, watch);
    search.run(Some(warm), budget);
    search.finish(budget)
}

struct Search<'a, 'w> {
    instance: &'a Instance,
    network: &'a Network,
    judge: Judge<'a>,
    watch: &'w mut dyn FnMut(&Progress<'_, Solution>),
    /// `[class]`
    weights: Vec<f64>,
    solution: Solution,
    objective: i64,
    lower_bound: i64,
    stats: Stats,
}

impl<'a, 'w> Search<'a, 'w> {
    /// Nothing is carried, and ways cost nothing.
    fn new(instance: &'a Instance, watch: &'w mut dyn FnMut(&Progress<'_, Solution>)) -> Self {
        let solution = Solution { flows: Vec::new(), prices: cost::free(instance) };
        let objective = cost::objective(instance, &cost::costs(instance, &solution.flows));
        let lower_bound = certificate::trivial(instance).min(objective);
        let weights = instance.classes.iter().map(|class| class.multiplier as f64).collect();
        let stats = Stats::default();
        let judge = Judge::new(instance);
        Self { instance, network: instance.network(), judge, watch, weights, solution, objective, lower_bound, stats }
    }

    fn run(&mut self, warm: Option<&Warm>, budget: &mut Budget<'_>) {
        let network = self.network;
        let weights = self.weights.clone();
        let mut paths = Paths::new(network);
        let mut columns = Columns::new(network, &weights);
        let mut dual = match warm {
            Some(warm) => Dual::new(network, warm.prices.clone(), NEARBY),
            None => Dual::new(network, vec![0.0; network.capacity.len()], FAR),
        };
        let best = match warm {
            Some(warm) => self.resume(warm, &mut paths, &mut columns, &mut dual, budget),
            None => self.begin(&mut paths, &mut columns, &mut dual, budget),
        };
        if self.is_done(budget) {
            return;
        }
        let shares = match warm {
            Some(_) => None,
            None => self.approach(&mut paths, &mut columns, &mut dual, &best, budget),
        };
        if self.is_done(budget) {
            return;
        }
        let shares = shares.unwrap_or_else(|| whole_shares(network, &columns, &best));
        let capacity = network.capacity.iter().map(|&capacity| capacity as f64).collect();
        let quantity = network.commodities.iter().map(|commodity| commodity.quantity as f64).collect();
        let mut master = Master::new(capacity, quantity);
        master.cross(&columns, &shares, budget);
        let mut relaxation = Relaxation::new(columns, master, dual.bound, dual.prices);
        let mut missing = relaxation.gap();
        let is_solved = relaxation.solve(network, &mut paths, &weights, CLOSED, budget, &mut |relaxation, budget| {
            self.learn(relaxation.bound, &relaxation.prices, budget);
            if relaxation.gap() < missing * SHRUNK {
                missing = relaxation.gap();
                let whole = round::round(network, &relaxation.columns, &relaxation.master, budget);
                self.offer(&relaxation.columns, &whole.flows, budget);
            }
            self.is_done(budget)
        });
        self.stats.columns = relaxation.columns.len() as u64;
        if is_solved {
            self.prove(&relaxation.prices, budget);
        }
        let whole = round::round(network, &relaxation.columns, &relaxation.master, budget);
        let columns = &mut relaxation.columns;
        let settled = whole.flows.len();
        let poured = Pouring::new(network, whole.room, whole.rest).run(
            greedy::ALL,
            &mut paths,
            columns,
            &vec![0.0; network.capacity.len()],
            &weights,
            budget,
        );
        let mut flows = whole.flows;
        flows.extend(poured.flows);
        debug_assert!(flows.len() >= settled);
        self.offer(columns, &flows, budget);
    }

    /// From a plan and prices towards the optimum, through the interior. Returns containers on columns, near the optimum and within the capacities.
    fn approach(
        &mut self,
        paths: &mut Paths<'_>,
        columns: &mut Columns,
        dual: &mut Dual,
        plan: &[(u32, i64)],
        budget: &mut Budget<'_>,
    ) -> Option<Vec<(u32, f64)>> {
        let network = self.network;
        let weights = self.weights.clone();
        let mut open = OPEN * dual.bound.abs().max(1.0);
        let mut new = columns.near(network, &dual.trial, NEAR);
        let capacity = network.capacity.iter().map(|&capacity| capacity as f64).collect();
        let quantity = network.commodities.iter().map(|of| of.quantity as f64).collect();
        let plan: Vec<(u32, f64)> = plan.iter().map(|&(column, count)| (column, count as f64)).collect();
        let mu = open / new.len().max(1) as f64;
        let mut interior = Interior::new(capacity, quantity, columns, &dual.trial, &plan, mu);
        let mut found: Option<Vec<(u32, f64)>> = None;
        let mut missing = f64::INFINITY;
        for _ in 0..SOLVES {
            let shares = interior.improve(columns, &new, CLOSER * open, budget);
            let prices = interior.prices();
            if self.is_done(budget) || !shares.value.is_finite() || interior.is_too_large() {
                break;
            }
            let pays;
            (pays, new) = interior.pays(columns, &prices);
            let Some(swept) = colgen::sweep(network, paths, columns, &prices, &pays, &weights, budget) else { break };
            if swept.bound > dual.bound {
                dual.bound = swept.bound;
                dual.prices = prices;
            }
            new.extend(swept.new);
            new.sort_unstable();
            new.dedup();
            open = (shares.value - dual.bound).abs();
            self.learn(dual.bound, &dual.prices, budget);
            let flows = round::fitted(network, columns, &shares.flows);
            if self.objective as f64 - dual.bound > 0.0 && open < SHRUNK * missing {
                missing = open;
                let whole = round::floored(network, columns, &flows);
                let mut carried = whole.flows;
                let pouring = Pouring::new(network, whole.room, whole.rest);
                carried.extend(pouring.run(greedy::FEW, paths, columns, &dual.prices, &weights, budget).flows);
                self.offer(columns, &carried, budget);
            }
            found = Some(flows);
            if self.is_done(budget) || open < NEARLY * dual.bound.abs() {
                break;
            }
        }
        found
    }

    /// Takes note of prices when what is open has shrunk enough.
    fn learn(&mut self, bound: f64, prices: &[f64], budget: &mut Budget<'_>) {
        let share = if self.gap() > LARGE { EARLY } else { SHRUNK };
        if self.objective as f64 - bound < share * (self.objective - self.lower_bound) as f64 {
            self.prove(prices, budget);
        }
    }

    /// From nothing: a plan, some prices, and a plan by these. Returns the better one.
    fn begin(
        &mut self,
        paths: &mut Paths<'_>,
        columns: &mut Columns,
        dual: &mut Dual,
        budget: &mut Budget<'_>,
    ) -> Vec<(u32, i64)> {
        let network = self.network;
        let weights = self.weights.clone();
        let mut pouring = greedy::from_nothing(network);
        pouring.round(paths, columns, &dual.prices, &weights, budget);
        self.offer(columns, pouring.flows(), budget);
        if dual.improve(network, paths, columns, &weights, budget) {
            self.claim(dual.bound, budget);
        }
        let free = vec![0.0; network.capacity.len()];
        let mut best = pouring.run(greedy::FEW, paths, columns, &free, &weights, budget).flows;
        self.offer(columns, &best, budget);
        for nth in 2..=ROUNDS {
            if self.is_done(budget) || !dual.improve(network, paths, columns, &weights, budget) {
                return best;
            }
            if nth == SOON {
                self.prove(&dual.prices, budget);
            }
        }
        self.learn(dual.bound, &dual.prices, budget);
        let poured = greedy::pour_chosen(network, paths, columns, dual, &weights, budget);
        let before = self.objective;
        self.offer(columns, &poured.flows, budget);
        if self.objective < before {
            best = poured.flows;
        }
        best
    }

    /// Takes note of what is known without prices, for which no certificate has to be made: less by more than sums of floating-point numbers are off.
    fn claim(&mut self, bound: f64, budget: &Budget<'_>) {
        let bound = (bound - 1e-7 * bound.abs() - 1.0).floor() as i64;
        if self.instance.sunk.iter().all(|&sunk| sunk >= 0) && bound > self.lower_bound {
            self.lower_bound = bound.min(self.objective);
            self.tell(budget);
        }
    }

    /// From an earlier answer: its ways are taken again as far as there is room, its prices are the first. Returns the plan.
    fn resume(
        &mut self,
        warm: &Warm,
        paths: &mut Paths<'_>,
        columns: &mut Columns,
        dual: &mut Dual,
        budget: &mut Budget<'_>,
    ) -> Vec<(u32, i64)> {
        let network = self.network;
        let weights = self.weights.clone();
        let mut taken = Whole::new(network);
        for (at, arcs, quantity) in network.ways(&warm.flows) {
            let commodity = &network.commodities[at];
            let (column, _) = columns.add(network, at, &arcs, weights[commodity.class]);
            let count = quantity.min(taken.fitting(columns, column));
            if !commodity.whole || count == taken.rest[at] {
                taken.take(columns, column, count);
            }
        }
        let rest = Pouring::new(network, taken.room, taken.rest).run(
            greedy::ALL,
            paths,
            columns,
            &warm.prices,
            &weights,
            budget,
        );
        taken.flows.extend(rest.flows);
        self.offer(columns, &taken.flows, budget);
        self.prove(&warm.prices, budget);
        // Ways that are cheapest at these prices.
        dual.improve(network, paths, columns, &weights, budget);
        taken.flows
    }

    fn is_done(&self, budget: &mut Budget<'_>) -> bool {
        self.lower_bound >= self.objective || budget.is_good_enough(self.gap()) || budget.stopped().is_some()
    }

    fn gap(&self) -> f64 {
        cost::gap(self.instance, self.objective, self.lower_bound)
    }

    /// Takes note of a plan, if it is better: containers on columns become containers of lots.
    fn offer(&mut self, columns: &Columns, flows: &[(u32, i64)], budget: &Budget<'_>) {
        let mut by_commodity: Vec<(u32, u32, i64)> =
            flows.iter().map(|&(column, count)| (columns.commodity[column as usize], column, count)).collect();
        by_commodity.sort_unstable();
        let mut given = Vec::with_capacity(by_commodity.len());
        for group in by_commodity.chunk_by(|a, b| a.0 == b.0) {
            let range = &self.network.commodities[group[0].0 as usize].lots;
            let mut lots = self.network.lots[range.start as usize..range.end as usize].iter();
            let mut lot = lots.next();
            let mut open = lot.map_or(0, |&lot| self.instance.lots[lot as usize].quantity);
            for &(commodity, column, mut count) in group {
                // Not carrying is no way.
                while count > 0 && column != commodity {
                    let Some(&of) = lot else { break };
                    let quantity = count.min(open);
                    if quantity > 0 {
                        let arcs =
                            columns.arcs(column).iter().map(|&arc| self.network.original[arc as usize]).collect();
                        given.push(Flow { lot: of, quantity, arcs });
                    }
                    (count, open) = (count - quantity, open - quantity);
                    if open == 0 {
                        lot = lots.next();
                        open = lot.map_or(0, |&lot| self.instance.lots[lot as usize].quantity);
                    }
                }
            }
        }
        given.sort_unstable();
        given.dedup_by(|next, flow| {
            let is_same = next.lot == flow.lot && next.arcs == flow.arcs;
            if is_same {
                flow.quantity += next.quantity;
            }
            is_same
        });
        let objective = cost::objective(self.instance, &cost::costs(self.instance, &given));
        if objective < self.objective {
            (self.solution.flows, self.objective) = (given, objective);
            self.stats.improvements += 1;
            self.tell(budget);
        }
    }

    /// Takes note of prices, if what they prove is better.
    fn prove(&mut self, prices: &[f64], budget: &mut Budget<'_>) {
        let scale = self.solution.prices.scale;
        let whole = prices.iter().enumerate().map(|(at, &price)| (at as u32, (price * scale as f64).round() as i64));
        let certificate = Certificate { scale, prices: whole.filter(|&(_, price)| price > 0).collect() };
        let bound = self.judge.bound_within(&certificate, &mut |ticks| budget.spend(ticks));
        let Some(bound) = bound.map(|bound| bound.min(self.objective)) else { return };
        if bound > self.lower_bound {
            self.lower_bound = bound;
            self.solution.prices = certificate;
            self.tell(budget);
        }
    }

    fn tell(&mut self, budget: &Budget<'_>) {
        let Self { watch, solution, objective, lower_bound, .. } = self;
        let (objective, lower_bound) = (*objective, *lower_bound);
        watch(&Progress { incumbent: solution, objective, lower_bound, ticks: budget.ticks() });
    }

    fn finish(self, budget: &Budget<'_>) -> Outcome<Solution, Certificate> {
        let gap = self.gap();
        let Self { solution, objective, lower_bound, stats, .. } = self;
        let certificate = solution.prices.clone();
        Outcome::new(Found { solution, objective, lower_bound, gap, certificate }, budget, stats)
    }
}

/// A plan's containers on columns, those that are not carried among them.
fn whole_shares(network: &Network, columns: &Columns, flows: &[(u32, i64)]) -> Vec<(u32, f64)> {
    let mut rest: Vec<i64> = network.commodities.iter().map(|commodity| commodity.quantity).collect();
    for &(column, count) in flows {
        rest[columns.commodity[column as usize] as usize] -= count;
    }
    let stay = (0..).zip(&rest).map(|(column, &count)| (column, count as f64));
    stay.chain(flows.iter().map(|&(column, count)| (column, count as f64))).collect()
}
