//! Sorts the records that the pipeline itself writes to the account events topic. Pure.

use jiff::Timestamp;
use stackone_link_schemas::{
    ACCOUNT_LISTED_TYPE, ACCOUNT_LOOK_TYPE, AccountListed, AccountLook, AccountState, Cause,
    DeadLetterReason, LISTING_MARKER_TYPE, ListingMarker, LookReason, Pending, Trigger,
    UNLINKS_RELEASED_TYPE, UnlinksReleased,
};

use super::{Consumed, Sorted, misplaced, of_other_project, unknown_project, unusable};
use crate::api_gate::Projects;
use crate::event::listings::differs;
use crate::work::{AccountKey, Work};

/// A kind of the pipeline's own records on the account events topic.
#[derive(Debug, Clone, Copy)]
pub(super) enum OwnRecord {
    Listed,
    Look,
    Marker,
    Release,
}

impl Consumed {
    /// Returns which of the pipeline's own records it is, by `ce_type`; `None` for a webhook.
    pub(super) fn own_record(&self) -> Option<OwnRecord> {
        match self.headers.as_ref()?.event.event_type.as_str() {
            ACCOUNT_LISTED_TYPE => Some(OwnRecord::Listed),
            ACCOUNT_LOOK_TYPE => Some(OwnRecord::Look),
            LISTING_MARKER_TYPE => Some(OwnRecord::Marker),
            UNLINKS_RELEASED_TYPE => Some(OwnRecord::Release),
            _ => None,
        }
    }

    pub(super) fn sort_own(
        &self,
        kind: OwnRecord,
        topic: &str,
        partitions: i32,
        projects: &Projects,
        now: Timestamp,
        state_of: impl FnOnce(&AccountKey) -> Option<AccountState>,
    ) -> Sorted {
        match kind {
            OwnRecord::Listed => self.sort_listed(topic, partitions, projects, now, state_of),
            OwnRecord::Look => self.sort_look(topic, partitions, projects, now, state_of),
            OwnRecord::Marker => self.sort_marker(projects),
            OwnRecord::Release => self.sort_release(projects),
        }
    }

    fn sort_listed(
        &self,
        topic: &str,
        partitions: i32,
        projects: &Projects,
        now: Timestamp,
        state_of: impl FnOnce(&AccountKey) -> Option<AccountState>,
    ) -> Sorted {
        let Ok(listed) = serde_json::from_slice::<AccountListed>(&self.value) else {
            return unusable(
                DeadLetterReason::MalformedEvent,
                "not a trigger of a resync",
            );
        };
        let Some(lane) = projects.lane_of(listed.project_id.as_deref()) else {
            return unknown_project();
        };
        let Some(key) = self.key_of(&listed.account_id, partitions) else {
            return misplaced();
        };
        let state = state_of(&key);
        let owner = state.as_ref().and_then(|state| state.project_id.as_deref());
        if !projects.is_owner(lane, owner, listed.project_id.as_deref()) {
            return of_other_project();
        }
        // A run has to know what it listed also where its records come again.
        let is_taken_in = state.as_ref().is_some_and(|state| self.is_taken_in(state));
        let work = (!is_taken_in && differs(state.as_ref(), &listed))
            .then(|| Box::new(self.listed_work(topic, &listed, now)));
        Sorted::Listed {
            key,
            lane,
            run: listed.run,
            work,
        }
    }

    /// Sorts a look. It asks for one lookup: as a recheck does or, where the account was
    /// disconnected, as a deleted webhook does.
    fn sort_look(
        &self,
        topic: &str,
        partitions: i32,
        projects: &Projects,
        now: Timestamp,
        state_of: impl FnOnce(&AccountKey) -> Option<AccountState>,
    ) -> Sorted {
        let Ok(look) = serde_json::from_slice::<AccountLook>(&self.value) else {
            return unusable(DeadLetterReason::MalformedEvent, "not a look");
        };
        let named = look.project_id.as_deref();
        let Some(lane) = projects.lane_of(named) else {
            return unknown_project();
        };
        let Some(key) = self.key_of(&look.account_id, partitions) else {
            return misplaced();
        };
        let state = state_of(&key);
        let owner = state.as_ref().and_then(|state| state.project_id.as_deref());
        if !projects.is_owner(lane, owner, named) {
            return of_other_project();
        }
        if state.as_ref().is_some_and(|state| self.is_taken_in(state)) {
            return Sorted::Replayed;
        }
        let work = Box::new(self.look_work(topic, look, now));
        Sorted::Look { key, lane, work }
    }

    fn sort_marker(&self, projects: &Projects) -> Sorted {
        let Ok(marker) = serde_json::from_slice::<ListingMarker>(&self.value) else {
            return unusable(DeadLetterReason::MalformedEvent, "not a marker of a resync");
        };
        match projects.lane_of(marker.project_id.as_deref()) {
            Some(lane) => Sorted::Marker { lane, marker },
            None => unknown_project(),
        }
    }

    fn sort_release(&self, projects: &Projects) -> Sorted {
        let Ok(release) = serde_json::from_slice::<UnlinksReleased>(&self.value) else {
            return unusable(DeadLetterReason::MalformedEvent, "not a release of unlinks");
        };
        match projects.lane_of(release.project_id.as_deref()) {
            Some(lane) => Sorted::UnlinksReleased {
                lane,
                said_at: release.released_at,
            },
            None => unknown_project(),
        }
    }

    fn look_work(&self, topic: &str, look: AccountLook, now: Timestamp) -> Work {
        let trigger = match look.because {
            LookReason::Disconnected => Trigger::Deleted,
            LookReason::Linked | LookReason::Operator | LookReason::Other(_) => Trigger::Recheck,
        };
        // The clock of the record's writer may be ahead of this one.
        let looked_at = Some(look.event_date.min(now));
        let pending = self.work_pending(topic, ACCOUNT_LOOK_TYPE, look.project_id, now);
        self.own_work(Pending {
            trigger,
            looked_at,
            deleted_at: looked_at.filter(|_| trigger == Trigger::Deleted),
            ..pending
        })
    }

    fn listed_work(&self, topic: &str, listed: &AccountListed, now: Timestamp) -> Work {
        let project_id = listed.project_id.clone();
        self.own_work(self.work_pending(topic, ACCOUNT_LISTED_TYPE, project_id, now))
    }

    fn own_work(&self, pending: Pending) -> Work {
        Work {
            open_offsets: vec![self.offset],
            ..Work::without_record(pending)
        }
    }

    /// Returns the undecided work of one of the pipeline's own records: a recheck.
    fn work_pending(
        &self,
        topic: &str,
        event_type: &str,
        project_id: Option<String>,
        now: Timestamp,
    ) -> Pending {
        let cause = Cause {
            event_id: self.event_id(),
            event_type: event_type.to_owned(),
            event_date: None,
            received_at: None,
            topic: topic.to_owned(),
            partition: self.partition,
            offset: self.offset,
        };
        Pending {
            causes: vec![cause],
            total: 1,
            since: now,
            project_id,
            taken_in: Some(self.taken_in()),
            ..Work::nothing(Trigger::Recheck, now).pending
        }
    }
}
