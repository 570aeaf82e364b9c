//! The work of an account: its undecided triggers, and the attempts so far.

pub mod backoff;
pub mod consumed_position;
pub(crate) mod last_lookup;
pub mod overflow;
pub mod queue;

use std::cmp::Ordering;
use std::hash::Hash;
use std::time::Duration;

use jiff::Timestamp;

use stackone_link_schemas::{AccountId, LastLookup, LastOutcome, MAX_CAUSES, Pending, Trigger};

use stackone_link_wire::TraceContext;

use self::backoff::Backoff;
use self::queue::{Merge, WorkQueue};
use crate::time::Monotonic;

/// An account, with the partition of its triggers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountKey {
    /// The partition of the account events topic, and of the state topic.
    pub partition: i32,
    /// The id of the account.
    pub id: AccountId,
}

/// The undecided triggers of an account.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    /// The part that a marker writes to the state topic.
    pub pending: Pending,
    /// Offsets of triggers that are neither decided nor written as pending, so they hold back the
    /// commit.
    pub open_offsets: Vec<i64>,
    /// Whether the last lookup had another outcome than the state record has.
    pub(crate) has_new_outcome: bool,
    /// The failed lookups so far.
    pub failures: Failures,
    /// The trace of the newest trigger that has one.
    pub trace: Option<TraceContext>,
}

/// Lookups that gave no answer, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Failures {
    /// Failures in a row of any kind, which decide the backoff.
    pub in_a_row: u32,
    /// While the account backs off because the API is unavailable: the earliest lookup if the
    /// breaker takes over the wait.
    pub unavailable_until: Option<Monotonic>,
    /// Answers 4xx that will not change with time.
    pub rejected: u32,
    /// Answers 200 that are not an account.
    pub unreadable: u32,
    /// When the first unreadable answer came.
    pub first_unreadable: Option<Monotonic>,
    /// The size of the batch that left this account out. It is looked up alone, or in a smaller
    /// batch.
    pub left_out_of: Option<usize>,
    /// When the key was last refused for this account.
    pub refused_at: Option<Monotonic>,
}

impl Failures {
    /// Notes a failed lookup. Returns when the next one is sent.
    #[must_use]
    pub fn back_off(
        &mut self,
        retry_after: Option<Duration>,
        (backoff, random): (Backoff, f64),
        now: Monotonic,
    ) -> Monotonic {
        self.in_a_row += 1;
        self.unavailable_until = None;
        now + backoff.wait(self.in_a_row, retry_after, random)
    }

    /// Notes that the API was unavailable. Returns when the next lookup is sent. While the breaker
    /// is open the account only goes to the end of the line: the breaker waits for all accounts,
    /// and there is always one to probe the API with.
    #[must_use]
    pub fn unavailable(
        &mut self,
        is_broken: bool,
        retry_after: Option<Duration>,
        backoff: (Backoff, f64),
        now: Monotonic,
    ) -> Monotonic {
        let earliest = now + backoff::granted(retry_after);
        if is_broken {
            return earliest;
        }
        let again = self.back_off(retry_after, backoff, now);
        self.unavailable_until = Some(earliest);
        again
    }

    /// Ends a backoff for an unavailable API, because the breaker opened and waits for all
    /// accounts. Returns from when on the account is ready; `None` for any other backoff.
    pub fn breaker_opened(&mut self, now: Monotonic) -> Option<Monotonic> {
        let until = self.unavailable_until.take()?;
        self.in_a_row = 0;
        Some(until.max(now))
    }
}

impl Work {
    /// Makes work without an open record: restored work, or a scheduled recheck.
    #[must_use]
    pub fn without_record(pending: Pending) -> Self {
        Self {
            pending,
            open_offsets: Vec::new(),
            has_new_outcome: false,
            failures: Failures::default(),
            trace: None,
        }
    }

    /// Makes the work of a lookup that no record asks for.
    #[must_use]
    pub fn nothing(trigger: Trigger, since: Timestamp) -> Self {
        Self::without_record(Pending {
            trigger,
            causes: Vec::new(),
            total: 0,
            since,
            lookups: 0,
            project_id: None,
            event_date: None,
            looked_at: None,
            deleted_at: None,
            taken_in: None,
            grace: None,
            lag_recheck_used: false,
            last_lookup: None,
        })
    }

    /// Whether the state record lacks a trigger or the outcome of the last lookup.
    #[must_use]
    pub fn is_unwritten(&self) -> bool {
        self.has_new_outcome || !self.open_offsets.is_empty()
    }

