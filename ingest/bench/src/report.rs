//! What is printed and written.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::Command;

use jiff::Zoned;
use serde::Serialize;

use crate::latency::Measured;
use crate::variant::Variant;

/// One measurement of one variant.
#[derive(Debug, Serialize)]
pub(crate) struct Sample {
    pub(crate) variant: String,
    #[serde(flatten)]
    pub(crate) measured: Measured,
    pub(crate) processor_micros: u128,
    pub(crate) resident_kib: u64,
}

/// All measurements at one load.
#[derive(Debug, Serialize)]
pub(crate) struct Cell {
    pub(crate) connections: usize,
    pub(crate) size: usize,
    pub(crate) rate: Option<u32>,
    pub(crate) samples: Vec<Sample>,
}

/// Where it was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    cores: usize,
    memory: String,
    kernel: String,
    rustc: String,
    load_average: String,
    date: String,
}

/// Everything.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) broker: &'static str,
    pub(crate) machine: Machine,
    pub(crate) rounds: usize,
    pub(crate) milliseconds: u64,
    pub(crate) cells: Vec<Cell>,
}

/// The middle one. Of rounds that fell together with other work, only one in two moves it.
fn median<T: PartialOrd + Copy + Default>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<_> = values.collect();
    values.sort_by(|left, right| left.partial_cmp(right).unwrap_or(std::cmp::Ordering::Equal));
    values.get(values.len() / 2).copied().unwrap_or_default()
}

impl Cell {
    pub(crate) fn new((connections, size, rate): (usize, usize, Option<u32>)) -> Self {
        Self {
            connections,
            size,
            rate,
            samples: Vec::new(),
        }
    }

    fn of(&self, variant: Variant) -> impl Iterator<Item = &Sample> {
        let name = variant.name();
        let samples = self.samples.iter();
        samples.filter(move |sample| sample.variant == name)
    }

    fn rate_of(&self, variant: Variant) -> f64 {
        median(self.of(variant).map(|sample| sample.measured.per_second))
    }

    /// A line for each variant.
    fn rows(&self, table: &mut String) -> std::fmt::Result {
        let loop_ = self
            .rate
            .map_or("closed".to_owned(), |rate| format!("{rate}/s"));
        let limit = self.rate_of(Variant::Limit);
        for variant in Variant::ALL {
            let of = || self.of(variant).map(|sample| &sample.measured);
            let millis = |micros: u32| f64::from(micros) / 1000.0;
            let rate = self.rate_of(variant);
            let refused: usize = of().map(|measured| measured.refused).sum();
            writeln!(
                table,
                "| {loop_} | {} | {} | {} | {rate:.0} | {:.2} | {:.2} | {:.2} | {} | {:.1} | {refused} |",
                self.connections,
                self.size,
                variant.name(),
                rate / limit,
                millis(median(of().map(|measured| measured.p50))),
                millis(median(of().map(|measured| measured.p99))),
                median(self.of(variant).map(|sample| sample.processor_micros)),
                median(self.of(variant).map(|sample| {
                    f64::from(u32::try_from(sample.resident_kib).unwrap_or(u32::MAX)) / 1024.0
                })),
            )?;
        }
        Ok(())
    }
}

impl Machine {
    pub(crate) fn this() -> anyhow::Result<Self> {
        let memory = fs::read_to_string("/proc/meminfo")?;
        let memory = memory.lines().next().unwrap_or_default();
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
        let rustc = Command::new("rustc").arg("--version").output()?.stdout;
        let load = fs::read_to_string("/proc/loadavg")?;
        Ok(Self {
            cores: std::thread::available_parallelism()?.get(),
            memory: memory.trim_start_matches("MemTotal:").trim().to_owned(),
            kernel: kernel.trim().to_owned(),
            rustc: String::from_utf8_lossy(&rustc).trim().to_owned(),
            load_average: load.trim().to_owned(),
            date: Zoned::now().date().to_string(),
        })
    }
}

impl Report {
    pub(crate) fn write(&self, markdown: Option<&Path>, json: Option<&Path>) -> anyhow::Result<()> {
        let text = self.markdown()?;
        io::stdout().write_all(text.as_bytes())?;
        if let Some(path) = markdown {
            fs::write(path, &text)?;
        }
        let figures = serde_json::to_string(self)?;
        match json {
            Some(path) => fs::write(path, figures + "\n")?,
            None => writeln!(io::stdout(), "{figures}")?,
        }
        Ok(())
    }

    fn markdown(&self) -> Result<String, std::fmt::Error> {
        let Machine {
            cores,
            memory,
            kernel,
            rustc,
            load_average,
            date,
        } = &self.machine;
        let (rounds, milliseconds) = (self.rounds, self.milliseconds);
        let mut text = include_str!("preface.md").to_owned();
        writeln!(
            text,
            "{date}, {cores} cores, {memory} of memory, Linux {kernel}, {rustc}. Load average at the end: {load_average}.\n\
             Broker: {}. Medians of {rounds} rounds. Command: `just bench-ingest --rounds {rounds} --milliseconds {milliseconds}`.\n",
            self.broker
        )?;
        text.push_str(
            "| loop | connections | bytes | variant | answers/s | of the limit | p50 ms | p99 ms | CPU µs each | RSS MiB | not 200 |\n\
             | --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        );
        for cell in &self.cells {
            cell.rows(&mut text)?;
        }
        Ok(text)
    }
}
