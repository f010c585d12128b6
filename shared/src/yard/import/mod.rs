//! Yards as other systems write them: a table of containers ([`mod@csv`]), a stowage or yard plan ([`baplie`]), a list of what leaves
//! ([`coprar`]).

pub mod baplie;
pub mod coprar;
pub mod csv;
mod edifact;

use std::collections::BTreeMap;

use super::wire::{ContainerWire, Departure, StackWire, Wire};
use crate::issue::{Issue, Issues};

/// Reads a yard, or says why not; `None` where the text is of neither form.
pub fn read(text: &str) -> Option<Result<Wire, Vec<Issue>>> {
    csv::read(text).or_else(|| baplie::read(text))
}

/// Reads what leaves: a COPRAR message, whose containers leave in any order, or plain names, a line each, first to last.
pub fn departures(text: &str) -> Result<Vec<Departure>, Vec<Issue>> {
    if let Some(read) = coprar::read(text) {
        return read;
    }
    let names = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(names.map(|name| Departure { containers: vec![name.to_owned()] }).collect())
}

/// Stacks as their containers come in, in any order.
#[derive(Default)]
struct Gathered {
    /// In the order in which they were first named.
    stacks: Vec<StackWire>,
    by_name: BTreeMap<String, usize>,
    /// `[stack]`: containers by tier, each with the place in the text that named it.
    tiers: Vec<BTreeMap<u32, (ContainerWire, String)>>,
}

impl Gathered {
    fn stack(&mut self, name: &str) -> usize {
        if let Some(&at) = self.by_name.get(name) {
            return at;
        }
        self.stacks.push(StackWire { id: name.to_owned(), ..StackWire::default() });
        self.tiers.push(BTreeMap::new());
        self.by_name.insert(name.to_owned(), self.stacks.len() - 1);
        self.stacks.len() - 1
    }

    fn put(&mut self, stack: usize, tier: u32, container: ContainerWire, place: String, issues: &mut Issues) {
        if let Some((other, first)) = self.tiers[stack].get(&tier) {
            let cause = format!(
                "{place}: {} stands in stack {}, tier {tier}, where {} stands already ({first})",
                container.id, self.stacks[stack].id, other.id
            );
            issues.note("slot_taken", "", cause, "give each container a slot of its own");
        } else {
            self.tiers[stack].insert(tier, (container, place));
        }
    }

    /// Tiers must count up from 1 without a gap.
    fn check_floating(&self, issues: &mut Issues) {
        for (stack, tiers) in self.stacks.iter().zip(&self.tiers) {
            for (expected, (&tier, (container, place))) in (1..).zip(tiers) {
                if tier != expected {
                    let cause = format!(
                        "{place}: {} stands in stack {}, tier {tier}, with nothing in tier {expected}",
                        container.id, stack.id
                    );
                    issues.note("floating", "", cause, "name the container below, or correct the tier");
                    break;
                }
            }
        }
    }

    fn into_stacks(self) -> Vec<StackWire> {
        let mut stacks = self.stacks;
        for (stack, tiers) in stacks.iter_mut().zip(self.tiers) {
            stack.containers = tiers.into_values().map(|(container, _)| container).collect();
        }
        stacks
    }
}
