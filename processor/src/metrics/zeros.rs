//! Counters begin at 0: a rate does not see a series that begins at 1, and an alert on it would miss the first.

use stackone_link_schemas::DeadLetterReason;

use super::Metrics;

/// What becomes of a transaction, as a label.
const TRANSACTIONS: [&str; 3] = ["committed", "aborted", "fatal"];
/// Why a project's API is not asked, as a label.
const HALTED: [&str; 2] = ["refused", "rate_limited"];

impl Metrics {
    /// No project is known to be halted.
    pub(crate) fn none_is_halted<'a>(&self, projects: impl Iterator<Item = &'a str>) {
        for project in projects {
            for reason in HALTED {
                let labels = [project, reason];
                self.waiting.halted.with_label_values(&labels).set(0);
            }
        }
    }

    /// What alerts watch is 0 for each of these projects.
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
