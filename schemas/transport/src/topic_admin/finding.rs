//! What is wrong with a topic.

use std::fmt;

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
                "topic {} has {} partitions and {} has {}; they must be equal, since an account's state lives in the \
                 partition its events come from",
                events.0, events.1, state.0, state.1
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
        }
    }
}
