//! Measures the processor, with broker and accounts API as processes of their own: `just
//! bench-processor`.
#![expect(
    clippy::disallowed_methods,
    reason = "no service: a thread that dies is seen"
)]

mod api;
mod broker;
mod load;
mod process;
mod processor;
mod report;
mod run;
mod scenario;
mod service;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The service has the same allocator.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The command line of the measurement.
#[derive(Parser)]
#[command(name = "bench-processor")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure. Exits with 0 if all goals are met, with 3 if some are missed, with 1 if a
    /// measurement failed.
    Run(run::Run),
    /// Be the embedded broker, until standard input ends.
    #[command(hide = true)]
    Broker(broker::Serve),
    /// Be the accounts API, until standard input ends.
    #[command(hide = true)]
    Api(api::Serve),
    /// Be the processor, until it is killed.
    #[command(hide = true)]
    Processor(service::Serve),
}

fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Run(run) => return run.everything(),
        Command::Broker(serve) => serve.run()?,
        Command::Api(serve) => serve.run()?,
        Command::Processor(serve) => serve.run()?,
    }
    Ok(ExitCode::SUCCESS)
}
