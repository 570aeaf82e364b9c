//! Reads records again, so that a dead letter holds the original bytes although memory does not
//! keep them.
//!
//! A record counts as expired only where the broker shows that it is gone. A record that cannot be
//! read now may still exist, and a dead letter without its bytes could never be redriven.

use std::time::Duration;

use stackone_link_schemas::Cause;

use crate::event::intake::Consumed;
use crate::time::Monotonic;
use crate::work::AccountKey;

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefetchStep {
    /// Read on at this offset; the first time, seek to it.
    Read {
        /// The partition of the record.
        partition: i32,
        /// The offset of the record.
        offset: i64,
        /// Whether the reader is at another place and must seek.
        is_first: bool,
    },
    /// Ask for the low watermark of this partition.
    LowWatermark(i32),
    /// Nothing more: all records are read, or one cannot be read now.
    Done,
}

/// The result of a call.
#[derive(Debug)]
pub enum RefetchAnswer {
    /// The next record at or after the offset.
    Record(Box<Consumed>),
    /// The end of the partition: no record at or after the offset can be read now.
    EndOfPartition,
    /// The low watermark.
    Low(i64),
    /// No answer yet.
    None,
}

/// A record that cannot be read again now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("offset {offset} of partition {partition} was not read again in time")]
pub struct NotInTime {
    /// The partition of the record.
    pub partition: i32,
    /// The offset of the record.
    pub offset: i64,
}

/// The machine that reads the records of an account again.
#[derive(Debug)]
pub struct RefetchSteps {
    key: AccountKey,
    causes: Vec<Cause>,
    read: Vec<(Consumed, bool)>,
    next: RefetchStep,
    /// How long to look for one record.
    within: Duration,
    began: Monotonic,
    late: Option<NotInTime>,
}

impl RefetchSteps {
    /// Starts for the records `causes` of the account `key`. Looks for each record for `within` at
    /// most.
    #[must_use]
    pub fn new(key: AccountKey, causes: Vec<Cause>, within: Duration, now: Monotonic) -> Self {
        let mut steps = Self {
            key,
            causes,
            read: Vec::new(),
            next: RefetchStep::Done,
            within,
            began: now,
            late: None,
        };
        steps.go_on(now);
        steps
    }

    /// Returns the next step.
    #[must_use]
    pub const fn next(&self) -> RefetchStep {
        self.next
    }

    /// Takes the result of the step.
    pub fn ended(&mut self, answer: RefetchAnswer, now: Monotonic) {
        let Some(cause) = self.causes.get(self.read.len()) else {
            return;
        };
        let (partition, offset) = (cause.partition, cause.offset);
        let found = match answer {
            // In a topic that was made again, the offset holds another record, perhaps of another
            // account.
            RefetchAnswer::Record(record) if record.offset == offset => {
                Some(Some(*record).filter(|record| record.is_of(cause)))
            }
            // The broker returned a later record, so this one was deleted, or is a control record.
            RefetchAnswer::Record(_) => Some(None),
            // Where the low watermark has passed the offset, the record is gone for good.
            RefetchAnswer::EndOfPartition => {
                self.next = RefetchStep::LowWatermark(partition);
                return;
            }
            RefetchAnswer::Low(low) => (low > offset).then_some(None),
            RefetchAnswer::None => None,
        };
        match found {
            Some(Some(record)) => self.read.push((record, false)),
            Some(None) => {
                let expired = expired(&self.key, cause);
                self.read.push((expired, true));
            }
            None if now.duration_since(self.began) >= self.within => {
                self.late = Some(NotInTime { partition, offset });
                self.next = RefetchStep::Done;
                return;
            }
            None => {
                self.next = RefetchStep::Read {
                    partition,
                    offset,
                    is_first: false,
                };
                return;
            }
        }
        self.go_on(now);
    }

    fn go_on(&mut self, now: Monotonic) {
        self.began = now;
        self.next = self
            .causes
            .get(self.read.len())
            .map_or(RefetchStep::Done, |cause| RefetchStep::Read {
                partition: cause.partition,
                offset: cause.offset,
                is_first: true,
            });
    }

