//! Why a record was put aside.

use crate::open_enum::open_enum;

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
