//! Whether dead letters are committed with everything else, or apart from it. Pure.
//!
//! One transaction takes all that is decided, and one record that is refused aborts it. A dead-letter topic that is
//! missing, forbidden or set to records that are too small would hold up every decision, again and again. So once a
//! transaction with dead letters was aborted, they go apart until some of them are committed.

use std::time::Duration;

use crate::time::Monotonic;

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How often it is told at most.
const SILENCE: Duration = Duration::from_secs(60);

/// When dead letters may be committed, and with what.
#[derive(Debug, Clone, Copy, Default)]
pub struct DeadLetterBackoff {
    apart: Option<Apart>,
}

#[derive(Debug, Clone, Copy)]
struct Apart {
    next: Monotonic,
    refusals: u32,
    told: Option<Monotonic>,
}

impl DeadLetterBackoff {
    /// Whether they go apart.
    #[must_use]
    pub const fn is_apart(&self) -> bool {
        self.apart.is_some()
    }

    /// Whether they go apart, and may be tried now.
    #[must_use]
    pub fn is_due(&self, now: Monotonic) -> bool {
        self.apart.is_some_and(|apart| now >= apart.next)
    }

    /// When they are tried next, where they go apart.
    #[must_use]
    pub fn due_at(&self) -> Option<Monotonic> {
        self.apart.map(|apart| apart.next)
    }

    /// A transaction that took dead letters and other things was aborted. They may not be the reason, so they are tried
    /// at once.
    pub fn set_apart(&mut self, now: Monotonic) {
        self.apart.get_or_insert(Apart {
            next: now,
            refusals: 0,
            told: None,
        });
    }

    /// A transaction of dead letters alone was aborted. Says whether that has to be told.
    pub fn refused(&mut self, now: Monotonic) -> bool {
        self.set_apart(now);
        let Some(apart) = &mut self.apart else {
            return false;
        };
        let wait = FIRST_WAIT * (1 << apart.refusals.min(10));
        apart.next = now + wait.min(LONGEST_WAIT);
        apart.refusals += 1;
        let is_news = apart.told.is_none_or(|told| now >= told + SILENCE);
        if is_news {
            apart.told = Some(now);
        }
        is_news
    }

    /// Dead letters were committed: the next ones go with everything else again.
    pub fn committed(&mut self) {
        self.apart = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_go_apart_after_an_abort_until_some_are_committed() {
        let (mut gate, now) = (DeadLetterBackoff::default(), Monotonic::START);
        assert!(!gate.is_apart() && !gate.is_due(now));
        gate.set_apart(now);
        assert!(gate.is_apart() && gate.is_due(now), "tried at once");
        gate.refused(now);
        // Another abort of something else does not shorten the wait.
        gate.set_apart(now);
        assert!(gate.is_apart() && !gate.is_due(now));
        gate.committed();
        assert!(!gate.is_apart() && !gate.is_due(now + LONGEST_WAIT));
    }

    #[test]
    fn waits_double_from_a_second_to_a_minute_and_it_is_told_once_a_minute() {
        let (mut gate, mut now) = (DeadLetterBackoff::default(), Monotonic::START);
        gate.set_apart(now);
        let mut seen = Vec::new();
        for _ in 0..9 {
            let is_told = gate.refused(now);
            let wait = (1..=60).find(|wait| gate.is_due(now + Duration::from_secs(*wait)));
            let wait = wait.unwrap();
            seen.push((wait, is_told));
            now += Duration::from_secs(wait);
        }
        let (told, not) = (true, false);
        assert_eq!(
            seen,
            [
                (1, told),
                (2, not),
                (4, not),
                (8, not),
                (16, not),
                (32, not),
                (60, told),
                (60, told),
                (60, told)
            ]
        );
    }
}
