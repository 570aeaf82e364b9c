//! Starting with things missing: clear words, and no restart once they are there.

use std::collections::HashMap;

use harness::{Broker, Pipeline, Setup, WITHIN, eventually, readiness, unique_topics};
use stackone_link_transport::TopicAdmin;
use stackone_link_wire::{Topic, Topics};
use stackone_processor::application::{Application, BuildError};
use stackone_processor::config::Config;

/// Waits until `/readyz` says `wanted` of the check `name`.
pub(crate) async fn reason_of(admin: &str, name: &str, wanted: &str) {
    let told = eventually("readiness names it", WITHIN, async || {
        let body = readiness(admin).await.map_err(|error| error.to_string())?;
        let reason = body["checks"][name]["reason"].as_str().unwrap_or_default();
        if reason.contains(wanted) {
            Ok(())
        } else {
            Err(body.to_string())
        }
    });
    told.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_topic_is_named_and_waited_for() {
    let mut pipeline = Pipeline::start("missing").await;
    let missing = Topics {
        dead_letter: format!("{}-not-there", pipeline.topics.dead_letter),
        ..unique_topics("rest")
    };
    pipeline.settings.topics.dead_letter = missing.dead_letter.clone();
    let processor = pipeline.processor("a").unwrap();
    reason_of(&processor.admin, "topics", &missing.dead_letter).await;
    pipeline.broker.create_topics(&missing, 3).await.unwrap();
    pipeline.link("t");
    pipeline.reader(Topic::Linked).events(1).await;
    processor.stop_with(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_with_different_partition_counts_are_refused_in_words() {
    let broker = Broker::start().await;
    let topics = unique_topics("partitions");
    let other = Topics {
        state: unique_topics("state").state,
        ..topics.clone()
    };
    broker.create_topics(&topics, 3).await.unwrap();
    let state_only = Topics {
        state: other.state.clone(),
        ..unique_topics("rest")
    };
    broker.create_topics(&state_only, 2).await.unwrap();
    let admin = TopicAdmin::new(&broker.kafka_config()).unwrap();
    let findings = admin
        .findings(&other, &Topic::OF_PROCESSOR, false)
        .await
        .unwrap();
    let told: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(
        told.len() == 1 && told[0].contains("has 3 partitions") && told[0].contains("has 2"),
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_broker_is_named_and_a_port_in_use_is_an_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let environment = |listen: &str| {
        HashMap::from([
            ("STACKONE_API_KEY".to_owned(), "key".to_owned()),
            ("PROCESSOR__ADMIN__LISTEN".to_owned(), listen.to_owned()),
            (
                "PROCESSOR__KAFKA__BOOTSTRAP_SERVERS".to_owned(),
                "127.0.0.1:1".to_owned(),
            ),
        ])
    };
    let config = Config::load(None, &environment(&address.to_string())).unwrap();
    assert!(
        matches!(Application::build(&config), Err(BuildError::Listen { address: named, .. }) if named == address)
    );
    let application =
        Application::build(&Config::load(None, &environment("127.0.0.1:0")).unwrap()).unwrap();
    let admin = format!("http://{}", application.admin_addr());
    let stop = tokio_util::sync::CancellationToken::new();
    let stopping = stop.clone();
    let running = tokio::spawn(async move { application.run(stopping).await });
    reason_of(&admin, "topics", "broker").await;
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_no_partition_is_left_for_is_ready_to_take_over() {
    let pipeline = Pipeline::with("spare", Setup::partitions(1)).await;
    let (first, second) = (
        pipeline.processor("a").unwrap(),
        pipeline.processor("b").unwrap(),
    );
    for admin in [&first.admin, &second.admin] {
        eventually("every replica is ready", WITHIN, async || {
            let body = readiness(admin).await.map_err(|error| error.to_string())?;
            let is_ready = body["ready"].as_bool() == Some(true);
            is_ready.then_some(()).ok_or(body.to_string())
        })
        .await
        .unwrap();
    }
    second.stop().await.unwrap();
    first.stop_with(pipeline).await;
}
