//! Whether records were deleted before they were read. Pure: the broker's answers are given to it.
//!
//! A gap between two offsets is harmless where control records lie in it, and each transaction on the topic writes one:
//! a redrive, say. Only the partition's low watermark tells a loss, and asking for it takes a round trip, so it is asked for once in
//! a while, for all gaps since.

use std::time::Duration;

use crate::time::Monotonic;

/// How often the low watermark is asked for at most.
const INTERVAL: Duration = Duration::from_secs(5);

/// The gaps of one partition that are not yet known to be harmless.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gaps {
    /// The first offset that was expected and did not come, of all gaps since the last question. Where the low watermark is
    /// not above it, it is above none of the later ones.
    first: Option<i64>,
    /// The same of all gaps before it, while there is no answer.
    asked: Option<i64>,
    asked_at: Option<Monotonic>,
}

impl Gaps {
    /// Another offset came than `expected`, a later one.
    pub fn note(&mut self, expected: i64) {
        self.first.get_or_insert(expected);
    }

    /// Whether the low watermark has to be asked for, and may be.
    #[must_use]
    pub fn is_due(&self, now: Monotonic) -> bool {
        let waits = |asked: Monotonic| now < asked + INTERVAL;
        self.first.is_some() && !self.asked_at.is_some_and(waits)
    }

    /// When the low watermark has to be asked for; none where there is no gap.
    #[must_use]
    pub fn due_at(&self) -> Option<Monotonic> {
        self.first?;
        Some(
            self.asked_at
                .map_or(Monotonic::START, |asked| asked + INTERVAL),
        )
    }

    /// The low watermark is asked for. What is noted before the answer comes is of the next question.
    pub fn ask(&mut self, now: Monotonic) {
        self.asked_at = Some(now);
        self.asked = self.asked.or_else(|| self.first.take());
    }

    /// Takes the low watermark in, none where the broker did not tell: then it is asked for again. Gives the offset from
    /// which on records may be missing. Retention that passed a harmless gap between its reading and the answer cannot be
    /// told from a loss; it takes a reader that is seconds ahead of it.
    pub fn answered(&mut self, low: Option<i64>) -> Option<i64> {
        let Some(low) = low else {
            self.first = self.asked.take().or(self.first);
            return None;
        };
        self.asked.take().filter(|first| low > *first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads records with a gap at each of `gaps`, one a millisecond, and gives how often it asked and what it told.
    fn read(gaps: u64, low: impl Fn(u64) -> Option<i64>) -> (u32, Vec<i64>) {
        let (mut open, start) = (Gaps::default(), Monotonic::START);
        let (mut asked, mut told) = (0, Vec::new());
        for millisecond in 0..gaps {
            let now = start + Duration::from_millis(millisecond);
            open.note(i64::try_from(2 * millisecond).unwrap());
            if open.is_due(now) {
                asked += 1;
                open.ask(now);
                told.extend(open.answered(low(millisecond)));
            }
        }
        (asked, told)
    }

    #[test]
    fn a_gap_at_every_record_costs_one_question_in_five_seconds_and_tells_nothing() {
        assert_eq!(read(12_000, |_| Some(0)), (3, vec![]));
    }

    #[test]
    fn a_loss_among_many_gaps_is_told_once_and_from_where() {
        // Records were deleted while the answer of the first question was still young.
        let low = |millisecond: u64| Some(if millisecond > 100 { 5000 } else { 0 });
        assert_eq!(read(6_000, low), (2, vec![2]));
    }

    #[test]
    fn a_question_without_an_answer_is_asked_again() {
        let low = |millisecond: u64| (millisecond > 100).then_some(7);
        assert_eq!(read(6_000, low), (2, vec![0]));
    }

    #[test]
    fn a_first_gap_is_asked_about_at_once_and_none_is_not_at_all() {
        let (mut gaps, now) = (Gaps::default(), Monotonic::START);
        assert!(!gaps.is_due(now));
        gaps.note(10);
        assert!(gaps.is_due(now));
        gaps.ask(now);
        assert_eq!(gaps.answered(Some(11)), Some(10));
        assert!(!gaps.is_due(now + INTERVAL));
    }

    #[test]
    fn an_answer_says_nothing_of_gaps_that_were_noted_after_the_question() {
        let (mut gaps, now) = (Gaps::default(), Monotonic::START);
        gaps.note(10);
        gaps.ask(now);
        gaps.note(20);
        assert_eq!(gaps.answered(Some(5)), None);
        assert!(!gaps.is_due(now), "asked a moment ago");
        assert!(gaps.is_due(now + INTERVAL));
        gaps.ask(now + INTERVAL);
        assert_eq!(gaps.answered(Some(21)), Some(20));
    }
}
