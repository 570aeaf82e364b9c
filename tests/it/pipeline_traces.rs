//! Traces reach a collector that takes them, and one that does not costs nothing.

mod collector;

use std::net::TcpListener;
use std::time::{Duration, Instant};

use harness::{PROJECT, Pipeline, ReadRecord, Setup, WITHIN};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use stackone_link_wire::Topic;
use stackone_simulator::{NewAccount, SignedBody, webhook_client, webhook_request};

use collector::{Collector, Taken};

/// Each service ends within 10 s of the signal, twice that on a busy machine. A collector that is
/// waited for has no end.
const BOTH_STOP_WITHIN: Duration = Duration::from_secs(40);

async fn traced_to(test: &str, endpoint: String) -> Pipeline {
    let mut setup = Setup::default();
    setup.ingest.telemetry.otlp_endpoint = Some(endpoint.clone());
    let mut pipeline = Pipeline::with(test, setup).await;
    pipeline.settings.telemetry.otlp_endpoint = Some(endpoint);
    pipeline
}

async fn only_record(pipeline: &Pipeline, topic: Topic) -> ReadRecord {
    let mut reader = pipeline.reader(topic);
    let records = reader.at_least(1);
    records.await[0].clone()
}

/// Ids of trace and span in the headers of a record.
fn ids(record: &ReadRecord) -> (String, String) {
    let traceparent = record.headers.traceparent.as_deref().unwrap();
    (
        traceparent[3..35].to_owned(),
        traceparent[36..52].to_owned(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_of_both_services_reach_the_collector_under_the_ids_of_the_records() {
    let collector = Collector::start();
    let pipeline = traced_to("traces", collector.endpoint.clone()).await;
    let processor = pipeline.processor("a").unwrap();
    let account = NewAccount::new("hibob", "tenant-to-hide", "Name To Hide");
    let id = pipeline.simulator.link(&account).unwrap();
    let webhook = only_record(&pipeline, Topic::AccountEvents).await;
    let event = only_record(&pipeline, Topic::Lifecycle).await;
    // What is queued is sent before they end.
    processor.stop_with(pipeline).await;

    let (trace, of_webhook) = ids(&webhook);
    let (trace_of_event, of_event) = ids(&event);
    assert_eq!(trace_of_event, trace);
    let Taken {
        service,
        kind,
        parent,
        attributes,
        ..
    } = collector.span(&trace, &of_webhook);
    assert_eq!(
        (service.as_str(), kind),
        ("stackone-ingest", SpanKind::Server)
    );
    assert_eq!(parent, "", "the trace begins here");
    let expected = [
        ("outcome", "stored"),
        ("source", "default"),
        ("project", PROJECT),
    ];
    assert_eq!(attributes, expected.map(collector::attribute).into());

    let decided = collector.span(&trace, &of_event);
    assert_eq!(decided.service, "stackone-processor");
    assert_eq!(
        (decided.kind, decided.parent),
        (SpanKind::Consumer, of_webhook)
    );
    assert!(decided.took.as_nanos() > 0 && decided.took < WITHIN);
    let expected = [
        ("account", id.as_str()),
        ("project", PROJECT),
        ("disposition", "emitted"),
        ("event", "account.linked"),
    ];
    assert_eq!(
        decided.attributes,
        expected.map(collector::attribute).into()
    );
    for hidden in [
        "tenant-to-hide",
        "Name To Hide",
        "origin_",
        harness::SECRET,
        harness::API_KEY,
    ] {
        assert!(!collector.was_told(hidden), "{hidden}");
        assert!(collector.was_told(id.as_str()), "or nothing could be found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_traceparent_is_trusted_the_senders_span_is_the_parent_of_what_ingest_does() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PARENT: &str = "00f067aa0ba902b7";
    let collector = Collector::start();
    let mut setup = Setup::default();
    setup.ingest.telemetry.otlp_endpoint = Some(collector.endpoint.clone());
    setup.ingest.telemetry.trust_traceparent = true;
    let pipeline = Pipeline::with("trusted", setup).await;
    let body = br#"{"event":"account.created","account_id":"a"}"#.to_vec();
    let signed = SignedBody::new(harness::SECRET.as_bytes(), body, None);
    let client = webhook_client(WITHIN).unwrap();
    let posted = webhook_request(&client, &pipeline.webhook_url, signed)
        .header("traceparent", format!("00-{TRACE}-{PARENT}-01"))
        .send();
    assert_eq!(posted.await.unwrap().status(), 200);
    let (trace, of_webhook) = ids(&only_record(&pipeline, Topic::AccountEvents).await);
    pipeline.stop().await.unwrap();
    assert_eq!(trace, TRACE);
    assert_eq!(collector.span(TRACE, &of_webhook).parent, PARENT);
}

/// With a collector that cannot be reached, or never answers, a webhook comes through and the
/// services end in time.
#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_takes_nothing_holds_up_neither_webhooks_nor_the_end() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    // Nobody listens on port 1, and no other test is given it.
    let gone = ([127, 0, 0, 1], 1).into();
    for (test, collector) in [("silent", silent.local_addr().unwrap()), ("gone", gone)] {
        let pipeline = traced_to(test, format!("http://{collector}")).await;
        let processor = pipeline.processor("a").unwrap();
        let id = pipeline.link("tenant");
        let event = only_record(&pipeline, Topic::Lifecycle).await;
        assert_eq!(event.key.as_deref(), Some(id.as_str()));
        let stopping = Instant::now();
        processor.stop_with(pipeline).await;
        assert!(
            stopping.elapsed() < BOTH_STOP_WITHIN,
            "{:?}",
            stopping.elapsed()
        );
    }
}
