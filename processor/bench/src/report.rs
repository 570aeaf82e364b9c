//! Prints and writes the results.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::Command;

use jiff::Zoned;
use serde::Serialize;

/// One measurement.
#[derive(Debug, Serialize)]
pub(crate) struct Sample {
    pub(crate) scenario: &'static str,
    pub(crate) case: String,
    /// Names and values, in the order of the columns.
    pub(crate) figures: Vec<(&'static str, f64)>,
    /// The goal of the measurement, where it has one.
    pub(crate) goal: Option<Goal>,
}

/// A bound for one value.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Goal {
    /// The name of the value.
    pub(crate) figure: &'static str,
    /// The side of the limit that is good.
    pub(crate) bound: Bound,
    /// The limit.
    pub(crate) limit: f64,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bound {
    AtMost,
    AtLeast,
}

/// The machine of the measurement.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    cores: usize,
    memory: String,
    kernel: String,
    rustc: String,
    revision: String,
    load_average_before: String,
    load_average_after: String,
    date: String,
}

/// All results.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) broker: &'static str,
    pub(crate) command: String,
    pub(crate) machine: Machine,
    pub(crate) samples: Vec<Sample>,
}

/// A case of a scenario, with all its samples.
#[derive(Debug)]
struct Row<'a> {
    case: &'a str,
    samples: Vec<&'a Sample>,
}

impl Goal {
    fn is_met(&self, value: f64) -> bool {
        match self.bound {
            Bound::AtMost => value <= self.limit,
            Bound::AtLeast => value >= self.limit,
        }
    }

    fn in_words(&self) -> String {
        let bound = match self.bound {
            Bound::AtMost => "≤",
            Bound::AtLeast => "≥",
        };
        format!("{} {bound} {}", self.figure, short(self.limit))
    }
}

impl Row<'_> {
    /// Returns the median. A round that other work disturbed moves it little.
    fn median(&self, figure: &str) -> f64 {
        let of = |sample: &&Sample| {
            let found = sample.figures.iter().find(|(name, _)| *name == figure);
            found.map(|(_, value)| *value)
        };
        let mut values: Vec<f64> = self.samples.iter().filter_map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn goal(&self) -> Option<Goal> {
        self.samples.first().and_then(|sample| sample.goal)
    }

    fn write(&self, table: &mut String) -> std::fmt::Result {
        write!(table, "| {} |", self.case)?;
        let names = self.samples.first().map(|sample| sample.figures.iter());
        for (name, _) in names.into_iter().flatten() {
            write!(table, " {} |", short(self.median(name)))?;
        }
        match self.goal() {
            Some(goal) if goal.is_met(self.median(goal.figure)) => {
                writeln!(table, " {} | yes |", goal.in_words())
            }
            Some(goal) => writeln!(table, " {} | **no** |", goal.in_words()),
            None => writeln!(table, " | |"),
        }
    }
}

impl Machine {
    pub(crate) fn this() -> anyhow::Result<Self> {
        let memory = fs::read_to_string("/proc/meminfo")?;
        let memory = memory.lines().next().unwrap_or_default();
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
        let revision = said_by("git", &["describe", "--always", "--dirty"]);
        Ok(Self {
            cores: std::thread::available_parallelism()?.get(),
            memory: memory.trim_start_matches("MemTotal:").trim().to_owned(),
            kernel: kernel.trim().to_owned(),
            rustc: said_by("rustc", &["--version"]),
            revision,
            load_average_before: load_average()?,
            load_average_after: String::new(),
            date: Zoned::now().date().to_string(),
        })
    }

    /// Notes the load of the machine at the end.
    pub(crate) fn note_load(&mut self) -> anyhow::Result<()> {
        self.load_average_after = load_average()?;
        Ok(())
    }
}

impl Report {
    /// Prints all results, and writes them to the given files.
    pub(crate) fn write(&self, markdown: Option<&Path>, json: Option<&Path>) -> anyhow::Result<()> {
        let text = self.markdown()?;
        io::stdout().write_all(text.as_bytes())?;
        if let Some(path) = markdown {
            fs::write(path, &text)?;
        }
        let figures = serde_json::to_string(self)?;
        match json {
            Some(path) => fs::write(path, figures + "\n")?,
            None => writeln!(io::stdout(), "\n{figures}")?,
        }
        Ok(())
    }

    /// Returns how many goals were missed.
    pub(crate) fn missed(&self) -> usize {
        let rows = self.scenarios().into_iter().flat_map(|(_, rows)| rows);
        let missed = rows.filter(|row| {
            row.goal()
                .is_some_and(|goal| !goal.is_met(row.median(goal.figure)))
        });
        missed.count()
    }

    fn markdown(&self) -> Result<String, std::fmt::Error> {
        let Machine {
            cores,
            memory,
            kernel,
            rustc,
            revision,
            load_average_before,
            load_average_after,
            date,
        } = &self.machine;
        let mut text = include_str!("preface.md").to_owned();
        writeln!(
            text,
            "{date}, revision {revision}, {cores} cores, {memory} of memory, Linux {kernel},\n{rustc}. Load average {load_average_before} \
             before and {load_average_after} after.\nBroker: {}.\nCommand: `{}`.",
            self.broker, self.command
        )?;
        for (scenario, rows) in self.scenarios() {
            let names = rows.first().and_then(|row| row.samples.first());
            let names = names.map(|sample| sample.figures.iter().map(|(name, _)| *name));
            let names: Vec<&str> = names.into_iter().flatten().collect();
            writeln!(text, "\n## {scenario}\n")?;
            writeln!(text, "| case | {} | goal | met |", names.join(" | "))?;
            writeln!(text, "| --- |{} --- | --- |", " ---: |".repeat(names.len()))?;
            for row in rows {
                row.write(&mut text)?;
            }
        }
        Ok(text)
    }

    /// Returns the scenarios and their cases, in the order of the samples.
    fn scenarios(&self) -> Vec<(&'static str, Vec<Row<'_>>)> {
        let mut scenarios: Vec<(&'static str, Vec<Row<'_>>)> = Vec::new();
        for sample in &self.samples {
            let known = scenarios
                .iter()
                .position(|(name, _)| *name == sample.scenario);
            let known = known.unwrap_or_else(|| {
                scenarios.push((sample.scenario, Vec::new()));
                scenarios.len() - 1
            });
            let rows = &mut scenarios[known].1;
            match rows.iter_mut().find(|row| row.case == sample.case) {
                Some(row) => row.samples.push(sample),
                None => rows.push(Row {
                    case: &sample.case,
                    samples: vec![sample],
                }),
            }
        }
        scenarios
    }
}

fn load_average() -> io::Result<String> {
    let load = fs::read_to_string("/proc/loadavg")?;
    let minute = load.split(' ').next();
    Ok(minute.unwrap_or_default().to_owned())
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(
        |_| "?".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

/// Returns three significant digits, or all digits before the point.
fn short(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

impl Sample {
    /// Prints a line to standard error as a sign of progress.
    pub(crate) fn tell(&self) -> anyhow::Result<()> {
        let figures: Vec<String> = self
            .figures
            .iter()
            .map(|(name, value)| format!("{name} {}", short(*value)))
            .collect();
        let (scenario, case) = (self.scenario, &self.case);
        writeln!(io::stderr(), "{scenario}: {case}: {}", figures.join(", "))?;
        Ok(())
    }
}
