//! Batch lookups: how many accounts are asked for at once. Pure.
//!
//! A list filtered by account ids costs one request whatever it shows, so where many accounts wait for the budget they are
//! asked for together. How StackOne's lists behave is documented in part only (`OpenAPI`: the parameters and the two
//! shapes), so nothing rests on it: what a list shows of an account is taken as a lookup's answer, and what it does not
//! show says nothing, the account is asked for alone. A list that behaves in an unexpected way is asked for fewer, or for
//! none, during [`LIMITED_FOR`].

mod anomaly;
mod reading;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stackone_client_types::{ApiError, Lookup};
use stackone_link_schemas::{GraceKind, Trigger};

use crate::time::Monotonic;
use crate::work::Work;

pub use anomaly::BatchAnomaly;
pub use reading::{Asked, Reading, read};

/// How long a list that behaves oddly is not trusted with as many accounts.
pub const LIMITED_FOR: Duration = Duration::from_secs(10 * 60);
/// How long nothing is asked together while it is open why a list did not show an account: much longer than the lookup
/// takes that tells.
const UNEXPLAINED_FOR: Duration = Duration::from_secs(60);
/// Batches in a row that fail, each after single lookups were answered, before it is taken to be about the batches and not
/// about an API that fails now and then.
const STRIKES: u32 = 5;

/// When accounts are asked for together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchSettings {
    /// More accounts of a project than this have to be ready.
    pub threshold: usize,
    /// Most accounts in one request; 1 for never more.
    pub max_ids: usize,
}

/// What one project's lists are trusted with.
#[derive(Debug, Clone)]
pub struct Batching {
    settings: BatchSettings,
    /// At most so many accounts at once, until then.
    limit: Option<(usize, Monotonic)>,
    /// The last list that left accounts out: how many it showed, of how many.
    short: (usize, usize),
    /// Until when it is open why.
    unexplained_until: Option<Monotonic>,
    refused_at: Option<Monotonic>,
    /// Whether a single lookup was answered since a list last failed.
    alone_is_answered: bool,
    strikes: u32,
}

impl Batching {
    /// Lists are trusted until they behave oddly.
    #[must_use]
    pub const fn new(settings: BatchSettings) -> Self {
        Self {
            settings,
            limit: None,
            short: (0, 0),
            unexplained_until: None,
            refused_at: None,
            alone_is_answered: false,
            strikes: 0,
        }
    }

    /// How many accounts are asked for at once, 1 for a single lookup. `count_ready` counts those that are ready, up to a
    /// limit.
    pub fn size(&self, now: Monotonic, count_ready: impl FnOnce(usize) -> usize) -> usize {
        let most = self.most(now);
        let is_open = self.unexplained_until.is_some_and(|until| now < until);
        let threshold = self.settings.threshold;
        if most < 2 || is_open || count_ready(threshold.saturating_add(1)) <= threshold {
            return 1;
        }
        most
    }

    /// A list came. Says what is odd about it, where that is news.
    pub fn listed(&mut self, reading: &Reading, now: Monotonic) -> Option<BatchAnomaly> {
        self.strikes = 0;
        self.refused_at = None;
        if !reading.missing.is_empty() {
            let shown = reading.shown.len();
            self.short = (shown, shown + reading.missing.len());
            self.unexplained_until = Some(now + UNEXPLAINED_FOR);
        }
        self.limited(1, reading.odd?, now)
    }

    /// A list did not come. `key_accepted_since` says whether a probe with the same key was accepted since a time.
    pub fn failed(
        &mut self,
        error: &ApiError,
        now: Monotonic,
        key_accepted_since: impl FnOnce(Monotonic) -> bool,
    ) -> Option<BatchAnomaly> {
        let odd = match error {
            ApiError::RateLimited { .. } => return None,
            ApiError::Rejected { status } => BatchAnomaly::Rejected { status: *status },
            ApiError::Unreadable { .. } => BatchAnomaly::Unreadable,
            ApiError::Refused { .. } => {
                let before = self.refused_at.replace(now);
                if !before.is_some_and(key_accepted_since) {
                    return None;
                }
                BatchAnomaly::Refused
            }
            ApiError::Unavailable { .. } => {
                self.strikes += u32::from(std::mem::take(&mut self.alone_is_answered));
                if self.strikes < STRIKES {
                    return None;
                }
                self.strikes = 0;
                BatchAnomaly::Unavailable
            }
        };
        self.limited(1, odd, now)
    }

    /// A single lookup was answered; `was_left_out` says whether a list had not shown the account.
    pub fn answered_alone(
        &mut self,
        lookup: &Lookup,
        was_left_out: bool,
        now: Monotonic,
    ) -> Option<BatchAnomaly> {
        self.alone_is_answered = true;
        if !was_left_out {
            return None;
        }
        self.unexplained_until = None;
        match lookup {
            Lookup::NotFound => None,
            Lookup::Found(_) => {
                let (shown, asked) = self.short;
                self.limited(shown.max(1), BatchAnomaly::Hidden { shown, asked }, now)
            }
        }
    }

    /// How many accounts have to be ready for as many to be asked for at once as may be.
    #[must_use]
    pub fn appetite(&self, now: Monotonic) -> usize {
        let most = self.most(now);
        if most < 2 {
            return 1;
        }
        most.max(self.settings.threshold.saturating_add(1))
    }

    /// Most accounts that are asked for at once.
    #[must_use]
    pub fn most(&self, now: Monotonic) -> usize {
        let limit = self.limit.filter(|(_, until)| now < *until);
        limit.map_or(self.settings.max_ids, |(most, _)| {
            most.min(self.settings.max_ids)
        })
    }

    fn limited(&mut self, most: usize, why: BatchAnomaly, now: Monotonic) -> Option<BatchAnomaly> {
        let is_news = most < self.most(now);
        if is_news {
            self.limit = Some((most, now + LIMITED_FOR));
        }
        is_news.then_some(why)
    }
}

/// Whether two accounts may be asked for together, in a batch of `size`: only those that a list may show, and scheduled
/// rechecks only with each other, since they are paid for otherwise.
#[must_use]
pub fn can_batch(first: &Work, other: &Work, size: usize) -> bool {
    may_be_listed(first, size)
        && may_be_listed(other, size)
        && first.is_recorded_elsewhere() == other.is_recorded_elsewhere()
}

/// A list never says that an account is gone, so one that probably is would be asked for alone after all. One that was
/// left out may have been only because the list is capped.
fn may_be_listed(work: &Work, size: usize) -> bool {
    let may_be_gone = match work.pending.grace.map(|grace| grace.kind) {
        Some(GraceKind::Vanish | GraceKind::Delete | GraceKind::DeleteConfirm) => true,
        Some(GraceKind::Activation) | None => work.pending.trigger == Trigger::Deleted,
    };
    let left_out_of = work.failures.left_out_of;
    !may_be_gone && left_out_of.is_none_or(|left_out_of| size < left_out_of)
}

#[cfg(test)]
mod tests;
