//! What the service's memory does over many requests. Loads of few and of many connections
//! alternate, as they do where traffic comes in bursts.

use std::fmt::{self, Write as _};
use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::broker::PARTITIONS;
use crate::document::Output;
use crate::load::Load;
use crate::machine::{Machine, command};
use crate::process::{Broker, Service};
use crate::variant::Variant;

/// Memory is looked at after each of so many parts of the requests.
const PARTS: usize = 20;
const CONNECTIONS: [usize; 2] = [16, 256];
const BYTES: usize = 400;
/// A part that takes longer than this is cut short, and told.
const AT_MOST_MILLIS: u64 = 600_000;

/// How many requests to make, and where to write what came of it.
#[derive(Debug, Clone, Args)]
pub(crate) struct Memory {
    /// The service's program.
    #[arg(long)]
    service: PathBuf,
    /// A Kafka that runs already; topics that it lacks are made. Else the embedded broker, in a
    /// process of its own.
    #[arg(long, value_name = "HOST:PORT")]
    kafka: Option<String>,
    /// Requests in all.
    #[arg(long, default_value_t = 5_000_000)]
    requests: usize,
    #[command(flatten)]
    output: Output,
}

/// The service's memory after so many requests.
#[derive(Debug, Clone, Copy, Serialize)]
struct Resident {
    requests: u64,
    kib: u32,
}

#[derive(Debug, Serialize)]
struct Report {
    machine: Machine,
    command: String,
    broker: &'static str,
    resident: Vec<Resident>,
    peak_kib: u32,
    not_200: usize,
}

impl Memory {
    pub(crate) fn look(&self) -> anyhow::Result<()> {
        let broker = Broker::start_or_use(self.kafka.as_deref(), PARTITIONS)?;
        let service = Service::start(&self.service, Variant::Shipped, &broker)?;
        let mut requests = 0;
        let mut resident = vec![Resident {
            requests,
            kib: service.resident_kib()?,
        }];
        let mut not_200 = 0;
        for (part, connections) in (1..=PARTS).zip(CONNECTIONS.into_iter().cycle()) {
            let load = Load {
                requests: Some(self.requests / PARTS),
                ..Load::new(connections, BYTES, AT_MOST_MILLIS)
            };
            let (measured, _) = service.under(&load)?;
            requests += u64::from(measured.posted);
            not_200 += measured.refused;
            let kib = service.resident_kib()?;
            resident.push(Resident { requests, kib });
            writeln!(
                io::stderr(),
                "part {part} of {PARTS}: {requests} requests, {:.1} MiB, {:.0}/s",
                mib(kib),
                measured.per_second
            )?;
        }
        let report = Report {
            machine: Machine::this()?,
            command: command("bench-ingest-memory"),
            broker: broker.kind,
            resident,
            peak_kib: service.peak_kib()?,
            not_200,
        };
        self.output.write("Memory", &report.markdown()?, &report)
    }
}

fn mib(kib: u32) -> f64 {
    f64::from(kib) / 1024.0
}

impl Report {
    fn markdown(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        writeln!(
            text,
            "{}\nBroker: {}. Command: `{}`.\n",
            self.machine, self.broker, self.command
        )?;
        writeln!(
            text,
            "Bodies of {BYTES} B, in turns over {} and {} connections. At most {:.1} MiB at any time;\n{} answers were not 200. \
             What is aimed at: at most 40 MiB after 5 million requests, and no growth.\n",
            CONNECTIONS[0],
            CONNECTIONS[1],
            mib(self.peak_kib),
            self.not_200
        )?;
        text.push_str("| requests | RSS MiB |\n| ---: | ---: |\n");
        for Resident { requests, kib } in &self.resident {
            writeln!(text, "| {requests} | {:.1} |", mib(*kib))?;
        }
        Ok(text)
    }
}
