//! Where a member's reading begins, and what a pause does: on every broker.

use harness::{Broker, unique_group, unique_topics};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use stackone_link_wire::Topics;

use super::clients::{COOPERATIVE, Member, Writer, config, offset_of};

/// Records in partition 0 before anybody reads.
const RECORDS: i64 = 20;

/// A topic with records, and a group that has committed an offset of it.
struct Stage {
    broker: Broker,
    topics: Topics,
    group: String,
    writer: Writer,
}

impl Stage {
    async fn set(test: &str, committed: i64) -> Self {
        let (broker, topics, group) = (
            Broker::start().await,
            unique_topics(test),
            unique_group(test),
        );
        broker.create_topics(&topics, 2).await.unwrap();
        let writer = Writer::new(broker.bootstrap_servers(), &[]);
        for offset in 0..RECORDS {
            let stored = writer.store(&topics.account_events, 0, "x");
            assert_eq!(stored, offset);
        }
        let config = config(broker.bootstrap_servers(), &[("group.id", &group)]);
        let nobody: BaseConsumer = config.create().unwrap();
        let offset = offset_of(&topics.account_events, 0, committed);
        nobody.commit(&offset, CommitMode::Sync).unwrap();
        Self {
            broker,
            topics,
            group,
            writer,
        }
    }

    fn member(&self) -> Member {
        let topic = &self.topics.account_events;
        Member::join(&self.broker, &self.group, topic, COOPERATIVE)
    }
}

/// The processor takes partitions over paused and restores their state before it resumes them.
#[tokio::test]
async fn reading_begins_at_the_offset_that_was_committed_at_the_assignment() {
    let stage = Stage::set("begins", 2).await;
    let member = stage.member();
    let assigned = member.is_told().await;
    member.answer(&assigned);
    let partition = member.list(&[0]);
    member.consumer.pause(&partition).unwrap();
    member.shows(0, |shown| shown.fetch_state == "active").await;
    let later = offset_of(&stage.topics.account_events, 0, 7);
    member.consumer.commit(&later, CommitMode::Sync).unwrap();
    member.consumer.resume(&partition).unwrap();
    assert_eq!(member.reads().await, (0, 2));
}

/// The client has them already: it took all in one fetch.
#[tokio::test]
async fn what_was_fetched_before_a_pause_is_read_after_the_resume_and_not_before() {
    let stage = Stage::set("paused", 0).await;
    let member = stage.member();
    let assigned = member.is_told().await;
    member.answer(&assigned);
    assert_eq!(member.reads().await, (0, 0));
    let paused = member.list(&[0]);
    member.consumer.pause(&paused).unwrap();
    stage.writer.store(&stage.topics.account_events, 1, "x");
    assert_eq!(member.reads().await, (1, 0), "the partition is paused");
    member.consumer.resume(&paused).unwrap();
    for offset in 1..RECORDS {
        assert_eq!(member.reads().await, (0, offset));
    }
}
