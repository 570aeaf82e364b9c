//! The table: trigger × what the API says × where the account stands → what to do.

use stackone_link_schemas::{AccountPhase, AccountStatus, GraceKind, LifecycleType, Trigger};

/// What the API says of an account, as far as decisions depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// `active`.
    Active,
    /// `error`, `expired` or `suspended`: not active, and not a way in which a deleted account could show itself.
    Troubled,
    /// `inactive`, `archived` or a value that is not known: not active, and perhaps how a deleted account looks.
    Retired,
    /// There is no such account.
    NotFound,
}

impl From<&AccountStatus> for Seen {
    fn from(status: &AccountStatus) -> Self {
        match status {
            AccountStatus::Active => Self::Active,
            AccountStatus::Error | AccountStatus::Expired | AccountStatus::Suspended => {
                Self::Troubled
            }
            AccountStatus::Inactive | AccountStatus::Archived | AccountStatus::Other(_) => {
                Self::Retired
            }
        }
    }
}

/// How the newest webhook's `event_date` compares with the newest date that was decided before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// It is newer.
    Newer,
    /// It is not.
    NotNewer,
    /// There is no date.
    Unknown,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// Emit a transition.
    Emit(LifecycleKind),
    /// There is nothing to tell.
    Skip(SkipReason),
    /// Look again until a grace period is over, and only then believe it.
    Await(GraceKind, AfterGrace),
}

/// What to do when a grace period is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterGrace {
    /// Emit a transition.
    Emit(LifecycleKind),
    /// There is nothing to tell.
    Skip(SkipReason),
    /// Decide as for a webhook that says nothing of a deletion.
    AsWebhook,
}

/// Why a trigger led to no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    /// The account is as it was confirmed.
    Unchanged,
    /// The webhook is no newer than what was confirmed.
    Duplicate,
    /// An account said to be deleted is still there, and as it was.
    StillThere,
    /// The account never showed itself in the API.
    Vanished,
    /// The record was accounted for before.
    Replayed,
    /// The record is no trigger: a resync begins or has ended, or an operator let held unlinks go.
    Marker,
}

impl SkipReason {
    /// The reason as metric label and log field.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Duplicate => "duplicate",
            Self::StillThere => "still_there",
            Self::Vanished => "vanished",
            Self::Replayed => "replayed",
            Self::Marker => "marker",
        }
    }
}

/// The lifecycle types as the table emits them: closed, where [`LifecycleType`] is open for readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LifecycleKind {
    /// See [`LifecycleType::Linked`].
    Linked,
    /// See [`LifecycleType::Refreshed`].
    Refreshed,
    /// See [`LifecycleType::Degraded`].
    Degraded,
    /// See [`LifecycleType::Recovered`].
    Recovered,
    /// See [`LifecycleType::LinkFailed`].
    LinkFailed,
    /// See [`LifecycleType::Unlinked`].
    Unlinked,
}

impl LifecycleKind {
    /// The contract's type.
    #[must_use]
    pub const fn event_type(self) -> LifecycleType {
        match self {
            Self::Linked => LifecycleType::Linked,
            Self::Refreshed => LifecycleType::Refreshed,
            Self::Degraded => LifecycleType::Degraded,
            Self::Recovered => LifecycleType::Recovered,
            Self::LinkFailed => LifecycleType::LinkFailed,
            Self::Unlinked => LifecycleType::Unlinked,
        }
    }

    /// Where the account stands after it.
    #[must_use]
    pub const fn phase(self) -> AccountPhase {
        match self {
            Self::Linked | Self::Refreshed | Self::Recovered => AccountPhase::Active,
            Self::Degraded => AccountPhase::Degraded,
            Self::LinkFailed => AccountPhase::Failed,
            Self::Unlinked => AccountPhase::Unlinked,
        }
    }
}

