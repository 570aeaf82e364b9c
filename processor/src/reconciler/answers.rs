//! Taking answers in: a lookup that told something is decided in the next commit, one that failed is tried again.

use crate::clock;
use stackone_processor_core::time::Monotonic;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use stackone_client_types::{ApiError, Lookup};
use stackone_link_schemas::DeadLetterReason;
use stackone_link_wire::Topic;

use super::Reconciler;
use super::commit::Decided;
use crate::message::{Answer, GivenUp, Message};
use crate::reread::reread;
use crate::tasks;
use stackone_processor_core::api_gate::PROBE_INTERVAL;
use stackone_processor_core::work::queue::Lane;
use stackone_processor_core::work::{AccountKey, Failures};

/// Attempts before a lookup that is rejected for good is given up.
const REJECTED_ATTEMPTS: u32 = 3;
/// Attempts, over at least [`super::Settings::unreadable_time`], before an unreadable answer is given up.
const UNREADABLE_ATTEMPTS: u32 = 5;
/// How long one record of an account that is given up is looked for.
const REREAD_WITHIN: Duration = Duration::from_secs(10);
/// Largest account, as JSON, that is told to subscribers.
const MAX_ACCOUNT_BYTES: usize = 256 * 1024;
/// How soon a probe that was neither accepted nor refused is repeated.
const PROBE_AGAIN: Duration = Duration::from_secs(2);

impl Reconciler {
    pub(super) fn answered(&mut self, answer: Answer) {
        let Answer {
            key,
            lane,
            epoch,
            sent,
            result,
        } = answer;
        let now = clock::monotonic();
        self.note_availability(lane, &[&key], sent, result.as_ref().err(), now);
        if !self.is_awaited(&key, epoch) {
            return;
        }
        self.queue.answered(&key);
        if let Ok(lookup) = &result {
            self.note_answered_alone(&key, lane, lookup, now);
        }
        self.told(key, lane, sent, result, now);
    }

    /// What a lookup told of an account, or that it told nothing.
    pub(super) fn told(
        &mut self,
        key: AccountKey,
        lane: Lane,
        sent: Monotonic,
        result: Result<Lookup, ApiError>,
        now: Monotonic,
    ) {
        match result {
            Ok(lookup) if is_too_large(&lookup) => {
                self.unreadable(
                    &key,
                    "the account is too large for a record".to_owned(),
                    now,
                );
            }
            Ok(lookup) => self.decided.push(Decided::Answered {
                key,
                lane,
                lookup,
                sent,
                at: Timestamp::now(),
            }),
            Err(error) => {
                tracing::debug!(account = %key.id, %error, "lookup told nothing");
                self.failed(&key, lane, error, now);
            }
        }
    }

    /// Whether the account is still ours, under the assignment under which it was asked for.
    pub(super) fn is_awaited(&self, key: &AccountKey, epoch: u64) -> bool {
        let partition = self.partitions.get(&key.partition);
        let is_ours = partition.is_some_and(|partition| partition.epoch == epoch);
        is_ours && self.queue.asked(key).is_some()
    }

    fn failed(&mut self, key: &AccountKey, lane: Lane, error: ApiError, now: Monotonic) {
        match error {
            ApiError::RateLimited { retry_after } => {
                self.rate_limited(lane, retry_after, now);
                self.queue.recheck(key, now, now, |_| {});
            }
            ApiError::Unavailable { retry_after, .. } => {
                self.unavailable(key, lane, retry_after, now)
            }
            ApiError::Refused { status } => self.refused(key, lane, status, now),
            ApiError::Rejected { status } => self.rejected(key, status, now),
            ApiError::Unreadable { reason } => self.unreadable(key, reason, now),
        }
    }

    pub(super) fn rate_limited(
        &mut self,
        lane: Lane,
        retry_after: Option<Duration>,
        now: Monotonic,
    ) {
        self.gates[lane].rate_limited(retry_after, now);
        let project = self.surroundings.projects.label(lane);
        tracing::warn!(project, ?retry_after, "rate limited");
    }

    /// The account backs off, or waits with all others for the breaker.
    pub(super) fn unavailable(
        &mut self,
        key: &AccountKey,
        lane: Lane,
        retry_after: Option<Duration>,
        now: Monotonic,
    ) {
        let is_broken = self.gates[lane].is_broken();
        self.back_off(key, |failures| {
            failures.unavailable(is_broken, retry_after, fastrand::f64(), now)
        });
    }

    /// The account is looked up again when `fail` says.
    fn back_off(&mut self, key: &AccountKey, fail: impl FnOnce(&mut Failures) -> Monotonic) {
        let Some(work) = self.queue.asked(key) else {
            return;
        };
        let mut failures = work.failures;
        let again = fail(&mut failures);
        self.queue
            .back_off(key, again, |work| work.failures = failures);
    }

