//! The topics of the pipeline: logical names, default names, and how they have to be set up.

use serde::{Deserialize, Serialize};

/// How large a dead letter may be, in bytes, where nothing else is set: in its topic, and for who sends it. A dead letter is
/// the original record and more headers, so it must be allowed to be larger than any original.
pub const DEAD_LETTER_BYTES: u64 = 2 * 1024 * 1024;

/// A topic by what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Account webhooks as they came, and our own trigger records.
    AccountEvents,
    /// Every other webhook of an account, as it came.
    RecordEvents,
    /// Authentic webhooks that cannot be used.
    Unrecognized,
    /// Every transition.
    Lifecycle,
    /// `account.linked` only.
    Linked,
    /// The confirmed state of each account, compacted.
    State,
    /// Facts of link sessions.
    LinkSessions,
    /// Records that were put aside.
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

    /// The topics `ingest` publishes to.
    pub const OF_INGEST: [Self; 3] = [Self::AccountEvents, Self::RecordEvents, Self::Unrecognized];

    /// The topics the processor reads and writes.
    pub const OF_PROCESSOR: [Self; 5] = [
        Self::AccountEvents,
        Self::Lifecycle,
        Self::Linked,
        Self::State,
        Self::DeadLetter,
    ];

    /// The topics connect reads or writes; the events topic only where it publishes looks.
    pub const OF_CONNECT: [Self; 3] = [Self::LinkSessions, Self::State, Self::AccountEvents];

    /// How long records are kept.
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

    /// The topic's settings on the broker, as `name = value`.
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

    /// Whether data is damaged where the topic's setting is another than [`Self::settings`] says. How long records are
    /// kept is for the operator to choose, and how large they may be, within what others need; how state is compacted is not.
    #[must_use]
    pub fn requires(self, setting: &str) -> bool {
        self == Self::State || matches!(setting, "cleanup.policy" | "message.timestamp.type")
    }
}

/// What a topic does with old records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleanup {
    /// Deletes them after this many days.
    DeleteAfterDays(u64),
    /// Keeps the last record of each key.
    Compact,
}

/// Names of the topics.
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
    /// The default names with another first part than `stackone`, for instance for a test.
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

    /// The name of a topic.
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

    /// The first name that two topics share or that Kafka would not accept, in words.
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

/// How topics are made where they are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TopicLayout {
    /// Partitions of each topic. `account_events` and `state` must have the same number.
    pub partitions: i32,
    /// Replicas of each partition.
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
