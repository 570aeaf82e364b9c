//! A cluster of one logical broker: calls instead of a protocol. What it is taken to do stands in
//! ASSUMPTIONS.md.

pub mod call;
pub mod group;
pub mod log;
pub mod transactions;

use std::collections::BTreeMap;

use stackone_link_wire::{Topic, Topics, partition_of_key};
use stackone_processor_core::steps::restore;

use crate::time::{DAY, HOUR, MINUTE, MS, Micros, SECOND, wall_ms};
use call::{Call, Reply};
use group::{Group, Joined};
use log::{Kind, Log, New, TransactionNumber};
use transactions::{Decided, Refused, Transactions};

/// Records of one fetch.
const FETCH: usize = 50;

/// A topic the processor reads or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stored {
    /// Webhooks and our own triggers.
    Events,
    /// Transitions.
    Lifecycle,
    /// Links.
    Linked,
    /// States, compacted.
    State,
    /// What was put aside.
    DeadLetter,
}

impl Stored {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Events,
        Self::Lifecycle,
        Self::Linked,
        Self::State,
        Self::DeadLetter,
    ];

    const fn topic(self) -> Topic {
        match self {
            Self::Events => Topic::AccountEvents,
            Self::Lifecycle => Topic::Lifecycle,
            Self::Linked => Topic::Linked,
            Self::State => Topic::State,
            Self::DeadLetter => Topic::DeadLetter,
        }
    }
}

/// A partition of a topic.
pub type TopicPartition = (Stored, i32);

/// What follows from a call, later or for others.
#[derive(Debug)]
pub enum Effect {
    /// The end of a transaction is to be written there; to the group's offsets where that is none.
    WriteEnd {
        /// Of this producer.
        id: usize,
        /// This transaction.
        number: TransactionNumber,
        /// There.
        target: Option<TopicPartition>,
    },
    /// A member's join is answered.
    Joined(Joined),
    /// There is something new on a partition of the events topic, here.
    Appended(i32, i64),
    /// A transaction with these offsets is committed, whenever that is written.
    Committed(BTreeMap<i32, i64>),
    /// A transaction has ended there.
    Ended(TopicPartition),
}

/// The cluster.
#[derive(Debug)]
pub struct Kafka {
    /// Partitions of each topic.
    pub partitions: i32,
    /// The group of the processor.
    pub group: Group,
    /// The group's offsets.
    pub committed: BTreeMap<i32, i64>,
    /// The transaction coordinator.
    pub transactions: Transactions,
    /// What is due.
    pub effects: Vec<Effect>,
    names: Topics,
    logs: BTreeMap<TopicPartition, Log>,
    next_upkeep: Micros,
    next_expiry: Micros,
}

impl Kafka {
    /// Empty topics.
    #[must_use]
    pub fn new(partitions: i32, names: Topics) -> Self {
        let all = Stored::ALL.into_iter();
        let logs = all
            .flat_map(|topic| (0..partitions).map(move |number| ((topic, number), Log::default())));
        Self {
            partitions,
            group: Group::default(),
            committed: BTreeMap::new(),
            transactions: Transactions::default(),
            effects: Vec::new(),
            names,
            logs: logs.collect(),
            next_upkeep: MINUTE,
            next_expiry: 10 * SECOND,
        }
    }

    /// A partition.
    #[must_use]
    pub fn log(&self, topic: Stored, partition: i32) -> Option<&Log> {
        self.logs.get(&(topic, partition))
    }

    /// Every partition of a topic.
    pub fn logs(&self, topic: Stored) -> impl Iterator<Item = (i32, &Log)> {
        let of_topic = self
            .logs
            .iter()
            .filter(move |((named, _), _)| *named == topic);
        of_topic.map(|((_, partition), log)| (*partition, log))
    }

    /// The same, to change them.
    pub fn logs_mut(&mut self, topic: Stored) -> impl Iterator<Item = (i32, &mut Log)> {
        let of_topic = self
            .logs
            .iter_mut()
            .filter(move |((named, _), _)| *named == topic);
        of_topic.map(|((_, partition), log)| (*partition, log))
    }

