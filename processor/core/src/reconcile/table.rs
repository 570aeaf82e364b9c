//! The decision table: trigger × status at the API × confirmed phase → what to do.

use stackone_link_schemas::{AccountPhase, AccountStatus, GraceKind, LifecycleType, Trigger};

/// The status of an account at the API, as far as decisions depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// `active`.
    Active,
    /// `error`, `expired` or `suspended`: not active, and no form that a deleted account could
    /// take.
    Troubled,
    /// `inactive`, `archived` or an unknown value: not active, and perhaps the form of a deleted
    /// account.
    Retired,
    /// A 404.
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

/// How the newest webhook's `event_date` compares with the newest date that was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// The webhook is newer.
    Newer,
    /// The webhook is as old or older.
    NotNewer,
    /// One of the dates is missing.
    Unknown,
}

/// The content of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// Emit a transition.
    Emit(LifecycleKind),
    /// Emit nothing.
    Skip(SkipReason),
    /// Look again until the grace period is over, and only then believe the answer.
    Await(GraceKind, AfterGrace),
}

/// What follows the end of a grace period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterGrace {
    /// Emit a transition.
    Emit(LifecycleKind),
    /// Emit nothing.
    Skip(SkipReason),
    /// Decide as for a webhook that reports no deletion.
    AsWebhook,
}

/// Why a trigger led to no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    /// The account is as it was confirmed.
    Unchanged,
    /// The webhook is not newer than the confirmation.
    Duplicate,
    /// A deleted webhook came, but the account exists unchanged.
    StillThere,
    /// The account never appeared in the API.
    Vanished,
    /// The record was taken in before.
    Replayed,
    /// The record is no trigger: it marks a resync, or releases held unlinks.
    Marker,
}

impl SkipReason {
    /// Returns the reason as a metric's label and a log's field.
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

/// The lifecycle types that the table emits. This enum is closed, while [`LifecycleType`] is open
/// for readers.
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
    /// Returns the type as the event has it.
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

    /// Returns the phase of the account after the event.
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

/// The other conditions of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Differences {
    /// Whether the snapshot differs from the confirmed one.
    pub snapshot: bool,
    /// Whether the status differs from the confirmed one.
    pub status: bool,
    /// How the date of the trigger compares.
    pub freshness: Freshness,
}

/// Returns the row for a combination. Every combination has exactly one row.
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
        // Two rows of the design meet here; docs/decision-table.md, "Open combinations", tells them
        // apart.
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
