//! The command line: `portolan solve`, `verify`, `what-if`, `bench`, `generate`, `terminal`, `capacity`, `key` and `serve`.
//!
//! Answers go to standard output, everything else to standard error, so that a pipe carries answers only. Every
//! way to end has an exit code of its own, see [`Failure`].

mod args;
mod bench;
mod capacity;
mod exit;
mod generate;
mod input;
mod interrupt;
mod key;
mod output;
mod progress;
mod question;
mod report;
mod solve;
mod terminal;
mod verify;
mod whatif;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use exit::Failure;

use crate::config::ServeArgs;

/// Plans for a container port, each with a proof of how good it is.
#[derive(Parser, Debug)]
#[command(
    name = "portolan",
    version,
    after_long_help = exit::HELP,
    after_help = "Exit codes: portolan --help",
    args_conflicts_with_subcommands = true
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Without a command, Portolan serves.
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Start the HTTP API on this machine; what `portolan` alone does.
    Serve(ServeArgs),
    /// Plan one file and print the plan.
    Solve(solve::Arguments),
    /// Check an answer made by `solve --format json` or by the API, without solving again.
    Verify(verify::Arguments),
    /// Ask of a routing answer what would be if a capacity, a sailing or a lot were other than it is.
    WhatIf(whatif::Arguments),
    /// Plan many files and compare with the best known values.
    Bench(bench::Arguments),
    /// Make up a problem, the same one for the same seed.
    Generate(generate::Arguments),
    /// Look at and change the terminals in a data folder that no server is using.
    Terminal(terminal::Arguments),
    /// Work out what a load needs on AWS, and what it costs.
    Capacity(capacity::Arguments),
    /// Manage API keys.
    Key(key::Arguments),
}

/// Runs the command line. Never panics on bad input; a panic below is a bug and ends with exit code 1.
pub fn run(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help that nobody reads to its end is no failure.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::OK });
        }
    };
    let ended = std::panic::catch_unwind(|| match cli.command {
        None => serve(cli.serve),
        Some(Command::Serve(arguments)) => serve(arguments),
        Some(Command::Solve(arguments)) => solve::run(&arguments),
        Some(Command::Verify(arguments)) => verify::run(&arguments),
        Some(Command::WhatIf(arguments)) => whatif::run(&arguments),
        Some(Command::Bench(arguments)) => bench::run(&arguments),
        Some(Command::Generate(arguments)) => generate::run(&arguments),
        Some(Command::Terminal(arguments)) => terminal::run(&arguments),
        Some(Command::Capacity(arguments)) => capacity::run(&arguments),
        Some(Command::Key(arguments)) => key::run(&arguments),
    });
    match ended {
        Ok(Ok(())) => ExitCode::from(exit::OK),
        Ok(Err(failure)) => failure.report(),
        Err(_) => Failure::Bug("the solver or the command line panicked, see above".to_owned()).report(),
    }
}

fn serve(arguments: ServeArgs) -> Result<(), Failure> {
    let config = arguments.check().map_err(|error| Failure::Usage(error.to_string()))?;
    crate::serve::run(config).map_err(|error| Failure::NotServing(Box::new(error)))
}
