//! How long the thread may go without a poll.

use std::time::Duration;

use stackone_processor_core::steps::transaction::ABORT_WITHIN;

/// How long everything may be committed for before partitions are handed over, when one more commit begins.
const ALL_WITHIN: Duration = Duration::from_secs(30);
/// What else may take time between two polls: staging, and asking the cluster about leaders.
const BESIDES: Duration = Duration::from_secs(10);

/// The longest time without a poll, where transactions may take `timeout`: partitions are handed over, and of the last three
/// transactions, of what is decided, of what was released and of dead letters, one is aborted, which ends them.
pub(crate) const fn longest_without_poll(timeout: Duration) -> Duration {
    let transactions = timeout.saturating_mul(3).saturating_add(ABORT_WITHIN);
    transactions
        .saturating_add(ALL_WITHIN)
        .saturating_add(BESIDES)
}
