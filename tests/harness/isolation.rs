//! What a reader may see of transactions.

/// Which records a reader sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// Those of committed transactions, and those of none: what subscribers see. The embedded
    /// broker shows them all.
    #[default]
    ReadCommitted,
    /// All of them.
    ReadUncommitted,
}

impl Isolation {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ReadCommitted => "read_committed",
            Self::ReadUncommitted => "read_uncommitted",
        }
    }
}
