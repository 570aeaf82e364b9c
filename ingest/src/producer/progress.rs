//! What the watchdog looks at: three counters that only grow.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts records handed over, answered for in any way, and those of which a broker has told what
/// became of them: stored or refused.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    attempted: AtomicU64,
    finished: AtomicU64,
    told: AtomicU64,
}

/// What had been counted at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) attempted: u64,
    pub(crate) finished: u64,
    pub(crate) told: u64,
    /// The producer has said that it is of no more use.
    pub(crate) failed: bool,
}

/// One record on its way; finished when dropped, whatever became of it.
pub(crate) struct Attempt<'a>(&'a Progress);

impl Progress {
    pub(crate) fn attempt(&self) -> Attempt<'_> {
        self.attempted.fetch_add(1, Ordering::Relaxed);
        Attempt(self)
    }

    pub(crate) fn seen(&self, failed: bool) -> Seen {
        // In this order, so that no more seem finished than were attempted.
        let finished = self.finished.load(Ordering::Acquire);
        let told = self.told.load(Ordering::Relaxed);
        Seen {
            attempted: self.attempted.load(Ordering::Relaxed),
            finished,
            told,
            failed,
        }
    }
}

impl Attempt<'_> {
    pub(crate) fn told(&self) {
        self.0.told.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.0.finished.fetch_add(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_to_publish_counts_as_finished_whatever_became_of_it() {
        let progress = Progress::default();
        let (stored, given_up) = (progress.attempt(), progress.attempt());
        stored.told();
        drop(stored);
        let one = Seen {
            attempted: 2,
            finished: 1,
            told: 1,
            failed: false,
        };
        assert_eq!(progress.seen(false), one);
        drop(given_up);
        assert_eq!(progress.seen(false).finished, 2);
    }
}
