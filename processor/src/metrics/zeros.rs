//! Begins counters at 0: `rate` does not see a series that begins at 1, so an alert would miss the
//! first event.

use stackone_link_schemas::DeadLetterReason;

use super::Metrics;

/// The values of the label `outcome` of transactions.
const TRANSACTIONS: [&str; 3] = ["committed", "aborted", "fatal"];
/// The values of the label `reason` of halted projects.
const HALTED: [&str; 2] = ["refused", "rate_limited"];

impl Metrics {
    /// Begins every project as not halted.
    pub(crate) fn none_is_halted<'a>(&self, projects: impl Iterator<Item = &'a str>) {
        for project in projects {
            for reason in HALTED {
                let labels = [project, reason];
                self.waiting.halted.with_label_values(&labels).set(0);
            }
        }
    }

    /// Begins the series that alerts watch at 0 for each of these projects.
    pub(crate) fn begin_at_zero<'a>(&self, projects: impl Iterator<Item = &'a str>) {
        for reason in DeadLetterReason::KNOWN {
            self.disposed("dead_lettered", reason, 0);
        }
        for outcome in TRANSACTIONS {
            self.commits
                .transactions
                .with_label_values(&[outcome])
                .inc_by(0);
        }
        for project in projects {
            self.projects.begin_at_zero(project);
            self.resync.begin_at_zero(project);
        }
    }
}
