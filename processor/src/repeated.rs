//! Limits the log of errors that a client reports again and again while something is wrong.

use std::fmt::Display;
use std::time::{Duration, Instant};

use stackone_link_process::log_limit::Throttled;

/// How long the same error is not logged again.
const SILENCE: Duration = Duration::from_secs(30);

/// Logs each error once in a while.
#[derive(Debug)]
pub struct Repeated(Throttled<String>);

impl Default for Repeated {
    fn default() -> Self {
        Self(Throttled::new(1, SILENCE))
    }
}

impl Repeated {
    /// Logs the error as a warning, unless it was logged within the last 30 s.
    pub fn tell(&self, error: &impl Display) {
        if let Some(suppressed) = self.0.allow(error.to_string(), Instant::now()) {
            tracing::warn!(%error, suppressed, "kafka client");
        }
    }
}
