//! What brokers answer, one by one: the right status, in time, and nothing stays broken.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rdkafka::types::RDKafkaRespErr;
use stackone_ingest::config::Settings;
use stackone_link_wire::Topic;
use tokio::time::timeout;

use crate::broker::Broker;
use crate::eventually::{PATIENCE, eventually};
use crate::service::Service;

const BODY: &str = r#"{"event":"account.created","account_id":"a"}"#;
const RECORD_BODY: &str = r#"{"event":"hris_employees.created","account_id":"a"}"#;

fn impatient(settings: &mut Settings) {
    settings.publish.ack_deadline = Duration::from_secs(2);
}

/// Posts until the answer is as expected: until then it may only be that none came from the broker
/// in time, which a busy machine may need longer for. Each is there long before the Kafka client's
/// own deadlines, which are minutes.
async fn refused(service: &Service, status: u16, outcome: &str) {
    eventually(outcome, async || {
        let answer = timeout(PATIENCE, service.post(BODY)).await.unwrap();
        let is_refused = answer.status() == status;
        let may_be_tried_again = answer.headers().contains_key("retry-after");
        assert_eq!(may_be_tried_again, answer.status() == 503, "{outcome}");
        let body = answer.text().await.unwrap();
        if is_refused && body == format!(r#"{{"error":"{outcome}"}}"#) {
            return Some(());
        }
        assert_eq!(body, r#"{"error":"not_acknowledged"}"#, "{outcome}");
        None
    })
    .await;
}

async fn accepted_again(service: &Service) {
    eventually("accepted", async || {
        (service.post(BODY).await.status() == 200).then_some(())
    })
    .await;
}

/// The reason that `/readyz` gives for Kafka, and whether the service is ready.
async fn readiness(service: &Service) -> (bool, String) {
    let report: serde_json::Value = service.ask("/readyz").await.json().await.unwrap();
    let reason = report["checks"]["kafka"]["reason"].as_str();
    let ready = report["ready"].as_bool().unwrap();
    (ready, reason.unwrap_or_default().to_owned())
}

/// What a broker says of a record, and the status and outcome that follow.
const REFUSALS: [(RDKafkaRespErr, u16, &str); 11] = [
    (
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
        413,
        "too_large_for_broker",
    ),
    (
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
        413,
        "too_large_for_broker",
    ),
    (
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        503,
        "topic_unavailable",
    ),
    (
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_RECORD,
        503,
        "topic_unavailable",
    ),
    (
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP,
        503,
        "topic_unavailable",
    ),
    (
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        503,
        "not_acknowledged",
    ),
    (
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        503,
        "not_acknowledged",
    ),
    (
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        503,
        "not_acknowledged",
    ),
    (
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        503,
        "not_acknowledged",
    ),
    (
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
        503,
        "not_acknowledged",
    ),
    (
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
        503,
        "not_acknowledged",
    ),
];

#[tokio::test]
async fn every_refusal_of_a_broker_has_its_status_and_ends_with_its_cause() {
    let broker = Broker::with_topics();
    let service = Service::ready_with(&broker, impatient).await;
    assert_eq!(service.post(BODY).await.status(), 200);
    for (error, status, outcome) in REFUSALS {
        broker.refuses_records(error);
        refused(&service, status, outcome).await;
        broker.takes_records();
        accepted_again(&service).await;
    }
}

#[tokio::test]
async fn a_topic_that_is_missing_is_a_503_in_time_and_named() {
    let broker = Broker::with_topics();
    broker.says_of(
        Topic::AccountEvents,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
    );
    let service = Service::start(&broker, impatient);
    refused(&service, 503, "topic_unavailable").await;
    eventually("named", async || {
        let (ready, reason) = readiness(&service).await;
        assert!(!ready, "{reason}");
        reason.contains("it.account.events.v1").then_some(())
    })
    .await;
    broker.says_of(
        Topic::AccountEvents,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR,
    );
    accepted_again(&service).await;
    service.becomes_ready().await;
}

#[tokio::test]
async fn a_topic_that_goes_missing_later_is_named_and_the_others_go_on() {
    let broker = Broker::with_topics();
    let service = Service::ready_with(&broker, impatient).await;
    assert_eq!(service.post(BODY).await.status(), 200);
    for error in [
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
    ] {
        broker.says_of(Topic::AccountEvents, error);
        broker.refuses_records(error);
        eventually("refused", async || {
            let answer = service.post(BODY).await;
            assert_eq!(answer.status(), 503);
            let body = answer.text().await.unwrap();
            body.contains("topic_unavailable").then_some(())
        })
        .await;
        eventually("named", async || {
            let (ready, reason) = readiness(&service).await;
            assert!(ready, "{reason}");
            reason.contains("it.account.events.v1").then_some(())
        })
        .await;
        broker.takes_records();
        assert_eq!(service.post(RECORD_BODY).await.status(), 200, "{error:?}");
        broker.says_of(
            Topic::AccountEvents,
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR,
        );
        accepted_again(&service).await;
        eventually("in order", async || {
            (readiness(&service).await == (true, String::new())).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn an_outage_is_no_news_of_topics() {
    let broker = Broker::with_topics();
    let service = Service::ready_with(&broker, impatient).await;
    broker.refuses_records(RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    // Makes it ask for topics, while nobody answers.
    refused(&service, 503, "topic_unavailable").await;
    broker.takes_records();
    broker.down();
    assert_eq!(service.post(BODY).await.status(), 503);
    assert!(readiness(&service).await.0);
    broker.up();
    accepted_again(&service).await;
    eventually("in order", async || {
        let (ready, reason) = readiness(&service).await;
        assert!(
            ready && !reason.contains("it.account.events.v1"),
            "{reason}"
        );
        reason.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_burst_on_a_full_queue_is_refused_at_once() {
    let broker = Broker::with_topics();
    let service = Service::ready_with(&broker, |settings| {
        let property = ("queue.buffering.max.messages".to_owned(), "10".to_owned());
        settings.kafka.properties.extend([property]);
        // Nothing that was queued is given up before the burst is over, however long that takes.
        settings.publish.ack_deadline = Duration::from_secs(600);
        settings.publish.stall_after = Duration::from_secs(600);
        settings.server.body_deadline = Duration::from_secs(600);
        settings.shutdown.deadline = Duration::from_secs(1200);
    })
    .await;
    assert_eq!(service.post(BODY).await.status(), 200);
    broker.holds_answers();
    let post = async |_| service.post(BODY).await.status().as_u16();
    let (queued, ()) = tokio::join!(join_all((0..10).map(post)), async {
        eventually("queued", async || {
            let queued = service.metric("stackone_ingest_producer_queue_messages");
            (queued.await == Some(10.0)).then_some(())
        })
        .await;
        let refused = join_all((0..1000).map(post)).await;
        assert!(refused.iter().all(|status| *status == 503));
        assert_eq!(service.counted("default", "queue_full").await, 1000.0);
        let held = service.metric("stackone_ingest_in_flight_requests").await;
        assert_eq!(held, Some(10.0), "those that are queued wait still");
        broker.lets_answers_go();
    });
    assert_eq!(queued, [200; 10]);
    accepted_again(&service).await;
}

/// Posts for long, and two at a time, so that one is nearly always in flight when the watchdog
/// looks. Each is refused, and the producer is not rebuilt.
async fn is_not_rebuilt(broker: &Broker) {
    let (ack_deadline, stall_after) = (Duration::from_secs(1), Duration::from_secs(1));
    let service = Service::start(broker, |settings| {
        settings.publish.ack_deadline = ack_deadline;
        settings.publish.stall_after = stall_after;
    });
    let started = Instant::now();
    let refused = async || {
        for posted in 0.. {
            if started.elapsed() > 4 * stall_after && posted > 2 {
                break;
            }
            assert_eq!(service.post(BODY).await.status(), 503);
        }
    };
    join_all((0..2).map(|_| refused())).await;
    assert!(service.counted("default", "topic_unavailable").await > 4.0);
    let rebuilds = service.metric("stackone_ingest_producer_rebuilds_total");
    assert_eq!(rebuilds.await, Some(0.0));
}

#[tokio::test]
async fn a_broker_that_refuses_is_no_reason_to_rebuild_the_producer() {
    let broker = Broker::with_topics();
    broker.says_of(
        Topic::AccountEvents,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
    );
    is_not_rebuilt(&broker).await;
}

#[tokio::test]
async fn a_topic_that_does_not_take_what_is_published_is_no_reason_to_rebuild_the_producer() {
    let broker = Broker::with_topics();
    broker.refuses_records(RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_RECORD);
    // So that not all refusals are used up.
    broker.answers_after(Duration::from_millis(50));
    is_not_rebuilt(&broker).await;
}
