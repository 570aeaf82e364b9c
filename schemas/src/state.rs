//! The confirmed state of each account, on the compacted state topic.

mod last_lookup;
mod parse;
mod view;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use last_lookup::{LastLookup, LastOutcome};
pub use view::{AccountStateView, AccountView};

use crate::{AccountId, AccountSnapshot, AccountStatus, Cause, StatusReason};

/// Where an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountPhase {
    /// Nothing was confirmed yet.
    None,
    /// Confirmed active.
    Active,
    /// Was active, is not now.
    Degraded,
    /// Was never active since it appeared.
    Failed,
    /// Gone.
    Unlinked,
}

/// The last confirmed state of an account, and what is still being confirmed. The record's key is
/// the account id.
///
/// A subscriber that starts afresh reads this topic to its end, then follows the lifecycle topic,
/// and takes an event only if its `version` is greater than the one read here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccountState {
    /// The account. It is the record's key and `ce_subject`, too.
    /// From `LinkedAccount.id`.
    ///
    /// Example: `"GnQoASvosYhE5wJcmmAQs"`
    pub account_id: AccountId,
    /// The project whose API key got a 200 for this account; absent until one did.
    /// From the processor's configuration, `projects[].id`.
    ///
    /// Example: `"acmeinc-27270"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// Where the account stands.
    /// From the processor.
    ///
    /// Example: `"degraded"`
    pub state: AccountPhase,
    /// Version of the last transition; 0 before the first.
    /// From the processor.
    ///
    /// Example: `3`
    pub version: u64,
    /// The last confirmed status.
    /// From `LinkedAccount.status`.
    ///
    /// Example: `"error"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<AccountStatus>,
    /// Why the account has its status, in StackOne's words. From `LinkedAccount.status_reasons`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub status_reasons: Vec<StatusReason>,
    /// The account as last confirmed. Absent once it is unlinked.
    /// From `LinkedAccount`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountSnapshot>,
    /// When the last transition was confirmed.
    /// From the processor's clock.
    ///
    /// Example: `"2026-03-06T02:00:11.204Z"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Timestamp>,
    /// The newest `event_date` among the triggers that were decided so far, looks that were asked
    /// for among them. From the webhooks' `event_date`, and `AccountLook`'s.
    ///
    /// Example: `"2026-03-06T02:00:10.5Z"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_event_date: Option<Timestamp>,
    /// The newest record of the account events topic that is accounted for in this state.
    /// From Kafka.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_in: Option<TakenIn>,
    /// The work that is undecided. From the processor: its bookkeeping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
    /// When an account is looked up again that is degraded or failed, or whose last event came from
    /// an answer that may be older than its webhook. From the processor: its bookkeeping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recheck: Option<Recheck>,
    /// When an account began to answer 404 that was unlinked for that alone, no webhook having said
    /// that it was deleted. From the processor: its bookkeeping, which the unlink guard counts for
    /// an hour; absent where an operator released it.
    ///
    /// Example: `"2026-03-09T10:55:30.98Z"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vanished_at: Option<Timestamp>,
    /// Members that this version does not know: kept, so that an older processor does not destroy
    /// what a newer one wrote. From the processor of a later version.
    ///
    /// Example: `{"added_later":true}`
    #[serde(flatten)]
    #[schemars(skip)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

/// Coordinates of a record, with its timestamp because a topic that is made again starts at offset
/// 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TakenIn {
    /// Partition of the account events topic.
    /// From Kafka.
    ///
    /// Example: `7`
    pub partition: i32,
    /// Offset in that partition.
    /// From Kafka.
    ///
    /// Example: `1502`
    pub offset: i64,
    /// Greatest timestamp of the records taken in, milliseconds since the epoch.
    /// From Kafka (KIP-32).
    ///
    /// Example: `1772762410877`
    pub timestamp_ms: i64,
}

/// What makes the processor look at an account. Merged triggers count as the strongest of them.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// A scheduled recheck, or a resync.
    Recheck,
    /// Any account webhook but a deleted one.
    Webhook,
    /// A webhook that says the account was deleted.
    Deleted,
}

