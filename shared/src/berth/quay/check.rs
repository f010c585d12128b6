//! Checks plans and certificates, with code of its own: nothing here is shared with the search but the data types.

use std::collections::BTreeMap;

use thiserror::Error;

use super::certificate::{Certificate, Cut, Prices, Rule};
use super::instance::{Instance, Vessel};
use super::schedule::Schedule;
use super::tides::Tides;
use crate::outcome::Outcome;

/// What is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refuted {
    /// Not one berth for each vessel.
    #[error("the plan does not hold one berth for each vessel")]
    Vessels,
    /// This vessel lies outside the quay, or its times are not legal.
    #[error("vessel {0} lies outside the quay, or its times are not legal")]
    Berth(usize),
    /// These two are at the same place at the same time, or nearer than the gap.
    #[error("vessels {0} and {1} are nearer than the gap while both are alongside")]
    Overlap(usize, usize),
    /// A set of vessels that fits the quay breaks this rule.
    #[error("rule {0} does not hold for all sets of vessels that fit the quay")]
    Rule(usize),
    /// This cut does not hold.
    #[error("cut {0} does not hold")]
    Cut(usize),
    /// A price is negative or for a cut that is not there, or the scale is out of range.
    #[error("a price is negative or for an unknown cut, or the scale is out of range")]
    Price,
    /// Sums leave the range of the numbers.
    #[error("sums leave the range of the numbers")]
    Overflow,
    /// The check would take too much memory: the certificate's `upper` is too high, or its prices drop too little.
    #[error("the check would take more than its share of memory")]
    TooLarge,
    /// The claimed objective is not the plan's, which is this.
    #[error("the objective is {0}")]
    Objective(i64),
    /// The claimed bound is above what the certificate proves, which is this.
    #[error("the certificate proves {0} only")]
    Bound(i64),
}

/// No time of any plan that a solve gives is above this: all vessels one after the other, each waiting for both tides.
const MAX_TIME: i64 = 1 << 33;
/// Departures in the table of stays.
const MAX_STAYS: i64 = 1 << 22;
/// Partial plans in one layer.
const MAX_PARTIALS: isize = 2_000_000;

fn inside(tides: &Tides, time: i64) -> bool {
    tides.next(time) == Some(time)
}

/// Checks every berth and every pair; the sum of weighted departures.
///
/// # Errors
/// The first thing that is wrong.
pub fn plan(instance: &Instance, plan: &Schedule) -> Result<i64, Refuted> {
    let vessels = instance.vessels();
    if plan.0.len() != vessels.len() {
        return Err(Refuted::Vessels);
    }
    let mut objective = 0;
    for (i, (v, berth)) in vessels.iter().zip(&plan.0).enumerate() {
        let (start, departure) = (berth.stay.start, berth.stay.departure);
        let (from, to) = v.section.unwrap_or((0, instance.quay()));
        let on_quay = (from..=to - v.length).contains(&berth.position);
        let in_range = (v.arrival..=MAX_TIME).contains(&start) && departure <= MAX_TIME;
        // It leaves as soon as it can.
        let leaves = |done: i64| if v.sails_on_tide { instance.sailing().next(done) } else { Some(done) };
        let legal = on_quay
            && in_range
            && v.fixed.is_none_or(|fixed| fixed == start)
            && (!v.berths_on_tide || v.fixed.is_some() || inside(instance.berthing(), start))
            && leaves(start + v.handling) == Some(departure);
        if !legal {
            return Err(Refuted::Berth(i));
        }
        objective += v.weight * departure;
        for (j, (w, other)) in vessels.iter().zip(&plan.0).enumerate().take(i) {
            let together = start < other.stay.departure && other.stay.start < departure;
            let apart = berth.position + v.length + instance.gap() <= other.position
                || other.position + w.length + instance.gap() <= berth.position;
            if together && !apart {
                return Err(Refuted::Overlap(j, i));
            }
        }
    }
    Ok(objective)
}

