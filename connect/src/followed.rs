//! The topics that are followed.

/// Which topic is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Followed {
    /// Facts of link sessions.
    Facts,
    /// Confirmed states of accounts.
    States,
}

impl Followed {
    /// Label of a metric.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Facts => "link_sessions",
            Self::States => "state",
        }
    }
}
