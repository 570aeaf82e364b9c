//! Whether a project's API is available: what its breaker is told, and what follows from what it says.

use stackone_processor_core::time::Monotonic;
use std::hash::{DefaultHasher, Hash, Hasher};

use stackone_client_types::ApiError;

use super::Reconciler;
use stackone_processor_core::api_gate::breaker::Change;
use stackone_processor_core::work::queue::Lane;
use stackone_processor_core::work::{AccountKey, Work};

impl Reconciler {
    /// A request for `keys` that was sent at `sent` came back, with an error or without. It counts also where the accounts
    /// are not ours any more.
    pub(super) fn note_availability(
        &mut self,
        lane: Lane,
        keys: &[&AccountKey],
        sent: Monotonic,
        error: Option<&ApiError>,
        now: Monotonic,
    ) {
        let gate = &mut self.gates[lane];
        let change = match error {
            Some(ApiError::Unavailable { retry_after, .. }) => {
                // Of a batch, the account that comes first stands for it.
                let mut hasher = DefaultHasher::new();
                keys.first().hash(&mut hasher);
                gate.failed(sent, hasher.finish(), *retry_after, now)
            }
            Some(
                ApiError::Refused { .. }
                | ApiError::RateLimited { .. }
                | ApiError::Rejected { .. }
                | ApiError::Unreadable { .. },
            )
            | None => gate.answered(sent, now),
        };
        match (change, error) {
            (Some(Change::Opened { failed, of }), Some(error)) => {
                self.end_backoffs(lane, now);
                let project = self.surroundings.projects.label(lane);
                tracing::error!(
                    project,
                    failed,
                    of,
                    %error,
                    "the accounts API is unavailable: its accounts stay pending, and one lookup at a time tries it. Look at \
                     StackOne's status, at base_url, and at the way out of this network"
                );
            }
            (Some(Change::Closed { after }), _) => {
                let project = self.surroundings.projects.label(lane);
                let (seconds, accounts) = (
                    after.as_secs(),
                    self.queue.count_ready(lane, now, usize::MAX),
                );
                tracing::info!(project, seconds, accounts, "the accounts API answers again");
            }
            (Some(Change::Opened { .. }), None) | (None, _) => {}
        }
    }

    /// The accounts that back off need not do so any longer, for the breaker waits for all of them. So when it closes all
    /// are ready, and the budget spreads them.
    fn end_backoffs(&mut self, lane: Lane, now: Monotonic) {
        self.queue
            .end_backoffs(lane, |work: &mut Work| work.failures.breaker_opened(now));
    }
}
