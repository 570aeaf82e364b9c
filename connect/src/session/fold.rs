//! One session: what its own facts make of it.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stackone_link_schemas::{
    AccountId, LinkOutcome, LinkSessionChange, LinkSessionCreated, LinkSessionSettled, TokenMinted,
};
use uuid::Uuid;

use super::before::Before;
use super::standing::Standing;
use crate::account::Account;

/// How often a page may say that it has an account.
pub(crate) const MAX_HINTS: u8 = 5;
/// A token is good for 30 minutes, and its webhook may take some more.
const TOKEN_AND_WEBHOOK: SignedDuration = SignedDuration::from_mins(35);

/// Where a session stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SessionState {
    /// Asked for.
    Created,
    /// The person of a mailed link pressed *Continue*.
    Opened,
    /// StackOne was asked for a session of its own.
    Linking,
    /// StackOne has an account, which is not verified.
    Linked,
    /// The account is confirmed active.
    Verified,
    /// It is not, or nothing changed. A later try may still be verified.
    Failed,
    /// Its time is over.
    Expired,
    /// It was given up.
    Cancelled,
}

impl SessionState {
    /// All there are.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 8] = [
        Self::Created,
        Self::Opened,
        Self::Linking,
        Self::Linked,
        Self::Verified,
        Self::Failed,
        Self::Expired,
        Self::Cancelled,
    ];

    /// Whether nothing follows.
    #[must_use]
    pub(crate) const fn is_final(self) -> bool {
        match self {
            Self::Verified | Self::Expired | Self::Cancelled => true,
            Self::Created | Self::Opened | Self::Linking | Self::Linked | Self::Failed => false,
        }
    }

    /// As it stands in JSON and in metrics.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Opened => "opened",
            Self::Linking => "linking",
            Self::Linked => "linked",
            Self::Verified => "verified",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One session.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Session {
    pub(crate) id: Uuid,
    pub(crate) created: LinkSessionCreated,
    pub(crate) created_at: Timestamp,
    opened: bool,
    /// What was known of the accounts before the first token.
    pub(super) before: Option<Before>,
    minted_at: Vec<Timestamp>,
    pub(crate) hint: Option<Hint>,
    hints: u8,
    /// The time of the hint that was the last one when the session failed: nobody has to look for
    /// it any more.
    pub(crate) answered_at: Option<Timestamp>,
    end: End,
    /// When the last fact was taken in.
    pub(crate) changed_at: Timestamp,
}

/// What a page said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hint {
    pub(crate) account_id: AccountId,
    pub(crate) at: Timestamp,
}

/// How far a session has been decided by its facts.
#[derive(Debug, Clone, PartialEq)]
enum End {
    Open,
    Failed(LinkSessionSettled),
    Verified(LinkSessionSettled),
    Cancelled,
}

impl Session {
    pub(crate) fn new(id: Uuid, created: LinkSessionCreated, at: Timestamp) -> Self {
        Self {
            id,
            created,
            created_at: at,
            opened: false,
            before: None,
            minted_at: Vec::new(),
            hint: None,
            hints: 0,
            answered_at: None,
            end: End::Open,
            changed_at: at,
        }
    }

    /// Takes in a fact that happened `at`. False where it changes nothing: it came too late, or
    /// says again what was said.
    pub(crate) fn apply(&mut self, change: LinkSessionChange, at: Timestamp) -> bool {
        if self.is_over(at) {
            return false;
        }
        let applied = match change {
            LinkSessionChange::Created(_) => false,
            LinkSessionChange::Opened => !std::mem::replace(&mut self.opened, true),
            LinkSessionChange::TokenMinted(minted) => self.mint(minted, at),
            LinkSessionChange::LinkedReported(reported) => self.hint(reported.account_id, at),
            LinkSessionChange::Cancelled => {
                self.end = End::Cancelled;
                true
            }
            LinkSessionChange::Settled(settled) => self.settle(settled),
        };
        if applied {
            self.changed_at = at;
        }
        applied
    }

    fn mint(&mut self, minted: TokenMinted, at: Timestamp) -> bool {
        if at >= self.expires_at() {
            return false;
        }
        self.before.get_or_insert_with(|| Before::of(minted, at));
        self.minted_at.push(at);
        true
    }

