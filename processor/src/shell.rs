//! The thread that drives the core: it polls, passes inputs to the core, and carries out the core's
//! actions.
//!
//! Because it is one thread, transactions and rebalances stay apart without a lock. Everything that
//! waits runs elsewhere: lookups on the runtime; restores, refetches and commits on other threads.
//! They all post their results to one inbox. While a transaction is committed nothing is polled, so
//! neither a record nor a rebalance comes between its steps.

mod actions;
mod cluster;
mod committing;
mod context;
mod gauges;
mod generations;
mod inbox;
mod observer;
mod without_poll;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use stackone_link_wire::Topic;
use stackone_processor_core::processor::input::Transacted;
use stackone_processor_core::processor::{End, Input};
use stackone_processor_core::time::Monotonic;
use stackone_processor_core::{Processor, settings};
use tokio_util::sync::DropGuard;

use crate::clock;
use crate::consumer::{GroupConsumer, OwnershipChange, Polled, Rebalance};
use crate::lookups::Lookups;
use crate::repeated::Repeated;
use crate::transaction::{StuckCall, Transactions};
use generations::Generations;
use observer::Observed;

pub use context::{Context, ReconcilerError, ReconcilerSettings};
pub use inbox::{Inbox, Message, Post};
pub(crate) use without_poll::longest_without_poll;

/// The longest sleep when nothing happens.
const IDLE: Duration = Duration::from_millis(100);
/// The most records that are consumed before results are looked at again.
const MAX_RECORDS: usize = 1000;
/// A poll returns nothing also where it served something else, such as a rebalance. More of these
/// in a row than this are rare, and then the next poll comes within [`IDLE`]. Each costs 10 µs,
/// also between an answer and the commit that it leads to.
const MAX_EMPTY_POLLS: usize = 3;

/// One run, from joining the group to leaving it.
pub struct Shell {
    core: Processor,
    settings: ReconcilerSettings,
    context: Context,
    consumer: GroupConsumer,
    transactions: Arc<Transactions>,
    lookups: Lookups,
    inbox: Inbox,
    generations: Generations,
    /// Dropping a guard ends the work that runs elsewhere for its partition.
    alive: BTreeMap<i32, DropGuard>,
    observed: Observed,
    next_gauges: Monotonic,
    consumer_errors: Repeated,
}

/// Why the loop of a run ends.
enum Ended {
    /// The core ends the run.
    Core(End),
    /// The code around the core cannot go on.
    Shell(ReconcilerError),
}

impl From<ReconcilerError> for Ended {
    fn from(error: ReconcilerError) -> Self {
        Self::Shell(error)
    }
}

impl Shell {
    /// Registers the transactional id, then joins the group. Blocks until the coordinator has
    /// answered.
    ///
    /// # Errors
    ///
    /// Fails as [`ReconcilerError`] says.
    pub fn start(settings: ReconcilerSettings, context: Context) -> Result<Self, ReconcilerError> {
        let inbox = Inbox::new();
        let events = settings.core.topics.name(Topic::AccountEvents).to_owned();
        // This comes before joining: a former process of this instance may hold a transaction open,
        // and this ends it.
        let transactions = Transactions::start(
            &settings.kafka,
            &settings.transactional_id,
            &events,
            settings.transaction_timeout,
            context.stop.clone(),
            Arc::clone(&context.around),
        )?;
        let (kafka, membership) = (&settings.kafka, &settings.membership);
        let consumer = GroupConsumer::join(kafka, membership, &events, inbox.bell())?;
        let lookups = Lookups::new(
            Arc::clone(&context.projects),
            context.tasks_of(inbox.post()),
            inbox.post(),
            Arc::clone(&context.metrics),
            context.stop.clone(),
        );
        // What an earlier run knew of refused keys may have changed.
        context.all_refused.store(false, Ordering::Release);
        context.metrics.none_is_halted(context.projects.labels());
        context.metrics.partitions.intake_paused.set(0);
        context.heartbeat.beat(clock::monotonic());
        let core_settings: Arc<settings::DecisionSettings> = Arc::clone(&settings.core);
        Ok(Self {
            core: Processor::new(core_settings, fastrand::u64(..), clock::now()),
            observed: Observed::new(&context, &settings.core),
            settings,
            context,
            consumer,
            transactions: Arc::new(transactions),
            lookups,
            inbox,
            generations: Generations::default(),
            alive: BTreeMap::new(),
            next_gauges: clock::monotonic(),
            consumer_errors: Repeated::default(),
        })
    }

