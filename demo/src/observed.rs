//! What was seen so far: the watchers write it, the performance waits on it, the verdict judges it.

use std::collections::HashMap;
use std::time::Duration;

use stackone_link_schemas::{ACCOUNT_LISTED_TYPE, AccountLifecycleEvent, LifecycleType};
use stackone_link_wire::Topic;
use tokio::sync::watch;
use uuid::Uuid;

use crate::scrape::Counts;

/// An event that a subscriber has read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sighting {
    /// Its id.
    pub id: Uuid,
    /// The account.
    pub account: String,
    /// Which transition of the account.
    pub version: u64,
    /// What happened.
    pub event: String,
    /// What the accounts API says; none where the account is gone.
    pub status: Option<String>,
    /// Whether it was found by listing the accounts alone: no webhook told of it.
    pub by_listing: bool,
}

impl From<&AccountLifecycleEvent> for Sighting {
    fn from(event: &AccountLifecycleEvent) -> Self {
        let mut causes = event.caused_by.iter();
        let by_listing = causes.all(|cause| cause.event_type == ACCOUNT_LISTED_TYPE);
        Self {
            id: event.id,
            account: event.account_id.to_string(),
            version: event.version,
            event: event.event_type.to_string(),
            status: event.status.as_ref().map(ToString::to_string),
            by_listing: by_listing && !event.caused_by.is_empty(),
        }
    }
}

/// How many records resyncs have written beside the webhooks, or must write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Triggers {
    /// One for each account that was listed.
    pub listed: u64,
    /// Two for each partition and run: it begins, and its list was complete.
    pub markers: u64,
}

impl Triggers {
    /// All of them.
    pub(crate) const fn total(self) -> u64 {
        self.listed + self.markers
    }
}

/// What was seen so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observed {
    /// Events on the lifecycle topic, in order for each account.
    pub lifecycle: Vec<Sighting>,
    /// Events on the linked topic.
    pub linked: Vec<Sighting>,
    /// Webhooks, by the topic they are on.
    pub values: HashMap<Topic, Vec<Vec<u8>>>,
    /// Records on the account events topic that resyncs wrote.
    pub triggers: Triggers,
    /// What the processor says.
    pub processor: Counts,
    /// What should not be possible, such as a record that cannot be read.
    pub problems: Vec<String>,
}

impl Observed {
    /// Webhooks on a topic.
    pub(crate) fn on(&self, topic: Topic) -> &[Vec<u8>] {
        self.values.get(&topic).map_or(&[], Vec::as_slice)
    }

    /// How many webhooks are on Kafka.
    pub(crate) fn stored(&self) -> usize {
        Topic::OF_INGEST
            .iter()
            .map(|topic| self.on(*topic).len())
            .sum()
    }

    /// How many records are on the account events topic.
    pub(crate) fn account_events(&self) -> u64 {
        self.on(Topic::AccountEvents).len() as u64 + self.triggers.total()
    }

    /// How many of them are accounted for.
    pub(crate) fn disposed(&self) -> u64 {
        self.processor.dispositions.values().sum()
    }

    /// Whether all that is on Kafka is accounted for, and all that came of it was seen.
    pub(crate) fn is_settled(&self) -> bool {
        let linked = LifecycleType::Linked;
        let told = self
            .lifecycle
            .iter()
            .filter(|event| event.event == linked.as_str());
        self.disposed() >= self.account_events()
            && self.lifecycle.len() as u64 >= self.processor.emitted
            && self.linked.len() >= told.count()
    }
}

/// A notebook that several write in and others wait on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notebook(watch::Sender<Observed>);

impl Notebook {
    /// Notes something.
    pub(crate) fn note(&self, change: impl FnOnce(&mut Observed)) {
        self.0.send_modify(change);
    }

    /// What was seen so far.
    pub(crate) fn so_far(&self) -> Observed {
        self.0.borrow().clone()
    }

    /// Waits until something was seen. False: it was not, in this time.
    pub(crate) async fn sees(
        &self,
        within: Duration,
        condition: impl FnMut(&Observed) -> bool,
    ) -> bool {
        let mut notes = self.0.subscribe();
        let waiting = notes.wait_for(condition);
        // The sender lives as long as `self`, so waiting ends only with the condition or the time.
        tokio::time::timeout(within, waiting)
            .await
            .is_ok_and(|found| found.is_ok())
    }
}
