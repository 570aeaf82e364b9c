//! Taking partitions over and giving them up.

use crate::clock;
use stackone_processor_core::time::Monotonic;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use stackone_link_schemas::{AccountState, Recheck, Trigger};
use stackone_link_wire::Topic;
use tokio_util::sync::CancellationToken;

use super::partition::{Partition, Ready, Stage};
use super::{Reconciler, ReconcilerError};
use crate::consumer::{Change, Rebalance};
use crate::message::Message;
use crate::restore::{Restore, RestoreError, Restored};
use crate::tasks;
use crate::transaction::TransactionError;
use stackone_processor_core::event::listings::Listings;
use stackone_processor_core::offsets::Offsets;
use stackone_processor_core::offsets::gaps::Gaps;
use stackone_processor_core::work::{AccountKey, Work};

impl Reconciler {
    pub(super) fn rebalance(&mut self, rebalance: Rebalance) -> Result<(), ReconcilerError> {
        self.group = rebalance.group.map(Arc::new).or_else(|| self.group.take());
        match rebalance.change {
            Change::Assigned(partitions) => self.assigned(&partitions),
            Change::Revoked(partitions) => {
                // Given up whatever comes of it: the group, and closing the consumer, wait for the answer.
                let handed_over = self.hand_over(&partitions);
                self.give_up(&partitions)?;
                handed_over
            }
            Change::Lost(partitions) => {
                // No member any more, until it has joined again.
                self.group = None;
                self.give_up(&partitions)
            }
        }
    }

    fn assigned(&mut self, partitions: &[i32]) -> Result<(), ReconcilerError> {
        tracing::info!(?partitions, "partitions assigned");
        self.epoch += 1;
        let mut alive = Vec::new();
        for partition in partitions {
            let token = self.surroundings.stop.child_token();
            alive.push(token.clone());
            self.partitions.insert(
                *partition,
                Partition::restoring(self.epoch, token.drop_guard()),
            );
        }
        self.consumer
            .assign(partitions)
            .map_err(ReconcilerError::Rebalance)?;
        for (partition, alive) in partitions.iter().zip(alive) {
            self.start_restoring(*partition, alive);
        }
        self.share_budgets();
        self.note_restored();
        Ok(())
    }

    /// Commits what is finished and writes what is pending, while the partitions are still ours.
    fn hand_over(&mut self, partitions: &[i32]) -> Result<(), ReconcilerError> {
        tracing::info!(?partitions, "partitions are handed over");
        match self.commit_everything() {
            // What was not written is read again by the next owner.
            Err(ReconcilerError::Transaction(TransactionError::Aborted(_))) => Ok(()),
            result => result,
        }
    }

    fn give_up(&mut self, partitions: &[i32]) -> Result<(), ReconcilerError> {
        let is_given_up = |partition: i32| partitions.contains(&partition);
        let decided = [&mut self.decided, &mut self.letters.held];
        let loose = decided
            .into_iter()
            .flat_map(|decided| decided.extract_if(.., |one| is_given_up(one.partition())));
        let loose: u64 = loose.map(|decided| decided.loose_records()).sum();
        let left = self.queue.remove_where(|key| is_given_up(key.partition));
        let left: u64 = left.iter().map(|(_, work)| work.pending.total).sum();
        let left = left + self.overflow.give_up(partitions);
        let parked = self.parked.extract_if(|key, _| is_given_up(key.partition));
        let parked: usize = parked.map(|(_, records)| records.len()).sum();
        let releases = self
            .unlinks
            .releases
            .extract_if(.., |release| is_given_up(release.partition))
            .count();
        let parked = u64::try_from(parked + releases).unwrap_or(u64::MAX);
        self.note_handed_over(loose + left + parked);
        self.unlinks.guard.give_up(partitions);
        self.forget_lag(partitions);
        for partition in partitions {
            self.partitions.remove(partition);
        }
        self.share_budgets();
        self.note_restored();
        self.consumer
            .unassign(partitions)
            .map_err(ReconcilerError::Rebalance)
    }

