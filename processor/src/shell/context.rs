//! What a run gets, and why it may fail.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use stackone_client_types::PersonalFields;
use stackone_link_process::spans::Spans;
use stackone_link_transport::KafkaConfig;
use stackone_processor_core::processor::Failure;
use stackone_processor_core::settings;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Post;
use crate::consumer::{ConsumerStartError, Membership};
use crate::heartbeat::Heartbeat;
use crate::metrics::Metrics;
use crate::projects::ProjectClients;
use crate::restore::OpenTransactions;
use crate::resync::ResyncSettings;
use crate::tasks::Tasks;
use crate::transaction::{Around, StartError as TransactionStartError};

/// The settings of a run.
#[derive(Debug, Clone)]
pub struct ReconcilerSettings {
    /// The settings that the core's decisions depend on.
    pub core: Arc<settings::DecisionSettings>,
    /// How to reach Kafka.
    pub kafka: KafkaConfig,
    /// Group membership.
    pub membership: Membership,
    /// `transactional.id`: group and instance id.
    pub transactional_id: String,
    /// The longest time a transaction may take.
    pub transaction_timeout: Duration,
    /// How accounts are listed.
    pub resync: ResyncSettings,
    /// The personal data that is kept.
    pub personal: PersonalFields,
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum ReconcilerError {
    /// The consumer could not join its group.
    #[error("cannot join the consumer group")]
    Consumer(#[from] ConsumerStartError),
    /// The producer could not register its transactional id.
    #[error("cannot start transactions")]
    Transactions(#[from] TransactionStartError),
    /// The core failed.
    #[error(transparent)]
    Core(#[from] Failure),
    /// A task panicked. Whatever waits for its answer would wait for ever.
    #[error("{0} panicked, and its answer will never come")]
    TaskDied(&'static str),
    /// librdkafka refused the answer to a rebalance, or a pause.
    #[error("rebalance")]
    Rebalance(#[source] rdkafka::error::KafkaError),
}

impl ReconcilerError {
    /// Whether another run cannot do better.
    #[must_use]
    pub const fn is_for_good(&self) -> bool {
        match self {
            Self::Core(Failure::Restore(failure)) => failure.is_for_good(),
            Self::Core(
                Failure::Transaction(_)
                | Failure::Leaderless { .. }
                | Failure::OutOfContact
                | Failure::Encode(_),
            )
            | Self::Consumer(_)
            | Self::Transactions(_)
            | Self::TaskDied(_)
            | Self::Rebalance(_) => false,
        }
    }
}

/// What a run shares with the rest of the process.
#[derive(Clone)]
pub struct Context {
    /// The projects with their clients.
    pub projects: Arc<ProjectClients>,
    /// The metrics of the process.
    pub metrics: Arc<Metrics>,
    /// Sends a span for each decision.
    pub spans: Spans,
    /// The runtime for lookups.
    pub runtime: Handle,
    /// Tasks that the stop of the process waits for.
    pub tasks: TaskTracker,
    /// Cancelled when the process stops.
    pub stop: CancellationToken,
    /// Whether every assigned partition is restored.
    pub is_restored: Arc<AtomicBool>,
    /// The restores that wait for a transaction to end.
    pub open_transactions: Arc<OpenTransactions>,
    /// Whether the keys of all projects are refused.
    pub all_refused: Arc<AtomicBool>,
    /// Notes each turn, for `/livez`.
    pub heartbeat: Arc<Heartbeat>,
    /// Acts between the steps of transactions: only tests do.
    pub around: Arc<dyn Around>,
}

impl Context {
    /// Returns the tasks of a run. The run hears through `post` of those that panic.
    pub(super) fn tasks_of(&self, post: Post) -> Tasks {
        Tasks::new(self.tasks.clone(), self.runtime.clone(), post)
    }
}
