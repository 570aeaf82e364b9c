//! Limits of a topic that our records would run into.

use std::fmt;

use stackone_link_process::counted::counted;

/// A limit of a topic that is too narrow. Its `Display` continues a sentence after the topic's
/// name, and says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicLimit {
    /// Records expire sooner than subscribers were promised, or than the pipeline itself needs
    /// them.
    Expires {
        /// The setting of the topic.
        setting: &'static str,
        /// Its value, in milliseconds or bytes.
        found: i64,
        /// The least value that is enough; -1 means no limit.
        needed: i64,
        /// The consequence, in words.
        why: &'static str,
    },
    /// Records expire sooner than in a topic that `topics apply` makes. That is allowed.
    KeptShorter {
        /// The setting of the topic.
        setting: &'static str,
        /// Its value, in milliseconds or bytes.
        found: i64,
        /// The loss that the operator chooses by it, in words.
        lost: &'static str,
    },
    /// The broker refuses records whose timestamp differs from its clock by less than ours may.
    RefusesTimestamps {
        /// The setting of the topic.
        setting: &'static str,
        /// Its value, in milliseconds.
        found: i64,
        /// The least value that is enough, in milliseconds.
        needed: i64,
    },
    /// A write needs all replicas, so that none may be down, or more of them than there are.
    InSyncReplicas {
        /// The value of `min.insync.replicas`.
        found: usize,
        /// The number of replicas that each partition has.
        replicas: usize,
    },
}

impl TopicLimit {
    /// Returns whether the limit has to be mended. Otherwise it is the operator's choice, and loses
    /// something.
    #[must_use]
    pub const fn is_wrong(&self) -> bool {
        match self {
            Self::KeptShorter { .. } => false,
            Self::Expires { .. } | Self::RefusesTimestamps { .. } | Self::InSyncReplicas { .. } => {
                true
            }
        }
    }

    /// Returns a setting and a value that would be enough, where one can be named.
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