/// Checks all that an [`Outcome`] claims: the plan, its objective, and that its certificate proves the lower bound.
///
/// # Errors
/// The first claim that is not true.
pub fn verify(instance: &Instance, outcome: &Outcome<Schedule, Certificate>) -> Result<(), Refuted> {
    let objective = plan(instance, &outcome.solution)?;
    if objective != outcome.objective {
        return Err(Refuted::Objective(objective));
    }
    let proven = certificate(instance, &outcome.certificate)?;
    if outcome.lower_bound > proven { Err(Refuted::Bound(proven)) } else { Ok(()) }
}

/// The lower bound that a certificate proves.
///
/// # Errors
/// What in the certificate is not true.
pub fn certificate(instance: &Instance, certificate: &Certificate) -> Result<i64, Refuted> {
    for (r, rule) in certificate.rules.iter().enumerate() {
        rule_holds(instance, rule).then_some(()).ok_or(Refuted::Rule(r))?;
    }
    for (c, cut) in certificate.cuts.iter().enumerate() {
        cut_holds(instance, &certificate.rules, cut).then_some(()).ok_or(Refuted::Cut(c))?;
    }
    if !(1..=1 << 40).contains(&certificate.scale) {
        return Err(Refuted::Price);
    }
    let mut table = Table::new(instance, certificate.upper)?;
    let mut proven = table.trivial;
    let mut priced = None;
    for prices in &certificate.prices {
        let Some((total, now)) = table.price(instance, certificate, prices)? else { return Ok(certificate.upper) };
        proven = proven.max(total.div_euclid(certificate.scale) + i64::from(total.rem_euclid(certificate.scale) > 0));
        if proven >= certificate.upper {
            return Ok(certificate.upper);
        }
        priced = Some(now);
    }
    if table.stays.iter().any(|row| !row.iter().any(|stay| stay.open)) {
        return Ok(certificate.upper);
    }
    if let (true, Some(priced)) = (certificate.swept, priced) {
        let best = sweep(instance, certificate, &table, &priced)?;
        proven = proven.max(best.unwrap_or(certificate.upper).min(certificate.upper));
    }
    Ok(proven)
}

/// Whether no set of vessels that fits the quay exceeds the rule's capacity. Where all that count must lie in one part of the quay,
/// they have no more room than that.
fn rule_holds(instance: &Instance, rule: &Rule) -> bool {
    let n = instance.vessels().len();
    if rule.coefficients.len() != n || rule.capacity < 0 || rule.coefficients.iter().any(|&a| a < 0) {
        return false;
    }
    let counting = (0..n).filter(|&i| rule.coefficients[i] > 0).map(|i| instance.section(i));
    let part = counting.reduce(|(from, to), (other_from, other_to)| (from.min(other_from), to.max(other_to)));
    let (from, to) = part.unwrap_or((0, instance.quay()));
    let part_room = to - from + instance.gap();
    let room = i128::from(part_room);
    let per_length =
        |i: usize| i128::from(rule.coefficients[i]) * room <= i128::from(rule.capacity) * i128::from(instance.need(i));
    if (0..n).all(per_length) {
        return true;
    }
    if rule.capacity > 10_000 {
        return false;
    }
    // By sum of coefficients, all above the capacity together: the least room that it takes.
    let above = rule.capacity + 1;
    let mut least = vec![i64::MAX; above as usize + 1];
    least[0] = 0;
    for i in 0..n {
        for sum in (0..=above).rev() {
            if least[sum as usize] < i64::MAX {
                let to = (sum + rule.coefficients[i].min(above)).min(above) as usize;
                least[to] = least[to].min(least[sum as usize] + instance.need(i));
            }
        }
    }
    least[above as usize] > part_room
}

fn cut_holds(instance: &Instance, rules: &[Rule], cut: &Cut) -> bool {
    match *cut {
        Cut::Load { rule, begin, end, meeting } => {
            let known = meeting.is_none_or(|vessel| (vessel as usize) < instance.vessels().len());
            (rule as usize) < rules.len() && begin < end && known
        }
        Cut::Order { first, second, .. } => {
            let n = instance.vessels().len();
            let (i, j) = (first as usize, second as usize);
            i != j && i < n && j < n && in_order(instance, i, j)
        }
    }
}