    /// Where a record of a transaction goes.
    #[must_use]
    pub fn target(
        &self,
        topic: &str,
        partition: Option<i32>,
        key: Option<&[u8]>,
    ) -> TopicPartition {
        let is_named = |stored: &Stored| self.names.name(stored.topic()) == topic;
        let stored = Stored::ALL
            .into_iter()
            .find(is_named)
            .unwrap_or(Stored::DeadLetter);
        let by_key = || partition_of_key(key.unwrap_or_default(), self.partitions);
        (stored, partition.unwrap_or_else(by_key))
    }

    /// Stores a record outside of transactions; gives where.
    pub fn publish(&mut self, target: TopicPartition, new: New, now: Micros) -> i64 {
        let Some(log) = self.logs.get_mut(&target) else {
            return -1;
        };
        let offset = log.append(new, Kind::Plain, wall_ms(now));
        if target.0 == Stored::Events {
            self.effects.push(Effect::Appended(target.1, offset));
        }
        offset
    }

    /// Serves a call that has arrived.
    pub fn serve(&mut self, replica: usize, call: &mut Call, now: Micros) -> Reply {
        match call {
            Call::Init => {
                let (epoch, decided) = self.transactions.init(replica);
                self.end(decided);
                epoch.map_or_else(Reply::from, Reply::Epoch)
            }
            Call::Produce {
                epoch,
                client,
                target,
                records,
            } => self.produce((replica, *epoch, *client), *target, records, now),
            Call::SendOffsets {
                epoch,
                client,
                group: (member, generation),
                offsets,
            } => {
                let added = self.transactions.add((replica, *epoch, *client), None, now);
                if let Err(refused) = added {
                    return refused.into();
                }
                if let Err(refused) = self.group.check(*member, *generation) {
                    return Reply::NoMember(refused);
                }
                self.transactions.send_offsets(replica, offsets);
                Reply::Done
            }
            Call::End {
                epoch,
                client,
                is_commit,
            } => {
                let (ended, decided) = self
                    .transactions
                    .end((replica, *epoch, *client), *is_commit);
                self.end(decided);
                ended.map_or_else(Reply::from, |()| Reply::Done)
            }
            Call::Join { member, owned } => match self.group.join(*member, owned.clone(), now) {
                Ok(member) => Reply::Member(member),
                Err(refused) => Reply::NoMember(refused),
            },
            Call::Heartbeat(member, generation) => {
                match self.group.heartbeat(*member, *generation, now) {
                    Ok(()) => Reply::Done,
                    Err(refused) => Reply::NoMember(refused),
                }
            }
            Call::Leave(member) => {
                self.group.leave(*member, now);
                Reply::Done
            }
            Call::Publish { target, new } => {
                self.publish(*target, new.clone(), now);
                Reply::Done
            }
            Call::Cluster(asked) => Reply::Cluster(
                asked
                    .iter()
                    .map(|(partition, epoch)| (*partition, *epoch, self.range(*partition)))
                    .collect(),
            ),
            Call::Committed(partition) => self.stable_offset(*partition),
            Call::Fetch {
                partition, from, ..
            } => self.fetch(*partition, *from),
            Call::ReadAt {
                partition, offset, ..
            } => {
                let log = self.log(Stored::Events, *partition);
                log.map_or(Reply::None, |log| {
                    Reply::Records(log.read((*offset).max(log.low()), 1))
                })
            }
            Call::Low { partition, .. } => self
                .range(*partition)
                .map_or(Reply::None, |(low, _)| Reply::Offset(low)),
            Call::Markers {
                partition,
                since_ms,
                ..
            } => {
                let log = self.log(Stored::Events, *partition);
                let records = log.into_iter().flat_map(Log::committed);
                let since = *since_ms;
                let recent = records.filter(|record| record.timestamp_ms >= since);
                Reply::Records(log::Fetched {
                    records: recent.cloned().collect(),
                    next: 0,
                    is_end: true,
                })
            }
            Call::Restore {
                partition,
                call,
                position,
                ..
            } => self.restore(*partition, *call, *position),
        }
    }

    fn produce(
        &mut self,
        who: (usize, u64, u64),
        target: TopicPartition,
        records: &mut Vec<New>,
        now: Micros,
    ) -> Reply {
        let number = match self.transactions.add(who, Some(target), now) {
            Ok(number) => number,
            Err(refused) => return refused.into(),
        };
        if let Some(log) = self.logs.get_mut(&target) {
            for record in records.drain(..) {
                log.append(record, Kind::Of(number), wall_ms(now));
            }
        }
        Reply::Done
    }

