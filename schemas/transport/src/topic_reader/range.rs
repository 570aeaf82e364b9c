//! Ranges of a partition that are read. Pure.

use std::ops::Range;

use rdkafka::Offset;

/// A range of offsets of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadRange {
    /// The number of the partition.
    pub partition: i32,
    /// The first offset to read.
    pub start: ReadStart,
    /// The offset before which reading ends, unless the broker reports the end of the partition
    /// sooner.
    pub end: ReadEnd,
}

/// The first offset of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadStart {
    /// The oldest record that exists.
    Earliest,
    /// This offset; the oldest record where the partition does not have it.
    Offset(i64),
    /// The next record that will be committed.
    Latest,
}

/// The offset before which a range ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadEnd {
    /// The last stable offset at the moment when reading begins: everything committed by then is
    /// read. It is reached however fast records are added.
    Stable,
    /// This offset.
    Offset(i64),
    /// The end that the broker reports once a fetch brings nothing. A partition that is written all
    /// the time may never report one.
    Reported,
}

impl ReadRange {
    /// Returns the range of everything that is committed when reading begins.
    #[must_use]
    pub const fn whole(partition: i32) -> Self {
        Self {
            partition,
            start: ReadStart::Earliest,
            end: ReadEnd::Stable,
        }
    }

    /// Returns the range from `offsets.start` to before `offsets.end`.
    #[must_use]
    pub const fn of(partition: i32, offsets: &Range<i64>) -> Self {
        Self {
            partition,
            start: ReadStart::Offset(offsets.start),
            end: ReadEnd::Offset(offsets.end),
        }
    }

    /// Returns whether the cluster has to be asked where the range ends.
    pub(super) fn asks_for_offsets(&self) -> bool {
        self.end == ReadEnd::Stable
    }

    /// Returns the offset before which the range ends, of a partition that holds `offsets`; `None`
    /// where the range is empty.
    pub(super) fn end_offset(&self, offsets: Option<&Range<i64>>) -> Option<i64> {
        let end = match self.end {
            ReadEnd::Stable => offsets.map_or(i64::MAX, |offsets| offsets.end),
            ReadEnd::Offset(end) => end,
            ReadEnd::Reported => i64::MAX,
        };
        let start = match self.start {
            ReadStart::Earliest => offsets.map_or(0, |offsets| offsets.start),
            ReadStart::Offset(start) => start,
            ReadStart::Latest => offsets.map_or(0, |offsets| offsets.end),
        };
        (start < end).then_some(end)
    }
}

impl From<ReadStart> for Offset {
    fn from(start: ReadStart) -> Self {
        match start {
            ReadStart::Earliest => Self::Beginning,
            ReadStart::Offset(offset) => Self::Offset(offset),
            ReadStart::Latest => Self::End,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_ends_where_it_says_or_at_what_is_stable() {
        let whole = ReadRange::whole(0);
        assert!(whole.asks_for_offsets());
        assert_eq!(whole.end_offset(Some(&(3..7))), Some(7));
        assert_eq!(whole.end_offset(Some(&(7..7))), None);
        let some = ReadRange::of(0, &(3..7));
        assert!(!some.asks_for_offsets());
        assert_eq!(some.end_offset(None), Some(7));
        assert_eq!(ReadRange::of(0, &(7..7)).end_offset(None), None);
        let new = ReadRange {
            start: ReadStart::Latest,
            ..whole
        };
        assert_eq!(new.end_offset(Some(&(3..7))), None);
        let reported = ReadRange {
            end: ReadEnd::Reported,
            ..new
        };
        assert_eq!(reported.end_offset(None), Some(i64::MAX));
    }
}
