//! An account as the state topic last confirmed it, as far as connect needs it.

mod about;
mod moment;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use stackone_link_schemas::{AccountId, AccountPhase, AccountStateView, AccountStatus};

use crate::tenant_key::TenantKey;
pub(crate) use about::About;
pub(crate) use moment::Moment;

/// One account of a tenant. There may be a million: what it has is kept in little room.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Account {
    pub(crate) id: AccountId,
    /// Its tenant; `None` for an account that was unlinked before its owner was known.
    pub(crate) owner: Option<Arc<TenantKey>>,
    pub(crate) version: u64,
    pub(crate) phase: AccountPhase,
    pub(crate) health: Health,
    /// The partition and offset up to which the account events topic was consumed for this state.
    pub(crate) taken_in: Option<(i32, i64)>,
    pub(crate) confirmed_at: Option<Moment>,
    /// Texts from StackOne; nothing once unlinked.
    pub(crate) about: Option<Box<About>>,
}

/// What a tenant has to do about an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Health {
    /// It works.
    Ok,
    /// The provider refuses: somebody has to sign in again.
    NeedsReauth,
    /// Paused by hand in StackOne: no reason to sign in again.
    Paused,
    /// Being looked at.
    Verifying,
    /// StackOne says something that has no meaning here.
    Unknown,
}

impl Account {
    /// The account of a record of the state topic, without its owner.
    pub(crate) fn of(state: AccountStateView<'_>) -> Self {
        let is_pending = state.pending.is_some();
        let health = Health::of(state.state, state.status.as_ref(), is_pending);
        let reasons = state.status_reasons;
        let about = state.account;
        let about = about.map(|account| Box::new(About::of(&account, reasons)));
        let taken_in = state.taken_in;
        Self {
            id: state.account_id,
            owner: None,
            version: state.version,
            phase: state.state,
            health,
            taken_in: taken_in.map(|taken| (taken.partition, taken.offset)),
            confirmed_at: state.confirmed_at.map(Moment::from),
            about,
        }
    }

    pub(crate) fn provider(&self) -> Option<&str> {
        self.about.as_ref()?.provider()
    }

    pub(crate) fn label(&self) -> Option<&str> {
        self.about.as_ref()?.label()
    }

    pub(crate) fn is_active(&self) -> bool {
        self.phase == AccountPhase::Active
    }

    /// Whether it was confirmed once, and is not gone.
    pub(crate) fn is_listed(&self) -> bool {
        self.version > 0 && self.phase != AccountPhase::Unlinked
    }

    /// Whether the record at this place of the account events topic is accounted for.
    pub(crate) fn has_consumed(&self, partition: i32, offset: i64) -> bool {
        self.taken_in
            .is_some_and(|(of, until)| of == partition && until >= offset)
    }
}

impl Health {
    /// Returns what a tenant has to do about an account, from its phase, StackOne's status and
    /// whether a lookup is pending.
    pub(crate) fn of(
        phase: AccountPhase,
        status: Option<&AccountStatus>,
        is_pending: bool,
    ) -> Self {
        match (phase, status) {
            (AccountPhase::Active, _) => Self::Ok,
            (AccountPhase::None | AccountPhase::Unlinked, _) | (_, Some(AccountStatus::Active)) => {
                Self::Verifying
            }
            (_, Some(AccountStatus::Error | AccountStatus::Expired)) => Self::NeedsReauth,
            (_, Some(AccountStatus::Suspended)) => Self::Paused,
            (
                _,
                Some(AccountStatus::Inactive | AccountStatus::Archived | AccountStatus::Other(_))
                | None,
            ) => match is_pending {
                true => Self::Verifying,
                false => Self::Unknown,
            },
        }
    }

    /// Our sentence for a tenant; the provider's words are for service callers.
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::Ok => "The connection works.",
            Self::NeedsReauth => "The provider refuses the sign-in. Sign in again to repair it.",
            Self::Paused => "The connection was paused. Nobody has to sign in again.",
            Self::Verifying => "The connection is being checked.",
            Self::Unknown => "The state of the connection is not known.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_person_can_repair_asks_for_a_new_sign_in() {
        let health =
            |phase, status: &str, is_pending| Health::of(phase, Some(&status.into()), is_pending);
        use AccountPhase::{Active, Degraded, Failed};
        assert_eq!(health(Active, "active", true), Health::Ok);
        assert_eq!(health(Degraded, "error", false), Health::NeedsReauth);
        assert_eq!(health(Failed, "expired", true), Health::NeedsReauth);
        assert_eq!(health(Degraded, "suspended", false), Health::Paused);
        assert_eq!(health(Degraded, "archived", true), Health::Verifying);
        assert_eq!(health(Degraded, "hibernating", false), Health::Unknown);
    }
}