    /// A refusal is about the key, unless a probe with the same key was accepted since the last one.
    fn refused(&mut self, key: &AccountKey, lane: Lane, status: u16, now: Monotonic) {
        let refused_at = self
            .queue
            .asked(key)
            .and_then(|work| work.failures.refused_at);
        if refused_at.is_some_and(|at| self.gates[lane].was_accepted_since(at)) {
            self.queue
                .work_mut(key)
                .for_each(|work| work.failures.refused_at = None);
            return self.rejected(key, status, now);
        }
        self.halt(lane, status);
        self.queue
            .recheck(key, now, now, |work| work.failures.refused_at = Some(now));
    }

    /// The key is refused: nothing is asked with it until a probe is accepted.
    pub(super) fn halt(&mut self, lane: Lane, status: u16) {
        if self.gates[lane].refused() {
            let project = self.surroundings.projects.label(lane);
            tracing::error!(
                project,
                status,
                "API key refused; its accounts stay pending until a probe is accepted"
            );
            self.lookups.probe(lane, Duration::ZERO);
        }
    }

    pub(super) fn probed(&mut self, lane: Lane, result: Result<(), ApiError>) {
        match result {
            Ok(()) => self.gates[lane].accepted(clock::monotonic()),
            Err(ApiError::Refused { .. }) => self.lookups.probe(lane, PROBE_INTERVAL),
            Err(_) => self.lookups.probe(lane, PROBE_AGAIN),
        }
        let project = self.surroundings.projects.label(lane);
        let halted = &self.surroundings.metrics.project_halted;
        halted
            .with_label_values(&[project, "refused"])
            .set(i64::from(self.gates[lane].is_refused()));
        let all_refused = self
            .gates
            .iter()
            .all(stackone_processor_core::api_gate::Gate::is_refused);
        self.surroundings
            .all_refused
            .store(all_refused, Ordering::Release);
    }

    fn rejected(&mut self, key: &AccountKey, status: u16, now: Monotonic) {
        let attempts = self
            .queue
            .asked(key)
            .map_or(0, |work| work.failures.rejected)
            + 1;
        if attempts >= REJECTED_ATTEMPTS {
            return self.give_up_account(
                key,
                DeadLetterReason::LookupRejected,
                format!("status {status}"),
            );
        }
        self.back_off(key, |failures| {
            failures.rejected = attempts;
            failures.back_off(None, fastrand::f64(), now)
        });
    }

    fn unreadable(&mut self, key: &AccountKey, reason: String, now: Monotonic) {
        let failures = self
            .queue
            .asked(key)
            .map(|work| work.failures)
            .unwrap_or_default();
        let (attempts, first) = (
            failures.unreadable + 1,
            failures.first_unreadable.unwrap_or(now),
        );
        let is_long_enough = now.duration_since(first) >= self.settings.unreadable_time;
        if attempts >= UNREADABLE_ATTEMPTS && is_long_enough {
            return self.give_up_account(key, DeadLetterReason::LookupUnreadable, reason);
        }
        self.back_off(key, |failures| {
            failures.unreadable = attempts;
            failures.first_unreadable = Some(first);
            failures.back_off(None, fastrand::f64(), now)
        });
    }

    /// Reads the account's records again, to put them aside. Meanwhile it counts as being looked up.
    fn give_up_account(&self, key: &AccountKey, reason: DeadLetterReason, detail: String) {
        let found = self
            .queue
            .asked(key)
            .zip(self.partitions.get(&key.partition));
        let Some((work, partition)) = found else {
            return;
        };
        let causes = work.pending.causes.clone();
        let (kafka, group, topic) = (
            self.settings.kafka.clone(),
            self.settings.membership.group_id.clone(),
            self.settings.topics.name(Topic::AccountEvents).to_owned(),
        );
        let (post, key, epoch) = (self.post.clone(), key.clone(), partition.epoch);
        let stop = self.surroundings.stop.clone();
        let job = move || {
            let is_cancelled = || stop.is_cancelled();
            let read = reread(
                &kafka,
                &group,
                &topic,
                &key,
                &causes,
                REREAD_WITHIN,
                &is_cancelled,
            );
            drop(post.send(match read {
                Ok(originals) => Message::GivenUp(Box::new(GivenUp {
                    key,
                    epoch,
                    reason,
                    detail,
                    originals,
                })),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(account = %key.id, error, "not put aside yet; it stays pending");
                    Message::NotReread { key, epoch }
                }
            }));
        };
        self.tasks.spawn_blocking(tasks::REREAD, job);
    }

    /// An account cannot be put aside now: it stays pending, and is looked up once more before that is tried again.
    pub(super) fn stays_pending(&mut self, key: &AccountKey, epoch: u64) {
        let partition = self.partitions.get(&key.partition);
        if partition.is_some_and(|partition| partition.epoch == epoch) {
            let now = clock::monotonic();
            self.back_off(key, |failures| {
                failures.back_off(None, fastrand::f64(), now)
            });
        }
    }
}

/// Whether an account could make a record that the topics refuse: then nothing else in its transaction could be
/// committed either. Only `setup_information` is ever that large.
fn is_too_large(lookup: &Lookup) -> bool {
    let Lookup::Found(account) = lookup else {
        return false;
    };
    let size =
        serde_json::to_vec(&(&account.snapshot, &account.status_reasons)).map(|json| json.len());
    size.is_ok_and(|size| size > MAX_ACCOUNT_BYTES)
}
