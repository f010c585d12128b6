//! `portolan solve`

use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};
use portolan::problem::{AnyProblem, Request};
use portolan::{AnyAnswer, Document, Violation, problem};
use serde_json::Value;

use super::args::{self, Limits};
use super::exit::Failure;
use super::output::{self, Output};
use super::progress::Live;
use super::{input, interrupt};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// A problem as JSON or in a benchmark's text form; - reads standard input.
    file: PathBuf,
    /// Which problem the file states.
    #[arg(long, default_value = "berth", value_parser = args::problem)]
    problem: String,
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
    /// End with exit code 4 where the plan leaves a call out.
    #[arg(long)]
    require_all: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
    Svg,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let read = prepare(arguments);
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
    output.write(&written(request.as_ref(), &answer, arguments.format)?)?;
    match left_out(&answer) {
        count @ 1.. if arguments.require_all => Err(Failure::LeftOut(count)),
        _ => Ok(()),
    }
}

fn prepare(arguments: &Arguments) -> Result<Box<dyn Request>, Failure> {
    let document = input::read(&arguments.file)?;
    let invalid = |issues| Failure::Invalid { name: input::name(&arguments.file), issues };
    let mut request = find(&arguments.problem)?.read(&document).map_err(invalid)?;
    let options = arguments.limits.over(request.options())?;
    request.set_options(options);
    Ok(request)
}

pub(super) fn find(name: &str) -> Result<&'static dyn AnyProblem, Failure> {
    problem::find(name).ok_or_else(|| Failure::Usage(format!("there is no problem named {name:?}")))
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

fn left_out(answer: &AnyAnswer) -> u64 {
    answer.plan.pointer("/kpis/left_out").and_then(Value::as_u64).unwrap_or(0)
}
