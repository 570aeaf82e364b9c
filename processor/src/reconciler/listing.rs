//! Taking in what a resync lists.

use crate::clock;
use jiff::Timestamp;
use stackone_link_schemas::ListingMarker;
use uuid::Uuid;

use super::Reconciler;
use super::partition::Partition;
use stackone_processor_core::event::intake::Consumed;
use stackone_processor_core::event::listings::Listing;
use stackone_processor_core::reconcile::SkipReason;
use stackone_processor_core::state::unlink_guard::Share;
use stackone_processor_core::work::queue::Lane;
use stackone_processor_core::work::{AccountKey, Work};

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
                self.enqueue(key, lane, *work, clock::monotonic());
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
        self.note_run(record, lane, marker.is_complete);
        self.pass(record, SkipReason::Marker);
    }

    /// Where the clock of whoever wrote the marker was ahead of ours, it is as of now.
    fn note_run(&mut self, record: &Consumed, lane: Lane, is_complete: bool) {
        let now = Timestamp::now();
        let at = Timestamp::from_millisecond(record.timestamp_ms).map_or(now, |at| at.min(now));
        if is_complete {
            self.resyncs.completed(lane, at);
            self.note_success(lane, at);
        } else {
            self.resyncs.began(lane, at);
        }
    }

    /// Looks at what a complete list missed: at no more than there is room for, where it missed more than can be believed.
    fn queue_missing(&mut self, partition: i32, lane: Lane, listing: &Listing) {
        let waiting = self.queue.waiting_in(lane);
        let room = self.settings.max_pending.saturating_sub(waiting);
        let Some(ready) = self.partitions.get(&partition).and_then(Partition::ready) else {
            return;
        };
        let projects = &self.surroundings.projects;
        let lane_of = |project: Option<&str>| projects.lane_of(project);
        let allowed = Share {
            confirmed: ready
                .states
                .confirmed(|project| lane_of(project) == Some(lane)),
            owned: 1,
            all: 1,
        };
        let allowed = allowed.threshold();
        let missing = listing.missing(ready.states.iter(), lane_of, allowed, room);
        if missing.is_doubtful(allowed) {
            tracing::warn!(
                project = projects.label(lane),
                partition,
                missing = missing.all,
                allowed,
                looked_up = missing.looked_up.len(),
                "a resync did not list more accounts than can be believed to be gone: they are looked up one after the \
                 other. Check the project's API key and base_url"
            );
        }
        for id in missing.looked_up {
            self.count_difference(lane, "missing");
            self.queue_look(AccountKey { partition, id }, lane, clock::monotonic());
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
}
