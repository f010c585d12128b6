//! `portolan bench`

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use portolan::Proof;
use serde::Serialize;

use super::args::{self, Limits};
use super::exit::Failure;
use super::progress::Live;
use super::{input, interrupt, output, report, solve};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Problems, or folders of .txt and .json files.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Which problem the files state.
    #[arg(long, default_value = "berth", value_parser = args::problem)]
    problem: String,
    #[command(flatten)]
    limits: Limits,
    /// Best known values: a CSV with the columns `instance,best_known,lower_bound` [default: `best_known.csv` beside the
    /// file or one folder up].
    #[arg(long, value_name = "CSV")]
    best_known: Option<PathBuf>,
    /// How to print the comparison.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Show no progress.
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
    Markdown,
}

/// One file, solved.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) instance: String,
    pub(super) calls: usize,
    pub(super) berths: usize,
    /// Until the first plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_plan_ms: Option<f64>,
    pub(super) objective: i64,
    pub(super) lower_bound: i64,
    pub(super) gap: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) best_known: Option<i64>,
    /// `(objective - best_known) / best_known`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) above_best_known: Option<f64>,
    pub(super) time_ms: f64,
    pub(super) proof: Proof,
    pub(super) ticks: u64,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut files = Vec::new();
    for path in &arguments.paths {
        files.extend(input::files(path)?);
    }
    let mut known = KnownValues::new(arguments.best_known.as_deref())?;
    let mut rows = Vec::new();
    let mut first_failure = None;
    for file in &files {
        match row(arguments, file, &mut known) {
            Ok(row) => rows.push(row),
            Err(failure @ Failure::Bug(_)) => return Err(failure),
            // One bad file does not take the others' results away.
            Err(failure) => {
                if first_failure.is_some() {
                    failure.report();
                } else {
                    first_failure = Some(failure);
                }
            }
        }
        if interrupt::flag().load(Ordering::Relaxed) {
            break;
        }
    }
    let text = match arguments.format {
        Format::Table => report::table(&rows),
        Format::Markdown => report::markdown(&rows),
        Format::Json => output::json(&serde_json::json!({ "rows": rows, "totals": report::Totals::of(&rows) }))?,
    };
    output::print(&text)?;
    first_failure.map_or(Ok(()), Err)
}

fn row(arguments: &Arguments, file: &Path, known: &mut KnownValues) -> Result<Row, Failure> {
    let document = input::read(file)?;
    let invalid = |issues| Failure::Invalid { name: input::name(file), issues };
    let mut request = solve::find(&arguments.problem)?.read(&document).map_err(invalid)?;
    request.set_options(arguments.limits.over(request.options())?);
    let instance = input::stem(file);
    let best_known = known.find(file, &instance)?;

    let live = Live::new(arguments.quiet);
    let mut first_plan = None;
    let begin = Instant::now();
    let clock = || begin.elapsed();
    let mut budget = request.options().budget(&clock).cancelled_by(interrupt::flag());
    let answer = request
        .solve(&mut budget, &mut |snapshot| {
            first_plan.get_or_insert_with(|| begin.elapsed());
            live.show(snapshot);
        })
        .map_err(|found| solve::refused(&found))?;
    let time = begin.elapsed();
    let problem = request.to_json();
    let count = |list: &str| problem[list].as_array().map_or(0, Vec::len);
    Ok(Row {
        instance,
        calls: count("calls"),
        berths: count("berths"),
        first_plan_ms: first_plan.map(milliseconds),
        objective: answer.objective,
        lower_bound: answer.lower_bound,
        gap: answer.gap,
        best_known,
        above_best_known: best_known.map(|best| (answer.objective - best) as f64 / best.max(1) as f64),
        time_ms: milliseconds(time),
        proof: answer.proof,
        ticks: answer.ticks,
    })
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// Best known values by folder, each file of them read once.
struct KnownValues {
    given: Option<HashMap<String, i64>>,
    by_folder: HashMap<PathBuf, Option<HashMap<String, i64>>>,
}

impl KnownValues {
    fn new(given: Option<&Path>) -> Result<Self, Failure> {
        Ok(Self { given: given.map(read_known).transpose()?, by_folder: HashMap::new() })
    }

    fn find(&mut self, file: &Path, instance: &str) -> Result<Option<i64>, Failure> {
        if let Some(given) = &self.given {
            return Ok(given.get(instance).copied());
        }
        let folder = file.parent().map(Path::to_owned).unwrap_or_default();
        if !self.by_folder.contains_key(&folder) {
            let candidates = [folder.join("best_known.csv"), folder.join("..").join("best_known.csv")];
            let found = candidates.iter().find(|path| path.is_file()).map(|path| read_known(path)).transpose()?;
            self.by_folder.insert(folder.clone(), found);
        }
        Ok(self.by_folder[&folder].as_ref().and_then(|known| known.get(instance).copied()))
    }
}

fn read_known(path: &Path) -> Result<HashMap<String, i64>, Failure> {
    let document = input::read(path)?;
    let text = String::from_utf8_lossy(&document);
    let mut lines = text.lines();
    let heading: Vec<&str> = lines.next().unwrap_or_default().split(',').map(str::trim).collect();
    let column = |name: &str| heading.iter().position(|heading| *heading == name);
    let (Some(instance), Some(best)) = (column("instance"), column("best_known")) else {
        let cause = format!("{} has no columns named instance and best_known", path.display());
        return Err(Failure::Usage(cause));
    };
    let mut known = HashMap::new();
    for line in lines.filter(|line| !line.trim().is_empty()) {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        // An instance without a best known value has an empty cell.
        if let (Some(name), Some(Ok(value))) = (cells.get(instance), cells.get(best).map(|cell| cell.parse())) {
            known.insert((*name).to_owned(), value);
        }
    }
    Ok(known)
}
