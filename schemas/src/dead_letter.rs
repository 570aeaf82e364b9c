//! Why a record became a dead letter, and which dead letters were put back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::open_enum::open_enum;

/// `ce_type` of a [`DeadLettersRedriven`].
pub const DEAD_LETTERS_REDRIVEN_TYPE: &str = "pipeline.dead_letters.redriven";

/// Dead letters of a partition that no redrive has to look at again. It is written to the same
/// partition, in the transaction that puts them back. It has no key and none of a dead letter's
/// headers; readers of dead letters skip it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLettersRedriven {
    /// The partition of the letters and of this record. From Kafka.
    ///
    /// Example: `7`
    pub partition: i32,
    /// The offsets of the letters: the first and the last of each range, ascending. From Kafka.
    ///
    /// Example: `[[3,5],[9,9]]`
    pub offsets: Vec<(i64, i64)>,
}

open_enum! {
    /// Why a record could not be used, in the header `stackone_dead_letter_reason`.
    pub enum DeadLetterReason {
        /// The record is no account event we can read.
        MalformedEvent = "malformed_event",
        /// The event names a project for which no API key is configured.
        UnknownProject = "unknown_project",
        /// The event names another project than the one whose API key got a 200 for this account.
        ProjectMismatch = "project_mismatch",
        /// The accounts API refused the lookup for good (a 4xx that waiting does not mend).
        LookupRejected = "lookup_rejected",
        /// The accounts API answered 200 with something that is not this account.
        LookupUnreadable = "lookup_unreadable",
    }
}
