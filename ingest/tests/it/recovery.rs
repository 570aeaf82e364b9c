//! A producer that is wedged or has failed for good is rebuilt; nothing has to be restarted.

use std::time::Duration;

use rdkafka::types::RDKafkaRespErr;
use stackone_ingest::config::Settings;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::broker::Broker;
use crate::eventually::{PATIENCE, eventually};
use crate::service::{Service, config};

const BODY: &str = r#"{"event":"account.created","account_id":"a"}"#;

fn impatient(settings: &mut Settings) {
    settings.publish.ack_deadline = Duration::from_millis(1500);
    settings.publish.stall_after = Duration::from_secs(2);
}

async fn rebuilds(service: &Service) -> f64 {
    let line = "stackone_ingest_producer_rebuilds_total";
    service.metric(line).await.unwrap()
}

/// Posts until the producer has been rebuilt `times`. Every answer is a 503 in time, and the
/// process is alive.
async fn refused_until_rebuilt(service: &Service, times: f64) {
    eventually("rebuilt", async || {
        let answer = timeout(PATIENCE, service.post(BODY)).await.unwrap();
        assert_eq!(answer.status(), 503);
        assert_eq!(service.ask("/livez").await.status(), 200);
        (rebuilds(service).await >= times).then_some(())
    })
    .await;
}

async fn accepted_again(service: &Service) {
    eventually("accepted", async || {
        (service.post(BODY).await.status() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_producer_that_fails_for_good_is_rebuilt() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    assert_eq!(service.post(BODY).await.status(), 200);
    broker.refuses_next_record(RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
    let answer = service.post(BODY).await;
    assert_eq!(answer.status(), 503);
    assert_eq!(
        answer.text().await.unwrap(),
        r#"{"error":"producer_failed"}"#
    );
    accepted_again(&service).await;
    assert_eq!(rebuilds(&service).await, 1.0);
    assert_eq!(service.ask("/livez").await.status(), 200);
}

#[tokio::test]
async fn a_broker_that_accepts_and_never_answers_has_the_producer_rebuilt() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut silence = JoinSet::new();
    silence.spawn(async move {
        let mut connections = Vec::new();
        while let Ok(connection) = listener.accept().await {
            connections.push(connection);
        }
    });
    let service = Service::run(&config(&address, impatient));
    refused_until_rebuilt(&service, 2.0).await;
    assert_eq!(service.ask("/readyz").await.status(), 503);
}

#[tokio::test]
async fn a_wedged_connection_is_left_behind_as_soon_as_the_broker_answers_again() {
    let broker = Broker::with_topics();
    let service = Service::ready_with(&broker, impatient).await;
    assert_eq!(service.post(BODY).await.status(), 200);
    broker.answers_after(Duration::from_secs(600));
    refused_until_rebuilt(&service, 1.0).await;
    assert_eq!(service.ask("/readyz").await.status(), 200);
    broker.answers_after(Duration::ZERO);
    accepted_again(&service).await;
    assert!(
        service
            .metric("stackone_ingest_last_ack_timestamp_seconds")
            .await
            > Some(1.7e9)
    );
}

#[tokio::test]
async fn a_broker_that_is_down_is_no_reason_to_restart() {
    let broker = Broker::with_topics();
    let service = Service::ready_with(&broker, impatient).await;
    assert_eq!(service.post(BODY).await.status(), 200);
    broker.down();
    refused_until_rebuilt(&service, 2.0).await;
    broker.up();
    accepted_again(&service).await;
}
