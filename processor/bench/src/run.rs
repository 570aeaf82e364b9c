//! The command line of a measurement.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::broker::Broker;
use crate::report::{Machine, Report, Sample};
use crate::scenario::{budget, codec, concurrency, latency, merging, restore};

/// The exit code where goals were missed.
const MISSED: u8 = 3;

/// The scenarios, and where to write the results.
#[derive(Debug, Clone, Args)]
pub(crate) struct Run {
    /// The scenarios; all but the codec where none is named.
    #[arg(value_enum)]
    scenarios: Vec<Scenario>,
    /// `HOST:PORT` of a running Kafka, or `container` for a new one; otherwise the embedded broker,
    /// in a process of its own.
    #[arg(long)]
    kafka: Option<String>,
    /// How often everything is measured; medians are shown. All of it takes about 8 minutes, on
    /// Kafka about 15.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: u32,
    /// Measure a tenth of everything, once: shows whether it works, not how fast it is.
    #[arg(long)]
    pub(crate) short: bool,
    /// Write the table to this file.
    #[arg(long)]
    markdown: Option<PathBuf>,
    /// Write the figures to this file.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// The scenarios.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// 10,000 webhooks of 10, 1,000 and 10,000 accounts, with and without merging.
    Merging,
    /// How many lookups a second where the API answers in 50 ms.
    Concurrency,
    /// 100,000 accounts that wait under a budget.
    Budget,
    /// Restoring a million accounts; on Kafka only.
    Restore,
    /// One webhook through an idle pipeline.
    Latency,
    /// What compressing states costs and saves; only where it is named.
    Codec,
}

impl Scenario {
    /// The scenarios that are measured where none is named.
    const USUAL: [Self; 5] = [
        Self::Merging,
        Self::Concurrency,
        Self::Budget,
        Self::Restore,
        Self::Latency,
    ];
}

/// What every scenario needs.
pub(crate) struct Bench {
    pub(crate) run: Run,
    pub(crate) broker: Broker,
}

impl Run {
    /// Measures, prints and writes. The exit code says whether all goals are met.
    pub(crate) fn everything(self) -> anyhow::Result<ExitCode> {
        let mut machine = Machine::this()?;
        let broker = Broker::open(self.kafka.as_deref())?;
        let name = broker.name();
        let mut bench = Bench { run: self, broker };
        if bench.run.short {
            bench.run.rounds = 1;
        }
        let samples = bench.measure()?;
        machine.note_load()?;
        let report = Report {
            broker: name,
            command: bench.run.command(),
            machine,
            samples,
        };
        report.write(bench.run.markdown.as_deref(), bench.run.json.as_deref())?;
        Ok(match report.missed() {
            0 => ExitCode::SUCCESS,
            _ => ExitCode::from(MISSED),
        })
    }

    fn selected(&self) -> &[Scenario] {
        if self.scenarios.is_empty() {
            &Scenario::USUAL
        } else {
            &self.scenarios
        }
    }

    fn command(&self) -> String {
        let recipe = match &self.kafka {
            None => "just bench-processor",
            Some(_) => "just bench-processor-kafka",
        };
        let mut words = vec![recipe.to_owned()];
        words.push(if self.short {
            "--short".to_owned()
        } else {
            format!("--rounds {}", self.rounds)
        });
        let names = self
            .scenarios
            .iter()
            .filter_map(Scenario::to_possible_value);
        words.extend(names.map(|value| value.get_name().to_owned()));
        words.join(" ")
    }
}

impl Bench {
    /// Returns a number, or a tenth of it in the short form.
    pub(crate) const fn sized(&self, full: u32) -> u32 {
        if self.run.short { full / 10 } else { full }
    }

    fn measure(&self) -> anyhow::Result<Vec<Sample>> {
        let mut samples = Vec::new();
        for scenario in self.run.selected() {
            let mut tell = |sample: Sample| {
                let told = sample.tell();
                samples.push(sample);
                told
            };
            match scenario {
                Scenario::Merging => merging::measure(self, &mut tell)?,
                Scenario::Concurrency => concurrency::measure(self, &mut tell)?,
                Scenario::Budget => budget::measure(self, &mut tell)?,
                Scenario::Restore if self.broker.is_real() => restore::measure(self, &mut tell)?,
                Scenario::Restore => writeln!(io::stderr(), "restore: only on Kafka, left out")?,
                Scenario::Latency => latency::measure(self, &mut tell)?,
                Scenario::Codec => codec::measure(self, &mut tell)?,
            }
        }
        Ok(samples)
    }
}

/// Takes a sample, and prints that it is there.
pub(crate) type Tell<'a> = &'a mut dyn FnMut(Sample) -> anyhow::Result<()>;