    fn start_restoring(&self, partition: i32, alive: CancellationToken) {
        let topic = self.settings.topics.name(Topic::State).to_owned();
        let restore = Restore::new(
            self.settings.kafka.clone(),
            topic,
            self.settings.membership.group_id.clone(),
            self.settings.personal,
            self.consumer.questions(),
        );
        let (post, epoch) = (self.post.clone(), self.epoch);
        let job = move || {
            let started = clock::monotonic();
            if let Some(result) = restore.run(partition, &|| alive.is_cancelled()).transpose() {
                let (result, took) = (Box::new(result), clock::monotonic() - started);
                drop(post.send(Message::Restored {
                    partition,
                    epoch,
                    result,
                    took,
                }));
            }
        };
        self.tasks.spawn_blocking(tasks::RESTORE, job);
    }

    pub(super) fn restored(
        &mut self,
        number: i32,
        epoch: u64,
        result: Result<Restored, RestoreError>,
        took: Duration,
    ) -> Result<(), ReconcilerError> {
        let ours = self
            .partitions
            .get_mut(&number)
            .filter(|partition| partition.epoch == epoch);
        let Some(partition) = ours else { return Ok(()) };
        let restored = result?;
        let accounts = restored.states.len();
        tracing::info!(
            partition = number,
            accounts,
            ?took,
            next = restored.position.next,
            "partition restored"
        );
        self.surroundings
            .metrics
            .restore_duration
            .observe(took.as_secs_f64());
        let unsettled: Vec<AccountState> = restored.states.unsettled().collect();
        let offsets = Offsets::starting_at(restored.position.next);
        let ready = Stage::Ready(Box::new(Ready {
            states: restored.states,
            of_partitions: restored.partitions,
            offsets,
            gaps: Gaps::default(),
            listings: Listings::default(),
        }));
        let Stage::Restoring { early } = std::mem::replace(&mut partition.stage, ready) else {
            return Ok(());
        };
        if restored.position.was_out_of_range {
            self.out_of_range(number, restored.position.next, restored.position.next);
        }
        for state in unsettled {
            self.count_unlinked(number, &state);
            if state.pending.is_some() || state.recheck.is_some() {
                self.queue_again(number, state);
            }
        }
        self.read_markers_back(number, restored.position.next);
        for record in early {
            self.take_in(record);
        }
        self.note_restored();
        self.start_reading(number)
    }

    /// Queues what a restored state says is undecided, or due for a recheck.
    fn queue_again(&mut self, partition: i32, state: AccountState) {
        let key = AccountKey {
            partition,
            id: state.account_id.clone(),
        };
        let named = state
            .pending
            .as_ref()
            .and_then(|pending| pending.project_id.as_deref());
        let Some(lane) = self
            .surroundings
            .projects
            .lane_of(state.project_id.as_deref().or(named))
        else {
            tracing::error!(account = %state.account_id, "no API key is configured for the project of a pending account");
            return;
        };
        match state.pending {
            Some(pending) => {
                self.surroundings
                    .metrics
                    .records_restored
                    .inc_by(pending.total);
                self.unlinks.guard.undecided(lane, &key, pending.grace);
                let at = pending.grace.map_or_else(clock::monotonic, |grace| {
                    instant_of(stackone_processor_core::reconcile::next_look(
                        &grace,
                        Timestamp::now(),
                    ))
                });
                self.queue_restored(key, lane, Work::without_record(pending), at);
            }
            None => self.schedule_recheck(key, lane, state.recheck),
        }
    }

    /// Queues the next scheduled recheck of an account that is degraded or failed.
    pub(super) fn schedule_recheck(
        &mut self,
        key: AccountKey,
        lane: usize,
        recheck: Option<Recheck>,
    ) {
        let Some(recheck) = recheck else { return };
        let work = Work::nothing(Trigger::Recheck, recheck.due_at);
        self.queue_restored(key, lane, work, instant_of(recheck.due_at));
    }

    /// Undecided records that whoever comes next takes in again.
    pub(super) fn note_handed_over(&self, records: u64) {
        self.surroundings
            .metrics
            .records_handed_over
            .inc_by(records);
    }

    /// A member of the group that owns no partition is as ready as one can be: it waits to take over.
    fn note_restored(&self) {
        let restored = self.group.is_some()
            && self
                .partitions
                .values()
                .all(|partition| partition.ready().is_some());
        self.surroundings
            .is_restored
            .store(restored, Ordering::Release);
    }
}

/// The instant at which the wall clock will show `time`; now, if it shows a later one already.
pub(super) fn instant_of(time: Timestamp) -> Monotonic {
    let wait = Duration::try_from(time.duration_since(Timestamp::now())).unwrap_or(Duration::ZERO);
    clock::monotonic() + wait.min(Duration::from_secs(30 * 24 * 60 * 60))
}
