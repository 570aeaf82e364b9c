//! Decides whether dead letters are committed with the decisions or in transactions of their own.
//! Pure.
//!
//! A transaction takes everything that is decided, and one record that the broker refuses aborts
//! it. So a dead-letter topic that is missing, forbidden or limited to small records would hold up
//! every decision. After a transaction with dead letters was aborted, they get transactions of
//! their own until one of those is committed.

use std::time::Duration;

use crate::time::Monotonic;

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The shortest time between two log lines about refused dead letters.
const SILENCE: Duration = Duration::from_secs(60);

/// When dead letters may be committed, and together with what.
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
    /// Whether dead letters get transactions of their own.
    #[must_use]
    pub const fn is_apart(&self) -> bool {
        self.apart.is_some()
    }

    /// Whether such a transaction may begin now.
    #[must_use]
    pub fn is_due(&self, now: Monotonic) -> bool {
        self.apart.is_some_and(|apart| now >= apart.next)
    }

    /// Returns when such a transaction may begin; `None` while dead letters go with decisions.
    #[must_use]
    pub fn due_at(&self) -> Option<Monotonic> {
        self.apart.map(|apart| apart.next)
    }

    /// Notes that a transaction with decisions and dead letters was aborted. The letters may not be
    /// the reason, so they are tried at once.
    pub fn set_apart(&mut self, now: Monotonic) {
        self.apart.get_or_insert(Apart {
            next: now,
            refusals: 0,
            told: None,
        });
    }

    /// Notes that a transaction of dead letters was aborted. Returns whether that has to be logged.
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

    /// Notes that dead letters were committed: the next ones go with the decisions again.
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
        // A later abort of a mixed transaction does not shorten the wait.
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
