//! Measures ingest, with broker, service and load generator as processes of their own: `just bench-ingest`.
//!
//! `bench-ingest run` starts the other two of itself and one service for each variant, and writes `docs/benchmarks.md`.

mod broker;
mod latency;
mod load;
mod process;
mod report;
mod requests;
mod run;
mod variant;

use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Be the broker: librdkafka's mock cluster, until standard input ends.
    Broker,
    /// Be the load generator, once; prints what it measured as JSON.
    Load(load::Load),
    /// Measure everything.
    Run(run::Run),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Broker => broker::serve(),
        Command::Load(load) => load.print(),
        Command::Run(run) => run.everything(),
    }
}