    /// Returns the records. `true` marks one that has expired: it has a key and no value.
    ///
    /// # Errors
    ///
    /// Fails where a record cannot be read again now.
    pub fn finish(self) -> Result<Vec<(Consumed, bool)>, NotInTime> {
        self.late.map_or(Ok(self.read), Err)
    }
}

fn expired(key: &AccountKey, cause: &Cause) -> Consumed {
    Consumed {
        partition: cause.partition,
        offset: cause.offset,
        timestamp_ms: cause.received_at.map_or(0, jiff::Timestamp::as_millisecond),
        key: Some(key.id.as_str().into()),
        value: Vec::new(),
        headers: None,
    }
}

#[cfg(test)]
mod tests {
    use stackone_link_schemas::{AccountId, CloudEvent};
    use stackone_link_wire::RecordHeaders;
    use uuid::Uuid;

    use super::*;

    const WITHIN: Duration = Duration::from_secs(10);

    fn cause(offset: i64) -> Cause {
        Cause {
            event_id: None,
            event_type: "account.created".to_owned(),
            event_date: None,
            received_at: None,
            topic: "events".to_owned(),
            partition: 3,
            offset,
        }
    }

    fn steps(offsets: &[i64]) -> RefetchSteps {
        let id = AccountId::try_from("a").unwrap();
        let causes = offsets.iter().copied().map(cause).collect();
        RefetchSteps::new(
            AccountKey { partition: 3, id },
            causes,
            WITHIN,
            Monotonic::START,
        )
    }

    fn record(offset: i64, headers: Option<RecordHeaders>) -> RefetchAnswer {
        RefetchAnswer::Record(Box::new(Consumed {
            partition: 3,
            offset,
            timestamp_ms: 0,
            key: None,
            value: b"{}".to_vec(),
            headers,
        }))
    }

    fn another_event() -> RecordHeaders {
        RecordHeaders::of(CloudEvent {
            id: Uuid::from_u128(1),
            event_type: "account.created".to_owned(),
            source: "/stackone".to_owned(),
            subject: None,
            time: None,
            dataschema: None,
        })
    }

    #[test]
    fn a_record_is_there_or_the_broker_has_shown_that_it_is_gone() {
        let mut steps = steps(&[1, 5, 9, 12]);
        let read = |offset, is_first| RefetchStep::Read {
            partition: 3,
            offset,
            is_first,
        };
        assert_eq!(steps.next(), read(1, true));
        steps.ended(RefetchAnswer::None, Monotonic::START);
        assert_eq!(steps.next(), read(1, false));
        steps.ended(record(1, None), Monotonic::START);
        assert_eq!(steps.next(), read(5, true));
        steps.ended(record(6, None), Monotonic::START);
        assert_eq!(steps.next(), read(9, true));
        steps.ended(RefetchAnswer::EndOfPartition, Monotonic::START);
        assert_eq!(steps.next(), RefetchStep::LowWatermark(3));
        steps.ended(RefetchAnswer::Low(9), Monotonic::START);
        assert_eq!(steps.next(), read(9, false), "it may be there");
        steps.ended(RefetchAnswer::EndOfPartition, Monotonic::START);
        steps.ended(RefetchAnswer::Low(10), Monotonic::START);
        assert_eq!(steps.next(), read(12, true));
        // The topic was made again.
        let another = record(12, Some(another_event()));
        steps.ended(another, Monotonic::START);
        assert_eq!(steps.next(), RefetchStep::Done);
        let read = steps.finish().unwrap();
        let read: Vec<_> = read.iter().map(|(one, gone)| (one.offset, *gone)).collect();
        assert_eq!(read, [(1, false), (5, true), (9, true), (12, true)]);
    }

    #[test]
    fn a_record_that_cannot_be_read_in_time_has_not_expired() {
        let mut steps = steps(&[1]);
        steps.ended(RefetchAnswer::None, Monotonic::START + WITHIN / 2);
        assert_ne!(steps.next(), RefetchStep::Done);
        steps.ended(RefetchAnswer::None, Monotonic::START + WITHIN);
        assert_eq!(steps.next(), RefetchStep::Done);
        let late = NotInTime {
            partition: 3,
            offset: 1,
        };
        assert_eq!(steps.finish().unwrap_err(), late);
    }
}
