//! How a link session ends.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AccountId;
use crate::open_enum::open_enum;

/// How a session was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LinkSessionSettled {
    /// Verified or failed.
    /// From `stackone-connect`.
    ///
    /// Example: `"verified"`
    pub outcome: LinkOutcome,
    /// The account by which it was decided.
    /// From the state topic; where there is no such account, from the Hub.
    ///
    /// Example: `"GnQoASvosYhE5wJcmmAQs"`
    pub account_id: AccountId,
    /// That account's version.
    /// From the state topic.
    ///
    /// Example: `1`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Why, where it failed.
    /// From `stackone-connect`.
    ///
    /// Example: `["nothing_saved"]`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<LinkReason>,
}

/// Whether an account was linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkOutcome {
    /// The account is confirmed active.
    Verified,
    /// It is not, or nothing changed. A later try may still be verified.
    Failed,
}

open_enum! {
    /// Why nothing was linked.
    pub enum LinkReason {
        /// The connection still works; the new sign-in was not saved.
        NothingSaved = "nothing_saved",
        /// The provider still refuses.
        StillRefused = "still_refused",
        /// The account was unlinked meanwhile.
        AccountGone = "account_gone",
        /// StackOne does not know the account that the page named.
        NotFound = "not_found",
    }
}
