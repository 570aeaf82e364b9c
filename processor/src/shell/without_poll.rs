//! Bounds how long the thread may go without a poll.

use std::time::Duration;

use stackone_processor_core::steps::transaction::ABORT_WITHIN;

/// How long a handover may commit before its last transaction begins.
const ALL_WITHIN: Duration = Duration::from_secs(30);
/// Time between two polls for staging, and for the request about leaders.
const BESIDES: Duration = Duration::from_secs(10);

/// Returns the longest time without a poll, where transactions may take `timeout`: a handover, and
/// then of its last three transactions (decisions, releases, dead letters) one that is aborted,
/// which ends it.
pub(crate) const fn longest_without_poll(timeout: Duration) -> Duration {
    let transactions = timeout.saturating_mul(3).saturating_add(ABORT_WITHIN);
    transactions
        .saturating_add(ALL_WITHIN)
        .saturating_add(BESIDES)
}
