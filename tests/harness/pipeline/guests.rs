//! What joined a pipeline and has to be gone before it stops.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The services that a test started beside a pipeline, by name.
#[derive(Default)]
pub(super) struct Guests {
    joined: Mutex<Vec<(String, Guest)>>,
    is_over: bool,
}

/// One of them; until its end is known it counts as running, also where it was dropped.
#[derive(Clone, Default)]
pub(crate) struct Guest(Arc<AtomicBool>);

impl Guest {
    /// It has ended.
    pub(crate) fn leaves(&self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Guests {
    pub(super) fn join(&self, name: &str) -> Guest {
        let guest = Guest::default();
        let mut joined = self.joined.lock().unwrap_or_else(PoisonError::into_inner);
        joined.push((name.to_owned(), guest.clone()));
        guest
    }

    /// Who is still there, as the pipeline stops.
    pub(super) fn left_behind(&mut self) -> Vec<String> {
        self.is_over = true;
        let joined = self.joined.lock().unwrap_or_else(PoisonError::into_inner);
        let left = joined
            .iter()
            .filter(|(_, guest)| !guest.0.load(Ordering::Acquire));
        left.map(|(name, _)| name.clone()).collect()
    }
}

impl Drop for Guests {
    /// A test that passes has stopped its pipeline.
    fn drop(&mut self) {
        let has_failed = std::thread::panicking();
        assert!(self.is_over || has_failed, "the pipeline was left running");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_not_left_is_left_behind() {
        let mut guests = Guests::default();
        let gone = guests.join("processor a");
        let _there = guests.join("processor b");
        gone.leaves();
        assert_eq!(guests.left_behind(), ["processor b"]);
    }

    #[test]
    #[should_panic(expected = "left running")]
    fn a_test_that_passes_has_stopped_its_pipeline() {
        drop(Guests::default());
    }
}
