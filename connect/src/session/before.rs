//! What was known of a tenant's accounts before a session's first token.

use std::collections::BTreeMap;

use jiff::Timestamp;
use stackone_link_schemas::{AccountId, LinkSessionSettled, TokenMinted};

use crate::account::Account;

/// The accounts as they were.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Before {
    at: Timestamp,
    versions: BTreeMap<AccountId, u64>,
    /// Where not all accounts are listed: what was confirmed of another one later came after.
    unlisted_since: Option<Timestamp>,
}

impl Before {
    pub(super) fn of(minted: TokenMinted, at: Timestamp) -> Self {
        // A release that does not say until when had nothing but the log's clock.
        let since = minted.unlisted_confirmed_at.unwrap_or(at);
        Self {
            at,
            versions: minted.versions,
            unlisted_since: minted.is_partial.then_some(since),
        }
    }

    /// Whether something was confirmed of the account since.
    pub(super) fn has_moved(&self, account: &Account) -> bool {
        match (self.versions.get(&account.id), self.unlisted_since) {
            (Some(version), _) => account.version > *version,
            // Both are by the processor's clock.
            (None, Some(since)) => account
                .confirmed_at
                .is_some_and(|at| Timestamp::from(at) > since),
            (None, None) => account.version > 0,
        }
    }

    /// Whether it was before what another session was settled by at that time.
    pub(super) fn was_before(&self, settled: &LinkSessionSettled, settled_at: Timestamp) -> bool {
        match (self.versions.get(&settled.account_id), self.unlisted_since) {
            (Some(version), _) => settled.version > Some(*version),
            // Both are by the log's clock.
            (None, Some(_)) => settled_at > self.at,
            (None, None) => settled.version > Some(0),
        }
    }
}
