//! Which problem a file states, and what the command line asks of it beyond what the file says.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use portolan::problem::{self, AnyProblem, Request};
use portolan::{Issue, routing, yard};
use serde_json::{Value, json};

use super::args::{self, Limits};
use super::exit::Failure;
use super::input;

/// What the files ask.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Question {
    /// Which problem the file states [default: the one it looks like].
    #[arg(long, value_parser = args::problem)]
    problem: Option<String>,
    /// Yard: relocate only what stands above a container whose turn it is.
    #[arg(long, help_heading = "Yard")]
    restricted: bool,
    /// Yard: take nothing out, but sort the stacks for later.
    #[arg(long, help_heading = "Yard", conflicts_with = "restricted")]
    premarshal: bool,
    /// Yard: what is to be least.
    #[arg(long, help_heading = "Yard", value_enum)]
    objective: Option<Objective>,
    /// Yard: the height of every stack.
    #[arg(long, help_heading = "Yard", value_name = "TIERS")]
    max_tiers: Option<u32>,
    /// Yard: what leaves, instead of what the file says: a COPRAR message, or names, a line each, first to last.
    #[arg(long, help_heading = "Yard", value_name = "FILE")]
    departures: Option<PathBuf>,
    /// Routing: sailings as a CSV table, instead of those of the file.
    #[arg(long, help_heading = "Routing", value_name = "FILE")]
    sailings: Option<PathBuf>,
    /// Routing: lots as a CSV table, instead of those of the file.
    #[arg(long, help_heading = "Routing", value_name = "FILE")]
    lots: Option<PathBuf>,
}

/// What is to be least in a yard.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Objective {
    /// The number of relocations.
    Relocations,
    /// The crane's time.
    CraneTime,
    /// The number of relocations; among plans with equally many, the crane's time.
    RelocationsThenCraneTime,
}

impl Objective {
    /// As a request says it.
    fn name(self) -> yard::wire::Objective {
        match self {
            Self::Relocations => yard::wire::Objective::Relocations,
            Self::CraneTime => yard::wire::Objective::CraneTime,
            Self::RelocationsThenCraneTime => yard::wire::Objective::RelocationsThenCraneTime,
        }
    }
}

impl Question {
    /// Reads and validates a file, with the command line's limits over its own.
    pub(super) fn read(&self, path: &Path, limits: &Limits) -> Result<Box<dyn Request>, Failure> {
        let document = input::read(path)?;
        let name = input::stem(path);
        let invalid = |issues| Failure::Invalid { name: input::name(path), issues };
        let problem = self.problem(&document, &name)?;
        let mut json = problem.read_json(&document, Some(&name)).map_err(invalid)?;
        self.apply(problem, &mut json)?;
        let mut request = problem.read(json.to_string().as_bytes()).map_err(invalid)?;
        let options = limits.over(request.options())?;
        request.set_options(options);
        Ok(request)
    }

    /// The variant of the problem, as tables of best known values name it.
    pub(super) fn variant(request: &Value) -> &'static str {
        match (request["task"].as_str(), request["moves"].as_str()) {
            (Some("premarshal"), _) => "premarshalling",
            (_, Some("restricted")) => "restricted",
            _ => "unrestricted",
        }
    }

    fn problem(&self, document: &[u8], name: &str) -> Result<&'static dyn AnyProblem, Failure> {
        match &self.problem {
            Some(name) => find(name),
            // What looks like nothing known is read as the first problem, whose complaint says what was expected.
            None => Ok(problem::recognise(document, Some(name)).unwrap_or(problem::registry()[0])),
        }
    }

    fn apply(&self, problem: &dyn AnyProblem, json: &mut Value) -> Result<(), Failure> {
        let has_switch = self.restricted || self.premarshal || self.objective.is_some();
        let asked = has_switch || self.max_tiers.is_some() || self.departures.is_some();
        if asked && problem.name() != "yard" {
            let cause = "--restricted, --premarshal, --objective, --max-tiers and --departures are for yard problems";
            return Err(Failure::Usage(format!("{cause}; this is a {} problem", problem.name())));
        }
        if (self.sailings.is_some() || self.lots.is_some()) && problem.name() != "routing" {
            let cause = "--sailings and --lots are for routing problems";
            return Err(Failure::Usage(format!("{cause}; this is a {} problem", problem.name())));
        }
        if let Some(path) = &self.sailings {
            json["sailings"] = json!(table(path, routing::import::sailings)?);
        }
        if let Some(path) = &self.lots {
            json["lots"] = json!(table(path, routing::import::lots)?);
        }
        if self.restricted {
            json["moves"] = json!("restricted");
        }
        if self.premarshal {
            json["task"] = json!("premarshal");
        }
        if let Some(objective) = self.objective {
            json["objective"] = json!(objective.name());
        }
        if let Some(path) = &self.departures {
            let invalid = |issues| Failure::Invalid { name: input::name(path), issues };
            let text = String::from_utf8_lossy(&input::read(path)?).into_owned();
            json["departures"] = json!(yard::import::departures(&text).map_err(invalid)?);
        }
        let stacks = json.get_mut("stacks").and_then(Value::as_array_mut);
        if let (Some(tiers), Some(stacks)) = (self.max_tiers, stacks) {
            for stack in stacks {
                stack["max_tiers"] = json!(tiers);
            }
        }
        Ok(())
    }
}

/// Reads a table.
fn table<T>(path: &Path, read: impl Fn(&str) -> Result<T, Vec<Issue>>) -> Result<T, Failure> {
    let text = String::from_utf8_lossy(&input::read(path)?).into_owned();
    read(&text).map_err(|issues| Failure::Invalid { name: input::name(path), issues })
}

/// The problem of this name.
pub(super) fn find(name: &str) -> Result<&'static dyn AnyProblem, Failure> {
    problem::find(name).ok_or_else(|| Failure::Usage(format!("there is no problem named {name:?}")))
}
