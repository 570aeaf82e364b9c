//! Whether only a restart can help: the one thing of Kafka's that `/livez` may turn on. An outage
//! is none.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a rebuild of the producer may take. It connects to nothing, so it takes milliseconds,
/// or never returns.
const PATIENCE: Duration = Duration::from_secs(30);

/// Since when a rebuild has been under way.
#[derive(Debug, Default)]
pub(crate) struct Liveness {
    since: Mutex<Option<Instant>>,
}

/// A rebuild under way; over when dropped.
pub(crate) struct UnderWay<'a>(&'a Liveness);

impl Liveness {
    pub(crate) fn rebuilding(&self, now: Instant) -> UnderWay<'_> {
        self.set(Some(now));
        UnderWay(self)
    }

    pub(crate) fn is_alive(&self, now: Instant) -> bool {
        let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_none_or(|since| now.saturating_duration_since(since) < PATIENCE)
    }

    fn set(&self, since: Option<Instant>) {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.set(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_rebuild_of_the_producer_that_does_not_return_fails_livez() {
        let (liveness, start) = (Liveness::default(), Instant::now());
        assert!(liveness.is_alive(start));
        let under_way = liveness.rebuilding(start);
        assert!(liveness.is_alive(start + Duration::from_secs(29)));
        assert!(!liveness.is_alive(start + Duration::from_secs(30)));
        drop(under_way);
        assert!(liveness.is_alive(start + Duration::from_secs(60)));
    }
}
