//! Decides how many accounts one request asks for. Pure.
//!
//! A list filtered by account ids costs one request, whatever it shows. So where many accounts wait
//! for the budget, they are asked for together. StackOne documents only part of how its lists
//! behave (`OpenAPI`: the parameters and the two shapes), so nothing depends on the rest: an
//! account that a list shows counts as looked up, and an account that it does not show is asked for
//! alone. After a list that behaves in an unexpected way, requests ask for fewer accounts, or for
//! one, during [`LIMITED_FOR`].

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

/// How long a project's requests ask for fewer accounts after an anomaly.
pub const LIMITED_FOR: Duration = Duration::from_secs(10 * 60);
/// How long every account is asked for alone after a list left accounts out: much longer than the
/// single lookup takes that shows why.
const UNEXPLAINED_FOR: Duration = Duration::from_secs(60);
/// This many batches must fail in a row, each after a single lookup was answered, before batches
/// are taken to be the reason. Fewer may be an API that fails now and then.
const STRIKES: u32 = 5;

/// Settings of batch lookups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchSettings {
    /// A batch needs more ready accounts of a project than this.
    pub threshold: usize,
    /// The most accounts in one request; 1 switches batches off.
    pub max_ids: usize,
}

/// How many accounts a request of one project may ask for, by how its lists behaved.
#[derive(Debug, Clone)]
pub struct Batching {
    settings: BatchSettings,
    /// After an anomaly: the most accounts in one request, and until when.
    limit: Option<(usize, Monotonic)>,
    /// The last list that left accounts out: how many accounts it showed, and how many were asked
    /// for.
    short: (usize, usize),
    /// Until when a single lookup may still show why a list left accounts out.
    unexplained_until: Option<Monotonic>,
    refused_at: Option<Monotonic>,
    /// Whether a single lookup was answered since a batch last failed.
    alone_is_answered: bool,
    strikes: u32,
}

impl Batching {
    /// Starts with the full size that the settings allow.
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

    /// Returns how many accounts the next request asks for; 1 is a single lookup. `count_ready`
    /// counts the ready accounts, up to the limit it is given.
    pub fn size(&self, now: Monotonic, count_ready: impl FnOnce(usize) -> usize) -> usize {
        let most = self.most(now);
        let is_open = self.unexplained_until.is_some_and(|until| now < until);
        let threshold = self.settings.threshold;
        if most < 2 || is_open || count_ready(threshold.saturating_add(1)) <= threshold {
            return 1;
        }
        most
    }

    /// Notes that a list came. Returns an anomaly where it is new.
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

    /// Notes that a batch failed. `key_accepted_since` says whether a probe with the same key was
    /// accepted since a time.
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

    /// Notes that a single lookup was answered. `was_left_out` says whether a list had not shown
    /// the account.
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

    /// Returns how many accounts must be ready for the largest request that is allowed now.
    #[must_use]
    pub fn appetite(&self, now: Monotonic) -> usize {
        let most = self.most(now);
        if most < 2 {
            return 1;
        }
        most.max(self.settings.threshold.saturating_add(1))
    }

    /// Returns the most accounts that one request may ask for now.
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

/// Whether two accounts may share a batch of `size`. Only accounts that a list may show can, and
/// scheduled rechecks only with each other, since another part of the budget pays for them.
#[must_use]
pub fn can_batch(first: &Work, other: &Work, size: usize) -> bool {
    may_be_listed(first, size)
        && may_be_listed(other, size)
        && first.is_recorded_elsewhere() == other.is_recorded_elsewhere()
}

/// A list never proves that an account is gone, so an account that probably is would need a single
/// lookup anyway. An account that a list left out may share a smaller batch: the list may only be
/// capped.
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
