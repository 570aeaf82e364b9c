//! What has to be told of an account: the decision table, written down a second time from the
//! design alone.
//!
//! It speaks of settled moments. While an account's truth stands still, grace periods, rechecks,
//! faults and restarts change when something is told, never what. What stays open is which triggers
//! one answer decides, so the reference gives every sequence that some merging of consecutive
//! triggers allows.

use jiff::Timestamp;
use stackone_link_schemas::{AccountPhase, AccountStatus, LifecycleType};

/// What makes the processor look, the strongest last: merged triggers count as the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sort {
    /// R
    Recheck,
    /// W
    Webhook,
    /// D
    Deleted,
}

/// A reason to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trigger {
    pub(crate) sort: Sort,
    /// When it happened; not later than it was received.
    pub(crate) date: Option<Timestamp>,
    /// Its record, where it has one.
    pub(crate) offset: Option<i64>,
    /// A look that was asked for: its date makes no webhook newer.
    pub(crate) is_look: bool,
}

impl Trigger {
    /// R without a record: scheduled, or because a list did not name the account.
    pub(crate) const RECHECK: Self = Self {
        sort: Sort::Recheck,
        date: None,
        offset: None,
        is_look: false,
    };
}

/// What the API shows of an account that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Truth {
    pub(crate) status: AccountStatus,
    pub(crate) updated_at: Timestamp,
    pub(crate) label: Option<String>,
}

/// What was last confirmed of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) phase: AccountPhase,
    pub(crate) truth: Option<Truth>,
    /// The newest date among the triggers that were decided.
    pub(crate) newest: Option<Timestamp>,
}

/// An account nobody has heard of.
pub(crate) const NOTHING: Known = Known {
    phase: AccountPhase::None,
    truth: None,
    newest: None,
};

/// A transition that is due, and the records it is due to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) kind: LifecycleType,
    pub(crate) causes: Vec<i64>,
}

/// One way in which it may be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) told: Vec<Told>,
    pub(crate) known: Known,
}

/// Every way in which `triggers`, in this order, may be told while `truth` stands. With `rechecks`,
/// the account may also be looked at in between without a trigger of its own.
pub(crate) fn outcomes(
    known: &Known,
    truth: Option<&Truth>,
    triggers: &[Trigger],
    rechecks: bool,
) -> Vec<Outcome> {
    let mut all = Vec::new();
    if triggers.is_empty() {
        let (told, known) = (Vec::new(), known.clone());
        all.push(Outcome { told, known });
    }
    for length in 1..=triggers.len() {
        let (merged, rest) = triggers.split_at(length);
        all.extend(after(known, truth, merged, rest, rechecks));
    }
    if rechecks && row(Sort::Recheck, false, truth, known).is_some() {
        let recheck = [Trigger::RECHECK];
        all.extend(after(known, truth, &recheck, triggers, rechecks));
    }
    let mut different = Vec::new();
    for outcome in all {
        if !different.contains(&outcome) {
            different.push(outcome);
        }
    }
    different
}

/// The ways on which the first answer decides `merged`, and later ones `rest`.
fn after(
    known: &Known,
    truth: Option<&Truth>,
    merged: &[Trigger],
    rest: &[Trigger],
    rechecks: bool,
) -> Vec<Outcome> {
    let (told, known) = decide(known, truth, merged);
    let mut outcomes = outcomes(&known, truth, rest, rechecks);
    for outcome in &mut outcomes {
        outcome.told.splice(0..0, told.clone());
    }
    outcomes
}

