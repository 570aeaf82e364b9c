//! The transaction coordinator: epochs, what each transaction touches, and its end in two phases.

use std::collections::{BTreeMap, BTreeSet};

use super::TopicPartition;
use super::log::TransactionNumber;
use crate::time::{Micros, SECOND};

/// `transaction.timeout.ms` of the processor's producers.
pub const TIMEOUT: Micros = 10 * SECOND;

/// Why a producer's request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Another producer of this id, or the coordinator, has raised the epoch.
    Fenced,
    /// The last transaction has not ended everywhere: try again.
    Concurrent,
    /// There is no such transaction.
    InvalidState,
}

/// Where a producer's transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Empty,
    Ongoing {
        since: Micros,
    },
    /// Decided, and not written everywhere.
    Prepared {
        is_commit: bool,
    },
    Complete {
        is_commit: bool,
    },
}

/// What a `transactional.id` stands for.
#[derive(Debug)]
pub struct Producer {
    epoch: u64,
    state: State,
    /// The number of the transaction in the cluster.
    number: TransactionNumber,
    /// The client's count of its transactions: what arrives late belongs to an earlier one.
    ended: u64,
    partitions: BTreeSet<TopicPartition>,
    /// Offsets that become the group's with the commit.
    offsets: BTreeMap<i32, i64>,
    has_offsets: bool,
}

/// A transaction that was decided: what its end has to be written to.
#[derive(Debug)]
pub struct Decided {
    /// Of whom.
    pub id: usize,
    /// Which.
    pub number: TransactionNumber,
    /// These partitions.
    pub partitions: Vec<TopicPartition>,
    /// And the group's offsets.
    pub has_offsets: bool,
    /// Those offsets, where it is committed.
    pub committed: Option<BTreeMap<i32, i64>>,
}

/// The coordinator.
#[derive(Debug, Default)]
pub struct Transactions {
    producers: BTreeMap<usize, Producer>,
    numbers: TransactionNumber,
}

impl Transactions {
    /// `InitProducerId`: fences the producer before, whose open transaction is aborted first.
    pub fn init(&mut self, id: usize) -> (Result<u64, Refused>, Option<Decided>) {
        let producer = self.producers.entry(id).or_insert_with(|| Producer {
            epoch: 0,
            state: State::Empty,
            number: 0,
            ended: 0,
            partitions: BTreeSet::new(),
            offsets: BTreeMap::new(),
            has_offsets: false,
        });
        match producer.state {
            State::Ongoing { .. } => {
                producer.epoch += 1;
                (Err(Refused::Concurrent), Some(producer.decide(id, false)))
            }
            State::Prepared { .. } => (Err(Refused::Concurrent), None),
            State::Empty | State::Complete { .. } => {
                producer.epoch += 1;
                producer.state = State::Empty;
                producer.ended = 0;
                (Ok(producer.epoch), None)
            }
        }
    }

    /// `AddPartitionsToTxn`, or `AddOffsetsToTxn` without a partition: the transaction begins with
    /// the first. `client` is the client's count of its transactions.
    pub fn add(
        &mut self,
        (id, epoch, client): (usize, u64, u64),
        partition: Option<TopicPartition>,
        now: Micros,
    ) -> Result<TransactionNumber, Refused> {
        let producer = self.producers.get_mut(&id).ok_or(Refused::Fenced)?;
        if producer.epoch != epoch {
            return Err(Refused::Fenced);
        }
        if client <= producer.ended {
            return Err(Refused::InvalidState);
        }
        match producer.state {
            State::Prepared { .. } => return Err(Refused::Concurrent),
            State::Ongoing { .. } => {}
            State::Empty | State::Complete { .. } => {
                self.numbers += 1;
                producer.number = self.numbers;
                producer.state = State::Ongoing { since: now };
            }
        }
        match partition {
            Some(partition) => drop(producer.partitions.insert(partition)),
            None => producer.has_offsets = true,
        }
        Ok(producer.number)
    }

