//! Within 10 s of a SIGTERM a processor has ended, with exit code 0, whoever does not answer: what
//! stops it kills it then.

use std::net::TcpListener;
use std::time::Duration;

use harness::{Pipeline, ServiceProcess, WITHIN, metric_is};
use stackone_link_wire::Topic;
use stackone_simulator::{Fault, FaultRule};

/// Twice what is promised: its deadlines end by the clock, what is left to do between them takes
/// longer on a busy machine. Who does not answer is held for `WITHIN` and longer.
const AT_MOST: Duration = Duration::from_secs(20);

/// Has processors wait for the accounts API, and send spans to what takes connections and never
/// answers.
fn send_to_silent_collector(pipeline: &mut Pipeline) -> TcpListener {
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    pipeline.settings.telemetry.otlp_endpoint = cfg!(feature = "otlp").then_some(endpoint);
    pipeline.settings.lookups.timeout = WITHIN;
    collector
}

fn link(pipeline: &Pipeline, count: usize) {
    for n in 0..count {
        pipeline.link(&format!("t{n}"));
    }
}

/// A processor that has done something, of which it has a span to send.
async fn at_work(pipeline: &Pipeline) -> ServiceProcess {
    let processor = pipeline.processor_process("a").await;
    link(pipeline, 1);
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    lifecycle.events(1).await;
    processor
}

/// Waits until a metric is at least this.
async fn is_at_least(wanted: f64, metric: &str, processor: &ServiceProcess) {
    let admin = processor.admin.clone();
    let metric = format!("stackone_processor_{metric}");
    metric_is(&admin, &metric, |found| found >= wanted)
        .await
        .unwrap();
}

async fn ends_in_time(processor: ServiceProcess) {
    let ended = tokio::time::timeout(AT_MOST, processor.stop()).await;
    ended.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_processor_that_has_nothing_to_do_ends_in_time_though_the_collector_is_silent() {
    let mut pipeline = Pipeline::start("idle-end").await;
    let _collector = send_to_silent_collector(&mut pipeline);
    ends_in_time(at_work(&pipeline).await).await;
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_processor_under_load_ends_in_time_though_the_api_hangs_and_the_collector_is_silent() {
    let mut pipeline = Pipeline::start("api-hangs-end").await;
    let _collector = send_to_silent_collector(&mut pipeline);
    let processor = at_work(&pipeline).await;
    let faults = pipeline.simulator.faults();
    faults.set(FaultRule::always(Fault::Hang)).unwrap();
    link(&pipeline, 200);
    is_at_least(1.0, "lookups_in_flight", &processor).await;
    ends_in_time(processor).await;
    pipeline.stop().await.unwrap();
}

/// The worst there is: a transaction that is not answered, and then spans that are not.
#[cfg(feature = "container")]
#[tokio::test(flavor = "multi_thread")]
async fn a_processor_ends_in_time_though_the_broker_does_not_answer_or_is_gone() {
    use harness::{Broker, DedicatedBroker, Setup};

    for is_gone in [false, true] {
        let dedicated = DedicatedBroker::start().await.unwrap();
        let broker = Broker::external(dedicated.bootstrap_servers().to_owned());
        let mut pipeline = Pipeline::on(broker, "broker-end", Setup::default()).await;
        let _collector = send_to_silent_collector(&mut pipeline);
        let processor = at_work(&pipeline).await;
        // The answers come when the broker is gone, and are in a transaction that it never answers.
        let faults = pipeline.simulator.faults();
        let held = faults.set(FaultRule::always(Fault::Hang)).unwrap();
        link(&pipeline, 20);
        pipeline.simulator.settled().await;
        is_at_least(1.0, "lookups_in_flight", &processor).await;
        if is_gone {
            dedicated.kill().await.unwrap();
        } else {
            dedicated.pause().await.unwrap();
        }
        assert!(faults.clear(held));
        is_at_least(2.0, "lookups_total", &processor).await;
        ends_in_time(processor).await;
        if !is_gone {
            dedicated.unpause().await.unwrap();
        }
        pipeline.stop().await.unwrap();
    }
}
