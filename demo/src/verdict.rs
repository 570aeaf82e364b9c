//! The verdict: what was to be seen against what was. Pure.

mod expectation;
#[cfg(test)]
mod tests;
mod topics;

use std::collections::BTreeMap;
use std::fmt;

use crate::observed::{Observed, Sighting};

pub(crate) use expectation::{Expectation, Expectations};

/// What was not as it must be, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint(String);

impl fmt::Display for Complaint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// How long an event may take, as complaints say it.
pub(crate) const WITHIN_SECONDS: u64 = 20;

/// Everything that is not as it must be.
pub(crate) fn judge(expected: &Expectations, seen: &Observed) -> Vec<Complaint> {
    let mut complaints = missing(&expected.events, &seen.lifecycle);
    complaints.extend(unexpected(&expected.events, &seen.lifecycle));
    complaints.extend(disorder(&seen.lifecycle));
    complaints.extend(topics::linked(seen));
    complaints.extend(topics::stored(expected, seen));
    complaints.extend(seen.problems.iter().cloned().map(Complaint));
    complaints
}

fn missing(expected: &[Expectation], seen: &[Sighting]) -> Vec<Complaint> {
    let absent = expected
        .iter()
        .filter(|event| !seen.iter().any(|sighting| event.is(sighting)));
    absent
        .map(|event| {
            let Expectation {
                account,
                label,
                version,
                event,
                status,
                by_listing,
            } = event;
            let status = status.unwrap_or("none");
            let by = if *by_listing { ", found by listing" } else { "" };
            Complaint(format!(
                "expected {event} of {account} ({label}), version {version}, status {status}{by}: not seen within {WITHIN_SECONDS} s"
            ))
        })
        .collect()
}

fn unexpected(expected: &[Expectation], seen: &[Sighting]) -> Vec<Complaint> {
    let extra = |sighting: &&Sighting| !expected.iter().any(|event| event.is(sighting));
    let twice = seen
        .iter()
        .enumerate()
        .filter(|(index, sighting)| seen[..*index].contains(sighting));
    let extra = seen
        .iter()
        .filter(extra)
        .map(|sighting| ("unexpected", sighting));
    extra
        .chain(twice.map(|(_, sighting)| ("seen twice:", sighting)))
        .map(|(problem, sighting)| {
            let Sighting {
                account,
                version,
                event,
                status,
                by_listing,
                ..
            } = sighting;
            let status = status.as_deref().unwrap_or("none");
            let by = if *by_listing {
                ", found by listing"
            } else {
                ""
            };
            Complaint(format!(
                "{problem} {event} of {account}, version {version}, status {status}{by}"
            ))
        })
        .collect()
}

/// The versions of each account have to rise by one.
fn disorder(seen: &[Sighting]) -> Vec<Complaint> {
    let mut versions: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for sighting in seen {
        versions
            .entry(&sighting.account)
            .or_default()
            .push(sighting.version);
    }
    let disordered = versions
        .into_iter()
        .filter(|(_, found)| !found.iter().copied().eq(1..=found.len() as u64));
    disordered
        .map(|(account, found)| {
            Complaint(format!(
                "events of {account} have versions {found:?}, not 1, 2, 3, …"
            ))
        })
        .collect()
}
