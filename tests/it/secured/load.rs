//! Services under load while something is done to how they log in.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::{Broker, Pipeline, ProcessorInProcess, ServiceProcess, Setup, WITHIN, eventually};
use stackone_link_wire::Topic;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

use super::acls::post;
use super::connect::Connect;

/// Accounts are linked that often.
const PERIOD: Duration = Duration::from_millis(250);
/// How long whatever the load waits for may take. Replicas begin anew within 60 s.
pub(super) const MEANWHILE: Duration = Duration::from_secs(120);

/// Waits until ingest has answered so many more webhooks with 200: four a second are sent.
pub(super) async fn takes(pipeline: &Pipeline, webhooks: u64) {
    let taken = || pipeline.simulator.delivered().delivered;
    let before = taken();
    let all = eventually("more webhooks are taken", MEANWHILE, async || {
        let more = taken() - before;
        (more >= webhooks).then_some(()).ok_or(more)
    });
    all.await.unwrap();
}

/// What runs beside the ingest and the processor of a pipeline, each as a process of its own.
pub(super) struct Replicas {
    pub(super) ingest: ServiceProcess,
    pub(super) processor: ServiceProcess,
    pub(super) connect: Connect,
}

impl Replicas {
    async fn beside(pipeline: &Pipeline) -> Self {
        Self {
            ingest: pipeline.ingest_process().await,
            processor: pipeline.processor_process("b").await,
            connect: Connect::start(pipeline).await,
        }
    }

    /// One webhook comes to the other ingest, and a host product begins a link: neither is refused.
    async fn are_asked(&self, account: &str) {
        let answer = post(&self.ingest.webhook_url(), "account.updated", account).await;
        assert_eq!(answer, 200, "of the other ingest");
        assert_eq!(self.connect.begins_a_link(account).await, 201, "of connect");
    }
}

/// Links accounts while `meanwhile` goes on. No webhook may be refused, lost or written twice, and
/// each account is linked once.
pub(super) async fn links_all_while(
    test: &str,
    broker: Broker,
    meanwhile: impl AsyncFnOnce(&Pipeline, &ProcessorInProcess),
) {
    let (pipeline, processor) = begun(test, broker).await;
    let linking = async |stop: &CancellationToken| link_until(&pipeline, None, stop).await;
    let accounts = during(linking, meanwhile(&pipeline, &processor)).await;
    each_is_linked_once(&pipeline, &accounts).await;
    each_webhook_is_stored_once(&pipeline, 0).await;
    processor.stop_with(pipeline).await;
}

/// The same with two of each service, each of which takes webhooks, and with connect, where a link
/// is begun with each account.
pub(super) async fn replicas_link_all_while(
    test: &str,
    broker: Broker,
    meanwhile: impl AsyncFnOnce(&Pipeline, &ProcessorInProcess, &Replicas),
) {
    let (pipeline, processor) = begun(test, broker).await;
    let replicas = Replicas::beside(&pipeline).await;
    let linking =
        async |stop: &CancellationToken| link_until(&pipeline, Some(&replicas), stop).await;
    let accounts = during(linking, meanwhile(&pipeline, &processor, &replicas)).await;
    each_is_linked_once(&pipeline, &accounts).await;
    each_webhook_is_stored_once(&pipeline, accounts.len()).await;
    replicas.connect.is_ready().await;
    replicas.ingest.stop().await;
    replicas.processor.stop().await;
    processor.stop_with(pipeline).await;
}

async fn begun(test: &str, broker: Broker) -> (Pipeline, ProcessorInProcess) {
    let mut setup = Setup::default();
    // No webhook may be refused because a broker is busy.
    setup.ingest.publish.ack_deadline = Duration::from_secs(30);
    setup.ingest.publish.stall_after = Duration::from_secs(60);
    setup.ingest.shutdown.deadline = Duration::from_secs(45);
    let pipeline = Pipeline::on(broker, test, setup).await;
    let processor = pipeline.processor("a").unwrap();
    (pipeline, processor)
}

/// The load goes on until `meanwhile` has ended, and finishes what it has begun.
async fn during<T>(
    load: impl AsyncFnOnce(&CancellationToken) -> T,
    meanwhile: impl Future<Output = ()>,
) -> T {
    let stop = CancellationToken::new();
    let ending = async {
        meanwhile.await;
        stop.cancel();
    };
    tokio::join!(load(&stop), ending).0
}

async fn link_until(
    pipeline: &Pipeline,
    replicas: Option<&Replicas>,
    stop: &CancellationToken,
) -> BTreeSet<String> {
    let mut accounts = BTreeSet::new();
    let mut ticks = interval(PERIOD);
    while !stop.is_cancelled() {
        ticks.tick().await;
        let account = pipeline.link("t").as_str().to_owned();
        if let Some(replicas) = replicas {
            replicas.are_asked(&account).await;
        }
        accounts.insert(account);
    }
    accounts
}

async fn each_is_linked_once(pipeline: &Pipeline, accounts: &BTreeSet<String>) {
    let mut linked = pipeline.reader(Topic::Linked);
    let records = linked.at_least(accounts.len());
    let keys = records.await.iter().filter_map(|record| record.key.clone());
    let keys: Vec<_> = keys.collect();
    assert_eq!(keys.len(), accounts.len(), "each once");
    assert_eq!(&keys.into_iter().collect::<BTreeSet<_>>(), accounts);
}

/// Those of StackOne's stand-in, and so many that came to another ingest.
async fn each_webhook_is_stored_once(pipeline: &Pipeline, others: usize) {
    let all_delivered = eventually("each is answered 200", WITHIN, async || {
        let counts = pipeline.simulator.delivered();
        let is_so = counts.delivered == counts.webhooks;
        is_so.then_some(counts).ok_or(format!("{counts:?}"))
    });
    let counts = all_delivered.await.unwrap();
    assert_eq!(
        (counts.refused, counts.unanswered),
        (0, 0),
        "at the first attempt"
    );
    let records = pipeline.all(Topic::AccountEvents).await;
    let webhooks = usize::try_from(counts.webhooks).unwrap();
    assert_eq!(records.len(), webhooks + others);
}
