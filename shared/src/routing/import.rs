//! Sailings and lots as tables.
//!
//! **Sailings**: a line for each call, in the order of the voyage. `sailing`, `port`, `arrive` and `depart` are needed; `vessel`, `slots_teu`,
//! `plugs` and `continues` may stand on one of a sailing's lines or on all of them, `leg_cents` and `moves` belong to the call.
//!
//! **Lots**: a line for each lot, or for each container of a lot, whose number stands in `container`. `lot`, `destination` and `rejection_cents` are needed;
//! further columns have the names of the request's fields. What a lot's first line says counts for all of it.

use std::collections::BTreeMap;

use super::wire::{CallWire, LotWire, SailingWire};
use crate::issue::{Issue, Issues};
use crate::limits;
use crate::sheet::{Line, Sheet};
use crate::time::Time;

const SAILINGS: [&str; 10] =
    ["sailing", "port", "arrive", "depart", "vessel", "slots_teu", "plugs", "leg_cents", "moves", "continues"];
const LOTS: [&str; 16] = [
    "lot",
    "destination",
    "rejection_cents",
    "origin",
    "quantity",
    "container",
    "length_ft",
    "reefer",
    "release",
    "due",
    "late_cents_per_day",
    "max_transit_s",
    "class",
    "service_cents",
    "whole",
    "aboard",
];

/// Reads a table of sailings, or says what is wrong with it, line by line.
pub fn sailings(text: &str) -> Result<Vec<SailingWire>, Vec<Issue>> {
    let sheet = sheet(text, &SAILINGS[..4])?;
    let mut issues = Issues::new();
    let mut sailings: Vec<SailingWire> = Vec::new();
    let mut by_name: BTreeMap<String, usize> = BTreeMap::new();
    let most = limits::MAX_SAILINGS * 10;
    sheet.read(&SAILINGS, most, &mut issues, |line| {
        let Some(id) = needed(line, "sailing") else { return };
        let (port, arrive, depart) = (needed(line, "port"), time(line, "arrive"), time(line, "depart"));
        let at = *by_name.entry(id.clone()).or_insert(sailings.len());
        if at == sailings.len() {
            sailings.push(SailingWire { id, ..SailingWire::default() });
        }
        let sailing = &mut sailings[at];
        sailing.vessel = line.text("vessel").or(sailing.vessel.take());
        sailing.continues = line.text("continues").or(sailing.continues.take());
        sailing.slots_teu = line.number("slots_teu").unwrap_or(sailing.slots_teu);
        sailing.plugs = line.number("plugs").unwrap_or(sailing.plugs);
        let (leg_cents, moves) = (line.number("leg_cents"), line.number("moves"));
        let (Some(port), Some(arrive), Some(depart)) = (port, arrive, depart) else {
            return line.note("call_incomplete", "the call lacks a port or a time", "give port, arrive and depart");
        };
        sailing.calls.push(CallWire { port, arrive, depart, leg_cents, moves });
    });
    issues.into_result(sailings)
}

/// Reads a table of lots, or says what is wrong with it, line by line.
pub fn lots(text: &str) -> Result<Vec<LotWire>, Vec<Issue>> {
    let sheet = sheet(text, &LOTS[..3])?;
    let mut issues = Issues::new();
    let mut lots: Vec<LotWire> = Vec::new();
    let mut by_name: BTreeMap<String, usize> = BTreeMap::new();
    sheet.read(&LOTS, 2 * limits::MAX_LOTS, &mut issues, |line| {
        let Some(id) = needed(line, "lot") else { return };
        if let Some(&at) = by_name.get(&id) {
            match line.text("container") {
                Some(number) if !lots[at].containers.is_empty() => lots[at].containers.push(number),
                _ => line.note(
                    "lot_twice",
                    &format!("{id:?} was on an earlier line"),
                    "give each lot one line, or each container",
                ),
            }
            return;
        }
        by_name.insert(id.clone(), lots.len());
        let lot = LotWire {
            id,
            origin: line.text("origin").unwrap_or_default(),
            destination: needed(line, "destination").unwrap_or_default(),
            quantity: line.number("quantity").unwrap_or(0),
            containers: line.text("container").into_iter().collect(),
            length_ft: line.number("length_ft"),
            reefer: line.is_set("reefer"),
            release: time(line, "release"),
            due: time(line, "due"),
            late_cents_per_day: line.number("late_cents_per_day"),
            max_transit_s: line.number("max_transit_s"),
            class: line.number("class").unwrap_or(0),
            rejection_cents: needed(line, "rejection_cents").and_then(|_| line.number("rejection_cents")).unwrap_or(0),
            service_cents: line.number("service_cents").unwrap_or(0),
            whole: line.is_set("whole"),
            aboard: line.text("aboard"),
            pinned: Vec::new(),
        };
        lots.push(lot);
    });
    issues.into_result(lots)
}

