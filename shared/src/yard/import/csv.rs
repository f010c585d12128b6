//! A table of containers: a line each, in any order, below a line of headings.
//!
//! `container`, `stack` and `tier` (1 at the ground) are needed. A container with a `turn` leaves; lower turns leave first, equal ones in any order.
//! `weight_kg`, `length_ft`, `reefer` and `hazard` describe the container; `bay`, `row`, `max_tiers`, `closed` and `plugs` its stack. A line without a container
//! states a stack that may be empty. Fields are parted by commas or semicolons.

use std::collections::BTreeMap;

use super::super::wire::{ContainerWire, Departure, Wire};
use super::Gathered;
use crate::issue::{Issue, Issues};
use crate::limits;
use crate::sheet::{Line, Sheet};

const HEADINGS: [&str; 13] = [
    "container",
    "stack",
    "tier",
    "turn",
    "weight_kg",
    "length_ft",
    "reefer",
    "hazard",
    "bay",
    "row",
    "max_tiers",
    "closed",
    "plugs",
];

/// Reads the table, or says what is wrong with it, line by line; `None` where the first line has not the headings that are
/// needed.
pub fn read(text: &str) -> Option<Result<Wire, Vec<Issue>>> {
    Sheet::new(text, &HEADINGS[..3]).map(|sheet| table(&sheet))
}

fn table(sheet: &Sheet<'_>) -> Result<Wire, Vec<Issue>> {
    let mut issues = Issues::new();
    let mut gathered = Gathered::default();
    let mut turns: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    sheet.read(&HEADINGS, 2 * limits::MAX_CONTAINERS, &mut issues, |line| take(line, &mut gathered, &mut turns));
    gathered.check_floating(&mut issues);
    let departures = turns.into_values().map(|containers| Departure { containers }).collect();
    issues.into_result(Wire { stacks: gathered.into_stacks(), departures, ..Wire::default() })
}

fn take(line: &mut Line<'_>, gathered: &mut Gathered, turns: &mut BTreeMap<i64, Vec<String>>) {
    let Some(stack) = line.text("stack") else {
        return line.note("stack_missing", "there is no stack", "name the stack");
    };
    let at = gathered.stack(&stack);
    let (bay, row, max_tiers) = (line.number("bay"), line.number("row"), line.number("max_tiers"));
    let (closed, plugs) = (line.is_set("closed"), line.is_set("plugs"));
    let wire = &mut gathered.stacks[at];
    wire.bay = bay.or(wire.bay);
    wire.row = row.or(wire.row);
    wire.max_tiers = max_tiers.or(wire.max_tiers);
    wire.closed |= closed;
    wire.plugs |= plugs;
    let Some(id) = line.text("container") else { return };
    let Some(tier) = line.number("tier").filter(|&tier| tier > 0) else {
        return line.note("tier_missing", &format!("{id} has no tier"), "give its tier, 1 at the ground");
    };
    if let Some(turn) = line.number::<i64>("turn") {
        turns.entry(turn).or_default().push(id.clone());
    }
    let container = ContainerWire {
        id,
        weight_kg: line.number("weight_kg"),
        length_ft: line.number("length_ft"),
        reefer: line.is_set("reefer"),
        hazard: line.text("hazard"),
    };
    gathered.put(at, tier, container, format!("line {}", line.number), line.issues);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_reads_in_any_order() {
        let text = "stack;tier;container;turn;max_tiers;reefer\nA;2;c2;1;5;yes\nA;1;c1;2;;\nB;;;;5;\n";
        let wire = read(text).expect("a table").expect("nothing is wrong with it");
        let ids: Vec<&str> = wire.stacks[0].containers.iter().map(|container| container.id.as_str()).collect();
        assert_eq!(ids, ["c1", "c2"]);
        assert_eq!((wire.stacks[0].max_tiers, wire.stacks[1].containers.len()), (Some(5), 0));
        assert!(wire.stacks[0].containers[1].reefer);
        assert_eq!(wire.departures[0].containers, ["c2"]);
    }

    #[test]
    fn what_is_wrong_is_said_line_by_line() {
        let text = "container,stack,tier,turn\na,A,1,x\nb,A,3,\nc,A,1,\nd,,1,\ne,A,,\n";
        let issues = read(text).expect("a table").expect_err("wrong");
        let codes: Vec<&str> = issues.iter().map(|issue| issue.code.as_ref()).collect();
        assert_eq!(codes, ["not_a_number", "slot_taken", "stack_missing", "tier_missing", "floating"]);
        assert!(issues[0].cause.starts_with("line 2: "), "{}", issues[0].cause);
    }

    #[test]
    fn other_texts_are_no_tables() {
        for other in ["", "container,stack\n", "{}", "3 4 5\n"] {
            assert!(read(other).is_none(), "{other:?}");
        }
        let issues = read("container,stack,tier,colour\n").expect("a table").expect_err("wrong");
        assert_eq!(issues[0].code, "unknown_column");
    }
}