/// Whether the first may be taken to berth and leave no later than the second: they can change places.
fn in_order(instance: &Instance, first: usize, second: usize) -> bool {
    let (a, b) = (&instance.vessels()[first], &instance.vessels()[second]);
    let plain = |v: &Vessel| (v.handling, v.weight, v.berths_on_tide, v.sails_on_tide, v.section);
    if a.fixed.or(b.fixed).is_some() {
        return false;
    }
    let room = instance.room();
    let lonely = |i: usize| (0..instance.vessels().len()).all(|j| j == i || instance.need(i) + instance.need(j) > room);
    let earlier = a.arrival < b.arrival || a.arrival == b.arrival && first < second;
    plain(a) == plain(b) && earlier && (a.length == b.length || lonely(first) && lonely(second))
}

/// A stay in the checker's table.
#[derive(Clone, Copy, Debug)]
struct Choice {
    start: i64,
    departure: i64,
    open: bool,
}

/// All stays by vessel, that of the earliest departure first.
struct Table {
    stays: Vec<Vec<Choice>>,
    /// The sum of weighted earliest departures.
    trivial: i64,
}

impl Table {
    /// Every departure that a plan cheaper than `upper` can have: all other vessels leave at their earliest.
    fn new(instance: &Instance, upper: i64) -> Result<Self, Refuted> {
        let earliest: Vec<i64> = instance.vessels().iter().map(|v| earliest(instance, v)).collect();
        let trivial: i64 = instance.vessels().iter().zip(&earliest).map(|(v, &d)| v.weight * d).sum();
        let slack = upper.saturating_sub(trivial).max(0);
        let departures = instance.vessels().iter().map(|v| slack / v.weight).fold(0, i64::saturating_add);
        if departures > MAX_STAYS {
            return Err(Refuted::TooLarge);
        }
        let stays = instance
            .vessels()
            .iter()
            .zip(&earliest)
            .map(|(v, &first)| {
                if let Some(start) = v.fixed {
                    return vec![Choice { start, departure: first, open: true }];
                }
                let mut row: Vec<Choice> = Vec::new();
                let mut departure = first;
                while trivial + v.weight * (departure - first) < upper {
                    if !v.sails_on_tide || inside(instance.sailing(), departure) {
                        let start = latest_start(instance, v, departure);
                        // Where two departures share their latest start, the later one is never needed.
                        if let Some(start) = start.filter(|&s| row.last().is_none_or(|last| last.start < s)) {
                            row.push(Choice { start, departure, open: true });
                        }
                    }
                    departure += 1;
                }
                row
            })
            .collect();
        Ok(Self { stays, trivial })
    }

    /// The Lagrangian bound at these prices, which close what cannot be part of a plan cheaper than `upper`, and the priced
    /// costs. `None` where a vessel has no open stay.
    fn price(
        &mut self,
        instance: &Instance,
        certificate: &Certificate,
        prices: &Prices,
    ) -> Result<Option<(i64, Priced)>, Refuted> {
        let mut rent = 0_i64;
        for &(c, price) in prices {
            let cut = certificate.cuts.get(c as usize).filter(|_| price >= 0).ok_or(Refuted::Price)?;
            let limit = match *cut {
                Cut::Load { rule, .. } => certificate.rules[rule as usize].capacity,
                Cut::Order { .. } => 0,
            };
            rent = price.checked_mul(limit).and_then(|paid| rent.checked_add(paid)).ok_or(Refuted::Overflow)?;
        }
        if rent > i64::MAX / 4 {
            return Err(Refuted::Overflow);
        }
        let mut total = -rent;
        let (mut costs, mut least) = (Vec::new(), Vec::new());
        for (i, row) in self.stays.iter().enumerate() {
            let mut cost = Vec::with_capacity(row.len());
            for stay in row {
                let mut sum = i128::from(instance.vessels()[i].weight * stay.departure) * i128::from(certificate.scale);
                for &(c, price) in prices.iter().filter(|_| stay.open) {
                    let counts = counts(&certificate.cuts[c as usize], &certificate.rules, i, stay);
                    sum += i128::from(price) * i128::from(counts);
                }
                cost.push(i64::try_from(sum).ok().filter(|c| c.abs() < i64::MAX / 256).ok_or(Refuted::Overflow)?);
            }
            let cheapest = row.iter().zip(&cost).filter(|(stay, _)| stay.open).map(|(_, &cost)| cost).min();
            let Some(cheapest) = cheapest else { return Ok(None) };
            total = total.checked_add(cheapest).ok_or(Refuted::Overflow)?;
            least.push(cheapest);
            costs.push(cost);
        }
        let limit = certificate.upper.checked_sub(1).and_then(|u| u.checked_mul(certificate.scale));
        let limit = limit.ok_or(Refuted::Overflow)?;
        for ((row, cost), least) in self.stays.iter_mut().zip(&costs).zip(&least) {
            for (stay, cost) in row.iter_mut().zip(cost) {
                stay.open &= total - least + cost <= limit;
            }
        }
        Ok(Some((total, Priced { rent, costs })))
    }
}

