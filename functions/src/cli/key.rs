//! `portolan key`

use clap::{Args, Subcommand};

use super::exit::Failure;

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
    let _ = (tenant, name);
    Err(Failure::Usage("this build has no HTTP API yet, and so no keys".to_owned()))
}
