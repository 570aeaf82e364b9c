//! Watches whether the reconciler's thread makes progress, which `/livez` answers.
//!
//! A thread that hangs in a call or in the drop of a client cannot report that itself, and the
//! orchestrator has to know it to restart the process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use stackone_processor_core::time::Monotonic;

/// The time of the reconciler's last turn.
pub struct Heartbeat {
    longest: Duration,
    /// `None` while no reconciler runs: while the process waits for topics, and between two runs.
    last: Mutex<Option<Monotonic>>,
}

/// A run of the reconciler, from before its start until it is dropped.
pub struct Run(Arc<Heartbeat>);

impl Heartbeat {
    /// A reconciler counts as alive that turns within `longest`.
    #[must_use]
    pub const fn new(longest: Duration) -> Self {
        Self {
            longest,
            last: Mutex::new(None),
        }
    }

    /// Begins a run. It ends when the returned value is dropped.
    #[must_use]
    pub fn begin(self: &Arc<Self>, now: Monotonic) -> Run {
        *self.last() = Some(now);
        Run(Arc::clone(self))
    }

    /// Notes a turn, or a step of the start or the end of a run.
    pub fn beat(&self, now: Monotonic) {
        *self.last() = Some(now);
    }

    /// Returns how long the run has not turned, where that is too long.
    #[must_use]
    pub fn stalled_for(&self, now: Monotonic) -> Option<Duration> {
        let still = now.saturating_duration_since((*self.last())?);
        (still > self.longest).then_some(still)
    }

    fn last(&self) -> MutexGuard<'_, Option<Monotonic>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        *self.0.last() = None;
    }
}

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;

    use super::*;

    const LONGEST: Duration = Duration::from_secs(340);

    #[test]
    fn a_run_that_has_not_turned_for_too_long_is_stalled_and_no_run_is_not() {
        let (heartbeat, start) = (Arc::new(Heartbeat::new(LONGEST)), Monotonic::START);
        let after = |seconds| start + Duration::from_secs(seconds);
        let stalled = |seconds| heartbeat.stalled_for(after(seconds));
        assert_eq!(stalled(10_000), None, "topics are waited for");
        let run = heartbeat.begin(after(10_000));
        assert_eq!(stalled(10_340), None, "it starts");
        assert_eq!(stalled(10_341), Some(Duration::from_secs(341)));
        heartbeat.beat(after(10_341));
        assert_eq!(stalled(10_681), None, "it turned");
        assert_eq!(stalled(10_682), Some(Duration::from_secs(341)));
        drop(run);
        assert_eq!(stalled(10_682), None, "it has ended");
    }

    /// A dropped client that waits for ever looks like this.
    #[test]
    fn a_run_that_never_ends_its_unwinding_is_stalled() {
        let (heartbeat, start) = (Arc::new(Heartbeat::new(LONGEST)), Monotonic::START);
        let (seen, run) = (Arc::clone(&heartbeat), heartbeat.begin(start));
        struct Client(Arc<Heartbeat>, Monotonic);
        impl Drop for Client {
            fn drop(&mut self) {
                let later = self.1 + LONGEST + Duration::from_secs(1);
                assert!(self.0.stalled_for(later).is_some());
            }
        }
        let panicked = std::panic::catch_unwind(AssertUnwindSafe(move || {
            let _run = run;
            let _client = Client(seen, start);
            std::panic::resume_unwind(Box::new(()));
        }));
        assert!(panicked.is_err());
        assert_eq!(heartbeat.stalled_for(start + LONGEST * 2), None);
    }
}
