//! A limit of a topic that records of ours would meet.

use std::fmt;

use stackone_link_process::counted::counted;

/// What a topic limits too much. Its `Display` goes on after the topic's name, and says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicLimit {
    /// Records go sooner than was promised of the topic, or than the pipeline itself needs them.
    Expires {
        /// The setting.
        setting: &'static str,
        /// What it is: milliseconds or bytes.
        found: i64,
        /// What it has to be at least; -1 is no limit.
        needed: i64,
        /// What comes of it.
        why: &'static str,
    },
    /// Records go sooner than they would in a topic that was made by `topics apply`, which is allowed.
    KeptShorter {
        /// The setting.
        setting: &'static str,
        /// What it is: milliseconds or bytes.
        found: i64,
        /// What is lost.
        lost: &'static str,
    },
    /// The broker refuses records whose timestamp is further from its clock than ours may be.
    RefusesTimestamps {
        /// The setting.
        setting: &'static str,
        /// What it is, in milliseconds.
        found: i64,
        /// What it has to be at least.
        needed: i64,
    },
    /// All replicas have to have a record before it counts as written, or more than there are.
    InSyncReplicas {
        /// `min.insync.replicas`.
        found: usize,
        /// How many replicas its partitions have.
        replicas: usize,
    },
}

impl TopicLimit {
    /// Whether it has to be mended. What need not be is a choice of the operator's that loses something.
    #[must_use]
    pub const fn is_wrong(&self) -> bool {
        match self {
            Self::KeptShorter { .. } => false,
            Self::Expires { .. } | Self::RefusesTimestamps { .. } | Self::InSyncReplicas { .. } => {
                true
            }
        }
    }

    /// The setting that would do, where there is one to be named.
    #[must_use]
    pub fn mended(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Expires {
                setting, needed, ..
            }
            | Self::RefusesTimestamps {
                setting, needed, ..
            } => Some((setting, needed.to_string())),
            Self::InSyncReplicas { replicas, .. } => {
                let fewer = replicas.saturating_sub(1).max(1);
                Some(("min.insync.replicas", fewer.to_string()))
            }
            Self::KeptShorter { .. } => None,
        }
    }
}

impl fmt::Display for TopicLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expires {
                setting,
                found,
                needed: -1,
                why,
            } => write!(
                formatter,
                "has {setting}={found}; it must be -1, which is no limit: {why}"
            ),
            Self::Expires {
                setting,
                found,
                needed,
                why,
            } => write!(
                formatter,
                "has {setting}={found}; it must be at least {needed}, or -1: {why}"
            ),
            Self::KeptShorter {
                setting,
                found,
                lost,
            } => write!(formatter, "has {setting}={found}: {lost}"),
            Self::RefusesTimestamps {
                setting,
                found,
                needed,
            } => write!(
                formatter,
                "has {setting}={found}; it must be at least {needed}, since a record that waited, or comes from a clock \
                 that is off, is refused otherwise"
            ),
            Self::InSyncReplicas { found, replicas } => {
                let what = match found.cmp(replicas) {
                    std::cmp::Ordering::Greater => "nothing can be written",
                    std::cmp::Ordering::Equal | std::cmp::Ordering::Less => {
                        "nothing can be written while one of their brokers is down"
                    }
                };
                write!(
                    formatter,
                    "has min.insync.replicas={found} and {}: {what}; it must be smaller",
                    counted(*replicas, "replica")
                )
            }
        }
    }
}
