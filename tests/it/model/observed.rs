//! What there is to see of a history: the triggers on their topic, the events, and the states.

use std::collections::HashMap;

use harness::{Pipeline, ReadRecord, WITHIN, eventually, states, transitions};
use jiff::Timestamp;
use serde::Deserialize;
use stackone_link_schemas::{
    ACCOUNT_LISTED_TYPE, AccountLifecycleEvent, AccountPhase, AccountState,
};
use stackone_link_wire::Topic;
use stackone_processor::config::Config;
use stackone_processor::resync;
use stackone_simulator::AccountId;
use tokio_util::sync::CancellationToken;

use super::reference::{Sort, Trigger, Truth};
use super::replicas::Replicas;
use super::world::World;

/// Everything there is to see.
pub(crate) struct Seen {
    triggers: HashMap<String, Vec<ReadRecord>>,
    events: HashMap<String, Vec<AccountLifecycleEvent>>,
    pub(crate) states: HashMap<String, AccountState>,
}

#[derive(Deserialize)]
struct Dated {
    event_date: Option<Timestamp>,
}

impl Seen {
    pub(crate) async fn now(pipeline: &Pipeline) -> Self {
        let mut seen = Self {
            triggers: HashMap::new(),
            events: HashMap::new(),
            states: states(&pipeline.reader(Topic::State).read_all_committed().await),
        };
        let triggers = pipeline.all(Topic::AccountEvents).await;
        for record in triggers {
            if let Some(key) = record.key.clone() {
                seen.triggers.entry(key).or_default().push(record);
            }
        }
        let events = pipeline.reader(Topic::Lifecycle).read_all_committed().await;
        for event in transitions(&events) {
            let key = event.account_id.to_string();
            seen.events.entry(key).or_default().push(event);
        }
        seen
    }

    /// The records that name an account, in order.
    pub(crate) fn records(&self, id: &AccountId) -> &[ReadRecord] {
        self.triggers.get(id.as_str()).map_or(&[], Vec::as_slice)
    }

    /// What was told of an account, in order.
    pub(crate) fn events(&self, id: &AccountId) -> &[AccountLifecycleEvent] {
        self.events.get(id.as_str()).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn assert_nothing_is_pending(&self) {
        for state in self.states.values() {
            assert!(state.pending.is_none(), "pending: {state:?}");
        }
    }

    /// Whether the state of an account is what the API says of it.
    pub(crate) fn agrees(&self, id: &AccountId, truth: Option<&Truth>) -> Result<(), String> {
        let state = self.states.get(id.as_str());
        let phase = state.map_or(AccountPhase::None, |state| state.state);
        let status = state.and_then(|state| state.status.as_ref());
        let updated = state.and_then(|state| state.account.as_ref()?.updated_at);
        let agrees = match truth {
            None => matches!(phase, AccountPhase::None | AccountPhase::Unlinked),
            Some(truth) if truth.status.as_str() == "active" => {
                phase == AccountPhase::Active && updated == Some(truth.updated_at)
            }
            Some(truth) => match phase {
                AccountPhase::Degraded | AccountPhase::Failed => status == Some(&truth.status),
                // Said to be deleted, and not active: what it is now is told to nobody.
                AccountPhase::Unlinked => true,
                AccountPhase::None | AccountPhase::Active => false,
            },
        };
        if agrees {
            return Ok(());
        }
        Err(format!("{id} is {truth:?} and known as {state:?}"))
    }
}

/// A record as the reference takes it.
pub(crate) fn trigger(record: &ReadRecord) -> Trigger {
    let event_type = record.headers.event.event_type.as_str();
    let sort = match event_type {
        ACCOUNT_LISTED_TYPE => Sort::Recheck,
        "account.deleted" => Sort::Deleted,
        _ => Sort::Webhook,
    };
    let ingest = record.headers.ingest.as_ref();
    let received = ingest.map(|ingest| ingest.received_at);
    let date = received.and_then(|received| {
        let date = record.json::<Dated>().event_date;
        date.map(|date| date.min(received))
    });
    Trigger {
        sort,
        date,
        offset: Some(record.offset),
        is_look: false,
    }
}

/// Waits until everything that was sent is decided.
///
/// The sentinels' changes come after all the rest on every partition: once they are told, the rest
/// was taken in, also by whoever took a partition over. Then every record has to have its
/// disposition with each replica, and what one has handed to another is written as pending until
/// that one decides it.
pub(crate) async fn settle(pipeline: &Pipeline, world: &World<'_>, replicas: &Replicas<'_>) {
    world.simulator.settled().await;
    let changed = world.stir_sentinels();
    let mut lifecycle = pipeline.reader(Topic::Lifecycle);
    let is_told = |records: &[ReadRecord]| {
        let told = transitions(records);
        let shows = |event: &AccountLifecycleEvent, id: &AccountId, at: Timestamp| {
            let updated = event
                .account
                .as_ref()
                .and_then(|account| account.updated_at);
            event.account_id.as_str() == id.as_str() && updated == Some(at)
        };
        let mut sentinels = world.sentinels.iter().zip(&changed);
        sentinels.all(|(id, at)| told.iter().any(|event| shows(event, id, *at)))
    };
    lifecycle.read_until(WITHIN, is_told).await;
    let settled = eventually("nothing is pending", WITHIN, async || {
        replicas.assert_conserved().await;
        let records = pipeline.reader(Topic::State).read_all_committed().await;
        let states = states(&records);
        let pending = states.values().find(|state| state.pending.is_some());
        pending.map_or(Ok(()), |state| Err(format!("{state:?}")))
    });
    settled.await.unwrap();
}

/// What `stackone-processor resync` does.
pub(crate) async fn resync(pipeline: &Pipeline) {
    let file = pipeline.processor_file("resync").unwrap();
    let config = Config::load(Some(&file), &HashMap::new()).unwrap();
    let projects = stackone_processor::application::projects(&config).unwrap();
    let (settings, stop) = (config.settings.resync(), CancellationToken::new());
    let run = resync::run(&settings, projects.get(0).unwrap(), &stop, |_| {});
    assert!(run.await.unwrap().is_complete);
}