    /// The offsets of the open transaction.
    pub fn send_offsets(&mut self, id: usize, offsets: &[(i32, i64)]) {
        if let Some(producer) = self.producers.get_mut(&id) {
            producer.offsets.extend(offsets.iter().copied());
        }
    }

    /// `EndTxn`: decided once this answers. Its end is written afterwards, partition by partition.
    pub fn end(
        &mut self,
        (id, epoch, client): (usize, u64, u64),
        is_commit: bool,
    ) -> (Result<(), Refused>, Option<Decided>) {
        let Some(producer) = self
            .producers
            .get_mut(&id)
            .filter(|producer| producer.epoch == epoch)
        else {
            return (Err(Refused::Fenced), None);
        };
        let is_same = client == producer.ended;
        match producer.state {
            State::Ongoing { .. } => {
                producer.ended = client;
                (Ok(()), Some(producer.decide(id, is_commit)))
            }
            State::Prepared { is_commit: was } | State::Complete { is_commit: was } if is_same => (
                if was == is_commit {
                    Ok(())
                } else {
                    Err(Refused::InvalidState)
                },
                None,
            ),
            State::Prepared { .. } => (Err(Refused::Concurrent), None),
            // Nothing of it has arrived, and nothing of it will count.
            State::Empty | State::Complete { .. } if !is_commit => {
                producer.ended = client;
                (Ok(()), None)
            }
            State::Empty | State::Complete { .. } => (Err(Refused::InvalidState), None),
        }
    }

    /// Aborts what has been open for too long, and raises the epoch of who opened it.
    pub fn expire(&mut self, now: Micros) -> Vec<Decided> {
        let mut decided = Vec::new();
        for (id, producer) in &mut self.producers {
            if matches!(producer.state, State::Ongoing { since } if now >= since + TIMEOUT) {
                producer.epoch += 1;
                decided.push(producer.decide(*id, false));
            }
        }
        decided
    }

    /// Whether the transaction is to be committed; none where it has ended.
    #[must_use]
    pub fn is_commit(&self, id: usize, number: TransactionNumber) -> Option<bool> {
        let producer = self
            .producers
            .get(&id)
            .filter(|producer| producer.number == number)?;
        match producer.state {
            State::Prepared { is_commit } => Some(is_commit),
            State::Empty | State::Ongoing { .. } | State::Complete { .. } => None,
        }
    }

    /// Its end is written to a partition.
    pub fn written(&mut self, id: usize, partition: TopicPartition) {
        if let Some(producer) = self.producers.get_mut(&id) {
            producer.partitions.remove(&partition);
            producer.complete();
        }
    }

    /// Its end is written to the group's offsets, which are given.
    pub fn offsets_written(&mut self, id: usize) -> BTreeMap<i32, i64> {
        let Some(producer) = self.producers.get_mut(&id) else {
            return BTreeMap::new();
        };
        producer.has_offsets = false;
        let offsets = std::mem::take(&mut producer.offsets);
        producer.complete();
        offsets
    }

    /// Whether an open transaction has an offset for a partition: what is committed is not stable
    /// then.
    #[must_use]
    pub fn has_pending_offset(&self, partition: i32) -> bool {
        self.producers
            .values()
            .any(|producer| producer.offsets.contains_key(&partition))
    }

    /// Whether no transaction is open.
    #[must_use]
    pub fn are_ended(&self) -> bool {
        self.producers
            .values()
            .all(|producer| matches!(producer.state, State::Empty | State::Complete { .. }))
    }
}

impl Producer {
    fn decide(&mut self, id: usize, is_commit: bool) -> Decided {
        self.state = State::Prepared { is_commit };
        let decided = Decided {
            id,
            number: self.number,
            partitions: self.partitions.iter().copied().collect(),
            has_offsets: self.has_offsets,
            committed: is_commit.then(|| self.offsets.clone()),
        };
        self.complete();
        decided
    }

    fn complete(&mut self) {
        if let State::Prepared { is_commit } = self.state
            && self.partitions.is_empty()
            && !self.has_offsets
        {
            self.state = State::Complete { is_commit };
        }
    }
}