    fn range(&self, partition: i32) -> Option<(i64, i64)> {
        let log = self.log(Stored::Events, partition)?;
        Some((log.low(), log.last_stable()))
    }

    /// The group's offset, once no open transaction has one.
    fn stable_offset(&self, partition: i32) -> Reply {
        if self.transactions.has_pending_offset(partition) {
            return Reply::Unstable;
        }
        Reply::Committed(self.committed.get(&partition).copied())
    }

    /// Where the offset is not there, the client goes to the beginning.
    fn fetch(&self, partition: i32, from: i64) -> Reply {
        let Some(log) = self.log(Stored::Events, partition) else {
            return Reply::None;
        };
        let is_there = (log.low()..=log.high()).contains(&from);
        let from = if is_there { from } else { log.low() };
        Reply::Records(log.read(from, FETCH))
    }

    fn restore(&self, partition: i32, call: restore::RestoreCall, position: i64) -> Reply {
        let Some(state) = self.log(Stored::State, partition) else {
            return Reply::None;
        };
        match call {
            restore::RestoreCall::CommittedOffset => self.stable_offset(partition),
            restore::RestoreCall::EventWatermarks => self
                .range(partition)
                .map_or(Reply::None, |(low, high)| Reply::Watermarks(low, high)),
            restore::RestoreCall::HighWatermark => Reply::Offset(state.high()),
            restore::RestoreCall::LastStableOffset => Reply::Offset(state.last_stable()),
            restore::RestoreCall::PartitionCount => Reply::Offset(i64::from(self.partitions)),
            restore::RestoreCall::Read => Reply::Records(state.read(position, FETCH)),
        }
    }

    fn end(&mut self, decided: Option<Decided>) {
        let Some(Decided {
            id,
            number,
            partitions,
            has_offsets,
            committed,
        }) = decided
        else {
            return;
        };
        self.effects.extend(committed.map(Effect::Committed));
        let targets = partitions
            .into_iter()
            .map(Some)
            .chain(has_offsets.then_some(None));
        self.effects
            .extend(targets.map(|target| Effect::WriteEnd { id, number, target }));
    }

    /// The end of a transaction is written to one of its partitions, or to the group's offsets.
    pub fn write_end(
        &mut self,
        id: usize,
        number: TransactionNumber,
        target: Option<TopicPartition>,
        now: Micros,
    ) {
        let Some(is_commit) = self.transactions.is_commit(id, number) else {
            return;
        };
        let Some(target) = target else {
            let offsets = self.transactions.offsets_written(id);
            if is_commit {
                self.committed.extend(offsets);
            }
            return;
        };
        if let Some(log) = self.logs.get_mut(&target) {
            log.end_transaction(number, is_commit, wall_ms(now));
        }
        self.transactions.written(id, target);
        self.effects.push(Effect::Ended(target));
    }

    /// What the cluster does by itself: sessions, timeouts, compaction, retention.
    pub fn advance(&mut self, now: Micros) {
        let joined = self.group.advance(self.partitions, now);
        self.effects.extend(joined.into_iter().map(Effect::Joined));
        if now >= self.next_expiry {
            self.next_expiry = now + 10 * SECOND;
            for decided in self.transactions.expire(now) {
                self.end(Some(decided));
            }
        }
        if now >= self.next_upkeep {
            self.next_upkeep = now + 7 * MINUTE;
            self.upkeep(now);
        }
    }

    fn upkeep(&mut self, now: Micros) {
        let before = |age: Micros| wall_ms(now) - i64::try_from(age / MS).unwrap_or(0);
        for (_, log) in self.logs_mut(Stored::State) {
            log.compact(before(DAY));
            log.roll();
        }
        for (_, log) in self.logs_mut(Stored::Events) {
            log.expire(before(7 * DAY));
            if now % (6 * HOUR) < 7 * MINUTE {
                log.roll();
            }
        }
    }

    /// The events topic is deleted and made again: its committed offsets are gone.
    pub fn make_events_again(&mut self) {
        for (_, log) in self.logs_mut(Stored::Events) {
            *log = Log::default();
        }
        self.committed.clear();
    }
}

impl From<Refused> for Reply {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Fenced => Self::Fenced,
            Refused::Concurrent => Self::Concurrent,
            Refused::InvalidState => Self::InvalidState,
        }
    }
}
