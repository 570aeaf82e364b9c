//! The pipeline's own records on the account events topic. Pure.

use jiff::Timestamp;
use stackone_link_schemas::{
    ACCOUNT_LISTED_TYPE, AccountListed, AccountState, Cause, DeadLetterReason, ListingMarker,
    Pending, Trigger, UnlinksReleased,
};

use super::{Consumed, Sorted, misplaced, unusable};
use crate::api_gate::Projects;
use crate::event::listings::differs;
use crate::work::{AccountKey, Work};

impl Consumed {
    pub(super) fn sort_listed(
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
            return unusable(
                DeadLetterReason::UnknownProject,
                "no API key is configured for the project",
            );
        };
        let Some(key) = self.key_of(&listed.account_id, partitions) else {
            return misplaced();
        };
        let state = state_of(&key);
        let owner = state.as_ref().and_then(|state| state.project_id.as_deref());
        if !projects.is_owner(lane, owner, listed.project_id.as_deref()) {
            return unusable(
                DeadLetterReason::ProjectMismatch,
                "the account belongs to another project",
            );
        }
        // Noted even so: a run has to know what it listed, also where its records come again.
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

    pub(super) fn sort_marker(&self, projects: &Projects) -> Sorted {
        let Ok(marker) = serde_json::from_slice::<ListingMarker>(&self.value) else {
            return unusable(DeadLetterReason::MalformedEvent, "not a marker of a resync");
        };
        match projects.lane_of(marker.project_id.as_deref()) {
            Some(lane) => Sorted::Marker { lane, marker },
            None => unusable(
                DeadLetterReason::UnknownProject,
                "no API key is configured for the project",
            ),
        }
    }

    pub(super) fn sort_release(&self, projects: &Projects) -> Sorted {
        let Ok(release) = serde_json::from_slice::<UnlinksReleased>(&self.value) else {
            return unusable(DeadLetterReason::MalformedEvent, "not a release of unlinks");
        };
        match projects.lane_of(release.project_id.as_deref()) {
            Some(lane) => Sorted::UnlinksReleased {
                lane,
                said_at: release.released_at,
            },
            None => unusable(
                DeadLetterReason::UnknownProject,
                "no API key is configured for the project",
            ),
        }
    }

    fn listed_work(&self, topic: &str, listed: &AccountListed, now: Timestamp) -> Work {
        let cause = Cause {
            event_id: self.event_id(),
            event_type: ACCOUNT_LISTED_TYPE.to_owned(),
            event_date: None,
            received_at: None,
            topic: topic.to_owned(),
            partition: self.partition,
            offset: self.offset,
        };
        let pending = Pending {
            causes: vec![cause],
            total: 1,
            since: now,
            project_id: listed.project_id.clone(),
            taken_in: Some(self.taken_in()),
            ..Work::nothing(Trigger::Recheck, now).pending
        };
        Work {
            open_offsets: vec![self.offset],
            ..Work::without_record(pending)
        }
    }
}
