//! The topics of the pipeline: their purposes, default names and settings.

use serde::{Deserialize, Serialize};

/// The largest dead letter, in bytes, where nothing else is set: in its topic, and for its
/// producer. A dead letter has the original record and more headers, so it must be allowed to be
/// larger than any original.
pub const DEAD_LETTER_BYTES: u64 = 2 * 1024 * 1024;

/// The purpose of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Account webhooks as they came, and our own trigger records.
    AccountEvents,
    /// Every other webhook of an account, as it came.
    RecordEvents,
    /// Authentic webhooks that cannot be used.
    Unrecognized,
    /// Every transition of every account.
    Lifecycle,
    /// The transitions `account.linked` only.
    Linked,
    /// The confirmed state of each account, compacted.
    State,
    /// The facts of link sessions.
    LinkSessions,
    /// Records that were put aside, each with a reason.
    DeadLetter,
}

impl Topic {
    /// Every topic, in the order data flows.
    pub const ALL: [Self; 8] = [
        Self::AccountEvents,
        Self::RecordEvents,
        Self::Unrecognized,
        Self::Lifecycle,
        Self::Linked,
        Self::State,
        Self::LinkSessions,
        Self::DeadLetter,
    ];

    /// The topics that `ingest` publishes to.
    pub const OF_INGEST: [Self; 3] = [Self::AccountEvents, Self::RecordEvents, Self::Unrecognized];

    /// The topics that the processor reads and writes.
    pub const OF_PROCESSOR: [Self; 5] = [
        Self::AccountEvents,
        Self::Lifecycle,
        Self::Linked,
        Self::State,
        Self::DeadLetter,
    ];

    /// The topics that connect reads or writes; the events topic only where it publishes looks.
    pub const OF_CONNECT: [Self; 3] = [Self::LinkSessions, Self::State, Self::AccountEvents];

    /// Returns what the topic does with old records.
    #[must_use]
    pub const fn cleanup(self) -> Cleanup {
        match self {
            Self::AccountEvents | Self::RecordEvents => Cleanup::DeleteAfterDays(7),
            Self::Unrecognized | Self::Lifecycle | Self::Linked | Self::DeadLetter => {
                Cleanup::DeleteAfterDays(30)
            }
            Self::LinkSessions => Cleanup::DeleteAfterDays(35),
            Self::State => Cleanup::Compact,
        }
    }

    /// Returns the topic's settings on the broker, as names and values.
    #[must_use]
    pub fn settings(self) -> Vec<(&'static str, String)> {
        let mut settings = match self.cleanup() {
            Cleanup::DeleteAfterDays(days) => vec![
                ("cleanup.policy", "delete".to_owned()),
                ("retention.ms", (days * 24 * 60 * 60 * 1000).to_string()),
            ],
            Cleanup::Compact => vec![
                ("cleanup.policy", "compact".to_owned()),
                ("segment.bytes", (64 * 1024 * 1024).to_string()),
                ("segment.ms", (60 * 60 * 1000).to_string()),
                ("min.cleanable.dirty.ratio", "0.1".to_owned()),
                ("max.compaction.lag.ms", (60 * 60 * 1000).to_string()),
            ],
        };
        if self == Self::DeadLetter {
            settings.push(("max.message.bytes", DEAD_LETTER_BYTES.to_string()));
        }
        if self == Self::LinkSessions {
            // All replicas of connect have to agree on when a fact happened.
            settings.push(("message.timestamp.type", "LogAppendTime".to_owned()));
        }
        settings
    }

    /// Returns whether another value of this setting than [`Self::settings`] has would damage data.
    /// Retention and the size of records are the operator's choice, within what others need; the
    /// compaction of states is not.
    #[must_use]
    pub fn requires(self, setting: &str) -> bool {
        self == Self::State || matches!(setting, "cleanup.policy" | "message.timestamp.type")
    }
}

/// What a topic does with old records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleanup {
    /// Deletes records after this many days.
    DeleteAfterDays(u64),
    /// Keeps the last record of each key.
    Compact,
}

/// The names of the topics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Topics {
    /// See [`Topic::AccountEvents`].
    pub account_events: String,
    /// See [`Topic::RecordEvents`].
    pub record_events: String,
    /// See [`Topic::Unrecognized`].
    pub unrecognized: String,
    /// See [`Topic::Lifecycle`].
    pub lifecycle: String,
    /// See [`Topic::Linked`].
    pub linked: String,
    /// See [`Topic::State`].
    pub state: String,
    /// See [`Topic::LinkSessions`].
    pub link_sessions: String,
    /// See [`Topic::DeadLetter`].
    pub dead_letter: String,
}

impl Default for Topics {
    fn default() -> Self {
        Self::with_prefix("stackone")
    }
}

impl Topics {
    /// Returns the default names with `prefix` instead of `stackone`, for instance for a test.
    #[must_use]
    pub fn with_prefix(prefix: &str) -> Self {
        Self {
            account_events: format!("{prefix}.account.events.v1"),
            record_events: format!("{prefix}.record.events.v1"),
            unrecognized: format!("{prefix}.unrecognized.v1"),
            lifecycle: format!("{prefix}.account.lifecycle.v1"),
            linked: format!("{prefix}.account.linked.v1"),
            state: format!("{prefix}.account.state.v1"),
            link_sessions: format!("{prefix}.link.sessions.v1"),
            dead_letter: format!("{prefix}.account.dead-letter.v1"),
        }
    }

    /// Returns the name of a topic.
    #[must_use]
    pub fn name(&self, topic: Topic) -> &str {
        match topic {
            Topic::AccountEvents => &self.account_events,
            Topic::RecordEvents => &self.record_events,
            Topic::Unrecognized => &self.unrecognized,
            Topic::Lifecycle => &self.lifecycle,
            Topic::Linked => &self.linked,
            Topic::State => &self.state,
            Topic::LinkSessions => &self.link_sessions,
            Topic::DeadLetter => &self.dead_letter,
        }
    }

    /// Describes the first name that two topics share, or that Kafka would not accept.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let names: Vec<_> = Topic::ALL.iter().map(|topic| self.name(*topic)).collect();
        names.iter().enumerate().find_map(|(index, name)| {
            let legal =
                |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
            if name.is_empty() || name.len() > 249 || !name.bytes().all(legal) {
                return Some(format!(
                    "topic name {name:?} is not 1 to 249 characters of [A-Za-z0-9._-]"
                ));
            }
            names[..index]
                .contains(name)
                .then(|| format!("topic name {name:?} is used twice"))
        })
    }
}

/// The layout of topics that are created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TopicLayout {
    /// The number of partitions of each topic. `account_events` and `state` must have the same.
    pub partitions: i32,
    /// The number of replicas of each partition.
    pub replication: i32,
}

impl Default for TopicLayout {
    fn default() -> Self {
        Self {
            partitions: 12,
            replication: 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_topics_of_one_name_are_a_problem() {
        assert_eq!(Topics::default().problem(), None);
        let topics = Topics {
            linked: Topics::default().lifecycle,
            ..Topics::default()
        };
        assert!(topics.problem().unwrap().contains("used twice"));
        let topics = Topics {
            state: "a b".to_owned(),
            ..Topics::default()
        };
        assert!(topics.problem().unwrap().contains("[A-Za-z0-9._-]"));
    }
}
