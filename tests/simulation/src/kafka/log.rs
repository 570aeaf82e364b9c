//! A partition: records, open and aborted transactions, compaction and retention.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::rc::Rc;

use stackone_link_wire::RecordHeaders;

/// A transaction, by its number in the cluster.
pub type TransactionNumber = u64;

/// A stored record.
#[derive(Debug, Clone)]
pub struct Record {
    /// Where it is.
    pub offset: i64,
    /// When it was appended.
    pub timestamp_ms: i64,
    /// Key.
    pub key: Option<Rc<[u8]>>,
    /// Value; none is a tombstone.
    pub value: Option<Rc<[u8]>>,
    /// Headers; none for a record that has none we know.
    pub headers: Option<Rc<RecordHeaders>>,
    /// What it belongs to.
    pub kind: Kind,
}

/// What a record belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No transaction.
    Plain,
    /// This one.
    Of(TransactionNumber),
    /// A control record: the end of a transaction. Nobody is given it, but it takes an offset.
    Marker,
}

/// A record that is to be stored.
#[derive(Debug, Clone)]
pub struct New {
    /// Key.
    pub key: Option<Rc<[u8]>>,
    /// Value.
    pub value: Option<Rc<[u8]>>,
    /// Headers.
    pub headers: Option<Rc<RecordHeaders>>,
}

/// A partition.
#[derive(Debug, Default)]
pub struct Log {
    records: VecDeque<Record>,
    low: i64,
    end: i64,
    /// Open transactions, each with its first offset.
    open: BTreeMap<TransactionNumber, i64>,
    aborted: BTreeSet<TransactionNumber>,
    /// Where the active segment begins: what is at or above it is neither compacted nor expired.
    segment: i64,
}

/// What a fetch gave.
#[derive(Debug, Default)]
pub struct Fetched {
    /// What may be seen.
    pub records: Vec<Record>,
    /// Where the next fetch begins.
    pub next: i64,
    /// Whether that is the end of what may be seen.
    pub is_end: bool,
}

impl Log {
    /// Stores a record.
    pub fn append(&mut self, new: New, kind: Kind, timestamp_ms: i64) -> i64 {
        let offset = self.end;
        self.end += 1;
        if let Kind::Of(number) = kind {
            self.open.entry(number).or_insert(offset);
        }
        let New {
            key,
            value,
            headers,
        } = new;
        self.records.push_back(Record {
            offset,
            timestamp_ms,
            key,
            value,
            headers,
            kind,
        });
        offset
    }

    /// A transaction ends here, which takes an offset.
    pub fn end_transaction(&mut self, number: TransactionNumber, is_commit: bool, at_ms: i64) {
        self.open.remove(&number);
        if !is_commit {
            self.aborted.insert(number);
        }
        let nothing = New {
            key: None,
            value: None,
            headers: None,
        };
        self.append(nothing, Kind::Marker, at_ms);
    }

    /// The first offset that is there.
    #[must_use]
    pub const fn low(&self) -> i64 {
        self.low
    }

    /// The offset of the next record.
    #[must_use]
    pub const fn high(&self) -> i64 {
        self.end
    }

    /// The first offset of the first open transaction, or the end.
    #[must_use]
    pub fn last_stable(&self) -> i64 {
        self.open.values().copied().min().unwrap_or(self.end)
    }

    /// Whether a `read_committed` client is given a record, once it is below the last stable
    /// offset.
    #[must_use]
    pub fn is_visible(&self, record: &Record) -> bool {
        match record.kind {
            Kind::Plain => true,
            Kind::Of(number) => !self.aborted.contains(&number),
            Kind::Marker => false,
        }
    }

    /// Reads up to `most` records at and behind an offset, as a `read_committed` client does.
    #[must_use]
    pub fn read(&self, from: i64, most: usize) -> Fetched {
        let stable = self.last_stable();
        let first = self.records.partition_point(|record| record.offset < from);
        let mut fetched = Fetched {
            records: Vec::new(),
            next: from.max(self.low),
            is_end: false,
        };
        for record in self.records.range(first..) {
            if record.offset >= stable || fetched.records.len() >= most {
                break;
            }
            fetched.next = record.offset + 1;
            if self.is_visible(record) {
                fetched.records.push(record.clone());
            }
        }
        if fetched.records.len() < most {
            fetched.next = fetched.next.max(stable);
            fetched.is_end = true;
        }
        fetched
    }

    /// Every record that is committed and below the last stable offset.
    pub fn committed(&self) -> impl Iterator<Item = &Record> {
        let stable = self.last_stable();
        let below = self
            .records
            .iter()
            .filter(move |record| record.offset < stable);
        below.filter(|record| self.is_visible(record))
    }

    /// Every record, in order.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.records.iter()
    }

    /// The record at an offset.
    #[must_use]
    pub fn get(&self, offset: i64) -> Option<&Record> {
        let at = self
            .records
            .partition_point(|record| record.offset < offset);
        self.records
            .get(at)
            .filter(|record| record.offset == offset)
    }

    /// A new segment begins.
    pub fn roll(&mut self) {
        self.segment = self.end;
    }

    /// Removes what is replaced by a later record of its key, aborted records, and tombstones from
    /// before `tombstones_ms`: below the active segment and the last stable offset. Offsets stay.
    pub fn compact(&mut self, tombstones_ms: i64) {
        let bound = self.segment.min(self.last_stable());
        let mut newest: HashMap<Rc<[u8]>, i64> = HashMap::new();
        for record in self
            .records
            .iter()
            .take_while(|record| record.offset < bound)
        {
            if let Some(key) = record.key.clone().filter(|_| self.is_visible(record)) {
                newest.insert(key, record.offset);
            }
        }
        let aborted = &self.aborted;
        self.records.retain(|record| {
            if record.offset >= bound {
                return true;
            }
            let is_aborted = matches!(record.kind, Kind::Of(number) if aborted.contains(&number));
            let key = record.key.as_ref();
            let is_newest = key.is_some_and(|key| newest.get(key) == Some(&record.offset));
            let is_old_tombstone = record.value.is_none() && record.timestamp_ms < tombstones_ms;
            is_newest && !is_aborted && !is_old_tombstone
        });
    }

    /// Removes whole segments whose records are from before `before_ms`; of a topic whose segments
    /// all have, also the last.
    pub fn expire(&mut self, before_ms: i64) {
        let newest = self.records.back().map(|record| record.timestamp_ms);
        if newest.is_some_and(|newest| newest < before_ms) {
            self.roll();
        }
        let bound = self.segment.min(self.last_stable());
        let below = self
            .records
            .iter()
            .take_while(|record| record.offset < bound);
        let last = below.last().map(|record| record.timestamp_ms);
        if last.is_some_and(|last| last < before_ms) {
            self.delete_below(bound);
        }
    }

    /// Removes what is below an offset.
    pub fn delete_below(&mut self, offset: i64) {
        let offset = offset.clamp(self.low, self.last_stable());
        self.low = offset;
        while self
            .records
            .front()
            .is_some_and(|record| record.offset < offset)
        {
            self.records.pop_front();
        }
    }
}