/// What one answer tells.
fn decide(known: &Known, truth: Option<&Truth>, merged: &[Trigger]) -> (Option<Told>, Known) {
    let date_of = |sort| {
        let dated = merged.iter().filter(|trigger| trigger.sort >= sort);
        dated.filter_map(|trigger| trigger.date).max()
    };
    let webhooks = merged.iter().filter(|trigger| !trigger.is_look);
    let said = webhooks.filter_map(|trigger| trigger.date).max();
    let is_newer = said > known.newest;
    // A deleted webhook counts as W that is older than the last confirmed cause, or than a webhook
    // which came with it to an account that is unlinked.
    let said = said.filter(|_| known.phase == AccountPhase::Unlinked);
    let strongest = merged.iter().map(|trigger| trigger.sort).max();
    let sort = match strongest.unwrap_or(Sort::Recheck) {
        Sort::Deleted if date_of(Sort::Deleted) < known.newest.max(said) => Sort::Webhook,
        sort @ (Sort::Recheck | Sort::Webhook | Sort::Deleted) => sort,
    };
    let kind = row(sort, is_newer, truth, known);
    let newest = date_of(Sort::Recheck).max(known.newest);
    let Some(kind) = kind else {
        // Of an account that never showed itself nothing is remembered.
        let is_known = known.phase != AccountPhase::None;
        let newest = newest.filter(|_| is_known);
        return (
            None,
            Known {
                newest,
                ..known.clone()
            },
        );
    };
    let known = Known {
        phase: phase_after(&kind),
        truth: truth.cloned(),
        newest,
    };
    let causes = merged.iter().filter_map(|trigger| trigger.offset).collect();
    (Some(Told { kind, causes }), known)
}

/// What the table's columns know of the API's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    Active,
    /// error, expired, suspended
    Troubled,
    /// archived, inactive, any other value
    Retired,
    Gone,
}

fn says(truth: Option<&Truth>) -> Says {
    match truth.map(|truth| truth.status.as_str()) {
        None => Says::Gone,
        Some("active") => Says::Active,
        Some("error" | "expired" | "suspended") => Says::Troubled,
        Some(_) => Says::Retired,
    }
}

/// The table, with every grace period over.
fn row(sort: Sort, is_newer: bool, truth: Option<&Truth>, known: &Known) -> Option<LifecycleType> {
    use AccountPhase as Is;
    use LifecycleType as Tell;
    use Says::{Active, Gone, Retired, Troubled};
    use Sort::{Deleted as D, Recheck as R, Webhook as W};
    let has_changed = truth != known.truth.as_ref();
    let was = known.truth.as_ref().map(|truth| &truth.status);
    let is_another_status = truth.map(|truth| &truth.status) != was;
    match (sort, says(truth), known.phase) {
        (D, Gone | Troubled | Retired, Is::Unlinked) => None,
        (D, Gone | Retired, _) => Some(Tell::Unlinked),
        (D, Active | Troubled, _) => row(W, is_newer, truth, known),
        (W | R, Active, Is::None | Is::Failed | Is::Unlinked) => Some(Tell::Linked),
        (W, Active, Is::Active) => (has_changed || is_newer).then_some(Tell::Refreshed),
        (R, Active, Is::Active) => has_changed.then_some(Tell::Refreshed),
        (W | R, Active, Is::Degraded) => Some(Tell::Recovered),
        (W | R, Troubled | Retired, Is::Active) => Some(Tell::Degraded),
        (W | R, Troubled | Retired, Is::None) => Some(Tell::LinkFailed),
        (W, Troubled | Retired, Is::Unlinked) => Some(Tell::LinkFailed),
        (R, Troubled | Retired, Is::Unlinked) => None,
        (W | R, Troubled | Retired, Is::Degraded) => is_another_status.then_some(Tell::Degraded),
        (W | R, Troubled | Retired, Is::Failed) => is_another_status.then_some(Tell::LinkFailed),
        (W | R, Gone, Is::None | Is::Unlinked) => None,
        (W | R, Gone, Is::Active | Is::Degraded | Is::Failed) => Some(Tell::Unlinked),
    }
}

/// Where an account stands after a transition.
pub(crate) fn phase_after(kind: &LifecycleType) -> AccountPhase {
    match kind {
        LifecycleType::Linked | LifecycleType::Refreshed | LifecycleType::Recovered => {
            AccountPhase::Active
        }
        LifecycleType::Degraded => AccountPhase::Degraded,
        LifecycleType::LinkFailed => AccountPhase::Failed,
        LifecycleType::Unlinked => AccountPhase::Unlinked,
        LifecycleType::Other(_) => AccountPhase::None,
    }
}
