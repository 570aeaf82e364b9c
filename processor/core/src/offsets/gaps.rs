//! Finds out whether records were deleted before they were read. Pure: the broker's answers are
//! inputs.
//!
//! A gap between two offsets is harmless where it holds control records, and each transaction on
//! the topic writes one, such as a redrive. Only the low watermark of the partition shows a loss. A
//! request for it takes a round trip, so one request is made now and then for all gaps since.

use std::time::Duration;

use crate::time::Monotonic;

/// The shortest time between two requests for the low watermark.
const INTERVAL: Duration = Duration::from_secs(5);

/// The gaps of one partition that may be losses.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gaps {
    /// The first missing offset of all gaps since the last request. Where the low watermark is not
    /// above it, the watermark is above none of the later ones.
    first: Option<i64>,
    /// The first missing offset of the gaps before that, while the request is under way.
    asked: Option<i64>,
    asked_at: Option<Monotonic>,
}

impl Gaps {
    /// Notes that a later offset came than `expected`.
    pub fn note(&mut self, expected: i64) {
        self.first.get_or_insert(expected);
    }

    /// Whether the low watermark is needed, and may be requested now.
    #[must_use]
    pub fn is_due(&self, now: Monotonic) -> bool {
        let waits = |asked: Monotonic| now < asked + INTERVAL;
        self.first.is_some() && !self.asked_at.is_some_and(waits)
    }

    /// Returns when the low watermark may be requested; `None` where there is no gap.
    #[must_use]
    pub fn due_at(&self) -> Option<Monotonic> {
        self.first?;
        Some(
            self.asked_at
                .map_or(Monotonic::START, |asked| asked + INTERVAL),
        )
    }

    /// Notes that the request is sent. Gaps that are noted before its answer belong to the next
    /// request.
    pub fn ask(&mut self, now: Monotonic) {
        self.asked_at = Some(now);
        self.asked = self.asked.or_else(|| self.first.take());
    }

    /// Takes the low watermark; `None` where the broker gave none, which repeats the request.
    /// Returns the first offset that may be lost. Retention that passes a harmless gap between its
    /// reading and the answer looks like a loss. That takes a reader seconds behind the retention.
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

    /// Reads records with a gap at each of `gaps`, one a millisecond. Returns the number of
    /// requests and the reported losses.
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
        // Records are deleted shortly after the first answer.
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
