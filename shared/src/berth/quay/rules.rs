//! Rules: which vessels can be alongside together, as knapsack inequalities with small coefficients.
//!
//! The quay's length itself is a weak rule: two vessels of 60 % fill it by 120 % only where both are alongside, while a
//! relaxation puts 5/6 of each there. Rounding the lengths helps: for any scale `u`, `sum floor(u l_i) <= floor(u L)` (Chvátal
//! and Gomory), which covers the dual feasible functions of Fekete and Schepers 2001 (doi:10.1007/s101070100234) on one quay,
//! and `sum (ceil(k l_i / L) - 1) <= k - 1`. Each rounded rule is then **lifted**: a coefficient grows as long as a dynamic
//! program over the other vessels proves that the capacity still suffices. One rule after another is kept that no kept one
//! implies coefficient by coefficient.

use super::certificate::Rule;
use super::instance::Instance;

/// At most so many rules.
const MOST: usize = 60;
/// Rounded capacities up to this.
const LARGEST: i64 = 8;

/// The rules of an instance: the first is the quay's length, the second (if any) that of the vessels longer than half of it.
pub(crate) fn rules(instance: &Instance) -> Vec<Rule> {
    let everybody: Vec<usize> = (0..instance.vessels().len()).collect();
    let mut rules = Vec::new();
    in_part(instance, &everybody, instance.room(), &mut rules);
    let mut parts: Vec<(i64, i64)> = instance.vessels().iter().filter_map(|v| v.section).collect();
    parts.sort_unstable();
    parts.dedup();
    for (from, to) in parts {
        let lies_within = |&i: &usize| instance.vessels()[i].section.is_some_and(|(a, b)| from <= a && b <= to);
        let members: Vec<usize> = everybody.iter().copied().filter(lies_within).collect();
        if members.len() > 1 {
            in_part(instance, &members, to - from + instance.gap(), &mut rules);
        }
    }
    rules
}

/// Adds the rules for vessels that share a part of the quay with so much room.
fn in_part(instance: &Instance, members: &[usize], room: i64, rules: &mut Vec<Rule>) {
    let needs: Vec<i64> = members.iter().map(|&i| instance.need(i)).collect();
    let spread = |rule: Rule| {
        let mut coefficients = vec![0; instance.vessels().len()];
        for (&i, coefficient) in members.iter().zip(rule.coefficients) {
            coefficients[i] = coefficient;
        }
        Rule { coefficients, ..rule }
    };
    let length = spread(by_length(&needs, room));
    if !rules.iter().any(|kept| implies(kept, &length)) {
        rules.push(length);
    }
    let round = |scale: i64, unit: i64| Rule {
        coefficients: needs.iter().map(|&need| need * scale / unit).collect(),
        capacity: room * scale / unit,
    };
    let below = |k: i64| Rule {
        coefficients: needs.iter().map(|&need| ((k * need + room - 1) / room - 1).max(0)).collect(),
        capacity: k - 1,
    };
    let mut candidates: Vec<Rule> = (2..=LARGEST + 1).map(below).collect();
    let mut units = needs.clone();
    units.sort_unstable();
    units.dedup();
    units.retain(|&unit| unit > 0);
    for &unit in units.iter().rev() {
        candidates.extend((1..=4).map(|scale| round(scale, unit)).filter(|rule| rule.capacity <= LARGEST));
    }
    candidates.sort_by_key(|rule| rule.capacity);
    for mut rule in candidates {
        if rules.len() >= MOST {
            return;
        }
        lift(&mut rule, &needs, room);
        let rule = spread(rule);
        if rule.coefficients.iter().sum::<i64>() > rule.capacity && !rules.iter().any(|kept| implies(kept, &rule)) {
            rules.push(rule);
        }
    }
}

/// The quay's length, in the largest unit.
fn by_length(needs: &[i64], room: i64) -> Rule {
    let unit = needs.iter().fold(0, |unit, &need| gcd(unit, need)).max(1);
    Rule { coefficients: needs.iter().map(|need| need / unit).collect(), capacity: room / unit }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Whether `rule` follows from `kept` alone: equal capacity after scaling, and no coefficient larger.
fn implies(kept: &Rule, rule: &Rule) -> bool {
    kept.coefficients.iter().zip(&rule.coefficients).all(|(a, b)| a * rule.capacity >= b * kept.capacity)
}

/// Raises the coefficients, longest vessel first, as far as the rule stays true.
fn lift(rule: &mut Rule, needs: &[i64], room: i64) {
    let mut by_need: Vec<usize> = (0..needs.len()).collect();
    by_need.sort_by_key(|&i| (-needs[i], i));
    for i in by_need {
        let others = most(&rule.coefficients, needs, room - needs[i], i, rule.capacity);
        rule.coefficients[i] = rule.coefficients[i].max(rule.capacity - others);
    }
}

/// The largest sum of coefficients of vessels other than `without` that fit into `room`, at most `cap`.
fn most(coefficients: &[i64], needs: &[i64], room: i64, without: usize, cap: i64) -> i64 {
    // By sum of coefficients (all sums from `cap` on together): the least room that it takes.
    let mut least = vec![i64::MAX; cap as usize + 1];
    least[0] = 0;
    for (i, (&coefficient, &need)) in coefficients.iter().zip(needs).enumerate() {
        if i == without || coefficient == 0 {
            continue;
        }
        for sum in (0..=cap).rev() {
            let base = least[sum as usize];
            if base <= room - need {
                let to = (sum + coefficient).min(cap) as usize;
                least[to] = least[to].min(base + need);
            }
        }
    }
    (0..=cap).rev().find(|&sum| least[sum as usize] <= room).unwrap_or(0)
}
