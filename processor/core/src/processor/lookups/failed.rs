//! Decides what follows a failed lookup: another lookup later, or dead letters.

use std::time::Duration;

use stackone_client_types::ApiError;
use stackone_link_schemas::DeadLetterReason;

use crate::committer::ready_to_commit::ReadyToCommit;
use crate::processor::input::Refetched;
use crate::processor::{Action, Fact, Processor, Turn};
use crate::time::Monotonic;
use crate::work::backoff::Backoff;
use crate::work::queue::Lane;
use crate::work::{AccountKey, Work};

/// Attempts before the triggers become dead letters, where StackOne rejects the request for good.
const REJECTED_ATTEMPTS: u32 = 3;
/// Attempts before the triggers become dead letters where answers are unreadable, over at least
/// [`crate::settings::DecisionSettings::unreadable_time`].
const UNREADABLE_ATTEMPTS: u32 = 5;

impl Processor {
    pub(super) fn failed(
        &mut self,
        key: &AccountKey,
        lane: Lane,
        error: ApiError,
        turn: &mut Turn<'_>,
    ) {
        let now = turn.now.monotonic;
        match error {
            ApiError::RateLimited { retry_after } => {
                self.rate_limited(lane, retry_after, turn);
                self.scheduler.queue.recheck(key, now, now, |_| {});
            }
            ApiError::Unavailable { retry_after, .. } => {
                self.unavailable(key, lane, retry_after, now);
            }
            ApiError::Refused { status } => self.refused(key, lane, status, turn),
            ApiError::Rejected { status } => self.rejected(key, status, turn),
            ApiError::Unreadable { reason } => self.unreadable(key, reason, turn),
        }
    }

    pub(super) fn rate_limited(
        &mut self,
        lane: Lane,
        retry_after: Option<Duration>,
        turn: &mut Turn<'_>,
    ) {
        let gate = self.scheduler.gate_mut(lane);
        gate.rate_limited(retry_after, turn.now.monotonic);
        turn.note(Fact::RateLimited { lane, retry_after });
    }

    /// Returns the backoff settings, and the random number for the next wait.
    fn backoff(&mut self) -> (Backoff, f64) {
        (self.settings.backoff, self.random.fraction())
    }

    /// Lets the account back off, or wait with all others for the breaker.
    pub(super) fn unavailable(
        &mut self,
        key: &AccountKey,
        lane: Lane,
        retry_after: Option<Duration>,
        now: Monotonic,
    ) {
        let is_broken = self.scheduler.gate(lane).is_broken();
        let backoff = self.backoff();
        self.scheduler.back_off(key, |failures| {
            failures.unavailable(is_broken, retry_after, backoff, now)
        });
    }

    /// Handles a refusal. It is about the key, unless a probe with the same key was accepted since
    /// the account's last refusal.
    fn refused(&mut self, key: &AccountKey, lane: Lane, status: u16, turn: &mut Turn<'_>) {
        let now = turn.now.monotonic;
        let queue = &mut self.scheduler.queue;
        let refused_at = queue
            .work_in_flight(key)
            .and_then(|work| work.failures.refused_at);
        let gate = self.scheduler.gate(lane);
        if refused_at.is_some_and(|at| gate.was_accepted_since(at)) {
            let works = self.scheduler.queue.work_mut(key);
            works.for_each(|work| work.failures.refused_at = None);
            return self.rejected(key, status, turn);
        }
        self.halt(lane, status, turn);
        let refused = |work: &mut Work| work.failures.refused_at = Some(now);
        self.scheduler.queue.recheck(key, now, now, refused);
    }

    fn rejected(&mut self, key: &AccountKey, status: u16, turn: &mut Turn<'_>) {
        let asked = self.scheduler.queue.work_in_flight(key);
        let attempts = asked.map_or(0, |work| work.failures.rejected) + 1;
        if attempts >= REJECTED_ATTEMPTS {
            let detail = format!("status {status}");
            return self.give_up_account(key, DeadLetterReason::LookupRejected, detail);
        }
        let (backoff, now) = (self.backoff(), turn.now.monotonic);
        self.scheduler.back_off(key, |failures| {
            failures.rejected = attempts;
            failures.back_off(None, backoff, now)
        });
    }

    fn unreadable(&mut self, key: &AccountKey, reason: String, turn: &mut Turn<'_>) {
        let now = turn.now.monotonic;
        let asked = self.scheduler.queue.work_in_flight(key);
        let failures = asked.map(|work| work.failures).unwrap_or_default();
        let attempts = failures.unreadable + 1;
        let first = failures.first_unreadable.unwrap_or(now);
        let is_long_enough = now.duration_since(first) >= self.settings.unreadable_time;
        if attempts >= UNREADABLE_ATTEMPTS && is_long_enough {
            return self.give_up_account(key, DeadLetterReason::LookupUnreadable, reason);
        }
        let backoff = self.backoff();
        self.scheduler.back_off(key, |failures| {
            failures.unreadable = attempts;
            failures.first_unreadable = Some(first);
            failures.back_off(None, backoff, now)
        });
    }

    /// Has the account's records read again for their dead letters. Until then the account counts
    /// as in flight.
    fn give_up_account(&mut self, key: &AccountKey, reason: DeadLetterReason, detail: String) {
        let epoch = self.partitions.epoch_of(key.partition);
        let Some((work, epoch)) = self.scheduler.queue.work_in_flight(key).zip(epoch) else {
            return;
        };
        let causes = work.pending.causes.clone();
        self.actions.push_back(Action::Refetch {
            key: key.clone(),
            epoch,
            causes,
            reason,
            detail,
        });
    }

    /// Takes the records of an account that become dead letters.
    pub(in crate::processor) fn on_refetched(&mut self, refetched: Box<Refetched>) {
        self.committer.ready.push(ReadyToCommit::GivenUp(refetched));
    }

    /// Keeps an account pending that cannot get dead letters now. Another lookup comes before the
    /// next attempt.
    pub(in crate::processor) fn stays_pending(
        &mut self,
        key: &AccountKey,
        epoch: u64,
        turn: &mut Turn<'_>,
    ) {
        if self.partitions.is_ours(key.partition, epoch) {
            let (backoff, now) = (self.backoff(), turn.now.monotonic);
            self.scheduler
                .back_off(key, |failures| failures.back_off(None, backoff, now));
        }
    }
}
