//! The reconciler: one thread that owns the consumer, the transactions, the states and the work queue.
//!
//! One thread is what keeps transactions and rebalance callbacks apart and needs no lock: it polls, takes in answers,
//! commits what is decided in one transaction, and sends lookups, in turns. Waiting is done elsewhere: lookups on the
//! runtime, restoring and reading dead records on blocking threads. They all answer into one inbox.

mod answers;
mod commit;
mod intake;
mod observe;
mod ownership;
mod partition;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use rdkafka::consumer::ConsumerGroupMetadata;
use stackone_client::ApiError;
use stackone_link_transport::{KafkaConfig, Topic, Topics};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::consumer::{GroupConsumer, Membership, StartError as ConsumerError};
use crate::intake::Consumed;
use crate::lookups::{Answer, Lookups};
use crate::metrics::Metrics;
use crate::projects::{Gate, Projects};
use crate::reconcile::GracePeriods;
use crate::restore::{RestoreError, Restored};
use crate::transaction::{StartError as TransactionStartError, TransactionError, Transactions};
use crate::work::{AccountKey, Work};
use crate::work_queue::{Lane, WorkQueue};

use commit::Decided;
use partition::Partition;

/// Longest time the thread sleeps when nothing happens.
const IDLE: Duration = Duration::from_millis(100);

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
    /// Most lookups under way at once.
    pub max_lookups: usize,
    /// Grace periods of the decision table.
    pub periods: GracePeriods,
}

/// What the reconciler thread is told.
#[derive(Debug)]
pub enum Message {
    /// There is something to poll.
    Readable,
    /// A lookup came back.
    Answer(Answer),
    /// A probe came back.
    Probed {
        /// The project.
        lane: Lane,
        /// Whether its key is accepted.
        result: Result<(), ApiError>,
    },
    /// A partition is restored, or cannot be.
    Restored {
        /// The assignment it was restored for.
        epoch: u64,
        /// What was restored.
        result: Box<Result<Restored, RestoreError>>,
        /// How long it took.
        took: Duration,
    },
    /// The records of an account that is given up were read again.
    GivenUp(Box<GivenUp>),
    /// The process stops.
    Stop,
}

impl std::fmt::Debug for Restored {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Restored")
            .field("partition", &self.partition)
            .finish_non_exhaustive()
    }
}

/// Records of an account that are to be put aside.
#[derive(Debug)]
pub struct GivenUp {
    /// The account.
    pub key: AccountKey,
    /// The assignment of its partition.
    pub epoch: u64,
    /// Why.
    pub reason: stackone_link_schemas::DeadLetterReason,
    /// In words.
    pub detail: String,
    /// The records, read again from the source topic; without a value where they have expired.
    pub originals: Vec<(Consumed, bool)>,
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
}

/// One run of the reconciler, from joining the group to leaving it.
pub struct Reconciler {
    settings: Settings,
    surroundings: Surroundings,
    consumer: GroupConsumer,
    transactions: Transactions,
    lookups: Lookups,
    inbox: Receiver<Message>,
    post: Sender<Message>,
    readable: Arc<AtomicBool>,
    group: Option<ConsumerGroupMetadata>,
    partitions: BTreeMap<i32, Partition>,
    queue: WorkQueue<AccountKey, Work>,
    gates: Vec<Gate>,
    next_lane: Lane,
    decided: Vec<Decided>,
    epoch: u64,
    next_markers: Instant,
    next_observation: Instant,
    not_before: Option<Instant>,
}

impl Reconciler {
    /// Registers the transactional id, then joins the group. Blocks until the coordinator answered.
    ///
    /// # Errors
    ///
    /// See [`ReconcilerError`].
    pub fn start(settings: Settings, surroundings: Surroundings) -> Result<Self, ReconcilerError> {
        let (post, inbox) = std::sync::mpsc::channel();
        let events = settings.topics.name(Topic::AccountEvents).to_owned();
        // Before joining: a former process of this instance may hold a transaction open, and this ends it.
        let timeout = settings.transaction_timeout;
        let transactions = Transactions::start(
            &settings.kafka,
            &settings.transactional_id,
            &events,
            timeout,
        )?;
        let readable = Arc::new(AtomicBool::new(false));
        let (flag, bell) = (Arc::clone(&readable), post.clone());
        let on_readable = move || {
            if !flag.swap(true, Ordering::AcqRel) {
                drop(bell.send(Message::Readable));
            }
        };
        let consumer =
            GroupConsumer::join(&settings.kafka, &settings.membership, &events, on_readable)?;
        let lookups = Lookups::new(
            Arc::clone(&surroundings.projects),
            surroundings.runtime.clone(),
            surroundings.tasks.clone(),
            post.clone(),
            Arc::clone(&surroundings.metrics),
        );
        let lanes = surroundings.projects.len();
        Ok(Self {
            next_markers: Instant::now() + settings.marker_interval,
            next_observation: Instant::now(),
            settings,
            surroundings,
            consumer,
            transactions,
            lookups,
            inbox,
            post,
            readable,
            group: None,
            partitions: BTreeMap::new(),
            queue: WorkQueue::new(lanes),
            gates: vec![Gate::default(); lanes],
            next_lane: 0,
            decided: Vec::new(),
            epoch: 0,
            not_before: None,
        })
    }

