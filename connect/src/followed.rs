//! The topics that connect follows.

/// A topic that connect follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Followed {
    /// The topic of link-session facts.
    Facts,
    /// The topic of confirmed account states.
    States,
}

impl Followed {
    /// Returns the value of the label `topic` in metrics.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Facts => "link_sessions",
            Self::States => "state",
        }
    }
}
