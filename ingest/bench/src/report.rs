//! What the variants showed, as tables.

use std::fmt::{self, Write as _};

use serde::Serialize;

use crate::latency::Measured;
use crate::machine::Machine;
use crate::ratio::Ratio;
use crate::variant::Variant;

/// How much of the limit is aimed at in the closed loop, by connections.
const SHARES: [(usize, f64); 4] = [(1, 0.55), (16, 0.55), (64, 0.65), (256, 0.75)];

/// One measurement of one variant.
#[derive(Debug, Serialize)]
pub(crate) struct Sample {
    pub(crate) variant: String,
    #[serde(flatten)]
    pub(crate) measured: Measured,
    pub(crate) processor_micros: u128,
    pub(crate) resident_kib: u32,
}

/// All measurements at one load.
#[derive(Debug, Serialize)]
pub(crate) struct Cell {
    pub(crate) connections: usize,
    pub(crate) size: usize,
    pub(crate) rate: Option<u32>,
    pub(crate) samples: Vec<Sample>,
}

/// Everything.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) broker: &'static str,
    pub(crate) machine: Machine,
    pub(crate) command: String,
    pub(crate) rounds: usize,
    pub(crate) milliseconds: u64,
    pub(crate) partitions: i32,
    #[serde(skip)]
    pub(crate) variants: Vec<Variant>,
    pub(crate) cells: Vec<Cell>,
}

/// Medians of one variant at one load.
struct Medians {
    per_second: f64,
    p50_millis: f64,
    p99_millis: f64,
    processor_micros: u128,
    resident_mib: f64,
    refused: usize,
}

/// The middle one. Of rounds that fell together with other work, only one in two moves it.
pub(crate) fn median<T: PartialOrd + Copy + Default>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<_> = values.collect();
    values.sort_by(|left, right| left.partial_cmp(right).unwrap_or(std::cmp::Ordering::Equal));
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Microseconds as milliseconds.
pub(crate) fn millis(micros: u32) -> f64 {
    f64::from(micros) / 1000.0
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

    fn medians(&self, variant: Variant) -> Medians {
        let name = variant.name();
        let samples = || {
            self.samples
                .iter()
                .filter(|sample| sample.variant == name.as_str())
        };
        Medians {
            per_second: median(samples().map(|sample| sample.measured.per_second)),
            p50_millis: millis(median(samples().map(|sample| sample.measured.p50))),
            p99_millis: millis(median(samples().map(|sample| sample.measured.p99))),
            processor_micros: median(samples().map(|sample| sample.processor_micros)),
            resident_mib: f64::from(median(samples().map(|sample| sample.resident_kib))) / 1024.0,
            refused: samples().map(|sample| sample.measured.refused).sum(),
        }
    }

    /// What is shipped for each of another variant, round by round.
    fn ratio(&self, other: Variant, figure: fn(&Measured) -> f64) -> Ratio {
        let of = |variant: Variant| {
            let name = variant.name();
            let samples = self.samples.iter();
            samples
                .filter(move |sample| sample.variant == name)
                .map(move |sample| figure(&sample.measured))
        };
        let rounds: Vec<_> = of(Variant::Shipped)
            .zip(of(other))
            .map(|(ours, other)| ours / other)
            .collect();
        Ratio::of(&rounds)
    }

    /// What is shipped against each other variant, in the closed loop.
    fn ratio_row(
        &self,
        table: &mut String,
        others: &[Variant],
        figure: fn(&Measured) -> f64,
    ) -> fmt::Result {
        if self.rate.is_some() {
            return Ok(());
        }
        write!(table, "| {} | {} |", self.connections, self.size)?;
        for other in others {
            let Ratio { median, low, high } = self.ratio(*other, figure);
            write!(table, " {median:.2} ({low:.2}–{high:.2}) |")?;
        }
        table.push('\n');
        Ok(())
    }

    /// The fixed linger with the highest throughput.
    fn best_fixed(&self) -> (Variant, Medians) {
        let mut fixed = Variant::FIXED.map(|variant| (variant, self.medians(variant)));
        fixed.sort_by(|(_, left), (_, right)| left.per_second.total_cmp(&right.per_second));
        let [.., best] = fixed;
        best
    }

    /// A line for each variant.
    fn rows(&self, table: &mut String, variants: &[Variant]) -> fmt::Result {
        let loop_ = self
            .rate
            .map_or("closed".to_owned(), |rate| format!("{rate}/s"));
        let limit = self.medians(Variant::Limit).per_second;
        for variant in variants {
            let of = self.medians(*variant);
            writeln!(
                table,
                "| {loop_} | {} | {} | {} | {:.0} | {:.2} | {:.2} | {:.2} | {} | {:.1} | {} |",
                self.connections,
                self.size,
                variant.name(),
                of.per_second,
                of.per_second / limit,
                of.p50_millis,
                of.p99_millis,
                of.processor_micros,
                of.resident_mib,
                of.refused,
            )?;
        }
        Ok(())
    }

    /// What is aimed at beside what was reached, for the closed loop.
    fn goal_row(&self, table: &mut String) -> fmt::Result {
        let share = SHARES
            .iter()
            .find(|(connections, _)| *connections == self.connections);
        let (None, Some((_, goal))) = (self.rate, share) else {
            return Ok(());
        };
        let (ours, limit) = (self.medians(Variant::Shipped), self.medians(Variant::Limit));
        let (best, fixed) = self.best_fixed();
        writeln!(
            table,
            "| {} | {} | {:.2} | {goal:.2} | {} | {:.2} | {:.2} | {:.2} | {} |",
            self.connections,
            self.size,
            ours.per_second / limit.per_second,
            best.name(),
            ours.per_second / fixed.per_second,
            ours.p99_millis,
            fixed.p99_millis,
            ours.processor_micros,
        )
    }
}

