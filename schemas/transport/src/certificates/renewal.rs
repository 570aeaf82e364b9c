//! Tells owners of long-lived clients when to make them anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use stackone_link_process::metrics::{Error, Metrics};
use stackone_link_process::watch::{Notice, Notices};

use super::Certificates;
use crate::{KafkaConfig, Trouble, failures, why_no_broker_answers};

/// How long a broker may take to accept a client with the new files.
const WITHIN: Duration = Duration::from_secs(5);
/// The name of the client that tries the new files.
const CLIENT_ID: &str = "stackone-renewal";

/// Counts how often clients were made anew.
static RENEWED: AtomicU64 = AtomicU64::new(0);

/// Counts that clients were made anew without [`Renewal::renew`].
pub fn clients_are_renewed() {
    RENEWED.fetch_add(1, Ordering::Relaxed);
}

/// Registers a counter called `name` that shows how often clients were made anew.
///
/// # Errors
///
/// Fails where the name is taken.
pub fn register_client_renewals(metrics: &Metrics, name: &str) -> Result<(), Error> {
    let help =
        "Times that clients were made anew, since certificate, key or CA of Kafka had changed.";
    metrics.register_total(name, help, || RENEWED.load(Ordering::Relaxed))
}

/// Tells the owner of long-lived clients that certificate, key or CA have changed since they were
/// made, and that brokers accept the new ones.
pub struct Renewal {
    kafka: KafkaConfig,
    certificates: Option<Arc<Certificates>>,
    made: u64,
    notices: Notices<&'static str>,
}

impl Renewal {
    /// Makes the renewal of clients with these settings that are made after this call.
    #[must_use]
    pub fn of(kafka: &KafkaConfig) -> Self {
        let certificates = kafka.certificates();
        Self {
            made: certificates.as_ref().map_or(0, |known| known.renewals()),
            kafka: kafka.clone(),
            certificates,
            notices: Notices::default(),
        }
    }

    /// Returns whether clients are due to be made anew. Where there are new files, blocks for up to
    /// 5 s to try them on a broker; where no broker accepts them, logs and counts that, and clients
    /// are not due.
    pub fn is_due(&mut self) -> bool {
        let has_changed = |known: &Arc<Certificates>| known.renewals() != self.made;
        if !self.certificates.as_ref().is_some_and(has_changed) {
            return false;
        }
        let trouble = why_no_broker_answers(&self.kafka, CLIENT_ID, WITHIN);
        self.tell(trouble.as_ref());
        trouble.is_none()
    }

    /// Calls `make` if clients are due. Where it fails they stay due.
    ///
    /// # Errors
    ///
    /// Returns the error of `make`.
    pub fn renew<T, E>(&mut self, make: impl FnOnce() -> Result<T, E>) -> Result<Option<T>, E> {
        let renewals = self.certificates.as_ref().map(|known| known.renewals());
        if !self.is_due() {
            return Ok(None);
        }
        let made = make()?;
        self.made = renewals.unwrap_or(self.made);
        clients_are_renewed();
        Ok(Some(made))
    }

    fn tell(&mut self, trouble: Option<&Trouble>) {
        let notice = trouble.map(|trouble| {
            failures::failed();
            (
                "kafka.security, read anew",
                Notice::Unusable(trouble.to_string()),
            )
        });
        self.notices.log_changes(notice.into_iter().collect());
    }
}