/// Triggers of an account that are not decided yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pending {
    /// The strongest of the triggers.
    /// From the processor.
    ///
    /// Example: `"webhook"`
    pub trigger: Trigger,
    /// The newest triggers, at most 16.
    /// From the records of the account events topic.
    #[serde(default)]
    pub causes: Vec<Cause>,
    /// How many triggers there are in all.
    /// From the processor.
    ///
    /// Example: `1`
    pub total: u64,
    /// When the first of them was taken in.
    /// From the processor's clock.
    ///
    /// Example: `"2026-03-08T14:22:09.67Z"`
    pub since: Timestamp,
    /// Lookups made for them so far.
    /// From the processor.
    ///
    /// Example: `2`
    #[serde(default)]
    pub lookups: u32,
    /// The project that the triggers name.
    /// From the webhook's `project_id`.
    ///
    /// Example: `"acmeinc-27270"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// The newest `event_date` among them.
    /// From the webhooks' `event_date`.
    ///
    /// Example: `"2026-03-08T14:22:09.31Z"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_date: Option<Timestamp>,
    /// When the account is believed to have changed, at the newest of the looks that were asked for
    /// among them. It says nothing of the webhooks: one that comes a second time beside a look is
    /// none that is newer.
    /// From `AccountLook`, `event_date`.
    ///
    /// Example: `"2026-03-08T14:22:09.9Z"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<Timestamp>,
    /// The newest `event_date` among those that say the account was deleted.
    /// From the webhooks' `event_date`.
    ///
    /// Example: `"2026-03-08T14:22:09.31Z"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// The newest of their records: what is replayed up to here was accounted for. Absent where
    /// none is a record. From Kafka.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_in: Option<TakenIn>,
    /// The grace period that runs, if one does.
    /// From the processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace: Option<Grace>,
    /// Whether the one recheck for an answer older than its trigger was used.
    /// From the processor.
    ///
    /// Example: `false`
    #[serde(default)]
    pub lag_recheck_used: bool,
    /// The result of the last lookup for them. Absent before the first. From the processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_lookup: Option<LastLookup>,
}

/// What a grace period waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraceKind {
    /// For an account to become active, or to appear in the API.
    Activation,
    /// For an account said to be deleted to vanish from the API.
    Delete,
    /// For the one confirmation that a deleted account is not active.
    DeleteConfirm,
    /// For an account that answers 404 with no deleted webhook to come back.
    Vanish,
}

/// A grace period. Its deadline is wall-clock time: neither a restart nor a later trigger extends
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Grace {
    /// What it waits for.
    /// From the processor.
    ///
    /// Example: `"activation"`
    pub kind: GraceKind,
    /// The trigger that began it.
    /// From the processor.
    ///
    /// Example: `"webhook"`
    pub trigger: Trigger,
    /// When it began.
    /// From the processor's clock.
    ///
    /// Example: `"2026-03-08T14:22:09.802Z"`
    pub since: Timestamp,
    /// When it ends. It expires only on an answer.
    /// From the processor's clock and configuration.
    ///
    /// Example: `"2026-03-08T14:22:39.802Z"`
    pub deadline: Timestamp,
    /// Answers of the kind it waits out, the first one included.
    /// From the processor.
    ///
    /// Example: `2`
    pub answers: u32,
    /// When an operator said that the account may be unlinked although many vanished with it.
    /// From the operator's `pipeline.unlinks.released`.
    ///
    /// Example: `"2026-03-08T15:00:00Z"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<Timestamp>,
}

/// When an account is looked at again without a webhook: on a schedule where it is degraded or
/// failed, once where it is active or unlinked and its last event was told by an answer that may be
/// older than its webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recheck {
    /// How many rechecks were made.
    /// From the processor.
    ///
    /// Example: `1`
    pub step: u32,
    /// When the next one is due.
    /// From the processor's clock and configuration.
    ///
    /// Example: `"2026-03-06T02:05:11.204Z"`
    pub due_at: Timestamp,
}
