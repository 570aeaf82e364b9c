//! What connect must be allowed: the list is enough, no entry of it can be left out, and it gives
//! no more than it says.

use std::time::Duration;

use harness::{Metrics, Pipeline, SecuredBroker, WITHIN, eventually};
use reqwest::StatusCode;
use serde_json::json;
use stackone_link_transport::{
    KafkaConfig, Polled, PublishError, Publisher, ReadError, ReadRange, TopicReader,
};
use stackone_link_wire::{Acl, AclOperation, AclResource, OutgoingRecord, Topic, Topics};
use stackone_simulator::{NewAccount, Notify};

use super::acls::{allow, pipeline_of, security_of, without};
use super::broker;
use crate::broker::headers;
use crate::linking::replica::Replica;

const CONNECT: &str = "connect";
/// As in connect's defaults.
const GROUP: &str = "stackone-connect";
const STEP: Duration = Duration::from_secs(30);

/// Everybody who comes as connect with a password.
pub(super) fn users() -> Vec<String> {
    let entries = 0..Acl::of_connect(&Topics::default(), GROUP).len();
    let all = entries.map(|entry| without(CONNECT, entry));
    all.chain([CONNECT.to_owned()]).collect()
}

/// How this user comes to the brokers.
async fn kafka_of(user: &str) -> KafkaConfig {
    KafkaConfig {
        security: security_of(user).await,
        ..KafkaConfig::plaintext(broker().await.sasl())
    }
}

/// A pipeline whose other services may do everything.
async fn pipeline(test: &str) -> Pipeline {
    let anyone = SecuredBroker::anyone();
    pipeline_of(test, anyone, anyone).await
}

#[tokio::test(flavor = "multi_thread")]
async fn with_exactly_its_acls_connect_goes_from_a_session_to_verified_and_may_do_nothing_else() {
    let pipeline = pipeline("acls-of-connect").await;
    let acls = Acl::of_connect(&pipeline.topics, GROUP);
    allow(CONNECT, &acls).await;
    let processor = pipeline.processor("a").unwrap();
    let kafka = kafka_of(CONNECT).await;
    let replica = Replica::ready(&pipeline, kafka.clone()).await;
    let page = replica.calls.page("t").await;
    // No webhook: it takes a look, and so all that connect writes.
    let new = NewAccount {
        notify: Notify::Silent,
        ..NewAccount::new("hibob", "t", "Acme")
    };
    let account = pipeline.simulator.link(&new).unwrap();
    let hint = json!({ "account_id": account.to_string(), "provider": "hibob" });
    assert_eq!(replica.calls.call(&page, "linked", &hint).await, 204);
    let verified = eventually("it is verified", WITHIN, async || {
        let state = replica.calls.state(&page).await;
        (state == "verified").then_some(()).ok_or(state)
    });
    verified.await.unwrap();
    replica.stopped().await;
    processor.stop().await.unwrap();
    for topic in Topic::ALL {
        let name = pipeline.topics.name(topic);
        let may = |operation| {
            let mut acls = acls.iter();
            acls.any(|acl| acl.name == name && acl.operation == operation)
        };
        let read = may_read(&kafka, name).await;
        assert_eq!(read.is_ok(), may(AclOperation::Read), "{name}: {read:?}");
        let written = may_write(&kafka, name).await;
        assert_eq!(
            written.is_ok(),
            may(AclOperation::Write),
            "{name}: {written:?}"
        );
    }
    pipeline.stop().await.unwrap();
}

/// Reads a topic to its end.
async fn may_read(kafka: &KafkaConfig, topic: &str) -> Result<(), ReadError> {
    let (kafka, topic) = (kafka.clone(), topic.to_owned());
    let read = tokio::task::spawn_blocking(move || {
        let mut reader = TopicReader::new(&kafka, GROUP, &topic)?;
        let partitions = reader.partitions(STEP)?;
        let ranges: Vec<_> = partitions.into_iter().map(ReadRange::whole).collect();
        let mut reading = reader.read_to_end(&ranges, STEP)?;
        while !matches!(reading.poll()?, Polled::CaughtUp) {}
        Ok(())
    });
    read.await.unwrap()
}

async fn may_write(kafka: &KafkaConfig, topic: &str) -> Result<(), PublishError> {
    let publisher = Publisher::new(kafka, "test", STEP).unwrap();
    let record = OutgoingRecord {
        topic,
        key: Some("of-connect"),
        value: b"{}",
        headers: headers(7),
    };
    publisher.publish(&record).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_one_of_its_acls_connect_says_what_it_may_not_do() {
    let pipeline = pipeline("acls-of-connect-without").await;
    let all = Acl::of_connect(&pipeline.topics, GROUP);
    for (entry, missing) in all.iter().enumerate() {
        let user = without(CONNECT, entry);
        let mut acls = all.clone();
        acls.remove(entry);
        allow(&user, &acls).await;
        let replica = Replica::start(&pipeline, kafka_of(&user).await);
        says_that_it_may_not(&replica, &pipeline, missing).await;
        replica.stopped().await;
    }
    pipeline.stop().await.unwrap();
}

/// It is not ready and says why; or it is, and what it would write is refused.
async fn says_that_it_may_not(replica: &Replica, pipeline: &Pipeline, missing: &Acl) {
    let awaited = format!("connect misses {missing:?}");
    let is_write = missing.operation == AclOperation::Write;
    let of_facts = missing.name == pipeline.topics.name(Topic::LinkSessions);
    let told = eventually(&awaited, WITHIN, async || {
        let (status, says) = replica.readiness().await;
        match (missing.resource, is_write) {
            (AclResource::Topic, true) => (status == StatusCode::OK).then_some(()).ok_or(says),
            (AclResource::Topic | AclResource::Group | AclResource::TransactionalIdPrefix, _) => {
                let is_told = status != StatusCode::OK && says.contains("uthoriz");
                is_told.then_some(()).ok_or(says)
            }
        }
    });
    told.await.unwrap();
    match (is_write, of_facts) {
        (true, true) => {
            let (status, says) = replica.calls.asked_for("t", None).await;
            assert_eq!(status, 503, "{says}");
        }
        (true, false) => {
            let page = replica.calls.page("t").await;
            let hint = json!({ "account_id": "nobody-knows-it", "provider": "hibob" });
            assert_eq!(replica.calls.call(&page, "linked", &hint).await, 204);
            let refused = "stackone_connect_looks_total{outcome=\"not_published\"}";
            let told = eventually(&awaited, WITHIN, async || {
                let metrics = Metrics::of(&replica.admin).await;
                let count = metrics.map_err(|error| error.to_string())?.get(refused);
                (count > 0.5).then_some(()).ok_or_else(|| count.to_string())
            });
            told.await.unwrap();
        }
        (false, _) => {}
    }
}
