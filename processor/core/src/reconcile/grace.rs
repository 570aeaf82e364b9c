//! Grace periods: how long an answer that may come too early is doubted, and when the account is
//! looked up again.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use stackone_link_schemas::{Grace, GraceKind, Trigger};

use crate::planted::{Fault, planted};

/// The length of each grace period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GracePeriods {
    /// How long a new account may take to appear or to become active.
    #[serde(with = "humantime_serde")]
    pub activation_grace: Duration,
    /// How long an account may take to vanish after a deleted webhook.
    #[serde(with = "humantime_serde")]
    pub delete_grace: Duration,
    /// How long a deleted account that is not active is doubted before it counts as gone.
    #[serde(with = "humantime_serde")]
    pub delete_confirm: Duration,
    /// How long an account that answers 404 may take to come back.
    #[serde(with = "humantime_serde")]
    pub vanish_grace: Duration,
    /// The wait before the one recheck of an answer that is older than its trigger.
    #[serde(with = "humantime_serde")]
    pub lag_recheck: Duration,
}

impl Default for GracePeriods {
    fn default() -> Self {
        Self {
            activation_grace: Duration::from_secs(30),
            delete_grace: Duration::from_secs(120),
            delete_confirm: Duration::from_secs(10),
            vanish_grace: Duration::from_secs(600),
            lag_recheck: Duration::from_secs(5),
        }
    }
}

impl GracePeriods {
    const fn of(&self, kind: GraceKind) -> Duration {
        match kind {
            GraceKind::Activation => self.activation_grace,
            GraceKind::Delete => self.delete_grace,
            GraceKind::DeleteConfirm => self.delete_confirm,
            GraceKind::Vanish => self.vanish_grace,
        }
    }

    /// Counts an answer in the running grace period, or starts a new one where none of this kind
    /// runs.
    pub(super) fn answered(
        &self,
        running: Option<Grace>,
        kind: GraceKind,
        trigger: Trigger,
        now: Timestamp,
    ) -> Grace {
        match running {
            Some(grace) if grace.kind == kind => Grace {
                answers: grace.answers.saturating_add(1),
                ..grace
            },
            Some(_) | None => Grace {
                kind,
                trigger,
                since: now,
                deadline: later(now, self.of(kind)),
                answers: 1,
                released_at: None,
            },
        }
    }
}

/// Whether the grace period is over.
pub(super) fn is_over(grace: &Grace, now: Timestamp) -> bool {
    // A 404 can be a hiccup of the API, however long ago it was, so a second one must confirm it.
    let answers_needed = if grace.kind == GraceKind::Vanish {
        2
    } else {
        1
    };
    planted(Fault::GraceCut) || (now >= grace.deadline && grace.answers >= answers_needed)
}

/// Returns when to look again: after 1/16, 1/8, 1/4, 1/2 and the whole of the period, so that an
/// account that settles early is reported early.
///
/// Computed from the dates of the period, so that a restart changes nothing.
#[must_use]
pub fn next_look(grace: &Grace, now: Timestamp) -> Timestamp {
    let length = grace.deadline.duration_since(grace.since);
    if grace.kind != GraceKind::DeleteConfirm {
        for fraction in [16, 8, 4, 2] {
            let look = grace
                .since
                .saturating_add(length / fraction)
                .unwrap_or(grace.deadline);
            if look > now {
                return look;
            }
        }
    }
    if grace.deadline > now {
        grace.deadline
    } else {
        later(now, Duration::from_secs(5))
    }
}

/// Returns `now` plus a wait.
pub(super) fn later(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}