    fn hint(&mut self, account_id: AccountId, at: Timestamp) -> bool {
        if self.before.is_none() || self.hints >= MAX_HINTS {
            return false;
        }
        self.hints += 1;
        self.hint = Some(Hint { account_id, at });
        true
    }

    fn settle(&mut self, settled: LinkSessionSettled) -> bool {
        let end = match (settled.outcome, &self.end) {
            (LinkOutcome::Verified, End::Open | End::Failed(_)) if self.before.is_some() => {
                End::Verified(settled)
            }
            (LinkOutcome::Failed, End::Open) => {
                self.answered_at = self.hint.as_ref().map(|hint| hint.at);
                End::Failed(settled)
            }
            (
                LinkOutcome::Verified | LinkOutcome::Failed,
                End::Open | End::Failed(_) | End::Verified(_) | End::Cancelled,
            ) => return false,
        };
        self.end = end;
        true
    }

    /// Where it stands, where its accounts are seen to stand so.
    pub(crate) fn state(&self, standing: &Standing, now: Timestamp) -> SessionState {
        match &self.end {
            End::Verified(_) => SessionState::Verified,
            End::Cancelled => SessionState::Cancelled,
            End::Failed(_) => SessionState::Failed,
            End::Open if now >= self.ends_at() => SessionState::Expired,
            End::Open => match standing {
                Standing::Linked(_) | Standing::Settled(_) => SessionState::Linked,
                Standing::Waiting | Standing::Recovered | Standing::Ambiguous(_) => {
                    match (&self.before, self.opened) {
                        (Some(_), _) => SessionState::Linking,
                        (None, true) => SessionState::Opened,
                        (None, false) => SessionState::Created,
                    }
                }
            },
        }
    }

    /// Until when it may be opened and minted.
    pub(crate) fn expires_at(&self) -> Timestamp {
        later(
            self.created_at,
            SignedDuration::from_secs(i64::from(self.created.expires_in)),
        )
    }

    /// When nothing can come of it any more: a token that was minted last is still good for a
    /// while.
    pub(crate) fn ends_at(&self) -> Timestamp {
        let minted = self.minted_at.last();
        let used = minted.map(|minted| later(*minted, TOKEN_AND_WEBHOOK));
        used.map_or(self.expires_at(), |used| used.max(self.expires_at()))
    }

    /// Whether a fact that happens `at` comes too late.
    pub(crate) fn is_over(&self, at: Timestamp) -> bool {
        matches!(self.end, End::Verified(_) | End::Cancelled) || at >= self.ends_at()
    }

    /// Whether a token may be minted, or a link opened.
    pub(crate) fn may_mint(&self, now: Timestamp) -> bool {
        !self.is_over(now) && now < self.expires_at()
    }

    pub(crate) fn settled(&self) -> Option<&LinkSessionSettled> {
        match &self.end {
            End::Failed(settled) | End::Verified(settled) => Some(settled),
            End::Open | End::Cancelled => None,
        }
    }

    pub(crate) fn is_verified(&self) -> bool {
        matches!(self.end, End::Verified(_))
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        matches!(self.end, End::Cancelled)
    }

    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.end, End::Failed(_))
    }

    /// Whether a page may say once more that it has an account.
    pub(crate) fn may_hint(&self) -> bool {
        self.hints < MAX_HINTS
    }

    pub(crate) fn is_relink(&self) -> bool {
        self.created.account_id.is_some()
    }

    /// Whether something was confirmed of the account after the first token.
    pub(super) fn has_moved(&self, account: &Account) -> bool {
        let before = self.before.as_ref();
        before.is_some_and(|before| before.has_moved(account))
    }

    /// What this session was verified by, where both are for new accounts and `other` knew nothing
    /// of it at its first token.
    pub(super) fn settled_beside(&self, other: &Self) -> Option<&LinkSessionSettled> {
        let are_two = self.id != other.id && !self.is_relink() && !other.is_relink();
        let settled = self.settled().filter(|_| are_two && self.is_verified())?;
        let is_unknown = match &other.before {
            Some(before) => before.was_before(settled, self.final_since()),
            None => settled.version > Some(0),
        };
        is_unknown.then_some(settled)
    }

    /// When it became final.
    pub(super) fn final_since(&self) -> Timestamp {
        self.changed_at.max(self.created_at)
    }

    /// Tokens minted after `since`.
    pub(crate) fn minted_since(&self, since: Timestamp) -> usize {
        self.minted_at.iter().filter(|at| **at > since).count()
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
