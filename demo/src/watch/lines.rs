//! What the screen shows of records.

use harness::ReadRecord;
use stackone_link_schemas::{AccountLifecycleEvent, AccountListed};
use stackone_link_wire::Topic;

use super::Names;
use crate::observed::Sighting;
use crate::screen::{Line, Tone, Who};

/// A webhook is on a topic.
pub(super) fn webhook(topic: Topic, record: &ReadRecord, names: &Names) -> Line {
    let (who, tone) = if topic == Topic::DeadLetter {
        (Who::Processor, Tone::Bad)
    } else {
        (Who::Ingest, Tone::Quiet)
    };
    let verdict = format!("{} bytes", record.value.len());
    Line {
        who,
        tone,
        verdict,
        ..stored(topic, record, names)
    }
}

/// A resync has listed an account.
pub(super) fn listed(topic: Topic, record: &ReadRecord, names: &Names) -> Line {
    let (tone, verdict) = match serde_json::from_slice::<AccountListed>(&record.value) {
        Ok(listed) => (Tone::Quiet, format!("listed as {}", listed.status)),
        Err(error) => (Tone::Bad, format!("cannot be read: {error}")),
    };
    Line {
        who: Who::ResyncTrigger,
        tone,
        verdict,
        ..stored(topic, record, names)
    }
}

fn stored(topic: Topic, record: &ReadRecord, names: &Names) -> Line {
    let (name, partition, offset) = (short_name(topic), record.partition, record.offset);
    let account = record.key.as_deref().map(|id| names.label(id));
    Line {
        who: Who::Ingest,
        what: format!("→ {name} [{partition}]@{offset}"),
        account: account.unwrap_or_default(),
        verdict: String::new(),
        tone: Tone::Quiet,
    }
}

/// A subscriber has read an event.
pub(super) fn event(topic: Topic, event: &AccountLifecycleEvent, names: &Names) -> Line {
    let account = names.label(event.account_id.as_str());
    if topic == Topic::Linked {
        return Line {
            who: Who::Service,
            what: "begins work for it".to_owned(),
            account,
            verdict: "told by the account.linked topic".to_owned(),
            tone: Tone::Good,
        };
    }
    let status = event
        .status
        .as_ref()
        .map_or("gone", |status| status.as_str());
    let lookups = if event.lookups == 1 {
        "1 lookup".to_owned()
    } else {
        format!("{} lookups", event.lookups)
    };
    let by = if Sighting::from(event).by_listing {
        ", found by listing"
    } else {
        ""
    };
    Line {
        who: Who::Subscriber,
        what: format!("{} v{}", event.event_type, event.version),
        account,
        verdict: format!("{status}, after {lookups}{by}"),
        tone: if status == "active" {
            Tone::Good
        } else {
            Tone::Bad
        },
    }
}

/// The topic without prefix and version.
pub(super) const fn short_name(topic: Topic) -> &'static str {
    match topic {
        Topic::AccountEvents => "account.events",
        Topic::RecordEvents => "record.events",
        Topic::Unrecognized => "unrecognized",
        Topic::Lifecycle => "account.lifecycle",
        Topic::Linked => "account.linked",
        Topic::State => "account.state",
        Topic::LinkSessions => "link.sessions",
        Topic::DeadLetter => "account.dead-letter",
    }
}
