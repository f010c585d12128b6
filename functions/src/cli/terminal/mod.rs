//! `portolan terminal`: the terminals in a data folder, without a server.
//!
//! A folder belongs to one process at a time. While a server has it, the same is done over HTTP, and these commands say so.

mod show;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::exit::Failure;
use super::{input, output};
use crate::adapters::SystemClock;
use crate::adapters::embedded::{Bounds, Embedded};
use crate::plans::record::Tenant;
use crate::ports::StoreError;
use crate::terminal::Terminals;
use crate::terminal::event::{Ask, Change, Entity, Event, Expect, Move, Outcome, Reason, Refusal, Source, Target};
use crate::terminal::load::{Format, Loader, TakeOver, Taken};
use crate::terminal::port::Past;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

/// Which terminal.
#[derive(Args, Debug)]
struct Which {
    /// The terminal's name.
    terminal: String,
    /// Folder of the store.
    #[arg(long, value_name = "FOLDER", default_value = "data")]
    data: PathBuf,
    /// Whose terminal, where API keys are in use.
    #[arg(long, value_name = "NAME", default_value = "local")]
    tenant: String,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Take containers over from a list: CSV with a header line, or a JSON object a line. All or none.
    Load {
        #[command(flatten)]
        which: Which,
        /// The list; `-` is standard input. May be left out with --layout.
        #[arg(required_unless_present = "layout")]
        file: Option<PathBuf>,
        /// First makes the terminal, or changes its layout, to what this JSON file says.
        #[arg(long, value_name = "FILE")]
        layout: Option<PathBuf>,
        /// Keeps the good lines where others are bad.
        #[arg(long)]
        keep_good: bool,
    },
    /// Show a terminal, or a bay of it.
    Show {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        what: show::What,
    },
    /// Move a container: `portolan terminal move T1 CSQU3054383 A/1/2/3 B/4/1`.
    Move {
        #[command(flatten)]
        which: Which,
        /// Number of the container.
        container: String,
        /// The slot it stands in, or `out`.
        from: Source,
        /// A stack, a slot, or `out`.
        to: Target,
        /// Which equipment does it.
        #[arg(long)]
        equipment: Option<String>,
    },
    /// What happened, oldest first, as JSON a line.
    History {
        #[command(flatten)]
        which: Which,
        /// Of this container only.
        #[arg(long, value_name = "NUMBER")]
        container: Option<String>,
        /// Not before this time.
        #[arg(long, value_name = "TIME")]
        from: Option<Timestamp>,
        /// Not after this time.
        #[arg(long, value_name = "TIME")]
        to: Option<Timestamp>,
        /// At most so many events.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
}

/// An open data folder.
struct Open<'a> {
    terminals: Terminals,
    tenant: Tenant,
    name: &'a str,
}

impl<'a> Open<'a> {
    fn new(which: &'a Which) -> Result<Self, Failure> {
        let store = Embedded::open(&which.data, Arc::new(SystemClock), Bounds::default());
        let store = store.map_err(|error| Failure::Usage(error.to_string()))?;
        let kept = store.terminals().map_err(broken)?;
        let terminals = Terminals::new(kept, Arc::new(SystemClock));
        Ok(Self { terminals, tenant: Tenant::new(&which.tenant), name: &which.terminal })
    }

    async fn outcome(&self, change: Change) -> Result<Outcome, StoreError> {
        let ask = Ask { change, expect: Expect::Anything, by: "command line".to_owned(), key: None };
        self.terminals.change(&self.tenant, self.name, ask).await
    }
}

/// Runs one of them.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::NotServing(Box::new(error.into())))?;
    runtime.block_on(async {
        match &arguments.action {
            Action::Load { which, file, layout, keep_good } => {
                load(which, file.as_deref(), layout.as_deref(), *keep_good).await
            }
            Action::Show { which, what } => show::run(&Open::new(which)?, what).await,
            Action::Move { which, container, from, to, equipment } => {
                let (container, from, to) = (container.clone(), from.clone(), to.clone());
                let change =
                    Change::Move(Move { container: container.clone(), from, to, equipment: equipment.clone() });
                let receipt = match Open::new(which)?.outcome(change).await.map_err(broken)? {
                    Outcome::Done(receipt) | Outcome::Again(receipt) => receipt,
                    Outcome::Refused(refusal) => return Err(refused(refusal)),
                };
                let slot = receipt.record.as_ref().and_then(|it| it.body.container()?.slot.as_ref());
                let place = slot.map_or_else(|| "outside".to_owned(), ToString::to_string);
                output::print(&format!("{container} is at {place} · version {}\n", receipt.version))
            }
            Action::History { which, container, from, to, limit } => {
                let about = container.clone().map(|number| (Entity::Container, number));
                history(
                    &Open::new(which)?,
                    Past { about, after: 0, from: *from, to: *to, limit: limit.unwrap_or(usize::MAX) },
                )
                .await
            }
        }
    })
}

