//! A transaction on the state topic that nobody ends. Brokers before 3.6 may leave one for ever (KIP-890);
//! one whose timeout is far away holds up a restore in the same way on each version.

use harness::{
    Broker, DedicatedBroker, Pipeline, PipelineSettings, WITHIN, metric_is, unique_group,
};
use rdkafka::producer::Producer;
use stackone_link_wire::Topic;
use stackone_simulator::NewAccount;

use crate::assumptions::clients::Writer;
use crate::pipeline_start::reason_of;

/// `transaction.timeout.ms`: ten minutes, so that no broker ends it while the test runs.
const LONG: &str = "600000";
const WAITING: &str = "stackone_processor_restores_waiting";

/// Begins a transaction with a record on the only partition of the topic, and gives that one's offset.
fn begun(broker: &DedicatedBroker, topic: &str) -> (Writer, i64) {
    let id = unique_group("open");
    let settings = [("transactional.id", &*id), ("transaction.timeout.ms", LONG)];
    let writer = Writer::new(broker.bootstrap_servers(), &settings);
    writer.producer.init_transactions(WITHIN).unwrap();
    writer.producer.begin_transaction().unwrap();
    let start = writer.store(topic, 0, "never committed");
    (writer, start)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_waits_for_a_transaction_that_nobody_ends_and_goes_on_as_the_runbook_aborts_it() {
    let dedicated = DedicatedBroker::start().await.unwrap();
    let broker = Broker::external(dedicated.bootstrap_servers().to_owned());
    let settings = PipelineSettings {
        partitions: 1,
        ..PipelineSettings::default()
    };
    let pipeline = Pipeline::on(broker, "open", settings).await.unwrap();
    let states = pipeline.topics.name(Topic::State);
    let (_writer, start) = begun(&dedicated, states);

    let processor = pipeline.processor("a").unwrap();
    let told = format!(
        "partition 0: waiting for an open transaction to end, at offset {start} of the state topic"
    );
    reason_of(&processor.admin, "partitions", &told).await;
    let waiting = metric_is(&processor.admin, WAITING, |restores| restores > 0.5);
    waiting.await.unwrap();
    let new = NewAccount::new("hibob", "t", "Acme");
    pipeline.simulator.link(&new).unwrap();

    let tool = "kafka-transactions.sh --bootstrap-server localhost:9093";
    let place = format!("--topic {states} --partition 0");
    let describe = format!("{tool} describe-producers {place}");
    let producers = dedicated.run(&describe).await.unwrap();
    let holder = producers.lines().last().unwrap_or_default();
    assert!(
        holder.trim_end().ends_with(&start.to_string()),
        "{producers}"
    );
    let abort = format!("{tool} abort {place} --start-offset {start}");
    dedicated.run(&abort).await.unwrap();

    let mut linked = pipeline.reader(Topic::Linked);
    linked
        .read_until(WITHIN, |records| records.len() == 1)
        .await;
    let waiting = metric_is(&processor.admin, WAITING, |restores| restores < 0.5);
    waiting.await.unwrap();
    processor.stop().await.unwrap();
    pipeline.stop().await.unwrap();
}
