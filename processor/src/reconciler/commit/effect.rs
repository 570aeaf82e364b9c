//! What a committed transaction changes in memory, and what is counted for it.

use crate::clock;
use jiff::Timestamp;
use stackone_link_schemas::{AccountLifecycleEvent, Pending, Recheck};
use stackone_processor_core::time::Monotonic;

use super::span::Part;
use crate::reconciler::Reconciler;
use crate::reconciler::ownership::instant_of;
use stackone_processor_core::work::queue::Lane;
use stackone_processor_core::work::{AccountKey, Failures};

/// What a commit changes in memory.
pub(in crate::reconciler) enum Effect {
    /// Of an account.
    Account(Box<AccountEffect>),
    /// The state of an account was written again without personal data. It says nothing new, so it covers nothing that
    /// is open.
    Redacted {
        /// The account.
        key: AccountKey,
        /// What was written.
        value: Option<Vec<u8>>,
    },
    /// Of a record that belongs to no account's work.
    Passed {
        /// Its partition.
        partition: i32,
        /// Its offset.
        offset: i64,
        /// What became of it.
        disposition: Disposition,
    },
}

pub(in crate::reconciler) struct AccountEffect {
    pub key: AccountKey,
    /// The value written to the state topic, if one was: none is a tombstone.
    pub written: Option<Option<Vec<u8>>>,
    /// Offsets that are accounted for.
    pub close: Vec<i64>,
    /// What is told of it in its trace.
    pub part: Part,
    pub then: Then,
}

/// What happens to the account's work.
pub(in crate::reconciler) enum Then {
    /// Nothing: it was only written down.
    Keep,
    /// It is decided.
    Finish(Finish),
    /// It is looked up again.
    Recheck {
        lane: Lane,
        due_at: Timestamp,
        pending: Box<Pending>,
    },
    /// An operator says that it is gone: looked up at once, and unlinked if it still answers 404.
    Release { lane: Lane, said_at: Timestamp },
}

/// How an account's work was decided.
pub(in crate::reconciler) struct Finish {
    pub lane: Lane,
    pub disposition: Disposition,
    /// Triggers that were decided.
    pub total: u64,
    /// It was unlinked, and only because it answered 404.
    pub is_vanished: bool,
    pub event: Option<Box<AccountLifecycleEvent>>,
    /// The scheduled recheck of the new state.
    pub recheck: Option<Recheck>,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::reconciler) enum Disposition {
    Emitted,
    Skipped(&'static str),
    /// This many; further triggers decided with them count as merged.
    DeadLettered {
        reason: String,
        records: u64,
    },
}

impl Reconciler {
    pub(super) fn apply(&mut self, effect: Effect) {
        match effect {
            Effect::Passed {
                partition,
                offset,
                disposition,
            } => {
                self.close_offset(partition, offset);
                self.count(&disposition, 1);
            }
            Effect::Account(effect) => self.apply_to_account(*effect),
            Effect::Redacted { key, value } => self.wrote(&key, value.as_deref()),
        }
    }

    fn apply_to_account(&mut self, effect: AccountEffect) {
        let AccountEffect {
            key,
            written,
            close,
            part,
            then,
        } = effect;
        self.tell(&key, part, &then);
        for offset in close {
            self.close_offset(key.partition, offset);
        }
        // What was written covers all that is known of the account, so none of it holds back a commit any more.
        self.queue
            .work_mut(&key)
            .for_each(|work| work.open_offsets.clear());
        if let Some(value) = written {
            self.wrote(&key, value.as_deref());
        }
        let now = clock::monotonic();
        match then {
            Then::Keep => {}
            Then::Release { lane, said_at } => self.released(key, lane, said_at, now),
            Then::Recheck {
                lane,
                due_at,
                pending,
            } => {
                self.unlinks.guard.undecided(lane, &key, pending.grace);
                self.queue.recheck(&key, instant_of(due_at), now, |work| {
                    work.pending = *pending;
                    work.failures = Failures::default();
                })
            }
            Then::Finish(finish) => self.finish(key, finish, now),
        }
    }

    /// Takes over the state of an account as the topic has it now.
    fn wrote(&mut self, key: &AccountKey, value: Option<&[u8]>) {
        let partition = self.partitions.get_mut(&key.partition);
        if let Some(ready) = partition.and_then(|partition| partition.ready_mut()) {
            ready.states.put(&key.id, value);
        }
    }

    fn finish(&mut self, key: AccountKey, finish: Finish, now: Monotonic) {
        let Finish {
            lane,
            disposition,
            total,
            is_vanished,
            event,
            recheck,
        } = finish;
        self.unlinks
            .guard
            .decided(lane, &key, is_vanished, Timestamp::now());
        self.count(&disposition, total);
        if let Some(event) = event {
            self.count_event(lane, &event);
        }
        self.queue.finish(&key, now);
        let is_free = self.queue.lane_of(&key).is_none();
        if self.queue.waiting(&key).is_none() {
            self.schedule_recheck(key.clone(), lane, recheck);
        }
        if is_free {
            self.unpark(&key);
        }
    }

    fn close_offset(&mut self, partition: i32, offset: i64) {
        if let Some(ready) = self
            .partitions
            .get_mut(&partition)
            .and_then(|partition| partition.ready_mut())
        {
            ready.offsets.close(offset);
        }
    }

    /// One of the triggers has the outcome, the others are merged into it.
    fn count(&self, disposition: &Disposition, total: u64) {
        let metrics = &self.surroundings.metrics;
        let named = match disposition {
            Disposition::Emitted => {
                metrics.disposed("emitted", "", total.min(1));
                1
            }
            Disposition::Skipped(reason) => {
                metrics.disposed("skipped", reason, total.min(1));
                1
            }
            Disposition::DeadLettered { reason, records } => {
                metrics.disposed("dead_lettered", reason, *records);
                *records
            }
        };
        metrics.disposed("merged", "", total.saturating_sub(named));
    }

    fn count_event(&self, lane: Lane, event: &AccountLifecycleEvent) {
        let metrics = &self.surroundings.metrics;
        let event_type = event.event_type.as_str();
        let project = self.surroundings.projects.label(lane);
        metrics
            .events_emitted
            .with_label_values(&[project, event_type])
            .inc();
        tracing::info!(account = %event.account_id, version = event.version, event_type, "emitted");
        if let Some(received) = event
            .caused_by
            .iter()
            .filter_map(|cause| cause.received_at)
            .min()
        {
            let age = Timestamp::now()
                .duration_since(received)
                .as_secs_f64()
                .max(0.0);
            metrics
                .event_age
                .with_label_values(&[event_type])
                .observe(age);
        }
    }
}
