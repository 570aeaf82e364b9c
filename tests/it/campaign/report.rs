//! What became of each fault, told as it goes and in one table.

use std::time::Duration;

use super::NAME;
use super::fault::Fault;
use crate::exactly_once::say;

/// What both ingests and the processors did while a fault lasted, and until everything was well
/// again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    pub(super) webhooks: u64,
    pub(super) accepted: u64,
    pub(super) refused: u64,
    pub(super) longest: Duration,
    /// The same without the time for which this process stood still.
    pub(super) awake: Duration,
    pub(super) recovery: Recovery,
}

/// How long after a fault services were at work again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recovery {
    pub(super) ingest: Duration,
    pub(super) processors: Duration,
}

#[derive(Default)]
pub(super) struct Report(Vec<(Fault, Outcome)>);

impl Report {
    /// Takes in what became of a fault, and tells it.
    pub(super) fn add(&mut self, round: &str, fault: Fault, outcome: Outcome) {
        let Outcome {
            webhooks,
            accepted,
            refused,
            longest,
            awake,
            recovery: Recovery { ingest, processors },
        } = outcome;
        let [longest, awake, ingest, processors] =
            [longest, awake, ingest, processors].map(seconds);
        say(
            NAME,
            &format!(
                "{round}: {fault}: {webhooks} webhooks, {accepted} answered 200, {refused} 503, the longest \
                 answer {longest} s ({awake} s while this process ran); ingest at work after {ingest} s, \
                 processors after {processors} s"
            ),
        );
        self.0.push((fault, outcome));
    }

    /// Tells all in a table.
    pub(super) fn show(&self) {
        say(
            NAME,
            "| fault | rounds | webhooks | 200 | 503 | longest answer | ingest at work | processors at work |",
        );
        say(NAME, &format!("|{}", " --- |".repeat(8)));
        for fault in Fault::ALL {
            let of_fault = self.0.iter().filter(|(one, _)| *one == fault);
            let outcomes: Vec<_> = of_fault.map(|(_, outcome)| *outcome).collect();
            if !outcomes.is_empty() {
                say(NAME, &row(fault, &outcomes));
            }
        }
    }
}

fn row(fault: Fault, outcomes: &[Outcome]) -> String {
    let rounds = outcomes.len();
    let sum = |count: fn(&Outcome) -> u64| outcomes.iter().map(count).sum::<u64>();
    let webhooks = sum(|outcome| outcome.webhooks);
    let accepted = sum(|outcome| outcome.accepted);
    let refused = sum(|outcome| outcome.refused);
    let answers = outcomes.iter().map(|outcome| outcome.longest);
    let longest = seconds(answers.max().unwrap_or_default());
    let ingest = median_and_longest(outcomes.iter().map(|outcome| outcome.recovery.ingest));
    let processors = median_and_longest(outcomes.iter().map(|outcome| outcome.recovery.processors));
    format!(
        "| {fault} | {rounds} | {webhooks} | {accepted} | {refused} | {longest} s | {ingest} | {processors} |"
    )
}

fn median_and_longest(durations: impl Iterator<Item = Duration>) -> String {
    let mut durations: Vec<_> = durations.collect();
    durations.sort();
    let median = durations[durations.len() / 2];
    let longest = durations[durations.len() - 1];
    format!("{}, {} s", seconds(median), seconds(longest))
}

fn seconds(duration: Duration) -> String {
    format!("{:.1}", duration.as_secs_f64())
}
