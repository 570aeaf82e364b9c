//! Decides what a record of the account events topic is: a trigger, a record of a resync, a replay,
//! or unusable. Pure.

mod own;

use jiff::Timestamp;
use stackone_link_schemas::{
    AccountEvent, AccountId, AccountState, Cause, DeadLetterReason, ListingMarker, Pending,
    TakenIn, Trigger,
};
use stackone_link_wire::{RecordHeaders, TraceContext, partition_of_key};
use uuid::Uuid;

use crate::api_gate::Projects;
use crate::planted::{Fault, planted};
use crate::work::queue::Lane;
use crate::work::{AccountKey, Work};

/// A consumed record.
#[derive(Debug, Clone)]
pub struct Consumed {
    /// The partition of the account events topic.
    pub partition: i32,
    /// The offset in the partition.
    pub offset: i64,
    /// The broker's or the producer's timestamp, in milliseconds since the epoch.
    pub timestamp_ms: i64,
    /// The key, which is the account id where the record is usable.
    pub key: Option<Vec<u8>>,
    /// The value: a webhook's body, or a record of the pipeline.
    pub value: Vec<u8>,
    /// The headers; `None` where they cannot be read.
    pub headers: Option<RecordHeaders>,
}

/// The kinds of records.
#[derive(Debug, Clone, PartialEq)]
pub enum Sorted {
    /// A trigger of an account.
    Look {
        /// The account and its partition.
        key: AccountKey,
        /// The lane of the project whose budget pays for the lookup.
        lane: Lane,
        /// The work of this one trigger.
        work: Box<Work>,
    },
    /// An account in the list of a resync.
    Listed {
        /// The account and its partition.
        key: AccountKey,
        /// The lane of the project that is listed.
        lane: Lane,
        /// The id of the run.
        run: Uuid,
        /// The trigger; `None` where the list shows what was confirmed.
        work: Option<Box<Work>>,
    },
    /// A marker: a resync begins or has listed everything.
    Marker {
        /// The lane of the project that is listed.
        lane: Lane,
        /// Which of the two it is, with its run.
        marker: ListingMarker,
    },
    /// An operator releases held unlinks.
    UnlinksReleased {
        /// The lane of the project whose unlinks are released.
        lane: Lane,
        /// The date of the operator's record. Accounts that vanished later are not released.
        said_at: Timestamp,
    },
    /// The record was taken in before, and comes again because offsets were lost.
    Replayed,
    /// The record cannot be used.
    Unusable {
        /// The reason, as the dead letter's header has it.
        reason: DeadLetterReason,
        /// The reason in words, without data of the record.
        detail: String,
    },
}

