//! The progress and the totals of a run.

use std::time::Duration;

use stackone_client_types::ApiError;
use stackone_link_schemas::AccountListed;

/// The totals of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListSummary {
    /// How many accounts were listed. Each got a trigger.
    pub listed: u64,
    /// How many entries have an unusable id or status. Those with an id count as listed, so that
    /// they are not missing.
    pub unusable: u64,
    /// How many pages were read.
    pub pages: u32,
    /// Whether the list is known to be complete. Only then are missing accounts looked up.
    pub is_complete: bool,
}

/// Progress of a run.
#[derive(Debug, Clone, Copy)]
pub enum ListProgress<'a> {
    /// A page was read.
    Page {
        /// The totals so far.
        summary: &'a ListSummary,
        /// The accounts that no earlier page had.
        new: &'a [AccountListed],
    },
    /// The API did not answer a request for a page, which is repeated.
    Unanswered(Unanswered<'a>),
}

/// A request for a page that was not answered.
#[derive(Debug, Clone, Copy)]
pub struct Unanswered<'a> {
    /// Why it was not answered.
    pub error: &'a ApiError,
    /// How soon it is repeated.
    pub again_in: Duration,
    /// How many attempts are left before the run fails.
    pub attempts_left: u32,
    /// The longest sum of all waits until then, unless StackOne asks for longer ones.
    pub at_most: Duration,
}
