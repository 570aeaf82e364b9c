//! The channels: the topics, and who writes and reads them.

use serde_json::{Map, Value, json};

use super::json::{by_name, reference};
use super::messages::Message;
use crate::{Cleanup, Topic, TopicLayout, Topics};

/// The channel of each topic.
pub(super) fn all(topics: &Topics, messages: &[Message]) -> Map<String, Value> {
    by_name(Topic::ALL.into_iter().map(|topic| {
        let of_topic = messages
            .iter()
            .filter(|message| message.is_on(topic))
            .map(|message| {
                (
                    message.name.as_str(),
                    reference("components/messages", &message.name),
                )
            });
        let channel = json!({
            "address": topics.name(topic),
            "title": title(topic),
            "description": about(topic),
            "messages": by_name(of_topic),
            "bindings": { "kafka": binding(topic) },
        });
        (name(topic), channel)
    }))
}

/// Who writes and who reads each topic, as far as it is part of the pipeline.
pub(super) fn operations(messages: &[Message]) -> Map<String, Value> {
    let mut operations = Map::new();
    for topic in Topic::ALL {
        for (who, action, summary) in parts(topic) {
            let channel = name(topic);
            let of_channel = messages
                .iter()
                .filter(|message| message.is_on(topic))
                .filter(|message| *action == "receive" || message.writer == *who)
                .map(|message| reference(&format!("channels/{channel}/messages"), &message.name));
            let operation = json!({
                "action": action,
                "channel": reference("channels", channel),
                "summary": summary,
                "messages": of_channel.collect::<Vec<_>>(),
            });
            operations.insert(format!("{who}.{action}.{channel}"), operation);
        }
    }
    operations
}

pub(super) const INGEST: &str = "ingest";
pub(super) const PROCESSOR: &str = "processor";
pub(super) const CONNECT: &str = "connect";

/// Name of a topic's channel.
const fn name(topic: Topic) -> &'static str {
    match topic {
        Topic::AccountEvents => "accountEvents",
        Topic::RecordEvents => "recordEvents",
        Topic::Unrecognized => "unrecognized",
        Topic::Lifecycle => "lifecycle",
        Topic::Linked => "linked",
        Topic::State => "state",
        Topic::LinkSessions => "linkSessions",
        Topic::DeadLetter => "deadLetter",
    }
}

const fn title(topic: Topic) -> &'static str {
    match topic {
        Topic::AccountEvents => "Account webhooks",
        Topic::RecordEvents => "Other webhooks of an account",
        Topic::Unrecognized => "Webhooks that cannot be used",
        Topic::Lifecycle => "Every transition of every account",
        Topic::Linked => "New, confirmed accounts",
        Topic::State => "Every account as it is now",
        Topic::LinkSessions => "What happened to link sessions",
        Topic::DeadLetter => "Records that were put aside",
    }
}

const fn about(topic: Topic) -> &'static str {
    match topic {
        Topic::AccountEvents => {
            "Raw: the webhooks, byte for byte. They say that an account changed, never what is true now; build on the lifecycle \
             topic instead. Records whose `ce_type` begins with `pipeline.` are the pipeline's own and may change."
        }
        Topic::RecordEvents => {
            "Raw: every webhook of an account whose event is not `account.*`, byte for byte. Empty where ingest is configured \
             with `record_events = \"drop\"`."
        }
        Topic::Unrecognized => {
            "Raw: webhooks that are rightly signed and have no usable event or account, or name the project of another source."
        }
        Topic::Lifecycle => {
            "Each transition once for a `read_committed` reader, in order per account: take one only if its `version` is greater \
             than the one you have."
        }
        Topic::Linked => {
            "The `account.linked` records of the lifecycle topic, for a service that starts work on new accounts."
        }
        Topic::State => {
            "Compacted. A service that starts afresh reads it to its end, and then follows the lifecycle topic."
        }
        Topic::LinkSessions => {
            "Facts in log order per customer. The first fact that says verified or cancelled decides; when a fact happened is \
             the record's timestamp."
        }
        Topic::DeadLetter => {
            "Raw: records of the account events topic that could not be used, with their own key, value and headers, and headers \
             that say why."
        }
    }
}

const fn parts(topic: Topic) -> &'static [(&'static str, &'static str, &'static str)] {
    match topic {
        Topic::AccountEvents => &[
            (INGEST, "send", "ingest stores an account webhook"),
            (
                PROCESSOR,
                "send",
                "a resync lists accounts, an operator releases unlinks",
            ),
            (CONNECT, "send", "connect asks for a look at an account"),
            (
                PROCESSOR,
                "receive",
                "the processor takes each record as a trigger to look",
            ),
        ],
        Topic::RecordEvents => &[(
            INGEST,
            "send",
            "ingest stores any other webhook of an account",
        )],
        Topic::Unrecognized => &[(INGEST, "send", "ingest stores what it cannot use")],
        Topic::Lifecycle => &[(PROCESSOR, "send", "the processor tells every transition")],
        Topic::Linked => &[(PROCESSOR, "send", "the processor tells of linked accounts")],
        Topic::State => &[
            (PROCESSOR, "send", "the processor writes down what it knows"),
            (PROCESSOR, "receive", "the processor restores what it knew"),
        ],
        Topic::LinkSessions => &[
            (CONNECT, "send", "connect writes down what happened"),
            (
                CONNECT,
                "receive",
                "every replica of connect knows every session",
            ),
        ],
        Topic::DeadLetter => &[
            (PROCESSOR, "send", "the processor puts a record aside"),
            (PROCESSOR, "receive", "a redrive reads what was put aside"),
        ],
    }
}

fn binding(topic: Topic) -> Value {
    let layout = TopicLayout::default();
    let mut settings: Map<String, Value> = topic
        .settings()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), number_or_text(&value)))
        .collect();
    // The one setting that Kafka has as a list.
    let cleanup = match topic.cleanup() {
        Cleanup::DeleteAfterDays(_) => "delete",
        Cleanup::Compact => "compact",
    };
    settings.insert("cleanup.policy".to_owned(), json!([cleanup]));
    json!({
        "partitions": layout.partitions,
        "replicas": layout.replication,
        "topicConfiguration": settings,
        "bindingVersion": "0.5.0",
    })
}

fn number_or_text(value: &str) -> Value {
    serde_json::from_str(value).unwrap_or_else(|_not_a_number| json!(value))
}
