//! Arguments, then the command, then the exit code.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    sada::commands::Cli::parse().run()
}
