//! The commit cycle: whatever is decided goes into one transaction, and reaches memory only after the commit.

mod beside;
mod decided;
mod effect;
mod known;
mod letters;
mod pending;
mod span;
mod stage;
mod undecided;

use crate::clock;
use stackone_processor_core::time::Monotonic;
use std::time::Duration;

use jiff::Timestamp;
use stackone_link_wire::Topic;

use super::{Reconciler, ReconcilerError};
use crate::transaction::{ABORT_WITHIN, TransactionError};
use stackone_processor_core::event::records::Batch;
use stackone_processor_core::work::{AccountKey, Work};

use beside::Turns;
pub(super) use known::Decided;
pub(super) use letters::Letters;
use stage::Stage;

/// Most markers of one transaction, so that it can be committed in time however many accounts wait; the rest goes into
/// the next.
const MOST_MARKERS: usize = 5_000;
/// A transaction costs much the same for one answer and for a hundred. So that answers gather, there is a pause after each
/// that is as long, while lookups are under way, up to this.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
/// So many answers end the pause: no lookup is sent while there are [`super::asking::MOST_DECIDED`] of them.
const ENOUGH_DECIDED: usize = super::asking::MOST_DECIDED / 4;
/// How long everything may be committed for before partitions are handed over, when one more commit begins.
const ALL_WITHIN: Duration = Duration::from_secs(30);
/// What else may take time between two polls: staging, and asking the cluster about leaders and partitions.
const BESIDES: Duration = Duration::from_secs(10);
/// How long to wait after an aborted transaction.
const RETRY: Duration = Duration::from_millis(200);

/// The longest time without a poll, where transactions may take `timeout`: partitions are handed over, and of the last three
/// transactions, of what is decided, of what was released and of dead letters, one is aborted, which ends them.
pub(crate) const fn longest_without_poll(timeout: Duration) -> Duration {
    let transactions = timeout.saturating_mul(3).saturating_add(ABORT_WITHIN);
    transactions
        .saturating_add(ALL_WITHIN)
        .saturating_add(BESIDES)
}

impl Reconciler {
    /// Commits what is decided, and the markers of what is pending if they are due; then, on its own each, what an
    /// operator released, and dead letters that their topic may refuse. An aborted transaction is tried again a little later.
    pub(super) fn commit_what_is_due(&mut self) -> Result<(), ReconcilerError> {
        let now = clock::monotonic();
        let is_early = now < self.next_commit
            && self.queue.in_flight() > 0
            && self.decided.len() < ENOUGH_DECIDED;
        if is_early || self.not_before.is_some_and(|not_before| now < not_before) {
            return Ok(());
        }
        self.set_letters_apart(now);
        let markers_due = now >= self.next_markers;
        if (!self.decided.is_empty() || markers_due) && !self.commit_decided(markers_due, now)? {
            return Ok(());
        }
        if !self.commit_releases()? {
            return Ok(());
        }
        self.commit_letters()
    }

    /// Commits what is decided, and markers. False where the transaction was aborted: then all of it is decided still.
    fn commit_decided(
        &mut self,
        markers_due: bool,
        now: Monotonic,
    ) -> Result<bool, ReconcilerError> {
        let decided = std::mem::take(&mut self.decided);
        let result = self.stage(&decided, markers_due).and_then(|stage| {
            if markers_due && !stage.has_more_markers {
                self.next_markers = now + self.settings.marker_interval;
            }
            self.transact(stage)
        });
        if !matches!(result, Ok(true)) {
            if decided.iter().any(Decided::is_dead_letter) {
                self.letters.gate.set_apart(clock::monotonic());
            }
            // What was decided meanwhile comes after it.
            let meanwhile = std::mem::replace(&mut self.decided, decided);
            self.decided.extend(meanwhile);
        } else if markers_due {
            self.spill();
        }
        result
    }

    /// When what is decided is committed.
    pub(super) fn next_attempt(&self) -> Monotonic {
        let now = clock::monotonic();
        let is_enough = self.decided.len() >= ENOUGH_DECIDED;
        let next = if is_enough { now } else { self.next_commit };
        self.not_before.unwrap_or(next)
    }

    /// Commits what is decided and every marker: before partitions are handed over, and before the process ends. An abort
    /// or too long a time ends it, since whoever comes next reads again what was not written.
    pub(super) fn commit_everything(&mut self) -> Result<(), ReconcilerError> {
        self.not_before = None;
        self.next_markers = clock::monotonic();
        self.asks_on = false;
        let (began, mut result) = (clock::monotonic(), Ok(()));
        while result.is_ok()
            && self.not_before.is_none()
            && self.next_markers <= clock::monotonic()
            && clock::monotonic() - began < ALL_WITHIN
        {
            self.next_commit = clock::monotonic();
            result = self.commit_what_is_due();
        }
        self.asks_on = true;
        result
    }

