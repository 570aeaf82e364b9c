//! The reconciler: one thread that owns the consumer, the transactions, the states and the work queue.
//!
//! One thread is what keeps transactions and rebalance callbacks apart and needs no lock: it polls, takes in answers,
//! commits what is decided in one transaction, and sends lookups, in turns. Waiting is done elsewhere: lookups on the
//! runtime, restoring, reading dead records and committing on other threads. They all answer into one inbox. While a
//! transaction is committed nothing is polled.

mod answers;
mod asking;
mod availability;
mod backlog;
mod batches;
mod commit;
mod contact;
mod intake;
mod listing;
mod observe;
mod ownership;
mod partition;
mod pausing;
mod resyncs;
mod settings;
mod shares;
mod unlinks;

use crate::clock;
use stackone_processor_core::time::Monotonic;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use rdkafka::consumer::ConsumerGroupMetadata;
use stackone_link_process::spawn::entered;
use stackone_link_wire::Topic;

use crate::consumer::GroupConsumer;
use crate::lookups::Lookups;
use crate::message::Message;
use crate::repeated::Repeated;
use crate::tasks::{self, Tasks};
use crate::transaction::Transactions;
use stackone_processor_core::api_gate::Gate;
use stackone_processor_core::api_gate::batch::Batching;
use stackone_processor_core::event::intake::Consumed;
use stackone_processor_core::offsets::open_records::OpenLimit;
use stackone_processor_core::resync::runs::Resyncs;
use stackone_processor_core::work::overflow::Overflow;
use stackone_processor_core::work::queue::{Lane, WorkQueue};
use stackone_processor_core::work::{AccountKey, Work};

pub use settings::{ReconcilerError, Settings, Surroundings};

pub(crate) use commit::longest_without_poll;
use commit::{Decided, Letters};
use contact::Contact;
use partition::Partition;
use unlinks::Unlinks;

/// Longest time the thread sleeps when nothing happens.
const IDLE: Duration = Duration::from_millis(100);

