//! Decides by the table's row and its grace period.

use jiff::Timestamp;
use stackone_client_types::Lookup;
use stackone_link_schemas::{AccountPhase, AccountState, Grace, Pending, Trigger};

use crate::planted::{Fault, planted};
use crate::work::newest_date;

use super::grace::{GracePeriods, is_over, later, next_look};
use super::table::{AfterGrace, Differences, Freshness, LifecycleKind, Row, Seen, SkipReason, row};

/// The input of a decision: an account, its triggers, and the answer of their lookup.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The confirmed state; `None` for a new account.
    pub state: Option<&'a AccountState>,
    /// The triggers that were known when the lookup was sent.
    pub pending: &'a Pending,
    /// The answer of the lookup.
    pub answer: &'a Lookup,
    /// When the answer came.
    pub now: Timestamp,
}

/// What a decision does with the triggers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A transition is emitted.
    Emit(LifecycleKind),
    /// Nothing is emitted.
    Skip(SkipReason),
    /// The account is looked up again, because it is too early to decide.
    Recheck {
        /// When the account is looked up again.
        due_at: Timestamp,
        /// The kind as which the triggers count from now on.
        trigger: Trigger,
        /// The grace period that is running.
        grace: Option<Grace>,
        /// Whether the one recheck for a late answer was made.
        lag_recheck_used: bool,
    },
}

/// Decides a case.
#[must_use]
pub fn decide(case: &Case<'_>, periods: &GracePeriods) -> Decision {
    let decision = case.settle(case.trigger(), periods);
    match decision {
        Decision::Skip(reason) if case.answer_may_lag() && case.is_worth_another(reason) => {
            // A deletion that was doubted to the end is not doubted again.
            let trigger = if reason == SkipReason::StillThere {
                Trigger::Webhook
            } else {
                case.pending.trigger
            };
            Decision::Recheck {
                due_at: later(case.now, periods.lag_recheck),
                trigger,
                grace: None,
                lag_recheck_used: true,
            }
        }
        Decision::Skip(_) | Decision::Emit(_) | Decision::Recheck { .. } => decision,
    }
}

impl Case<'_> {
    /// Returns the kind as which the triggers count. A deleted webhook that is older than a
    /// confirmation since then says nothing about a deletion, nor does one of an account that is
    /// unlinked already, where a newer webhook came with it. The look that follows an unlink by a
    /// 404 counts as the newer webhook that asked for it.
    #[must_use]
    pub fn trigger(&self) -> Trigger {
        if self.pending.trigger == Trigger::Recheck && self.is_look_after_unlink() {
            return Trigger::Webhook;
        }
        let said_since = match self.state {
            Some(state) if state.state == AccountPhase::Unlinked => {
                state.last_event_date.max(self.pending.event_date)
            }
            Some(state) => state.last_event_date,
            None => None,
        };
        let is_outdated = match (self.pending.deleted_at, said_since) {
            (Some(deleted), Some(since)) => deleted < since,
            (None, _) | (_, None) => false,
        };
        if is_outdated && self.pending.trigger == Trigger::Deleted {
            Trigger::Webhook
        } else {
            self.pending.trigger
        }
    }

    /// Whether the look is due that [`super::apply`] has made after an unlink by a 404, and of
    /// which a webhook knew more. A state that was unlinked by another status keeps that.
    fn is_look_after_unlink(&self) -> bool {
        self.state.is_some_and(|state| {
            let is_due = state.recheck.is_some_and(|look| look.due_at <= self.now);
            state.state == AccountPhase::Unlinked && state.status.is_none() && is_due
        })
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

    /// Compares the dates of webhooks only: a look says nothing about a change.
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

    /// Whether something newer than the deletion came, for which the deletion's answers were not
    /// doubted.
    pub(super) fn is_newer_than_deletion(&self) -> bool {
        newest_date(self.pending) > self.pending.deleted_at
    }

    fn is_worth_another(&self, reason: SkipReason) -> bool {
        reason != SkipReason::StillThere || self.is_newer_than_deletion()
    }

    /// Whether the answer may be older than the newest event, and another lookup could show that.
    fn answer_may_lag(&self) -> bool {
        self.answer_is_older() && !self.pending.lag_recheck_used
    }

    /// Whether the answer shows the account as it was before the newest event or look, of which
    /// nothing was decided.
    pub(super) fn answer_is_older(&self) -> bool {
        let newest = newest_date(self.pending);
        let is_older = match (self.shown_of(), newest) {
            (Some(shown), Some(date)) => shown < date,
            (None, _) | (_, None) => false,
        };
        !planted(Fault::LagRecheckOff) && is_older && self.freshness_of(newest) == Freshness::Newer
    }

    /// The date of what the answer shows. A 404 has none of its own, but it may be of a deletion
    /// after which the account was linked anew. Else it says what 404s have said since the grace
    /// period began, of which a webhook that came meanwhile knows more.
    fn shown_of(&self) -> Option<Timestamp> {
        match self.answer {
            Lookup::Found(account) => account.snapshot.updated_at,
            Lookup::NotFound if self.trigger() == Trigger::Deleted => self.pending.deleted_at,
            Lookup::NotFound => self.pending.grace.map(|grace| grace.since),
        }
    }

    /// Whether the answer shows the account as it was before its confirmation, whatever the trigger
    /// was. A copy of a webhook that was decided may get an older answer than the webhook itself
    /// got, and a webhook that comes late one from before the unlink.
    pub(super) fn answer_goes_back(&self) -> bool {
        let Lookup::Found(account) = self.answer else {
            return false;
        };
        let confirmed = self.state.and_then(|state| match &state.account {
            Some(account) => account.updated_at,
            None => state.last_event_date,
        });
        let goes_back = match (account.snapshot.updated_at, confirmed) {
            (Some(updated), Some(confirmed)) => updated < confirmed,
            (None, _) | (_, None) => false,
        };
        !planted(Fault::LagRecheckOff) && goes_back
    }
}
