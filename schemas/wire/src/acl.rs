//! What each service must be allowed on a broker with an authorizer: this, and nothing else.
//!
//! Describe is never listed: Read and Write include it. Nor is the cluster's IdempotentWrite: since
//! Kafka 3.0 a Write on any topic includes it ([KIP-679]). That the list is enough, and that no
//! entry of it can be left out, is tested on a broker with the authorizer on.
//!
//! [KIP-679]:
//! https://cwiki.apache.org/confluence/display/KAFKA/KIP-679%3A+Producer+will+enable+the+strongest+delivery+guarantee+by+default

use serde::Serialize;

use crate::{Topic, Topics};

/// The kind of resource that an ACL is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AclResource {
    /// The topic with this name.
    Topic,
    /// The consumer group with this name.
    Group,
    /// Every `transactional.id` with this prefix.
    TransactionalIdPrefix,
}

/// An operation that an ACL allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum AclOperation {
    /// Reading records, joining a group, and committing its offsets.
    Read,
    /// Writing records, and using a `transactional.id`.
    Write,
    /// Reading the settings of a topic.
    DescribeConfigs,
}

impl AclOperation {
    /// Returns the operation's name in `kafka-acls.sh`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Write => "Write",
            Self::DescribeConfigs => "DescribeConfigs",
        }
    }
}

/// One operation on one resource that a service must be allowed, from any host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Acl {
    /// The kind of the resource.
    pub resource: AclResource,
    /// The name of the topic or the group, or the prefix of ids.
    pub name: String,
    /// The operation.
    pub operation: AclOperation,
    /// Why the service needs it, in the words of `acls --json`.
    pub because: &'static str,
}

impl Acl {
    /// Returns what ingest must be allowed.
    #[must_use]
    pub fn of_ingest(topics: &Topics) -> Vec<Self> {
        let write = |topic| on_topic(topics, topic, AclOperation::Write, "puts webhooks there");
        let settings = |topic| {
            let because = "looks whether the largest webhook fits";
            on_topic(topics, topic, AclOperation::DescribeConfigs, because)
        };
        let writes = Topic::OF_INGEST.map(write).into_iter();
        writes.chain(Topic::OF_INGEST.map(settings)).collect()
    }

    /// Returns what processors of the consumer group `group` must be allowed.
    #[must_use]
    pub fn of_processor(topics: &Topics, group: &str) -> Vec<Self> {
        use AclOperation::{DescribeConfigs, Read, Write};
        let entries = [
            (Topic::AccountEvents, Read, "consumes webhooks and triggers"),
            (
                Topic::AccountEvents,
                Write,
                "a resync puts a trigger there for each account",
            ),
            (Topic::State, Read, "restores what it knows"),
            (Topic::State, Write, "writes down what it knows"),
            (Topic::Lifecycle, Write, "emits transitions"),
            (Topic::Linked, Write, "emits account.linked"),
            (Topic::DeadLetter, Write, "puts aside what cannot be used"),
        ];
        let settings = Topic::OF_PROCESSOR.map(|topic| {
            let because =
                "checks at start that it is set up as it must be (topic_layout.check_settings)";
            (topic, DescribeConfigs, because)
        });
        let entries = entries.into_iter().chain(settings);
        let mut acls: Vec<_> = entries
            .map(|(topic, operation, because)| on_topic(topics, topic, operation, because))
            .collect();
        acls.push(Self {
            resource: AclResource::Group,
            name: group.to_owned(),
            operation: Read,
            because: "is a member, and commits offsets",
        });
        acls.push(Self {
            resource: AclResource::TransactionalIdPrefix,
            name: format!("{group}-"),
            operation: Write,
            because: "commits events, states and offsets in one transaction",
        });
        acls
    }
}

impl Acl {
    /// Returns what connect must be allowed. Its readers name the consumer group `group` and do not
    /// join it.
    #[must_use]
    pub fn of_connect(topics: &Topics, group: &str) -> Vec<Self> {
        use AclOperation::{Read, Write};
        let mut acls: Vec<_> = [
            (
                Topic::LinkSessions,
                Read,
                "knows all sessions by their facts",
            ),
            (
                Topic::LinkSessions,
                Write,
                "writes down what happened to a session",
            ),
            (Topic::State, Read, "sees which accounts are confirmed"),
            (
                Topic::AccountEvents,
                Write,
                "asks for a look at an account (look.enabled)",
            ),
        ]
        .map(|(topic, operation, because)| on_topic(topics, topic, operation, because))
        .into();
        acls.push(Self {
            resource: AclResource::Group,
            name: group.to_owned(),
            operation: Read,
            because: "names the group, which it never joins",
        });
        acls
    }
}

fn on_topic(topics: &Topics, topic: Topic, operation: AclOperation, because: &'static str) -> Acl {
    Acl {
        resource: AclResource::Topic,
        name: topics.name(topic).to_owned(),
        operation,
        because,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_allowed_the_topics_of_others_and_nothing_is_listed_twice() {
        let topics = Topics::default();
        let ingest = Acl::of_ingest(&topics);
        let processor = Acl::of_processor(&topics, "g");
        let reads = |acls: &[Acl]| acls.iter().any(|acl| acl.operation == AclOperation::Read);
        assert!(
            !reads(&ingest),
            "what was received is not for ingest to read"
        );
        let connect = Acl::of_connect(&topics, "c");
        assert!(
            connect
                .iter()
                .all(|acl| acl.operation != AclOperation::DescribeConfigs)
        );
        let touches = |topic| processor.iter().any(|acl| acl.name == topics.name(topic));
        assert!(!touches(Topic::LinkSessions), "sessions are connect's own");
        assert!(!touches(Topic::RecordEvents) && !touches(Topic::Unrecognized));
        let mut keys: Vec<_> = processor
            .iter()
            .map(|acl| (acl.resource, &acl.name, acl.operation))
            .collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), processor.len());
    }
}