/// What else a row depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Differences {
    /// The snapshot is another than the confirmed one.
    pub snapshot: bool,
    /// The status is another than the confirmed one.
    pub status: bool,
    /// How new the trigger is.
    pub freshness: Freshness,
}

/// The row for a combination. Every combination has exactly one.
#[must_use]
pub fn row(trigger: Trigger, seen: Seen, phase: AccountPhase, differences: Differences) -> Row {
    match trigger {
        Trigger::Deleted => deleted(seen, phase),
        Trigger::Webhook | Trigger::Recheck => match seen {
            Seen::Active => active(trigger, phase, differences),
            Seen::Troubled | Seen::Retired => not_active(trigger, phase, differences),
            Seen::NotFound => not_found(trigger, phase),
        },
    }
}

fn deleted(seen: Seen, phase: AccountPhase) -> Row {
    match (seen, phase) {
        // The two rows of the design that meet here are told apart in docs/decision-table.md, "Open combinations".
        (Seen::NotFound | Seen::Troubled | Seen::Retired, AccountPhase::Unlinked) => {
            Row::Skip(SkipReason::Unchanged)
        }
        (Seen::NotFound, _) => Row::Emit(LifecycleKind::Unlinked),
        (Seen::Active | Seen::Troubled, _) => Row::Await(GraceKind::Delete, AfterGrace::AsWebhook),
        (Seen::Retired, _) => Row::Await(
            GraceKind::DeleteConfirm,
            AfterGrace::Emit(LifecycleKind::Unlinked),
        ),
    }
}

fn active(trigger: Trigger, phase: AccountPhase, differences: Differences) -> Row {
    match phase {
        AccountPhase::None | AccountPhase::Failed | AccountPhase::Unlinked => {
            Row::Emit(LifecycleKind::Linked)
        }
        AccountPhase::Degraded => Row::Emit(LifecycleKind::Recovered),
        AccountPhase::Active if differences.snapshot => Row::Emit(LifecycleKind::Refreshed),
        AccountPhase::Active => match (trigger, differences.freshness) {
            (Trigger::Webhook | Trigger::Deleted, Freshness::Newer) => {
                Row::Emit(LifecycleKind::Refreshed)
            }
            (Trigger::Webhook | Trigger::Deleted, Freshness::NotNewer) => {
                Row::Skip(SkipReason::Duplicate)
            }
            (Trigger::Webhook | Trigger::Deleted, Freshness::Unknown) | (Trigger::Recheck, _) => {
                Row::Skip(SkipReason::Unchanged)
            }
        },
    }
}

fn not_active(trigger: Trigger, phase: AccountPhase, differences: Differences) -> Row {
    match phase {
        AccountPhase::Active => Row::Emit(LifecycleKind::Degraded),
        AccountPhase::Degraded if differences.status => Row::Emit(LifecycleKind::Degraded),
        AccountPhase::Failed if differences.status => Row::Emit(LifecycleKind::LinkFailed),
        AccountPhase::Degraded | AccountPhase::Failed => Row::Skip(SkipReason::Unchanged),
        AccountPhase::Unlinked if trigger == Trigger::Recheck => Row::Skip(SkipReason::Unchanged),
        AccountPhase::None | AccountPhase::Unlinked => Row::Await(
            GraceKind::Activation,
            AfterGrace::Emit(LifecycleKind::LinkFailed),
        ),
    }
}

fn not_found(trigger: Trigger, phase: AccountPhase) -> Row {
    match phase {
        AccountPhase::Unlinked if trigger == Trigger::Recheck => Row::Skip(SkipReason::Unchanged),
        AccountPhase::None | AccountPhase::Unlinked => Row::Await(
            GraceKind::Activation,
            AfterGrace::Skip(SkipReason::Vanished),
        ),
        AccountPhase::Active | AccountPhase::Degraded | AccountPhase::Failed => {
            Row::Await(GraceKind::Vanish, AfterGrace::Emit(LifecycleKind::Unlinked))
        }
    }
}
