//! `portolan generate`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use portolan::berth::generate::{self, Style};
use portolan::limits;

use super::exit::Failure;
use super::output::Output;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    problem: Problem,
}

#[derive(Subcommand, Debug)]
enum Problem {
    /// A berth problem.
    Berth(Berth),
}

#[derive(Args, Debug)]
struct Berth {
    /// What kind of port.
    #[arg(long, value_enum, default_value_t = Kind::Terminal)]
    style: Kind,
    /// Vessel calls.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=limits::MAX_CALLS as i64))]
    calls: u32,
    /// Berths.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=limits::MAX_BERTHS as i64))]
    berths: u32,
    /// The same seed makes the same problem.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write it here instead of to standard output.
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// Arrivals in bunches, two fast berths, some forbidden pairs.
    Congested,
    /// Every berth as fast as the other, nearly half of the pairs forbidden.
    Restricted,
    /// Little waiting.
    Light,
    /// Everything a port has: windows, closures, tides, drafts, dues, classes, an earlier plan.
    Terminal,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Problem::Berth(berth) = &arguments.problem;
    let pairs = berth.calls as usize * berth.berths as usize;
    if pairs > limits::MAX_PAIRS {
        return Err(Failure::Usage(format!(
            "{} calls times {} berths are {pairs} pairs; the limit is {}",
            berth.calls,
            berth.berths,
            limits::MAX_PAIRS
        )));
    }
    let style = match berth.style {
        Kind::Congested => Style::Congested,
        Kind::Restricted => Style::Restricted,
        Kind::Light => Style::Light,
        Kind::Terminal => Style::Terminal,
    };
    let wire = generate::generate(style, berth.calls as usize, berth.berths as usize, berth.seed);
    let text = serde_json::to_string_pretty(&wire)
        .map_err(|error| Failure::Bug(format!("the problem could not be written as JSON: {error}")))?;
    Output::open(berth.output.clone())?.write(&(text + "\n"))
}
