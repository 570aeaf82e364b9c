//! What strangers cost those who sign: the same signed traffic alone, and beside each kind of
//! stranger, in turns.

use std::fmt::{self, Write as _};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::broker::PARTITIONS;
use crate::document::Output;
use crate::latency::Measured;
use crate::load::{Load, WARM_UP};
use crate::machine::{Machine, command};
use crate::process::{Broker, Guests, Service};
use crate::report::{median, millis};
use crate::run::tell_duration;
use crate::strangers::{Bothered, Kind};
use crate::variant::Variant;

const BYTES: usize = 400;
/// Connections of those who sign.
const SIGNED_CONNECTIONS: usize = 32;
/// About what it takes until strangers are all there.
const ARRIVAL: Duration = Duration::from_secs(1);

/// How many strangers, and where to write what came of it.
#[derive(Debug, Clone, Args)]
pub(crate) struct Crowd {
    /// The service's program.
    #[arg(long)]
    service: PathBuf,
    /// A Kafka that runs already; topics that it lacks are made. Else the embedded broker, in a
    /// process of its own.
    #[arg(long, value_name = "HOST:PORT")]
    kafka: Option<String>,
    /// How often everything is measured; medians are shown.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long each measurement takes. Longer than `server.header_deadline`, so that those who are
    /// idle are cut off and come back meanwhile.
    #[arg(long, default_value_t = 8_000)]
    milliseconds: u64,
    /// Signed webhooks a second, in an open loop.
    #[arg(long, default_value_t = 500)]
    rate: u32,
    /// Connections on which nothing comes.
    #[arg(long, default_value_t = 10_000)]
    idle: usize,
    /// Bodies that come a byte a second: more than `limits.before_authentication.requests` (1,024),
    /// so that they give way.
    #[arg(long, default_value_t = 2_000)]
    slow: usize,
    /// Connections that send wrongly signed webhooks, as fast as they are refused.
    #[arg(long, default_value_t = 64)]
    forged: usize,
    #[command(flatten)]
    output: Output,
}

/// Signed traffic beside one kind of stranger, or alone.
#[derive(Debug, Serialize)]
struct Beside {
    strangers: Option<Kind>,
    connections: usize,
    samples: Vec<Sample>,
}

#[derive(Debug, Serialize)]
struct Sample {
    #[serde(flatten)]
    measured: Measured,
    cut_off_per_second: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Report {
    machine: Machine,
    command: String,
    broker: &'static str,
    rate: u32,
    rounds: usize,
    milliseconds: u64,
    beside: Vec<Beside>,
}

impl Crowd {
    pub(crate) fn meet(&self) -> anyhow::Result<()> {
        let broker = Broker::start_or_use(self.kafka.as_deref(), PARTITIONS)?;
        let service = Service::start(&self.service, Variant::Shipped, &broker)?;
        let mut beside = self.all();
        let each = WARM_UP + Duration::from_millis(self.milliseconds) + ARRIVAL;
        tell_duration(each, self.rounds * beside.len())?;
        for round in 1..=self.rounds {
            for beside in &mut beside {
                beside.samples.push(self.sample(&service, beside)?);
            }
            writeln!(io::stderr(), "round {round} of {} done", self.rounds)?;
        }
        let report = Report {
            machine: Machine::this()?,
            command: command("bench-ingest-crowd"),
            broker: broker.kind,
            rate: self.rate,
            rounds: self.rounds,
            milliseconds: self.milliseconds,
            beside,
        };
        self.output
            .write("Beside strangers", &report.markdown()?, &report)
    }

    fn all(&self) -> Vec<Beside> {
        let of = |strangers, connections| Beside {
            strangers,
            connections,
            samples: Vec::new(),
        };
        vec![
            of(None, 0),
            of(Some(Kind::Idle), self.idle),
            of(Some(Kind::Slow), self.slow),
            of(Some(Kind::Forged), self.forged),
        ]
    }

    fn sample(&self, service: &Service, beside: &Beside) -> anyhow::Result<Sample> {
        let load = Load {
            rate: Some(self.rate),
            ..Load::new(SIGNED_CONNECTIONS, BYTES, self.milliseconds)
        };
        let Some(kind) = beside.strangers else {
            let (measured, _) = service.under(&load)?;
            return Ok(Sample {
                measured,
                cut_off_per_second: None,
            });
        };
        let guests = Guests::invite(service, kind, beside.connections)?;
        let (measured, _) = service.under(&load)?;
        let Bothered { cut_off_per_second } = guests.leave()?;
        Ok(Sample {
            measured,
            cut_off_per_second: Some(cut_off_per_second),
        })
    }
}

impl Beside {
    fn p99(&self) -> f64 {
        millis(median(
            self.samples.iter().map(|sample| sample.measured.p99),
        ))
    }

    fn row(&self, alone: f64, table: &mut String) -> fmt::Result {
        let who = match self.strangers {
            None => "nobody",
            Some(Kind::Idle) => "idle connections",
            Some(Kind::Slow) => "bodies of a byte a second",
            Some(Kind::Forged) => "forged webhooks",
        };
        let of = || self.samples.iter().map(|sample| &sample.measured);
        let refused: usize = of().map(|measured| measured.refused).sum();
        let cut_off = median(
            self.samples
                .iter()
                .filter_map(|sample| sample.cut_off_per_second),
        );
        writeln!(
            table,
            "| {who} | {} | {cut_off:.0} | {:.0} | {:.2} | {:.2} | {:.1} | {refused} |",
            self.connections,
            median(of().map(|measured| measured.per_second)),
            millis(median(of().map(|measured| measured.p50))),
            self.p99(),
            self.p99() / alone,
        )
    }
}

impl Report {
    fn markdown(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        writeln!(
            text,
            "{}\nBroker: {}. Medians of {} rounds of {} ms.\nCommand: `{}`.\n",
            self.machine, self.broker, self.rounds, self.milliseconds, self.command
        )?;
        writeln!(
            text,
            "Signed webhooks come at {} a second over {SIGNED_CONNECTIONS} connections (open loop), and strangers from other\naddresses. \
             Whoever is cut off comes back at once. The strangers' own work is done on the same cores.\n",
            self.rate
        )?;
        text.push_str(
            "| beside | connections | cut off /s | signed answers/s | p50 ms | p99 ms | p99, times that of alone | not 200 |\n\
             | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        );
        let alone = self.beside.first().map(Beside::p99).unwrap_or_default();
        for beside in &self.beside {
            beside.row(alone, &mut text)?;
        }
        Ok(text)
    }
}
