//! Keeps a table of linked accounts true, from the topics of the StackOne account-link pipeline.
//!
//! Prints a line of JSON for each change that it made. Settings are environment variables: see [`setting`].

mod store;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use stackone_link_schemas::{AccountLifecycleEvent, AccountState};

use store::{Row, Store};

/// What this service has something to do for; types of tomorrow are passed over.
const WANTED: [&str; 5] = [
    "account.linked",
    "account.refreshed",
    "account.degraded",
    "account.recovered",
    "account.unlinked",
];

fn main() -> anyhow::Result<()> {
    let stopping = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stopping))?;
    }
    let mut store = Store::open(&setting("DATABASE", "accounts.db"))?;
    if !store.is_bootstrapped()? {
        bootstrap(&mut store)?;
        store.set_bootstrapped()?;
    }
    follow(&mut store, &stopping)
}

fn setting(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

fn consumer(reports_ends: bool) -> Result<BaseConsumer, KafkaError> {
    ClientConfig::new()
        .set(
            "bootstrap.servers",
            setting("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092"),
        )
        .set("group.id", setting("GROUP_ID", "accounts-table"))
        // Without it, transitions show that were aborted and are written again.
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest")
        .set("enable.partition.eof", reports_ends.to_string())
        .create()
}

/// Reads every account as it is now, once in the life of the database.
fn bootstrap(store: &mut Store) -> anyhow::Result<()> {
    let consumer = consumer(true)?;
    let topic = setting("STATE_TOPIC", "stackone.account.state.v1");
    let metadata = consumer.fetch_metadata(Some(&topic), Duration::from_secs(30))?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let partitions = found.map(|found| found.partitions()).unwrap_or_default();
    anyhow::ensure!(!partitions.is_empty(), "there is no topic {topic}");
    let mut unread: BTreeSet<i32> = partitions.iter().map(|partition| partition.id()).collect();
    // Assigned, not subscribed: every replica of a service needs all accounts of its own database.
    let mut list = TopicPartitionList::new();
    for partition in &unread {
        list.add_partition_offset(&topic, *partition, Offset::Beginning)?;
    }
    consumer.assign(&list)?;
    while !unread.is_empty() {
        match consumer.poll(Duration::from_secs(1)) {
            None => {}
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                unread.remove(&partition);
            }
            Some(record) => take_state(store, &record?)?,
        }
    }
    Ok(())
}

fn take_state(store: &mut Store, record: &BorrowedMessage<'_>) -> anyhow::Result<()> {
    // A record without a value says that the account is forgotten.
    let Some(value) = record.payload() else {
        return Ok(());
    };
    let state: AccountState = serde_json::from_slice(value)?;
    // Version 0 was never confirmed: there is nothing to know yet.
    if state.version == 0 {
        return Ok(());
    }
    let row = Row::new(
        &state.account_id,
        state.version,
        state.status,
        state.account,
    );
    store.take(&row, "state")
}

/// Takes every transition, and commits its offset after the work.
fn follow(store: &mut Store, stopping: &AtomicBool) -> anyhow::Result<()> {
    let consumer = consumer(false)?;
    let topic = setting("LIFECYCLE_TOPIC", "stackone.account.lifecycle.v1");
    consumer.subscribe(&[&topic])?;
    while !stopping.load(Ordering::Relaxed) {
        let Some(record) = consumer.poll(Duration::from_millis(200)) else {
            continue;
        };
        let record = record?;
        let wanted = type_of(&record).filter(|name| WANTED.contains(name));
        if let Some(why) = wanted {
            let event: AccountLifecycleEvent =
                serde_json::from_slice(record.payload().unwrap_or_default())?;
            let row = Row::new(
                &event.account_id,
                event.version,
                event.status,
                event.account,
            );
            store.take(&row, why)?;
        }
        // Clear, and fast enough for accounts. For more, commit once for many records.
        consumer.commit_message(&record, CommitMode::Sync)?;
    }
    Ok(())
}

/// The record's type, from its header: what is not wanted need not be parsed.
fn type_of<'a>(record: &'a BorrowedMessage<'_>) -> Option<&'a str> {
    let headers = record.headers()?;
    let header = headers.iter().find(|header| header.key == "ce_type")?;
    std::str::from_utf8(header.value?).ok()
}
