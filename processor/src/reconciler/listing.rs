//! Taking in what a resync lists, and starting one when it is due.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use jiff::Timestamp;
use stackone_link_schemas::{ListingMarker, Trigger};
use uuid::Uuid;

use super::Reconciler;
use crate::intake::Consumed;
use crate::listings::Listing;
use crate::reconcile::SkipReason;
use crate::resync;
use crate::work::{AccountKey, Work};
use crate::work_queue::Lane;

impl Reconciler {
    /// An account is listed, which is noted at once: the run may end before what waits is decided. Looked up where the
    /// list differs from what was confirmed.
    pub(super) fn listed(
        &mut self,
        record: Consumed,
        key: AccountKey,
        lane: Lane,
        run: Uuid,
        work: Option<Box<Work>>,
    ) {
        if let Some(ready) = self
            .partitions
            .get_mut(&record.partition)
            .and_then(|partition| partition.ready_mut())
        {
            ready.listings.listed(run, &key.id);
        }
        match work {
            None => self.pass(&record, SkipReason::Unchanged),
            Some(_) if self.has_to_wait(&key, lane) => self.park(key, record),
            Some(work) => {
                self.count_difference(lane, "changed");
                self.enqueue(key, lane, *work, Instant::now());
            }
        }
    }

    /// A run begins, or has listed everything: then what it did not list is looked up.
    pub(super) fn marked(&mut self, record: &Consumed, lane: Lane, marker: &ListingMarker) {
        let ready = self
            .partitions
            .get_mut(&record.partition)
            .and_then(|partition| partition.ready_mut());
        if let Some(ready) = ready {
            if !marker.is_complete {
                ready.listings.begins(marker.run, lane, marker.started_at);
            } else if let Some(listing) = ready.listings.ends(marker.run) {
                self.queue_missing(record.partition, lane, &listing);
            }
        }
        if marker.is_complete {
            let project = self.surroundings.projects.label(lane);
            let last = &self.surroundings.metrics.resync.last_success;
            last.with_label_values(&[project])
                .set(Timestamp::now().as_second());
        }
        self.pass(record, SkipReason::Marker);
    }

    fn queue_missing(&mut self, partition: i32, lane: Lane, listing: &Listing) {
        let Some(ready) = self
            .partitions
            .get(&partition)
            .and_then(|partition| partition.ready())
        else {
            return;
        };
        let projects = &self.surroundings.projects;
        let is_missing = |state: &stackone_link_schemas::AccountState| {
            listing.misses(state, projects.lane_of(state.project_id.as_deref()))
        };
        let missing: Vec<_> = ready
            .states
            .iter()
            .filter(is_missing)
            .map(|state| state.account_id)
            .collect();
        for id in missing {
            self.count_difference(lane, "missing");
            let work = Work::nothing(Trigger::Recheck, Timestamp::now());
            self.enqueue(AccountKey { partition, id }, lane, work, Instant::now());
        }
    }

    fn count_difference(&self, lane: Lane, kind: &str) {
        let project = self.surroundings.projects.label(lane);
        self.surroundings
            .metrics
            .resync
            .differences
            .with_label_values(&[project, kind])
            .inc();
    }

    /// The owner of partition 0 lists every project when it is time to.
    pub(super) fn resync_when_due(&mut self) {
        let Some(interval) = self.settings.resync_interval else {
            return;
        };
        let is_ours = self
            .partitions
            .get(&0)
            .is_some_and(|partition| partition.ready().is_some());
        if Instant::now() < self.next_resync || !is_ours {
            return;
        }
        self.next_resync = Instant::now() + interval;
        if self.resync_runs.swap(true, Ordering::AcqRel) {
            tracing::warn!("the last resync still runs; this one is left out");
            return;
        }
        let (settings, projects) = (
            self.settings.resync.clone(),
            Arc::clone(&self.surroundings.projects),
        );
        let (stop, runs) = (
            self.surroundings.stop.clone(),
            Arc::clone(&self.resync_runs),
        );
        let task = async move {
            for lane in 0..projects.len() {
                let Some(project) = projects.get(lane) else {
                    continue;
                };
                match resync::run(&settings, project, &stop, |_| {}).await {
                    Ok(summary) => {
                        tracing::info!(project = projects.label(lane), ?summary, "resync")
                    }
                    Err(error) => {
                        tracing::error!(project = projects.label(lane), %error, "resync failed")
                    }
                }
            }
            runs.store(false, Ordering::Release);
        };
        self.tasks.spawn("a resync", task);
    }
}
