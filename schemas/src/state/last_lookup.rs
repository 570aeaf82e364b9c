//! The last lookup of an account whose triggers are undecided.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AccountStatus;
use crate::open_enum::open_enum;

open_enum! {
    /// What a lookup came to: the words of the metric `stackone_processor_lookups_total`.
    pub enum LastOutcome {
        /// The accounts API showed the account.
        Found = "found",
        /// StackOne's own 404.
        NotFound = "not_found",
        /// 429: the project is not asked for a while.
        RateLimited = "rate_limited",
        /// 408, 5xx, a timeout or a failed connection: the account backs off.
        Unavailable = "unavailable",
        /// 401 or 403: the API key is refused.
        Refused = "refused",
        /// Another 4xx.
        Rejected = "rejected",
        /// A 200 that is not the account.
        Unreadable = "unreadable",
    }
}

/// The last lookup of an account whose triggers are not decided yet. Written with states that are
/// written anyway, and alone only when its outcome is another: `at` may be that of an earlier
/// lookup with the same outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LastLookup {
    /// When its answer came, or was given up.
    /// From the processor's clock.
    ///
    /// Example: `"2026-03-08T14:22:24.802Z"`
    pub at: Timestamp,
    /// What it came to.
    /// From the processor.
    ///
    /// Example: `"found"`
    pub outcome: LastOutcome,
    /// The account's status, where it was found.
    /// From `LinkedAccount.status`.
    ///
    /// Example: `"inactive"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<AccountStatus>,
    /// The status of the answer, where the key was refused or the request was rejected.
    /// From the processor: the HTTP status that the accounts API answered.
    ///
    /// Example: `403`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u32>,
}
