//! Asks the cluster for the number of partitions and the watermarks of the assigned ones, and
//! checks whether consumer and producer still reach it.
//!
//! Requests are sent from another thread. A broker answers the requests of a connection one after
//! the other, and the one before may be a fetch that waits half a second for records.
//!
//! A broker that is just starting may answer with an empty list of brokers, after which a client
//! knows none that it could ask (librdkafka issue 5301). A client that reaches no broker although a
//! new client does cannot be used any more.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::Consumer as _;
use stackone_link_transport::KafkaConfig;
use stackone_link_wire::Topic;
use stackone_processor_core::processor::Input;
use stackone_processor_core::processor::input::{ClusterAnswer, Watermarks};
use tokio_util::sync::CancellationToken;

use super::Shell;
use crate::consumer::GroupQuestions;
use crate::reader::reader;
use crate::tasks::CLUSTER;
use crate::transaction::Transactions;

/// How long one request may take, of this client or a new one: a slow cluster is slow for both.
const PATIENCE: Duration = Duration::from_secs(2);

impl Shell {
    pub(super) fn ask_cluster(&self, partitions: Vec<(i32, u64)>, may_be_lost: bool) {
        let question = Question {
            consumer: self.consumer.questions(),
            transactions: Arc::clone(&self.transactions),
            kafka: self.settings.kafka.clone(),
            group: self.settings.membership.group_id.clone(),
            topic: self
                .settings
                .core
                .topics
                .name(Topic::AccountEvents)
                .to_owned(),
            partitions,
            may_be_lost,
            stop: self.context.stop.clone(),
        };
        let post = self.inbox.post();
        let job = move || post.input(Input::ClusterAnswered(question.ask()));
        self.tasks().spawn_blocking(CLUSTER, job);
    }
}

/// What to ask the cluster.
struct Question {
    consumer: GroupQuestions,
    transactions: Arc<Transactions>,
    kafka: KafkaConfig,
    group: String,
    topic: String,
    /// The partitions with their epochs.
    partitions: Vec<(i32, u64)>,
    /// Whether the cluster was silent for so long that a new client should be tried.
    may_be_lost: bool,
    stop: CancellationToken,
}

impl Question {
    fn ask(self) -> ClusterAnswer {
        let partitions = self.consumer.partition_count(PATIENCE).ok();
        let reaches = |_: &usize| self.transactions.reach(&self.topic, PATIENCE);
        let Some(partitions) = partitions.filter(reaches) else {
            return if self.may_be_lost && self.would_reach() {
                ClusterAnswer::ByOthers
            } else {
                ClusterAnswer::No
            };
        };
        let mut does_answer = true;
        let ask = |&(partition, epoch): &(i32, u64)| {
            // A missing answer costs PATIENCE, so the partitions after it are left out.
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
        ClusterAnswer::Yes {
            partitions,
            watermarks: self.partitions.iter().map(ask).collect(),
        }
    }

    fn would_reach(&self) -> bool {
        let client = reader(&self.kafka, &self.group, "read_committed");
        client.is_ok_and(|client| client.fetch_metadata(Some(&self.topic), PATIENCE).is_ok())
    }
}