/// One run of the reconciler, from joining the group to leaving it.
pub struct Reconciler {
    settings: Settings,
    surroundings: Surroundings,
    consumer: GroupConsumer,
    transactions: Arc<Transactions>,
    lookups: Lookups,
    tasks: Tasks,
    inbox: Receiver<Message>,
    post: Sender<Message>,
    readable: Arc<AtomicBool>,
    group: Option<Arc<ConsumerGroupMetadata>>,
    partitions: BTreeMap<i32, Partition>,
    queue: WorkQueue<AccountKey, Work>,
    gates: Vec<Gate>,
    /// By lane.
    batching: Vec<Batching>,
    /// Partitions of the events topic, as last told; 0 while they are not known.
    all_partitions: usize,
    next_lane: Lane,
    decided: Vec<Decided>,
    letters: Letters,
    parked: HashMap<AccountKey, VecDeque<Consumed>>,
    overflow: Overflow,
    open_limit: OpenLimit,
    unlinks: Unlinks,
    epoch: u64,
    next_markers: Monotonic,
    /// While lookups are under way, nothing is committed before.
    next_commit: Monotonic,
    next_observation: Monotonic,
    resyncs: Resyncs,
    contact: Contact,
    consumer_errors: Repeated,
    not_before: Option<Monotonic>,
    /// Whether lookups go on while a transaction is committed: not when partitions are given up.
    asks_on: bool,
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
        let transactions = Transactions::start(
            &settings.kafka,
            &settings.transactional_id,
            &events,
            settings.transaction_timeout,
            surroundings.stop.clone(),
            Arc::clone(&surroundings.around),
        )?;
        surroundings.heartbeat.beat(clock::monotonic());
        let readable = Arc::new(AtomicBool::new(false));
        let bell = bell(&readable, &post);
        let consumer = GroupConsumer::join(&settings.kafka, &settings.membership, &events, bell)?;
        let tasks = surroundings.tasks_of(post.clone());
        let lookups = Lookups::new(
            Arc::clone(&surroundings.projects),
            tasks.clone(),
            post.clone(),
            Arc::clone(&surroundings.metrics),
            surroundings.stop.clone(),
        );
        let lanes = surroundings.projects.len();
        let gates = surroundings.projects.gates(clock::monotonic());
        // What a former run knew of refused keys is not known any more.
        surroundings.all_refused.store(false, Ordering::Release);
        let (projects, metrics) = (&surroundings.projects, &surroundings.metrics);
        metrics.none_is_halted(projects.labels());
        Ok(Self {
            batching: vec![Batching::new(settings.batch); lanes],
            next_markers: clock::monotonic() + settings.marker_interval,
            next_commit: clock::monotonic(),
            next_observation: clock::monotonic(),
            resyncs: Resyncs::new(lanes, settings.resync_interval),
            contact: Contact::new(clock::monotonic()),
            consumer_errors: Repeated::default(),
            open_limit: OpenLimit::new(settings.most_open),
            settings,
            surroundings,
            consumer,
            transactions: Arc::new(transactions),
            lookups,
            tasks,
            inbox,
            post,
            readable,
            group: None,
            partitions: BTreeMap::new(),
            queue: WorkQueue::new(lanes),
            gates,
            all_partitions: 0,
            next_lane: 0,
            decided: Vec::new(),
            letters: Letters::default(),
            parked: HashMap::new(),
            overflow: Overflow::new(lanes),
            unlinks: Unlinks::new(lanes),
            epoch: 0,
            not_before: None,
            asks_on: true,
        })
    }

    /// Works until it is told to stop: then commits what is finished, writes what is pending, and leaves the group.
    ///
    /// # Errors
    ///
    /// See [`ReconcilerError`]. Nothing is lost: what was not committed is read again by the next run.
    pub fn run(mut self) -> Result<(), ReconcilerError> {
        self.surroundings.metrics.partitions.intake_paused.set(0);
        let result = self.work();
        let queued: u64 = self.queue.keys().map(|key| self.queue.total(key)).sum();
        let queued = queued + self.overflow.total();
        let decided = self.decided.iter().chain(&self.letters.held);
        let loose: u64 = decided.map(Decided::loose_records).sum();
        let parked: usize = self.parked.values().map(VecDeque::len).sum();
        let parked = u64::try_from(parked + self.unlinks.releases.len()).unwrap_or(u64::MAX);
        self.note_handed_over(queued + loose + parked);
        self.partitions.clear();
        self.observe_partitions();
        self.surroundings.heartbeat.beat(clock::monotonic());
        result
    }

    fn work(&mut self) -> Result<(), ReconcilerError> {
        loop {
            self.surroundings.heartbeat.beat(clock::monotonic());
            let wait = self
                .next_wake()
                .saturating_duration_since(clock::monotonic())
                .min(IDLE);
            if !self.receive(wait)? {
                return self.stop();
            }
            self.poll()?;
            self.send_lookups();
            self.commit_what_is_due()?;
            self.send_lookups();
            self.keep_within_limit()?;
            self.observe();
            self.ask_cluster();
            self.resync_when_due();
        }
    }

    /// Takes in every message there is, waiting for the first. False when it was told to stop.
    fn receive(&mut self, wait: Duration) -> Result<bool, ReconcilerError> {
        let mut next = self.inbox.recv_timeout(wait).ok();
        while let Some(message) = next {
            match message {
                Message::Readable | Message::CommitEnded => {}
                Message::Answer(answer) => self.answered(answer),
                Message::Batch(answer) => self.batch_answered(answer),
                Message::Probed { lane, result } => self.probed(lane, result),
                Message::Restored {
                    partition,
                    epoch,
                    result,
                    took,
                } => {
                    self.restored(partition, epoch, *result, took)?;
                }
                Message::Reached(reached) => self.reached(reached)?,
                Message::MarkersRead { epoch, found } => self.markers_read(epoch, &found),
                Message::ResyncEnded { lane, completed } => self.resyncs.ended(lane, completed),
                Message::GivenUp(given_up) => self.decided.push(Decided::GivenUp(given_up)),
                Message::NotReread { key, epoch } => self.stays_pending(&key, epoch),
                Message::Died(what) => return Err(ReconcilerError::TaskDied(what)),
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
        self.commit_everything()
    }
}

/// Rings once for all there is to read, until the flag is taken down.
fn bell(readable: &Arc<AtomicBool>, post: &Sender<Message>) -> impl Fn() + Send + Sync + 'static {
    let (readable, post) = (Arc::clone(readable), post.clone());
    move || {
        entered(tasks::READABLE);
        if !readable.swap(true, Ordering::AcqRel) {
            drop(post.send(Message::Readable));
        }
    }
}
