//! The command line, for the tests that run it: cargo hands a test the path of its own package's binaries only.

fn main() -> std::process::ExitCode {
    portolan_functions::cli::run(std::env::args_os())
}
