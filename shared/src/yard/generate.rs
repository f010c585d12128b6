//! Made-up yard problems for tests, benches and first steps: the same one for the same seed, on every machine.
//!
//! Four styles have the shapes that the literature measures itself by (Caserta, Schwarze, Voß 2012, doi:10.1016/j.ejor.2011.12.039; Zhu, Qin, Lim, Zhang 2012,
//! doi:10.1109/TASE.2012.2198642; Bortfeldt, Forster 2012, doi:10.1016/j.ejor.2011.10.005). The fifth is like a real bay and uses what a request may hold. No
//! published instance is copied.

use super::wire::{ContainerWire, Departure, RulesWire, StackWire, Task, Wire};
use crate::iso6346;
use crate::rng::Rng;

/// What kind of yard to make up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// Every stack is full but for two tiers, and every container has a turn of its own.
    Full,
    /// Stacks of uneven height without a limit, and every container has a turn of its own.
    Uneven,
    /// Uneven stacks that leave in about five groups.
    Groups,
    /// About three quarters full, in ten groups, to be pre-marshalled.
    Premarshal,
    /// A bay as it is: container numbers, weights, reefers on plugs, dangerous goods, some that leave by truck or vessel
    /// and some that stay.
    Terminal,
}

impl Style {
    /// Every style.
    pub const ALL: [Self; 5] = [Self::Full, Self::Uneven, Self::Groups, Self::Premarshal, Self::Terminal];

    /// Its name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Uneven => "uneven",
            Self::Groups => "groups",
            Self::Premarshal => "premarshal",
            Self::Terminal => "terminal",
        }
    }
}

/// Makes up a problem of this many stacks, filled to `tiers` at most. At least two stacks and two tiers are made.
///
/// ```
/// use portolan::yard::generate::{Style, generate};
/// assert_eq!(generate(Style::Full, 6, 6, 1), generate(Style::Full, 6, 6, 1));
/// ```
pub fn generate(style: Style, stacks: usize, tiers: usize, seed: u64) -> Wire {
    let (stacks, tiers) = (stacks.max(2), tiers.max(2));
    let mut rng = Rng::new(seed).fork(style.name()).fork(&format!("{stacks}x{tiers}"));
    let heights = heights(&mut rng, style, stacks, tiers);
    let count: usize = heights.iter().sum();
    let groups = match style {
        Style::Full | Style::Uneven => count,
        Style::Groups => count.min(5),
        Style::Premarshal | Style::Terminal => count.min(10),
    };
    let mut turns: Vec<usize> = (0..count).map(|at| at * groups / count).collect();
    rng.shuffle(&mut turns);
    let mut wire = Wire { task: (style == Style::Premarshal).then_some(Task::Premarshal), ..Wire::default() };
    let mut departures = vec![Departure::default(); groups];
    let mut next = 0;
    for (at, &height) in heights.iter().enumerate() {
        let mut stack = StackWire { id: format!("S{}", at + 1), ..StackWire::default() };
        stack.max_tiers = match style {
            Style::Full => Some(tiers as u32 + 2),
            Style::Uneven | Style::Groups => None,
            Style::Premarshal | Style::Terminal => Some(tiers as u32),
        };
        for _ in 0..height {
            let container = match style {
                Style::Terminal => real(&mut rng, next),
                _ => ContainerWire::new(format!("C{:03}", next + 1)),
            };
            // A quarter of a real bay is not asked for yet.
            if style != Style::Terminal || rng.below(4) > 0 {
                departures[turns[next]].containers.push(container.id.clone());
            }
            stack.containers.push(container);
            next += 1;
        }
        wire.stacks.push(stack);
    }
    departures.retain(|departure| !departure.containers.is_empty());
    wire.departures = departures;
    if style == Style::Terminal {
        dress(&mut wire);
    }
    wire
}

/// Containers in each stack at first.
fn heights(rng: &mut Rng, style: Style, stacks: usize, tiers: usize) -> Vec<usize> {
    if style == Style::Full {
        return vec![tiers; stacks];
    }
    // Whatever is dug for, what stands above it fits elsewhere: a stack's height less one stays free.
    let most = stacks * tiers - (tiers - 1);
    let count = (stacks * tiers * 3).div_ceil(4).min(most);
    let mut heights = vec![0; stacks];
    for _ in 0..count {
        let open: Vec<usize> = (0..stacks).filter(|&at| heights[at] < tiers).collect();
        heights[open[rng.below(open.len())]] += 1;
    }
    heights
}

/// A container with a sound number, a length, a weight and, now and then, more.
fn real(rng: &mut Rng, at: usize) -> ContainerWire {
    const OWNERS: [&str; 4] = ["PTLU", "NRDU", "SVLU", "ORCU"];
    let number = format!("{}{:06}", OWNERS[rng.below(OWNERS.len())], 100_000 + 7_919 * (at + 1) % 899_999);
    ContainerWire {
        id: iso6346::with_check_digit(&number),
        weight_kg: Some(4_000 + 1_000 * rng.below(25) as u32),
        length_ft: Some(40),
        reefer: rng.below(12) == 0,
        hazard: (rng.below(15) == 0).then(|| "3".to_owned()),
    }
}

/// Gives the stacks what their containers ask for, and the yard its rules.
fn dress(wire: &mut Wire) {
    let third = wire.stacks.len().div_ceil(3);
    for (at, stack) in wire.stacks.iter_mut().enumerate() {
        stack.bay = Some(1);
        stack.row = Some(at as u32 + 1);
        stack.length_ft = Some(40);
        stack.plugs = at < third || stack.containers.iter().any(|container| container.reefer);
        if at % 3 > 0 || stack.containers.iter().any(|container| container.hazard.is_some()) {
            stack.hazards = vec!["3".to_owned()];
        }
    }
    wire.rules = Some(RulesWire { max_overweight_kg: Some(8_000), short_on_long: false });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Problem;
    use crate::yard::Yards;

    #[test]
    fn every_style_and_size_makes_a_valid_problem() {
        for style in Style::ALL {
            for (stacks, tiers) in [(0, 0), (3, 3), (6, 5), (12, 6), (60, 5)] {
                for seed in 0..4 {
                    let wire = generate(style, stacks, tiers, seed);
                    assert_eq!(wire, generate(style, stacks, tiers, seed));
                    assert!(Yards::instance(&wire).is_ok(), "{style:?} {stacks} x {tiers}, seed {seed}");
                }
            }
        }
        assert_ne!(generate(Style::Full, 4, 4, 1), generate(Style::Full, 4, 4, 2));
    }
}
