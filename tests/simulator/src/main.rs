//! `stackone-simulator`: a stand-in StackOne to run, and a sender of single signed webhooks.

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    cli::run(cli::Cli::parse())
}
