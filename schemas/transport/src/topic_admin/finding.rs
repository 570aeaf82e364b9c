//! Findings about topics.

use std::fmt;

use stackone_link_process::counted::counted;

use super::TopicLimit;

/// A topic is not as the pipeline needs it. `Display` writes one line that says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicFinding {
    /// The topic does not exist, or the client may not see it.
    Missing {
        /// The topic's name.
        name: String,
    },
    /// The events and state topics have different numbers of partitions.
    PartitionsDiffer {
        /// The events topic's name and number of partitions.
        events: (String, usize),
        /// The state topic's name and number of partitions.
        state: (String, usize),
    },
    /// A setting has another value than it has to have.
    Setting {
        /// The topic's name.
        name: String,
        /// The setting's name.
        setting: &'static str,
        /// The value that it has to have.
        expected: String,
        /// The value that the broker returned.
        found: String,
    },
    /// The topic keeps records for too short a time, or refuses some.
    Limit {
        /// The topic's name.
        name: String,
        /// The limit that is too narrow.
        limit: TopicLimit,
    },
    /// The dead-letter topic refuses the largest record of the events topic, which as a dead letter
    /// has more headers.
    DeadLetterTopic {
        /// The dead-letter topic's name.
        name: String,
        /// Its `max.message.bytes`.
        takes: u64,
        /// The events topic's name.
        events: String,
        /// The least `max.message.bytes` that is enough.
        needed: u64,
    },
    /// The processor's producer refuses a dead letter of the largest event.
    DeadLetterProducer {
        /// Its `message.max.bytes`.
        takes: u64,
        /// The events topic's name.
        events: String,
        /// The least `message.max.bytes` that is enough.
        needed: u64,
    },
}

impl TopicFinding {
    /// Returns whether a processor must not start before this is mended, because it could do
    /// nothing or would damage data. A dead letter that does not fit only holds up dead letters.
    #[must_use]
    pub const fn forbids_start(&self) -> bool {
        match self {
            Self::Missing { .. } | Self::PartitionsDiffer { .. } | Self::Setting { .. } => true,
            Self::Limit { .. } | Self::DeadLetterTopic { .. } | Self::DeadLetterProducer { .. } => {
                false
            }
        }
    }

    /// Returns whether this has to be mended. Otherwise it is the operator's choice, and loses
    /// something.
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
