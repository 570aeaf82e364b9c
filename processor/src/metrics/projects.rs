//! What holds a project's accounts up.

use prometheus::IntGaugeVec;

use super::maker::Maker;

/// What holds a project's accounts up.
pub struct ProjectMetrics {
    /// Accounts that would be unlinked, had not too many vanished at once.
    pub unlinks_held: IntGaugeVec,
}

impl ProjectMetrics {
    pub(super) fn new(make: &Maker<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            unlinks_held: make.gauges(
                "unlinks_held",
                "Accounts that would be unlinked, had not too many vanished at once",
                &["project"],
            )?,
        })
    }
}
