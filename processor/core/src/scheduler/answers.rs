//! Applies results of lookups: when an account is looked up again, and how its project may be
//! asked.

use jiff::Timestamp;
use stackone_client_types::{ApiError, Lookup};

use super::Scheduler;
use crate::api_gate::batch::{BatchAnomaly, Reading};
use crate::api_gate::breaker::Change;
use crate::partitions::Partitions;
use crate::planted::{Fault, planted};
use crate::time::Monotonic;
use crate::work::queue::Lane;
use crate::work::{AccountKey, Failures, Work, last_lookup};

impl Scheduler {
    /// Keeps the outcome of an account's lookup, which explains why it is undecided.
    pub fn note_lookup(
        &mut self,
        key: &AccountKey,
        result: Result<&Lookup, &ApiError>,
        at: Timestamp,
    ) {
        let asked = self.queue.work_mut(key).take(1);
        asked.for_each(|work| work.note_lookup(last_lookup::of(result, at)));
    }

    /// Whether a lookup of the account, sent under this epoch, is awaited.
    #[must_use]
    pub fn is_awaited(&self, key: &AccountKey, epoch: u64, partitions: &Partitions) -> bool {
        let is_ours = planted(Fault::EpochNotChecked) || partitions.is_ours(key.partition, epoch);
        is_ours && self.queue.work_in_flight(key).is_some()
    }

    /// Lets the account back off until the time that `fail` returns.
    pub fn back_off(&mut self, key: &AccountKey, fail: impl FnOnce(&mut Failures) -> Monotonic) {
        let Some(work) = self.queue.work_in_flight(key) else {
            return;
        };
        let mut failures = work.failures;
        let again = fail(&mut failures);
        self.queue
            .back_off(key, again, |work| work.failures = failures);
    }

    /// Notes for the breaker that a request was answered or found the API unavailable. `account`
    /// stands for the accounts of the request.
    pub fn note_availability(
        &mut self,
        lane: Lane,
        account: u64,
        sent: Monotonic,
        error: Option<&ApiError>,
        now: Monotonic,
    ) -> Option<Change> {
        let gate = &mut self.gates[lane];
        let change = match error {
            Some(ApiError::Unavailable { retry_after, .. }) => {
                gate.failed(sent, account, *retry_after, now)
            }
            Some(
                ApiError::Refused { .. }
                | ApiError::RateLimited { .. }
                | ApiError::Rejected { .. }
                | ApiError::Unreadable { .. },
            )
            | None => gate.answered(sent, now),
        };
        if let Some(Change::Opened { .. }) = change {
            // The breaker now waits for all accounts, so their own backoffs end. When it closes,
            // all are ready, and the budget spreads them.
            let ends = |work: &mut Work| work.failures.breaker_opened(now);
            self.queue.end_backoffs(lane, ends);
        }
        change
    }

    /// Notes that a single lookup was answered, which may explain the anomaly of a list.
    pub fn answered_alone(
        &mut self,
        key: &AccountKey,
        lane: Lane,
        lookup: &Lookup,
        now: Monotonic,
    ) -> Option<BatchAnomaly> {
        let asked = self.queue.work_in_flight(key);
        let was_left_out = asked.is_some_and(|work| work.failures.left_out_of.is_some());
        self.batching[lane].answered_alone(lookup, was_left_out, now)
    }

    /// Notes that a batch lookup was answered.
    pub fn listed(
        &mut self,
        lane: Lane,
        reading: &Reading,
        now: Monotonic,
    ) -> Option<BatchAnomaly> {
        self.batching[lane].listed(reading, now)
    }

    /// Notes that a batch lookup failed.
    pub fn list_failed(
        &mut self,
        lane: Lane,
        error: &ApiError,
        now: Monotonic,
    ) -> Option<BatchAnomaly> {
        let gate = &self.gates[lane];
        let accepted = |since| gate.was_accepted_since(since);
        self.batching[lane].failed(error, now, accepted)
    }

    /// Returns the most accounts of a project that one request may ask for.
    #[must_use]
    pub fn most_at_once(&self, lane: Lane, now: Monotonic) -> usize {
        self.batching[lane].most(now)
    }
}
