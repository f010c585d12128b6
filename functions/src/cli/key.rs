//! `portolan key`

use clap::{Args, Subcommand};

use super::{exit::Failure, output};
use crate::keys;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Make a key for a tenant: the key goes to standard error, once; its line for the key file to standard output.
    New {
        /// Whose plans the key opens.
        tenant: String,
        /// What the key is for.
        #[arg(long)]
        name: Option<String>,
    },
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Action::New { tenant, name } = &arguments.action;
    let key = keys::generate(tenant, name.clone()).map_err(|error| Failure::Usage(error.to_string()))?;
    let line = output::json(&key.entry)?;
    eprintln!("the key, shown this once: {}", key.secret);
    output::print(&line)
}
