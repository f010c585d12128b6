//! `portolan bench`

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use portolan::Proof;
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

use super::args::Limits;
use super::exit::Failure;
use super::progress::Live;
use super::question::Question;
use super::{input, interrupt, output, report, solve};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Problems, or folders of .txt, .csv, .bay, .crb, .crt and .json files.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    question: Question,
    #[command(flatten)]
    limits: Limits,
    /// Best known values: a CSV with the columns `instance,best_known` and, where there are several, `variant` [default:
    /// `best_known.csv` beside the file or up to two folders up].
    #[arg(long, value_name = "CSV")]
    best_known: Option<PathBuf>,
    /// How to print the comparison.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Limit and measure the processor's time instead of the clock on the wall: comparable also on a busy machine.
    #[arg(long)]
    cpu_time: bool,
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
    pub(super) size: String,
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
    let request = arguments.question.read(file, &arguments.limits)?;
    let instance = input::stem(file);
    let best_known = known.find(file, Question::variant(&request.to_json()))?;

    let live = Live::new(arguments.quiet);
    let mut first_plan = None;
    let begin = now(arguments.cpu_time);
    let clock = || now(arguments.cpu_time).saturating_sub(begin);
    let mut budget = request.options().budget(&clock).cancelled_by(interrupt::flag());
    let answer = request
        .solve(&mut budget, &mut |snapshot| {
            first_plan.get_or_insert_with(clock);
            live.show(snapshot);
        })
        .map_err(|found| solve::refused(&found))?;
    let time = clock();
    Ok(Row {
        instance,
        size: request.size(),
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

/// Time since some moment: on the wall, or what this process has had of the processor.
fn now(cpu_time: bool) -> Duration {
    static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);
    if !cpu_time {
        return STARTED.elapsed();
    }
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(spent.tv_sec.unsigned_abs(), spent.tv_nsec.unsigned_abs() as u32)
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// Best known values by folder, each file of them read once.
struct KnownValues {
    given: Option<Known>,
    by_folder: HashMap<PathBuf, Option<Known>>,
}

impl KnownValues {
    fn new(given: Option<&Path>) -> Result<Self, Failure> {
        Ok(Self { given: given.map(Known::read).transpose()?, by_folder: HashMap::new() })
    }

    fn find(&mut self, file: &Path, variant: &str) -> Result<Option<i64>, Failure> {
        if let Some(given) = &self.given {
            return Ok(given.value(file, variant));
        }
        let folder = file.parent().map(Path::to_owned).unwrap_or_default();
        if !self.by_folder.contains_key(&folder) {
            let folders = [folder.clone(), folder.join(".."), folder.join("../..")];
            let found = folders.iter().map(|folder| folder.join("best_known.csv")).find(|path| path.is_file());
            self.by_folder.insert(folder.clone(), found.map(|path| Known::read(&path)).transpose()?);
        }
        Ok(self.by_folder[&folder].as_ref().and_then(|known| known.value(file, variant)))
    }
}

/// The values in one file, by instance and, where it has a column for it, by variant.
struct Known {
    values: HashMap<(String, String), i64>,
    has_variants: bool,
}

impl Known {
    /// The value for a file, listed by its stem or by the end of its path.
    fn value(&self, file: &Path, variant: &str) -> Option<i64> {
        let variant = if self.has_variants { variant } else { "" };
        let value = |name: String| self.values.get(&(name, variant.to_owned())).copied();
        let parts: Vec<_> = file.iter().map(|part| part.to_string_lossy()).collect();
        let mut tails = (1..=parts.len().min(4)).map(|count| parts[parts.len() - count..].join("/"));
        value(input::stem(file)).or_else(|| tails.find_map(value))
    }

    fn read(path: &Path) -> Result<Self, Failure> {
        let document = input::read(path)?;
        let text = String::from_utf8_lossy(&document);
        let mut lines = text.lines();
        let heading: Vec<&str> = lines.next().unwrap_or_default().split(',').map(str::trim).collect();
        let column = |name: &str| heading.iter().position(|heading| *heading == name);
        let (Some(instance), Some(best)) = (column("instance"), column("best_known")) else {
            let cause = format!("{} has no columns named instance and best_known", path.display());
            return Err(Failure::Usage(cause));
        };
        let variant = column("variant");
        let mut values = HashMap::new();
        for line in lines.filter(|line| !line.trim().is_empty()) {
            let cells: Vec<&str> = line.split(',').map(str::trim).collect();
            let variant = variant.and_then(|at| cells.get(at)).copied().unwrap_or_default();
            // An instance without a best known value has an empty cell.
            if let (Some(name), Some(Ok(value))) = (cells.get(instance), cells.get(best).map(|cell| cell.parse())) {
                values.insert(((*name).to_owned(), variant.to_owned()), value);
            }
        }
        Ok(Self { values, has_variants: variant.is_some() })
    }
}
