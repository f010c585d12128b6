//! `portolan solve`

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};
use portolan::problem::Request;
use portolan::{AnyAnswer, Document, Violation};
use serde_json::Value;

use super::args::Limits;
use super::exit::Failure;
use super::interrupt;
use super::output::{self, Output};
use super::progress::Live;
use super::question::Question;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// A problem as JSON or in a benchmark's text form; - reads standard input.
    file: PathBuf,
    #[command(flatten)]
    question: Question,
    #[command(flatten)]
    limits: Limits,
    /// How to print the plan; json is what `verify` reads.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Write the plan here instead of to standard output.
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Show no progress.
    #[arg(long, short)]
    quiet: bool,
    /// End with exit code 4 where the plan leaves a call or a container out.
    #[arg(long)]
    require_all: bool,
    /// Show the plan move by move; on a terminal, Enter goes on.
    #[arg(long, conflicts_with_all = ["format", "output"])]
    step: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
    Svg,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let read = arguments.question.read(&arguments.file, &arguments.limits);
    if let (Err(Failure::Invalid { issues, .. }), Format::Json) = (&read, arguments.format) {
        output::print(&output::json(&serde_json::json!({ "issues": issues }))?)?;
    }
    let request = read?;
    let output = Output::open(arguments.output.clone())?;
    let live = Live::new(arguments.quiet);
    let started = Instant::now();
    let clock = || started.elapsed();
    let mut budget = request.options().budget(&clock).cancelled_by(interrupt::flag());
    let answer = request.solve(&mut budget, &mut |snapshot| live.show(snapshot)).map_err(|found| refused(&found))?;
    drop(live);
    if arguments.step {
        return step(request.as_ref(), &answer);
    }
    output.write(&written(request.as_ref(), &answer, arguments.format)?)?;
    match left_out(&answer) {
        count @ 1.. if arguments.require_all => Err(Failure::LeftOut(count)),
        _ => Ok(()),
    }
}

/// Our own check refused our own plan.
pub(super) fn refused(found: &[Violation]) -> Failure {
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    Failure::Bug(format!("the plan found did not pass its own check and is withheld: {}", found.join("; ")))
}

fn written(request: &dyn Request, answer: &AnyAnswer, format: Format) -> Result<String, Failure> {
    let foreign = || Failure::Bug("the answer does not read back".to_owned());
    match format {
        Format::Table => request.table(answer).ok_or_else(foreign),
        Format::Svg => request.svg(answer).ok_or_else(foreign),
        Format::Json => {
            let document: Document<Value, Value, Value> =
                Document { instance: request.to_json(), answer: answer.clone() };
            output::json(&document)
        }
    }
}

/// Shows the plan's pictures one after the other.
fn step(request: &dyn Request, answer: &AnyAnswer) -> Result<(), Failure> {
    let frames = request.frames(answer).unwrap_or_default();
    if frames.is_empty() {
        return Err(Failure::Usage(format!("a {} plan has no steps to show", request.problem())));
    }
    let is_watched = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    for (at, frame) in frames.iter().enumerate() {
        output::print(&format!("{frame}\n"))?;
        let mut line = String::new();
        let is_last = at + 1 == frames.len();
        if is_watched && !is_last && (std::io::stdin().read_line(&mut line).is_err() || line.trim() == "q") {
            break;
        }
    }
    Ok(())
}

fn left_out(answer: &AnyAnswer) -> u64 {
    answer.plan.pointer("/kpis/left_out").and_then(Value::as_u64).unwrap_or(0)
}
