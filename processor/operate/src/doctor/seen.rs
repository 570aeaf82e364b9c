//! What was seen of Kafka, before anybody has judged it.

use stackone_link_transport::TopicFinding;
use stackone_link_wire::Topic;

use super::survey::Survey;
use crate::redrive::Summary;
use stackone_processor_core::resync::schedule::History;

/// Why something could not be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unseen {
    /// The authorizer does not allow it.
    Forbidden,
    /// There is no such thing.
    Missing,
    /// The broker cannot be asked for it.
    Unsupported,
    /// Anything else, with what to do where that is known.
    Failed {
        reason: String,
        advice: Option<&'static str>,
    },
}

impl Unseen {
    pub(super) fn failed(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self::Failed {
            reason,
            advice: None,
        }
    }
}

/// The brokers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ClusterSeen {
    /// By which name each is to be reached.
    pub(super) hosts: Vec<String>,
    /// What the cluster calls itself.
    pub(super) id: Option<String>,
}

/// A topic of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TopicSeen {
    pub(super) topic: Topic,
    pub(super) name: String,
    /// Its partitions that have no leader.
    pub(super) leaderless: Result<Vec<i32>, Unseen>,
    /// Which of its settings are not as they must be; none where they are not to be looked at.
    pub(super) settings: Option<Result<Vec<TopicFinding>, Unseen>>,
}

/// The topics of the processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TopicsSeen {
    pub(super) each: Vec<TopicSeen>,
    /// What is wrong between them.
    pub(super) together: Vec<TopicFinding>,
    /// What is not as it should be of topics that are not the processor's, where they are there.
    pub(super) others: Vec<TopicFinding>,
    /// Whether the events topic can be read.
    pub(super) events: Result<(), Unseen>,
}

/// The state topic's records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StateSeen {
    pub(super) survey: Survey,
    /// Whether all of them were read.
    pub(super) is_complete: bool,
}

/// The dead-letter topic's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LettersSeen {
    /// What a redrive would do.
    pub(super) summary: Summary,
    /// Whether all of them were read.
    pub(super) is_complete: bool,
}

/// When a project's accounts were listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ResyncSeen {
    pub(super) history: History,
    /// Whether all was read that may say so.
    pub(super) is_known: bool,
}

/// A partition of the events topic, as the group sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) partition: i32,
    /// The group's next offset, if it has committed one.
    pub(super) committed: Option<i64>,
    /// The first offset that the topic holds.
    pub(super) low: i64,
    /// The one that the next record gets.
    pub(super) high: i64,
}

impl Place {
    /// Records that the group has not passed.
    pub(super) fn lag(self) -> i64 {
        let next = self.committed.unwrap_or(self.low);
        self.high.saturating_sub(next.max(self.low)).max(0)
    }

    /// Whether the committed offset is among what the topic holds.
    pub(super) fn is_in_range(self) -> bool {
        self.committed
            .is_none_or(|next| (self.low..=self.high).contains(&next))
    }
}

/// The consumer group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GroupSeen {
    /// How many members it has.
    pub(super) members: Result<usize, Unseen>,
    pub(super) places: Vec<Place>,
}
