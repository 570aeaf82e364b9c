//! Counts credentials and certificates of Kafka that could not be read, fetched or used.

use std::sync::atomic::{AtomicU64, Ordering};

use stackone_link_process::metrics::{Error, Metrics};

static FAILURES: AtomicU64 = AtomicU64::new(0);

/// Returns how often a password, token, certificate, key or CA of Kafka could not be read, fetched
/// or used since the process began.
#[must_use]
pub fn credential_failures() -> u64 {
    FAILURES.load(Ordering::Relaxed)
}

/// Counts one failure.
pub(crate) fn failed() {
    FAILURES.fetch_add(1, Ordering::Relaxed);
}

/// Registers a counter called `name` that shows [`credential_failures`].
///
/// # Errors
///
/// Fails where the name is taken.
pub fn register_credential_failures(metrics: &Metrics, name: &str) -> Result<(), Error> {
    let help =
        "Attempts to read or fetch a password, token, certificate, key or CA of Kafka that failed.";
    metrics.register_total(name, help, credential_failures)
}