    /// Notes the outcome of a lookup. It alone makes a marker due only where it differs from the
    /// last outcome, and where the undecided work has a record.
    pub(crate) fn note_lookup(&mut self, last: LastLookup) {
        let is_new = last_lookup::outcome(&self.pending) != Some(&last.outcome);
        self.has_new_outcome |= is_new && !self.is_recorded_elsewhere();
        self.pending.last_lookup = Some(last);
    }

    /// Notes that all triggers were written, with this outcome of the last lookup. A lookup that
    /// failed during the commit may have had another outcome since.
    pub(crate) fn was_written(&mut self, outcome: Option<&LastOutcome>) {
        self.open_offsets.clear();
        self.has_new_outcome &= last_lookup::outcome(&self.pending) != outcome;
    }

    /// Whether it survives a restart without a marker: a scheduled recheck is in the account's
    /// state anyway.
    #[must_use]
    pub fn is_recorded_elsewhere(&self) -> bool {
        is_recorded_elsewhere(&self.pending)
    }
}

/// The same for pending work.
#[must_use]
pub fn is_recorded_elsewhere(pending: &Pending) -> bool {
    pending.trigger == Trigger::Recheck && pending.total == 0 && pending.grace.is_none()
}

impl Merge for Work {
    fn merge(&mut self, later: Self) {
        self.trace = later.trace.or(self.trace);
        self.open_offsets.extend(later.open_offsets);
        self.has_new_outcome |= later.has_new_outcome;
        merge_pending(&mut self.pending, later.pending);
    }
}

/// Returns the newest date of a change according to webhooks and looks.
pub(crate) fn newest_date(pending: &Pending) -> Option<Timestamp> {
    pending.event_date.max(pending.looked_at)
}

fn merge_pending(earlier: &mut Pending, later: Pending) {
    // The one recheck for a late answer belongs to the newest event.
    earlier.lag_recheck_used = match newest_date(&later).cmp(&newest_date(earlier)) {
        Ordering::Less => earlier.lag_recheck_used,
        Ordering::Equal => earlier.lag_recheck_used || later.lag_recheck_used,
        Ordering::Greater => later.lag_recheck_used,
    };
    earlier.trigger = earlier.trigger.max(later.trigger);
    earlier.total += later.total;
    earlier.since = earlier.since.min(later.since);
    earlier.lookups = earlier.lookups.max(later.lookups);
    earlier.deleted_at = earlier.deleted_at.max(later.deleted_at);
    earlier.taken_in = consumed_position::and(earlier.taken_in, later.taken_in);
    earlier.project_id = earlier.project_id.take().or(later.project_id);
    earlier.grace = earlier.grace.or(later.grace);
    earlier.event_date = earlier.event_date.max(later.event_date);
    earlier.looked_at = earlier.looked_at.max(later.looked_at);
    earlier.last_lookup = last_lookup::newest(earlier.last_lookup.take(), later.last_lookup);
    earlier.causes.extend(later.causes);
    let surplus = earlier.causes.len().saturating_sub(MAX_CAUSES);
    earlier.causes.drain(..surplus);
}

impl<K: Clone + Eq + Hash + Ord> WorkQueue<K, Work> {
    /// Returns how many records the account's work stands for.
    #[must_use]
    pub fn total(&self, key: &K) -> u64 {
        let works = self
            .work_in_flight(key)
            .into_iter()
            .chain(self.waiting(key));
        works.map(|work| work.pending.total).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn an_open_breaker_waits_for_all_that_found_the_api_unavailable_and_for_no_other() {
        let now = Monotonic::START;
        let mut failures = Failures::default();
        // The longest waits of full jitter: 1 s, 2 s, 4 s.
        let longest = (Backoff::default(), 1.0);
        for wait in [1, 2, 4] {
            let again = failures.unavailable(false, None, longest, now);
            assert_eq!(again, now + wait * SECOND);
        }
        assert_eq!(failures.breaker_opened(now), Some(now));
        assert_eq!(failures.breaker_opened(now), None, "it backs off no more");

        let again = failures.unavailable(true, Some(10 * SECOND), longest, now);
        assert_eq!(again, now + 10 * SECOND, "as the API asks");
        let again = failures.unavailable(true, None, longest, now);
        assert_eq!((again, failures.in_a_row), (now, 0), "the breaker waits");

        let asked = failures.unavailable(false, Some(10 * SECOND), longest, now);
        assert!(asked >= now + 10 * SECOND);
        let mut other = failures;
        assert_eq!(failures.breaker_opened(now), Some(now + 10 * SECOND));
        let rejected = other.back_off(None, longest, now);
        assert_eq!(rejected, now + 2 * SECOND);
        assert_eq!(other.breaker_opened(now), None, "not for that reason");
    }
}
