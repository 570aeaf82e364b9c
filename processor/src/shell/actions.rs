//! Carries out the core's actions.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use stackone_link_schemas::{Cause, DeadLetterReason};
use stackone_link_wire::Topic;
use stackone_processor_core::processor::input::Refetched;
use stackone_processor_core::processor::{Action, Input};
use stackone_processor_core::resync::runs::Why;
use stackone_processor_core::resync::schedule::Schedule;
use stackone_processor_core::work::AccountKey;
use stackone_processor_core::work::queue::Lane;

use super::{Ended, ReconcilerError, Shell};
use crate::clock;
use crate::refetch::refetch;
use crate::restore::Restore;
use crate::resync::markers::Markers;
use crate::resync::{self, ResyncError};
use crate::tasks;

/// How long to look for one record of an account that gets dead letters.
const REFETCH_WITHIN: Duration = Duration::from_secs(10);

impl Shell {
    pub(super) fn carry_out(&mut self, action: Action) -> Result<(), Ended> {
        match action {
            Action::Assign(partitions) => self.assign(&partitions)?,
            Action::Unassign(partitions) => self.unassign(&partitions)?,
            Action::Pause(partitions) => {
                self.consumer
                    .pause(&partitions)
                    .map_err(ReconcilerError::Rebalance)?;
            }
            Action::Resume(partitions) => {
                self.consumer
                    .resume(&partitions)
                    .map_err(ReconcilerError::Rebalance)?;
            }
            Action::Restore { partition, epoch } => self.restore(partition, epoch),
            Action::LookUp {
                key,
                lane,
                epoch,
                sent,
            } => self.lookups.send(key, lane, epoch, sent),
            Action::LookUpTogether { asked, lane, sent } => {
                self.lookups.send_batch(asked, lane, sent);
            }
            Action::Probe { lane, wait } => self.lookups.probe(lane, wait),
            Action::Refetch {
                key,
                epoch,
                causes,
                reason,
                detail,
            } => self.read_again(key, epoch, causes, (reason, detail)),
            Action::Transact { generation, batch } => self.commit(generation, batch),
            Action::AskCluster {
                partitions,
                may_be_lost,
            } => self.ask_cluster(partitions, may_be_lost),
            Action::ReadMarkers { epoch, committed } => self.read_markers(epoch, committed),
            Action::Resync {
                lane,
                requests_per_minute,
                why,
            } => self.resync(lane, requests_per_minute, why),
            Action::End(end) => return Err(Ended::Core(end)),
        }
        Ok(())
    }

    fn assign(&mut self, partitions: &[i32]) -> Result<(), ReconcilerError> {
        for partition in partitions {
            let token = self.context.stop.child_token();
            self.alive.insert(*partition, token.drop_guard());
        }
        let assigned = self.consumer.assign(partitions);
        assigned.map_err(ReconcilerError::Rebalance)
    }

    fn unassign(&mut self, partitions: &[i32]) -> Result<(), ReconcilerError> {
        for partition in partitions {
            drop(self.alive.remove(partition));
        }
        let unassigned = self.consumer.unassign(partitions);
        unassigned.map_err(ReconcilerError::Rebalance)
    }

    fn restore(&self, partition: i32, epoch: u64) {
        let Some(alive) = self.alive.get(&partition) else {
            return;
        };
        let restore = Restore::new(
            self.settings.kafka.clone(),
            self.settings.core.topics.name(Topic::State).to_owned(),
            self.settings.membership.group_id.clone(),
            self.settings.personal,
            self.consumer.questions(),
            Arc::clone(&self.context.open_transactions),
        );
        let (post, is_cancelled) = (self.inbox.post(), alive.token().clone());
        let job = move || {
            let started = clock::monotonic();
            let restored = restore.run(partition, &|| is_cancelled.is_cancelled());
            if let Some(result) = restored.transpose() {
                post.input(Input::Restored {
                    partition,
                    epoch,
                    result: Box::new(result),
                    took: clock::monotonic() - started,
                });
            }
        };
        self.tasks().spawn_blocking(tasks::RESTORE, job);
    }

    fn read_again(
        &self,
        key: AccountKey,
        epoch: u64,
        causes: Vec<Cause>,
        (reason, detail): (DeadLetterReason, String),
    ) {
        let (kafka, group, topic) = (
            self.settings.kafka.clone(),
            self.settings.membership.group_id.clone(),
            self.settings
                .core
                .topics
                .name(Topic::AccountEvents)
                .to_owned(),
        );
        let (post, stop) = (self.inbox.post(), self.context.stop.clone());
        let job = move || {
            let is_cancelled = || stop.is_cancelled();
            let read = refetch(
                &kafka,
                &group,
                &topic,
                &key,
                &causes,
                REFETCH_WITHIN,
                &is_cancelled,
            );
            post.input(match read {
                Ok(originals) => Input::Refetched(Box::new(Refetched {
                    key,
                    epoch,
                    reason,
                    detail,
                    originals,
                })),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(account = %key.id, error, "not put aside yet; it stays pending");
                    Input::NotRefetched { key, epoch }
                }
            });
        };
        self.tasks().spawn_blocking(tasks::REREAD, job);
    }

    fn read_markers(&self, epoch: u64, committed: i64) {
        let Some(interval) = self.settings.core.resync_interval else {
            return;
        };
        let topics = &self.settings.core.topics;
        let markers = Markers {
            kafka: self.settings.kafka.clone(),
            group: self.settings.membership.group_id.clone(),
            topic: topics.name(Topic::AccountEvents).to_owned(),
            committed,
            projects: Arc::clone(&self.context.projects),
            schedule: Schedule::every(interval),
        };
        let (post, stop) = (self.inbox.post(), self.context.stop.clone());
        let job = move || {
            let found = markers.read(Timestamp::now(), &|| stop.is_cancelled());
            post.input(Input::MarkersRead { epoch, found });
        };
        self.tasks().spawn_blocking(tasks::MARKERS, job);
    }

    fn resync(&self, lane: Lane, requests_per_minute: u32, why: Why) {
        let mut settings = self.settings.resync.clone();
        settings.requests_per_minute = requests_per_minute;
        let projects = Arc::clone(&self.context.projects);
        let (stop, post) = (self.context.stop.clone(), self.inbox.post());
        let task = async move {
            let (Some(project), label) = (projects.get(lane), projects.label(lane)) else {
                return;
            };
            tracing::info!(project = label, ?why, "resync begins");
            let completed = match resync::run(&settings, project, &stop, |_| {}).await {
                Ok(summary) => {
                    tracing::info!(project = label, ?summary, "resync");
                    summary.is_complete.then(Timestamp::now)
                }
                Err(ResyncError::Interrupted) => {
                    tracing::info!(project = label, "resync ends: the process stops");
                    None
                }
                Err(error) => {
                    tracing::error!(project = label, %error, "resync failed");
                    None
                }
            };
            post.input(Input::ResyncEnded { lane, completed });
        };
        self.tasks().spawn(tasks::RESYNC, task);
    }

    pub(super) fn tasks(&self) -> tasks::Tasks {
        self.context.tasks_of(self.inbox.post())
    }
}
