//! Records linger while a crowd of webhooks is under way, and not otherwise. The publisher that lingers is watched like
//! the other one.

use std::time::Duration;

use rdkafka::types::RDKafkaRespErr;
use stackone_ingest::config::{Linger, Settings};
use stackone_link_wire::Topic;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::broker::Broker;
use crate::eventually::eventually;
use crate::service::Service;
use crate::sign::{SECRET, signature};

const BODY: &str = r#"{"event":"account.created","account_id":"a"}"#;
/// Well over what makes records linger.
const CROWD: usize = 250;
/// So slow that most of the crowd is under way at any time, on a busy machine too.
const SLOW: Duration = Duration::from_secs(1);

/// Posts from many connections at once, again and again, until it is told to stop.
struct Crowd {
    posting: JoinSet<Vec<u16>>,
    enough: CancellationToken,
}

impl Crowd {
    fn at(service: &Service) -> Self {
        let (mut posting, enough) = (JoinSet::new(), CancellationToken::new());
        let signature = signature(SECRET, BODY.as_bytes());
        for _ in 0..CROWD {
            let request = service.client.post(service.url("default")).body(BODY);
            let request = request.header("x-stackone-signature", &signature);
            let request = request.build().unwrap();
            let (client, enough) = (service.client.clone(), enough.clone());
            posting.spawn(async move {
                let mut statuses = Vec::new();
                while !enough.is_cancelled() {
                    let request = request.try_clone().unwrap();
                    let answer = client.execute(request).await.unwrap();
                    statuses.push(answer.status().as_u16());
                }
                statuses
            });
        }
        Self { posting, enough }
    }

    /// Stops, and gives the status of every answer.
    async fn dissolved(self) -> Vec<u16> {
        self.enough.cancel();
        self.posting.join_all().await.concat()
    }
}

async fn lingers(service: &Service, seconds: f64) {
    eventually("lingers so long", async || {
        let line = "stackone_ingest_producer_linger_seconds";
        (service.metric(line).await == Some(seconds)).then_some(())
    })
    .await;
}

async fn rebuilt(service: &Service) {
    eventually("rebuilt", async || {
        let line = "stackone_ingest_producer_rebuilds_total";
        (service.metric(line).await >= Some(1.0)).then_some(())
    })
    .await;
}

async fn stored(service: &Service, more: f64) {
    let before = service.counted("default", "stored").await;
    eventually("stored", async || {
        (service.counted("default", "stored").await >= before + more).then_some(())
    })
    .await;
}

#[tokio::test]
async fn records_linger_while_a_crowd_is_under_way_and_every_200_is_stored() {
    let broker = Broker::with_topics();
    let service = Service::ready_with(&broker, |settings| {
        // However busy the machine is, none is given up.
        settings.publish.ack_deadline = Duration::from_secs(60);
        settings.publish.stall_after = Duration::from_secs(60);
        settings.shutdown.deadline = Duration::from_secs(70);
    })
    .await;
    lingers(&service, 0.0).await;
    broker.answers_after(SLOW);
    let crowd = Crowd::at(&service);
    lingers(&service, 0.002).await;
    stored(&service, CROWD as f64).await;
    broker.answers_after(Duration::ZERO);
    let statuses = crowd.dissolved().await;
    lingers(&service, 0.0).await;
    assert!(statuses.iter().all(|status| *status == 200));
    assert_eq!(broker.count(Topic::AccountEvents), statuses.len());
}

#[tokio::test]
async fn a_linger_that_is_set_stays() {
    let broker = Broker::with_topics();
    let fixed = |settings: &mut Settings| {
        settings.publish.linger = Linger::Fixed(Duration::from_millis(5));
    };
    let service = Service::ready_with(&broker, fixed).await;
    lingers(&service, 0.005).await;
    assert_eq!(service.post(BODY).await.status(), 200);
}

#[tokio::test]
async fn the_publisher_that_lingers_is_rebuilt_when_it_fails_for_good() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    broker.answers_after(SLOW);
    let crowd = Crowd::at(&service);
    lingers(&service, 0.002).await;
    // What was sent before records lingered is answered for.
    stored(&service, 2.0 * CROWD as f64).await;
    broker.refuses_next_record(RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
    rebuilt(&service).await;
    stored(&service, CROWD as f64).await;
    lingers(&service, 0.002).await;
    assert!(crowd.dissolved().await.contains(&503));
}

#[tokio::test]
async fn the_publisher_that_lingers_is_rebuilt_when_it_makes_no_progress() {
    let broker = Broker::with_topics();
    let impatient = |settings: &mut Settings| {
        // Several times what the slow broker takes, so that a busy machine has its records acknowledged too.
        settings.publish.ack_deadline = Duration::from_secs(5);
        settings.publish.stall_after = Duration::from_secs(5);
    };
    let service = Service::ready_with(&broker, impatient).await;
    broker.answers_after(SLOW);
    let crowd = Crowd::at(&service);
    lingers(&service, 0.002).await;
    stored(&service, 2.0 * CROWD as f64).await;
    broker.answers_after(Duration::from_secs(600));
    rebuilt(&service).await;
    broker.answers_after(Duration::ZERO);
    stored(&service, CROWD as f64).await;
    crowd.dissolved().await;
}
