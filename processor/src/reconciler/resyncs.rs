//! Starting resyncs.

use std::sync::Arc;

use jiff::Timestamp;
use stackone_link_wire::Topic;
use stackone_processor_core::resync::runs::Why;
use stackone_processor_core::resync::schedule::Schedule;
use stackone_processor_core::resync::{Found, MARKERS_PARTITION};
use stackone_processor_core::work::queue::Lane;

use super::Reconciler;
use super::partition::Partition;
use crate::message::Message;
use crate::resync::markers::Markers;
use crate::resync::{self, ResyncError};

impl Reconciler {
    /// Whoever owns partition 0 asks it when accounts were last listed, by whomever. Nothing is due until that is known.
    pub(super) fn read_markers_back(&self, partition: i32, committed: i64) {
        let schedule = self.settings.resync_interval.map(Schedule::every);
        let (Some(schedule), Some(ours)) = (schedule, self.partitions.get(&partition)) else {
            return;
        };
        if partition != MARKERS_PARTITION {
            return;
        }
        let markers = Markers {
            kafka: self.settings.kafka.clone(),
            group: self.settings.membership.group_id.clone(),
            topic: self.settings.topics.name(Topic::AccountEvents).to_owned(),
            committed,
            projects: Arc::clone(&self.surroundings.projects),
            schedule,
        };
        let (post, epoch) = (self.post.clone(), ours.epoch);
        let stop = self.surroundings.stop.clone();
        let job = move || {
            let found = markers.read(Timestamp::now(), &|| stop.is_cancelled());
            drop(post.send(Message::MarkersRead { epoch, found }));
        };
        self.tasks.spawn_blocking(tasks::MARKERS, job);
    }

    pub(super) fn markers_read(&mut self, epoch: u64, found: &Found) {
        let now = Timestamp::now();
        self.resyncs.read(epoch, found, now);
        for (lane, one) in found.of_projects.iter().enumerate() {
            if let Some(at) = one.taken_in {
                self.note_success(lane, at.min(now));
            }
        }
    }

    /// A complete list was taken in. One that is taken in again, since offsets were lost, does not set the clock back.
    pub(super) fn note_success(&self, lane: Lane, at: Timestamp) {
        let project = self.surroundings.projects.label(lane);
        let last = &self.surroundings.metrics.resync.last_success;
        let last = last.with_label_values(&[project]);
        last.set(last.get().max(at.as_second()));
    }

    /// The owner of partition 0 lists every project when it is time to. Who lost records lists them at once, whatever it owns:
    /// a list is only triggers, and what is listed twice is looked up once.
    pub(super) fn resync_when_due(&mut self) {
        let first = self.partitions.get(&MARKERS_PARTITION);
        let first = first.filter(|partition| partition.ready().is_some());
        let assignment = first.map(|partition: &Partition| partition.epoch);
        for (lane, why) in self.resyncs.begin(assignment, Timestamp::now()) {
            self.start_resync(lane, why);
        }
    }

    fn start_resync(&self, lane: Lane, why: Why) {
        let mut settings = self.settings.resync.clone();
        if why == Why::AskedFor {
            settings.requests_per_minute = self.share_of(settings.requests_per_minute);
        }
        let projects = Arc::clone(&self.surroundings.projects);
        let stop = self.surroundings.stop.clone();
        let post = self.post.clone();
        let task = async move {
            let Some(project) = projects.get(lane) else {
                return;
            };
            let label = projects.label(lane);
            tracing::info!(project = label, ?why, "resync begins");
            let result = resync::run(&settings, project, &stop, |_| {}).await;
            let completed = match result {
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
            drop(post.send(Message::ResyncEnded { lane, completed }));
        };
        self.tasks.spawn("a resync", task);
    }
}
