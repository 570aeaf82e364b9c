//! Restores the states of a partition from the compacted topic, before the partition is processed.
//!
//! The order matters. Once the committed offset is *stable*, no transaction of the former owner
//! that sent offsets is open, and a transaction that has not sent them yet will be fenced. So
//! everything that can still be committed to the state topic is below its high watermark, and the
//! states are complete when the last stable offset has reached that.

use std::time::Duration;

use stackone_client_types::PersonalFields;
use stackone_link_schemas::AccountId;
use stackone_link_wire::partition_of_key;

use crate::planted::{Fault, planted};
use crate::processor::input::{Position, RestoreFailure, Restored};
use crate::state::store::UncheckedStates;

/// The wait after the first request without an answer. It doubles after each further one.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// The longest such wait. A successor that waits for an open transaction should not wait much
/// longer than that transaction takes.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// The wait before the last stable offset is requested again.
const UNSTABLE_WAIT: Duration = Duration::from_millis(50);

/// A call of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreCall {
    /// The group's committed offset, once it is stable: no open transaction has an offset for it.
    CommittedOffset,
    /// The low and the high watermark of the events partition.
    EventWatermarks,
    /// The high watermark of the state partition, as a `read_uncommitted` client sees it.
    HighWatermark,
    /// The last stable offset of the state partition: its end, as a `read_committed` client sees
    /// it.
    LastStableOffset,
    /// The number of partitions of the state topic.
    PartitionCount,
    /// Read the state partition, `read_committed`, from its beginning to the end that the broker
    /// reports, and pass each record to [`RestoreSteps::record`]. Positions cannot be compared with
    /// watermarks: control records lie between.
    Read,
}

/// The result of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreAnswer {
    /// The committed offset; `None` where the group has committed none.
    Committed(Option<i64>),
    /// The low and the high watermark.
    Watermarks(i64, i64),
    /// A high watermark or a last stable offset.
    Offset(i64),
    /// A number of partitions.
    Count(usize),
    /// The partition was read to its end.
    End,
    /// No answer now.
    None,
}

/// What to do next.
#[derive(Debug)]
pub enum RestoreStep {
    /// Make this call after this wait.
    Call(RestoreCall, Duration),
    /// Nothing more: the partition is restored, or cannot be.
    Done,
}

/// The machine that restores a partition.
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
    /// Starts for a partition of the state topic. Of personal data it keeps only what `personal`
    /// has.
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

    /// Returns the next step.
    #[must_use]
    pub fn next(&self) -> RestoreStep {
        self.call
            .map_or(RestoreStep::Done, |call| RestoreStep::Call(call, self.wait))
    }

    /// Takes the result of the call.
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

    /// Returns the offset that the last stable offset has not reached, because a transaction below
    /// it is open.
    #[must_use]
    pub fn is_waiting_for(&self) -> Option<i64> {
        (self.call == Some(RestoreCall::LastStableOffset)).then_some(self.high)
    }

    /// Takes a record of the state partition. Returns whether it was skipped because its key is no
    /// account id.
    pub fn record(&mut self, key: Option<&[u8]>, value: Option<&[u8]>) -> bool {
        let key = key.and_then(|key| std::str::from_utf8(key).ok());
        let Some(id) = key.and_then(|key| AccountId::try_from(key).ok()) else {
            return false;
        };
        if partition_of_key(id.as_str().as_bytes(), self.partitions) == self.partition {
            self.states.put(&id, value);
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

    /// Returns the restored partition. Only the last state of each account matters, and parsing is
    /// most of the work of a restore, so states are parsed here.
    ///
    /// # Errors
    ///
    /// Fails where a state is in the wrong partition or cannot be read.
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
