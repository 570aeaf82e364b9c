//! The limit on requests per API key: a fixed window of one minute that opens with its first
//! request. Whether StackOne's window is fixed or slides is not documented.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(60);

/// The window of one API key.
#[derive(Debug)]
pub(crate) struct RateLimit {
    limit: NonZeroU32,
    window: Option<Window>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    opened: Instant,
    used: u32,
}

/// A request over the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OverLimit {
    /// Whole seconds until the window ends, 1 to 60.
    pub(crate) retry_after: u64,
}

impl RateLimit {
    pub(crate) fn new(limit: NonZeroU32) -> Self {
        Self {
            limit,
            window: None,
        }
    }

    /// Counts a request, or refuses it. A refused request does not count.
    pub(crate) fn admit(&mut self, now: Instant) -> Result<(), OverLimit> {
        let current = self
            .window
            .filter(|window| now.saturating_duration_since(window.opened) < WINDOW);
        let window = self.window.insert(current.unwrap_or(Window {
            opened: now,
            used: 0,
        }));
        if window.used >= self.limit.get() {
            let left = WINDOW.saturating_sub(now.saturating_duration_since(window.opened));
            let whole = left.as_secs() + u64::from(left.subsec_nanos() > 0);
            return Err(OverLimit {
                retry_after: whole.max(1),
            });
        }
        window.used += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_gets_its_limit_and_then_a_retry_after_until_the_window_ends() {
        let mut rate = RateLimit::new(NonZeroU32::new(3).unwrap());
        let start = Instant::now();
        for _ in 0..3 {
            assert_eq!(rate.admit(start), Ok(()));
        }
        assert_eq!(rate.admit(start), Err(OverLimit { retry_after: 60 }));
        let late = start + Duration::from_millis(59_500);
        assert_eq!(rate.admit(late), Err(OverLimit { retry_after: 1 }));
        assert_eq!(rate.admit(start + WINDOW), Ok(()));
    }
}
