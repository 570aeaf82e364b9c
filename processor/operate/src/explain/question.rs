//! The question that `explain` answers. Pure.

use jiff::Timestamp;
use stackone_link_schemas::AccountId;

/// The default of the most records that are read, of all topics together. The state topic does not
/// count: the account's partition of it is read whole.
pub const DEFAULT_RECORDS: u64 = 200_000;

/// An account, and how far back to look for it.
#[derive(Debug, Clone)]
pub struct AccountQuestion {
    /// The id of the account.
    pub account: AccountId,
    /// When the question was asked.
    pub asked_at: Timestamp,
    /// Older records are not read.
    pub since: Timestamp,
    /// The most records that are read.
    pub limits: ReadLimits,
}

/// The most records that are read of each topic, the newest ones.
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
    /// Splits a number of records: half for account events, a quarter for each of the others.
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
