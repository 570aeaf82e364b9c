//! What is asked. Pure.

use jiff::Timestamp;
use stackone_link_schemas::AccountId;

/// Most records that are read of all topics together, where nothing else is asked for. The state
/// topic is not among them: of that, the account's partition is read whole.
pub const DEFAULT_RECORDS: u64 = 200_000;

/// An account, and how far back it is looked for.
#[derive(Debug, Clone)]
pub struct AccountQuestion {
    /// The account.
    pub account: AccountId,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// Older records are not looked at.
    pub since: Timestamp,
    /// Most records that are read.
    pub limits: ReadLimits,
}

/// Most records that are read of each topic: the newest ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Of the account's partition of the account events topic.
    pub account_events: u64,
    /// Of the account's partition of the dead-letter topic.
    pub dead_letter: u64,
    /// Of all partitions of the unrecognized topic together.
    pub unrecognized: u64,
}

impl ReadLimits {
    /// So many in all, half of them account events.
    #[must_use]
    pub const fn of(records: u64) -> Self {
        let quarter = records / 4;
        Self {
            account_events: records - 2 * quarter,
            dead_letter: quarter,
            unrecognized: quarter,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_read_in_all_than_is_asked_for() {
        for records in [0, 1, 3, 7, DEFAULT_RECORDS] {
            let ReadLimits {
                account_events,
                dead_letter,
                unrecognized,
            } = ReadLimits::of(records);
            assert_eq!(account_events + dead_letter + unrecognized, records);
        }
        let ReadLimits {
            account_events,
            dead_letter,
            ..
        } = ReadLimits::of(DEFAULT_RECORDS);
        assert_eq!((account_events, dead_letter), (100_000, 50_000));
    }
}
