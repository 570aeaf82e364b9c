//! What is wrong with a topic.

use std::fmt;

use stackone_link_process::counted::counted;

use super::TopicLimit;

/// Something about a topic that is not as the pipeline needs it. Its `Display` is one line that says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicFinding {
    /// The topic does not exist, or we may not see it.
    Missing {
        /// Its name.
        name: String,
    },
    /// The events and state topics have different numbers of partitions.
    PartitionsDiffer {
        /// Name and partitions of the events topic.
        events: (String, usize),
        /// Name and partitions of the state topic.
        state: (String, usize),
    },
    /// A setting is not what it has to be.
    Setting {
        /// The topic.
        name: String,
        /// The setting.
        setting: &'static str,
        /// What it has to be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// Its settings keep records for too short a time, or refuse them.
    Limit {
        /// The topic.
        name: String,
        /// What it limits.
        limit: TopicLimit,
    },
    /// The dead-letter topic does not take the largest record of the events topic with a dead letter's headers.
    DeadLetterTopic {
        /// Its name.
        name: String,
        /// Its `max.message.bytes`.
        takes: u64,
        /// The name of the events topic.
        events: String,
        /// What it has to take.
        needed: u64,
    },
    /// The processor's producer does not.
    DeadLetterProducer {
        /// Its `message.max.bytes`.
        takes: u64,
        /// The name of the events topic.
        events: String,
        /// What it has to take.
        needed: u64,
    },
}

impl TopicFinding {
    /// Whether a processor must not start before it is mended: nothing could be done, or data would be damaged. A dead
    /// letter that does not fit holds up dead letters, and nothing else.
    #[must_use]
    pub const fn forbids_start(&self) -> bool {
        match self {
            Self::Missing { .. } | Self::PartitionsDiffer { .. } | Self::Setting { .. } => true,
            Self::Limit { .. } | Self::DeadLetterTopic { .. } | Self::DeadLetterProducer { .. } => {
                false
            }
        }
    }

    /// Whether it has to be mended. What need not be is a choice of the operator's that loses something.
    #[must_use]
    pub const fn is_wrong(&self) -> bool {
        match self {
            Self::Limit { limit, .. } => limit.is_wrong(),
            Self::Missing { .. }
            | Self::PartitionsDiffer { .. }
            | Self::Setting { .. }
            | Self::DeadLetterTopic { .. }
            | Self::DeadLetterProducer { .. } => true,
        }
    }
}

impl fmt::Display for TopicFinding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { name } => write!(
                formatter,
                "topic {name} does not exist or cannot be seen; make it with: stackone-processor topics apply"
            ),
            Self::PartitionsDiffer { events, state } => write!(
                formatter,
                "topic {} has {} and {} has {}; they must be equal, since an account's state lives in the \
                 partition its events come from: follow \"Changing partition counts\" in deploy/runbook.md, which copies \
                 the states first, so that no version is used twice",
                events.0,
                counted(events.1, "partition"),
                state.0,
                state.1
            ),
            Self::Setting {
                name,
                setting,
                expected,
                found,
            } => {
                write!(
                    formatter,
                    "topic {name} has {setting}={found}; it must be {expected}"
                )
            }
            Self::Limit { name, limit } => write!(formatter, "topic {name} {limit}"),
            Self::DeadLetterTopic {
                name,
                takes,
                events,
                needed,
            } => write!(
                formatter,
                "topic {name} has max.message.bytes={takes}; it must be at least {needed}, so that a dead letter, which \
                 has more headers than its original, fits where topic {events} took that"
            ),
            Self::DeadLetterProducer {
                takes,
                events,
                needed,
            } => write!(
                formatter,
                "kafka.properties \"message.max.bytes\" is {takes}; it must be at least {needed}, so that a dead letter, \
                 which has more headers than its original, can be sent where topic {events} took that"
            ),
        }
    }
}
