//! The state of terminals: what a store has to keep, and the API in front of it.

mod api;
mod bad_input;
mod clients;
pub(crate) mod contract;
mod conventions;
mod full_disk;
mod killed;
pub(crate) mod model;
mod plans;
mod rules;
mod stale;

use jiff::Timestamp;
use portolan_functions::terminal::container::{Destination, Details, check_digit};
use portolan_functions::terminal::event::{Ask, Change, Expect, Move};
use portolan_functions::terminal::layout::{Block, Exception, Spec};
use serde_json::{Value, json};

/// A container number, with the right check digit.
pub(crate) fn number(at: usize) -> String {
    let ten = format!("PTLU{at:06}");
    format!("{ten}{}", check_digit(&ten).unwrap())
}

/// Two blocks; A has plugs in bay 1 and a closed stack.
pub(crate) fn spec() -> Spec {
    let block =
        |id: &str, bays: u16, rows: u16| Block { id: id.to_owned(), bays, rows, max_tiers: 4, ..Block::default() };
    let plugs = Exception { bay: 1, plugs: Some(true), ..Exception::default() };
    let closed = Exception { bay: 2, row: Some(3), closed: true, ..Exception::default() };
    let a = Block { exceptions: vec![plugs, closed], ..block("A", 2, 3) };
    Spec { blocks: vec![a, block("B", 10, 6)], ..Spec::default() }
}

pub(crate) fn details(destination: Option<&str>) -> Details {
    let destination: Option<Destination> = destination.map(|text| text.parse().unwrap());
    Details { size_type: "42G1".to_owned(), weight_kg: Some(20_000), destination, ..Details::default() }
}

pub(crate) fn ask(change: Change) -> Ask {
    Ask { change, expect: Expect::Anything, by: "test".to_owned(), key: None }
}

pub(crate) fn a_move(container: &str, from: &str, to: &str) -> Change {
    let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
    Change::Move(Move { container: container.to_owned(), from, to, equipment: None })
}

pub(crate) fn spec_json() -> Value {
    let mut value = serde_json::to_value(spec()).unwrap();
    value["berths"] = json!([
        {"id": "north", "length_m": 400, "moves_per_hour": 60},
        {"id": "south", "length_m": 300, "moves_per_hour": 30},
    ]);
    value
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}