    /// How others tell it something.
    #[must_use]
    pub fn post(&self) -> Sender<Message> {
        self.post.clone()
    }

    /// Works until it is told to stop: then commits what is finished, writes what is pending, and leaves the group.
    ///
    /// # Errors
    ///
    /// See [`ReconcilerError`]. Nothing is lost: what was not committed is read again by the next run.
    pub fn run(mut self) -> Result<(), ReconcilerError> {
        let result = self.work();
        self.consumer.close();
        result
    }

    fn work(&mut self) -> Result<(), ReconcilerError> {
        loop {
            let wait = self
                .next_wake()
                .saturating_duration_since(Instant::now())
                .min(IDLE);
            if !self.receive(wait)? {
                return self.stop();
            }
            self.poll()?;
            self.send_lookups();
            self.commit_what_is_due()?;
            self.send_lookups();
            self.observe();
        }
    }

    /// Takes in every message there is, waiting for the first. False when it was told to stop.
    fn receive(&mut self, wait: Duration) -> Result<bool, ReconcilerError> {
        let mut next = self.inbox.recv_timeout(wait).ok();
        while let Some(message) = next {
            match message {
                Message::Readable => {}
                Message::Answer(answer) => self.answered(answer),
                Message::Probed { lane, result } => self.probed(lane, result),
                Message::Restored {
                    epoch,
                    result,
                    took,
                } => self.restored(epoch, *result, took)?,
                Message::GivenUp(given_up) => self.decided.push(Decided::GivenUp(given_up)),
                Message::Stop => return Ok(false),
            }
            next = self.inbox.try_recv().ok();
        }
        Ok(!self.surroundings.stop.is_cancelled())
    }

    fn stop(&mut self) -> Result<(), ReconcilerError> {
        tracing::info!(
            accounts = self.queue.len(),
            "stopping: committing what is finished, writing what is pending"
        );
        self.next_markers = Instant::now();
        self.not_before = None;
        self.commit_what_is_due()
    }

    fn next_wake(&self) -> Instant {
        let mut wake = self.next_markers;
        if !self.decided.is_empty() {
            wake = wake.min(self.not_before.unwrap_or(wake));
        }
        if self.queue.in_flight() < self.settings.max_lookups {
            for (lane, gate) in self
                .gates
                .iter()
                .enumerate()
                .filter(|(_, gate)| !gate.is_refused())
            {
                if let Some(ready) = self.queue.next_ready(lane) {
                    wake = wake.min(gate.opens_at().map_or(ready, |opens| ready.max(opens)));
                }
            }
        }
        wake
    }

    /// Sends lookups, one lane after the other, as long as there is room and something is ready.
    fn send_lookups(&mut self) {
        let lanes = self.gates.len();
        let now = Instant::now();
        let mut idle_lanes = 0;
        while idle_lanes < lanes && self.queue.in_flight() < self.settings.max_lookups {
            let lane = self.next_lane;
            self.next_lane = (lane + 1) % lanes;
            let taken = if self.gates[lane].is_open(now) {
                self.queue.take(lane, now)
            } else {
                None
            };
            match taken {
                None => idle_lanes += 1,
                Some((key, _)) => {
                    idle_lanes = 0;
                    self.queue
                        .work_mut(&key)
                        .take(1)
                        .for_each(|work| work.pending.lookups += 1);
                    let epoch = self
                        .partitions
                        .get(&key.partition)
                        .map_or(0, |partition| partition.epoch);
                    self.lookups.send(key, lane, epoch);
                }
            }
        }
    }
}
