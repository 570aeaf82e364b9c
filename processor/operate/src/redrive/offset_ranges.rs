//! A set of offsets, kept as ranges. Pure.

use std::collections::BTreeMap;

/// A set of offsets of one partition. Neighbours share a range, so a set without gaps takes no
/// room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OffsetRanges {
    /// The last offset of each range by its first one. No two ranges touch.
    last_by_first: BTreeMap<i64, i64>,
}

impl OffsetRanges {
    /// Adds the offsets from `first` to `last`, both included; nothing where `last` is smaller.
    pub fn insert(&mut self, first: i64, last: i64) {
        if first > last {
            return;
        }
        let touching: Vec<(i64, i64)> = self
            .last_by_first
            .range(..=last.saturating_add(1))
            .rev()
            .take_while(|(_, other_last)| **other_last >= first.saturating_sub(1))
            .map(|(first, last)| (*first, *last))
            .collect();
        let (mut first, mut last) = (first, last);
        for (other_first, other_last) in touching {
            self.last_by_first.remove(&other_first);
            first = first.min(other_first);
            last = last.max(other_last);
        }
        self.last_by_first.insert(first, last);
    }

    /// Whether the offset is in the set.
    #[must_use]
    pub fn contains(&self, offset: i64) -> bool {
        let before = self.last_by_first.range(..=offset).next_back();
        before.is_some_and(|(_, last)| offset <= *last)
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.last_by_first.is_empty()
    }

    /// Returns the first and last offset of each range, ascending.
    #[must_use]
    pub fn to_vec(&self) -> Vec<(i64, i64)> {
        self.last_by_first
            .iter()
            .map(|(first, last)| (*first, *last))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranges_hold_what_was_inserted_and_nothing_else(
            inserted in proptest::collection::vec((0i64..60, -2i64..9), 0..30),
        ) {
            let (mut ranges, mut offsets) = (OffsetRanges::default(), BTreeSet::new());
            for (first, length) in inserted {
                ranges.insert(first, first + length);
                offsets.extend(first..=first + length);
            }
            for offset in -3..75 {
                prop_assert_eq!(ranges.contains(offset), offsets.contains(&offset), "{}", offset);
            }
            prop_assert_eq!(ranges.is_empty(), offsets.is_empty());
            let pairs = ranges.to_vec();
            prop_assert!(pairs.iter().all(|(first, last)| first <= last));
            // The number of ranges is minimal: an offset outside the set lies between any two.
            prop_assert!(pairs.windows(2).all(|two| two[0].1 + 1 < two[1].0), "{:?}", pairs);
        }
    }

    #[test]
    fn the_ends_of_what_an_offset_can_be_are_no_trouble() {
        let mut ranges = OffsetRanges::default();
        ranges.insert(i64::MAX, i64::MAX);
        ranges.insert(i64::MIN, i64::MIN);
        assert!(ranges.contains(i64::MAX) && ranges.contains(i64::MIN) && !ranges.contains(0));
    }
}
