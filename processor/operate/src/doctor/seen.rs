//! Observations of Kafka, before they are judged.

use stackone_link_transport::TopicFinding;
use stackone_link_wire::Topic;

use super::survey::Survey;
use crate::redrive::Summary;
use stackone_processor_core::resync::schedule::History;

/// Why something could not be observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unseen {
    /// The authorizer forbids it.
    Forbidden,
    /// The object does not exist.
    Missing,
    /// The broker does not support the request.
    Unsupported,
    /// Any other error, with advice where there is some.
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
    /// The host name of each broker.
    pub(super) hosts: Vec<String>,
    /// The id of the cluster.
    pub(super) id: Option<String>,
}

/// One topic of the pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TopicSeen {
    pub(super) topic: Topic,
    pub(super) name: String,
    /// The partitions that have no leader.
    pub(super) leaderless: Result<Vec<i32>, Unseen>,
    /// The findings about its settings; `None` where they are not checked.
    pub(super) settings: Option<Result<Vec<TopicFinding>, Unseen>>,
}

/// The topics of the processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TopicsSeen {
    pub(super) each: Vec<TopicSeen>,
    /// The findings about topics together.
    pub(super) together: Vec<TopicFinding>,
    /// The findings about topics of other services, where those exist.
    pub(super) others: Vec<TopicFinding>,
    /// Whether the events topic can be read.
    pub(super) events: Result<(), Unseen>,
}

/// The records of the state topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StateSeen {
    pub(super) survey: Survey,
    /// Whether all records were read.
    pub(super) is_complete: bool,
}

/// The records of the dead-letter topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LettersSeen {
    /// What a redrive would do.
    pub(super) summary: Summary,
    /// Whether all records were read.
    pub(super) is_complete: bool,
}

/// When a project was listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ResyncSeen {
    pub(super) history: History,
    /// Whether all records were read that may show it.
    pub(super) is_known: bool,
}

/// A partition of the events topic, from the group's view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) partition: i32,
    /// The group's next offset, if it has committed one.
    pub(super) committed: Option<i64>,
    /// The first offset that the topic holds.
    pub(super) low: i64,
    /// The offset of the next record to be written.
    pub(super) high: i64,
}

impl Place {
    /// Returns how many records the group has not passed.
    pub(super) fn lag(self) -> i64 {
        let next = self.committed.unwrap_or(self.low);
        self.high.saturating_sub(next.max(self.low)).max(0)
    }

    /// Whether the topic holds the committed offset.
    pub(super) fn is_in_range(self) -> bool {
        self.committed
            .is_none_or(|next| (self.low..=self.high).contains(&next))
    }
}

/// The consumer group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GroupSeen {
    /// The number of its members.
    pub(super) members: Result<usize, Unseen>,
    pub(super) places: Vec<Place>,
}
