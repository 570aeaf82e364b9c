//! The transitions of accounts, which subscribers read.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::open_enum::open_enum;
use crate::{AccountId, AccountSnapshot, AccountStatus, StatusReason, envelope};

/// Most causes that a record names; [`AccountLifecycleEvent::caused_by_total`] counts them all.
pub const MAX_CAUSES: usize = 16;

open_enum! {
    /// What happened to an account, as confirmed by the accounts API.
    pub enum LifecycleType {
        /// The account is active, and was not known, had failed or had been unlinked before.
        Linked = "account.linked",
        /// The account is still active; what StackOne says of it, or its credentials, changed.
        Refreshed = "account.refreshed",
        /// The account was active and is not any more, or is inactive for another reason than
        /// before.
        Degraded = "account.degraded",
        /// The account is active again.
        Recovered = "account.recovered",
        /// The account appeared and did not become active within the grace period.
        LinkFailed = "account.link_failed",
        /// The account is gone.
        Unlinked = "account.unlinked",
    }
}

/// One transition of one account. Emitted exactly once for `read_committed` readers, in order per
/// account.
///
/// The record's key is the account id; its `ce_type` is `type`, its `ce_id` is `id`. Every member
/// is written; a member without a value is `null`. (Within `account` and `status_reasons` such
/// members are left out.)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountLifecycleEvent {
    /// `UUIDv5` of project, account and version: the same however often the transition is computed.
    /// It is the `ce_id`, too. From the processor.
    ///
    /// Example: `"a848c5ad-d26b-5373-9c07-859cf01fb261"`
    pub id: Uuid,
    /// What happened. It is the `ce_type`, too.
    /// From the processor.
    ///
    /// Example: `"account.degraded"`
    #[serde(rename = "type")]
    pub event_type: LifecycleType,
    /// The account. It is the record's key and `ce_subject`, too.
    /// From `LinkedAccount.id`.
    ///
    /// Example: `"GnQoASvosYhE5wJcmmAQs"`
    pub account_id: AccountId,
    /// The StackOne project whose API key sees the account; `null` where the only project is
    /// configured without an id. From the processor's configuration, `projects[].id`.
    ///
    /// Example: `"acmeinc-27270"`
    pub project_id: Option<String>,
    /// Starts at 1 and rises by one with every transition of the account; never reused, also not
    /// after an unlink. Take a record only if its version is greater than the one you have.
    /// From the processor.
    ///
    /// Example: `3`
    #[schemars(range(min = 1))]
    pub version: u64,
    /// The account as the accounts API showed it; for `account.unlinked` as it was last confirmed.
    /// `null` only where an account was unlinked that had never been confirmed.
    /// From `LinkedAccount`.
    pub account: Option<AccountSnapshot>,
    /// The status at the accounts API; `null` where it answered that there is no such account.
    /// From `LinkedAccount.status`.
    ///
    /// Example: `"error"`
    pub status: Option<AccountStatus>,
    /// Why the account has its status, in StackOne's words. From `LinkedAccount.status_reasons`.
    #[serde(default)]
    pub status_reasons: Vec<StatusReason>,
    /// The status that was confirmed before; `null` for an account's first transition.
    /// From `LinkedAccount.status`, of that time.
    ///
    /// Example: `"active"`
    pub previous_status: Option<AccountStatus>,
    /// When the accounts API gave the answer that decided. It is the `ce_time`, too.
    /// From the processor's clock.
    ///
    /// Example: `"2026-03-06T02:00:11.204Z"`
    pub confirmed_at: Timestamp,
    /// How often the accounts API was asked before this was decided.
    /// From the processor.
    ///
    /// Example: `2`
    pub lookups: u32,
    /// The newest triggers, at most 16, that were known when the deciding request was sent.
    /// From the records of the account events topic.
    #[serde(default)]
    pub caused_by: Vec<Cause>,
    /// How many triggers there were in all, also those that are not in `caused_by`. 0 for a
    /// transition found by a scheduled recheck alone. From the processor.
    ///
    /// Example: `1`
    #[serde(default)]
    pub caused_by_total: u64,
}

impl AccountLifecycleEvent {
    /// Returns the id of an account's event with the version `version`.
    #[must_use]
    pub fn id_of(project_id: Option<&str>, account_id: &AccountId, version: u64) -> Uuid {
        envelope::lifecycle_event_id(project_id, account_id.as_str(), version)
    }
}

/// A record that led to a lookup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cause {
    /// `ce_id` of the record; `null` where it had none that can be read.
    /// From the header `ce_id` (CloudEvents 1.0, `id`).
    ///
    /// Example: `"2a5636db-db04-5cd5-ae71-0be390412a5d"`
    pub event_id: Option<Uuid>,
    /// `ce_type` of the record, for instance `account.created`.
    /// From the webhook's `event`, verbatim, where the record is one.
    ///
    /// Example: `"account.updated"`
    #[serde(rename = "type")]
    pub event_type: String,
    /// When StackOne says it happened; `null` where it does not say so in a readable way.
    /// From the webhook's `event_date`.
    ///
    /// Example: `"2026-03-06T02:00:10.5Z"`
    pub event_date: Option<Timestamp>,
    /// When `ingest` received it; `null` for the pipeline's own trigger records. From ingest, in
    /// the header `stackone_received_at`.
    ///
    /// Example: `"2026-03-06T02:00:10.877Z"`
    pub received_at: Option<Timestamp>,
    /// Topic of the record.
    /// From Kafka.
    ///
    /// Example: `"stackone.account.events.v1"`
    pub topic: String,
    /// Partition of the record.
    /// From Kafka.
    ///
    /// Example: `7`
    pub partition: i32,
    /// Offset of the record.
    /// From Kafka.
    ///
    /// Example: `1502`
    pub offset: i64,
}
