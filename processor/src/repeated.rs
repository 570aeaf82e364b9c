//! Errors that a client reports again and again while something is wrong: told once, and again every now and then.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// How long the same error is not told again.
const SILENCE: Duration = Duration::from_secs(30);

/// Tells an error when it is another than the last, or when that was told long ago.
#[derive(Debug, Default)]
pub struct Repeated {
    last: Option<(String, Instant)>,
    suppressed: u64,
}

impl Repeated {
    /// Logs the error as a warning, unless it was just told.
    pub fn tell(&mut self, error: &impl Display) {
        if let Some(suppressed) = self.is_news(&error.to_string(), Instant::now()) {
            tracing::warn!(%error, suppressed, "kafka client");
        }
    }

    /// How often the last error came untold, if this one is worth telling.
    fn is_news(&mut self, error: &str, now: Instant) -> Option<u64> {
        let is_known = self
            .last
            .as_ref()
            .is_some_and(|(last, told)| last == error && now < *told + SILENCE);
        if is_known {
            self.suppressed += 1;
            return None;
        }
        self.last = Some((error.to_owned(), now));
        Some(std::mem::take(&mut self.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_error_is_told_once_in_a_while_and_another_at_once() {
        let (mut errors, start) = (Repeated::default(), Instant::now());
        assert_eq!(errors.is_news("a", start), Some(0));
        assert_eq!(errors.is_news("a", start), None);
        assert_eq!(errors.is_news("b", start), Some(1));
        assert_eq!(errors.is_news("b", start + SILENCE), Some(0));
    }
}
