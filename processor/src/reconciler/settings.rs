//! What a reconciler is given, and why it may end.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::Sender;
use std::time::Duration;

use stackone_client_types::PersonalFields;
use stackone_link_process::spans::Spans;
use stackone_link_transport::KafkaConfig;
use stackone_link_wire::Topics;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::consumer::{Membership, StartError as ConsumerError};
use crate::heartbeat::Heartbeat;
use crate::message::Message;
use crate::metrics::Metrics;
use crate::projects::Projects;
use crate::restore::RestoreError;
use crate::resync::ResyncSettings;
use crate::tasks::Tasks;
use crate::transaction::{Around, StartError as TransactionStartError, TransactionError};
use stackone_processor_core::api_gate::batch::BatchSettings;
use stackone_processor_core::offsets::open_records::Open;
use stackone_processor_core::reconcile::GracePeriods;

/// How a reconciler works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How to reach Kafka.
    pub kafka: KafkaConfig,
    /// The topics' names.
    pub topics: Topics,
    /// Group membership.
    pub membership: Membership,
    /// `transactional.id`: group and instance id.
    pub transactional_id: String,
    /// Longest time a transaction may take.
    pub transaction_timeout: Duration,
    /// How often undecided triggers are written to the state topic.
    pub marker_interval: Duration,
    /// Most lookups of a project under way at once; a batch is one.
    pub max_lookups: usize,
    /// Most accounts of a project that wait in memory.
    pub max_pending: usize,
    /// Most records that may be neither decided nor written down.
    pub most_open: Open,
    /// Whether triggers of an account merge while they wait. Only a measurement of the other way does without.
    pub merges_triggers: bool,
    /// When accounts are asked for together.
    pub batch: BatchSettings,
    /// How often accounts are listed; never where absent.
    pub resync_interval: Option<Duration>,
    /// How they are listed.
    pub resync: ResyncSettings,
    /// How long answers must have been unreadable before an account's triggers are put aside.
    pub unreadable_time: Duration,
    /// Which fields that may be personal data are kept.
    pub personal: PersonalFields,
    /// Grace periods of the decision table.
    pub periods: GracePeriods,
}

/// Why a reconciler stopped although it was not told to.
#[derive(Debug, thiserror::Error)]
pub enum ReconcilerError {
    /// It could not join its group.
    #[error("cannot join the consumer group")]
    Consumer(#[from] ConsumerError),
    /// It could not register its transactional id.
    #[error("cannot start transactions")]
    Transactions(#[from] TransactionStartError),
    /// A transaction failed in a way that needs a new producer and a fresh look at the state.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    /// The state cannot be restored.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The consumer or the producer reaches no broker, although a new client does.
    #[error("the consumer or the producer reaches no broker, and a new client does")]
    OutOfContact,
    /// A task panicked, and what waits for its answer would wait for ever.
    #[error("{0} panicked, and its answer will never come")]
    TaskDied(&'static str),
    /// The group did not let us answer a rebalance.
    #[error("rebalance")]
    Rebalance(#[source] rdkafka::error::KafkaError),
    /// What was decided cannot be written as JSON.
    #[error("record cannot be encoded")]
    Encode(#[from] serde_json::Error),
}

/// What a reconciler shares with the rest of the process.
#[derive(Clone)]
pub struct Surroundings {
    /// The projects.
    pub projects: Arc<Projects>,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// Where what was decided is told, for who looks at traces.
    pub spans: Spans,
    /// The runtime for lookups.
    pub runtime: Handle,
    /// Tasks that are awaited when the process stops.
    pub tasks: TaskTracker,
    /// Cancelled when the process stops.
    pub stop: CancellationToken,
    /// Whether every assigned partition is restored.
    pub is_restored: Arc<AtomicBool>,
    /// Whether every project's key is refused.
    pub all_refused: Arc<AtomicBool>,
    /// Told of each turn, for `/livez`.
    pub heartbeat: Arc<Heartbeat>,
    /// What stands around the steps of transactions: nothing but in tests.
    pub around: Arc<dyn Around>,
}

impl Surroundings {
    /// Tasks of a run, which is told through `post` of those that die.
    pub(super) fn tasks_of(&self, post: Sender<Message>) -> Tasks {
        Tasks::new(self.tasks.clone(), self.runtime.clone(), post)
    }
}