/// Priced costs by vessel and stay, and the sum of prices times limits.
struct Priced {
    rent: i64,
    costs: Vec<Vec<i64>>,
}

fn latest_start(instance: &Instance, v: &Vessel, departure: i64) -> Option<i64> {
    let mut starts = (v.arrival..=departure - v.handling).rev();
    if v.berths_on_tide { starts.find(|&t| inside(instance.berthing(), t)) } else { starts.next() }
}

/// The first legal departure of a vessel that is alone. It comes: validation says so.
fn earliest(instance: &Instance, v: &Vessel) -> i64 {
    let next = if v.berths_on_tide { instance.berthing().next(v.arrival) } else { None };
    let done = v.fixed.or(next).unwrap_or(v.arrival) + v.handling;
    if v.sails_on_tide { instance.sailing().next(done).unwrap_or(done) } else { done }
}

/// What a stay counts in a cut.
fn counts(cut: &Cut, rules: &[Rule], vessel: usize, stay: &Choice) -> i64 {
    match *cut {
        Cut::Load { rule, begin, end, meeting } => {
            let needed = if meeting == Some(vessel as u32) {
                stay.start.max(begin) < stay.departure.min(end)
            } else {
                stay.start <= begin && end <= stay.departure
            };
            if needed { rules[rule as usize].coefficients[vessel] } else { 0 }
        }
        Cut::Order { first, second, time } if stay.departure <= time => {
            i64::from(vessel as u32 == second) - i64::from(vessel as u32 == first)
        }
        Cut::Order { .. } => 0,
    }
}

/// Some vessels placed, in the order of their starts.
#[derive(Clone, Debug)]
struct Partial {
    /// The last start.
    time: i64,
    cost: i64,
    priced: i64,
    /// (departure, need) of the vessels that are alongside after `time`.
    alongside: Vec<(i64, i64)>,
}

impl Partial {
    fn load(&self, time: i64) -> i64 {
        self.alongside.iter().filter(|&&(departure, _)| departure > time).map(|&(_, need)| need).sum()
    }

    /// Whether whatever follows `other` can follow this one, at no greater cost. Where no vessel fits beside `other`, its load
    /// does not matter.
    fn dominates(&self, other: &Self, room: i64, smallest: i64) -> bool {
        let no_fuller = |t: i64| self.load(t) <= other.load(t) || other.load(t) + smallest > room;
        self.cost <= other.cost
            && self.time <= other.time
            && no_fuller(other.time)
            && other.alongside.iter().all(|&(departure, _)| departure <= other.time || no_fuller(departure))
    }
}

/// What the enumeration of sets reads.
struct Sweep<'a> {
    instance: &'a Instance,
    table: &'a Table,
    priced: &'a Priced,
    /// Partial plans above this priced cost are dropped.
    limit: i64,
    /// By vessel and stay: the least priced cost of it and the later open ones.
    rest: Vec<Vec<Option<i64>>>,
}

