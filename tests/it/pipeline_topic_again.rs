//! The account events topic is deleted and made again: its offsets start at 0, and are no replays.

use std::time::Duration;

use harness::{Broker, Pipeline, WITHIN, eventually};
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use stackone_link_transport::{Live, TopicAdmin};
use stackone_link_wire::Topic;
use stackone_simulator::AccountId;

use crate::exactly_once::{judge, link_all, stir};
use crate::pipeline_dead_letters::assert_conserved;

const ROUNDS: usize = 3;
/// The client may hold on to the old topic for half a minute.
const STORED_WITHIN: Duration = Duration::from_secs(180);

/// Deletes the topic, and makes it again once nobody sees it any more.
async fn make_again(pipeline: &Pipeline) {
    let topic = pipeline.topics.name(Topic::AccountEvents);
    delete(&pipeline.broker, topic).await;
    let made = pipeline.broker.create_topics(&pipeline.topics, 3).await;
    made.unwrap();
}

async fn delete(broker: &Broker, topic: &str) {
    let kafka = broker.kafka_config();
    let config = kafka.client_config("delete").unwrap();
    let admin: Live<AdminClient<DefaultClientContext>> = config.create().unwrap();
    let deleted = admin.delete_topics(&[topic], &AdminOptions::new()).await;
    assert_eq!(deleted.unwrap(), [Ok(topic.to_owned())]);
    let admin = TopicAdmin::new(&kafka).unwrap();
    let gone = eventually("the topic is gone", WITHIN, async || {
        match admin.partition_count(topic).await {
            Ok(0) => Ok(()),
            Ok(count) => Err(format!("it has {count} partitions")),
            Err(error) => Err(error.to_string()),
        }
    });
    gone.await.unwrap();
}

/// Changes every account a few times, so that offsets rise.
async fn stir_often(pipeline: &Pipeline, ids: &[AccountId]) {
    for _ in 0..ROUNDS {
        stir(&pipeline.simulator, ids).await;
    }
}

/// Changes every account until each webhook was accepted. Until ingest's client has found the new
/// topic it answers 503, and StackOne gives up some time.
async fn stir_until_stored(pipeline: &Pipeline, ids: &[AccountId]) {
    let given_up = || pipeline.simulator.delivered().given_up;
    let stored = eventually("webhooks are stored", STORED_WITHIN, async || {
        let before = given_up();
        stir(&pipeline.simulator, ids).await;
        if given_up() == before {
            Ok(())
        } else {
            Err("some were given up")
        }
    });
    stored.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_made_again_while_the_processor_runs_is_read_from_its_beginning() {
    let (pipeline, processor) = Pipeline::at_work("again").await;
    let ids = link_all(&pipeline.simulator, 6).await;
    stir_often(&pipeline, &ids).await;
    judge(&pipeline, &ids).await;
    make_again(&pipeline).await;
    stir_until_stored(&pipeline, &ids).await;
    judge(&pipeline, &ids).await;
    assert_conserved(&processor.admin).await;
    processor.stop_with(pipeline).await;
}
