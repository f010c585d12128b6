//! `portolan verify`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use portolan::problem::{Refuted, Verified};

use super::exit::Failure;
use super::{args, input, output, question};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// An answer as `solve --format json` and the API print it; - reads standard input.
    file: PathBuf,
    /// Which problem it answers [default: what the answer says].
    #[arg(long, value_parser = args::problem)]
    problem: Option<String>,
    /// How to print what was found.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let checked = check(arguments);
    if arguments.format == Format::Json {
        let report = match &checked {
            Ok(verified) => Some(serde_json::json!({ "verified": true, "confirmed": verified })),
            Err(Failure::Refuted(violations)) => {
                Some(serde_json::json!({ "verified": false, "violations": violations }))
            }
            Err(Failure::Invalid { issues, .. }) => Some(serde_json::json!({ "verified": false, "issues": issues })),
            Err(_) => None,
        };
        if let Some(report) = report {
            output::print(&output::json(&report)?)?;
        }
        return checked.map(|_| ());
    }
    let Verified { problem, objective, lower_bound, gap, claimed_lower_bound } = checked?;
    let claim = if claimed_lower_bound > lower_bound {
        format!("claimed      {claimed_lower_bound}, by the solver's own search, which is not done again here\n")
    } else {
        String::new()
    };
    output::print(&format!(
        "confirmed: a feasible {problem} plan\n\
         objective    {objective}, recomputed from the plan\n\
         lower bound  {lower_bound}, recomputed from the certificate\n\
         {claim}gap          {:.4} %\n",
        gap * 100.0
    ))
}

fn check(arguments: &Arguments) -> Result<Verified, Failure> {
    let document = input::read(&arguments.file)?;
    let name = match &arguments.problem {
        Some(name) => name.clone(),
        None => stated_problem(&document).unwrap_or_else(|| "berth".to_owned()),
    };
    let problem = question::find(&name)?;
    problem.verify(&document).map_err(|refuted| match refuted {
        Refuted::Invalid(issues) => Failure::Invalid { name: input::name(&arguments.file), issues },
        Refuted::Wrong(violations) => Failure::Refuted(violations),
    })
}

/// The problem that an answer names, where there is one of that name.
fn stated_problem(document: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Head {
        problem: String,
    }
    let head: Head = serde_json::from_slice(document).ok()?;
    args::problem(&head.problem).ok()
}
