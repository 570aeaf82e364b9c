//! Limits the log lines about records that lead to no event, of which there may be very many.

use std::time::{Duration, Instant};

use stackone_link_process::log_limit::Throttled;
use stackone_processor_core::processor::{Fact, LookupOutcome};
use stackone_processor_core::reconcile::SkipReason;

/// The reason for which triggers of an account are skipped that never appeared.
const VANISHED: &str = SkipReason::Vanished.as_str();
/// The most lines at once, for each reason.
const BURST: u32 = 5;
/// The time after which a reason may have one more line: at most 10 in any minute.
const REFILL: Duration = Duration::from_secs(12);

/// Limits lines about dead letters and about accounts that never appeared, for each reason.
pub(super) struct LogLimit(Throttled<String>);

impl Default for LogLimit {
    fn default() -> Self {
        Self(Throttled::new(BURST, REFILL))
    }
}

impl LogLimit {
    /// Returns how many lines of the reason were left out since the last one; `None` where this one
    /// is left out, too.
    fn left_out(&self, reason: &str) -> Option<u64> {
        self.0.allow(reason.to_owned(), Instant::now())
    }

    pub(super) fn log_without_event(&self, fact: &Fact<'_>) {
        if let Fact::PutAside {
            partition,
            offset,
            reason,
            detail,
        } = fact
        {
            if let Some(left_out) = self.left_out(reason.as_str()) {
                tracing::warn!(partition, offset, %reason, detail, left_out, "record is put aside");
            }
        } else if let Fact::AccountPutAside {
            key,
            reason,
            records,
            detail,
        } = fact
        {
            if let Some(left_out) = self.left_out(reason.as_str()) {
                let (account, partition) = (&key.id, key.partition);
                tracing::warn!(
                    %account, partition, %reason, records, detail, left_out,
                    "the account's records are put aside"
                );
            }
        } else if let Fact::Decided {
            key,
            outcome: LookupOutcome::Skipped(reason @ VANISHED),
            ..
        } = fact
            && let Some(left_out) = self.left_out(reason)
        {
            tracing::info!(
                account = %key.id, left_out,
                "the account never showed itself in the accounts API: its webhooks lead to no event"
            );
        }
    }
}

#[cfg(test)]
mod tests;