fn sheet<'a>(text: &'a str, needed: &[&str]) -> Result<Sheet<'a>, Vec<Issue>> {
    Sheet::new(text, needed).ok_or_else(|| {
        let cause = "the first line has not the headings that are needed";
        vec![Issue::new("headings_missing", "", cause, format!("begin with a line that has {}", needed.join(", ")))]
    })
}

fn needed(line: &mut Line<'_>, heading: &str) -> Option<String> {
    let cell = line.text(heading);
    if cell.is_none() {
        line.note("cell_empty", &format!("{heading} is empty"), "fill it in");
    }
    cell
}

/// RFC 3339, or seconds from the start of the horizon.
fn time(line: &mut Line<'_>, heading: &str) -> Option<Time> {
    let cell = line.text(heading)?;
    let time = cell.parse().map(Time::Offset).ok().or_else(|| cell.parse().map(Time::Absolute).ok());
    if time.is_none() {
        let action = "write 2026-03-02T06:00:00Z, or whole seconds from the start of the horizon";
        line.note("not_a_time", &format!("{heading} is {cell:?}"), action);
    }
    time
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_become_sailings_and_containers_become_lots() {
        let text = "sailing;port;arrive;depart;slots_teu;vessel\nA;PTSIE;0;3600;50;Aurora\nB;PTSIE;7200;9000;;\nA;SNDKR;2026-03-08T00:00:00Z;2026-03-09T00:00:00Z;;\n";
        let read = sailings(text).expect("nothing is wrong");
        assert_eq!((read.len(), read[0].calls.len(), read[0].slots_teu), (2, 2, 50));
        assert_eq!(read[0].vessel.as_deref(), Some("Aurora"));
        let text = "lot,origin,destination,container,rejection_cents,reefer,due\nfish,PTSIE,SNDKR,CSQU3054383,900,yes,86400\nfish,,,PTLU1234560,,,\nwine,PTSIE,SNDKR,,700,,\n";
        let read = lots(text).expect("nothing is wrong");
        assert_eq!(read[0].containers, ["CSQU3054383", "PTLU1234560"]);
        assert!(read[0].reefer && read[0].due == Some(Time::Offset(86_400)));
        assert_eq!((read.len(), read[1].rejection_cents), (2, 700));
    }

    #[test]
    fn what_is_wrong_is_said_line_by_line() {
        let codes = |issues: Vec<Issue>| issues.into_iter().map(|issue| issue.code.into_owned()).collect::<Vec<_>>();
        assert_eq!(codes(sailings("port,arrive\n").expect_err("wrong")), ["headings_missing"]);
        let text = "sailing,port,arrive,depart\nA,,0,1\nA,PTSIE,soon,1\n,PTSIE,0,1\n";
        let issues = sailings(text).expect_err("wrong");
        assert!(issues[0].cause.starts_with("line 2: "), "{}", issues[0].cause);
        assert_eq!(codes(issues), ["cell_empty", "call_incomplete", "not_a_time", "call_incomplete", "cell_empty"]);
        let text = "lot,origin,destination,quantity,rejection_cents\nL,A,B,many,5\nL,A,B,2,5\nM,A,B,2,\n";
        assert_eq!(codes(lots(text).expect_err("wrong")), ["not_a_number", "lot_twice", "cell_empty"]);
    }
}
