//! Makes every series exist from the start: `rate` does not see one that begins at 1.

use strum::IntoEnumIterator as _;

use super::Metrics;
use super::words::{LookOutcome, Notable, Operation};
use crate::followed::Followed;
use crate::problem::Reason;
use crate::session::SessionState;

impl Metrics {
    /// Begins the series that every configuration has.
    pub(super) fn begin_at_zero(&self) {
        for reason in Reason::iter() {
            self.requests
                .refusals
                .with_label_values(&[reason.label()])
                .inc_by(0);
        }
        for outcome in LookOutcome::iter() {
            self.looks
                .with_label_values(&[<&str>::from(outcome)])
                .inc_by(0);
        }
        for what in Notable::iter() {
            self.notable
                .with_label_values(&[<&str>::from(what)])
                .inc_by(0);
        }
        for class in ["2xx", "4xx", "5xx"] {
            self.requests.answered.with_label_values(&[class]).inc_by(0);
        }
        for topic in [Followed::Facts, Followed::States] {
            self.unreadable
                .with_label_values(&[topic.label()])
                .inc_by(0);
        }
        for channel in ["hub", "link"] {
            self.sessions
                .created
                .with_label_values(&[channel])
                .inc_by(0);
            for state in [
                SessionState::Verified,
                SessionState::Failed,
                SessionState::Cancelled,
            ] {
                let labels = [channel, state.as_str()];
                self.sessions.settled.with_label_values(&labels).inc_by(0);
            }
        }
    }

    /// Begins the series of a project.
    pub(crate) fn serves_project(&self, project: &str) {
        for operation in Operation::iter() {
            for outcome in [
                "ok",
                "refused",
                "rate_limited",
                "unavailable",
                "rejected",
                "unreadable",
            ] {
                let labels = [project, operation.label(), outcome];
                self.stackone.with_label_values(&labels).inc_by(0);
            }
        }
    }

    /// Begins the series of an issuer whose key set is fetched; its time is 0 until the first
    /// success.
    pub(crate) fn fetches_jwks(&self, issuer: &str) {
        self.jwks.fetched_at.with_label_values(&[issuer]).set(0.0);
        self.jwks.failures.with_label_values(&[issuer]).inc_by(0);
    }
}
