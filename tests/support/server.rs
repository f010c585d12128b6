//! The real server with the fake problem, as a process of its own, so that tests can kill it.

use clap::Parser;
use portolan_functions::config::ServeArgs;
use portolan_functions::serve;
use portolan_tests::fake::PROBLEMS;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    serve: ServeArgs,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = Line::parse().serve.check()?;
    Ok(serve::run_problems(config, PROBLEMS)?)
}
