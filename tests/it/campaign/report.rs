//! What became of each fault, told as it goes and in one table.

use std::time::Duration;

use super::NAME;
use super::fault::Fault;
use crate::exactly_once::say;

/// What both ingests and the processors did while a fault lasted, and until everything was well again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    pub(super) webhooks: u64,
    pub(super) accepted: u64,
    pub(super) refused: u64,
    pub(super) longest: Duration,
    pub(super) recovered_in: Duration,
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
            ..
        } = outcome;
        let [longest, recovered] = [outcome.longest, outcome.recovered_in].map(seconds);
        say(
            NAME,
            &format!(
                "{round}: {fault}: {webhooks} webhooks, {accepted} answered 200, {refused} 503, the longest answer {longest} s, \
                 at work after {recovered} s"
            ),
        );
        self.0.push((fault, outcome));
    }

    /// Tells all in a table.
    pub(super) fn show(&self) {
        say(
            NAME,
            "| fault | rounds | webhooks | 200 | 503 | longest answer | at work again, median and longest |",
        );
        say(NAME, "| --- | --- | --- | --- | --- | --- | --- |");
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
    let sum = |count: fn(&Outcome) -> u64| outcomes.iter().map(count).sum::<u64>();
    let [webhooks, accepted, refused] = [
        sum(|outcome| outcome.webhooks),
        sum(|outcome| outcome.accepted),
        sum(|outcome| outcome.refused),
    ];
    let answers = outcomes.iter().map(|outcome| outcome.longest);
    let mut recovered: Vec<_> = outcomes
        .iter()
        .map(|outcome| outcome.recovered_in)
        .collect();
    recovered.sort();
    let median = seconds(recovered[recovered.len() / 2]);
    let [answer, longest] = [answers.max(), recovered.last().copied()]
        .map(|longest| seconds(longest.unwrap_or_default()));
    let rounds = outcomes.len();
    format!(
        "| {fault} | {rounds} | {webhooks} | {accepted} | {refused} | {answer} s | {median} s, {longest} s |"
    )
}

fn seconds(duration: Duration) -> String {
    format!("{:.1}", duration.as_secs_f64())
}