/// The least cost of a chain of stays that is cheaper than `upper`, regardless of positions.
fn sweep(
    instance: &Instance,
    certificate: &Certificate,
    table: &Table,
    priced: &Priced,
) -> Result<Option<i64>, Refuted> {
    let n = instance.vessels().len();
    let rest = table.stays.iter().zip(&priced.costs).map(|(row, costs)| rest(row, costs)).collect();
    let limit = (certificate.upper - 1) * certificate.scale;
    let sweep = Sweep { instance, table, priced, limit, rest };
    let root = Partial { time: i64::MIN, cost: 0, priced: -priced.rent, alongside: Vec::new() };
    let mut layer: BTreeMap<u64, Vec<Partial>> = BTreeMap::from([(0, vec![root])]);
    for _ in 0..n {
        let mut next: BTreeMap<u64, Vec<Partial>> = BTreeMap::new();
        let mut held = 0_isize;
        for (&placed, partials) in &layer {
            for partial in partials {
                held += sweep.expand(placed, partial, &mut next);
                if held > MAX_PARTIALS {
                    return Err(Refuted::TooLarge);
                }
            }
        }
        layer = next;
    }
    Ok(layer.values().flatten().map(|partial| partial.cost).filter(|&cost| cost < certificate.upper).min())
}

fn rest(row: &[Choice], costs: &[i64]) -> Vec<Option<i64>> {
    let mut least = None::<i64>;
    let mut rest: Vec<Option<i64>> = row
        .iter()
        .zip(costs)
        .rev()
        .map(|(stay, &cost)| {
            if stay.open {
                least = Some(least.map_or(cost, |least| least.min(cost)));
            }
            least
        })
        .collect();
    rest.reverse();
    rest
}

impl Sweep<'_> {
    /// Position of the vessel's first stay that starts at `time` or later.
    fn from(&self, vessel: usize, time: i64) -> usize {
        self.table.stays[vessel].partition_point(|stay| stay.start < time)
    }

    /// The least that the vessel pays if it starts at `time` or later; `None` where no stay is open.
    fn least(&self, vessel: usize, time: i64) -> Option<i64> {
        self.rest[vessel].get(self.from(vessel, time)).copied().flatten()
    }

    /// When the quay first has room for the vessel beside those alongside.
    fn free(&self, partial: &Partial, vessel: usize) -> Option<i64> {
        let fits = |time: &i64| partial.load(*time) + self.instance.need(vessel) <= self.instance.room();
        let ends = partial.alongside.iter().map(|&(departure, _)| departure).chain([partial.time]);
        ends.filter(|&time| time >= partial.time).filter(fits).min()
    }

    /// Adds all children of a partial plan that are not dropped; by how many the layer grew.
    fn expand(&self, placed: u64, partial: &Partial, next: &mut BTreeMap<u64, Vec<Partial>>) -> isize {
        let mut added = 0;
        let n = self.instance.vessels().len();
        let left: Vec<(usize, i64)> = (0..n)
            .filter(|i| placed >> i & 1 == 0)
            .filter_map(|i| self.free(partial, i).map(|time| (i, time)))
            .collect();
        let owed: Option<i64> = left.iter().map(|&(i, time)| self.least(i, time)).sum();
        if owed.is_none_or(|owed| partial.priced + owed > self.limit) {
            return added;
        }
        for &(j, time) in &left {
            let others = || left.iter().filter(|&&(i, _)| i != j);
            if others().any(|&(i, _)| in_order(self.instance, i, j)) {
                continue;
            }
            let k = self.from(j, time);
            let Some(stay) = self.table.stays[j].get(k).filter(|stay| stay.open) else { continue };
            let mut child = partial.clone();
            child.time = stay.start;
            child.cost += self.instance.vessels()[j].weight * stay.departure;
            child.priced += self.priced.costs[j][k];
            child.alongside.push((stay.departure, self.instance.need(j)));
            child.alongside.retain(|&(departure, _)| departure > stay.start);
            let owed: Option<i64> = others().map(|&(i, time)| self.least(i, time.max(child.time))).sum();
            if owed.is_none_or(|owed| child.priced + owed > self.limit) {
                continue;
            }
            let room = self.instance.room();
            let smallest = others().map(|&(i, _)| self.instance.need(i)).min().unwrap_or(room + 1);
            let same = next.entry(placed | 1 << j).or_default();
            if !same.iter().any(|other| other.dominates(&child, room, smallest)) {
                let before = same.len() as isize;
                same.retain(|other| !child.dominates(other, room, smallest));
                same.push(child);
                added += same.len() as isize - before;
            }
        }
        added
    }
}
