//! Panics that cost no more than a connection.

use std::thread::panicking;

use prometheus::IntCounter;

use super::Metrics;

/// Counts the panic that drops it.
pub(crate) struct PanicCounter(IntCounter);

impl Metrics {
    /// Counts a panic of whoever holds it.
    pub(crate) fn panic_counter(&self) -> PanicCounter {
        PanicCounter(self.panics.clone())
    }
}

impl Drop for PanicCounter {
    fn drop(&mut self) {
        if panicking() {
            self.0.inc();
        }
    }
}
