//! `portolan serve`

use clap::Args;

use super::exit::Failure;

#[derive(Args, Debug, Default)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments) -> Result<(), Failure> {
    Err(Failure::Usage("this build has no HTTP API yet; `portolan solve FILE` plans a file".to_owned()))
}
