//! The command line, and Portolan on one machine.

use std::process::ExitCode;

fn main() -> ExitCode {
    portolan_functions::cli::run(std::env::args_os())
}
