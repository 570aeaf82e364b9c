//! Asking the cluster how many partitions there are and where the logs of ours begin and end, and whether consumer and producer
//! still reach it.
//!
//! It is asked on another thread. The broker answers one request of a connection after the other, and the one before may
//! be a fetch that waits for records, half a second: nothing here waits for that.
//!
//! A broker that is just starting may answer with a list of no brokers, after which a client knows none it could ask
//! (librdkafka issue 5301). A client that reaches nobody although a new one does is of no more use.

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

/// How long one question may take, to this client or to a new one: a cluster that is slow is slow to both.
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
