//! Services under load while something is done to how they log in.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::{Broker, Pipeline, PipelineSettings, ProcessorInProcess, WITHIN, eventually};
use stackone_link_wire::Topic;
use stackone_simulator::NewAccount;
use tokio::time::interval;

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

/// Links accounts while `meanwhile` goes on. No webhook may be refused, lost or written twice, and each
/// account is linked once.
pub(super) async fn links_all_while(
    test: &str,
    broker: Broker,
    meanwhile: impl AsyncFnOnce(&Pipeline, &ProcessorInProcess),
) {
    let settings = PipelineSettings {
        partitions: 3,
        ..PipelineSettings::default()
    };
    let pipeline = Pipeline::on(broker, test, settings).await.unwrap();
    let processor = pipeline.processor("a").unwrap();
    let mut accounts = BTreeSet::new();
    let linking = async {
        let mut ticks = interval(PERIOD);
        loop {
            ticks.tick().await;
            let new = NewAccount::new("hibob", "t", "Acme");
            accounts.insert(pipeline.simulator.link(&new).unwrap().as_str().to_owned());
        }
    };
    tokio::select! {
        () = linking => {}
        () = meanwhile(&pipeline, &processor) => {}
    }
    each_is_linked_once(&pipeline, &accounts).await;
    each_webhook_is_stored_once(&pipeline).await;
    processor.stop().await.unwrap();
    pipeline.stop().await.unwrap();
}

async fn each_is_linked_once(pipeline: &Pipeline, accounts: &BTreeSet<String>) {
    let mut linked = pipeline.reader(Topic::Linked);
    let records = linked.read_until(WITHIN, |records| records.len() >= accounts.len());
    let keys = records.await.iter().filter_map(|record| record.key.clone());
    let keys: Vec<_> = keys.collect();
    assert_eq!(keys.len(), accounts.len(), "each once");
    assert_eq!(&keys.into_iter().collect::<BTreeSet<_>>(), accounts);
}

async fn each_webhook_is_stored_once(pipeline: &Pipeline) {
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
    let records = pipeline.reader(Topic::AccountEvents).read_to_end().await;
    assert_eq!(records.len(), usize::try_from(counts.webhooks).unwrap());
}
