//! Measures ingest, with broker, service and load generator as processes of their own: `just
//! bench-ingest`, `just bench-ingest-crowd`, `just bench-ingest-memory`.
//!
//! `run`, `crowd` and `memory` start the others of itself and the services, and write
//! `docs/benchmarks.md`.
#![expect(
    clippy::disallowed_methods,
    reason = "no service: a thread that dies is seen"
)]

mod broker;
mod crowd;
mod document;
mod latency;
mod load;
mod machine;
mod memory;
mod process;
mod prototype;
mod ratio;
mod report;
mod requests;
mod run;
mod strangers;
mod variant;

use clap::{Parser, Subcommand};

/// As the service has it, so that the prototype is not held back by its allocator.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Be the broker: librdkafka's mock cluster, until standard input ends.
    Broker {
        /// Partitions of each topic.
        #[arg(long, default_value_t = broker::PARTITIONS)]
        partitions: i32,
    },
    /// Be the load generator, once; prints what it measured as JSON.
    Load(load::Load),
    /// Be strangers until standard input ends; prints what they did as JSON.
    Strangers(strangers::Strangers),
    /// Be the plain prototype, until it is killed.
    Prototype(prototype::Prototype),
    /// Measure throughput and latency of the variants.
    Run(run::Run),
    /// Measure signed traffic beside strangers.
    Crowd(crowd::Crowd),
    /// Measure memory over many requests.
    Memory(memory::Memory),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Broker { partitions } => broker::serve(partitions),
        Command::Load(load) => load.print(),
        Command::Strangers(strangers) => strangers.bother(),
        Command::Prototype(prototype) => prototype.serve(),
        Command::Run(run) => run.everything(),
        Command::Crowd(crowd) => crowd.meet(),
        Command::Memory(memory) => memory.look(),
    }
}
