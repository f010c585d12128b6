//! The whole solve: first plans, first prices, sweeps; better prices and plans where those leave a gap.

use super::certificate::{Certificate, Prices};
use super::heuristic::Heuristic;
use super::instance::Instance;
use super::lagrange::{MAX_COST, SCALE};
use super::open::Open;
use super::places::{Block, Places, places};
use super::root::Root;
use super::rules::rules;
use super::schedule::{Berth, Schedule};
use super::stays::{Stay, Stays, earliest, limits};
use super::subgradient;
use super::sweep::{Sweep, Swept};
use crate::budget::Budget;
use crate::outcome::{Found, Outcome, Progress, Stats};
use crate::rng::Rng;

/// Annealing steps for each vessel at the start, and for each pair where first sweeps do not suffice.
const FIRST_STEPS: u64 = 300;
const PAIR_STEPS: u64 = 30;
/// States in a layer of the sweeps before there are good prices.
const FIRST_WIDTHS: [usize; 2] = [500, 2000];
/// The narrowest and widest sweep with good prices; each is so many times as wide as the one before.
const NARROW: usize = 1000;
const WIDE: usize = 256_000;
const WIDER: usize = 4;
/// Neighbourhoods tried in a row without success, and the width of their sweeps.
const TRIES: u32 = 40;
const TRY_WIDTH: usize = 400;
/// Rounds of annealing after a complete sweep whose plan has no positions.
const REACHES: u32 = 5;

/// More instants than this, summed over the vessels' possible departures, are not priced: the time unit is too fine.
const MAX_INSTANTS: i64 = 1 << 22;
/// The same for instants of the schedule, by vessel: the tables of a sweep.
const MAX_CELLS: i64 = 1 << 22;

/// Plans the quay until the plan is proven or the budget is used up. `watch` hears of every better plan and bound.
///
/// Where `MAX_INSTANTS` or `MAX_COST` is reached (a unit of time that is too fine), only annealing and a trivial bound are left.
pub fn solve(
    instance: &Instance,
    budget: &mut Budget<'_>,
    watch: &mut dyn FnMut(&Progress<'_, Schedule>),
) -> Outcome<Schedule, Certificate> {
    let (mut heuristic, first, earliest) = start(instance, budget);
    let mut rng = Rng::new(budget.seed_value()).fork("quay");
    let steps = FIRST_STEPS * instance.vessels().len() as u64;
    let plan = heuristic.anneal(&first, steps, &mut rng, budget);
    let upper = plan.objective(instance);
    let least = instance.vessels().iter().zip(&earliest).map(|(v, &departure)| v.weight * departure).sum();
    let limits = limits(instance, &earliest, upper);
    let proof = Proof { bound: least, prices: Vec::new(), swept: false };
    watch(&Progress { incumbent: &plan, objective: upper, lower_bound: least, ticks: budget.ticks() });
    let instants: i64 = limits.iter().zip(&earliest).map(|(limit, first)| limit - first).sum();
    let span = limits.iter().max().unwrap_or(&0) - instance.vessels().iter().map(|v| v.arrival).min().unwrap_or(0);
    let cells = span * limits.len() as i64;
    if least >= upper || upper >= MAX_COST || instants >= MAX_INSTANTS || cells >= MAX_CELLS {
        let certificate = Certificate { upper: least, scale: SCALE, ..Certificate::default() };
        return outcome(instance, plan, upper, least, certificate, budget, Stats::default());
    }
    let rules = rules(instance);
    let stays = Stays::new(instance, &limits);
    let prices = subgradient::prices(instance, &stays, &rules, &Open::all(stays.len()), upper, budget);
    let root = Root::new(instance, &stays, &rules, prices);
    let mut search =
        Search { instance, stays: &stays, heuristic, rng, plan, upper, root, stats: Stats::default(), proof, watch };
    search.run(budget);
    search.outcome(budget)
}

/// The decoder, the plan in the order of arrivals, and every vessel's earliest departure if it were alone.
fn start<'a>(instance: &'a Instance, budget: &mut Budget<'_>) -> (Heuristic<'a>, Schedule, Vec<i64>) {
    let goes_on = "validated: every tide that a vessel waits for comes back for ever";
    let mut heuristic = Heuristic::new(instance).expect(goes_on);
    let first = heuristic.first_come(budget).expect(goes_on);
    (heuristic, first, earliest(instance).expect(goes_on))
}

