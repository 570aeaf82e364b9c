//! The ways in which a list behaves unexpectedly.

/// Why a project's requests ask for fewer accounts for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BatchAnomaly {
    /// The list shows accounts that were not asked for: the filter seems to be ignored.
    #[error("the list shows accounts that were not asked for")]
    NotAsked,
    /// The list shows an account twice, and it is not known which entry is true.
    #[error("the list shows an account twice")]
    Repeated,
    /// The list leaves accounts out that exist: its largest page is smaller than documented, or the
    /// list is incomplete.
    #[error("the list showed {shown} of {asked} accounts, and one that it left out exists")]
    Hidden {
        /// How many accounts the list showed.
        shown: usize,
        /// How many accounts were asked for.
        asked: usize,
    },
    /// StackOne rejects the request: it does not understand it, or the URL is too long.
    #[error("the list was rejected with status {status}")]
    Rejected {
        /// The HTTP status.
        status: u16,
    },
    /// The answer is garbage or exceeds the size limit.
    #[error("the list cannot be read")]
    Unreadable,
    /// The list is refused although the key is accepted for single lookups.
    #[error("the list was refused although the API key is accepted")]
    Refused,
    /// Lists fail or time out while single lookups are answered.
    #[error("lists are unavailable while single lookups are answered")]
    Unavailable,
}
