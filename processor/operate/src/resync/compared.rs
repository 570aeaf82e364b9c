//! What a run comes to: its list compared with what was confirmed before it began, as the owners of the accounts will. Pure.

use jiff::Timestamp;
use stackone_link_schemas::AccountListed;

use uuid::Uuid;

use stackone_processor::projects::ProjectClients;
use stackone_processor::resync::ListSummary;
use stackone_processor_core::event::listings::{Listing, differs, no_status};
use stackone_processor_core::state::store::StateStore;
use stackone_processor_core::work::queue::Lane;

/// What a list came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The project's name.
    pub project: String,
    /// What the run did.
    pub summary: ListSummary,
    /// Accounts that are as they were confirmed.
    pub unchanged: u64,
    /// Accounts that are queued for a lookup, since they differ.
    pub queued: u64,
    /// Confirmed accounts that the list lacks; none where it is not known to be complete.
    pub missing: Option<usize>,
}

/// A project's list, compared with what was confirmed.
pub(super) struct Compared<'a> {
    states: &'a StateStore,
    projects: &'a ProjectClients,
    lane: Lane,
    listing: Listing,
    unchanged: u64,
    queued: u64,
}

impl<'a> Compared<'a> {
    pub(super) fn begin(
        states: &'a StateStore,
        projects: &'a ProjectClients,
        lane: Lane,
        now: Timestamp,
    ) -> Self {
        Self {
            states,
            projects,
            lane,
            listing: Listing::begins(Uuid::nil(), lane, now),
            unchanged: 0,
            queued: 0,
        }
    }

    /// The project's name.
    pub(super) fn project(&self) -> &'a str {
        self.projects.label(self.lane)
    }

    /// How many accounts are expected to be listed.
    pub(super) fn expected(&self) -> u64 {
        let is_of_lane = |project: Option<&str>| self.projects.lane_of(project) == Some(self.lane);
        u64::try_from(self.states.confirmed(is_of_lane)).unwrap_or(u64::MAX)
    }

    pub(super) fn take(&mut self, listed: &[AccountListed]) {
        for one in listed {
            self.listing.lists(&one.account_id);
            // Of one without a status it is known only that it is there.
            if one.status == no_status() {
                continue;
            }
            if differs(self.states.get(&one.account_id).as_ref(), one) {
                self.queued += 1;
            } else {
                self.unchanged += 1;
            }
        }
    }

    /// What it comes to at its end.
    pub(super) fn report(&self, summary: ListSummary) -> Report {
        Report {
            project: self.project().to_owned(),
            summary,
            unchanged: self.unchanged,
            queued: self.queued,
            missing: summary.is_complete.then(|| self.missing()),
        }
    }

    fn missing(&self) -> usize {
        let lane_of = |project: Option<&str>| self.projects.lane_of(project);
        self.listing.missing(self.states.iter(), lane_of, 0, 0).all
    }
}
