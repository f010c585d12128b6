//! `portolan generate`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use portolan::{berth, limits, routing, yard};

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
    /// A berth problem on one quay without berths.
    Quay(Quay),
    /// A yard problem.
    Yard(Yard),
    /// A routing problem.
    Routing(Routing),
}

#[derive(Args, Debug)]
struct Berth {
    /// What kind of port.
    #[arg(long, value_enum, default_value_t = Port::Terminal)]
    style: Port,
    /// Vessel calls.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=limits::MAX_CALLS as i64))]
    calls: u32,
    /// Berths.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=limits::MAX_BERTHS as i64))]
    berths: u32,
    #[command(flatten)]
    common: Common,
}

#[derive(Args, Debug)]
struct Quay {
    /// Vessel calls.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=berth::quay::MAX_VESSELS as i64))]
    calls: u32,
    /// Length of the quay in metres.
    #[arg(long, default_value_t = 1_200, value_parser = clap::value_parser!(u32).range(400..=10_000))]
    length: u32,
    #[command(flatten)]
    common: Common,
}

#[derive(Args, Debug)]
struct Yard {
    /// What kind of yard.
    #[arg(long, value_enum, default_value_t = Bay::Terminal)]
    style: Bay,
    /// Stacks.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(2..=limits::MAX_STACKS as i64))]
    stacks: u32,
    /// Containers in the highest stack.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..=1_000))]
    tiers: u32,
    #[command(flatten)]
    common: Common,
}

#[derive(Args, Debug)]
struct Routing {
    /// What kind of network.
    #[arg(long, value_enum, default_value_t = Sea::Weekly)]
    style: Sea,
    /// Ports.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(3..=1_000))]
    ports: u32,
    /// Lots.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=limits::MAX_LOTS as i64))]
    lots: u32,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sea {
    /// A week of cyclic services.
    Weekly,
    /// Four weeks of dated sailings, with terminal limits, due times and two classes.
    Dated,
    /// Four weeks in a planner's words: ports with shifts and yards, services, transfers, reefers.
    Timetable,
}

#[derive(Args, Debug)]
struct Common {
    /// The same seed makes the same problem.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write it here instead of to standard output.
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Bay {
    /// Every stack full but for two tiers, every container with a turn of its own.
    Full,
    /// Uneven stacks without a limit.
    Uneven,
    /// Uneven stacks that leave in five groups.
    Groups,
    /// Three quarters full, to be pre-marshalled.
    Premarshal,
    /// Everything a bay has: container numbers, weights, reefers, dangerous goods, containers that stay.
    Terminal,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Port {
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
    match &arguments.problem {
        Problem::Berth(berth) => berth.write(),
        Problem::Quay(quay) => quay.write(),
        Problem::Yard(yard) => yard.write(),
        Problem::Routing(routing) => routing.write(),
    }
}

impl Berth {
    fn write(&self) -> Result<(), Failure> {
        use berth::generate::{Style, generate};

        let pairs = self.calls as usize * self.berths as usize;
        if pairs > limits::MAX_PAIRS {
            return Err(Failure::Usage(format!(
                "{} calls times {} berths are {pairs} pairs; the limit is {}",
                self.calls,
                self.berths,
                limits::MAX_PAIRS
            )));
        }
        let style = match self.style {
            Port::Congested => Style::Congested,
            Port::Restricted => Style::Restricted,
            Port::Light => Style::Light,
            Port::Terminal => Style::Terminal,
        };
        self.common.write(&generate(style, self.calls as usize, self.berths as usize, self.common.seed))
    }
}

impl Quay {
    fn write(&self) -> Result<(), Failure> {
        let wire = berth::quay::generate::generate(self.calls as usize, self.length, self.common.seed);
        self.common.write(&wire)
    }
}

impl Yard {
    fn write(&self) -> Result<(), Failure> {
        use yard::generate::{Style, generate};

        let slots = self.stacks as usize * self.tiers as usize;
        if slots > limits::MAX_CONTAINERS {
            return Err(Failure::Usage(format!(
                "{} stacks of {} tiers hold {slots} containers; the limit is {}",
                self.stacks,
                self.tiers,
                limits::MAX_CONTAINERS
            )));
        }
        let style = match self.style {
            Bay::Full => Style::Full,
            Bay::Uneven => Style::Uneven,
            Bay::Groups => Style::Groups,
            Bay::Premarshal => Style::Premarshal,
            Bay::Terminal => Style::Terminal,
        };
        self.common.write(&generate(style, self.stacks as usize, self.tiers as usize, self.common.seed))
    }
}

impl Routing {
    fn write(&self) -> Result<(), Failure> {
        use routing::generate::{Style, generate};

        let style = match self.style {
            Sea::Weekly => Style::Weekly,
            Sea::Dated => Style::Dated,
            Sea::Timetable => Style::Timetable,
        };
        self.common.write(&generate(style, self.ports as usize, self.lots as usize, self.common.seed))
    }
}

impl Common {
    fn write(&self, wire: &impl serde::Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(wire)
            .map_err(|error| Failure::Bug(format!("the problem could not be written as JSON: {error}")))?;
        Output::open(self.output.clone())?.write(&(text + "\n"))
    }
}