impl Report {
    /// The section's text.
    pub(crate) fn markdown(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        writeln!(
            text,
            "{}\nMedians of {} rounds of {} ms. Topics of {} partitions.\nCommand:\n`{}`.\n",
            self.machine, self.rounds, self.milliseconds, self.partitions, self.command
        )?;
        text.push_str(
            "What is aimed at: that share of the limit; at least 0.90 of the best fixed linger, with no longer\np99; \
             at most 30 µs of CPU at 256 connections with 400 B.\n\n\
             | connections | bytes | of the limit | goal | best fixed | of it | p99 ms | its p99 ms | CPU µs each |\n\
             | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: |\n",
        );
        for cell in &self.cells {
            cell.goal_row(&mut text)?;
        }
        text.push_str(
            "\nWhat is shipped for each of another variant: the median of the rounds' ratios, and the 90 %\n\
             interval of that median (bootstrap over rounds). First answers a second, then p99.\n",
        );
        self.ratios(&mut text, |measured| measured.per_second)?;
        self.ratios(&mut text, |measured| f64::from(measured.p99))?;
        text.push_str(
            "\n| loop | connections | bytes | variant | answers/s | of the limit | p50 ms | p99 ms | CPU µs each | RSS MiB | not 200 |\n\
             | --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        );
        for cell in &self.cells {
            cell.rows(&mut text, &self.variants)?;
        }
        Ok(text)
    }

    /// A table of the ratios of a figure.
    fn ratios(&self, text: &mut String, figure: fn(&Measured) -> f64) -> fmt::Result {
        let others = self.variants.iter().copied();
        let others: Vec<_> = others
            .filter(|variant| ![Variant::Shipped, Variant::Limit].contains(variant))
            .collect();
        text.push_str("\n| connections | bytes |");
        for other in &others {
            write!(text, " {} |", other.name())?;
        }
        text.push_str("\n| ---: | ---: |");
        text.push_str(&" ---: |".repeat(others.len()));
        text.push('\n');
        for cell in &self.cells {
            cell.ratio_row(text, &others, figure)?;
        }
        Ok(())
    }
}
