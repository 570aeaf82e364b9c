//! Kafka in trouble: every answer comes within its deadline, and nothing has to be restarted.

use std::time::Duration;

use rdkafka::types::RDKafkaRespErr;
use stackone_ingest::config::Settings;
use stackone_link_wire::Topic;
use tokio::time::timeout;

use crate::broker::Broker;
use crate::eventually::{PATIENCE, eventually};
use crate::service::Service;

const BODY: &str = r#"{"event":"account.created","account_id":"a"}"#;

fn impatient(settings: &mut Settings) {
    settings.publish.ack_deadline = Duration::from_millis(1500);
}

async fn refused_in_time(service: &Service) {
    // Room for a busy machine, but well below the deadlines of the Kafka client, which are minutes.
    let answer = timeout(PATIENCE, service.post(BODY)).await.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "5");
    assert_eq!(
        answer.text().await.unwrap(),
        r#"{"error":"not_acknowledged"}"#
    );
}

async fn accepted_again(service: &Service) {
    eventually("accepted", async || {
        (service.post(BODY).await.status() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_broker_that_is_down_at_start_is_a_503_and_then_a_200() {
    let broker = Broker::with_topics();
    broker.down();
    let service = Service::start(&broker, impatient);
    refused_in_time(&service).await;
    let unready = service.ask("/readyz").await;
    assert_eq!(unready.status(), 503);
    assert_eq!(service.ask("/livez").await.status(), 200);
    broker.up();
    accepted_again(&service).await;
    service.becomes_ready().await;
}

#[tokio::test]
async fn a_broker_that_goes_down_is_a_503_and_then_a_200_and_readiness_stays() {
    let broker = Broker::with_topics();
    let service = Service::ready_with(&broker, impatient).await;
    assert_eq!(service.post(BODY).await.status(), 200);
    broker.down();
    refused_in_time(&service).await;
    assert_eq!(service.ask("/readyz").await.status(), 200);
    assert_eq!(service.counted("default", "not_acknowledged").await, 1.0);
    broker.up();
    accepted_again(&service).await;
}

#[tokio::test]
async fn a_broker_that_accepts_and_never_answers_is_a_503() {
    let broker = Broker::with_topics();
    let service = Service::ready_with(&broker, impatient).await;
    broker.answers_after(Duration::from_secs(60));
    refused_in_time(&service).await;
    let line = "stackone_ingest_publish_duration_seconds_count{outcome=\"not_acknowledged\"}";
    assert_eq!(service.metric(line).await, Some(1.0));
}

#[tokio::test]
async fn a_webhook_that_the_broker_finds_too_large_is_not_asked_for_again() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    broker.refuses_records(RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    let answer = service.post(BODY).await;
    assert_eq!(answer.status(), 413);
    assert!(answer.headers().get("retry-after").is_none());
    assert_eq!(
        answer.text().await.unwrap(),
        r#"{"error":"too_large_for_broker"}"#
    );
}

#[tokio::test]
async fn a_webhook_that_was_refused_with_its_batch_is_stored_on_its_own() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    for (refusal, stored) in [
        (RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 1),
        (RDKafkaRespErr::RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, 2),
    ] {
        broker.refuses_next_record(refusal);
        assert_eq!(service.post(BODY).await.status(), 200);
        assert_eq!(broker.count(Topic::AccountEvents), stored);
    }
}

#[tokio::test]
async fn a_topic_that_must_not_be_written_is_a_503() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    broker.refuses_next_record(RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    let answer = service.post(BODY).await;
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(service.counted("default", "topic_unavailable").await, 1.0);
}

#[tokio::test]
async fn a_full_queue_is_a_503_at_once() {
    let broker = Broker::with_topics();
    let service = Service::ready_with(&broker, |settings| {
        let property = ("queue.buffering.max.messages".to_owned(), "1".to_owned());
        settings.kafka.properties.extend([property]);
    })
    .await;
    assert_eq!(service.post(BODY).await.status(), 200);
    broker.holds_answers();
    let (held, refused) = tokio::join!(service.post(BODY), async {
        let is_queued = async || {
            let queued = service.metric("stackone_ingest_producer_queue_messages");
            (queued.await == Some(1.0)).then_some(())
        };
        eventually("queued", is_queued).await;
        let refused = service.post(BODY).await;
        assert_eq!(is_queued().await, Some(()), "refused while it is full");
        broker.lets_answers_go();
        refused
    });
    assert_eq!(held.status(), 200);
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(service.counted("default", "queue_full").await, 1.0);
}

#[tokio::test]
async fn a_topic_that_is_missing_is_named_until_it_is_there() {
    let broker = Broker::without_topics();
    broker.create(Topic::AccountEvents);
    broker.create(Topic::RecordEvents);
    let service = Service::start(&broker, |_| {});
    eventually("named", async || {
        let answer = service.ask("/readyz").await;
        assert_eq!(answer.status(), 503);
        answer
            .text()
            .await
            .unwrap()
            .contains("it.unrecognized.v1")
            .then_some(())
    })
    .await;
    broker.create(Topic::Unrecognized);
    service.becomes_ready().await;
}
