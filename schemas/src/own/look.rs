//! A request to look at an account where no webhook came, on the account events topic beside the
//! webhooks.
//!
//! It is the pipeline's own: subscribers need not know it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AccountId;
use crate::open_enum::open_enum;

/// `ce_type` of an [`AccountLook`].
pub const ACCOUNT_LOOK_TYPE: &str = "pipeline.account.look";

/// Somebody has reason to believe that an account has changed. The record's key is the account id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountLook {
    /// The account.
    /// From the Hub, or from the request to delete it.
    ///
    /// Example: `"GnQoASvosYhE5wJcmmAQs"`
    pub account_id: AccountId,
    /// The configured project whose API key is to be used; `null` where a single project serves
    /// everything. From `stackone-connect`'s configuration, `projects[].id`.
    ///
    /// Example: `"acmeinc-27270"`
    pub project_id: Option<String>,
    /// Why it is to be looked at.
    /// From `stackone-connect`.
    ///
    /// Example: `"linked"`
    pub because: LookReason,
    /// When it is believed to have changed, so that the webhook which follows is not taken for
    /// another change. From Kafka: the time of the fact; else from `stackone-connect`'s clock.
    ///
    /// Example: `"2026-03-04T09:12:44.102Z"`
    pub event_date: Timestamp,
}

open_enum! {
    /// Why an account is to be looked at.
    pub enum LookReason {
        /// A page said that it was linked.
        Linked = "linked",
        /// It was deleted at StackOne.
        Disconnected = "disconnected",
        /// An operator wants to know.
        Operator = "operator",
    }
}
