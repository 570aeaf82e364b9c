//! Measures everything, interleaved: each round measures each variant once at each load, so that what else the machine
//! does falls on all of them.

use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::Args;

use crate::load::Load;
use crate::process::{Broker, Service};
use crate::report::{Cell, Machine, Report, Sample};
use crate::variant::Variant;

const CONNECTIONS: [usize; 4] = [1, 16, 64, 256];
const SIZES: [usize; 2] = [400, 4096];
/// Requests a second of the open loop, over this many connections.
const RATES: [u32; 3] = [500, 2_000, 8_000];
const OPEN_CONNECTIONS: usize = 256;

/// What to measure, and where to write it.
#[derive(Debug, Clone, Args)]
pub(crate) struct Run {
    /// The service's program.
    #[arg(long)]
    service: PathBuf,
    /// A Kafka that runs already and has the topics; else the embedded broker, in a process of its own.
    #[arg(long)]
    kafka: Option<String>,
    /// How often everything is measured; medians are shown.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long each measurement takes.
    #[arg(long, default_value_t = 2_000)]
    milliseconds: u64,
    /// Where the table goes.
    #[arg(long)]
    markdown: Option<PathBuf>,
    /// Where the figures go.
    #[arg(long)]
    json: Option<PathBuf>,
}

impl Run {
    pub(crate) fn everything(&self) -> anyhow::Result<()> {
        let broker = match &self.kafka {
            Some(servers) => Broker::external(servers.clone()),
            None => Broker::start()?,
        };
        let started = Variant::ALL.map(|variant| Service::start(&self.service, variant, &broker));
        let services = started.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        let mut cells: Vec<_> = loads().map(Cell::new).collect();
        for round in 1..=self.rounds {
            for cell in &mut cells {
                for service in &services {
                    cell.samples.push(self.sample(service, cell)?);
                }
            }
            writeln!(io::stderr(), "round {round} of {} done", self.rounds)?;
        }
        let report = Report {
            broker: self.kafka.as_ref().map_or("embedded", |_| "Apache Kafka"),
            machine: Machine::this()?,
            rounds: self.rounds,
            milliseconds: self.milliseconds,
            cells,
        };
        report.write(self.markdown.as_deref(), self.json.as_deref())
    }

    fn sample(&self, service: &Service, cell: &Cell) -> anyhow::Result<Sample> {
        let load = Load {
            address: service.address,
            connections: cell.connections,
            size: cell.size,
            rate: cell.rate,
            milliseconds: self.milliseconds,
        };
        let (measured, processor) = service.under(&load)?;
        Ok(Sample {
            variant: service.variant.name(),
            measured,
            processor_micros: processor.as_micros(),
            resident_kib: service.resident()?,
        })
    }
}

/// Every load: connections, bytes of a body, and the rate where the loop is open.
fn loads() -> impl Iterator<Item = (usize, usize, Option<u32>)> {
    let closed = CONNECTIONS
        .into_iter()
        .flat_map(|connections| SIZES.map(|size| (connections, size, None)));
    let open = RATES.map(|rate| (OPEN_CONNECTIONS, SIZES[0], Some(rate)));
    closed.chain(open)
}
