//! Whether consumer and producer still reach the cluster, and what the cluster says of our partitions: how far behind we are, and
//! whether records were deleted before they were read.
//!
//! It is asked on another thread. The broker answers one request of a connection after the other, and the one before may
//! be a fetch that waits for records, half a second: nothing here waits for that.
//!
//! A broker that is just starting may answer with a list of no brokers, after which a client knows none it could ask
//! (librdkafka issue 5301). A client that reaches nobody although a new one does is of no more use.

use crate::clock;
use stackone_processor_core::time::Monotonic;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::Consumer as _;
use stackone_link_transport::KafkaConfig;
use stackone_link_wire::Topic;
use tokio_util::sync::CancellationToken;

use super::{Reconciler, ReconcilerError};
use crate::consumer::GroupQuestions;
use crate::message::{Message, Reached, Watermarks};
use crate::reader::reader;
use crate::tasks;
use crate::transaction::Transactions;

/// How often it is checked.
const INTERVAL: Duration = Duration::from_secs(10);
/// The same while the cluster has not told how many partitions there are: until then nothing is looked up.
const SOON: Duration = Duration::from_secs(1);
/// How long one question may take, to this client or to a new one: a cluster that is slow is slow to both.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long nobody may have answered before a new client is tried.
const LOST_AFTER: Duration = Duration::from_secs(30);

/// When the cluster last answered.
pub(super) struct Contact {
    asked: Monotonic,
    last: Monotonic,
    is_asking: bool,
}

impl Contact {
    pub(super) fn new(now: Monotonic) -> Self {
        Self {
            asked: now,
            last: now,
            is_asking: false,
        }
    }

    /// Whether it is time to ask again.
    fn is_due(&mut self, interval: Duration, now: Monotonic) -> bool {
        let is_due = now >= self.asked + interval;
        if is_due {
            self.asked = now;
        }
        is_due
    }

    const fn answered(&mut self, now: Monotonic) {
        self.last = now;
    }

    /// Whether nobody has answered for so long that a new client is worth a try.
    fn is_lost(&self, now: Monotonic) -> bool {
        now.duration_since(self.last) >= LOST_AFTER
    }
}

impl Reconciler {
    /// Asks the cluster, if it is time or a gap between records has to be explained. The answer comes into the inbox.
    pub(super) fn ask_cluster(&mut self) {
        let now = clock::monotonic();
        if self.contact.is_asking {
            return;
        }
        let interval = if self.all_partitions == 0 {
            SOON
        } else {
            INTERVAL
        };
        let is_due = self.contact.is_due(interval, now);
        let mut partitions = Vec::new();
        for (number, partition) in &mut self.partitions {
            let epoch = partition.epoch;
            let ready = partition.ready_mut();
            if let Some(ready) = ready.filter(|ready| is_due || ready.gaps.is_due(now)) {
                ready.gaps.ask(now);
                partitions.push((*number, epoch));
            }
        }
        if !is_due && partitions.is_empty() {
            return;
        }
        self.contact.is_asking = true;
        let question = Question {
            consumer: self.consumer.questions(),
            transactions: Arc::clone(&self.transactions),
            kafka: self.settings.kafka.clone(),
            group: self.settings.membership.group_id.clone(),
            topic: self.settings.topics.name(Topic::AccountEvents).to_owned(),
            partitions,
            may_be_lost: self.contact.is_lost(now),
            stop: self.surroundings.stop.clone(),
        };
        let post = self.post.clone();
        let job = move || drop(post.send(Message::Reached(question.ask())));
        self.tasks.spawn_blocking(tasks::CLUSTER, job);
    }

