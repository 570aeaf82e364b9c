//! What is odd about how a list behaves.

/// Why a project's lists are trusted with fewer accounts for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BatchAnomaly {
    /// The filter seems to be ignored.
    #[error("the list shows accounts that were not asked for")]
    NotAsked,
    /// Which of the two is true is not known.
    #[error("the list shows an account twice")]
    Repeated,
    /// A smaller largest page, or a list that is incomplete.
    #[error("the list showed {shown} of {asked} accounts, and one that it left out exists")]
    Hidden {
        /// Accounts that it showed.
        shown: usize,
        /// Accounts that it was asked for.
        asked: usize,
    },
    /// The request is not understood, or is too long.
    #[error("the list was rejected with status {status}")]
    Rejected {
        /// The HTTP status.
        status: u16,
    },
    /// Garbage, or too much at once.
    #[error("the list cannot be read")]
    Unreadable,
    /// The list is refused although the key is accepted.
    #[error("the list was refused although the API key is accepted")]
    Refused,
    /// Lists fail or time out, single lookups do not.
    #[error("lists are unavailable while single lookups are answered")]
    Unavailable,
}
