//! What a run is given, and why it may end.

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

/// How a run works.
#[derive(Debug, Clone)]
pub struct ReconcilerSettings {
    /// What the core decides by.
    pub core: Arc<settings::DecisionSettings>,
    /// How to reach Kafka.
    pub kafka: KafkaConfig,
    /// Group membership.
    pub membership: Membership,
    /// `transactional.id`: group and instance id.
    pub transactional_id: String,
    /// Longest time a transaction may take.
    pub transaction_timeout: Duration,
    /// How accounts are listed.
    pub resync: ResyncSettings,
    /// Which fields that may be personal data are kept.
    pub personal: PersonalFields,
}

/// Why a run ended although it was not told to.
#[derive(Debug, thiserror::Error)]
pub enum ReconcilerError {
    /// It could not join its group.
    #[error("cannot join the consumer group")]
    Consumer(#[from] ConsumerStartError),
    /// It could not register its transactional id.
    #[error("cannot start transactions")]
    Transactions(#[from] TransactionStartError),
    /// The core cannot go on.
    #[error(transparent)]
    Core(#[from] Failure),
    /// A task panicked, and what waits for its answer would wait for ever.
    #[error("{0} panicked, and its answer will never come")]
    TaskDied(&'static str),
    /// The client did not let us answer a rebalance, or pause.
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
    /// The projects.
    pub projects: Arc<ProjectClients>,
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
    /// The restores that wait for a transaction to end.
    pub open_transactions: Arc<OpenTransactions>,
    /// Whether every project's key is refused.
    pub all_refused: Arc<AtomicBool>,
    /// Told of each turn, for `/livez`.
    pub heartbeat: Arc<Heartbeat>,
    /// What stands around the steps of transactions: nothing but in tests.
    pub around: Arc<dyn Around>,
}

impl Context {
    /// Tasks of a run, which is told through `post` of those that die.
    pub(super) fn tasks_of(&self, post: Post) -> Tasks {
        Tasks::new(self.tasks.clone(), self.runtime.clone(), post)
    }
}
