//! The record by which an operator releases held unlinks, on the account events topic. It differs
//! by `ce_type`.
//!
//! It is the pipeline's own: subscribers need not know it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `ce_type` of an [`UnlinksReleased`].
pub const UNLINKS_RELEASED_TYPE: &str = "pipeline.unlinks.released";

/// Accounts of a project that vanished are really gone. Sent to every partition, without a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnlinksReleased {
    /// The configured project; `null` where a single project without an id serves everything.
    /// From the operator's command.
    ///
    /// Example: `"acmeinc-27270"`
    pub project_id: Option<String>,
    /// When it was said. Accounts that vanish later are not meant.
    /// From the clock of the operator's command.
    ///
    /// Example: `"2026-03-08T15:00:00Z"`
    pub released_at: Timestamp,
}
