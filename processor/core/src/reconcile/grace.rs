//! Grace periods: how long an answer that may be too early is doubted, and when to look again.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use stackone_link_schemas::{Grace, GraceKind, Trigger};

use crate::planted::{Fault, planted};

/// How long each grace period lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GracePeriods {
    /// For an account to become active or to appear.
    #[serde(with = "humantime_serde")]
    pub activation_grace: Duration,
    /// For an account said to be deleted to vanish.
    #[serde(with = "humantime_serde")]
    pub delete_grace: Duration,
    /// Before a deleted account that is not active is believed to be gone.
    #[serde(with = "humantime_serde")]
    pub delete_confirm: Duration,
    /// For an account that answers 404 to come back.
    #[serde(with = "humantime_serde")]
    pub vanish_grace: Duration,
    /// Before the one recheck of an answer that is older than its trigger.
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

    /// The grace period after one more answer: the one that runs, if it is of this kind, else a new one.
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

/// Whether the grace period has waited out what it has to.
pub(super) fn is_over(grace: &Grace, now: Timestamp) -> bool {
    // One 404 can be a hiccup of the API however long ago it was: a second one must confirm it.
    let answers_needed = if grace.kind == GraceKind::Vanish {
        2
    } else {
        1
    };
    planted(Fault::GraceCut) || (now >= grace.deadline && grace.answers >= answers_needed)
}

/// When to look again: at 1/16, 1/8, 1/4, 1/2 of the period and at its end, so that what settles early is told early.
///
/// Computed from the period's own dates, so that a restart does not change it.
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

/// `now` and a while.
pub(super) fn later(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}
