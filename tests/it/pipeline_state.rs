//! A state topic that a processor must not go on with: it would use versions again.

use std::process::Output;
use std::time::Duration;

use harness::{Pipeline, ReadRecord};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use stackone_link_transport::Live;
use stackone_link_wire::Topic;

/// A pipeline that has linked one account, and the account's state.
pub(crate) async fn one_state(test: &str) -> (Pipeline, ReadRecord) {
    let (pipeline, processor) = Pipeline::at_work(test).await;
    pipeline.link("t");
    pipeline.reader(Topic::Linked).events(1).await;
    processor.stop().await.unwrap();
    let states = pipeline.reader(Topic::State).read_all_committed().await;
    let state = states.last().unwrap().clone();
    (pipeline, state)
}

/// Writes a record to the state topic, as nobody should.
pub(crate) async fn write(pipeline: &Pipeline, key: &str, partition: i32, value: &[u8]) {
    let config = pipeline
        .broker
        .kafka_config()
        .client_config("test")
        .unwrap();
    let producer: Live<BaseProducer> = config.create().unwrap();
    let topic = pipeline.topics.name(Topic::State);
    let record = BaseRecord::to(topic).key(key).payload(value);
    assert!(producer.send(record.partition(partition)).is_ok());
    producer.flush(Duration::from_secs(30)).unwrap();
}

/// It ends with 1, and one line on stderr says all of `words`.
fn assert_told(output: &Output, words: &[&str]) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    let says = |line: &str| words.iter().all(|word| line.contains(word));
    let last = told.lines().last().unwrap_or_default();
    assert!(says(last), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_in_the_wrong_partition_ends_the_processor_in_words() {
    let (pipeline, state) = one_state("wrong-partition").await;
    let id = state.key.as_deref().unwrap();
    let elsewhere = (state.partition + 1) % 3;
    write(&pipeline, id, elsewhere, &state.value).await;
    let output = pipeline.ended(&[]).await;
    let partition = format!("is in partition {elsewhere} of");
    let words = [id, &partition, "partition counts were changed"];
    assert_told(&output, &words);
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_cannot_be_read_ends_the_processor_in_words() {
    let (pipeline, state) = one_state("unreadable-state").await;
    let id = state.key.as_deref().unwrap();
    write(&pipeline, id, state.partition, b"{\"version\":").await;
    let output = pipeline.ended(&[]).await;
    let topic = pipeline.topics.name(Topic::State);
    assert_told(&output, &[id, topic, "cannot be read"]);
    // A command does not take the state from before for the newest.
    for command in [
        ["state", "get", id].as_slice(),
        &["state", "list", "--json"],
        &["unlinks", "list"],
        &["look", id],
    ] {
        let output = pipeline.ended(command).await;
        assert_told(&output, &[id, "cannot be read"]);
        assert!(output.stdout.is_empty(), "{command:?}: {output:?}");
    }
    pipeline.stop().await.unwrap();
}
