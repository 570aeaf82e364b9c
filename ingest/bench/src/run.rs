//! Measures the variants, interleaved: each round measures each of them once at each load, so that
//! what else the machine does falls on all of them.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::broker::PARTITIONS;
use crate::document::Output;
use crate::load::{Load, WARM_UP};
use crate::machine::{Machine, command};
use crate::process::{Broker, Service};
use crate::report::{Cell, Report, Sample};
use crate::variant::Variant;

const CONNECTIONS: [usize; 4] = [1, 16, 64, 256];
const SIZES: [usize; 3] = [400, 560, 4096];
/// Requests a second of the open loop, over this many connections.
const RATES: [u32; 3] = [500, 2_000, 8_000];
const OPEN_CONNECTIONS: usize = 256;

/// What to measure, and where to write it.
#[derive(Debug, Clone, Args)]
pub(crate) struct Run {
    /// The service's program.
    #[arg(long)]
    service: PathBuf,
    /// Another build of it, which is measured as well: `before` in the tables.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// A Kafka that runs already; topics that it lacks are made. Else the embedded broker, in a
    /// process of its own.
    #[arg(long, value_name = "HOST:PORT")]
    kafka: Option<String>,
    /// How often everything is measured; medians are shown.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// How long each measurement takes.
    #[arg(long, default_value_t = 1_000)]
    milliseconds: u64,
    /// Partitions of each topic that is made.
    #[arg(long, default_value_t = PARTITIONS)]
    partitions: i32,
    /// Bytes of a body.
    #[arg(long, value_delimiter = ',', default_values_t = SIZES)]
    sizes: Vec<usize>,
    /// Connections of the closed loop.
    #[arg(long, value_delimiter = ',', default_values_t = CONNECTIONS)]
    connections: Vec<usize>,
    /// Leave the open loop out.
    #[arg(long)]
    closed: bool,
    #[command(flatten)]
    output: Output,
}

impl Run {
    pub(crate) fn everything(&self) -> anyhow::Result<()> {
        let broker = Broker::start_or_use(self.kafka.as_deref(), self.partitions)?;
        let mut services = self.services(&broker)?;
        let variants = services.iter().map(|service| service.variant).collect();
        let each = WARM_UP + Duration::from_millis(self.milliseconds);
        tell_duration(
            each,
            (self.rounds * self.loads().len() + 1) * services.len(),
        )?;
        for service in &services {
            // What a broker and its clients do for the first time is not what is measured.
            service.under(&Load::new(64, SIZES[0], self.milliseconds))?;
        }
        let mut cells: Vec<_> = self.loads().into_iter().map(Cell::new).collect();
        for round in 1..=self.rounds {
            for cell in &mut cells {
                for service in &services {
                    cell.samples.push(self.sample(service, cell)?);
                }
            }
            // Another goes first in the next one, so that none always follows the same.
            services.rotate_left(1);
            writeln!(io::stderr(), "round {round} of {} done", self.rounds)?;
        }
        let report = Report {
            broker: broker.kind,
            machine: Machine::this()?,
            command: command("bench-ingest"),
            rounds: self.rounds,
            milliseconds: self.milliseconds,
            partitions: self.partitions,
            variants,
            cells,
        };
        let title = format!("Throughput and latency, {}", broker.kind);
        self.output.write(&title, &report.markdown()?, &report)
    }

    /// One of each variant, and one of the other build.
    fn services(&self, broker: &Broker) -> anyhow::Result<Vec<Service>> {
        let ours = Variant::ALL.map(|variant| (&self.service, variant));
        let other = self
            .against
            .iter()
            .map(|program| (program, Variant::Before));
        let programs = ours.into_iter().chain(other);
        programs
            .map(|(program, variant)| Service::start(program, variant, broker))
            .collect()
    }

    /// Every load: connections, bytes of a body, and the rate where the loop is open.
    fn loads(&self) -> Vec<(usize, usize, Option<u32>)> {
        let sizes = |connections| {
            self.sizes
                .iter()
                .map(move |size| (connections, *size, None))
        };
        let connections = self.connections.iter().copied();
        let mut loads: Vec<_> = connections.flat_map(sizes).collect();
        if !self.closed {
            loads.extend(RATES.map(|rate| (OPEN_CONNECTIONS, SIZES[0], Some(rate))));
        }
        loads
    }

    fn sample(&self, service: &Service, cell: &Cell) -> anyhow::Result<Sample> {
        let load = Load {
            rate: cell.rate,
            ..Load::new(cell.connections, cell.size, self.milliseconds)
        };
        let (measured, processor) = service.under(&load)?;
        Ok(Sample {
            variant: service.variant.name(),
            measured,
            processor_micros: processor.as_micros(),
            resident_kib: service.resident_kib()?,
        })
    }
}

/// Says how long so many measurements will take.
pub(crate) fn tell_duration(each: Duration, measurements: usize) -> io::Result<()> {
    // Processes start, connections open and close.
    const BESIDES: Duration = Duration::from_millis(150);
    let count = u32::try_from(measurements).unwrap_or(u32::MAX);
    let seconds = ((each + BESIDES) * count).as_secs();
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    writeln!(
        io::stderr(),
        "{measurements} measurements, about {minutes} min {seconds} s"
    )
}