async fn load(which: &Which, file: Option<&Path>, layout: Option<&Path>, keep_good: bool) -> Result<(), Failure> {
    let spec = match layout {
        Some(path) => {
            let document = input::read(path)?;
            let mut json = serde_json::Deserializer::from_slice(&document);
            let spec = serde_path_to_error::deserialize(&mut json);
            Some(spec.map_err(|error| Failure::Usage(format!("{} is no layout: {error}", path.display())))?)
        }
        None => None,
    };
    let open = Open::new(which)?;
    if let Some(spec) = spec {
        match open.outcome(Change::PutTerminal(Box::new(spec))).await.map_err(broken)? {
            Outcome::Refused(refusal) => return Err(refused(refusal)),
            Outcome::Done(done) | Outcome::Again(done) => {
                output::print(&format!("{} is laid out · version {}\n", open.name, done.version))?;
            }
        }
    }
    let Some(file) = file else { return Ok(()) };
    let loader = listed(file)?;
    let name = input::name(file);
    let mut list = TakeOver::new(loader, keep_good, usize::MAX);
    let taken = loop {
        let Some((change, _)) = list.change() else { break list.given_up() };
        let outcome = open.outcome(change).await.map_err(broken)?;
        if let Some(taken) = list.told(outcome) {
            break taken;
        }
    };
    match taken {
        Taken::Over { receipt, issues, .. } => {
            for issue in &issues {
                eprintln!("left out: {issue}");
            }
            let left = if issues.is_empty() { String::new() } else { format!(" · {} issues", issues.len()) };
            output::print(&format!("{} containers taken over · version {}{left}\n", receipt.events, receipt.version))
        }
        Taken::Not(issues) => Err(Failure::Invalid { name, issues }),
        Taken::Refused(refusal) => Err(refused(refusal)),
    }
}

/// Reads a list piece by piece; it may be longer than other documents.
fn listed(file: &Path) -> Result<Loader, Failure> {
    let unreadable = |source| Failure::Unreadable { path: file.to_owned(), source };
    let mut source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(File::open(file).map_err(unreadable)?)
    };
    let mut piece = vec![0; 1 << 16];
    let mut loader: Option<Loader> = None;
    loop {
        let read = source.read(&mut piece).map_err(unreadable)?;
        // The first character tells JSON from a header line.
        let is_json = piece[..read].trim_ascii_start().first() == Some(&b'{');
        let format = if is_json { Format::Lines } else { Format::Csv };
        let loader = loader.get_or_insert_with(|| Loader::new(format));
        if read == 0 || !loader.take(&piece[..read]) {
            break;
        }
    }
    let mut loader = loader.unwrap_or_else(|| Loader::new(Format::Csv));
    loader.end();
    Ok(loader)
}

async fn history(open: &Open<'_>, mut past: Past) -> Result<(), Failure> {
    let mut left = std::mem::replace(&mut past.limit, 1000);
    if open.terminals.version(&open.tenant, open.name).await.map_err(broken)? == 0 {
        return Err(Failure::Refused(format!("there is no terminal {}", open.name)));
    }
    while left > 0 {
        past.limit = left.min(1000);
        let page = open.terminals.history(&open.tenant, open.name, past.clone()).await.map_err(broken)?;
        left -= page.items.len();
        let mut lines = String::new();
        for event in &page.items {
            lines += &output::json::<Event>(event)?;
        }
        output::print(&lines)?;
        match page.items.last() {
            Some(last) if page.more => past.after = last.stamp.version,
            _ => break,
        }
    }
    Ok(())
}

fn broken(error: StoreError) -> Failure {
    Failure::Store(error)
}

fn refused(refusal: Refusal) -> Failure {
    match refusal.reason {
        Reason::Invalid => Failure::Invalid { name: "what is asked for".to_owned(), issues: refusal.issues },
        _ => Failure::Refused(refusal.cause),
    }
}
