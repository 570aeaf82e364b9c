//! Restoring the state of a partition from the compacted topic, before the partition is processed.
//!
//! The order matters. Once the committed offset is *stable*, no transaction of the former owner that sent offsets is open,
//! and one that has not sent them yet will be fenced. So all that can still be committed to the state topic lies below its
//! high watermark, and the state is complete when the last stable offset has reached that.

use std::time::Duration;

use stackone_client_types::PersonalFields;
use stackone_link_schemas::AccountId;
use stackone_link_wire::partition_of_key;

use crate::planted::{Fault, planted};
use crate::processor::input::{Position, RestoreFailure, Restored};
use crate::state::store::UncheckedStates;

/// How long to wait after the first question in a row that brought no answer; twice as long after each further one.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// The longest such wait. A successor that waits for an open transaction should not wait much longer than that takes.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// How long to wait before the last stable offset is asked for again.
const UNSTABLE_WAIT: Duration = Duration::from_millis(50);

/// A call into a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreCall {
    /// The group's committed offset, once it is stable: no transaction with an offset for it is open.
    CommittedOffset,
    /// Low and high watermark of the events partition.
    EventWatermarks,
    /// The high watermark of the state partition, as a `read_uncommitted` client sees it.
    HighWatermark,
    /// The last stable offset of the state partition: its end, as a `read_committed` client sees it.
    LastStableOffset,
    /// How many partitions the state topic has.
    PartitionCount,
    /// The state partition from its beginning to the end that the broker reports, `read_committed`, each record by
    /// [`RestoreSteps::record`]. Positions and watermarks cannot be compared: control records lie between.
    Read,
}

/// What a call gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreAnswer {
    /// An offset; none where the group has committed none.
    Committed(Option<i64>),
    /// Low and high watermark.
    Watermarks(i64, i64),
    /// A high watermark or a last stable offset.
    Offset(i64),
    /// A number of partitions.
    Count(usize),
    /// All was read.
    End,
    /// There is no answer now.
    None,
}

/// What comes next.
#[derive(Debug)]
pub enum RestoreStep {
    /// Make this call, after a wait.
    Call(RestoreCall, Duration),
    /// It is restored, or cannot be.
    Done,
}

/// A restore under way.
#[derive(Debug)]
pub struct RestoreSteps {
    topic: String,
    partition: i32,
    personal: PersonalFields,
    call: Option<RestoreCall>,
    wait: Duration,
    committed: Option<i64>,
    position: Option<Position>,
    high: i64,
    partitions: i32,
    states: UncheckedStates,
    failure: Option<RestoreFailure>,
}

impl RestoreSteps {
    /// Of a partition of the state topic. Of personal data only what is in `personal` is kept.
    #[must_use]
    pub fn new(topic: String, partition: i32, personal: PersonalFields) -> Self {
        Self {
            topic,
            partition,
            personal,
            call: Some(RestoreCall::CommittedOffset),
            wait: Duration::ZERO,
            committed: None,
            position: None,
            high: 0,
            partitions: 0,
            states: UncheckedStates::default(),
            failure: None,
        }
    }

    /// What comes next.
    #[must_use]
    pub fn next(&self) -> RestoreStep {
        self.call
            .map_or(RestoreStep::Done, |call| RestoreStep::Call(call, self.wait))
    }

    /// The call that came next has ended.
    pub fn ended(&mut self, answer: RestoreAnswer) {
        let Some(call) = self.call else { return };
        let (call, wait) = match (call, answer) {
            (RestoreCall::CommittedOffset, RestoreAnswer::Committed(committed)) => {
                self.committed = committed;
                (Some(RestoreCall::EventWatermarks), Duration::ZERO)
            }
            (RestoreCall::EventWatermarks, RestoreAnswer::Watermarks(low, high)) => {
                self.position = Some(position(self.committed, low, high));
                (Some(RestoreCall::HighWatermark), Duration::ZERO)
            }
            (RestoreCall::HighWatermark, RestoreAnswer::Offset(high)) => {
                self.high = high;
                (Some(RestoreCall::LastStableOffset), Duration::ZERO)
            }
            (RestoreCall::LastStableOffset, RestoreAnswer::Offset(stable))
                if stable >= self.high || planted(Fault::RestoreBeforeLastStable) =>
            {
                (Some(RestoreCall::PartitionCount), Duration::ZERO)
            }
            (RestoreCall::LastStableOffset, RestoreAnswer::Offset(_)) => {
                (Some(call), UNSTABLE_WAIT)
            }
            (RestoreCall::PartitionCount, RestoreAnswer::Count(count)) if count > 0 => {
                self.partitions = i32::try_from(count).unwrap_or(i32::MAX);
                (Some(RestoreCall::Read), Duration::ZERO)
            }
            (RestoreCall::Read, RestoreAnswer::End) => (None, Duration::ZERO),
            (call, _) => {
                let longer = (self.wait * 2).clamp(FIRST_WAIT, LONGEST_WAIT);
                (Some(call), longer)
            }
        };
        (self.call, self.wait) = (call, wait);
    }

    /// The last stable offset has not reached this: a transaction is open below it.
    #[must_use]
    pub fn is_waiting_for(&self) -> Option<i64> {
        (self.call == Some(RestoreCall::LastStableOffset)).then_some(self.high)
    }

    /// Takes in a record of the state partition. One without an account id as key is passed over; says whether it was.
    pub fn record(&mut self, key: Option<&[u8]>, value: Option<&[u8]>) -> bool {
        let key = key.and_then(|key| std::str::from_utf8(key).ok());
        let Some(id) = key.and_then(|key| AccountId::try_from(key).ok()) else {
            return false;
        };
        if partition_of_key(id.as_str().as_bytes(), self.partitions) == self.partition {
            self.states.put(id, value);
        } else {
            self.call = None;
            self.failure = Some(RestoreFailure::WrongPartition {
                topic: self.topic.clone(),
                partition: self.partition,
                account: id,
            });
        }
        true
    }

    /// What was restored, once it is done. Only what is left of each account matters, and reading states is most of the
    /// work of a restore, so they are read here.
    ///
    /// # Errors
    ///
    /// Where a state is in the wrong partition or cannot be read.
    pub fn finish(self) -> Result<Restored, RestoreFailure> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let (topic, partition) = (self.topic, self.partition);
        let unreadable = |error| RestoreFailure::UnreadableState {
            topic,
            partition,
            error,
        };
        Ok(Restored {
            states: self.states.check(self.personal).map_err(unreadable)?,
            partitions: self.partitions,
            position: self.position.unwrap_or_default(),
        })
    }
}

fn position(committed: Option<i64>, low: i64, high: i64) -> Position {
    match committed {
        Some(next) if (low..=high).contains(&next) => Position {
            next,
            was_out_of_range: false,
        },
        Some(_) => Position {
            next: low,
            was_out_of_range: true,
        },
        None => Position {
            next: low,
            was_out_of_range: false,
        },
    }
}

#[cfg(test)]
mod tests;
