//! Decides which offset of a partition may be committed. Pure.

pub mod gaps;
pub mod open_records;

use std::collections::{BTreeMap, BTreeSet};

use crate::offsets::open_records::Open;

/// The records of one partition that are consumed and still open.
#[derive(Debug)]
pub struct Offsets {
    next: i64,
    /// The open offsets, with the bytes of each record.
    open: BTreeMap<i64, usize>,
    bytes: usize,
}

impl Offsets {
    /// Starts at `next`: every record below it is decided or written as pending.
    #[must_use]
    pub const fn starting_at(next: i64) -> Self {
        Self {
            next,
            open: BTreeMap::new(),
            bytes: 0,
        }
    }

    /// Returns the offset that is expected next.
    #[must_use]
    pub const fn next(&self) -> i64 {
        self.next
    }

    /// Returns how many records and bytes are open.
    #[must_use]
    pub fn open(&self) -> Open {
        Open {
            records: self.open.len(),
            bytes: self.bytes,
        }
    }

    /// Notes that a record was consumed. A smaller offset than before means that the topic was made
    /// again.
    pub fn consumed(&mut self, offset: i64, bytes: usize) {
        if offset < self.next {
            self.open.clear();
            self.bytes = 0;
        }
        self.next = offset + 1;
        self.open.insert(offset, bytes);
        self.bytes += bytes;
    }

    /// Closes a record: it is decided, or written as pending.
    pub fn close(&mut self, offset: i64) {
        self.bytes -= self.open.remove(&offset).unwrap_or(0);
    }

    /// Returns the offset that may be committed once the records at `closing` are closed.
    #[must_use]
    pub fn committable(&self, closing: &BTreeSet<i64>) -> i64 {
        self.open
            .keys()
            .find(|offset| !closing.contains(offset))
            .copied()
            .unwrap_or(self.next)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_commit_never_passes_an_open_record(order in Just((0i64..50).collect::<Vec<_>>()).prop_shuffle()) {
            let mut offsets = Offsets::starting_at(0);
            (0..50).for_each(|offset| offsets.consumed(offset, 1));
            let mut open: BTreeSet<i64> = (0..50).collect();
            for offset in order {
                open.remove(&offset);
                let committable = open.first().copied().unwrap_or(50);
                prop_assert_eq!(offsets.committable(&BTreeSet::from([offset])), committable);
                offsets.close(offset);
                prop_assert_eq!(offsets.committable(&BTreeSet::new()), committable);
                prop_assert_eq!(offsets.open(), Open { records: open.len(), bytes: open.len() });
            }
            prop_assert_eq!(offsets.committable(&BTreeSet::new()), 50);
        }
    }

    #[test]
    fn a_topic_that_was_made_again_starts_over() {
        let mut offsets = Offsets::starting_at(100);
        offsets.consumed(100, 10);
        offsets.consumed(0, 3);
        assert_eq!(
            (offsets.committable(&BTreeSet::new()), offsets.next()),
            (0, 1)
        );
        let (records, bytes) = (1, 3);
        assert_eq!(offsets.open(), Open { records, bytes });
        offsets.close(100);
        assert_eq!(offsets.open(), Open { records, bytes }, "of the former one");
    }
}