    /// Runs until it is stopped. Then it commits its decisions, writes markers of pending work, and
    /// leaves the group.
    ///
    /// # Errors
    ///
    /// Fails as [`ReconcilerError`] says. Nothing is lost: the next run consumes again what was not
    /// committed.
    pub fn run(mut self) -> Result<(), ReconcilerError> {
        let Err(ended) = self.work();
        self.show_gauges();
        self.context.heartbeat.beat(clock::monotonic());
        match ended {
            Ended::Core(End::Stopped) => Ok(()),
            Ended::Core(End::Failed(failure)) => Err(failure.into()),
            Ended::Shell(error) => Err(error),
        }
    }

    fn work(&mut self) -> Result<std::convert::Infallible, Ended> {
        let mut is_told_to_stop = false;
        loop {
            let wake = self.core.next_wake(clock::now());
            let wait = wake
                .map_or(IDLE, |wake| wake - clock::monotonic())
                .min(IDLE);
            self.receive(wait)?;
            if self.context.stop.is_cancelled() && !is_told_to_stop {
                is_told_to_stop = true;
                self.give(Input::Stop)?;
            }
            self.poll()?;
            self.give(Input::Tick)?;
            self.look_after_the_commit()?;
            self.observe();
        }
    }

    /// Passes an input to the core, and carries out the core's actions.
    fn give(&mut self, input: Input) -> Result<(), Ended> {
        self.core.handle(clock::now(), input, &mut self.observed);
        while let Some(action) = self.core.next_action() {
            self.carry_out(action)?;
        }
        Ok(())
    }

    /// Takes every message of the inbox. Waits for the first.
    fn receive(&mut self, wait: Duration) -> Result<(), Ended> {
        let mut next = self.inbox.wait(wait);
        while let Some(message) = next {
            match message {
                Message::Readable => {}
                Message::Input(input) => self.give(*input)?,
                Message::Died(what) => return Err(ReconcilerError::TaskDied(what).into()),
            }
            next = self.inbox.next();
        }
        Ok(())
    }

    /// Polls records and rebalances as long as the core allows it.
    fn poll(&mut self) -> Result<(), Ended> {
        self.inbox.silence_bell();
        let mut empty_polls = 0;
        for _ in 0..MAX_RECORDS {
            if !self.core.may_poll() {
                return Ok(());
            }
            // The heartbeat is here and not in each turn: a run that waits for a commit for ever
            // still turns.
            self.context.heartbeat.beat(clock::monotonic());
            match self.consumer.poll() {
                Polled::Record(record) => self.give(Input::Consumed(record))?,
                Polled::Error(error) => self.consumer_errors.tell(&error),
                Polled::Nothing => match self.consumer.next_rebalance() {
                    Some(rebalance) => self.rebalance(rebalance)?,
                    None if empty_polls >= MAX_EMPTY_POLLS => return Ok(()),
                    None => empty_polls += 1,
                },
            }
        }
        // More is there, and the bell does not ring for what has come already.
        self.inbox.ring();
        Ok(())
    }

    fn rebalance(&mut self, rebalance: Rebalance) -> Result<(), Ended> {
        let generation = rebalance.group.map(|group| self.generations.add(group));
        self.give(match rebalance.change {
            OwnershipChange::Assigned(partitions) => Input::Assigned {
                partitions,
                generation,
            },
            OwnershipChange::Revoked(partitions) => Input::Revoked {
                partitions,
                generation,
            },
            OwnershipChange::Lost(partitions) => Input::Lost(partitions),
        })
    }

    /// Ends the run where the client does not return from a call. The calling thread is left
    /// behind.
    fn look_after_the_commit(&mut self) -> Result<(), Ended> {
        if self.transactions.is_stuck() {
            self.give(Input::Transacted(Transacted::Fatal(StuckCall.into())))?;
        }
        Ok(())
    }
}
