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
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let first = text.lines().next()?;
    let delimiter = if first.contains(';') { b';' } else { b',' };
    let headings: Vec<String> =
        first.split(char::from(delimiter)).map(|name| name.trim().trim_matches('"').to_lowercase()).collect();
    let is_table = HEADINGS[..3].iter().all(|needed| headings.iter().any(|heading| heading == needed));
    is_table.then(|| table(text, delimiter, &headings))
}

fn table(text: &str, delimiter: u8, headings: &[String]) -> Result<Wire, Vec<Issue>> {
    let mut issues = Issues::new();
    for heading in headings.iter().filter(|heading| !HEADINGS.contains(&heading.as_str())) {
        let cause = format!("there is a column {heading:?}");
        issues.note("unknown_column", "", cause, format!("the columns are: {}", HEADINGS.join(", ")));
    }
    let mut gathered = Gathered::default();
    let mut turns: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    for (at, record) in reader.records().enumerate() {
        if at > 2 * limits::MAX_CONTAINERS {
            let cause = format!("there are more than {} lines", 2 * limits::MAX_CONTAINERS);
            issues.note("too_many_containers", "", cause, "plan fewer stacks at once: bay by bay or block by block");
            break;
        }
        match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                Line { number_in_file: line, record: &record, headings, issues: &mut issues }
                    .read(&mut gathered, &mut turns);
            }
            Err(error) => issues.note("not_a_table", "", error.to_string(), "send the table in UTF-8"),
        }
    }
    gathered.check_floating(&mut issues);
    let departures = turns.into_values().map(|containers| Departure { containers }).collect();
    issues.into_result(Wire { stacks: gathered.into_stacks(), departures, ..Wire::default() })
}

/// One line, and what is wrong with it.
struct Line<'a> {
    number_in_file: u64,
    record: &'a csv::StringRecord,
    headings: &'a [String],
    issues: &'a mut Issues,
}

impl Line<'_> {
    fn read(&mut self, gathered: &mut Gathered, turns: &mut BTreeMap<i64, Vec<String>>) {
        let Some(stack) = self.text("stack") else {
            return self.note("stack_missing", "there is no stack", "name the stack");
        };
        let at = gathered.stack(&stack);
        let (bay, row, max_tiers) = (self.number("bay"), self.number("row"), self.number("max_tiers"));
        let (closed, plugs) = (self.is_set("closed"), self.is_set("plugs"));
        let wire = &mut gathered.stacks[at];
        wire.bay = bay.or(wire.bay);
        wire.row = row.or(wire.row);
        wire.max_tiers = max_tiers.or(wire.max_tiers);
        wire.closed |= closed;
        wire.plugs |= plugs;
        let Some(id) = self.text("container") else { return };
        let Some(tier) = self.number("tier").filter(|&tier| tier > 0) else {
            return self.note("tier_missing", &format!("{id} has no tier"), "give its tier, 1 at the ground");
        };
        if let Some(turn) = self.number::<i64>("turn") {
            turns.entry(turn).or_default().push(id.clone());
        }
        let container = ContainerWire {
            id,
            weight_kg: self.number("weight_kg"),
            length_ft: self.number("length_ft"),
            reefer: self.is_set("reefer"),
            hazard: self.text("hazard"),
        };
        gathered.put(at, tier, container, format!("line {}", self.number_in_file), self.issues);
    }

    fn note(&mut self, code: &'static str, cause: &str, action: &str) {
        self.issues.note(code, "", format!("line {}: {cause}", self.number_in_file), action);
    }

    fn text(&self, heading: &str) -> Option<String> {
        let column = self.headings.iter().position(|other| other == heading)?;
        self.record.get(column).filter(|cell| !cell.is_empty()).map(str::to_owned)
    }

    fn number<T: std::str::FromStr>(&mut self, heading: &str) -> Option<T> {
        let cell = self.text(heading)?;
        let number = cell.parse().ok();
        if number.is_none() {
            self.note("not_a_number", &format!("{heading} is {cell:?}"), "give a whole number");
        }
        number
    }

    fn is_set(&mut self, heading: &str) -> bool {
        let Some(cell) = self.text(heading) else { return false };
        match cell.to_lowercase().as_str() {
            "1" | "true" | "yes" | "y" => true,
            "0" | "false" | "no" | "n" => false,
            _ => {
                self.note("not_yes_or_no", &format!("{heading} is {cell:?}"), "write yes or no");
                false
            }
        }
    }
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