impl Consumed {
    /// Returns the bytes of key and value.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.value.len() + self.key.as_ref().map_or(0, Vec::len)
    }

    /// Decides what the record is, in a topic of `partitions` partitions. `state_of` returns the
    /// confirmed state of an account.
    pub fn sort(
        &self,
        topic: &str,
        partitions: i32,
        projects: &Projects,
        now: Timestamp,
        state_of: impl FnOnce(&AccountKey) -> Option<AccountState>,
    ) -> Sorted {
        if let Some(kind) = self.own_record() {
            return self.sort_own(kind, topic, partitions, projects, now, state_of);
        }
        let event = match AccountEvent::parse(&self.value) {
            Ok(event) => event,
            Err(error) => return unusable(DeadLetterReason::MalformedEvent, &error.to_string()),
        };
        let Some(key) = self.key_of(&event.account_id, partitions) else {
            return misplaced();
        };
        let Some(lane) = projects.lane_of(event.project_id.as_deref()) else {
            return unknown_project();
        };
        let state = state_of(&key);
        let owner = state.as_ref().and_then(|state| state.project_id.as_deref());
        if !projects.is_owner(lane, owner, event.project_id.as_deref()) {
            return of_other_project();
        }
        // The check comes here because later records of an account are taken in while an earlier
        // dead letter is held.
        if state.as_ref().is_some_and(|state| self.is_taken_in(state)) {
            return Sorted::Replayed;
        }
        Sorted::Look {
            key,
            lane,
            work: Box::new(self.work(topic, event, now)),
        }
    }

    /// Returns the account's key, if the record's key belongs to this partition. A state in any
    /// other partition would stop the next restore.
    fn key_of(&self, id: &AccountId, partitions: i32) -> Option<AccountKey> {
        let is_here = partition_of_key(id.as_str().as_bytes(), partitions) == self.partition;
        is_here.then(|| AccountKey {
            partition: self.partition,
            id: id.clone(),
        })
    }

    fn work(&self, topic: &str, event: AccountEvent, now: Timestamp) -> Work {
        let received_at = self.received_at();
        // StackOne's clock may be ahead of this one, but no event happened after its webhook
        // arrived.
        let event_date = event
            .event_date
            .map(|date| received_at.map_or(date, |received| date.min(received)));
        let cause = Cause {
            event_id: self.event_id(),
            event_type: event.event.clone(),
            event_date: event.event_date,
            received_at,
            topic: topic.to_owned(),
            partition: self.partition,
            offset: self.offset,
        };
        let pending = Pending {
            trigger: if event.is_deleted() {
                Trigger::Deleted
            } else {
                Trigger::Webhook
            },
            looked_at: None,
            deleted_at: event_date.filter(|_| event.is_deleted()),
            causes: vec![cause],
            total: 1,
            since: now,
            lookups: 0,
            project_id: event.project_id,
            event_date,
            taken_in: Some(self.taken_in()),
            grace: None,
            lag_recheck_used: false,
            last_lookup: None,
        };
        Work {
            open_offsets: vec![self.offset],
            trace: self.trace(),
            ..Work::without_record(pending)
        }
    }

    fn event_id(&self) -> Option<Uuid> {
        self.headers.as_ref().map(|headers| headers.event.id)
    }

    fn received_at(&self) -> Option<Timestamp> {
        let ingest = self
            .headers
            .as_ref()
            .and_then(|headers| headers.ingest.as_ref());
        ingest
            .map(|ingest| ingest.received_at)
            .or_else(|| Timestamp::from_millisecond(self.timestamp_ms).ok())
    }

    /// Whether the record is the one that was taken in as `cause`, and not another at the same
    /// offset of a topic that was made again. The key is not compared: a record without a key may
    /// be in the right partition by chance.
    #[must_use]
    pub fn is_of(&self, cause: &Cause) -> bool {
        let is_as_old = cause
            .received_at
            .is_none_or(|received| self.received_at() == Some(received));
        self.event_id() == cause.event_id && is_as_old
    }

    fn trace(&self) -> Option<TraceContext> {
        let traceparent = self.headers.as_ref()?.traceparent.as_ref()?;
        // The records that are written for it get a span of their own.
        TraceContext::continued_as(traceparent.as_bytes(), 1)
    }

    const fn taken_in(&self) -> TakenIn {
        TakenIn {
            partition: self.partition,
            offset: self.offset,
            timestamp_ms: self.timestamp_ms,
        }
    }

    /// Whether the state says that the record was taken in. A topic that was made again starts at
    /// offset 0, so a smaller offset alone proves nothing: its timestamp must not be newer either.
    fn is_taken_in(&self, state: &AccountState) -> bool {
        !planted(Fault::ReplayCheckOff)
            && state.taken_in.is_some_and(|taken| {
                taken.partition == self.partition
                    && self.offset <= taken.offset
                    && self.timestamp_ms <= taken.timestamp_ms
            })
    }
}

fn unknown_project() -> Sorted {
    let detail = "no API key is configured for the project";
    unusable(DeadLetterReason::UnknownProject, detail)
}

fn of_other_project() -> Sorted {
    let detail = "the account belongs to another project";
    unusable(DeadLetterReason::ProjectMismatch, detail)
}

fn misplaced() -> Sorted {
    unusable(
        DeadLetterReason::MalformedEvent,
        "in a partition that its account's id as key does not lead to",
    )
}

fn unusable(reason: DeadLetterReason, detail: &str) -> Sorted {
    Sorted::Unusable {
        reason,
        detail: detail.to_owned(),
    }
}

#[cfg(test)]
mod tests;
