//! A broker that is just starting makes clients forget the addresses of all brokers. A call that
//! waits for one is woken when a connection is closed, or given up after a minute with its client:
//! which of the two comes first, a busy machine decides.

use harness::{Pipeline, ProxiedBroker, Setup};
use stackone_link_wire::Topic;

use crate::exactly_once::{judge, link_all, stir};
use crate::pipeline_dead_letters::assert_conserved;

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_were_told_of_no_broker_come_back() {
    let proxied = ProxiedBroker::start().await.unwrap();
    let pipeline = Pipeline::on(proxied.for_processor(), "addresses", Setup::default()).await;
    let processor = pipeline.processor_process("a").await;
    let ids = link_all(&pipeline.simulator, 6).await;
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    lifecycle.events(ids.len()).await;
    let (consumer, producer) = (pipeline.group(), format!("{}-a", pipeline.group()));
    proxied
        .names_no_broker_to(&[consumer, &producer])
        .await
        .unwrap();
    stir(&pipeline.simulator, &ids).await;
    judge(&pipeline, &ids).await;
    assert_conserved(&processor.admin).await;
    processor.stop_with(pipeline).await;
}
