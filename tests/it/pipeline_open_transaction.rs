//! A transaction that nobody ends, on the state topic or with the group's offset. Brokers before
//! 3.6 may leave one for ever (KIP-890); one whose timeout is far away holds up a restore in the
//! same way on each version.

use harness::{
    Broker, DedicatedBroker, Pipeline, ProcessorInProcess, Setup, WITHIN, metric_is, unique_group,
};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::Producer;
use stackone_link_wire::Topic;

use crate::assumptions::clients::{Writer, config, offset_of};
use crate::pipeline_start::reason_of;

/// `transaction.timeout.ms`: ten minutes, so that no broker ends it while the test runs.
const LONG: &str = "600000";
const WAITING: &str = "stackone_processor_restores_waiting";

/// Begins a transaction, and gives its id.
fn begun(broker: &DedicatedBroker) -> (Writer, String) {
    let id = unique_group("open");
    let settings = [("transactional.id", &*id), ("transaction.timeout.ms", LONG)];
    let writer = Writer::new(broker.bootstrap_servers(), &settings);
    writer.producer.init_transactions(WITHIN).unwrap();
    writer.producer.begin_transaction().unwrap();
    (writer, id)
}

/// Kafka's tool for transactions, as the runbook has it.
const TOOL: &str = "kafka-transactions.sh --bootstrap-server localhost:9093";

async fn pipeline_on(dedicated: &DedicatedBroker, test: &str) -> Pipeline {
    let broker = Broker::external(dedicated.bootstrap_servers().to_owned());
    Pipeline::on(broker, test, Setup::partitions(1)).await
}

/// Starts a processor whose restore is held up, as `/readyz` tells and a metric counts.
async fn waits(pipeline: &Pipeline, told: &str) -> ProcessorInProcess {
    let processor = pipeline.processor("a").unwrap();
    reason_of(&processor.admin, "partitions", told).await;
    let waiting = metric_is(&processor.admin, WAITING, |restores| restores > 0.5);
    waiting.await.unwrap();
    pipeline.link("t");
    processor
}

/// The transaction has been ended, and nothing is held up any more.
async fn goes_on(pipeline: Pipeline, processor: ProcessorInProcess) {
    let mut linked = pipeline.reader(Topic::Linked);
    linked.events(1).await;
    let waiting = metric_is(&processor.admin, WAITING, |restores| restores < 0.5);
    waiting.await.unwrap();
    processor.stop_with(pipeline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_waits_for_a_transaction_that_nobody_ends_and_goes_on_as_the_runbook_aborts_it() {
    let dedicated = DedicatedBroker::start().await.unwrap();
    let pipeline = pipeline_on(&dedicated, "open").await;
    let states = pipeline.topics.name(Topic::State);
    let (writer, _id) = begun(&dedicated);
    let start = writer.store(states, 0, "never committed");
    let told = format!(
        "partition 0: waiting for an open transaction to end, at offset {start} of the state topic"
    );
    let processor = waits(&pipeline, &told).await;

    let place = format!("--topic {states} --partition 0");
    let describe = format!("{TOOL} describe-producers {place}");
    let producers = dedicated.run(&describe).await.unwrap();
    let holder = producers.lines().last().unwrap_or_default();
    assert!(
        holder.trim_end().ends_with(&start.to_string()),
        "{producers}"
    );
    let abort = format!("{TOOL} abort {place} --start-offset {start}");
    dedicated.run(&abort).await.unwrap();
    goes_on(pipeline, processor).await;
}

/// Where the group's offsets are, and at which offset the transaction of this id begins there.
async fn place_of_offsets(broker: &DedicatedBroker, id: &str) -> (String, String) {
    let describe = format!("{TOOL} describe --transactional-id {id}");
    let described = broker.run(&describe).await.unwrap();
    let partition = described.split("__consumer_offsets-").nth(1);
    let partition = partition.and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
    assert!(partition.is_some(), "{described}");
    let partition = partition.unwrap();
    let place = format!("--topic __consumer_offsets --partition {partition}");
    let describe = format!("{TOOL} describe-producers {place}");
    let producers = broker.run(&describe).await.unwrap();
    let start = producers.split_whitespace().last().unwrap().to_owned();
    (place, start)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_waits_for_the_groups_offset_names_it_and_goes_on_as_the_runbook_aborts_it()
{
    let dedicated = DedicatedBroker::start().await.unwrap();
    let pipeline = pipeline_on(&dedicated, "open-offset").await;
    let (writer, id) = begun(&dedicated);
    let settings = [("group.id", pipeline.group())];
    let member: BaseConsumer = config(dedicated.bootstrap_servers(), &settings)
        .create()
        .unwrap();
    let group = member.group_metadata().unwrap();
    let offsets = offset_of(pipeline.topics.name(Topic::AccountEvents), 0, 0);
    let sent = writer
        .producer
        .send_offsets_to_transaction(&offsets, &group, WITHIN);
    sent.unwrap();
    let told =
        "partition 0: waiting for an open transaction to end, which sends the group's first offset";
    let processor = waits(&pipeline, told).await;

    let (place, start) = place_of_offsets(&dedicated, &id).await;
    let abort = format!("{TOOL} abort {place} --start-offset {start}");
    dedicated.run(&abort).await.unwrap();
    goes_on(pipeline, processor).await;
}
