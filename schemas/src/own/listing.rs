//! Trigger records of a resync, on the account events topic beside the webhooks. They differ by
//! `ce_type`.
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
    /// From the processor.
    ///
    /// Example: `"0192e1c4-5a7e-7b1c-8f5e-2f6d3c1b0a99"`
    pub run: Uuid,
    /// The configured project whose API key listed it; `null` where a single project serves
    /// everything. From the processor's configuration, `projects[].id`.
    ///
    /// Example: `"acmeinc-27270"`
    pub project_id: Option<String>,
    /// The account.
    /// From `LinkedAccount.id`.
    ///
    /// Example: `"GnQoASvosYhE5wJcmmAQs"`
    pub account_id: AccountId,
    /// Its status in the list.
    /// From `LinkedAccount.status`.
    ///
    /// Example: `"active"`
    pub status: AccountStatus,
    /// When StackOne last changed it, according to the list; `null` where that cannot be read.
    /// From `LinkedAccount.updated_at`.
    ///
    /// Example: `"2026-03-04T09:12:43.991Z"`
    pub updated_at: Option<Timestamp>,
}

/// A run begins or, where the list is known to be complete, has ended. Sent to every partition,
/// without a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListingMarker {
    /// The run that begins or has ended.
    /// From the processor.
    ///
    /// Example: `"0192e1c4-5a7e-7b1c-8f5e-2f6d3c1b0a99"`
    pub run: Uuid,
    /// The configured project whose accounts are listed; `null` where a single project serves
    /// everything. From the processor's configuration, `projects[].id`.
    ///
    /// Example: `"acmeinc-27270"`
    pub project_id: Option<String>,
    /// When the first page was asked for. An account confirmed later than that need not be in the
    /// list. From the processor's clock.
    ///
    /// Example: `"2026-03-04T10:00:00Z"`
    pub started_at: Timestamp,
    /// Whether every account was listed that there is; else the run begins.
    /// From the processor.
    ///
    /// Example: `true`
    pub is_complete: bool,
}
