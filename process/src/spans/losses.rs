//! Counts lost spans, and decides when a warning says so.

use std::time::{Duration, Instant};

/// The shortest time between two warnings.
const EVERY: Duration = Duration::from_secs(60);

/// Lost spans that no warning has counted yet. Pure.
#[derive(Debug, Default)]
pub(super) struct Losses {
    spans: u64,
    reason: String,
    told_at: Option<Instant>,
}

impl Losses {
    /// Adds lost spans, and keeps the reason of the last.
    pub(super) fn add(&mut self, spans: u64, reason: &dyn ToString) {
        if spans > 0 {
            self.spans += spans;
            self.reason = reason.to_string();
        }
    }

    /// Returns how many spans the next warning counts, and the reason of the last loss. A first
    /// loss is due at once, later ones together after [`EVERY`].
    pub(super) fn due(&mut self, now: Instant) -> Option<(u64, String)> {
        let too_early = self.told_at.is_some_and(|told_at| now < told_at + EVERY);
        if self.spans == 0 || too_early {
            return None;
        }
        self.told_at = Some(now);
        let told = (self.spans, std::mem::take(&mut self.reason));
        self.spans = 0;
        Some(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_loss_is_told_at_once_and_others_together_a_minute_later() {
        let (mut losses, now) = (Losses::default(), Instant::now());
        assert_eq!(losses.due(now), None);
        losses.add(2, &"first");
        assert_eq!(losses.due(now), Some((2, "first".to_owned())));
        losses.add(3, &"second");
        losses.add(4, &"third");
        losses.add(0, &"none");
        assert_eq!(losses.due(now + EVERY / 2), None);
        assert_eq!(losses.due(now + EVERY), Some((7, "third".to_owned())));
        assert_eq!(losses.due(now + EVERY * 9), None);
    }
}
