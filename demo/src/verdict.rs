//! The verdict: what was to be seen against what was. Pure.

mod expectation;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use stackone_link_schemas::LifecycleType;
use stackone_link_transport::Topic;

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
    complaints.extend(linked(seen));
    complaints.extend(topics(expected, seen));
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
            } = event;
            let status = status.unwrap_or("none");
            Complaint(format!(
                "expected {event} of {account} ({label}), version {version}, status {status}: not seen within {WITHIN_SECONDS} s"
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
                ..
            } = sighting;
            let status = status.as_deref().unwrap_or("none");
            Complaint(format!(
                "{problem} {event} of {account}, version {version}, status {status}"
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

/// The linked topic has the very events of the lifecycle topic that say so, and no others.
fn linked(seen: &Observed) -> Vec<Complaint> {
    let of_lifecycle = |sighting: &&Sighting| sighting.event == LifecycleType::Linked.as_str();
    let mut expected: Vec<_> = seen
        .lifecycle
        .iter()
        .filter(of_lifecycle)
        .map(|sighting| sighting.id)
        .collect();
    let mut found: Vec<_> = seen.linked.iter().map(|sighting| sighting.id).collect();
    expected.sort_unstable();
    found.sort_unstable();
    if expected == found {
        return Vec::new();
    }
    let (expected, found) = (expected.len(), found.len());
    vec![Complaint(format!(
        "the linked topic holds {found} events, and not the {expected} of type account.linked of the lifecycle topic"
    ))]
}

/// Nothing that was accepted is lost or altered, and nothing that was refused is kept.
fn topics(expected: &Expectations, seen: &Observed) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let mut differs = |what: &str, expected: u64, found: u64| {
        if expected != found {
            complaints.push(Complaint(format!(
                "{what}: expected {expected}, found {found}"
            )));
        }
    };
    let count = |topic| seen.on(topic).len() as u64;
    differs(
        "webhooks that were accepted and are on Kafka",
        expected.accepted as u64,
        seen.stored() as u64,
    );
    differs(
        "webhooks that were refused",
        expected.forged,
        expected.rejected,
    );
    differs(
        "events that the processor has emitted",
        seen.lifecycle.len() as u64,
        seen.processor.emitted,
    );
    differs(
        "records on the dead letter topic",
        0,
        count(Topic::DeadLetter),
    );
    differs(
        "account events that the processor has accounted for",
        count(Topic::AccountEvents),
        seen.disposed(),
    );
    for (topic, bytes) in &expected.bytes {
        if !seen.on(*topic).contains(bytes) {
            let text = String::from_utf8_lossy(bytes);
            complaints.push(Complaint(format!(
                "not on {topic:?} byte for byte: {}",
                text.escape_debug()
            )));
        }
    }
    complaints
}
