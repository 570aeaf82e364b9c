//! A decision: the table's row, after its grace period.

use jiff::Timestamp;
use stackone_client_types::Lookup;
use stackone_link_schemas::{AccountPhase, AccountState, Grace, Pending, Trigger};

use crate::planted::{Fault, planted};
use crate::work::newest_date;

use super::grace::{GracePeriods, is_over, later, next_look};
use super::table::{AfterGrace, Differences, Freshness, LifecycleKind, Row, Seen, SkipReason, row};

/// An account, its triggers and the answer they got.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The confirmed state; none for an account that was never seen.
    pub state: Option<&'a AccountState>,
    /// The triggers that were known when the request was sent.
    pub pending: &'a Pending,
    /// The answer.
    pub answer: &'a Lookup,
    /// When it came.
    pub now: Timestamp,
}

/// What to do about the triggers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Emit a transition.
    Emit(LifecycleKind),
    /// There is nothing to tell.
    Skip(SkipReason),
    /// It is too early to tell: look again.
    Recheck {
        /// When.
        due_at: Timestamp,
        /// The triggers count as this from now on.
        trigger: Trigger,
        /// The grace period that runs.
        grace: Option<Grace>,
        /// Whether the one recheck for a late answer is used up.
        lag_recheck_used: bool,
    },
}

/// Decides.
#[must_use]
pub fn decide(case: &Case<'_>, periods: &GracePeriods) -> Decision {
    let decision = case.settle(case.trigger(), periods);
    match decision {
        Decision::Skip(reason) if reason != SkipReason::StillThere && case.answer_may_lag() => {
            Decision::Recheck {
                due_at: later(case.now, periods.lag_recheck),
                trigger: case.pending.trigger,
                grace: None,
                lag_recheck_used: true,
            }
        }
        Decision::Skip(_) | Decision::Emit(_) | Decision::Recheck { .. } => decision,
    }
}

impl Case<'_> {
    /// What the triggers count as: a deleted webhook that is older than what was confirmed since says nothing of a
    /// deletion.
    #[must_use]
    pub fn trigger(&self) -> Trigger {
        let confirmed = self.state.and_then(|state| state.last_event_date);
        let is_outdated = match (self.pending.deleted_at, confirmed) {
            (Some(deleted), Some(confirmed)) => deleted < confirmed,
            (None, _) | (_, None) => false,
        };
        if is_outdated && self.pending.trigger == Trigger::Deleted {
            Trigger::Webhook
        } else {
            self.pending.trigger
        }
    }

    fn settle(&self, trigger: Trigger, periods: &GracePeriods) -> Decision {
        match self.row(trigger) {
            Row::Emit(kind) => Decision::Emit(kind),
            Row::Skip(reason) => Decision::Skip(reason),
            Row::Await(kind, then) => {
                let grace = periods.answered(self.pending.grace, kind, trigger, self.now);
                if !is_over(&grace, self.now) {
                    let due_at = next_look(&grace, self.now);
                    let lag_recheck_used = self.pending.lag_recheck_used;
                    return Decision::Recheck {
                        due_at,
                        trigger,
                        grace: Some(grace),
                        lag_recheck_used,
                    };
                }
                match then {
                    AfterGrace::Emit(kind) => Decision::Emit(kind),
                    AfterGrace::Skip(reason) => Decision::Skip(reason),
                    AfterGrace::AsWebhook => match self.settle(Trigger::Webhook, periods) {
                        Decision::Skip(_) => Decision::Skip(SkipReason::StillThere),
                        decision @ (Decision::Emit(_) | Decision::Recheck { .. }) => decision,
                    },
                }
            }
        }
    }

    fn row(&self, trigger: Trigger) -> Row {
        let phase = self.state.map_or(AccountPhase::None, |state| state.state);
        let (seen, differences) = match self.answer {
            Lookup::NotFound => (Seen::NotFound, self.differences(None)),
            Lookup::Found(account) => {
                (Seen::from(&account.status), self.differences(Some(account)))
            }
        };
        row(trigger, seen, phase, differences)
    }

    fn differences(&self, account: Option<&stackone_client_types::Account>) -> Differences {
        let confirmed = self.state;
        Differences {
            snapshot: confirmed.and_then(|state| state.account.as_ref())
                != account.map(|account| &account.snapshot),
            status: confirmed.and_then(|state| state.status.as_ref())
                != account.map(|account| &account.status),
            freshness: self.freshness(),
        }
    }

    /// Of the webhooks: a look that was asked for is no sign of a change.
    fn freshness(&self) -> Freshness {
        self.freshness_of(self.pending.event_date)
    }

    fn freshness_of(&self, date: Option<Timestamp>) -> Freshness {
        match (date, self.state.and_then(|state| state.last_event_date)) {
            (None, _) => Freshness::Unknown,
            (Some(date), Some(confirmed)) if date <= confirmed => Freshness::NotNewer,
            (Some(_), _) => Freshness::Newer,
        }
    }

    /// The answer may be older than the event that made us ask, and asking once more is worth it.
    fn answer_may_lag(&self) -> bool {
        self.answer_is_older() && !self.pending.lag_recheck_used
    }

    /// The answer shows the account as it was before the newest event or look that made us ask, of which nothing was decided yet.
    pub(super) fn answer_is_older(&self) -> bool {
        let Lookup::Found(account) = self.answer else {
            return false;
        };
        let newest = newest_date(self.pending);
        let is_older = match (account.snapshot.updated_at, newest) {
            (Some(updated), Some(date)) => updated < date,
            (None, _) | (_, None) => false,
        };
        !planted(Fault::LagRecheckOff) && is_older && self.freshness_of(newest) == Freshness::Newer
    }

    /// The answer shows the account as it was before it was confirmed, whatever made us ask: a copy of a webhook that was
    /// decided may get an answer that is older than the one which decided it.
    pub(super) fn answer_goes_back(&self) -> bool {
        let Lookup::Found(account) = self.answer else {
            return false;
        };
        let confirmed = self.state.and_then(|state| state.account.as_ref());
        let confirmed = confirmed.and_then(|account| account.updated_at);
        let goes_back = match (account.snapshot.updated_at, confirmed) {
            (Some(updated), Some(confirmed)) => updated < confirmed,
            (None, _) | (_, None) => false,
        };
        !planted(Fault::LagRecheckOff) && goes_back
    }
}