fn outcome(
    instance: &Instance,
    solution: Schedule,
    objective: i64,
    lower_bound: i64,
    certificate: Certificate,
    budget: &Budget<'_>,
    stats: Stats,
) -> Outcome<Schedule, Certificate> {
    let gap = instance.relative_gap(objective, lower_bound);
    Outcome::new(Found { solution, objective, lower_bound, gap, certificate }, budget, stats)
}

/// The best bound, and the prices that it comes from.
#[derive(Clone, Debug)]
struct Proof {
    bound: i64,
    prices: Vec<Prices>,
    /// Whether it takes a sweep with these prices.
    swept: bool,
}

struct Search<'a> {
    instance: &'a Instance,
    stays: &'a Stays,
    heuristic: Heuristic<'a>,
    rng: Rng,
    plan: Schedule,
    upper: i64,
    root: Root<'a>,
    stats: Stats,
    proof: Proof,
    watch: &'a mut dyn FnMut(&Progress<'_, Schedule>),
}

impl Search<'_> {
    fn run(&mut self, budget: &mut Budget<'_>) {
        if FIRST_WIDTHS.iter().any(|&width| self.sweep(width, budget) || self.is_good_enough(budget)) {
            return self.reach(budget);
        }
        self.anneal(budget);
        self.root.tighten(self.upper, budget);
        self.prove(self.root.bound.min(self.upper), false, budget);
        let mut width = NARROW;
        while width <= WIDE && !self.is_good_enough(budget) {
            self.neighbourhoods(budget);
            if self.sweep(width, budget) {
                return self.reach(budget);
            }
            width *= WIDER;
        }
    }

    /// Whether the gap is as small as the caller asked for, or the budget is used up.
    fn is_good_enough(&self, budget: &mut Budget<'_>) -> bool {
        budget.is_good_enough(self.instance.relative_gap(self.upper, self.proof.bound)) || budget.stopped().is_some()
    }

    /// After a sweep that cut nothing off: where its plan had no positions, another of the same cost may.
    fn reach(&mut self, budget: &mut Budget<'_>) {
        for _ in 0..REACHES {
            if self.is_good_enough(budget) {
                return;
            }
            self.anneal(budget);
            self.neighbourhoods(budget);
        }
    }

    fn anneal(&mut self, budget: &mut Budget<'_>) {
        let steps = PAIR_STEPS * (self.stays.vessels() as u64).pow(2);
        let plan = self.heuristic.anneal(&self.plan, steps, &mut self.rng, budget);
        self.offer(plan, budget);
    }

    /// The plan becomes the incumbent, if it is better.
    fn offer(&mut self, plan: Schedule, budget: &Budget<'_>) -> bool {
        let cost = plan.objective(self.instance);
        let better = cost < self.upper;
        if better {
            (self.plan, self.upper) = (plan, cost);
            self.stats.improvements += 1;
            self.tell(budget);
        }
        better
    }

    fn tell(&mut self, budget: &Budget<'_>) {
        let (objective, lower_bound) = (self.upper, self.proof.bound);
        (self.watch)(&Progress { incumbent: &self.plan, objective, lower_bound, ticks: budget.ticks() });
    }

    /// The sweep's plan becomes the incumbent, if it has positions.
    fn offer_stays(&mut self, stays: &[Stay], budget: &Budget<'_>) -> bool {
        let need = |i: usize| self.instance.need(i);
        let within = |i: usize| {
            let (from, to) = self.instance.section(i);
            (from, to + self.instance.gap())
        };
        let block = |(i, stay): (usize, &Stay)| {
            let Stay { start, departure: end } = *stay;
            Block { start, end, need: need(i), within: within(i) }
        };
        let blocks: Vec<Block> = stays.iter().enumerate().map(block).collect();
        match places(self.instance.room(), &blocks) {
            Places::Found(at) => {
                let berth = |(position, &stay)| Berth { position, stay };
                self.offer(Schedule(at.into_iter().zip(stays).map(berth).collect()), budget)
            }
            Places::Impossible | Places::Unknown => false,
        }
    }

    /// Sweeps all open stays once. Whether the search is over.
    fn sweep(&mut self, width: usize, budget: &mut Budget<'_>) -> bool {
        let Some(priced) = self.root.priced(self.upper) else {
            self.prove(self.upper, false, budget);
            return true;
        };
        self.prove(self.root.bound, false, budget);
        let Some(sweep) = Sweep::new(self.instance, self.stays, &priced) else { return false };
        let Swept { stays, bound, complete, states } = sweep.run(self.upper, width, budget);
        self.stats.nodes += states;
        if let Some(stays) = stays {
            self.offer_stays(&stays, budget);
        }
        self.prove(bound, true, budget);
        complete || self.proof.bound >= self.upper
    }

    /// Notes a bound with the present prices.
    fn prove(&mut self, bound: i64, swept: bool, budget: &Budget<'_>) {
        if bound > self.proof.bound {
            self.proof = Proof { bound, prices: self.root.prices.clone(), swept };
            self.tell(budget);
        }
    }

    /// Sweeps neighbourhoods of the incumbent: some vessels free, the others near their starts.
    fn neighbourhoods(&mut self, budget: &mut Budget<'_>) {
        let (begin, end) = (self.stays.begin(), self.stays.end());
        let longest = self.instance.vessels().iter().map(|v| v.handling).max().unwrap_or(1);
        let mut failed = 0;
        let Some(mut base) = self.root.priced(self.upper) else { return };
        while failed < TRIES && budget.stopped().is_none() {
            let centre = begin + self.rng.below((end - begin).max(1) as usize) as i64;
            let reach = longest * (2 + self.rng.below(3) as i64);
            let near = self.rng.below(longest as usize + 1) as i64;
            let mut priced = base.clone();
            for (i, berth) in self.plan.0.iter().enumerate() {
                let start = berth.stay.start;
                if (start - centre).abs() > reach {
                    for k in self.stays.of(i).filter(|&k| (self.stays.stay(k).start - start).abs() > near) {
                        priced.cost[k] = i64::MAX;
                    }
                }
            }
            let Some(sweep) = Sweep::new(self.instance, self.stays, &priced) else { return };
            let swept = sweep.run(self.upper, TRY_WIDTH, budget);
            self.stats.nodes += swept.states;
            failed += 1;
            if swept.stays.is_some_and(|stays| self.offer_stays(&stays, budget)) {
                failed = 0;
                match self.root.priced(self.upper) {
                    Some(priced) => base = priced,
                    None => return,
                }
            }
        }
    }

    fn outcome(self, budget: &Budget<'_>) -> Outcome<Schedule, Certificate> {
        let Proof { bound, mut prices, swept } = self.proof;
        // Only cuts with a price, numbered anew.
        let mut number: Vec<Option<u32>> = vec![None; self.root.cuts.len()];
        let mut cuts = Vec::new();
        for (cut, _) in prices.iter_mut().flatten() {
            *cut = *number[*cut as usize].get_or_insert_with(|| {
                cuts.push(self.root.cuts[*cut as usize].clone());
                cuts.len() as u32 - 1
            });
        }
        let rules = self.root.rules.to_vec();
        let stats = Stats { columns: self.root.columns, ..self.stats };
        let certificate = Certificate { upper: bound, scale: SCALE, rules, cuts, prices, swept };
        outcome(self.instance, self.plan, self.upper, bound, certificate, budget, stats)
    }
}
