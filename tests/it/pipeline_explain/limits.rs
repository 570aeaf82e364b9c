//! How far the group is, and how far back is looked.

use std::time::Duration;

use harness::{Pipeline, Setup};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use stackone_link_transport::Live;
use stackone_link_wire::Topic;
use stackone_simulator::Notify;

use super::{assert_line, document, link, told};

/// Has the processors' group commit an offset for each partition, as none of its members.
async fn commit(pipeline: &Pipeline, offset: i64) {
    let mut config = pipeline
        .broker
        .kafka_config()
        .client_config("test")
        .unwrap();
    config.set("group.id", pipeline.group());
    let (topic, partitions) = (
        pipeline.topics.account_events.clone(),
        pipeline.settings.topic_layout.partitions,
    );
    let commit = move || {
        let consumer: Live<BaseConsumer> = config.create().unwrap();
        let mut list = TopicPartitionList::new();
        for partition in 0..partitions {
            let offset = Offset::Offset(offset);
            list.add_partition_offset(&topic, partition, offset)
                .unwrap();
        }
        consumer.commit(&list, CommitMode::Sync).unwrap();
    };
    tokio::task::spawn_blocking(commit).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_that_the_group_has_not_come_to_is_told_and_so_is_a_limit() {
    let pipeline = Pipeline::with("explain-waits", Setup::partitions(1)).await;
    let id = link(&pipeline);
    for _ in 0..3 {
        let told = pipeline.simulator.refresh_credentials(&id, Notify::Send);
        told.unwrap();
    }
    let mut events = pipeline.reader(Topic::AccountEvents);
    events.events(4).await;
    commit(&pipeline, 3).await;
    let found = document(&pipeline, &[id.as_str()]).await;
    assert_eq!(found["standing"], "not_processed");
    let triggers = found["triggers"]["newest"].as_array().unwrap();
    let progress = triggers.iter().map(|one| one["progress"].as_str().unwrap());
    let progress: Vec<_> = progress.collect();
    assert_eq!(progress, ["passed", "passed", "passed", "waiting"]);

    // Half of four are for account events.
    let said = told(&pipeline, &[id.as_str(), "--max-records", "4"]).await;
    let words = ["only the newest 2 records were read", "2 older ones"];
    assert_line(&said, ["LIMIT", "triggers"], &words);
    let limited = document(&pipeline, &[id.as_str(), "--max-records", "4"]).await;
    assert_eq!(limited["triggers"]["total"], 2);
    assert_eq!(limited["looked_at"][0]["not_read"], 2);

    let since = (jiff::Timestamp::now() + Duration::from_secs(60)).to_string();
    let none = document(&pipeline, &[id.as_str(), "--since", &since]).await;
    assert_eq!(none["triggers"]["total"], 0, "all are older");
    pipeline.stop().await.unwrap();
}
