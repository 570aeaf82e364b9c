//! The call into the client that is under way, so that one that never comes back is noticed.
//!
//! The client keeps the time that a call is given, but for what waits for a group's coordinator: librdkafka 2.12 sets that request
//! a time and never looks at it (`creq_ts_timeout`), and wakes it when the state of a broker changes. Where a broker that was
//! just starting made it forget all brokers (issue 5301), sending offsets waits for one that will never change again. The
//! producer's idle connections are closed, which wakes such a call (`connections.max.idle.ms`); this notices what that does not.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a call may take that is given a fraction of a second: longer than brokers take to elect a coordinator and a client to
/// find it, for which it waits beyond its time and rightly so.
pub(super) const STUCK_AFTER: Duration = Duration::from_secs(60);

/// When the call that is under way began.
#[derive(Default)]
pub(super) struct TimedCall(Mutex<Option<Instant>>);

impl TimedCall {
    /// Makes a call at `now`, and gives what it gave.
    pub(super) fn made<T>(&self, now: Instant, call: impl FnOnce() -> T) -> T {
        *self.began() = Some(now);
        let given = call();
        *self.began() = None;
        given
    }

    /// Whether a call is under way that will not come back.
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
