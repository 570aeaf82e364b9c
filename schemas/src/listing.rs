//! Trigger records of a resync, on the account events topic beside the webhooks: told apart by `ce_type`.
//!
//! They are the pipeline's own: subscribers need not know them.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AccountId, AccountStatus};

/// `ce_type` of an [`AccountListed`].
pub const ACCOUNT_LISTED_TYPE: &str = "pipeline.account.listed";
/// `ce_type` of a [`ListingMarker`].
pub const LISTING_MARKER_TYPE: &str = "pipeline.account.listing";

/// The accounts API listed an account. The record's key is the account id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountListed {
    /// The run it belongs to.
    pub run: Uuid,
    /// The configured project whose API key listed it; absent where a single project serves everything.
    pub project_id: Option<String>,
    /// The account.
    pub account_id: AccountId,
    /// Its status in the list.
    pub status: AccountStatus,
    /// When StackOne last changed it, according to the list.
    pub updated_at: Option<Timestamp>,
}

/// A run begins or, where the list is known to be complete, has ended. Sent to every partition, without a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListingMarker {
    /// The run.
    pub run: Uuid,
    /// See [`AccountListed::project_id`].
    pub project_id: Option<String>,
    /// When the first page was asked for. An account confirmed later than that need not be in the list.
    pub started_at: Timestamp,
    /// Whether every account was listed that there is; else the run begins.
    pub is_complete: bool,
}