    /// Commits what is staged and takes it over. False where the transaction was aborted: then nothing has changed.
    fn transact(&mut self, stage: Stage) -> Result<bool, ReconcilerError> {
        match self.commit_and_settle(stage) {
            Ok(()) => {
                self.not_before = None;
                Ok(true)
            }
            Err(TransactionError::Aborted(error)) => {
                tracing::warn!(%error, "transaction aborted; what is still owned is tried again");
                self.not_before = Some(clock::monotonic() + RETRY);
                self.next_markers = self.next_markers.min(clock::monotonic() + RETRY);
                Ok(false)
            }
            Err(
                error @ (TransactionError::Leaderless { .. }
                | TransactionError::Fatal(_)
                | TransactionError::Stuck),
            ) => Err(error.into()),
        }
    }

    fn commit_and_settle(&mut self, mut stage: Stage) -> Result<(), TransactionError> {
        if !stage.effects.is_empty() {
            self.commit(std::mem::take(&mut stage.batch))?;
            let mut turns = Turns::default();
            for effect in stage.effects {
                self.apply(effect);
                self.look_up_in(&mut turns);
            }
        }
        Ok(())
    }

    fn stage(&mut self, decided: &[Decided], markers_due: bool) -> Result<Stage, ReconcilerError> {
        let mut stage = Stage::new(&self.settings, Timestamp::now());
        let mut turns = Turns::default();
        for decided in decided {
            self.stage_decided(&mut stage, decided)?;
            self.look_up_in(&mut turns);
        }
        if markers_due {
            let unwritten = |work: &Work| !work.open_offsets.is_empty();
            let keys = self
                .queue
                .keys_where(unwritten)
                .filter(|key| !stage.has(key));
            let mut keys: Vec<AccountKey> = keys.take(MOST_MARKERS + 1).cloned().collect();
            stage.has_more_markers = keys.len() > MOST_MARKERS;
            keys.truncate(MOST_MARKERS);
            for key in &keys {
                self.stage_marker(&mut stage, key)?;
                self.look_up_in(&mut turns);
            }
            self.stage_redacted(&mut stage, decided.len() + MOST_MARKERS)?;
        }
        self.stage_offsets(&mut stage);
        Ok(stage)
    }

    /// Each partition that is touched has its offset sent, which has the broker check that it is still ours.
    fn stage_offsets(&self, stage: &mut Stage) {
        for (partition, closing) in stage.closing() {
            if let Some(ready) = self
                .partitions
                .get(&partition)
                .and_then(|partition| partition.ready())
            {
                stage
                    .batch
                    .offsets
                    .push((partition, ready.offsets.committable(&closing)));
            }
        }
    }

    fn commit(&mut self, batch: Batch) -> Result<(), TransactionError> {
        let Some(group) = self.group.clone() else {
            // Nothing is ever staged before an assignment, and an assignment brings the group's metadata.
            return Err(TransactionError::Aborted(
                rdkafka::error::KafkaError::NoMessageReceived,
            ));
        };
        let began = clock::monotonic();
        let result = self.commit_beside_lookups(batch, group);
        let result = result.map_err(|error| self.or_leaderless(error));
        let took = clock::monotonic() - began;
        let metrics = &self.surroundings.metrics;
        metrics.transaction_duration.observe(took.as_secs_f64());
        self.next_commit = clock::monotonic() + took.min(LONGEST_PAUSE);
        let outcome = match &result {
            Ok(()) => "committed",
            Err(TransactionError::Aborted(_) | TransactionError::Leaderless { .. }) => "aborted",
            Err(TransactionError::Fatal(_) | TransactionError::Stuck) => "fatal",
        };
        metrics.transactions.with_label_values(&[outcome]).inc();
        if result.is_ok() {
            metrics.last_commit.set(Timestamp::now().as_second());
        }
        result
    }

    /// An abort, and why, where it is for the want of a leader that some of our states cannot be written. The run ends of it:
    /// the next one restores what it can and goes on with that, while the others wait for their leader (`restore.rs`). In
    /// this run every transaction would have to leave them out, and their answers would pile up.
    fn or_leaderless(&self, error: TransactionError) -> TransactionError {
        if !matches!(error, TransactionError::Aborted(_)) {
            return error;
        }
        let topic = self.settings.topics.name(Topic::State);
        let partitions = self.transactions.leaderless(topic);
        if partitions.is_empty() {
            return error;
        }
        let topic = topic.to_owned();
        TransactionError::Leaderless { topic, partitions }
    }
}
