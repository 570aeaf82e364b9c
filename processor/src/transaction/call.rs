//! Watches the call that is under way, so that one that never returns is noticed.
//!
//! The client keeps the time limit of a call, except where the call waits for a group's
//! coordinator: librdkafka 2.12 gives that request a limit and never looks at it
//! (`creq_ts_timeout`), and wakes it when the state of a broker changes. Where a broker that was
//! just starting made it forget all brokers (issue 5301), sending offsets waits for a broker whose
//! state never changes again. The producer closes its idle connections, which wakes such a call
//! (`connections.max.idle.ms`). This module notices what that does not wake.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a call with a limit of a fraction of a second may take. It is longer than brokers take
/// to elect a coordinator and a client to find it, for which a call rightly waits beyond its limit.
pub(super) const STUCK_AFTER: Duration = Duration::from_secs(60);

/// When the call that is under way began.
#[derive(Default)]
pub(super) struct TimedCall(Mutex<Option<Instant>>);

impl TimedCall {
    /// Makes a call at `now`, and returns its result.
    pub(super) fn made<T>(&self, now: Instant, call: impl FnOnce() -> T) -> T {
        *self.began() = Some(now);
        let given = call();
        *self.began() = None;
        given
    }

    /// Whether a call is under way that will not return.
    pub(super) fn is_stuck(&self, now: Instant) -> bool {
        self.began()
            .is_some_and(|began| now.saturating_duration_since(began) >= STUCK_AFTER)
    }

    fn began(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_stuck_when_it_has_not_come_back_for_a_minute() {
        let (call, start) = (TimedCall::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        assert!(!call.is_stuck(after(1000)), "there is none");
        let stuck = call.made(start, || {
            [59, 60].map(|seconds| call.is_stuck(after(seconds)))
        });
        assert_eq!(stuck, [false, true]);
        assert!(!call.is_stuck(after(1000)), "it came back");
        let stuck = call.made(after(50), || {
            [60, 110].map(|seconds| call.is_stuck(after(seconds)))
        });
        assert_eq!(stuck, [false, true], "each has its own time");
    }
}