    /// Takes the cluster's answer in. Ends this run where a new client would reach the cluster and one of ours does not.
    pub(super) fn reached(&mut self, reached: Reached) -> Result<(), ReconcilerError> {
        self.contact.is_asking = false;
        let (partitions, watermarks) = match reached {
            Reached::Yes {
                partitions,
                watermarks,
            } => (partitions, watermarks),
            Reached::No => return Ok(()),
            Reached::ByOthers => return Err(ReconcilerError::OutOfContact),
        };
        self.contact.answered(clock::monotonic());
        if partitions != self.all_partitions {
            self.share_budgets_among(Some(partitions));
        }
        for of_one in watermarks {
            self.take_watermarks_in(&of_one);
        }
        Ok(())
    }

    fn take_watermarks_in(&mut self, watermarks: &Watermarks) {
        let Watermarks {
            partition,
            epoch,
            range,
        } = *watermarks;
        let ours = self.partitions.get_mut(&partition);
        let ours = ours.filter(|ours| ours.epoch == epoch);
        let Some(ready) = ours.and_then(|ours| ours.ready_mut()) else {
            return;
        };
        let missing = ready.gaps.answered(range.map(|(low, _)| low));
        let next = ready.offsets.next();
        let Some((low, high)) = range else { return };
        let topic = self.settings.topics.name(Topic::AccountEvents);
        let lag = &self.surroundings.metrics.consumer_lag;
        lag.with_label_values(&[topic, &partition.to_string()])
            .set((high - next).max(0));
        if let Some(from) = missing {
            self.out_of_range(partition, from, low);
        }
    }

    /// Partitions that are not ours any more have no lag here.
    pub(super) fn forget_lag(&self, partitions: &[i32]) {
        let topic = self.settings.topics.name(Topic::AccountEvents);
        for partition in partitions {
            let lag = &self.surroundings.metrics.consumer_lag;
            // One that was never observed has none.
            drop(lag.remove_label_values(&[topic, &partition.to_string()]));
        }
    }
}

/// What the cluster is asked.
struct Question {
    consumer: GroupQuestions,
    transactions: Arc<Transactions>,
    kafka: KafkaConfig,
    group: String,
    topic: String,
    /// With their epochs.
    partitions: Vec<(i32, u64)>,
    /// Whether nobody has answered for long.
    may_be_lost: bool,
    stop: CancellationToken,
}

impl Question {
    fn ask(self) -> Reached {
        let partitions = self.consumer.partition_count(PATIENCE).ok();
        let reaches = |_: &usize| self.transactions.reach(&self.topic, PATIENCE);
        let Some(partitions) = partitions.filter(reaches) else {
            return if self.may_be_lost && self.would_reach() {
                Reached::ByOthers
            } else {
                Reached::No
            };
        };
        let mut does_answer = true;
        let ask = |&(partition, epoch): &(i32, u64)| {
            // One that is not told costs PATIENCE; those after it are not asked for.
            let ask = || self.consumer.watermarks(partition, PATIENCE);
            let goes_on = does_answer && !self.stop.is_cancelled();
            let range = goes_on.then(ask).and_then(Result::ok);
            does_answer = range.is_some();
            Watermarks {
                partition,
                epoch,
                range,
            }
        };
        Reached::Yes {
            partitions,
            watermarks: self.partitions.iter().map(ask).collect(),
        }
    }

    fn would_reach(&self) -> bool {
        let client = reader(&self.kafka, &self.group, "read_committed");
        client.is_ok_and(|client| client.fetch_metadata(Some(&self.topic), PATIENCE).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contact_is_lost_when_nobody_has_answered_for_half_a_minute() {
        let start = clock::monotonic();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut contact = Contact::new(start);
        assert!(!contact.is_due(INTERVAL, after(9)));
        assert!(contact.is_due(INTERVAL, after(10)));
        assert!(!contact.is_due(INTERVAL, after(19)), "asked a moment ago");
        contact.answered(after(10));
        assert!(!contact.is_lost(after(39)));
        assert!(contact.is_lost(after(40)));
        contact.answered(after(41));
        assert!(!contact.is_lost(after(70)), "an answer ends it");
    }
}
