//! The trace a webhook belongs to.

use reqwest::header::HeaderMap;
use stackone_ingest::config::Settings;
use stackone_link_wire::Topic;

use crate::broker::Broker;
use crate::service::Service;
use crate::sign::{SECRET, signature};

const BODY: &str = r#"{"event":"account.created","account_id":"a"}"#;
const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// The `traceparent` of the record that a webhook with these of its own becomes.
async fn traceparent_of(broker: &Broker, service: &Service, given: &[String]) -> String {
    let before = broker.count(Topic::AccountEvents);
    let mut headers = HeaderMap::new();
    for traceparent in given {
        headers.append("traceparent", traceparent.parse().unwrap());
    }
    let request = service.client.post(service.url("default")).headers(headers);
    let request = request.header("x-stackone-signature", signature(SECRET, BODY.as_bytes()));
    assert_eq!(request.body(BODY).send().await.unwrap().status(), 200);
    let mut records = broker.read(Topic::AccountEvents, before + 1);
    let record = records.pop().unwrap();
    record.headers.traceparent.unwrap()
}

fn given() -> String {
    format!("00-{TRACE_ID}-00f067aa0ba902b7-01")
}

#[tokio::test]
async fn a_trace_starts_in_ingest_whatever_the_request_says() {
    let broker = Broker::with_topics();
    let service = Service::ready(&broker).await;
    let one = traceparent_of(&broker, &service, &[]).await;
    let other = traceparent_of(&broker, &service, &[given()]).await;
    for traceparent in [&one, &other] {
        assert_eq!(traceparent.len(), 55, "{traceparent}");
        assert!(!traceparent.contains(TRACE_ID), "{traceparent}");
    }
    assert_ne!(one[..35], other[..35]);
}

#[tokio::test]
async fn where_traceparent_is_trusted_the_trace_of_the_request_goes_on() {
    let broker = Broker::with_topics();
    let trust = |settings: &mut Settings| settings.telemetry.trust_traceparent = true;
    let service = Service::ready_with(&broker, trust).await;
    let continued = traceparent_of(&broker, &service, &[given()]).await;
    assert!(continued.starts_with(&format!("00-{TRACE_ID}-")));
    assert_ne!(continued, given(), "with a span of our own");
    for unusable in [vec![], vec!["nonsense".to_owned()], vec![given(), given()]] {
        let started = traceparent_of(&broker, &service, &unusable).await;
        assert!(!started.contains(TRACE_ID), "{unusable:?}");
    }
}
