//! What a resync tells of itself.

use std::time::Duration;

use stackone_client_types::ApiError;
use stackone_link_schemas::AccountListed;

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListSummary {
    /// Accounts listed, each of which got a trigger.
    pub listed: u64,
    /// Entries whose id or status cannot be used. Those with an id count as listed, so that they are not taken to be missing.
    pub unusable: u64,
    /// Pages read.
    pub pages: u32,
    /// Whether the list is known to be complete. Only then are accounts looked up that were not in it.
    pub is_complete: bool,
}

/// What happens during a run, for whoever watches.
#[derive(Debug, Clone, Copy)]
pub enum ListProgress<'a> {
    /// A page was read.
    Page {
        /// What the run did so far.
        summary: &'a ListSummary,
        /// What the page listed that was not listed before.
        new: &'a [AccountListed],
    },
    /// The API does not answer a page, and is asked again.
    Unanswered(Unanswered<'a>),
}

/// A page that was not answered.
#[derive(Debug, Clone, Copy)]
pub struct Unanswered<'a> {
    /// Why.
    pub error: &'a ApiError,
    /// How soon it is asked for again.
    pub again_in: Duration,
    /// How often before the run is given up.
    pub attempts_left: u32,
    /// The longest that all waits until then may take, unless StackOne asks for longer ones.
    pub at_most: Duration,
}
