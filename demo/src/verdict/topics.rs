//! What must be on the topics, and what the processor must say of it. Pure.

use stackone_link_schemas::LifecycleType;
use stackone_link_wire::Topic;

use super::{Complaint, Expectations};
use crate::observed::{Observed, Sighting, Triggers};

/// The linked topic has the very events of the lifecycle topic that say so, and no others.
pub(super) fn linked(seen: &Observed) -> Vec<Complaint> {
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
pub(super) fn stored(expected: &Expectations, seen: &Observed) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let mut differs = |what, expected, found| complaints.extend(differs(what, expected, found));
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
    differs("webhooks that were lost", expected.unheard, expected.lost);
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
        seen.account_events(),
        seen.disposed(),
    );
    complaints.extend(listed(expected, seen));
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

/// Each account that there is was listed, and what was known of it already made nobody look.
fn listed(expected: &Expectations, seen: &Observed) -> Vec<Complaint> {
    let Triggers { listed, markers } = expected.triggers;
    let found = expected.events.iter().filter(|event| event.by_listing);
    let known = listed.saturating_sub(found.count() as u64);
    let disposition = |name| {
        let found = seen.processor.dispositions.get(name);
        found.copied().unwrap_or(0)
    };
    let compared = [
        ("accounts that were listed", listed, seen.triggers.listed),
        ("markers of resyncs", markers, seen.triggers.markers),
        (
            "markers that the processor has skipped",
            markers,
            disposition("skipped:marker"),
        ),
        (
            "listed accounts that were unchanged",
            known,
            disposition("skipped:unchanged"),
        ),
    ];
    let differs = |(what, expected, found)| differs(what, expected, found);
    compared.into_iter().filter_map(differs).collect()
}

fn differs(what: &str, expected: u64, found: u64) -> Option<Complaint> {
    (expected != found).then(|| Complaint(format!("{what}: expected {expected}, found {found}")))
}
