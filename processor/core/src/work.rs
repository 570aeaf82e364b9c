//! What the work queue holds for an account: its undecided triggers and what was tried for them.

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

/// An account, by the partition its triggers come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountKey {
    /// Partition of the account events topic, and of the state topic.
    pub partition: i32,
    /// The account.
    pub id: AccountId,
}

/// The undecided triggers of an account.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    /// What is written to the state topic while it is undecided.
    pub pending: Pending,
    /// Offsets of the triggers that hold back the commit: neither decided nor written as pending.
    pub open_offsets: Vec<i64>,
    /// The last lookup came to something else than the state record says.
    pub(crate) has_new_outcome: bool,
    /// What failed so far.
    pub failures: Failures,
    /// The trace of the newest trigger that has one.
    pub trace: Option<TraceContext>,
}

/// Lookups that gave no answer, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Failures {
    /// In a row, whatever the kind: for the backoff.
    pub in_a_row: u32,
    /// While it backs off because the API is unavailable: when it may be looked up at the earliest, should the breaker take
    /// over the waiting.
    pub unavailable_until: Option<Monotonic>,
    /// A 4xx that waiting does not mend.
    pub rejected: u32,
    /// A 200 that is not the account.
    pub unreadable: u32,
    /// When the first unreadable answer came.
    pub first_unreadable: Option<Monotonic>,
    /// A batch of so many accounts did not show this one, so that it is asked for alone, or in a smaller one.
    pub left_out_of: Option<usize>,
    /// When the key was last refused for this account.
    pub refused_at: Option<Monotonic>,
}

impl Failures {
    /// A lookup failed: when the next is sent.
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

    /// The API was unavailable: when the next lookup is sent. While the breaker is open the account only goes to the end of
    /// the line, for then the breaker waits for all of them, and there is always one to try the API with.
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

    /// The breaker opened and waits for all accounts: one that backs off because the API is unavailable need not do so any
    /// longer. From when on it is ready; none for another one.
    pub fn breaker_opened(&mut self, now: Monotonic) -> Option<Monotonic> {
        let until = self.unavailable_until.take()?;
        self.in_a_row = 0;
        Some(until.max(now))
    }
}

impl Work {
    /// Work that holds back no commit: what was restored, or a scheduled recheck.
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

    /// A look at an account that nothing but us asks for.
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

    /// Whether its state record lacks something of it: a trigger, or what the last lookup came to.
    #[must_use]
    pub fn is_unwritten(&self) -> bool {
        self.has_new_outcome || !self.open_offsets.is_empty()
    }

    /// A lookup came to something. It is written down alone only where that is another outcome than the last one, and where
    /// there is a record of what is undecided.
    pub(crate) fn note_lookup(&mut self, last: LastLookup) {
        let is_new = last_lookup::outcome(&self.pending) != Some(&last.outcome);
        self.has_new_outcome |= is_new && !self.is_recorded_elsewhere();
        self.pending.last_lookup = Some(last);
    }

    /// All of its triggers were written, and that its last lookup came to this. A lookup that failed while they were being
    /// committed may have come to something else since.
    pub(crate) fn was_written(&mut self, outcome: Option<&LastOutcome>) {
        self.open_offsets.clear();
        self.has_new_outcome &= last_lookup::outcome(&self.pending) != outcome;
    }

    /// Whether it must survive a restart: a scheduled recheck alone is in the account's state anyway.
    #[must_use]
    pub fn is_recorded_elsewhere(&self) -> bool {
        is_recorded_elsewhere(&self.pending)
    }
}

/// The same of what is pending.
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

/// When the account changed at last, as far as webhooks and looks say.
pub(crate) fn newest_date(pending: &Pending) -> Option<Timestamp> {
    pending.event_date.max(pending.looked_at)
}

fn merge_pending(earlier: &mut Pending, later: Pending) {
    // The one recheck for a late answer is that of the newest event.
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
    /// How many records an account's work stands for.
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
        // Full jitter at its longest: 1 s, 2 s, 4 s.
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
