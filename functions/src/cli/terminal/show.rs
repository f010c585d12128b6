//! `portolan terminal show`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::{Open, broken};
use crate::cli::exit::Failure;
use crate::cli::output::{self, Output};
use crate::terminal::call::Status as CallStatus;
use crate::terminal::container::Status;
use crate::terminal::layout::StackAt;
use crate::terminal::picture::Bay;
use crate::terminal::port::All;

/// What to show.
#[derive(Args, Debug)]
pub(super) struct What {
    /// A bay, such as `A/3`; the terminal as a whole where none is given.
    bay: Option<BayAt>,
    /// As it was at this time.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// How to show it; `svg` is for a bay.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Write it to this file.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Svg,
    Json,
}

/// A bay: `A/3`.
#[derive(Clone, Debug)]
struct BayAt {
    block: String,
    bay: u16,
}

impl std::str::FromStr for BayAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A bay is a stack without its row.
        match format!("{text}/1").parse::<StackAt>() {
            Ok(StackAt { block, bay, .. }) => Ok(Self { block, bay }),
            Err(_) => Err("write BLOCK/BAY, such as A/3".to_owned()),
        }
    }
}

pub(super) async fn run(open: &Open<'_>, what: &What) -> Result<(), Failure> {
    let output = Output::open(what.output.clone())?;
    let all = open.terminals.snapshot(&open.tenant, open.name, what.at).await.map_err(broken)?;
    if all.spec().is_none() {
        let then = what.at.map(|at| format!(" at {at}")).unwrap_or_default();
        return Err(Failure::Refused(format!("there is no terminal {}{then}", open.name)));
    }
    let text = match (&what.bay, what.format) {
        (None, Format::Svg) => return Err(Failure::Usage("name a bay to draw, such as A/3".to_owned())),
        (None, Format::Json) => output::json(&all.records)?,
        (None, Format::Text) => summary(open, &all).await?,
        (Some(at), format) => {
            let bay = Bay::of(&all, &at.block, at.bay);
            let none = || Failure::Refused(format!("{} has no bay {}/{}", open.name, at.block, at.bay));
            match format {
                Format::Svg => bay.ok_or_else(none)?.svg(),
                Format::Text => bay.ok_or_else(none)?.text(),
                Format::Json => {
                    let here = all.containers().filter(|it| {
                        it.slot.as_ref().is_some_and(|slot| slot.stack.block == at.block && slot.stack.bay == at.bay)
                    });
                    output::json(&here.collect::<Vec<_>>())?
                }
            }
        }
    };
    output.write(&text)
}

async fn summary(open: &Open<'_>, all: &All) -> Result<String, Failure> {
    let mut held: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut announced, mut gone) = (0, 0);
    for container in all.containers() {
        match (&container.slot, container.status) {
            (Some(slot), _) => *held.entry(slot.stack.block.as_str()).or_default() += 1,
            (None, Status::Announced) => announced += 1,
            (None, _) => gone += 1,
        }
    }
    let stored: usize = held.values().sum();
    let mut text = format!("{} · version {} · fingerprint {}\n", open.name, all.version, &all.fingerprint()[..12]);
    let _ = writeln!(text, "{stored} containers in the yard · {announced} announced · {gone} gone");
    let spec = all.spec().cloned().unwrap_or_default();
    for block in &spec.blocks {
        let held = held.get(block.id.as_str()).copied().unwrap_or_default();
        let room = usize::from(block.bays) * usize::from(block.rows) * usize::from(block.max_tiers);
        let (bays, rows, tiers) = (block.bays, block.rows, block.max_tiers);
        let full = 100 * held / room.max(1);
        let _ = writeln!(
            text,
            "block {:<8} {bays} bays x {rows} rows x {tiers} tiers · {held} of {room} slots · {full} %",
            block.id
        );
    }
    for berth in &spec.berths {
        let alongside = all.calls().find(|call| call.details.berth.as_deref() == Some(berth.id.as_str()));
        let _ = writeln!(text, "berth {:<8} {}", berth.id, alongside.map_or("free", |call| call.id.as_str()));
    }
    for call in all.calls().filter(|call| call.details.berth.is_none()) {
        let how = match call.details.status {
            CallStatus::Expected | CallStatus::Alongside => "expected",
            CallStatus::Departed => "departed",
            CallStatus::Cancelled => "cancelled",
        };
        let _ = writeln!(text, "call  {:<8} {how} {}", call.id, call.details.eta);
    }
    let equipment = open.terminals.equipment(&open.tenant, open.name).await.map_err(broken)?;
    if !equipment.is_empty() {
        let online = equipment.iter().filter(|(awake, _)| awake.online).count();
        let _ = writeln!(text, "{} pieces of equipment · {online} online", equipment.len());
    }
    Ok(text)
}
