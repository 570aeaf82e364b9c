//! Compares a list with the states from before it began, by the same rules as the processors. Pure.

use jiff::Timestamp;
use stackone_link_schemas::AccountListed;

use uuid::Uuid;

use stackone_processor::projects::ProjectClients;
use stackone_processor::resync::ListSummary;
use stackone_processor_core::event::listings::{Listing, differs, no_status};
use stackone_processor_core::state::store::StateStore;
use stackone_processor_core::work::queue::Lane;

/// The result of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The name of the project.
    pub project: String,
    /// The totals of the run.
    pub summary: ListSummary,
    /// How many accounts are unchanged since their confirmation.
    pub unchanged: u64,
    /// How many accounts differ and are queued for a lookup.
    pub queued: u64,
    /// How many confirmed accounts the list lacks; `None` where the list is not known to be
    /// complete.
    pub missing: Option<usize>,
}

/// A project's list, compared account by account.
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

    /// Returns the name of the project.
    pub(super) fn project(&self) -> &'a str {
        self.projects.label(self.lane)
    }

    /// Returns how many accounts are expected in the list.
    pub(super) fn expected(&self) -> u64 {
        let is_of_lane = |project: Option<&str>| self.projects.lane_of(project) == Some(self.lane);
        u64::try_from(self.states.confirmed(is_of_lane)).unwrap_or(u64::MAX)
    }

    pub(super) fn take(&mut self, listed: &[AccountListed]) {
        for one in listed {
            self.listing.lists(&one.account_id);
            // A list without a status says only that the account exists.
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

    /// Returns the result at the end of the list.
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
