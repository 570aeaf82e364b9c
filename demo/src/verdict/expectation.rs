//! What has to be seen.

use stackone_link_schemas::LifecycleType;
use stackone_link_wire::Topic;

use crate::observed::{Sighting, Triggers};

/// An event that has to be on the lifecycle topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expectation {
    /// The account.
    pub account: String,
    /// Its customer and provider.
    pub label: String,
    /// Which transition of the account.
    pub version: u64,
    /// What happened.
    pub event: LifecycleType,
    /// What the accounts API says.
    pub status: Option<&'static str>,
    /// Whether it is found by listing, and not by a webhook.
    pub by_listing: bool,
}

/// Everything that has to be seen once the story is over, or as far as it got.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expectations {
    /// All events, in order for each account, and no others.
    pub events: Vec<Expectation>,
    /// Values that have to be on a topic byte for byte.
    pub bytes: Vec<(Topic, Vec<u8>)>,
    /// What resyncs have to write beside the webhooks.
    pub triggers: Triggers,
    /// How many webhooks were answered with 200.
    pub accepted: usize,
    /// How many were not to be.
    pub forged: u64,
    /// How many of those that were sent were refused.
    pub rejected: u64,
    /// How many webhooks were not to arrive.
    pub unheard: u64,
    /// How many did not.
    pub lost: u64,
    /// How many link sessions were verified, as their pages were told.
    pub links: u64,
}

impl Expectation {
    /// Whether this is it.
    pub(crate) fn is(&self, sighting: &Sighting) -> bool {
        self.account == sighting.account
            && self.version == sighting.version
            && self.event.as_str() == sighting.event
            && self.status == sighting.status.as_deref()
            && self.by_listing == sighting.by_listing
    }
}
