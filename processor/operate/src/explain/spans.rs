//! Decides which offsets of a topic are read. Pure.

use std::ops::Range;

/// The offsets of a partition that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// The number of the partition.
    pub(super) partition: i32,
    /// The first offset that is new enough.
    pub(super) since: i64,
    /// The first offset that is read.
    pub(super) from: i64,
    /// The offset before which reading ends.
    pub(super) end: i64,
}

impl Span {
    /// Spans all of a partition that holds `offsets`, from `since` on, or from its first offset
    /// where `since` is not known.
    pub(super) fn whole(partition: i32, offsets: &Range<i64>, since: Option<i64>) -> Self {
        let since = since.unwrap_or(offsets.start).max(offsets.start);
        Self {
            partition,
            since: since.min(offsets.end),
            from: since.min(offsets.end),
            end: offsets.end,
        }
    }

    /// Returns how many offsets are read.
    pub(super) fn length(&self) -> u64 {
        u64::try_from(self.end - self.from).unwrap_or(0)
    }

    /// Returns how many offsets before these are new enough.
    pub(super) fn not_read(&self) -> u64 {
        u64::try_from(self.from - self.since).unwrap_or(0)
    }

    /// Cuts the span to its newest `most` offsets.
    fn cut(self, most: u64) -> Self {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let from = self.end.saturating_sub(most).max(self.from);
        Self { from, ..self }
    }
}

/// Returns the newest offsets of each partition, at most `limit` in all. Short partitions leave
/// their share to longer ones.
pub(super) fn newest(mut spans: Vec<Span>, limit: u64) -> Vec<Span> {
    spans.sort_by_key(Span::length);
    let (mut left, mut partitions) = (limit, spans.len());
    for span in &mut spans {
        let share = left / u64::try_from(partitions).unwrap_or(u64::MAX).max(1);
        *span = span.cut(share);
        left -= span.length();
        partitions -= 1;
    }
    spans.sort_by_key(|span| span.partition);
    spans
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(partition: i32, since: i64, end: i64) -> Span {
        Span::whole(partition, &(0..end), Some(since))
    }

    #[test]
    fn the_newest_offsets_are_read_and_those_before_them_counted() {
        let read = newest(vec![span(3, 10, 110)], 30);
        let expected = Span {
            from: 80,
            ..span(3, 10, 110)
        };
        assert_eq!(read, [expected]);
        assert_eq!((read[0].length(), read[0].not_read()), (30, 70));
        let all = newest(vec![span(3, 10, 110)], 100);
        assert_eq!((all[0].from, all[0].not_read()), (10, 0));
    }

    #[test]
    fn what_a_short_partition_does_not_need_is_for_the_others() {
        let read = newest(vec![span(0, 0, 100), span(1, 0, 2), span(2, 0, 100)], 62);
        let lengths: Vec<_> = read.iter().map(Span::length).collect();
        assert_eq!(lengths, [30, 2, 30]);
    }

    #[test]
    fn a_time_outside_of_the_partition_is_no_trouble() {
        assert_eq!(Span::whole(0, &(5..9), None).length(), 4);
        assert_eq!(Span::whole(0, &(5..9), Some(2)).length(), 4);
        assert_eq!(Span::whole(0, &(5..9), Some(12)).length(), 0);
    }

    proptest! {
        #[test]
        fn never_more_than_the_limit_and_all_of_it_where_there_is_as_much(
            lengths in proptest::collection::vec(0i64..200, 0..13), limit in 0u64..900,
        ) {
            let all: Vec<_> = (0..).zip(&lengths).map(|(at, length)| span(at, 0, *length)).collect();
            let there: u64 = all.iter().map(Span::length).sum();
            let read: u64 = newest(all, limit).iter().map(Span::length).sum();
            prop_assert!(read <= limit && read <= there);
            // A share that cannot be divided evenly may be lost.
            prop_assert!(read + 13 > limit.min(there), "{} of {} within {}", read, there, limit);
        }
    }
}
