//! Takes the records of resyncs, and begins runs.

use jiff::Timestamp;
use stackone_link_schemas::ListingMarker;
use uuid::Uuid;

use super::{Action, Fact, Processor, Turn};
use crate::event::intake::Consumed;
use crate::event::listings::Listing;
use crate::planted::{Fault, planted};
use crate::reconcile::SkipReason;
use crate::resync::runs::Why;
use crate::resync::{Found, MARKERS_PARTITION};
use crate::state::unlink_guard::Share;
use crate::work::queue::Lane;
use crate::work::{AccountKey, Work};

impl Processor {
    /// Takes an account that a run listed. It is noted at once, because the run may end before
    /// waiting work is decided. The account is looked up where the list differs from its state.
    pub(super) fn listed(
        &mut self,
        record: Consumed,
        (key, lane): (AccountKey, Lane),
        run: Uuid,
        work: Option<Box<Work>>,
        turn: &mut Turn<'_>,
    ) {
        if let Some(ready) = self.partitions.ready_mut(record.partition) {
            ready.listings.listed(run, &key.id);
        }
        match work {
            None => self.pass(&record, SkipReason::Unchanged),
            Some(_) if self.has_to_wait_for_other(&key, lane) => self.intake.park(key, record),
            Some(work) => {
                let kind = "changed";
                turn.note(Fact::ResyncDifference { lane, kind });
                let scheduler = &mut self.scheduler;
                scheduler.enqueue(key, lane, *work, &self.partitions, turn.now);
            }
        }
    }

    /// Takes the begin or end marker of a run. At the end, the accounts that the run did not list
    /// are looked up.
    pub(super) fn marked(
        &mut self,
        record: &Consumed,
        lane: Lane,
        marker: &ListingMarker,
        turn: &mut Turn<'_>,
    ) {
        if let Some(ready) = self.partitions.ready_mut(record.partition) {
            if !marker.is_complete {
                let listings = &mut ready.listings;
                listings.begins(marker.run, lane, marker.started_at);
            } else if let Some(listing) = ready.listings.ends(marker.run) {
                self.queue_missing(record.partition, lane, &listing, turn);
            }
        }
        self.note_run(record, lane, marker.is_complete, turn);
        self.pass(record, SkipReason::Marker);
    }

    /// Dates a run by its marker. If the writer's clock was ahead, the run counts as of now.
    fn note_run(&mut self, record: &Consumed, lane: Lane, is_complete: bool, turn: &mut Turn<'_>) {
        let now = turn.now.wall;
        let at = Timestamp::from_millisecond(record.timestamp_ms).map_or(now, |at| at.min(now));
        if is_complete {
            self.intake.resync_runs.completed(lane, at);
            turn.note(Fact::ResyncComplete { lane, at });
        } else {
            self.intake.resync_runs.began(lane, at);
        }
    }

    /// Queues the confirmed accounts that a complete list lacks: where it lacks more than can be
    /// believed, no more than have room.
    fn queue_missing(
        &mut self,
        partition: i32,
        lane: Lane,
        listing: &Listing,
        turn: &mut Turn<'_>,
    ) {
        if planted(Fault::MissingNotLookedAt) {
            return;
        }
        let room = self.scheduler.room(lane);
        let Some(ready) = self.partitions.ready(partition) else {
            return;
        };
        let projects = &self.settings.projects;
        let lane_of = |project: Option<&str>| projects.lane_of(project);
        let is_of_lane = |project: Option<&str>| lane_of(project) == Some(lane);
        let share = Share {
            confirmed: ready.states.confirmed(is_of_lane),
            owned: 1,
            all: 1,
        };
        let allowed = share.threshold();
        let missing = listing.missing(ready.states.iter(), lane_of, allowed, room);
        if missing.is_doubtful(allowed) {
            turn.note(Fact::ResyncDoubtful {
                lane,
                partition,
                missing: missing.all,
                allowed,
                looked_up: missing.looked_up.len(),
            });
        }
        for id in missing.looked_up {
            let kind = "missing";
            turn.note(Fact::ResyncDifference { lane, kind });
            let key = AccountKey { partition, id };
            self.scheduler.queue_look(key, lane, turn.now);
        }
    }

    /// Takes the markers of earlier lists.
    pub(super) fn on_markers(&mut self, epoch: u64, found: &Found, turn: &mut Turn<'_>) {
        let now = turn.now.wall;
        self.intake.resync_runs.read(epoch, found, now);
        for (lane, one) in found.of_projects.iter().enumerate() {
            if let Some(at) = one.taken_in {
                let at = at.min(now);
                turn.note(Fact::ResyncComplete { lane, at });
            }
        }
    }

    /// Begins the runs that are due. The owner of partition 0 lists every project at its time. A
    /// replica that lost records lists them at once, whichever partitions it has: lists are only
    /// triggers, and an account that is listed twice is looked up once.
    pub(super) fn resync_when_due(&mut self, turn: &mut Turn<'_>) {
        let assignment = self.listing_assignment();
        let begun = self.intake.resync_runs.begin(assignment, turn.now.wall);
        for (lane, why) in begun {
            let all = self.settings.resync_requests_per_minute;
            let requests_per_minute = match why {
                Why::Due => all,
                Why::AskedFor => self.partitions.share_of(all),
            };
            self.actions.push_back(Action::Resync {
                lane,
                requests_per_minute,
                why,
            });
        }
    }

    pub(super) fn next_resync(&self) -> Option<Timestamp> {
        let assignment = self.listing_assignment();
        self.intake.resync_runs.next_begin(assignment)
    }

    fn listing_assignment(&self) -> Option<u64> {
        self.partitions.ready(MARKERS_PARTITION)?;
        self.partitions.epoch_of(MARKERS_PARTITION)
    }
}
