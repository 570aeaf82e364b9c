//! Reads certificate and key again while the service runs. A pair that cannot be used is logged and
//! counted, and the last good pair stays in force.

use std::collections::BTreeMap;
use std::sync::Arc;

use stackone_link_process::spawn::Name;
use stackone_link_process::watch::{self, Notice, Notices, Watched};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use super::{Tls, TlsSettings};
use crate::metrics::CertificateMetrics;

/// The name of the pair in the log.
const WHAT: &str = "the TLS certificate";

/// Reads the files again, and puts a new pair in force.
pub struct CertificateRenewal {
    tls: Arc<Tls>,
    settings: TlsSettings,
    metrics: CertificateMetrics,
    notices: Notices<&'static str>,
}

impl CertificateRenewal {
    /// Makes the renewal of the pair in the files that `settings` names.
    #[must_use]
    pub fn new(tls: Arc<Tls>, settings: TlsSettings, metrics: CertificateMetrics) -> Self {
        Self {
            tls,
            settings,
            metrics,
            notices: Notices::default(),
        }
    }

    /// Reads the files every second until `stop`, each time as a task called `name`.
    ///
    /// # Errors
    ///
    /// Fails where reading panicked.
    pub async fn run(self, name: Name, stop: CancellationToken) -> Result<(), JoinError> {
        self.metrics
            .expires(self.tls.certificate().expires_at().as_secs_f64());
        watch::run(name, self, stop).await
    }
}

impl Watched for CertificateRenewal {
    fn look(&mut self) {
        let current = self.tls.certificate();
        let mut notices = BTreeMap::new();
        match current.renewed(&self.settings) {
            Ok(Some(certificate)) => {
                self.metrics.expires(certificate.expires_at().as_secs_f64());
                self.tls.renew(certificate);
                tracing::info!("the TLS certificate has changed; the new one is live");
            }
            Ok(None) => {}
            Err(problem) => {
                self.metrics.failed();
                notices.insert(WHAT, Notice::Unusable(problem.to_string()));
            }
        }
        self.notices.log_changes(notices);
    }
}
