//! Keeps a table of linked accounts up to date, from the topics of the StackOne account-link
//! pipeline.
//!
//! Prints a line of JSON for each change that it made. Settings are environment variables: see
//! [`setting`].

mod client;
mod store;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use stackone_link_schemas::{AccountLifecycleEvent, AccountPhase, AccountState};

use client::{consumer, go_on_after, partitions, setting};
use store::{Row, Store};

/// How long a stop may wait for a poll.
const MOMENT: Duration = Duration::from_millis(200);

/// Returns the phase of an account after a transition. Types of later versions are not here: they
/// are skipped.
fn phase_after(event_type: &str) -> Option<AccountPhase> {
    match event_type {
        "account.linked" | "account.refreshed" | "account.recovered" => Some(AccountPhase::Active),
        "account.degraded" => Some(AccountPhase::Degraded),
        "account.link_failed" => Some(AccountPhase::Failed),
        "account.unlinked" => Some(AccountPhase::Unlinked),
        _ => None,
    }
}

fn main() -> anyhow::Result<()> {
    let stopping = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stopping))?;
    }
    let mut store = Store::open(&setting("DATABASE", "accounts.db"))?;
    bootstrap(&mut store, &stopping)?;
    follow(&mut store, &stopping)
}

/// Reads the present state of every account, at every start. A state that is known has no greater
/// version and changes nothing. Whatever happened while this program was down is here, however long
/// that was.
fn bootstrap(store: &mut Store, stopping: &AtomicBool) -> anyhow::Result<()> {
    let consumer = consumer(true)?;
    // Assigned, not subscribed: each database needs all accounts, and a group would share them out
    // among its replicas.
    let list = partitions(
        &consumer,
        &setting("STATE_TOPIC", "stackone.account.state.v1"),
    )?;
    let elements = list.elements();
    let mut unread: BTreeSet<i32> = elements.iter().map(|element| element.partition()).collect();
    consumer.assign(&list)?;
    while !unread.is_empty() && !stopping.load(Ordering::Relaxed) {
        match consumer.poll(MOMENT) {
            None => {}
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                unread.remove(&partition);
            }
            Some(Err(error)) => go_on_after(error)?,
            Some(Ok(record)) => take_state(store, &record)?,
        }
    }
    Ok(())
}

fn take_state(store: &mut Store, record: &BorrowedMessage<'_>) -> anyhow::Result<()> {
    // A record without a value removes an account that was never confirmed.
    let Some(value) = record.payload() else {
        return Ok(());
    };
    let AccountState {
        account_id,
        version,
        state,
        status,
        account,
        ..
    } = serde_json::from_slice(value)?;
    // Nothing is confirmed yet, so there is nothing to store.
    if state == AccountPhase::None {
        return Ok(());
    }
    store.take(
        &Row::new(&account_id, version, state, status, account),
        "state",
    )
}

/// Takes every transition, and commits its offset after the work. Replicas that share a database
/// share a group, and so the work.
fn follow(store: &mut Store, stopping: &AtomicBool) -> anyhow::Result<()> {
    let consumer = consumer(false)?;
    let topic = setting("LIFECYCLE_TOPIC", "stackone.account.lifecycle.v1");
    partitions(&consumer, &topic)?;
    consumer.subscribe(&[&topic])?;
    while !stopping.load(Ordering::Relaxed) {
        match consumer.poll(MOMENT) {
            None => {}
            Some(Err(error)) => go_on_after(error)?,
            Some(Ok(record)) => {
                take_transition(store, &record)?;
                // One commit per record is simple, and fast enough for accounts. For more, commit
                // once for many records.
                if let Err(error) = consumer.commit_message(&record, CommitMode::Sync) {
                    // A rebalance causes this, for instance. The record comes again, here or
                    // elsewhere, and its version shows that it is known.
                    go_on_after(error)?;
                }
            }
        }
    }
    Ok(())
}

fn take_transition(store: &mut Store, record: &BorrowedMessage<'_>) -> anyhow::Result<()> {
    let event_type = type_of(record).unwrap_or_default();
    let Some(state) = phase_after(event_type) else {
        return Ok(());
    };
    let AccountLifecycleEvent {
        account_id,
        version,
        status,
        account,
        ..
    } = serde_json::from_slice(record.payload().unwrap_or_default())?;
    store.take(
        &Row::new(&account_id, version, state, status, account),
        event_type,
    )
}

/// Returns the type of a record by its header, so that records of other types need not be parsed.
fn type_of<'a>(record: &'a BorrowedMessage<'_>) -> Option<&'a str> {
    let headers = record.headers()?;
    let header = headers.iter().find(|header| header.key == "ce_type")?;
    std::str::from_utf8(header.value?).ok()
}
